//! The interface that topics and places share, and the commands that create and update both. `merge` contains the
//! commands that merge and retire.
//!
//! The commands check that slug, URI and codes are unique, and that the hierarchy has no cycle.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, SubsecRound, Utc};
use entity::{NameRole, Noun};
use uuid::Uuid;

use crate::{
    auth::viewer::Viewer,
    catalog::{Concept, View, Vocabulary},
    journal::{ConceptFields, Image, Name},
    newsroom::{
        error::{Error, ErrorCode},
        service::Newsroom,
        slug_registry,
        text::slug,
        unit_of_work::{UnitOfWork, removed_since_commit},
        validation::{Patch, Validator},
        workflow::{self, Resource},
    },
};

/// A catalog view that includes the change, and the number of the changed topic or place in that view.
pub type ConceptResult = Result<(Arc<View>, u32), Error>;

/// A topic or a place: what the commands need of it. Implemented by the images of the journal.
pub trait ConceptImage: Concept + PartialEq + Send + Sync + 'static {
    /// The fields as an administrator or an import sends them.
    type Input: Send;
    /// The noun in the journal.
    const NOUN: Noun;
    /// The resource whose permission the commands require.
    const RESOURCE: Resource;

    /// Creates a concept with empty fields.
    fn blank(id: Uuid) -> Self;
    /// Returns the concept in an image, or `None` if it is an image of another noun.
    fn from_image(image: Image) -> Option<Self>;
    /// Returns the image for the journal.
    fn into_image(self) -> Image;
    /// Returns all concepts of this noun.
    fn vocabulary(view: &View) -> &Vocabulary<Self>;
    /// Returns slug and name of an input.
    fn slug_and_name(input: &Self::Input) -> (&Patch<String>, &Patch<String>);
    /// Adds errors for missing fields of a new concept.
    fn check_required(_input: &Self::Input, _validator: &mut Validator) {}
    /// Applies an input. `validator` collects the errors.
    fn apply_input(&mut self, input: Self::Input, vocabulary: &Vocabulary<Self>, validator: &mut Validator);
    /// Sets the broader concepts of an imported record.
    fn set_broader(&mut self, ids: Vec<Uuid>, validator: &mut Validator);
    /// Adds errors if another concept has the URI or a code, or if the concept is its own ancestor.
    fn check_conflicts(
        &self,
        unit_of_work: &UnitOfWork,
        validator: &mut Validator,
    ) -> impl Future<Output = Result<(), Error>> + Send;
    /// Inserts the rows of the concept.
    fn insert_rows(
        &self,
        unit_of_work: &UnitOfWork,
        as_imported: bool,
    ) -> impl Future<Output = Result<(), Error>> + Send;
    /// Overwrites the rows of the concept.
    fn update_rows(
        &self,
        unit_of_work: &UnitOfWork,
        as_imported: bool,
    ) -> impl Future<Output = Result<(), Error>> + Send;
    /// Returns whether the stored concept is as the last import wrote it. Returns `true` if it is not stored.
    fn is_as_imported(unit_of_work: &UnitOfWork, id: Uuid) -> impl Future<Output = Result<bool, Error>> + Send;
    /// Returns the broader concepts of each concept that has any.
    fn all_broader(unit_of_work: &UnitOfWork) -> impl Future<Output = Result<HashMap<Uuid, Vec<Uuid>>, Error>> + Send;
    /// Moves assignments and narrower concepts from a merged concept to the target, and deletes the merged concept.
    fn move_and_delete(
        unit_of_work: &UnitOfWork,
        from: Uuid,
        into: Uuid,
    ) -> impl Future<Output = Result<(), Error>> + Send;
    /// Copies the codes that this concept lacks from a merged concept.
    fn copy_codes(&mut self, _from: &Self) {}
}

impl Newsroom {
    /// Creates a topic or place.
    pub async fn concept_create<C: ConceptImage>(
        &self,
        viewer: &Viewer,
        input: C::Input,
        now: DateTime<Utc>,
    ) -> ConceptResult {
        workflow::check_manage(C::RESOURCE, viewer)?;
        let mut unit_of_work = self.begin(viewer, now).await?;
        let mut concept = C::blank(Uuid::now_v7());
        let base_slug = match C::slug_and_name(&input) {
            (Patch::Set(_), _) => None,
            (_, Patch::Set(name)) => Some(slug::from_headline(&name.chars().take(300).collect::<String>())),
            _ => Some(C::WORD.to_owned()),
        };
        if let Some(base_slug) = base_slug {
            let slug = slug_registry::find_available(unit_of_work.tx(), C::NOUN, &base_slug, concept.id).await?;
            concept.slug = slug;
        }
        let mut validator = Validator::new(&["input"]);
        C::check_required(&input, &mut validator);
        self.apply(&mut concept, input, &unit_of_work, validator).await?;
        let concept = write(&mut unit_of_work, "create", None, concept, false).await?;
        commit(unit_of_work, &concept).await
    }

    /// Updates a topic or place. `expected` is the revision that the editor has read.
    pub async fn concept_update<C: ConceptImage>(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        input: C::Input,
        now: DateTime<Utc>,
    ) -> ConceptResult {
        workflow::check_manage(C::RESOURCE, viewer)?;
        let mut unit_of_work = self.begin(viewer, now).await?;
        let before: C = stored(&unit_of_work, id).await?.ok_or(Error::NotFound(C::WORD))?;
        check_revision(&unit_of_work, &before, expected).await?;
        let mut concept = before.clone();
        self.apply(&mut concept, input, &unit_of_work, Validator::new(&["input"])).await?;
        let concept = write(&mut unit_of_work, "update", Some(before), concept, false).await?;
        commit(unit_of_work, &concept).await
    }

