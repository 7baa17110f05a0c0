//! Commands that create and update places: names, codes (ISO 3166, UN M49, GeoNames), coordinates and parent place.
//!
//! The commands check that slug, URI and codes are unique, and that no place lies within itself. `PlaceImage` is a
//! place as the journal and catalog store it; this file converts it to rows. `merge` merges and retires places.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};
use entity::{
    NameRole, Noun,
    place::{self, PlaceKind},
    place_name,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
};
use uuid::Uuid;

use super::hierarchy::has_path;
use crate::{
    auth::viewer::Viewer,
    catalog::{ConceptRef, View, Vocabulary},
    journal::{Image, Name, PlaceImage},
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

/// The fields of a place as an administrator or an import sends them.
#[derive(Clone, Debug, Default)]
pub struct PlaceInput {
    /// Slug. If a new place has none, it is generated from the name.
    pub slug: Patch<String>,
    /// Name in the default language, at most 300 characters.
    pub name: Patch<String>,
    /// Preferred names in other languages. Replaces the whole list.
    pub names: Patch<Vec<Name>>,
    /// Alternative names. Replaces the whole list.
    pub alt_names: Patch<Vec<Name>>,
    /// URI in a public gazetteer.
    pub uri: Patch<String>,
    /// Kind of place.
    pub kind: Patch<PlaceKind>,
    /// ISO 3166-1 code of two letters.
    pub iso3166_alpha2: Patch<String>,
    /// ISO 3166-1 code of three letters.
    pub iso3166_alpha3: Patch<String>,
    /// UN M49 code of three digits.
    pub m49: Patch<String>,
    /// GeoNames id, greater than 0.
    pub geonames_id: Patch<i32>,
    /// Latitude in degrees north, -90 to 90.
    pub latitude: Patch<f64>,
    /// Longitude in degrees east, -180 to 180.
    pub longitude: Patch<f64>,
    /// The place that this place lies in.
    pub within: Patch<ConceptRef>,
    /// When the place was retired. Only imports set this field; administrators retire a place with `place_retire`.
    pub retired_at: Patch<DateTime<Utc>>,
}

/// A catalog view that includes the change, and the number of the changed place in that view.
pub type ConceptResult = Result<(Arc<View>, u32), Error>;

impl Newsroom {
    /// Creates a place.
    pub async fn place_create(&self, viewer: &Viewer, input: PlaceInput, now: DateTime<Utc>) -> ConceptResult {
        workflow::check_manage(Resource::Places, viewer)?;
        let unit_of_work = self.begin(viewer, now).await?;
        let mut place = PlaceImage::blank(Uuid::now_v7());
        let base_slug = match (&input.slug, &input.name) {
            (Patch::Set(_), _) => None,
            (_, Patch::Set(name)) => Some(slug::from_headline(&name.chars().take(300).collect::<String>())),
            _ => Some("place".to_owned()),
        };
        if let Some(base_slug) = base_slug {
            place.slug = slug_registry::find_available(unit_of_work.tx(), Noun::Place, &base_slug, place.id).await?;
        }
        let mut validator = Validator::new(&["input"]);
        if !matches!(input.kind, Patch::Set(_)) {
            validator.add_error(
                "kind",
                ErrorCode::Required,
                "kind is required: choose WORLD, REGION, SUBREGION, COUNTRY, ADMIN or CITY",
            );
        }
        place.apply_input(input, self.catalog.snapshot().places(), &mut validator);
        place.check_conflicts(&unit_of_work, &mut validator).await?;
        validator.finish()?;
        place::Entity::insert(place.to_row(&unit_of_work, false)).exec_without_returning(unit_of_work.tx()).await?;
        place.insert_child_rows(unit_of_work.tx()).await?;
        record_and_commit(unit_of_work, "place.create", None, None, place).await
    }

    /// Updates a place.
    pub async fn place_update(
        &self,
        viewer: &Viewer,
        id: Uuid,
        expected: i32,
        input: PlaceInput,
        now: DateTime<Utc>,
    ) -> ConceptResult {
        workflow::check_manage(Resource::Places, viewer)?;
        let unit_of_work = self.begin(viewer, now).await?;
        let Some(Image::Place(before)) = unit_of_work.image(Noun::Place, id).await? else {
            return Err(Error::NotFound("place"));
        };
        if before.revision != expected {
            return Err(Error::StaleRevision(unit_of_work.last_change(id, before.revision).await?));
        }
        let mut validator = Validator::new(&["input"]);
        let mut place = (*before).clone();
        place.apply_input(input, self.catalog.snapshot().places(), &mut validator);
        place.check_conflicts(&unit_of_work, &mut validator).await?;
        validator.finish()?;
        place.revision += 1;
        place.update_rows(unit_of_work.tx(), &unit_of_work, false).await?;
        if place.slug != before.slug {
            place.former_slugs.retain(|slug| *slug != place.slug);
            place.former_slugs.push(before.slug.clone());
        }
        record_and_commit(unit_of_work, "place.update", None, Some(*before), place).await
    }
}

impl PlaceImage {
    /// Creates a place with empty fields.
    pub(crate) fn blank(id: Uuid) -> Self {
        Self {
            id,
            slug: String::new(),
            former_slugs: Vec::new(),
            name: String::new(),
            names: Vec::new(),
            alt_names: Vec::new(),
            kind: PlaceKind::City,
            within: None,
            uri: None,
            iso3166_alpha2: None,
            iso3166_alpha3: None,
            m49: None,
            geonames_id: None,
            location: None,
            merged: Vec::new(),
            retired_at: None,
            replaced_by: None,
            revision: 1,
        }
    }

    /// Applies an input to the place. `validator` collects the errors.
    pub(in crate::newsroom) fn apply_input(
        &mut self,
        input: PlaceInput,
        places: &Vocabulary<Self>,
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
        validator.url("uri", input.uri, &mut self.uri);
        validator.required("kind", input.kind, &mut self.kind);
        let letters =
            |count: usize| move |code: &str| code.len() == count && code.bytes().all(|b| b.is_ascii_uppercase());
        apply_code(
            validator,
            "iso3166Alpha2",
            input.iso3166_alpha2,
            &mut self.iso3166_alpha2,
            letters(2),
            "two capital letters, for example KH",
        );
        apply_code(
            validator,
            "iso3166Alpha3",
            input.iso3166_alpha3,
            &mut self.iso3166_alpha3,
            letters(3),
            "three capital letters, for example KHM",
        );
        let digits = |code: &str| code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit());
        apply_code(validator, "m49", input.m49, &mut self.m49, digits, "three digits, for example 116 or 035");
        match input.geonames_id {
            Patch::Keep => {}
            Patch::Clear => self.geonames_id = None,
            Patch::Set(id) if id > 0 => self.geonames_id = Some(id),
            Patch::Set(id) => validator.add_error(
                "geonamesId",
                ErrorCode::Invalid,
                format!("geonamesId must be greater than 0, got {id}"),
            ),
        }
        let (mut latitude, mut longitude) = self.location.unzip();
        apply_degrees(validator, "latitude", &input.latitude, &mut latitude, 90.0);
        apply_degrees(validator, "longitude", &input.longitude, &mut longitude, 180.0);
        if latitude.is_some() != longitude.is_some() {
            validator.add_error(
                "latitude",
                ErrorCode::Required,
                "latitude and longitude belong together: give both, or clear both",
            );
        }
        self.location = latitude.zip(longitude);
        let mut within: Vec<Uuid> = self.within.into_iter().collect();
        let patch = match input.within {
            Patch::Keep => Patch::Keep,
            Patch::Clear => Patch::Clear,
            Patch::Set(reference) => Patch::Set(vec![reference]),
        };
        validator.concepts("within", "place", patch, places, &mut within);
        self.within = within.first().copied();
    }

    /// Checks that no other place has the slug, URI or codes, and that the place does not lie within itself.
    async fn check_conflicts(&self, unit_of_work: &UnitOfWork, validator: &mut Validator) -> Result<(), Error> {
        if slug_registry::owner(unit_of_work.tx(), Noun::Place, &self.slug).await?.is_some_and(|owner| owner != self.id)
        {
            validator.add_error(
                "slug",
                ErrorCode::Taken,
                format!("the slug \"{}\" belongs or belonged to another place: choose another slug", self.slug),
            );
        }
        let same_identifier = Condition::any()
            .add_option(self.uri.as_ref().map(|uri| place::Column::Uri.eq(uri)))
            .add_option(self.iso3166_alpha2.as_ref().map(|code| place::Column::Iso3166Alpha2.eq(code)))
            .add_option(self.iso3166_alpha3.as_ref().map(|code| place::Column::Iso3166Alpha3.eq(code)))
            .add_option(self.m49.as_ref().map(|code| place::Column::M49.eq(code)))
            .add_option(self.geonames_id.map(|id| place::Column::GeonamesId.eq(id)));
        if !same_identifier.is_empty() {
            for other in place::Entity::find()
                .filter(place::Column::Id.ne(self.id))
                .filter(same_identifier)
                .all(unit_of_work.tx())
                .await?
            {
                let taken = [
                    ("uri", self.uri.is_some() && other.uri == self.uri),
                    ("iso3166Alpha2", self.iso3166_alpha2.is_some() && other.iso3166_alpha2 == self.iso3166_alpha2),
                    ("iso3166Alpha3", self.iso3166_alpha3.is_some() && other.iso3166_alpha3 == self.iso3166_alpha3),
                    ("m49", self.m49.is_some() && other.m49 == self.m49),
                    ("geonamesId", self.geonames_id.is_some() && other.geonames_id == self.geonames_id),
                ];
                for (field, _) in taken.into_iter().filter(|&(_, taken)| taken) {
                    validator.add_error(
                        field,
                        ErrorCode::Taken,
                        format!(
                            "this {field} belongs to the place \"{}\": update that place, or choose another value",
                            other.slug
                        ),
                    );
                }
            }
        }
        if let Some(within) = self.within {
            let parents: Vec<(Uuid, Option<Uuid>)> = place::Entity::find()
                .select_only()
                .columns([place::Column::Id, place::Column::WithinId])
                .into_tuple()
                .all(unit_of_work.tx())
                .await?;
            let parents: std::collections::HashMap<Uuid, Option<Uuid>> = parents.into_iter().collect();
            if has_path(within, self.id, |id| parents.get(&id).copied().flatten().into_iter().collect()) {
                validator.add_error(
                    "within",
                    ErrorCode::Cycle,
                    "a place cannot lie within itself: this is the same place or one within it; choose another place",
                );
            }
        }
        Ok(())
    }

    /// Converts the place to its row in the table `place`.
    pub(in crate::newsroom) fn to_row(&self, unit_of_work: &UnitOfWork, as_imported: bool) -> place::ActiveModel {
        let (latitude, longitude) = self.location.unzip();
        place::ActiveModel {
            id: Set(self.id),
            slug: Set(self.slug.clone()),
            name: Set(self.name.clone()),
            kind: Set(self.kind),
            within_id: Set(self.within),
            uri: Set(self.uri.clone()),
            iso3166_alpha2: Set(self.iso3166_alpha2.clone()),
            iso3166_alpha3: Set(self.iso3166_alpha3.clone()),
            m49: Set(self.m49.clone()),
            geonames_id: Set(self.geonames_id),
            latitude: Set(latitude),
            longitude: Set(longitude),
            revision: Set(self.revision),
            created_at: Set(unit_of_work.at()),
            modified_at: Set(unit_of_work.at()),
            retired_at: Set(self.retired_at),
            replaced_by_id: Set(self.replaced_by),
            as_imported: Set(as_imported),
        }
    }

    /// Overwrites the stored rows of the place.
    pub(in crate::newsroom) async fn update_rows<C: ConnectionTrait>(
        &self,
        db: &C,
        unit_of_work: &UnitOfWork,
        as_imported: bool,
    ) -> Result<(), Error> {
        let mut row = self.to_row(unit_of_work, as_imported);
        row.created_at = sea_orm::ActiveValue::NotSet;
        row.update(db).await?;
        place_name::Entity::delete_many().filter(place_name::Column::PlaceId.eq(self.id)).exec(db).await?;
        self.insert_child_rows(db).await
    }

    /// Inserts the names of the place.
    pub(in crate::newsroom) async fn insert_child_rows<C: ConnectionTrait>(&self, db: &C) -> Result<(), Error> {
        let preferred = self.names.iter().map(|name| (NameRole::Preferred, name));
        let names = preferred.chain(self.alt_names.iter().map(|name| (NameRole::Alternative, name)));
        let names: Vec<_> = names
            .enumerate()
            .map(|(position, (role, name))| place_name::ActiveModel {
                place_id: Set(self.id),
                position: Set(position as i32),
                role: Set(role),
                language: Set(name.language.clone()),
                name: Set(name.name.clone()),
            })
            .collect();
        if !names.is_empty() {
            place_name::Entity::insert_many(names).exec_without_returning(db).await?;
        }
        Ok(())
    }
}

