//! The panels of a dashboard.
//!
//! - `summary`: the number of releases, topics, countries and languages, compared with before
//! - `steps`: the periods of a timeline
//! - `timeline`: releases over time
//! - `facet`: releases by topic, country, kind and language
//! - `topic_series`: releases of the largest topics over time
//! - `trends`: topics with more releases than expected

pub mod facet;
pub mod steps;
pub mod summary;
pub mod timeline;
pub mod topic_series;
pub mod trends;

use super::{
    field::Field,
    panel::{Extent, Panel},
    report::Report,
};
use crate::site::{charts::drawing::Drawing, error::SiteError};

/// Returns the panel with a name. Fails if there is none.
pub fn panel(report: &Report<'_>, id: &str, drawing: Drawing) -> Result<Panel, SiteError> {
    let extent = Extent::Chart(drawing);
    if let Some(field) = Field::ALL.into_iter().find(|field| field.id() == id) {
        return Ok(facet::panel(report, field, extent));
    }
    match id {
        summary::ID => Ok(summary::panel(report)),
        timeline::ID => timeline::panel(report, extent),
        topic_series::ID => topic_series::panel(report, extent),
        trends::ID => trends::panel(report, extent),
        _ => Err(SiteError::NotFound("There is no chart with this name. The dashboard has all charts.".to_owned())),
    }
}
