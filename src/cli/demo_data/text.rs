//! Texts of a release, made from phrases with placeholders.

use std::collections::BTreeMap;

use super::{random::Random, vocabulary::Phrases};

/// The values that replace the placeholders in the phrases of one release.
pub(super) struct TextValues<'a> {
    values: BTreeMap<&'a str, String>,
}

impl<'a> TextValues<'a> {
    /// Returns the values for a topic, a place and a year. Chooses one word from each list in `words`.
    pub(super) fn new(
        topic: &str,
        place: &str,
        year: i32,
        words: &'a BTreeMap<String, Vec<String>>,
        random: &mut Random,
    ) -> Self {
        let number = [3 + random.below(60), 10 * (7 + random.below(90)), 100 * (10 + random.below(40))];
        let mut values = BTreeMap::from([
            ("topic", lowercase_first(topic)),
            ("Topic", uppercase_first(topic)),
            ("place", place.to_owned()),
            ("year", year.to_string()),
            ("number", number[random.below(number.len())].to_string()),
        ]);
        values.extend(words.iter().map(|(name, list)| (name.as_str(), list[random.below(list.len())].clone())));
        Self { values }
    }

    /// Replaces the placeholders in a phrase. Leaves an unknown placeholder as it is.
    pub(super) fn fill(&self, phrase: &str) -> String {
        let mut text = String::with_capacity(phrase.len());
        let mut rest = phrase;
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            match self.values.get(name) {
                Some(value) => text.push_str(value),
                None => text.push_str(&format!("{{{name}}}")),
            }
            rest = after;
        }
        text.push_str(rest);
        text
    }

    /// Returns a body in Markdown: an opening, one or two paragraphs of details, and a closing.
    pub(super) fn body(&self, phrases: &Phrases, random: &mut Random) -> String {
        let mut paragraphs = vec![self.fill(&phrases.openings[random.below(phrases.openings.len())])];
        let first = random.below(phrases.details.len());
        let count = 2 + random.below(3);
        let details: Vec<String> = phrases
            .details
            .iter()
            .cycle()
            .skip(first)
            .take(count.min(phrases.details.len()))
            .map(|text| self.fill(text))
            .collect();
        paragraphs.extend(details.chunks(2).map(|sentences| sentences.join(" ")));
        paragraphs.push(self.fill(&phrases.closings[random.below(phrases.closings.len())]));
        paragraphs.iter().map(|text| uppercase_first(text)).collect::<Vec<_>>().join("\n\n")
    }
}

/// Returns the text with its first letter in upper case.
pub(super) fn uppercase_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn lowercase_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use entity::release::ReleaseKind;

    use super::*;
    use crate::cli::demo_data::vocabulary::read_phrases;

    #[test]
    fn every_language_has_phrases_for_every_kind_and_words_for_every_placeholder() {
        for (language, phrases) in read_phrases().unwrap() {
            for kind in ReleaseKind::ALL {
                assert!(phrases.headlines.contains_key(&kind), "{language} has no headline for {kind:?}");
            }
            let values = TextValues::new("Water", "Lima", 2026, &phrases.words, &mut Random::new(1, 1));
            let Phrases { headlines, summaries, openings, details, closings, .. } = &phrases;
            let lists = headlines.values().chain([summaries, openings, details, closings]);
            for phrase in lists.inspect(|list| assert!(!list.is_empty(), "{language}")).flatten() {
                let text = values.fill(phrase);
                assert!(!text.contains(['{', '}']), "{language}: a placeholder has no value: {text}");
            }
        }
    }

    #[test]
    fn only_the_first_letter_changes_its_case() {
        assert_eq!(uppercase_first("éducation À Lima"), "Éducation À Lima");
        assert_eq!(lowercase_first("Éducation À Lima"), "éducation À Lima");
    }
}
