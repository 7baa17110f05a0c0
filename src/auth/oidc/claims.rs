//! JWT claim validation: issuer, audience, expiry (`exp`, `nbf`, `iat` with clock skew), subject and role.
//!
//! The role is the highest one that the values of the role claim map to. Signatures are verified before, in `keys`.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use entity::api_token::Role;
use serde_json::{Map, Value};

use super::{error::TokenRejected, settings::OidcSettings};
use crate::{auth::viewer::Viewer, journal::is_reserved_actor};

/// Longest subject, in characters; the same as of tokens made here.
const MAX_SUBJECT_LENGTH: usize = 200;

type Claims = Map<String, Value>;

/// Who holds a token with these claims.
pub(super) fn viewer_from_claims(
    claims: &Claims,
    settings: &OidcSettings,
    now: DateTime<Utc>,
) -> Result<Viewer, TokenRejected> {
    check_issuer_and_audience(claims, settings)?;
    check_validity_period(claims, settings.clock_skew, now)?;
    let subject = subject(claims, &settings.subject_claim)?;
    Ok(Viewer::new(role(claims, settings)?, subject))
}

fn check_issuer_and_audience(claims: &Claims, settings: &OidcSettings) -> Result<(), TokenRejected> {
    let OidcSettings { issuer, audience, .. } = settings;
    if claims.get("iss").and_then(Value::as_str) != Some(issuer) {
        return Err(TokenRejected(format!("the token is of another issuer: those of {issuer} are taken")));
    }
    if !string_values(claims.get("aud")).any(|value| value == audience) {
        return Err(TokenRejected(format!(
            "the token is for another audience: ask {issuer} for one whose `aud` names \"{audience}\""
        )));
    }
    Ok(())
}

fn check_validity_period(claims: &Claims, skew: TimeDelta, now: DateTime<Utc>) -> Result<(), TokenRejected> {
    let Some(expires_at) = numeric_date(claims, "exp")? else {
        return Err(TokenRejected("the token has no end (`exp`): let the issuer give it one".to_owned()));
    };
    if now - skew >= expires_at {
        return Err(TokenRejected(format!("the token expired at {}: sign in again", rfc3339(expires_at))));
    }
    for name in ["nbf", "iat"] {
        if let Some(valid_from) = numeric_date(claims, name)?.filter(|&valid_from| valid_from > now + skew) {
            return Err(TokenRejected(format!(
                "the token is not valid before {} (`{name}`): wait, or compare the issuer's clock with this server's",
                rfc3339(valid_from)
            )));
        }
    }
    Ok(())
}

/// A claim in seconds since 1970, which may have a fraction.
fn numeric_date(claims: &Claims, name: &str) -> Result<Option<DateTime<Utc>>, TokenRejected> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64));
    match seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)) {
        Some(at) => Ok(Some(at)),
        None => Err(TokenRejected(format!("the token's `{name}` is not an instant in seconds since 1970"))),
    }
}

fn subject(claims: &Claims, claim: &str) -> Result<String, TokenRejected> {
    let Some(subject) =
        claim_at_path(claims, claim).and_then(Value::as_str).filter(|subject| !subject.trim().is_empty())
    else {
        return Err(TokenRejected(format!(
            "the token does not say who it is for: it has no text in the claim `{claim}`"
        )));
    };
    let problem = if subject.chars().nth(MAX_SUBJECT_LENGTH).is_some() {
        "is longer than 200 characters"
    } else if subject.chars().any(char::is_control) {
        "has control characters in it"
    } else if subject.trim() != subject {
        "begins or ends with a space"
    } else if is_reserved_actor(subject) {
        "is reserved for Dateline itself"
    } else {
        return Ok(subject.to_owned());
    };
    Err(TokenRejected(format!(
        "the token does not say who it is for in a way that is taken: its claim `{claim}` {problem}"
    )))
}

/// The highest of the roles that the claim's values stand for.
fn role(claims: &Claims, settings: &OidcSettings) -> Result<Role, TokenRejected> {
    let OidcSettings { role_claim, roles, .. } = settings;
    string_values(claim_at_path(claims, role_claim)).filter_map(|value| roles.get(value).copied()).max().ok_or_else(
        || {
            let known: Vec<&str> = roles.keys().map(String::as_str).collect();
            TokenRejected(format!(
                "the token gives no role here: its claim `{role_claim}` has none of {}; ask whoever keeps the accounts",
                known.join(", ")
            ))
        },
    )
}

/// A text, or the texts of a list.
fn string_values(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let (single, list_items) = match value {
        Some(Value::Array(list)) => (None, list.as_slice()),
        single => (single, [].as_slice()),
    };
    single.into_iter().chain(list_items).filter_map(Value::as_str)
}

/// A claim by its name, or by the names that lead to it, joined by dots. A name may have dots itself, as addresses do.
fn claim_at_path<'a>(claims: &'a Claims, path: &str) -> Option<&'a Value> {
    claims.get(path).or_else(|| {
        path.match_indices('.')
            .find_map(|(at, _)| claim_at_path(claims.get(&path[..at])?.as_object()?, &path[at + 1..]))
    })
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_claim_path_may_enter_objects_and_names_may_contain_dots() {
        let claims = json!({ "realm_access": { "roles": 1 }, "https://a.example/roles": 2, "a.b": { "c": 3 }, "a": 4 });
        let claims = claims.as_object().unwrap();
        for (path, expected) in [("realm_access.roles", 1), ("https://a.example/roles", 2), ("a.b.c", 3), ("a", 4)] {
            assert_eq!(claim_at_path(claims, path), Some(&json!(expected)), "{path}");
        }
        for path in ["realm_access.x", "a.b.d", "a.x", "", ".", "realm_access."] {
            assert_eq!(claim_at_path(claims, path), None, "{path}");
        }
    }

    #[test]
    fn an_invalid_numeric_date_is_rejected() {
        for invalid in [json!("1180699200"), json!(null), json!(1e300), json!(u64::MAX), json!(i64::MIN), json!([1])] {
            let claims = json!({ "exp": invalid });
            assert!(numeric_date(claims.as_object().unwrap(), "exp").is_err(), "{claims}");
        }
        let claims = json!({ "exp": 1_180_699_200.7 });
        let at = numeric_date(claims.as_object().unwrap(), "exp").unwrap().unwrap();
        assert_eq!(rfc3339(at), "2007-06-01T12:00:00Z");
    }
}
