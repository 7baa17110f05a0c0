//! Topics, places and phrases of the generated newsroom, read from `vocabulary.toml` and `phrases.toml`.

use std::collections::BTreeMap;

use entity::release::ReleaseKind;
use serde::Deserialize;
use serde_json::{Value, json};

/// Names by language, other than English.
type Names = BTreeMap<String, String>;

/// All topics and places.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vocabulary {
    pub(super) topics: Vec<Topic>,
    regions: Vec<Region>,
    pub(super) countries: Vec<Country>,
}

/// A topic.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Topic {
    pub(super) slug: String,
    name: String,
    #[serde(default)]
    names: Names,
    #[serde(default)]
    broader: Vec<String>,
    #[serde(default)]
    weight: f64,
    trend: Option<Trend>,
}

/// A change of the frequency of a topic.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
enum Trend {
    Growing,
    Fading,
    Rising,
    Falling,
}

/// A region of the world.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Region {
    slug: String,
    name: String,
    m49: String,
    names: Names,
}

/// A country with its cities.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Country {
    pub(super) slug: String,
    name: String,
    #[serde(default)]
    names: Names,
    within: String,
    /// ISO 3166 alpha-2, ISO 3166 alpha-3 and UN M49.
    codes: [String; 3],
    pub(super) weight: f64,
    languages: Vec<String>,
    pub(super) cities: Vec<City>,
}

/// A city.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct City {
    pub(super) slug: String,
    name: String,
    #[serde(default)]
    names: Names,
}

/// The phrases of a language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Phrases {
    pub(super) headlines: BTreeMap<ReleaseKind, Vec<String>>,
    pub(super) summaries: Vec<String>,
    pub(super) openings: Vec<String>,
    pub(super) details: Vec<String>,
    pub(super) closings: Vec<String>,
    pub(super) words: BTreeMap<String, Vec<String>>,
}

/// Number of days in which a topic rises or falls.
const RECENT: u64 = 30;

impl Vocabulary {
    /// Reads the topics and places.
    pub(super) fn read() -> Result<Self, toml::de::Error> {
        toml::from_str(include_str!("vocabulary.toml"))
    }

    /// Returns the topics and places as records for the import.
    pub(super) fn records(&self) -> Vec<Value> {
        let topic = |topic: &Topic| {
            let Topic { slug, name, broader, .. } = topic;
            json!({ "type": "topic", "slug": slug, "name": name, "names": names(&topic.names), "broader": broader })
        };
        let region = |region: &Region| {
            let Region { slug, name, m49, .. } = region;
            json!({ "type": "place", "slug": slug, "name": name, "kind": "REGION", "m49": m49,
                "names": names(&region.names) })
        };
        let country = |country: &Country| {
            let Country { slug, name, within, codes: [alpha2, alpha3, m49], .. } = country;
            json!({ "type": "place", "slug": slug, "name": name, "kind": "COUNTRY", "within": within,
                "iso3166Alpha2": alpha2, "iso3166Alpha3": alpha3, "m49": m49, "names": names(&country.names) })
        };
        let city = |city: &City, country: &Country| {
            let City { slug, name, .. } = city;
            json!({ "type": "place", "slug": slug, "name": name, "kind": "CITY", "within": country.slug,
                "names": names(&city.names) })
        };
        let topics = self.topics.iter().map(topic);
        let countries = self.countries.iter().map(country);
        let cities = self.countries.iter().flat_map(|country| country.cities.iter().map(move |at| city(at, country)));
        topics.chain(self.regions.iter().map(region)).chain(countries).chain(cities).collect()
    }
}

/// Reads the phrases of all languages.
pub(super) fn read_phrases() -> Result<BTreeMap<String, Phrases>, toml::de::Error> {
    toml::from_str(include_str!("phrases.toml"))
}

fn names(names: &Names) -> Vec<Value> {
    names.iter().map(|(language, name)| json!({ "language": language, "name": name })).collect()
}

impl Topic {
    /// Returns the name in a language, or `None` if the topic has no name in it.
    pub(super) fn name_in(&self, language: &str) -> Option<&str> {
        if language == "en" { Some(&self.name) } else { self.names.get(language).map(String::as_str) }
    }

    /// Returns the relative frequency of the topic `age` days before today.
    pub(super) fn weight_at(&self, age: u64) -> f64 {
        let decade = (age as f64 / 3652.0).min(1.0);
        let factor = match self.trend {
            Some(Trend::Growing) => 2.0 - 1.6 * decade,
            Some(Trend::Fading) => 0.4 + 1.6 * decade,
            Some(Trend::Rising) if age < RECENT => 5.0,
            Some(Trend::Falling) if age < RECENT => 0.15,
            _ => 1.0,
        };
        self.weight * factor
    }
}

impl Country {
    /// Returns true if releases from the country are written in the language.
    pub(super) fn writes(&self, language: &str) -> bool {
        language == "en" || self.languages.iter().any(|written| written == language)
    }
}

impl City {
    /// Returns the name in a language.
    pub(super) fn name_in(&self, language: &str) -> &str {
        self.names.get(language).unwrap_or(&self.name)
    }
}
