//! `dateline token`: creates, lists and revokes access tokens.
//!
//! This file parses `--expires` and prints the results. The rules for tokens are in `newsroom::access::tokens`.

use std::process::ExitCode;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::{Subcommand, ValueEnum};
use entity::{
    Noun,
    api_token::{self, Role},
};
use sea_orm::ActiveEnum;

use super::{
    context::{CommandError, open_app, open_existing_app, operator},
    output::{print, print_to_stderr},
};
use crate::{
    config::Settings,
    date_range,
    newsroom::{
        Error, Newsroom,
        access::{public_id::IdCodec, tokens::TokenInput},
        reading::pagination::{MAX_SIZE, PageRequest},
    },
};

#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Create a token; its secret is printed only once
    Create {
        /// Person or system that uses the token
        #[arg(long)]
        subject: String,
        /// What the token is for
        #[arg(long)]
        name: String,
        /// Role of the token
        #[arg(long)]
        role: RoleName,
        /// Expiry: 90d, 12h, an instant such as 2027-01-31T00:00:00Z, or never
        #[arg(long, default_value = "90d")]
        expires: String,
    },
    /// List all tokens, newest first: id, role, subject, name, expiry and last use, separated by tabs
    List,
    /// Revoke a token permanently
    Revoke {
        /// Id of the token, as `token list` prints it
        id: String,
    },
}

/// The value of `--role`.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum RoleName {
    /// An accredited journalist
    Press,
    /// Writes drafts and revises their own releases
    Author,
    /// Publishes and withdraws any release
    Editor,
    /// Manages topics, places and tokens
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Press => Self::Press,
            RoleName::Author => Self::Author,
            RoleName::Editor => Self::Editor,
            RoleName::Admin => Self::Admin,
        }
    }
}

/// Loads all tokens, newest first, a page at a time.
async fn all_tokens(newsroom: &Newsroom) -> Result<Vec<api_token::Model>, Error> {
    let (mut tokens, mut after) = (Vec::new(), None);
    loop {
        let request = PageRequest { first: Some(MAX_SIZE), after, ..PageRequest::default() };
        let page = newsroom.tokens(&operator(), &request).await?;
        after = page.entries.last().map(|(cursor, _)| cursor.clone());
        tokens.extend(page.entries.into_iter().map(|(_, token)| token));
        if !page.has_next {
            return Ok(tokens);
        }
    }
}

impl Token {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, CommandError> {
        match self {
            Self::Create { subject, name, role, expires } => {
                let expiry = Expiry::parse(&expires)?;
                let app = open_app(settings).await?;
                let now = app.clock.now();
                let input = TokenInput { subject, name, role: role.into(), expires_at: expiry.resolve(now)? };
                let (token, secret) = app.newsroom.token_create(&operator(), input, now).await?;
                let id = id(&app.newsroom.ids, &token);
                print(&secret).map_err(|error| {
                    format!("{error}; the token {id} was created nevertheless: revoke it (dateline token revoke {id}) and create another")
                })?;
                print_to_stderr(&format!(
                    "{id} for {}, {}, {}; the secret above is not shown again",
                    token.subject,
                    token.role.to_value(),
                    expiry_text(&token)
                ));
            }
            Self::List => {
                let app = open_existing_app(settings).await?;
                let now = app.clock.now();
                for token in all_tokens(&app.newsroom).await? {
                    let state = if token.revoked_at.is_some() {
                        "revoked".to_owned()
                    } else if token.expires_at.is_some_and(|at| at <= now) {
                        "expired".to_owned()
                    } else {
                        expiry_text(&token)
                    };
                    let id = id(&app.newsroom.ids, &token);
                    let (role, last_use) = (token.role.to_value(), last_use_text(&token));
                    print(&format!("{id}\t{role}\t{}\t{}\t{state}\t{last_use}", token.subject, token.name))?;
                }
            }
            Self::Revoke { id } => {
                let app = open_existing_app(settings).await?;
                let key = app.newsroom.ids.decode_as(Noun::Token, &id);
                let key =
                    key.ok_or_else(|| format!("\"{id}\" is not the id of a token: `dateline token list` prints them"))?;
                app.newsroom.token_revoke(&operator(), key, app.clock.now()).await?;
                print(&format!("{id} is revoked"))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn id(ids: &IdCodec, token: &api_token::Model) -> String {
    ids.encode(Noun::Token, token.id)
}

fn expiry_text(token: &api_token::Model) -> String {
    token.expires_at.map_or_else(|| "never expires".to_owned(), |at| format!("expires {}", rfc3339(at)))
}

fn last_use_text(token: &api_token::Model) -> String {
    token.last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("last used {}", rfc3339(at)))
}

fn rfc3339(at: DateTime<Utc>) -> String {
    date_range::clamp_instant(at).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The value of `--expires`.
enum Expiry {
    Never,
    At(DateTime<Utc>),
    After(TimeDelta),
}

impl Expiry {
    fn parse(text: &str) -> Result<Self, CommandError> {
        if text == "never" {
            return Ok(Self::Never);
        }
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            let at = date_range::check_instant(at.to_utc());
            return Ok(Self::At(at.map_err(|error| format!("--expires is \"{text}\": {error}"))?));
        }
        let span = text.split_at_checked(text.len().saturating_sub(1)).and_then(|(number, unit)| {
            let number: i64 = number.parse().ok().filter(|&number| number > 0)?;
            match unit {
                "d" => TimeDelta::try_days(number),
                "h" => TimeDelta::try_hours(number),
                _ => None,
            }
        });
        let advice = "use 90d, 12h, an instant such as 2027-01-31T00:00:00Z, or never";
        Ok(Self::After(span.ok_or_else(|| format!("--expires is \"{text}\": {advice}"))?))
    }

    /// Returns the expiry of a token that is created at `now`; `None` means that the token never expires. Fails if
    /// the expiry is after the year 9999.
    fn resolve(self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, CommandError> {
        let at = match self {
            Self::Never => return Ok(None),
            Self::At(at) => at,
            Self::After(span) => now.checked_add_signed(span).unwrap_or(DateTime::<Utc>::MAX_UTC),
        };
        let too_long = "--expires ends after the year 9999: use a shorter time, or never";
        Ok(Some(date_range::check_instant(at).map_err(|_| too_long)?))
    }
}
