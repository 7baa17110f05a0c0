//! Matching of imported releases: finds the stored release of a record, and decides whether the record is new, an
//! update, a conflict or unchanged.
//!
//! A record with a slug is matched by external id, and then by slug. A record without a slug is matched by external
//! id, or by kind, headline and date if it has no external id. An import never undoes a withdrawal. It overwrites an
//! editor's changes only with the option `overwrite`. Topics and places are matched in `concept`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{
    Noun,
    release::{self, ReleaseState},
    revision, slug,
};
use sea_orm::{ActiveEnum, ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    importer::{Importer, RecordResult},
    origin::Origin,
    record::ImportedWithdrawal,
};
use crate::{
    catalog::{assigned_places, assigned_topics},
    newsroom::{error::Error, release::content::Content, text::slug as slug_format},
};

/// Highest number that is appended to a slug generated from a headline. If all numbered slugs are taken, the record
/// gets a slug that contains a digest.
const MAX_NUMBERED_SLUGS: u32 = 20;

/// A release record that passed validation.
pub(super) struct ValidRecord {
    pub(super) origin: Origin,
    pub(super) content: Content,
    /// Whether the file gives the record a slug. A record without a slug is matched by external id, or else by kind,
    /// headline and date.
    pub(super) slug_given: bool,
    /// Slugs under which the release may be stored: the slug that the file gives, or all slugs that could be
    /// generated for the record.
    pub(super) candidate_slugs: Vec<String>,
    pub(super) state: ReleaseState,
    pub(super) published_at: Option<DateTime<Utc>>,
    pub(super) published_at_given: bool,
    pub(super) withdrawal: Option<ImportedWithdrawal>,
}

/// A stored release that a record matches, with the content and number of its newest revision.
pub(super) struct ExistingRelease {
    pub(super) row: release::Model,
    pub(super) content: Content,
    pub(super) number: i32,
}

