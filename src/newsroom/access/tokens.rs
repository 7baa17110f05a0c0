//! Access tokens (bearer tokens): authenticate, create, list and revoke. Only the SHA-256 of a secret is stored.
//!
//! A token has a role, a subject and optionally an expiry. A token that was revoked or has expired is rejected from
//! the next request on; `http::session` ends its open streams. The last use of a token is stored with the access log,
//! with a precision of ten minutes. Tokens that an OIDC issuer signs are handled in `auth::oidc`.

use std::fmt::Write as _;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use entity::{
    Noun,
    api_token::{self, Role},
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    auth::viewer::Viewer,
    date_range,
    db::DatabaseError,
    journal::is_reserved_actor,
    newsroom::{
        error::{Error, ErrorCode},
        reading::{
            pagination::{CursorKey, PageRequest},
            row_page::{RowPage, fetch_page},
        },
        service::Newsroom,
        validation::{Patch, Validator},
        workflow::{self, Resource},
    },
};

/// Prefix of every secret, so that secret scanners recognise a leaked token.
pub const PREFIX: &str = "dateline_";

/// Precision of the stored last use of a token. Because it is coarse, most requests cause no write.
const LAST_USED_PRECISION: TimeDelta = TimeDelta::minutes(10);

/// The fields of a new token.
#[derive(Clone, Debug)]
pub struct TokenInput {
    /// The person or system that uses the token, at most 200 characters.
    pub subject: String,
    /// Purpose of the token, at most 200 characters.
    pub name: String,
    /// Role of the token.
    pub role: Role,
    /// Instant at which the token expires. `None` if the token never expires.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Why a token is rejected.
#[derive(Clone, Debug, PartialEq)]
pub enum AuthError {
    /// No token has this secret.
    Unknown,
    /// The token has expired.
    Expired(DateTime<Utc>),
    /// The token was revoked.
    Revoked,
    /// The token of an OIDC issuer is not accepted, for this reason.
    Rejected(String),
    /// The database failed.
    Db(DatabaseError),
}

impl Newsroom {
    /// Authenticates the secret of a token with one SQL statement. At most every ten minutes, queues the token's last
    /// use for the next write of the access log.
    ///
    /// The secret is looked up by its SHA-256. A fast hash is safe, because a secret has 256 random bits. The
    /// duration of the look-up reveals nothing about any secret.
    pub async fn authenticate(&self, secret: &str, now: DateTime<Utc>) -> Result<Viewer, AuthError> {
        let stored = api_token::Entity::find()
            .filter(api_token::Column::SecretHash.eq(hash(secret.as_bytes())))
            .one(self.db.reader())
            .await;
        let token = stored.map_err(|error| AuthError::Db(error.into()))?.ok_or(AuthError::Unknown)?;
        if token.revoked_at.is_some() {
            return Err(AuthError::Revoked);
        }
        if let Some(at) = token.expires_at.filter(|&at| at <= now) {
            return Err(AuthError::Expired(at));
        }
        let viewer = Viewer::new(token.role, token.subject.clone());
        if token.last_used_at.is_none_or(|at| now - at >= LAST_USED_PRECISION) {
            self.pending_reads.record_token_use(token.id, now.trunc_subsecs(6));
        }
        Ok(viewer)
    }

    /// Creates a token. Returns its row and its secret, which cannot be read again later.
    pub async fn token_create(
        &self,
        viewer: &Viewer,
        input: TokenInput,
        now: DateTime<Utc>,
    ) -> Result<(api_token::Model, String), Error> {
        workflow::check_manage(Resource::Tokens, viewer)?;
        let mut validator = Validator::new(&["input"]);
        let (mut subject, mut name) = (String::new(), String::new());
        validator.required_line("subject", Patch::Set(input.subject), &mut subject, 200);
        validator.required_line("name", Patch::Set(input.name), &mut name, 200);
        if is_reserved_actor(&subject) {
            let message =
                format!("subject: \"{subject}\" is reserved for Dateline itself: give the name of a person or system");
            validator.add_error("subject", ErrorCode::Invalid, message);
        }
        let expires_at = input.expires_at.map(|at| at.trunc_subsecs(6));
        if let Some(error) = expires_at.and_then(|at| date_range::check_instant(at).err()) {
            validator.add_error("expiresAt", ErrorCode::Invalid, format!("expiresAt: {error}"));
        } else if expires_at.is_some_and(|at| at <= now) {
            validator.add_error(
                "expiresAt",
                ErrorCode::Invalid,
                "expiresAt is in the past: give a later instant, or omit it",
            );
        }
        if input.role == Role::Public {
            validator.add_error(
                "role",
                ErrorCode::Invalid,
                "the role PUBLIC needs no token: choose PRESS, AUTHOR, EDITOR or ADMIN",
            );
        }
        validator.finish()?;
        let secret = generate_secret()?;
        let mut unit_of_work = self.begin(viewer, now).await?;
        let row = api_token::ActiveModel {
            id: Set(Uuid::now_v7()),
            subject: Set(subject),
            name: Set(name),
            role: Set(input.role),
            secret_hash: Set(hash(secret.as_bytes())),
            created_at: Set(unit_of_work.at()),
            created_by: Set(unit_of_work.by().to_owned()),
            expires_at: Set(expires_at),
            last_used_at: Set(None),
            revoked_at: Set(None),
        };
        let token = row.insert(unit_of_work.tx()).await?;
        let note = format!("\"{}\" for {} as {:?}", token.name, token.subject, token.role);
        unit_of_work.record("token.create", Noun::Token, token.id, Some(note), None, None)?;
        unit_of_work.commit().await?;
        Ok((token, secret))
    }

    /// Revokes a token immediately and permanently.
    pub async fn token_revoke(&self, viewer: &Viewer, id: Uuid, now: DateTime<Utc>) -> Result<Uuid, Error> {
        workflow::check_manage(Resource::Tokens, viewer)?;
        let mut unit_of_work = self.begin(viewer, now).await?;
        let token = api_token::Entity::find_by_id(id).one(unit_of_work.tx()).await?.ok_or(Error::NotFound("token"))?;
        if token.revoked_at.is_some() {
            return Ok(id);
        }
        let mut change = token.into_active_model();
        change.revoked_at = Set(Some(unit_of_work.at()));
        change.update(unit_of_work.tx()).await?;
        unit_of_work.record("token.revoke", Noun::Token, id, None, None, None)?;
        unit_of_work.commit().await?;
        Ok(id)
    }

    /// Returns a page of the tokens, newest first. Runs one SQL statement.
    pub async fn tokens(&self, viewer: &Viewer, request: &PageRequest) -> Result<RowPage<api_token::Model>, Error> {
        workflow::check_manage(Resource::Tokens, viewer)?;
        let key = CursorKey::new(&self.token_cipher, "tokens", &"id", &());
        let position = |row: &api_token::Model| row.id;
        fetch_page(api_token::Entity::find(), api_token::Column::Id, position, &key, request, self.db.reader()).await
    }
}

/// Returns the SHA-256 as lower-case hexadecimal digits.
pub fn hash(bytes: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn generate_secret() -> Result<String, Error> {
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random_bytes()?)))
}

/// Returns 256 random bits.
pub(in crate::newsroom) fn random_bytes() -> Result<[u8; 32], Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::from(DbErr::Custom(format!("the system's random number generator failed: {error}"))))?;
    Ok(bytes)
}
