//! Input validation: `Validator` checks each field of an input and writes the valid values to their target. It
//! collects the errors of all fields before it fails.
//!
//! `Patch` describes a partial update: it says for each field whether to keep, clear or set it. Text lengths and
//! formats are checked in `text`. This file checks required and optional fields, languages, slugs, URLs, lists of
//! concepts, names and notes. Imports (`for_import`) may use retired concepts. Values that must be unique in the
//! database are checked by the commands, not here.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::{
    error::{Error, ErrorCode, FieldError},
    text::{self, TextError, language, slug},
};
use crate::{
    catalog::{Concept, ConceptRef, Vocabulary},
    date_range,
    journal::Name,
};

/// Maximum length of a note, in characters.
pub(in crate::newsroom) const MAX_NOTE: usize = 5000;

/// The change of one field of an existing object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The field keeps its value.
    #[default]
    Keep,
    /// The field is cleared.
    Clear,
    /// The field gets this value.
    Set(T),
}

impl<T> Patch<T> {
    /// Returns a patch that sets a value, or clears the field if the value is `None`.
    pub fn from_option(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }
}

/// A checker for the fields of one input, which collects the field errors.
#[derive(Debug, Default)]
pub struct Validator {
    prefix: Vec<String>,
    /// Whether the input comes from an import. Imported releases may refer to concepts that were retired after the
    /// release was written, so an import accepts retired concepts.
    for_import: bool,
    errors: Vec<FieldError>,
}

impl Validator {
    /// Creates a validator that prefixes the paths of its errors, for example with `input`.
    pub fn new(prefix: &[&str]) -> Self {
        Self { prefix: prefix.iter().map(|&step| step.to_owned()).collect(), ..Self::default() }
    }

    /// Creates a validator for imported records.
    pub fn for_import() -> Self {
        Self { for_import: true, ..Self::default() }
    }

    /// Adds an error for a field.
    pub fn add_error(&mut self, field: &str, code: ErrorCode, message: impl Into<String>) {
        let mut path = self.prefix.clone();
        path.extend(field.split('.').map(str::to_owned));
        self.errors.push(FieldError { field: path, code, message: message.into() });
    }

    /// Fails with all collected errors, if there are any.
    pub fn finish(self) -> Result<(), Error> {
        if self.errors.is_empty() { Ok(()) } else { Err(Error::Invalid(self.errors)) }
    }

    /// Applies a patch to a required line of text, which cannot be empty.
    pub fn required_line(&mut self, field: &str, patch: Patch<String>, into: &mut String, max: usize) {
        match patch {
            Patch::Keep if into.is_empty() => {
                self.add_error(field, ErrorCode::Required, format!("{field} is required"))
            }
            Patch::Keep => {}
            Patch::Clear => self.add_error(
                field,
                ErrorCode::Required,
                format!("{field} cannot be cleared: enter a text, or omit the field to keep its value"),
            ),
            Patch::Set(value) => match self.line(field, &value, max) {
                Some(text) if text.is_empty() => {
                    self.add_error(field, ErrorCode::Required, format!("{field} is empty: enter a text"))
                }
                Some(text) => *into = text,
                None => {}
            },
        }
    }

    /// Applies a patch to an optional line of text. An empty line clears the field.
    pub fn optional_line(&mut self, field: &str, patch: Patch<String>, into: &mut Option<String>, max: usize) {
        self.optional(patch, into, |validator, value| validator.line(field, &value, max));
    }

    /// Applies a patch to an optional text of several lines. An empty text clears the field.
    pub fn optional_text(&mut self, field: &str, patch: Patch<String>, into: &mut Option<String>, max: usize) {
        self.optional(patch, into, |validator, value| validator.value_or_error(field, text::clean_text(&value, max)));
    }

    /// Applies a patch to an optional body, which is stored as written. A body without visible characters clears the
    /// field.
    pub fn optional_body(&mut self, field: &str, patch: Patch<String>, into: &mut Option<String>, max: usize) {
        self.optional(patch, into, |validator, value| validator.value_or_error(field, text::clean_body(&value, max)));
    }

