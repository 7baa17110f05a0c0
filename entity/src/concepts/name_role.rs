//! Role of a name of a topic or place: preferred or alternative (SKOS `prefLabel`, `altLabel`).

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Whether a name is the preferred one of its language or another one that people use (SKOS `prefLabel`, `altLabel`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NameRole {
    /// The name to show in this language; at most one a language.
    #[sea_orm(string_value = "PREFERRED")]
    Preferred,
    /// A synonym or another spelling; any number.
    #[sea_orm(string_value = "ALTERNATIVE")]
    Alternative,
}