impl Importer<'_> {
    /// Finds the stored release of each record. For each record, returns the id of that release, or `None` if the
    /// record is new. Returns an error message if the external id and the slug of a record belong to different
    /// releases. Also generates a slug for each record without a slug.
    pub(super) async fn match_releases(
        &mut self,
        records: &mut [ValidRecord],
    ) -> Result<Vec<Result<Option<Uuid>, String>>, Error> {
        let external: Vec<String> = records.iter().filter_map(|record| record.content.external_id.clone()).collect();
        let slugs: Vec<String> = records.iter().flat_map(|record| record.candidate_slugs.iter().cloned()).collect();
        let tx = self.unit_of_work().await?.tx();
        let by_external: HashMap<String, Uuid> = if external.is_empty() {
            HashMap::new()
        } else {
            let rows: Vec<(Uuid, String)> = release::Entity::find()
                .select_only()
                .columns([release::Column::Id, release::Column::ExternalId])
                .filter(release::Column::ExternalId.is_in(external))
                .into_tuple()
                .all(tx)
                .await?;
            rows.into_iter().map(|(id, external)| (external, id)).collect()
        };
        let mut by_slug: HashMap<String, Uuid> = HashMap::new();
        for chunk in slugs.chunks(10_000) {
            let rows = slug::Entity::find()
                .filter(slug::Column::Noun.eq(Noun::Release))
                .filter(slug::Column::Slug.is_in(chunk.to_vec()))
                .all(tx)
                .await?;
            by_slug.extend(rows.into_iter().map(|row| (row.slug, row.owner_id)));
        }
        // For records without a slug: all revisions of the releases that own one of their candidate slugs.
        let owners: Vec<Uuid> = records
            .iter()
            .filter(|record| !record.slug_given)
            .flat_map(|record| &record.candidate_slugs)
            .filter_map(|slug| by_slug.get(slug).copied())
            .collect();
        let candidates = if owners.is_empty() {
            Vec::new()
        } else {
            revision::Entity::find()
                .select_only()
                .columns([
                    revision::Column::ReleaseId,
                    revision::Column::Kind,
                    revision::Column::Headline,
                    revision::Column::ReleaseDate,
                ])
                .filter(revision::Column::ReleaseId.is_in(owners))
                .into_tuple::<(Uuid, release::ReleaseKind, String, chrono::NaiveDate)>()
                .all(tx)
                .await?
        };
        let match_record = |record: &mut ValidRecord| {
            let content = &mut record.content;
            let external = content.external_id.as_ref().and_then(|external| by_external.get(external).copied());
            if !record.slug_given {
                let same = |kind: &release::ReleaseKind, headline: &str, date: &chrono::NaiveDate| {
                    *kind == content.kind && headline == content.headline && *date == content.release_date
                };
                let existing =
                    candidates.iter().find(|(_, kind, headline, date)| same(kind, headline, date)).map(|&(id, ..)| id);
                let base = content.slug.clone();
                let available = record.candidate_slugs.iter().find(|slug| !by_slug.contains_key(*slug));
                content.slug = available.cloned().unwrap_or_else(|| {
                    // All candidates are taken, even the slug with the digest. Append the random half of a UUIDv7.
                    // The other half would reveal the time of the import.
                    let random = Uuid::now_v7().as_u128() as u64;
                    format!("{base}-{random:016x}")
                });
                // If a record has an external id but no slug, it is matched by the external id only.
                return Ok(if content.external_id.is_some() { external } else { existing });
            }
            match (external, by_slug.get(&content.slug).copied()) {
                (Some(external_owner), Some(slug_owner)) if external_owner != slug_owner => Err(format!(
                    "externalId \"{}\" and slug \"{}\" belong to two different releases: correct one of them",
                    content.external_id.as_deref().unwrap_or_default(),
                    content.slug
                )),
                (external_owner, slug_owner) => Ok(external_owner.or(slug_owner)),
            }
        };
        Ok(records.iter_mut().map(match_record).collect())
    }

    /// Loads stored releases with the content of their newest revisions.
    pub(super) async fn existing_releases(&mut self, ids: &[Uuid]) -> Result<HashMap<Uuid, ExistingRelease>, Error> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let tx = self.unit_of_work().await?.tx();
        let rows = release::Entity::find().filter(release::Column::Id.is_in(ids.to_vec())).all(tx).await?;
        let keys: Vec<Uuid> = rows.iter().filter_map(|row| row.working_revision_id.or(row.live_revision_id)).collect();
        let mut topics = assigned_topics(tx, &keys).await?;
        let mut places = assigned_places(tx, &keys).await?;
        let revisions = revision::Entity::find().filter(revision::Column::Id.is_in(keys)).all(tx).await?;
        let mut revisions: HashMap<Uuid, revision::Model> =
            revisions.into_iter().map(|row| (row.release_id, row)).collect();
        let existing = |row: release::Model| {
            let revision = revisions.remove(&row.id)?;
            let (topics, places) =
                (topics.remove(&revision.id).unwrap_or_default(), places.remove(&revision.id).unwrap_or_default());
            Some((
                row.id,
                ExistingRelease { number: revision.number, content: Content::from_row(revision, topics, places), row },
            ))
        };
        Ok(rows.into_iter().filter_map(existing).collect())
    }
}

/// What to do with a record that matches a stored release.
pub(super) enum Decision {
    Leave(RecordResult),
    Update(Box<ValidRecord>, Box<ExistingRelease>),
}

/// Decides whether a record updates the stored release that it matches, equals it, or conflicts with it.
pub(super) fn decide(mut record: ValidRecord, old: ExistingRelease, overwrite: bool) -> Decision {
    if !record.slug_given {
        record.content.slug.clone_from(&old.content.slug);
    }
    if trim_for_comparison(record.content.body_markdown.as_deref())
        == trim_for_comparison(old.content.body_markdown.as_deref())
    {
        record.content.body_markdown.clone_from(&old.content.body_markdown);
    }
    let row = &old.row;
    let same_lifecycle = row.state == record.state
        && (!record.published_at_given || row.published_at == record.published_at)
        && record.withdrawal.as_ref().is_none_or(|given| {
            Some(given.details.kind) == row.withdrawal_kind
                && given.details.notice == row.withdrawal_notice
                && given.details.redirect_to == row.withdrawal_redirect
                && given.at.is_none_or(|at| Some(at) == row.withdrawn_at)
        });
    // If the release has both a live and a working revision, the working revision is an edit that the file does not
    // contain. The release is then not unchanged, even if the record equals the working revision.
    let working_beside_live = row.live_revision_id.is_some() && row.working_revision_id.is_some();
    if same_lifecycle && record.content == old.content && !working_beside_live {
        return Decision::Leave(RecordResult::Unchanged);
    }
    let conflict = |why: &str| Decision::Leave(RecordResult::Conflict(format!("\"{}\" {why}", row.slug)));
    if row.state == ReleaseState::Withdrawn && record.state != ReleaseState::Withdrawn {
        return conflict("was withdrawn in Dateline; an import never undoes a withdrawal");
    }
    if row.state == ReleaseState::Retracted {
        return conflict("was retracted in Dateline; a retraction is final");
    }
    if row.state == ReleaseState::Published && row.embargo_until.is_some() {
        return conflict(
            "is under an embargo in Dateline; an import never lifts an embargo: lift it in Dateline first",
        );
    }
    if row.state == ReleaseState::Published && record.state == ReleaseState::Draft {
        return conflict(
            "is published in Dateline and a draft in the file; an import never unpublishes a release: withdraw it in \
             Dateline",
        );
    }
    if !row.as_imported && !overwrite {
        return conflict(
            "was changed in Dateline since the last import; it is left unchanged (use --overwrite to import it anyway)",
        );
    }
    Decision::Update(Box::new(record), Box::new(old))
}