    fn optional(
        &mut self,
        patch: Patch<String>,
        into: &mut Option<String>,
        check: impl Fn(&mut Self, String) -> Option<String>,
    ) {
        match patch {
            Patch::Keep => {}
            Patch::Clear => *into = None,
            Patch::Set(value) => {
                if let Some(text) = check(self, value) {
                    *into = Some(text).filter(|text| !text.is_empty());
                }
            }
        }
    }

    /// Returns a cleaned line of text, or adds an error and returns `None`.
    pub fn line(&mut self, field: &str, value: &str, max: usize) -> Option<String> {
        self.value_or_error(field, text::clean_line(value, max))
    }

    fn value_or_error(&mut self, field: &str, text: Result<String, TextError>) -> Option<String> {
        match text {
            Ok(text) => Some(text),
            Err(error) => {
                let code =
                    if matches!(error, TextError::TooLong { .. }) { ErrorCode::TooLong } else { ErrorCode::Invalid };
                self.add_error(field, code, format!("{field} {error}"));
                None
            }
        }
    }

    /// Applies a patch to a required field. Any value is accepted, but the field cannot be cleared.
    pub fn required<T>(&mut self, field: &str, patch: Patch<T>, into: &mut T) {
        match patch {
            Patch::Keep => {}
            Patch::Clear => self.add_error(
                field,
                ErrorCode::Required,
                format!("{field} cannot be cleared: set a value, or omit the field to keep its value"),
            ),
            Patch::Set(value) => *into = value,
        }
    }

    /// Applies a patch to a required date, which must be in the years 0001 to 9999.
    pub fn required_date(&mut self, field: &str, patch: Patch<NaiveDate>, into: &mut NaiveDate) {
        if let Patch::Set(date) = patch
            && let Err(error) = date_range::check_date(date)
        {
            return self.add_error(field, ErrorCode::Invalid, format!("{field}: {error}"));
        }
        self.required(field, patch, into);
    }

    /// Checks that an instant, if there is one, is in the years 0001 to 9999.
    pub fn instant(&mut self, field: &str, at: Option<DateTime<Utc>>) {
        if let Some(error) = at.and_then(|at| date_range::check_instant(at).err()) {
            self.add_error(field, ErrorCode::Invalid, format!("{field}: {error}"));
        }
    }

    /// Applies a patch to a required language tag and converts it to canonical case.
    pub fn language(&mut self, field: &str, patch: Patch<String>, into: &mut String) {
        let mut tag = into.clone();
        self.required(field, patch, &mut tag);
        match language::canonical(&tag) {
            Ok(tag) => *into = tag,
            Err(message) => self.add_error(field, ErrorCode::Invalid, message),
        }
    }

    /// Applies a patch to a required slug and checks its format.
    pub fn slug(&mut self, field: &str, patch: Patch<String>, into: &mut String) {
        match patch {
            Patch::Set(value) => match slug::check(&value) {
                Ok(()) => *into = value,
                Err(message) => self.add_error(field, ErrorCode::Invalid, message),
            },
            other => self.required(field, other, into),
        }
    }