/// Applies a patch to a code. `is_valid` checks its format.
fn apply_code(
    validator: &mut Validator,
    field: &str,
    patch: Patch<String>,
    into: &mut Option<String>,
    is_valid: impl Fn(&str) -> bool,
    expected: &str,
) {
    let mut value = None;
    match patch {
        Patch::Keep => return,
        patch => validator.optional_line(field, patch, &mut value, 20),
    }
    match value {
        Some(code) if !is_valid(&code) => {
            validator.add_error(field, ErrorCode::Invalid, format!("{field} must be {expected}; got \"{code}\""))
        }
        value => *into = value,
    }
}

/// Applies a number of degrees between `-max` and `max`.
fn apply_degrees(validator: &mut Validator, field: &str, patch: &Patch<f64>, into: &mut Option<f64>, max: f64) {
    match patch {
        Patch::Keep => {}
        Patch::Clear => *into = None,
        Patch::Set(value) if value.is_finite() && value.abs() <= max => *into = Some(*value),
        Patch::Set(value) => validator.add_error(
            field,
            ErrorCode::Invalid,
            format!("{field} must be between -{max} and {max}, got {value}"),
        ),
    }
}

/// Reserves the slug of the place, records the action in the journal, and commits.
pub(in crate::newsroom) async fn record_and_commit(
    mut unit_of_work: UnitOfWork,
    action: &str,
    note: Option<String>,
    before: Option<PlaceImage>,
    after: PlaceImage,
) -> ConceptResult {
    slug_registry::reserve(unit_of_work.tx(), Noun::Place, &after.slug, after.id, Some(unit_of_work.at())).await?;
    let id = after.id;
    let (before, after) = (before.map(|image| Image::Place(Box::new(image))), Image::Place(Box::new(after)));
    unit_of_work.record(action, Noun::Place, id, note, before.as_ref(), Some(&after))?;
    let snapshot = unit_of_work.commit().await?;
    let number = snapshot.places().by_id(id).ok_or_else(removed_since_commit)?;
    Ok((snapshot, number))
}