/// Returns a body without leading blank lines and trailing white space, which do not affect its HTML. Two bodies that
/// differ only in these parts count as equal. The reason is that earlier program versions trimmed bodies on import.
/// Without this rule, importing such a file again would update its releases and change their modification dates.
fn trim_for_comparison(body: Option<&str>) -> Option<&str> {
    let body = body?.trim_end();
    let blank = body.len() - body.trim_start().len();
    let begin = body[..blank].rfind('\n').map_or(0, |at| at + 1);
    Some(&body[begin..])
}

impl ValidRecord {
    /// Returns the match keys of a record: external id and candidate slugs. Two records of a batch that share a match
    /// key may belong to the same release.
    pub(super) fn match_keys(&self) -> Vec<String> {
        let external = self.content.external_id.iter().map(|external| format!("e {external}"));
        external.chain(self.candidate_slugs.iter().map(|slug| format!("s {slug}"))).collect()
    }
}

/// Returns the slugs under which a release with this content may be stored. `slug_given` says whether the file gives
/// the slug.
pub(super) fn candidate_slugs(content: &Content, slug_given: bool) -> Vec<String> {
    if slug_given { vec![content.slug.clone()] } else { slug_variants(content) }
}

/// Returns the slugs that a record without a slug may get, in order of preference. A new release gets the first slug
/// that is not taken. A later import looks for the release under all these slugs. The last slug contains a digest of
/// the record, so it is available even if many releases have the same headline.
fn slug_variants(content: &Content) -> Vec<String> {
    let base = &content.slug;
    let numbered = (2..=MAX_NUMBERED_SLUGS).map(|number| slug_format::numbered(base, number));
    std::iter::once(base.clone()).chain(numbered).chain([digest_slug(content)]).collect()
}

/// Returns a slug with a digest of kind, release date, externalId (empty if there is none) and headline.
fn digest_slug(content: &Content) -> String {
    let Content { kind, headline, release_date, external_id, .. } = content;
    let mut digest = Sha256::new();
    for part in [kind.to_value(), release_date.to_string(), external_id.clone().unwrap_or_default(), headline.clone()] {
        // Hash the length of each part too. Otherwise different parts with the same concatenation would have the same
        // digest.
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let [a, b, c, d, ..]: [u8; 32] = digest.finalize().into();
    format!("{}-{:08x}", content.slug, u32::from_be_bytes([a, b, c, d]))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use chrono::NaiveDate;

    use super::*;

    #[test]
    fn a_record_without_a_slug_gets_a_unique_and_stable_slug() {
        let date = |day| NaiveDate::from_ymd_opt(2006, 5, day).unwrap_or_default();
        let record = |headline: &str, day, external: Option<&str>| {
            let mut content = Content::blank("en", date(day));
            content.headline = headline.to_owned();
            content.slug = slug_format::from_headline(headline);
            content.external_id = external.map(str::to_owned);
            content
        };
        let contents = [
            record("Notice", 8, None),
            record("Notice", 9, None),
            record("Notice!", 8, None),
            record("Notice", 8, Some("1")),
            record("Notice", 8, Some("2")),
        ];
        let last = |content: &Content| slug_variants(content).pop().unwrap_or_default();
        let slugs: HashSet<String> = contents.iter().map(last).collect();
        assert_eq!(slugs.len(), contents.len(), "{slugs:?}");
        for content in &contents {
            let slug = last(content);
            assert_eq!((slug.len(), slug_format::check(&slug)), ("notice-".len() + 8, Ok(())));
            assert_eq!(last(&content.clone()), slug);
        }
        // Databases store such slugs, so later program versions must compute the same slug.
        assert_eq!(last(&contents[0]), "notice-27dded30");
    }
}
