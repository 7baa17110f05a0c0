//! Places: input fields, validation of codes (ISO 3166, UN M49, GeoNames) and coordinates, and conversion of the image
//! to rows.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{
    Noun,
    place::{self, PlaceKind},
    place_name,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect,
    sea_query::Expr,
};
use uuid::Uuid;

use super::{
    concept::{CommonInput, ConceptImage, apply_common, positioned_names},
    hierarchy::{has_path, parents},
};
use crate::{
    catalog::{ConceptRef, View, Vocabulary},
    journal::{ConceptFields, Image, Name, PlaceImage},
    newsroom::{
        error::{Error, ErrorCode},
        unit_of_work::UnitOfWork,
        validation::{Patch, Validator},
        workflow::Resource,
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
    /// When the place was retired. Only imports set this field; administrators retire a place with `concept_retire`.
    pub retired_at: Patch<DateTime<Utc>>,
}

impl ConceptImage for PlaceImage {
    type Input = PlaceInput;
    const NOUN: Noun = Noun::Place;
    const RESOURCE: Resource = Resource::Places;

    fn blank(id: Uuid) -> Self {
        Self::blank(id)
    }

    fn from_image(image: Image) -> Option<Self> {
        match image {
            Image::Place(place) => Some(*place),
            _ => None,
        }
    }

    fn into_image(self) -> Image {
        Image::Place(Box::new(self))
    }

    fn vocabulary(view: &View) -> &Vocabulary<Self> {
        view.places()
    }

    fn slug_and_name(input: &PlaceInput) -> (&Patch<String>, &Patch<String>) {
        (&input.slug, &input.name)
    }

    fn check_required(input: &PlaceInput, validator: &mut Validator) {
        if !matches!(input.kind, Patch::Set(_)) {
            validator.add_error(
                "kind",
                ErrorCode::Required,
                "kind is required: choose WORLD, REGION, SUBREGION, COUNTRY, ADMIN or CITY",
            );
        }
    }

    fn apply_input(&mut self, input: PlaceInput, places: &Vocabulary<Self>, validator: &mut Validator) {
        let PlaceInput { slug, name, names, alt_names, uri, retired_at, .. } = input;
        let common = CommonInput { slug, name, names, alt_names, uri, retired_at };
        apply_common(&mut self.fields, common, validator);
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
        validator.concepts("within", patch, places, &mut within);
        self.within = within.first().copied();
    }

    fn set_broader(&mut self, ids: Vec<Uuid>, _: &mut Validator) {
        self.within = ids.first().copied();
    }

    async fn check_conflicts(&self, unit_of_work: &UnitOfWork, validator: &mut Validator) -> Result<(), Error> {
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
        if let Some(within) = self.within
            && has_path(within, self.id, parents(&Self::all_broader(unit_of_work).await?))
        {
            validator.add_error(
                "within",
                ErrorCode::Cycle,
                "a place cannot lie within itself: this is the same place or one within it; choose another place",
            );
        }
        Ok(())
    }

    async fn insert_rows(&self, unit_of_work: &UnitOfWork, as_imported: bool) -> Result<(), Error> {
        place::Entity::insert(self.to_row(unit_of_work, as_imported)).exec_without_returning(unit_of_work.tx()).await?;
        self.insert_names(unit_of_work).await
    }

    async fn update_rows(&self, unit_of_work: &UnitOfWork, as_imported: bool) -> Result<(), Error> {
        let db = unit_of_work.tx();
        place::ActiveModel { created_at: NotSet, ..self.to_row(unit_of_work, as_imported) }.update(db).await?;
        place_name::Entity::delete_many().filter(place_name::Column::PlaceId.eq(self.id)).exec(db).await?;
        self.insert_names(unit_of_work).await
    }

    async fn is_as_imported(unit_of_work: &UnitOfWork, id: Uuid) -> Result<bool, Error> {
        Ok(place::Entity::find_by_id(id).one(unit_of_work.tx()).await?.is_none_or(|row| row.as_imported))
    }

    async fn all_broader(unit_of_work: &UnitOfWork) -> Result<HashMap<Uuid, Vec<Uuid>>, Error> {
        let rows: Vec<(Uuid, Option<Uuid>)> = place::Entity::find()
            .select_only()
            .columns([place::Column::Id, place::Column::WithinId])
            .into_tuple()
            .all(unit_of_work.tx())
            .await?;
        Ok(rows.into_iter().filter_map(|(id, within)| Some((id, vec![within?]))).collect())
    }

    async fn move_and_delete(unit_of_work: &UnitOfWork, from: Uuid, into: Uuid) -> Result<(), Error> {
        unit_of_work.move_assignments("revision_place", "place_id", Some("role"), from, into).await?;
        place::Entity::update_many()
            .col_expr(place::Column::WithinId, Expr::value(into))
            .filter(place::Column::WithinId.eq(from))
            .filter(place::Column::Id.ne(into))
            .exec(unit_of_work.tx())
            .await?;
        unit_of_work.repoint_replacements("place", from, into).await?;
        place::Entity::delete_by_id(from).exec(unit_of_work.tx()).await?;
        Ok(())
    }

    fn copy_codes(&mut self, from: &Self) {
        self.iso3166_alpha2 = self.iso3166_alpha2.take().or_else(|| from.iso3166_alpha2.clone());
        self.iso3166_alpha3 = self.iso3166_alpha3.take().or_else(|| from.iso3166_alpha3.clone());
        self.m49 = self.m49.take().or_else(|| from.m49.clone());
        self.geonames_id = self.geonames_id.or(from.geonames_id);
        self.location = self.location.or(from.location);
    }
}

impl PlaceImage {
    /// Creates a place with empty fields.
    pub(crate) fn blank(id: Uuid) -> Self {
        Self {
            fields: ConceptFields::blank(id),
            kind: PlaceKind::City,
            within: None,
            iso3166_alpha2: None,
            iso3166_alpha3: None,
            m49: None,
            geonames_id: None,
            location: None,
        }
    }

    /// Converts the place to its row in the table `place`.
    fn to_row(&self, unit_of_work: &UnitOfWork, as_imported: bool) -> place::ActiveModel {
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

    async fn insert_names(&self, unit_of_work: &UnitOfWork) -> Result<(), Error> {
        let names: Vec<_> = positioned_names(self)
            .map(|(position, role, name)| place_name::ActiveModel {
                place_id: Set(self.id),
                position: Set(position),
                role: Set(role),
                language: Set(name.language.clone()),
                name: Set(name.name.clone()),
            })
            .collect();
        if !names.is_empty() {
            place_name::Entity::insert_many(names).exec_without_returning(unit_of_work.tx()).await?;
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
