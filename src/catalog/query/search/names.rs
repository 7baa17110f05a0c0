//! Names of topics and places for a search. Every name counts: preferred and alternative, in every language.

use search::{Field, Name};

use crate::catalog::{
    snapshot::Snapshot,
    store::{
        bitmap::SharedBitmap,
        vocabulary::{Concept, Vocabulary},
    },
};

/// Returns the names of all topics and places that a release has, with their releases. `language`: the language of
/// names that specify none.
pub fn names(snapshot: &Snapshot, language: &str) -> Vec<Name> {
    let mut names = Vec::new();
    add(&mut names, language, Field::Topics, &snapshot.topics, |topic| snapshot.by_topic.get(topic).cloned());
    add(&mut names, language, Field::Places, &snapshot.places, |place| {
        match (snapshot.by_dateline.get(place), snapshot.by_about.get(place)) {
            (Some(dateline), Some(about)) => Some(SharedBitmap::new(&**dateline | &**about)),
            (dateline, about) => dateline.or(about).cloned(),
        }
    });
    names
}

fn add<T: Concept>(
    names: &mut Vec<Name>,
    default_language: &str,
    field: Field,
    vocabulary: &Vocabulary<T>,
    releases: impl Fn(u32) -> Option<SharedBitmap>,
) {
    for number in vocabulary.numbers() {
        let Some(releases) = releases(number).filter(|releases| !releases.is_empty()) else { continue };
        let concept = vocabulary.get(number);
        let translated = concept.names.iter().chain(&concept.alt_names);
        let all = translated.map(|name| (name.name.as_str(), name.language.as_str()));
        let all = std::iter::once((concept.name.as_str(), default_language)).chain(all);
        names.extend(all.map(|(name, language)| Name::new(field, name, language, releases.clone())));
    }
}