    /// Applies a patch to an optional URL, which must have the scheme http or https.
    pub fn url(&mut self, field: &str, patch: Patch<String>, into: &mut Option<String>) {
        self.optional(patch, into, |validator, value| {
            let url = validator.line(field, &value, 2000)?;
            let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            let is_valid = host.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':']))
                && !url.contains(|c: char| c.is_whitespace() || "<>\"{}|\\^`".contains(c));
            if url.is_empty() || is_valid {
                return Some(url);
            }
            validator.add_error(
                field,
                ErrorCode::Invalid,
                format!("{field} is not an http or https URL: write it in full, for example https://example.org/page"),
            );
            None
        });
    }

    /// Applies a patch to a list of topics or places. Resolves the references to ids and keeps their order without
    /// duplicates. Accepts a retired concept only if `into` already contains it or the input comes from an import.
    pub fn concepts<T: Concept>(
        &mut self,
        field: &str,
        patch: Patch<Vec<ConceptRef>>,
        vocabulary: &Vocabulary<T>,
        into: &mut Vec<Uuid>,
    ) {
        let references = match patch {
            Patch::Keep => return,
            Patch::Clear => Vec::new(),
            Patch::Set(references) => references,
        };
        if !self.check_concept_count(field, references.len()) {
            return;
        }
        let mut ids = Vec::with_capacity(references.len());
        for (index, reference) in references.iter().enumerate() {
            match vocabulary.find(reference) {
                Some(number) => {
                    let concept = vocabulary.get(number);
                    let id = concept.id;
                    if concept.retired_at.is_some() && !self.for_import && !into.contains(&id) {
                        let replacement = concept.replaced_by.and_then(|id| vocabulary.by_id(id));
                        let advice = replacement.map_or("choose another".to_owned(), |number| {
                            format!("use \"{}\" instead", vocabulary.get(number).slug)
                        });
                        self.add_error(
                            &format!("{field}.{index}"),
                            ErrorCode::Invalid,
                            format!("the {} \"{}\" is retired and cannot be assigned: {advice}", T::WORD, concept.slug),
                        );
                    }
                    ids.push(id);
                }
                None => self.add_error(
                    &format!("{field}.{index}"),
                    ErrorCode::NotFound,
                    format!("there is no {} with {reference}: create it first, or choose another", T::WORD),
                ),
            }
        }
        *into = without_duplicates(ids);
    }

    /// Sets a list of topics or places by their ids. Keeps their order and drops duplicates.
    pub fn concept_ids(&mut self, field: &str, ids: Vec<Uuid>, into: &mut Vec<Uuid>) {
        if self.check_concept_count(field, ids.len()) {
            *into = without_duplicates(ids);
        }
    }

    /// Checks the length of a list of concepts. Adds an error and returns `false` if it is too long.
    fn check_concept_count(&mut self, field: &str, count: usize) -> bool {
        if count > 100 {
            self.add_error(field, ErrorCode::TooLong, format!("{field} has {count} entries; the maximum is 100"));
        }
        count <= 100
    }

    /// Applies a patch to a list of names, each with its language. If `one_per_language` is set, a second name in the
    /// same language is an error.
    pub fn names(&mut self, field: &str, patch: Patch<Vec<Name>>, into: &mut Vec<Name>, one_per_language: bool) {
        let given = match patch {
            Patch::Keep => return,
            Patch::Clear => Vec::new(),
            Patch::Set(names) => names,
        };
        if given.len() > 200 {
            self.add_error(
                field,
                ErrorCode::TooLong,
                format!("{field} has {} entries; the maximum is 200", given.len()),
            );
            return;
        }
        let mut accepted: Vec<Name> = Vec::with_capacity(given.len());
        for (index, name) in given.into_iter().enumerate() {
            let field_of = |step: &str| format!("{field}.{index}.{step}");
            let mut language = String::new();
            self.language(&field_of("language"), Patch::Set(name.language), &mut language);
            let mut text = String::new();
            self.required_line(&field_of("name"), Patch::Set(name.name), &mut text, 300);
            let name = Name { language, name: text };
            if one_per_language && accepted.iter().any(|other| other.language == name.language) {
                self.add_error(
                    &field_of("language"),
                    ErrorCode::Invalid,
                    format!(
                        "{} has two preferred names: keep one, and make the other an alternative name",
                        name.language
                    ),
                );
            }
            if !accepted.contains(&name) {
                accepted.push(name);
            }
        }
        *into = accepted;
    }
}

/// Removes repeated ids. Keeps the first occurrence of each id and the order.
fn without_duplicates(ids: Vec<Uuid>) -> Vec<Uuid> {
    let mut unique = Vec::with_capacity(ids.len());
    for id in ids {
        if !unique.contains(&id) {
            unique.push(id);
        }
    }
    unique
}

/// Validates an optional note. An empty note becomes `None`.
pub(in crate::newsroom) fn optional_note(note: Option<String>) -> Result<Option<String>, Error> {
    let (mut validator, mut text) = (Validator::default(), None);
    validator.optional_text("note", Patch::from_option(note), &mut text, MAX_NOTE);
    validator.finish()?;
    Ok(text)
}

/// Validates a required note. `advice` ends the error message for an empty note.
pub(in crate::newsroom) fn required_note(field: &str, note: String, advice: &str) -> Result<String, Error> {
    let (mut validator, mut text) = (Validator::default(), None);
    validator.optional_text(field, Patch::Set(note), &mut text, MAX_NOTE);
    validator.finish()?;
    text.ok_or_else(|| Error::field(&[field], ErrorCode::Required, format!("{field} is empty: {advice}")))
}
