//! Preview links: access to the newest revision of one release without an account, until the link expires or is
//! revoked.
//!
//! A preview link contains the encrypted key of its database row (`resume_token`). A forged link is therefore
//! rejected without a query, and the stored row does not reveal the link. Each use is recorded in the access log.
//! `link_names` defines how journal notes name a link.

use chrono::{DateTime, SubsecRound, Utc};
use entity::{Noun, access_log::AccessKind, preview_link, release};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, EntityTrait, IntoActiveModel};
use uuid::Uuid;

use super::link_names::{NOTE_PREFIX, READER_PREFIX, REVOKE_ACTION};
use crate::{
    auth::viewer::Viewer,
    date_range,
    newsroom::{
        error::{Error, ErrorCode},
        release::revision::ReleaseVersion,
        service::Newsroom,
        text::local_time::format_instant,
        workflow::{self, ReleaseAction, TransitionInput},
    },
};

/// A new preview link.
#[derive(Clone, Debug)]
pub struct PreviewLink {
    /// Key of the link's row. It is needed to revoke the link.
    pub id: Uuid,
    /// The secret text of the link: the argument of the query field `preview`.
    pub token: String,
    /// URL of the preview. `None` if the newsroom has no preview URL template.
    pub url: Option<String>,
}

/// What a preview link shows.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The newest revision of the release.
    pub version: ReleaseVersion,
    /// When the link expires.
    pub expires_at: DateTime<Utc>,
}

impl Newsroom {
    /// Creates a preview link to a release, valid until `expires_at`.
    pub async fn preview_create(
        &self,
        viewer: &Viewer,
        release: Uuid,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<PreviewLink, Error> {
        workflow::check_role(ReleaseAction::Preview, viewer)?;
        let mut unit_of_work = self.begin(viewer, now).await?;
        let row = find_release(unit_of_work.tx(), release, "releaseId").await?;
        workflow::next_state(ReleaseAction::Preview, transition_input(&row), viewer, self.settings.workflow_policy)?;
        let expires_at = expires_at.trunc_subsecs(6);
        if let Err(error) = date_range::check_instant(expires_at) {
            return Err(Error::field(&["expiresAt"], ErrorCode::Invalid, format!("expiresAt: {error}")));
        }
        if expires_at <= unit_of_work.at() {
            let message = "expiresAt is in the past: give a later instant";
            return Err(Error::field(&["expiresAt"], ErrorCode::Invalid, message));
        }
        let id = Uuid::now_v7();
        let link = preview_link::ActiveModel {
            id: Set(id),
            release_id: Set(release),
            created_at: Set(unit_of_work.at()),
            created_by: Set(unit_of_work.by().to_owned()),
            expires_at: Set(expires_at),
            revoked_at: Set(None),
        };
        preview_link::Entity::insert(link).exec_without_returning(unit_of_work.tx()).await?;
        let note = format!("{NOTE_PREFIX}{} until {}", id.simple(), format_instant(expires_at));
        let image = unit_of_work.image(Noun::Release, release).await?;
        unit_of_work.record(
            ReleaseAction::Preview.name(),
            Noun::Release,
            release,
            Some(note),
            image.as_ref(),
            image.as_ref(),
        )?;
        unit_of_work.commit().await?;
        let token = self.token_cipher.encrypt_link(id);
        let url = self.settings.preview_template.as_ref().map(|template| template.replace("{token}", &token));
        Ok(PreviewLink { id, token, url })
    }

    /// Revokes a preview link immediately and permanently.
    pub async fn preview_revoke(&self, viewer: &Viewer, id: Uuid, now: DateTime<Utc>) -> Result<Uuid, Error> {
        workflow::check_role(ReleaseAction::Preview, viewer)?;
        let mut unit_of_work = self.begin(viewer, now).await?;
        let link = preview_link::Entity::find_by_id(id).one(unit_of_work.tx()).await?;
        let link = link.ok_or(Error::NotFound("preview link"))?;
        let row = find_release(unit_of_work.tx(), link.release_id, "id").await?;
        workflow::check_ownership(ReleaseAction::Preview, &row.author, viewer)?;
        if link.revoked_at.is_some() {
            return Ok(id);
        }
        let release = link.release_id;
        let mut change = link.into_active_model();
        change.revoked_at = Set(Some(unit_of_work.at()));
        change.update(unit_of_work.tx()).await?;
        let note = format!("{NOTE_PREFIX}{}", id.simple());
        let image = unit_of_work.image(Noun::Release, release).await?;
        unit_of_work.record(REVOKE_ACTION, Noun::Release, release, Some(note), image.as_ref(), image.as_ref())?;
        unit_of_work.commit().await?;
        Ok(id)
    }

    /// Returns the newest revision of the release that a preview link belongs to. Returns `None` if the link is
    /// forged, expired or revoked, or if its release was purged or retracted; the caller cannot distinguish these
    /// cases. Each successful use is recorded in the access log.
    pub async fn preview(&self, token: &str, now: DateTime<Utc>) -> Result<Option<Preview>, Error> {
        let db = self.db.reader();
        let Some(id) = self.token_cipher.decrypt_link(token) else { return Ok(None) };
        let link = preview_link::Entity::find_by_id(id).one(db).await?;
        let Some(link) = link.filter(|link| link.revoked_at.is_none() && now < link.expires_at) else {
            return Ok(None);
        };
        let Some(row) = release::Entity::find_by_id(link.release_id).one(db).await? else { return Ok(None) };
        // A retracted release has no preview, not even for holders of older links.
        if row.state == release::ReleaseState::Retracted {
            return Ok(None);
        }
        let Some(version) = row.working_revision_id.or(row.live_revision_id) else { return Ok(None) };
        let preview =
            self.version_by_key(version).await?.map(|version| Preview { version, expires_at: link.expires_at });
        if preview.is_some() {
            self.pending_reads.record_read(
                AccessKind::Preview,
                &format!("{READER_PREFIX}{}", id.simple()),
                row.id,
                version,
                now,
            );
        }
        Ok(preview)
    }
}

async fn find_release<C: ConnectionTrait>(db: &C, id: Uuid, field: &str) -> Result<release::Model, Error> {
    let message = "there is no such release";
    release::Entity::find_by_id(id).one(db).await?.ok_or_else(|| Error::field(&[field], ErrorCode::NotFound, message))
}

fn transition_input(row: &release::Model) -> TransitionInput<'_> {
    TransitionInput { state: row.state, author: &row.author, unapproved_author: None }
}
