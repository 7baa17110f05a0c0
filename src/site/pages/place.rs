//! The page of a place: the places around and within it, releases over time, newest releases.

use entity::place::PlaceKind;

use super::concept::{FoundConcept, Subject, find, page};
use crate::site::{document::Document, error::SiteError, links::place_path, list_query::ListQuery, visit::Visit};

/// Returns the page of the place with a slug.
pub async fn place(visit: &Visit<'_>, slug: &str) -> Result<Document, SiteError> {
    let places = visit.view().places();
    let number = match find(visit, places, slug, place_path)? {
        FoundConcept::Number(number) => number,
        FoundConcept::Redirect(document) => return Ok(document),
    };
    let place = places.get(number);
    let set_of = |number| visit.visible.with_place(number, true);
    let subject = Subject {
        vocabulary: places,
        number,
        kind: kind_name(place.kind),
        definition: None,
        set: set_of(number),
        query: ListQuery { places: vec![place.slug.clone()], page: 1, ..ListQuery::default() },
        narrower_title: "Places within",
    };
    page(visit, subject, place_path, set_of).await
}

fn kind_name(kind: PlaceKind) -> &'static str {
    match kind {
        PlaceKind::World | PlaceKind::Region | PlaceKind::Subregion => "Region",
        PlaceKind::Country => "Country or territory",
        PlaceKind::Admin => "Province or state",
        PlaceKind::City => "City or town",
    }
}
