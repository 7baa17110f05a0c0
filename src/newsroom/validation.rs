//! Validation of input: `Validator` applies the fields of an input to a value and collects all field errors before it
//! fails.
//!
//! `Patch` says for each field: keep, clear or set (partial update). Limits and formats of texts are in `text`; this
//! file knows required and optional fields, languages, slugs, URLs, lists of concepts, names and notes. Imports
//! (`for_import`) may use retired concepts. What has to be unique in the database is checked by the commands.

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

/// Longest note of an act.
pub(in crate::newsroom) const MAX_NOTE: usize = 5000;

/// What an editor says of a field of something that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Nothing: it stays.
    #[default]
    Keep,
    /// It is to have none.
    Clear,
    /// It is to be this.
    Set(T),
}

impl<T> Patch<T> {
    /// An absent value clears.
    pub fn from_option(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }
}

/// Checks the fields of an input, and collects the errors.
#[derive(Debug, Default)]
pub struct Validator {
    prefix: Vec<String>,
    /// What is filled in comes from elsewhere and was sound when it was written: retired concepts are taken.
    for_import: bool,
    errors: Vec<FieldError>,
}

impl Validator {
    /// A validator whose errors name fields below a prefix, such as `input`.
    pub fn new(prefix: &[&str]) -> Self {
        Self { prefix: prefix.iter().map(|&step| step.to_owned()).collect(), ..Self::default() }
    }

    /// A validator for what comes from an archive.
    pub fn for_import() -> Self {
        Self { for_import: true, ..Self::default() }
    }

    /// Notes that a field cannot be taken.
    pub fn add_error(&mut self, field: &str, code: ErrorCode, message: impl Into<String>) {
        let mut path = self.prefix.clone();
        path.extend(field.split('.').map(str::to_owned));
        self.errors.push(FieldError { field: path, code, message: message.into() });
    }

    /// Everything that cannot be taken, if there is anything.
    pub fn finish(self) -> Result<(), Error> {
        if self.errors.is_empty() { Ok(()) } else { Err(Error::Invalid(self.errors)) }
    }

    /// A field that must have a line of text.
    pub fn required_line(&mut self, field: &str, patch: Patch<String>, into: &mut String, max: usize) {
        match patch {
            Patch::Keep if into.is_empty() => {
                self.add_error(field, ErrorCode::Required, format!("{field} is missing: give it"))
            }
            Patch::Keep => {}
            Patch::Clear => self.add_error(
                field,
                ErrorCode::Required,
                format!("{field} cannot be cleared: give it a text, or leave it out to keep it"),
            ),
            Patch::Set(value) => match self.line(field, &value, max) {
                Some(text) if text.is_empty() => {
                    self.add_error(field, ErrorCode::Required, format!("{field} is empty: give it a text"))
                }
                Some(text) => *into = text,
                None => {}
            },
        }
    }

    /// A field that may have a line of text; an empty one clears it.
    pub fn optional_line(&mut self, field: &str, patch: Patch<String>, into: &mut Option<String>, max: usize) {
        self.optional(patch, into, |validator, value| validator.line(field, &value, max));
    }

    /// A field that may have a text of several lines; an empty one clears it.
    pub fn optional_text(&mut self, field: &str, patch: Patch<String>, into: &mut Option<String>, max: usize) {
        self.optional(patch, into, |validator, value| validator.value_or_error(field, text::clean_text(&value, max)));
    }

    /// A field that may have a body, which is kept as it was written; one of which nothing can be seen clears it.
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

    /// A line of text, cleaned; nothing where it was refused.
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

    /// A field that must have a value of a fixed sort.
    pub fn required<T>(&mut self, field: &str, patch: Patch<T>, into: &mut T) {
        match patch {
            Patch::Keep => {}
            Patch::Clear => self.add_error(
                field,
                ErrorCode::Required,
                format!("{field} cannot be cleared: give it a value, or leave it out to keep it"),
            ),
            Patch::Set(value) => *into = value,
        }
    }

    /// A date that must be there, in the range of dates.
    pub fn required_date(&mut self, field: &str, patch: Patch<NaiveDate>, into: &mut NaiveDate) {
        if let Patch::Set(date) = patch
            && let Err(error) = date_range::check_date(date)
        {
            return self.add_error(field, ErrorCode::Invalid, format!("{field}: {error}"));
        }
        self.required(field, patch, into);
    }

