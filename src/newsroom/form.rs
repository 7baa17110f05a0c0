//! Filling in a form: taking what an editor gave, field by field, and collecting everything that cannot be taken, so that all
//! of it is told at once.

use super::{
    error::{Code, Error, FieldError},
    language,
    text::{self, TextFault},
};
use crate::catalog::{Concept, ConceptRef, Vocabulary};
use crate::journal::Name;
use crate::range;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

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

/// A form being filled in.
#[derive(Debug, Default)]
pub struct Form {
    prefix: Vec<String>,
    /// What is filled in comes from elsewhere and was sound when it was written: retired concepts are taken.
    archive: bool,
    errors: Vec<FieldError>,
}

impl Form {
    /// A form whose fields are told below a prefix, such as `input`.
    pub fn new(prefix: &[&str]) -> Self {
        Self { prefix: prefix.iter().map(|&step| step.to_owned()).collect(), ..Self::default() }
    }

    /// A form for what comes from an archive.
    pub fn archive() -> Self {
        Self { archive: true, ..Self::default() }
    }

    /// Notes that a field cannot be taken.
    pub fn refuse(&mut self, field: &str, code: Code, message: impl Into<String>) {
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
                self.refuse(field, Code::Required, format!("{field} is missing: give it"))
            }
            Patch::Keep => {}
            Patch::Clear => self.refuse(
                field,
                Code::Required,
                format!("{field} cannot be cleared: give it a text, or leave it out to keep it"),
            ),
            Patch::Set(value) => match self.line(field, &value, max) {
                Some(text) if text.is_empty() => {
                    self.refuse(field, Code::Required, format!("{field} is empty: give it a text"))
                }
                Some(text) => *into = text,
                None => {}
            },
        }
    }

    /// A field that may have a line of text; an empty one clears it.
    pub fn optional_line(&mut self, field: &str, patch: Patch<String>, into: &mut Option<String>, max: usize) {
        self.optional(patch, into, |form, value| form.line(field, &value, max));
    }

    /// A field that may have a text of several lines; an empty one clears it.
    pub fn optional_text(&mut self, field: &str, patch: Patch<String>, into: &mut Option<String>, max: usize) {
        self.optional(patch, into, |form, value| form.checked(field, text::clean_text(&value, max)));
    }

    /// A field that may have a body, which is kept as it was written; one of which nothing can be seen clears it.
    pub fn optional_body(&mut self, field: &str, patch: Patch<String>, into: &mut Option<String>, max: usize) {
        self.optional(patch, into, |form, value| form.checked(field, text::clean_body(&value, max)));
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
        self.checked(field, text::clean_line(value, max))
    }

    fn checked(&mut self, field: &str, text: Result<String, TextFault>) -> Option<String> {
        match text {
            Ok(text) => Some(text),
            Err(fault) => {
                let code = if matches!(fault, TextFault::TooLong { .. }) { Code::TooLong } else { Code::Invalid };
                self.refuse(field, code, format!("{field} {fault}"));
                None
            }
        }
    }

    /// A field that must have a value of a fixed sort.
    pub fn required<T>(&mut self, field: &str, patch: Patch<T>, into: &mut T) {
        match patch {
            Patch::Keep => {}
            Patch::Clear => self.refuse(
                field,
                Code::Required,
                format!("{field} cannot be cleared: give it a value, or leave it out to keep it"),
            ),
            Patch::Set(value) => *into = value,
        }
    }

    /// A date that must be there, in the range of dates.
    pub fn required_date(&mut self, field: &str, patch: Patch<NaiveDate>, into: &mut NaiveDate) {
        if let Patch::Set(date) = patch
            && let Err(error) = range::check_date(date)
        {
            return self.refuse(field, Code::Invalid, format!("{field}: {error}"));
        }
        self.required(field, patch, into);
    }

    /// Refuses an instant outside the range of instants.
    pub fn instant(&mut self, field: &str, at: Option<DateTime<Utc>>) {
        if let Some(error) = at.and_then(|at| range::check_instant(at).err()) {
            self.refuse(field, Code::Invalid, format!("{field}: {error}"));
        }
    }

    /// A language tag in canonical case.
    pub fn language(&mut self, field: &str, patch: Patch<String>, into: &mut String) {
        let mut tag = into.clone();
        self.required(field, patch, &mut tag);
        match language::canonical(&tag) {
            Ok(tag) => *into = tag,
            Err(message) => self.refuse(field, Code::Invalid, message),
        }
    }

    /// A web address: http or https.
    pub fn url(&mut self, field: &str, patch: Patch<String>, into: &mut Option<String>) {
        self.optional(patch, into, |form, value| {
            let url = form.line(field, &value, 2000)?;
            let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            let sound = host.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':']))
                && !url.contains(|c: char| c.is_whitespace() || "<>\"{}|\\^`".contains(c));
            if url.is_empty() || sound {
                return Some(url);
            }
            form.refuse(
                field,
                Code::Invalid,
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
        if references.len() > 100 {
            self.refuse(
                field,
                Code::TooLong,
                format!("{field} has {} entries; at most 100 are taken", references.len()),
            );
            return;
        }
        let mut found = Vec::with_capacity(references.len());
        for (number, reference) in references.iter().enumerate() {
            match vocabulary.find(reference) {
                Some(concept) => {
                    let concept = vocabulary.get(concept);
                    let id = concept.id();
                    if concept.retired_at().is_some() && !self.archive && !into.contains(&id) {
                        let instead = concept.replaced_by().and_then(|id| vocabulary.by_id(id));
                        let advice = instead.map_or("name another".to_owned(), |number| {
                            format!("name \"{}\" instead", vocabulary.get(number).slug())
                        });
                        self.refuse(
                            &format!("{field}.{number}"),
                            Code::Invalid,
                            format!("the {noun} \"{}\" is retired and no longer given: {advice}", concept.slug()),
                        );
                    }
                    if !found.contains(&id) {
                        found.push(id);
                    }
                }
                None => self.refuse(
                    &format!("{field}.{number}"),
                    Code::NotFound,
                    format!("there is no {noun} with {reference}: create it first, or name another"),
                ),
            }
        }
        *into = found;
    }

    /// Names in languages; of preferred ones at most one a language.
    pub fn names(&mut self, field: &str, patch: Patch<Vec<Name>>, into: &mut Vec<Name>, one_a_language: bool) {
        let given = match patch {
            Patch::Keep => return,
            Patch::Clear => Vec::new(),
            Patch::Set(names) => names,
        };
        if given.len() > 200 {
            self.refuse(field, Code::TooLong, format!("{field} has {} entries; at most 200 are taken", given.len()));
            return;
        }
        let mut taken: Vec<Name> = Vec::with_capacity(given.len());
        for (number, name) in given.into_iter().enumerate() {
            let at = |step: &str| format!("{field}.{number}.{step}");
            let mut language = String::new();
            self.language(&at("language"), Patch::Set(name.language), &mut language);
            let mut text = String::new();
            self.required_line(&at("name"), Patch::Set(name.name), &mut text, 300);
            let name = Name { language, name: text };
            if one_a_language && taken.iter().any(|other| other.language == name.language) {
                self.refuse(
                    &at("language"),
                    Code::Invalid,
                    format!("{} has two preferred names: keep one, make the other an alternative name", name.language),
                );
            }
            if !taken.contains(&name) {
                taken.push(name);
            }
        }
        *into = taken;
    }
}

/// Whether steps lead from a concept to another, or it is that one itself. Ends even where the steps already form a cycle.
pub(super) fn leads_to(from: Uuid, target: Uuid, steps: impl Fn(Uuid) -> Vec<Uuid>) -> bool {
    let mut seen = std::collections::HashSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        if at == target {
            return true;
        }
        if seen.insert(at) {
            open.extend(steps(at));
        }
    }
    false
}
