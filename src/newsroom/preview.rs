//! Preview links: one release, as it is being worked on, for whoever holds the link, without an account.
//!
//! A link holds its key, sealed with a key of this newsroom ([`super::seal`]), so that a forged one is known without
//! asking the database and tells nothing by itself; it is not kept, so nobody can read it there. It shows one release and nothing
//! else. Links that earlier versions made are good until they end.

use chrono::{DateTime, SubsecRound, Utc};
use entity::{Noun, access_log::AccessKind, preview_link, release};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, EntityTrait, IntoActiveModel};
use uuid::Uuid;

use super::{
    Code, Error, Newsroom,
    history::VersionFound,
    workflow::{self, Act, Case},
};
use crate::{range, viewer::Viewer};

/// A link that was made.
#[derive(Clone, Debug)]
pub struct PreviewLink {
    /// Its key, to take it back by.
    pub id: Uuid,
    /// What to give to `preview`.
    pub token: String,
    /// Where a reader goes, where the newsroom has said so.
    pub url: Option<String>,
}

impl Newsroom {
    /// Makes a link to a release.
    pub async fn preview_create(
        &self,
        viewer: &Viewer,
        release: Uuid,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<PreviewLink, Error> {
        workflow::allowed(Act::Preview, viewer)?;
        let mut write = self.begin(viewer, now).await?;
        let row = find(write.tx(), release, "releaseId").await?;
        workflow::next(Act::Preview, case(&row), viewer, self.customs.house)?;
        let expires_at = expires_at.trunc_subsecs(6);
        if let Err(error) = range::check_instant(expires_at) {
            return Err(Error::field(&["expiresAt"], Code::Invalid, format!("expiresAt: {error}")));
        }
        if expires_at <= write.at() {
            let told = "expiresAt is over: give a later instant";
            return Err(Error::field(&["expiresAt"], Code::Invalid, told));
        }
        let id = Uuid::now_v7();
        let link = preview_link::ActiveModel {
            id: Set(id),
            release_id: Set(release),
            created_at: Set(write.at()),
            created_by: Set(write.by().to_owned()),
            expires_at: Set(expires_at),
            revoked_at: Set(None),
        };
        preview_link::Entity::insert(link).exec_without_returning(write.tx()).await?;
        let note = format!("{NOTE}{} until {}", id.simple(), super::schedule::shown(expires_at));
        let image = write.image(Noun::Release, release).await?;
        write.record(Act::Preview.name(), Noun::Release, release, Some(note), image.as_ref(), image.as_ref())?;
        write.commit().await?;
        let token = self.seal.seal_link(id);
        let url = self.customs.preview_template.as_ref().map(|template| template.replace("{token}", &token));
        Ok(PreviewLink { id, token, url })
    }

    /// Takes a link back, at once and for good.
    pub async fn preview_revoke(&self, viewer: &Viewer, id: Uuid, now: DateTime<Utc>) -> Result<Uuid, Error> {
        workflow::allowed(Act::Preview, viewer)?;
        let mut write = self.begin(viewer, now).await?;
        let link = preview_link::Entity::find_by_id(id).one(write.tx()).await?;
        let link = link.ok_or(Error::NotFound("preview link"))?;
        let row = find(write.tx(), link.release_id, "id").await?;
        workflow::may_on(Act::Preview, &row.author, viewer)?;
        if link.revoked_at.is_some() {
            return Ok(id);
        }
        let release = link.release_id;
        let mut change = link.into_active_model();
        change.revoked_at = Set(Some(write.at()));
        change.update(write.tx()).await?;
        let note = format!("{NOTE}{}", id.simple());
        let image = write.image(Noun::Release, release).await?;
        write.record(REVOKED, Noun::Release, release, Some(note), image.as_ref(), image.as_ref())?;
        write.commit().await?;
        Ok(id)
    }

    /// What a link shows now: the newest version of its release. Nothing where the link is forged, over, taken back or of a
    /// release that is no more; these are not told apart. Each use is in the access log.
    pub async fn preview(&self, token: &str, now: DateTime<Utc>) -> Result<Option<VersionFound>, Error> {
        let db = self.db.reader();
        let Some(id) = self.seal.open_link(token) else { return Ok(None) };
        let link = preview_link::Entity::find_by_id(id).one(db).await?;
        let Some(link) = link.filter(|link| link.revoked_at.is_none() && now < link.expires_at) else {
            return Ok(None);
        };
        let Some(row) = release::Entity::find_by_id(link.release_id).one(db).await? else { return Ok(None) };
        // Nothing leads back from there, not even for those who held a link before.
        if row.state == release::ReleaseState::Retracted {
            return Ok(None);
        }
        let Some(version) = row.working_revision_id.or(row.live_revision_id) else { return Ok(None) };
        let found = self.version_by_key(version).await?;
        if found.is_some() {
            self.accesses.note(AccessKind::Preview, &format!("{READER}{}", id.simple()), row.id, version, now);
        }
        Ok(found)
    }

    /// A note of the journal as it is shown: rows name a preview link by its key.
    pub(super) fn shown_note(&self, note: &str) -> String {
        let named = note.strip_prefix(NOTE).and_then(|rest| {
            let (key, rest) = rest.split_at_checked(32)?;
            Some((Uuid::try_parse(key).ok()?, rest))
        });
        match named {
            Some((key, rest)) => format!("{NOTE}{}{rest}", self.ids.encode(Noun::PreviewLink, key)),
            None => note.to_owned(),
        }
    }

    /// Who read by a preview link, as it is shown: rows name the link by its key.
    pub(super) fn shown_reader(&self, by: &str) -> String {
        let key = by.strip_prefix(READER).and_then(|key| Uuid::try_parse(key).ok());
        key.map_or_else(|| by.to_owned(), |key| self.ids.encode(Noun::PreviewLink, key))
    }
}

/// Before the key of a link, in the note of an entry of the journal.
const NOTE: &str = "preview link ";

/// Before the key of a link, where the access log says who read.
const READER: &str = "preview_";

/// Whether an act's note names a preview link.
pub(super) fn is_about_a_link(act: &str) -> bool {
    act == Act::Preview.name() || act == REVOKED
}

/// The act of taking a link back, in the journal.
const REVOKED: &str = "release.preview_revoke";

async fn find<C: ConnectionTrait>(db: &C, id: Uuid, field: &str) -> Result<release::Model, Error> {
    let told = "there is no such release";
    release::Entity::find_by_id(id).one(db).await?.ok_or_else(|| Error::field(&[field], Code::NotFound, told))
}

fn case(row: &release::Model) -> Case<'_> {
    Case { state: row.state, author: &row.author, unseen: None }
}