    /// Refuses an instant outside the range of instants.
    pub fn instant(&mut self, field: &str, at: Option<DateTime<Utc>>) {
        if let Some(error) = at.and_then(|at| date_range::check_instant(at).err()) {
            self.add_error(field, ErrorCode::Invalid, format!("{field}: {error}"));
        }
    }

    /// A language tag in canonical case.
    pub fn language(&mut self, field: &str, patch: Patch<String>, into: &mut String) {
        let mut tag = into.clone();
        self.required(field, patch, &mut tag);
        match language::canonical(&tag) {
            Ok(tag) => *into = tag,
            Err(message) => self.add_error(field, ErrorCode::Invalid, message),
        }
    }

    /// A slug in the valid form; one that is not given stays.
    pub fn slug(&mut self, field: &str, patch: Patch<String>, into: &mut String) {
        match patch {
            Patch::Set(value) => match slug::check(&value) {
                Ok(()) => *into = value,
                Err(message) => self.add_error(field, ErrorCode::Invalid, message),
            },
            other => self.required(field, other, into),
        }
    }

    /// A web address: http or https.
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
                format!("{field} is not a web address: write it in full, for example https://example.org/page"),
            );
            None
        });
    }

    /// Concepts named by reference, in order, none twice.
    pub fn concepts<T: Concept>(
        &mut self,
        field: &str,
        noun: &str,
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
                    let id = concept.id();
                    if concept.retired_at().is_some() && !self.for_import && !into.contains(&id) {
                        let replacement = concept.replaced_by().and_then(|id| vocabulary.by_id(id));
                        let advice = replacement.map_or("name another".to_owned(), |number| {
                            format!("name \"{}\" instead", vocabulary.get(number).slug())
                        });
                        self.add_error(
                            &format!("{field}.{index}"),
                            ErrorCode::Invalid,
                            format!("the {noun} \"{}\" is retired and no longer given: {advice}", concept.slug()),
                        );
                    }
                    ids.push(id);
                }
                None => self.add_error(
                    &format!("{field}.{index}"),
                    ErrorCode::NotFound,
                    format!("there is no {noun} with {reference}: create it first, or name another"),
                ),
            }
        }
        *into = without_duplicates(ids);
    }

    /// Concepts that are known by id already, in order, none twice.
    pub fn concept_ids(&mut self, field: &str, ids: Vec<Uuid>, into: &mut Vec<Uuid>) {
        if self.check_concept_count(field, ids.len()) {
            *into = without_duplicates(ids);
        }
    }

    /// Refuses a list of too many concepts; whether it may be taken.
    fn check_concept_count(&mut self, field: &str, count: usize) -> bool {
        if count > 100 {
            self.add_error(field, ErrorCode::TooLong, format!("{field} has {count} entries; at most 100 are taken"));
        }
        count <= 100
    }

    /// Names in languages; of preferred ones at most one a language.
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
                format!("{field} has {} entries; at most 200 are taken", given.len()),
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
                    format!("{} has two preferred names: keep one, make the other an alternative name", name.language),
                );
            }
            if !accepted.contains(&name) {
                accepted.push(name);
            }
        }
        *into = accepted;
    }
}

/// The first of each id, in order.
fn without_duplicates(ids: Vec<Uuid>) -> Vec<Uuid> {
    let mut unique = Vec::with_capacity(ids.len());
    for id in ids {
        if !unique.contains(&id) {
            unique.push(id);
        }
    }
    unique
}

/// A note that may be left out.
pub(in crate::newsroom) fn optional_note(note: Option<String>) -> Result<Option<String>, Error> {
    let (mut validator, mut text) = (Validator::default(), None);
    validator.optional_text("note", Patch::from_option(note), &mut text, MAX_NOTE);
    validator.finish()?;
    Ok(text)
}

/// A note that must be there.
pub(in crate::newsroom) fn required_note(field: &str, note: String, advice: &str) -> Result<String, Error> {
    let (mut validator, mut text) = (Validator::default(), None);
    validator.optional_text(field, Patch::Set(note), &mut text, MAX_NOTE);
    validator.finish()?;
    text.ok_or_else(|| Error::field(&[field], ErrorCode::Required, format!("{field} is empty: {advice}")))
}
