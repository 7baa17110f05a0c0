//! Kinds of objects that have public ids, slugs or journal entries: release, topic, place, preview link, token.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Kind of an object.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Noun {
    /// A release.
    #[sea_orm(string_value = "RELEASE")]
    Release,
    /// A topic.
    #[sea_orm(string_value = "TOPIC")]
    Topic,
    /// A place.
    #[sea_orm(string_value = "PLACE")]
    Place,
    /// A preview link.
    #[sea_orm(string_value = "PREVIEW_LINK")]
    PreviewLink,
    /// An access token.
    #[sea_orm(string_value = "TOKEN")]
    Token,
}