    /// Applies an input and checks it against the other concepts.
    async fn apply<C: ConceptImage>(
        &self,
        concept: &mut C,
        input: C::Input,
        unit_of_work: &UnitOfWork,
        mut validator: Validator,
    ) -> Result<(), Error> {
        concept.apply_input(input, C::vocabulary(&self.catalog.snapshot()), &mut validator);
        let owner = slug_registry::owner(unit_of_work.tx(), C::NOUN, &concept.slug).await?;
        if owner.is_some_and(|owner| owner != concept.id) {
            let (slug, word) = (&concept.slug, C::WORD);
            validator.add_error(
                "slug",
                ErrorCode::Taken,
                format!("the slug \"{slug}\" belongs or belonged to another {word}: choose another slug"),
            );
        }
        concept.check_conflicts(unit_of_work, &mut validator).await?;
        validator.finish()
    }
}

/// Reads a concept as the transaction sees it. Returns `None` if it does not exist.
pub(super) async fn stored<C: ConceptImage>(unit_of_work: &UnitOfWork, id: Uuid) -> Result<Option<C>, Error> {
    Ok(unit_of_work.image(C::NOUN, id).await?.and_then(C::from_image))
}

/// Fails if the concept does not have the revision that the editor has read.
pub(super) async fn check_revision<C: ConceptImage>(
    unit_of_work: &UnitOfWork,
    concept: &C,
    expected: i32,
) -> Result<(), Error> {
    if concept.revision == expected {
        return Ok(());
    }
    Err(Error::StaleRevision(unit_of_work.last_change(concept.id, concept.revision).await?))
}

/// Writes a new concept, or a change of the stored concept `before` as its next revision. Records the action in the
/// journal. Returns the concept as it is stored: with its new revision, and with its former slugs if the change gave it
/// another slug.
pub(in crate::newsroom) async fn write<C: ConceptImage>(
    unit_of_work: &mut UnitOfWork,
    action: &str,
    before: Option<C>,
    mut after: C,
    as_imported: bool,
) -> Result<C, Error> {
    if let Some(before) = &before {
        after.revision += 1;
        let slug = after.slug.clone();
        if slug != before.slug {
            after.former_slugs.retain(|former| *former != slug);
            after.former_slugs.push(before.slug.clone());
        }
        after.update_rows(unit_of_work, as_imported).await?;
    } else {
        after.insert_rows(unit_of_work, as_imported).await?;
    }
    record(unit_of_work, action, None, before, after.clone()).await?;
    Ok(after)
}

/// Reserves the slug of the concept and records the action in the journal.
pub(super) async fn record<C: ConceptImage>(
    unit_of_work: &mut UnitOfWork,
    action: &str,
    note: Option<String>,
    before: Option<C>,
    after: C,
) -> Result<(), Error> {
    let (id, at) = (after.id, unit_of_work.at());
    slug_registry::reserve(unit_of_work.tx(), C::NOUN, &after.slug, id, Some(at)).await?;
    let (action, before, after) = (format!("{}.{action}", C::WORD), before.map(C::into_image), after.into_image());
    unit_of_work.record(&action, C::NOUN, id, note, before.as_ref(), Some(&after))
}

/// Commits, and finds a concept in the view that includes the change.
pub(super) async fn commit<C: ConceptImage>(unit_of_work: UnitOfWork, concept: &C) -> ConceptResult {
    let snapshot = unit_of_work.commit().await?;
    let number = C::vocabulary(&snapshot).by_id(concept.id).ok_or_else(removed_since_commit)?;
    Ok((snapshot, number))
}

/// Iterates over the preferred and alternative names of a concept with their position and role.
pub(super) fn positioned_names(concept: &impl Concept) -> impl Iterator<Item = (i32, NameRole, &Name)> {
    let preferred = concept.names.iter().map(|name| (NameRole::Preferred, name));
    let alternative = concept.alt_names.iter().map(|name| (NameRole::Alternative, name));
    preferred.chain(alternative).enumerate().map(|(position, (role, name))| (position as i32, role, name))
}

/// The fields that inputs of topics and places have in common.
pub(super) struct CommonInput {
    pub(super) slug: Patch<String>,
    pub(super) name: Patch<String>,
    pub(super) names: Patch<Vec<Name>>,
    pub(super) alt_names: Patch<Vec<Name>>,
    pub(super) uri: Patch<String>,
    pub(super) retired_at: Patch<DateTime<Utc>>,
}

/// Applies the fields that topics and places have in common.
pub(super) fn apply_common(fields: &mut ConceptFields, input: CommonInput, validator: &mut Validator) {
    validator.slug("slug", input.slug, &mut fields.slug);
    match input.retired_at {
        Patch::Keep => {}
        Patch::Clear => fields.retired_at = None,
        Patch::Set(at) => fields.retired_at = Some(at.trunc_subsecs(6)),
    }
    validator.instant("retiredAt", fields.retired_at);
    validator.required_line("name", input.name, &mut fields.name, 300);
    validator.names("names", input.names, &mut fields.names, true);
    validator.names("altNames", input.alt_names, &mut fields.alt_names, false);
    validator.url("uri", input.uri, &mut fields.uri);
}
