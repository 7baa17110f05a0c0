//! JWT claim validation: issuer, audience, expiry (`exp`, `nbf`, `iat` with clock skew), subject and role.
//!
//! If several values of the role claim map to roles, the viewer gets the highest of these roles. The caller has
//! already verified the signature of the token with `keys`.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use entity::api_token::Role;
use serde_json::{Map, Value};

use super::{error::TokenRejected, settings::OidcSettings};
use crate::{auth::viewer::Viewer, journal::is_reserved_actor};

/// Maximum length of a subject, in characters. Dateline's own access tokens have the same maximum.
const MAX_SUBJECT_LENGTH: usize = 200;

type Claims = Map<String, Value>;

/// Checks the claims of a token, and returns the viewer that they describe.
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
        return Err(TokenRejected(format!("the token is from another issuer: this server accepts tokens of {issuer}")));
    }
    if !string_values(claims.get("aud")).any(|value| value == audience) {
        return Err(TokenRejected(format!(
            "the token is for another audience: request one from {issuer} whose `aud` contains \"{audience}\""
        )));
    }
    Ok(())
}

fn check_validity_period(claims: &Claims, skew: TimeDelta, now: DateTime<Utc>) -> Result<(), TokenRejected> {
    let Some(expires_at) = numeric_date(claims, "exp")? else {
        return Err(TokenRejected("the token has no `exp` claim: configure the issuer to add one".to_owned()));
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

/// Returns the instant in a NumericDate claim (RFC 7519: seconds since 1970, possibly with a fraction, which is
/// rounded down). Returns `None` if the token does not have the claim.
fn numeric_date(claims: &Claims, name: &str) -> Result<Option<DateTime<Utc>>, TokenRejected> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64));
    match seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)) {
        Some(at) => Ok(Some(at)),
        None => Err(TokenRejected(format!("the token's `{name}` is not a NumericDate (seconds since 1970)"))),
    }
}

fn subject(claims: &Claims, claim: &str) -> Result<String, TokenRejected> {
    let Some(subject) =
        claim_at_path(claims, claim).and_then(Value::as_str).filter(|subject| !subject.trim().is_empty())
    else {
        return Err(TokenRejected(format!("the token has no subject: its claim `{claim}` must be a non-empty string")));
    };
    let problem = if subject.chars().nth(MAX_SUBJECT_LENGTH).is_some() {
        "is longer than 200 characters"
    } else if subject.chars().any(char::is_control) {
        "contains control characters"
    } else if subject.trim() != subject {
        "begins or ends with a space"
    } else if is_reserved_actor(subject) {
        "is reserved for Dateline itself"
    } else {
        return Ok(subject.to_owned());
    };
    Err(TokenRejected(format!("the token has an invalid subject: its claim `{claim}` {problem}")))
}

/// Returns the highest role that a value of the role claim maps to. Fails if no value maps to a role.
fn role(claims: &Claims, settings: &OidcSettings) -> Result<Role, TokenRejected> {
    let OidcSettings { role_claim, roles, .. } = settings;
    string_values(claim_at_path(claims, role_claim)).filter_map(|value| roles.get(value).copied()).max().ok_or_else(
        || {
            let known: Vec<&str> = roles.keys().map(String::as_str).collect();
            TokenRejected(format!(
                "the token has no role for this server: its claim `{role_claim}` contains none of {}; ask your account administrator",
                known.join(", ")
            ))
        },
    )
}

/// Returns the strings in a claim, which may be a single string or a list. Ignores values of other types.
fn string_values(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let (single, list_items) = match value {
        Some(Value::Array(list)) => (None, list.as_slice()),
        single => (single, [].as_slice()),
    };
    single.into_iter().chain(list_items).filter_map(Value::as_str)
}

/// Looks up a claim by its name, or by a path of names joined by dots (`realm_access.roles`). A name may itself
/// contain dots, as in namespaced claims (`https://a.example/roles`).
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
