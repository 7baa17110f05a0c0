//! Names of topics and places. A search treats the names of a release's topics and places as two fields of the
//! release, so a synonym in the thesaurus is a synonym in search. The names are not in the index: a renamed topic
//! changes the search at once, and no document has to be indexed again.

use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::{
    index::schema::Field,
    text::{language::Language, tokens::tokens},
};

/// A name of a topic or place, and the slots of its releases.
#[derive(Clone, Debug)]
pub struct Name {
    pub(super) field: Field,
    /// The folded tokens, each with its stem in the language of the name.
    pub(super) tokens: Vec<NameToken>,
    pub(super) language: Language,
    pub(super) slots: Arc<RoaringBitmap>,
}

/// A token of a name.
#[derive(Clone, Debug)]
pub(super) struct NameToken {
    pub(super) folded: String,
    pub(super) stem: Option<String>,
}

impl Name {
    /// Creates a name. `field` is `Field::Topics` or `Field::Places`, and `language` is the BCP 47 tag of the name.
    pub fn new(field: Field, name: &str, language: &str, slots: Arc<RoaringBitmap>) -> Self {
        let language = Language::of_tag(language);
        let tokens = tokens(name)
            .map(|token| NameToken {
                stem: (!token.is_character).then(|| language.stem(token.written)).flatten(),
                folded: token.folded,
            })
            .collect();
        Self { field, tokens, language, slots }
    }

    /// Returns whether the tokens of a phrase follow each other in the name.
    pub(super) fn has_phrase(&self, phrase: &[String]) -> bool {
        let is_phrase = |window: &[NameToken]| window.iter().zip(phrase).all(|(token, wanted)| token.folded == *wanted);
        self.tokens.windows(phrase.len().max(1)).any(is_phrase)
    }
}
