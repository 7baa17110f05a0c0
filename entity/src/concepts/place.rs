//! Table `place`: places in a tree (world, region, country, city), with ISO 3166, UN M49 and GeoNames codes.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Kind of a place.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PlaceKind {
    /// The whole world (UN M49 001).
    #[sea_orm(string_value = "WORLD")]
    World,
    /// A region of the world, such as Asia (UN M49).
    #[sea_orm(string_value = "REGION")]
    Region,
    /// A part of a region, such as South-eastern Asia (UN M49).
    #[sea_orm(string_value = "SUBREGION")]
    Subregion,
    /// A country or territory (ISO 3166-1).
    #[sea_orm(string_value = "COUNTRY")]
    Country,
    /// A province, state or district.
    #[sea_orm(string_value = "ADMIN")]
    Admin,
    /// A city, town or village.
    #[sea_orm(string_value = "CITY")]
    City,
}

/// One place.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "place")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The current slug.
    #[sea_orm(unique)]
    pub slug: String,
    /// Name of the place in the newsroom's default language.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// Kind of the place.
    pub kind: PlaceKind,
    /// Id of the place that contains this place.
    pub within_id: Option<Uuid>,
    /// URI of the place in a public gazetteer.
    #[sea_orm(unique)]
    pub uri: Option<String>,
    /// ISO 3166-1 alpha-2 code, for example KH.
    #[sea_orm(unique)]
    pub iso3166_alpha2: Option<String>,
    /// ISO 3166-1 alpha-3 code, for example KHM.
    #[sea_orm(unique)]
    pub iso3166_alpha3: Option<String>,
    /// UN M49 code: three digits, for example 116.
    #[sea_orm(unique)]
    pub m49: Option<String>,
    /// GeoNames id.
    #[sea_orm(unique)]
    pub geonames_id: Option<i32>,
    /// Latitude in degrees north, WGS 84, -90 to 90.
    pub latitude: Option<f64>,
    /// Longitude in degrees east, WGS 84, -180 to 180.
    pub longitude: Option<f64>,
    /// Number of changes, from 1, for optimistic concurrency control.
    pub revision: i32,
    /// Creation time.
    pub created_at: DateTimeUtc,
    /// Time of the last change.
    pub modified_at: DateTimeUtc,
    /// Time of the retirement; `None` if the place is not retired. A retired place can no longer be assigned to
    /// releases, but releases that already have the place keep it.
    pub retired_at: Option<DateTimeUtc>,
    /// Id of the place that replaces this place after its retirement.
    pub replaced_by_id: Option<Uuid>,
    /// True if the place is as the last import left it. A change in Dateline clears this flag.
    pub as_imported: bool,
    /// Names of the place by language.
    #[sea_orm(has_many)]
    pub names: HasMany<super::place_name::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
