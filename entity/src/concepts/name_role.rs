//! Role of a name of a topic or place: preferred or alternative (SKOS `prefLabel`, `altLabel`).

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Role of a name in its language: preferred or alternative (SKOS `prefLabel`, `altLabel`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NameRole {
    /// The name to display in this language; at most one per language.
    #[sea_orm(string_value = "PREFERRED")]
    Preferred,
    /// A synonym or another spelling; any number per language.
    #[sea_orm(string_value = "ALTERNATIVE")]
    Alternative,
}
