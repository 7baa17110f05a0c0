//! The fields that panels count by.

use entity::place::PlaceKind;

use crate::catalog::{Facet, FacetField, FacetRequest, FacetScope, PlaceRoleFilter, ReleaseSet};

/// The field that a panel counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// By topic. A release also counts for broader topics.
    Topics,
    /// By country, with the places within it.
    Countries,
    /// By place, without the places within it.
    Places,
    /// By kind.
    Kinds,
    /// By language.
    Languages,
}

impl Field {
    /// All fields.
    pub const ALL: [Self; 5] = [Self::Topics, Self::Countries, Self::Places, Self::Kinds, Self::Languages];

    /// Returns the name of the field in addresses.
    pub fn id(self) -> &'static str {
        match self {
            Self::Topics => "topics",
            Self::Countries => "countries",
            Self::Places => "places",
            Self::Kinds => "kinds",
            Self::Languages => "languages",
        }
    }

    /// Returns the title of the panel, the name of one value, and that of several.
    pub fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Topics => ("Topics", "topic", "topics"),
            Self::Countries => ("Countries", "country", "countries"),
            Self::Places => ("Places", "place", "places"),
            Self::Kinds => ("Kinds of release", "kind", "kinds"),
            Self::Languages => ("Languages", "language", "languages"),
        }
    }

    /// Returns the field of the catalog.
    pub fn of_catalog(self) -> FacetField {
        match self {
            Self::Topics => FacetField::Topics { roll_up: true, under: None },
            Self::Countries => FacetField::Places { level: Some(PlaceKind::Country), role: PlaceRoleFilter::Any },
            Self::Places => FacetField::Places { level: None, role: PlaceRoleFilter::Any },
            Self::Kinds => FacetField::Kinds,
            Self::Languages => FacetField::Languages,
        }
    }

    /// Returns the facet of a set, with at most `first` buckets.
    pub fn facet(self, set: &ReleaseSet, first: usize) -> Facet {
        self.facet_in(set, first, FacetScope::AllFilters)
    }

    /// Returns the facet of a set, to which a part of the set's filter applies.
    pub fn facet_in(self, set: &ReleaseSet, first: usize, scope: FacetScope) -> Facet {
        set.facet(&FacetRequest {
            field: self.of_catalog(),
            first,
            scope,
            min_count: 1,
            order: Vec::new(),
            label_contains: None,
        })
    }

    /// Returns the field of `ReleaseFacets` in the API with its argument.
    pub fn of_api(self, first: usize) -> String {
        let level = if self == Self::Countries { ", level: COUNTRY" } else { "" };
        let field = match self {
            Self::Countries => "places",
            field => field.id(),
        };
        format!("{field}(input: {{first: {first}, scope: ALL_FILTERS{level}}})")
    }
}
