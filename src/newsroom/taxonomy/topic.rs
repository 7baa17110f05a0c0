//! Commands that create and update topics, with names in several languages and broader topics (SKOS `broader`).
//!
//! The commands check that slug and URI are unique, and that the hierarchy has no cycle. `TopicImage` is a topic as
//! the journal and the catalog store it; this file converts it to rows. `merge` merges and retires topics.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use entity::{NameRole, Noun, topic, topic_broader, topic_name};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::hierarchy::has_path;
use crate::{
    auth::viewer::Viewer,
    catalog::{ConceptRef, View, Vocabulary},
    journal::{Image, Name, TopicImage},
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

/// The fields of a topic as an administrator or an import sends them.
#[derive(Clone, Debug, Default)]
pub struct TopicInput {
    /// Slug. If a new topic has none, it is generated from the name.
    pub slug: Patch<String>,
    /// Name in the default language, at most 300 characters.
    pub name: Patch<String>,
    /// Preferred names in other languages. Replaces the whole list.
    pub names: Patch<Vec<Name>>,
    /// Alternative names. Replaces the whole list.
    pub alt_names: Patch<Vec<Name>>,
    /// Definition, at most 5,000 characters.
    pub definition: Patch<String>,
    /// URI in a public vocabulary.
    pub uri: Patch<String>,
    /// Broader topics. Replaces the whole list.
    pub broader: Patch<Vec<ConceptRef>>,
    /// When the topic was retired. Only imports set this field; administrators retire a topic with `topic_retire`.
    pub retired_at: Patch<DateTime<Utc>>,
}

/// A catalog view that includes the change, and the number of the changed topic in that view.
pub type ConceptResult = Result<(Arc<View>, u32), Error>;

impl Newsroom {
    /// Creates a topic.
    pub async fn topic_create(&self, viewer: &Viewer, input: TopicInput, now: DateTime<Utc>) -> ConceptResult {
        workflow::check_manage(Resource::Topics, viewer)?;
        let unit_of_work = self.begin(viewer, now).await?;
        let mut topic = TopicImage::blank(Uuid::now_v7());
        let base_slug = match (&input.slug, &input.name) {
            (Patch::Set(_), _) => None,
            (_, Patch::Set(name)) => Some(slug::from_headline(&name.chars().take(300).collect::<String>())),
            _ => Some("topic".to_owned()),
        };
        if let Some(base_slug) = base_slug {
            topic.slug = slug_registry::find_available(unit_of_work.tx(), Noun::Topic, &base_slug, topic.id).await?;
        }
        let mut validator = Validator::new(&["input"]);
        topic.apply_input(input, self.catalog.snapshot().topics(), &mut validator);
        topic.check_conflicts(&unit_of_work, &mut validator).await?;
        validator.finish()?;
        topic::Entity::insert(topic.to_row(&unit_of_work, false)).exec_without_returning(unit_of_work.tx()).await?;
        topic.insert_child_rows(unit_of_work.tx()).await?;
        record_and_commit(unit_of_work, "topic.create", None, None, topic).await
    }

    /// Updates a topic.
    pub async fn topic_update(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        input: TopicInput,
        now: DateTime<Utc>,
    ) -> ConceptResult {
        workflow::check_manage(Resource::Topics, viewer)?;
        let unit_of_work = self.begin(viewer, now).await?;
        let Some(Image::Topic(before)) = unit_of_work.image(Noun::Topic, id).await? else {
            return Err(Error::NotFound("topic"));
        };
        if before.revision != expected {
            return Err(Error::StaleRevision(unit_of_work.last_change(id, before.revision).await?));
        }
        let mut validator = Validator::new(&["input"]);
        let mut topic = (*before).clone();
        topic.apply_input(input, self.catalog.snapshot().topics(), &mut validator);
        topic.check_conflicts(&unit_of_work, &mut validator).await?;
        validator.finish()?;
        topic.revision += 1;
        topic.update_rows(unit_of_work.tx(), &unit_of_work, false).await?;
        if topic.slug != before.slug {
            topic.former_slugs.retain(|slug| *slug != topic.slug);
            topic.former_slugs.push(before.slug.clone());
        }
        record_and_commit(unit_of_work, "topic.update", None, Some(*before), topic).await
    }
}

impl TopicImage {
    /// Creates a topic with empty fields.
    pub(crate) fn blank(id: Uuid) -> Self {
        Self {
            id,
            slug: String::new(),
            former_slugs: Vec::new(),
            name: String::new(),
            names: Vec::new(),
            alt_names: Vec::new(),
            definition: None,
            uri: None,
            broader: Vec::new(),
            merged: Vec::new(),
            retired_at: None,
            replaced_by: None,
            revision: 1,
        }
    }

    /// Applies an input to the topic. `validator` collects the errors.
    pub(in crate::newsroom) fn apply_input(
        &mut self,
        input: TopicInput,
        topics: &Vocabulary<Self>,
        validator: &mut Validator,
    ) {
        validator.slug("slug", input.slug, &mut self.slug);
        match input.retired_at {
            Patch::Keep => {}
            Patch::Clear => self.retired_at = None,
            Patch::Set(at) => self.retired_at = Some(at.trunc_subsecs(6)),
        }
        validator.instant("retiredAt", self.retired_at);
        validator.required_line("name", input.name, &mut self.name, 300);
        validator.names("names", input.names, &mut self.names, true);
        validator.names("altNames", input.alt_names, &mut self.alt_names, false);
        validator.optional_text("definition", input.definition, &mut self.definition, 5000);
        validator.url("uri", input.uri, &mut self.uri);
        validator.concepts("broader", "topic", input.broader, topics, &mut self.broader);
    }

    /// Checks that no other topic has the slug or URI, and that the topic is not its own ancestor.
    async fn check_conflicts(&self, unit_of_work: &UnitOfWork, validator: &mut Validator) -> Result<(), Error> {
        if slug_registry::owner(unit_of_work.tx(), Noun::Topic, &self.slug).await?.is_some_and(|owner| owner != self.id)
        {
            validator.add_error(
                "slug",
                ErrorCode::Taken,
                format!("the slug \"{}\" belongs or belonged to another topic: choose another slug", self.slug),
            );
        }
        if let Some(uri) = &self.uri {
            let owner = topic::Entity::find().filter(topic::Column::Uri.eq(uri)).one(unit_of_work.tx()).await?;
            if let Some(owner) = owner.filter(|owner| owner.id != self.id) {
                validator.add_error(
                    "uri",
                    ErrorCode::Taken,
                    format!(
                        "this uri belongs to the topic \"{}\": update that topic, or choose another URI",
                        owner.slug
                    ),
                );
            }
        }
        let parents = topic_broader::Entity::find().all(unit_of_work.tx()).await?;
        let parents_of = |id: Uuid| {
            parents.iter().filter(move |row| row.topic_id == id).map(|row| row.broader_id).collect::<Vec<_>>()
        };
        if let Some(index) = self.broader.iter().position(|&broader| has_path(broader, self.id, parents_of)) {
            validator.add_error(
                &format!("broader.{index}"),
                ErrorCode::Cycle,
                "a topic cannot be its own ancestor: this is the same topic or a narrower one; choose another topic",
            );
        }
        Ok(())
    }

    /// Converts the topic to its row in the table `topic`.
    pub(in crate::newsroom) fn to_row(&self, unit_of_work: &UnitOfWork, as_imported: bool) -> topic::ActiveModel {
        topic::ActiveModel {
            id: Set(self.id),
            slug: Set(self.slug.clone()),
            name: Set(self.name.clone()),
            definition: Set(self.definition.clone()),
            uri: Set(self.uri.clone()),
            revision: Set(self.revision),
            created_at: Set(unit_of_work.at()),
            modified_at: Set(unit_of_work.at()),
            retired_at: Set(self.retired_at),
            replaced_by_id: Set(self.replaced_by),
            as_imported: Set(as_imported),
        }
    }

    /// Overwrites the stored rows of the topic.
    pub(in crate::newsroom) async fn update_rows<C: ConnectionTrait>(
        &self,
        db: &C,
        unit_of_work: &UnitOfWork,
        as_imported: bool,
    ) -> Result<(), Error> {
        let mut row = self.to_row(unit_of_work, as_imported);
        row.created_at = sea_orm::ActiveValue::NotSet;
        row.update(db).await?;
        topic_name::Entity::delete_many().filter(topic_name::Column::TopicId.eq(self.id)).exec(db).await?;
        topic_broader::Entity::delete_many().filter(topic_broader::Column::TopicId.eq(self.id)).exec(db).await?;
        self.insert_child_rows(db).await
    }

    /// Inserts the names and the broader topics of the topic.
    pub(in crate::newsroom) async fn insert_child_rows<C: ConnectionTrait>(&self, db: &C) -> Result<(), Error> {
        let preferred = self.names.iter().map(|name| (NameRole::Preferred, name));
        let names = preferred.chain(self.alt_names.iter().map(|name| (NameRole::Alternative, name)));
        let names: Vec<_> = names
            .enumerate()
            .map(|(position, (role, name))| topic_name::ActiveModel {
                topic_id: Set(self.id),
                position: Set(position as i32),
                role: Set(role),
                language: Set(name.language.clone()),
                name: Set(name.name.clone()),
            })
            .collect();
        if !names.is_empty() {
            topic_name::Entity::insert_many(names).exec_without_returning(db).await?;
        }
        let broader: Vec<_> = self
            .broader
            .iter()
            .enumerate()
            .map(|(position, &broader_id)| topic_broader::ActiveModel {
                topic_id: Set(self.id),
                broader_id: Set(broader_id),
                position: Set(position as i32),
            })
            .collect();
        if !broader.is_empty() {
            topic_broader::Entity::insert_many(broader).exec_without_returning(db).await?;
        }
        Ok(())
    }
}

/// Reserves the slug of the topic, records the action in the journal, and commits.
pub(in crate::newsroom) async fn record_and_commit(
    mut unit_of_work: UnitOfWork,
    action: &str,
    note: Option<String>,
    before: Option<TopicImage>,
    after: TopicImage,
) -> ConceptResult {
    slug_registry::reserve(unit_of_work.tx(), Noun::Topic, &after.slug, after.id, Some(unit_of_work.at())).await?;
    let id = after.id;
    let (before, after) = (before.map(|image| Image::Topic(Box::new(image))), Image::Topic(Box::new(after)));
    unit_of_work.record(action, Noun::Topic, id, note, before.as_ref(), Some(&after))?;
    let snapshot = unit_of_work.commit().await?;
    let number = snapshot.topics().by_id(id).ok_or_else(removed_since_commit)?;
    Ok((snapshot, number))
}
