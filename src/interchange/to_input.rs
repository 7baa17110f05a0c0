//! Conversion of NDJSON records to inputs of the newsroom. An absent field means that the object has no such value,
//! or has the default if the field has one.
//!
//! Sets the default state of releases and the default language of names. Converts HTML bodies to Markdown with
//! `markup`. The newsroom validates the inputs later.

use entity::release::ReleaseState;

use super::ndjson::{NameRecord, PlaceRecord, ReleaseRecord, Slugs, TopicRecord};
use crate::{
    journal::Name,
    newsroom::{
        Patch,
        import::{ImportedConcept, ImportedRelease, ImportedWithdrawal},
        release::{content::ReleaseInput, withdraw::Withdrawal},
        taxonomy::{place::PlaceInput, topic::TopicInput},
        text::control::{ControlCount, replace_controls},
    },
};

impl TopicRecord {
    /// Returns the topic as an input. `line` is the line number of the record. `language` applies to names without a
    /// language.
    pub fn into_input(self, line: u64, language: &str) -> ImportedConcept<TopicInput> {
        let parents = match self.broader {
            None => Vec::new(),
            Some(Slugs::One(slug)) => vec![slug],
            Some(Slugs::Several(slugs)) => slugs,
        };
        let input = TopicInput {
            slug: Patch::Set(self.slug.clone()),
            name: Patch::Set(self.name),
            names: names(self.names, language),
            alt_names: names(self.alt_names, language),
            definition: Patch::from_option(self.definition),
            uri: Patch::from_option(self.uri),
            broader: Patch::Keep,
            retired_at: Patch::from_option(self.retired_at),
        };
        ImportedConcept { line, slug: self.slug, parents, input }
    }
}

impl PlaceRecord {
    /// Returns the place as an input. `line` is the line number of the record. `language` applies to names without a
    /// language.
    pub fn into_input(self, line: u64, language: &str) -> ImportedConcept<PlaceInput> {
        let input = PlaceInput {
            slug: Patch::Set(self.slug.clone()),
            name: Patch::Set(self.name),
            names: names(self.names, language),
            alt_names: names(self.alt_names, language),
            uri: Patch::from_option(self.uri),
            kind: Patch::Set(self.kind),
            iso3166_alpha2: Patch::from_option(self.iso3166_alpha2),
            iso3166_alpha3: Patch::from_option(self.iso3166_alpha3),
            m49: Patch::from_option(self.m49),
            geonames_id: Patch::from_option(self.geonames_id),
            latitude: Patch::from_option(self.latitude),
            longitude: Patch::from_option(self.longitude),
            within: Patch::Keep,
            retired_at: Patch::from_option(self.retired_at),
        };
        ImportedConcept { line, slug: self.slug, parents: self.within.into_iter().collect(), input }
    }
}

impl ReleaseRecord {
    /// Returns the release as an input, and the number of control characters that were replaced in an HTML body.
    /// Fails if the record has both a Markdown and an HTML body, or if the HTML body is too long.
    pub fn into_input(self) -> Result<(ImportedRelease, ControlCount), String> {
        let mut controls = ControlCount::default();
        let markdown = match (self.body_markdown, self.body_html) {
            (Some(_), Some(_)) => {
                return Err("bodyMarkdown and bodyHtml cannot be combined: remove one of them".to_owned());
            }
            (markdown, None) => markdown,
            (None, Some(mut html)) => {
                controls += replace_controls(&mut html);
                let mut markdown = markup::from_html(&html).map_err(|error| format!("bodyHtml: {error}"))?;
                // Character references can be control characters.
                controls += replace_controls(&mut markdown);
                Some(markdown)
            }
        };
        let input = ReleaseInput {
            slug: self.slug.map_or(Patch::Keep, Patch::Set),
            kind: self.kind.map_or(Patch::Keep, Patch::Set),
            headline: Patch::Set(self.headline),
            subheadline: Patch::from_option(self.subheadline),
            summary: Patch::from_option(self.summary),
            body_markdown: Patch::from_option(markdown),
            language: self.language.map_or(Patch::Keep, Patch::Set),
            release_date: Patch::Set(self.release_date),
            dateline_places: Patch::Keep,
            dateline_text: Patch::from_option(self.dateline_text),
            topics: Patch::Keep,
            places: Patch::Keep,
            external_id: Patch::from_option(self.external_id),
            editorial_note: Patch::from_option(self.editorial_note),
        };
        let release = ImportedRelease {
            input,
            topics: self.topics.unwrap_or_default(),
            dateline: self.dateline_places.unwrap_or_default(),
            about: self.places.unwrap_or_default(),
            state: self.state.unwrap_or(ReleaseState::Draft),
            published_at: self.published_at,
            withdrawal: self.withdrawal.map(|record| ImportedWithdrawal {
                details: Withdrawal { kind: record.kind, notice: record.notice, redirect_to: record.redirect_to },
                at: record.at,
            }),
        };
        Ok((release, controls))
    }
}

fn names(records: Option<Vec<NameRecord>>, language: &str) -> Patch<Vec<Name>> {
    let name = |record: NameRecord| Name {
        language: record.language.unwrap_or_else(|| language.to_owned()),
        name: record.name,
    };
    Patch::Set(records.into_iter().flatten().map(name).collect())
}
