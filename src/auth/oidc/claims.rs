//! What a token that is truly the issuer's must claim: that it is meant for this newsroom, that its time is now, who its holder
//! is, and a role. Everything is held against the settings and the instant that is passed in; each fault is a sentence.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use entity::api_token::Role;
use serde_json::{Map, Value};

use super::{OidcSettings, Refused};
use crate::auth::viewer::Viewer;

/// Longest subject, in characters; the same as of tokens made here.
const LONGEST_SUBJECT: usize = 200;

type Claims = Map<String, Value>;

/// Who holds a token with these claims.
pub(super) fn viewer(claims: &Claims, settings: &OidcSettings, now: DateTime<Utc>) -> Result<Viewer, Refused> {
    is_meant_for_us(claims, settings)?;
    is_in_its_time(claims, settings.clock_skew, now)?;
    let subject = subject(claims, &settings.subject_claim)?;
    Ok(Viewer::new(role(claims, settings)?, subject))
}

fn is_meant_for_us(claims: &Claims, settings: &OidcSettings) -> Result<(), Refused> {
    let OidcSettings { issuer, audience, .. } = settings;
    if claims.get("iss").and_then(Value::as_str) != Some(issuer) {
        return Err(Refused(format!("the token is of another issuer: those of {issuer} are taken")));
    }
    if !texts(claims.get("aud")).any(|named| named == audience) {
        return Err(Refused(format!(
            "the token is for another audience: ask {issuer} for one whose `aud` names \"{audience}\""
        )));
    }
    Ok(())
}

fn is_in_its_time(claims: &Claims, skew: TimeDelta, now: DateTime<Utc>) -> Result<(), Refused> {
    let Some(end) = instant(claims, "exp")? else {
        return Err(Refused("the token has no end (`exp`): let the issuer give it one".to_owned()));
    };
    if now - skew >= end {
        return Err(Refused(format!("the token expired at {}: sign in again", shown(end))));
    }
    for name in ["nbf", "iat"] {
        if let Some(begin) = instant(claims, name)?.filter(|&begin| begin > now + skew) {
            return Err(Refused(format!(
                "the token is not valid before {} (`{name}`): wait, or compare the issuer's clock with this server's",
                shown(begin)
            )));
        }
    }
    Ok(())
}

/// A claim in seconds since 1970, which may have a fraction.
fn instant(claims: &Claims, name: &str) -> Result<Option<DateTime<Utc>>, Refused> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64));
    match seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)) {
        Some(at) => Ok(Some(at)),
        None => Err(Refused(format!("the token's `{name}` is not an instant in seconds since 1970"))),
    }
}

fn subject(claims: &Claims, claim: &str) -> Result<String, Refused> {
    let Some(subject) = find(claims, claim).and_then(Value::as_str).filter(|subject| !subject.trim().is_empty()) else {
        return Err(Refused(format!("the token does not say who it is for: it has no text in the claim `{claim}`")));
    };
    let fault = if subject.chars().nth(LONGEST_SUBJECT).is_some() {
        "is longer than 200 characters"
    } else if subject.chars().any(char::is_control) {
        "has control characters in it"
    } else if subject.trim() != subject {
        "begins or ends with a space"
    } else {
        return Ok(subject.to_owned());
    };
    Err(Refused(format!("the token does not say who it is for in a way that is taken: its claim `{claim}` {fault}")))
}

/// The highest of the roles that the claim's values stand for.
fn role(claims: &Claims, settings: &OidcSettings) -> Result<Role, Refused> {
    let OidcSettings { role_claim, roles, .. } = settings;
    texts(find(claims, role_claim)).filter_map(|value| roles.get(value).copied()).max().ok_or_else(|| {
        let known: Vec<&str> = roles.keys().map(String::as_str).collect();
        Refused(format!(
            "the token gives no role here: its claim `{role_claim}` has none of {}; ask whoever keeps the accounts",
            known.join(", ")
        ))
    })
}

/// A text, or the texts of a list.
fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let (one, many) = match value {
        Some(Value::Array(list)) => (None, list.as_slice()),
        one => (one, [].as_slice()),
    };
    one.into_iter().chain(many).filter_map(Value::as_str)
}

/// A claim by its name, or by the names that lead to it, joined by dots. A name may have dots itself, as addresses do.
fn find<'a>(claims: &'a Claims, path: &str) -> Option<&'a Value> {
    claims.get(path).or_else(|| {
        path.match_indices('.').find_map(|(at, _)| find(claims.get(&path[..at])?.as_object()?, &path[at + 1..]))
    })
}

fn shown(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_reaches_into_objects_and_over_names_with_dots() {
        let claims = json!({ "realm_access": { "roles": 1 }, "https://a.example/roles": 2, "a.b": { "c": 3 }, "a": 4 });
        let claims = claims.as_object().unwrap();
        for (path, found) in [("realm_access.roles", 1), ("https://a.example/roles", 2), ("a.b.c", 3), ("a", 4)] {
            assert_eq!(find(claims, path), Some(&json!(found)), "{path}");
        }
        for path in ["realm_access.x", "a.b.d", "a.x", "", ".", "realm_access."] {
            assert_eq!(find(claims, path), None, "{path}");
        }
    }

    #[test]
    fn what_is_no_instant_is_told() {
        for wrong in [json!("1180699200"), json!(null), json!(1e300), json!(u64::MAX), json!(i64::MIN), json!([1])] {
            let claims = json!({ "exp": wrong });
            assert!(instant(claims.as_object().unwrap(), "exp").is_err(), "{claims}");
        }
        let claims = json!({ "exp": 1_180_699_200.7 });
        let at = instant(claims.as_object().unwrap(), "exp").unwrap().unwrap();
        assert_eq!(shown(at), "2007-06-01T12:00:00Z");
    }
}
