//! Reads the settings of OpenID Connect (`oidc_*`): issuer, audience, JWKS source, claims, mapping of claim values to
//! roles, clock skew.
//!
//! The program does not start if the configuration is partial, for example an audience without an issuer.

use std::{collections::BTreeMap, path::PathBuf};

use axum::http::Uri;
use chrono::TimeDelta;
use entity::api_token::Role;

use super::{layers::Layers, setting::ConfigError};
use crate::auth::oidc::{JwksSource, OidcSettings};

/// Settings that have no effect without an issuer.
const REQUIRE_ISSUER: [&str; 6] =
    ["oidc_audience", "oidc_jwks", "oidc_subject_claim", "oidc_role_claim", "oidc_roles", "oidc_clock_skew"];

/// Reads the settings of the OpenID Connect issuer. Returns `None` if no issuer is set.
pub(super) fn read(layers: &Layers) -> Result<Option<OidcSettings>, ConfigError> {
    let Some(source) = layers.source_of_change("oidc_issuer") else {
        return match REQUIRE_ISSUER.iter().find_map(|key| Some((key, layers.source_of_change(key)?))) {
            Some((key, source)) => Err(ConfigError(format!(
                "{key} is set ({source}), but oidc_issuer is not: set oidc_issuer, oidc_audience and oidc_jwks, or none of them"
            ))),
            None => Ok(None),
        };
    };
    for key in ["oidc_audience", "oidc_jwks"] {
        if layers.source_of_change(key).is_none() {
            return Err(ConfigError(format!(
                "{key} is not set, but oidc_issuer is ({source}): set {key} too, or leave oidc_issuer out"
            )));
        }
    }
    let name = "the name of a claim, for example";
    Ok(Some(OidcSettings {
        issuer: layers.read("oidc_issuer", "the https URL of the issuer, as in the claim `iss`", |value| {
            is_http_url(value).then(|| value.to_owned())
        })?,
        audience: layers.read("oidc_audience", "a string, as in the claim `aud`", one_line)?,
        jwks: layers.read("oidc_jwks", "an https URL without a password, or a file", jwks)?,
        subject_claim: layers.read("oidc_subject_claim", &format!("{name} sub"), one_line)?,
        role_claim: layers.read("oidc_role_claim", &format!("{name} realm_access.roles"), one_line)?,
        roles: layers.read(
            "oidc_roles",
            "value=ROLE,value=ROLE, each value once; the roles are PRESS, AUTHOR, EDITOR and ADMIN",
            roles,
        )?,
        clock_skew: TimeDelta::seconds(layers.seconds("oidc_clock_skew", 600)?.into()),
    }))
}

fn one_line(value: &str) -> Option<String> {
    let is_valid = !value.is_empty() && value.trim() == value && !value.chars().any(char::is_control);
    is_valid.then(|| value.to_owned())
}

fn is_http_url(value: &str) -> bool {
    let uri: Option<Uri> = value.parse().ok();
    uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("https" | "http"))
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
    })
}

fn jwks(value: &str) -> Option<JwksSource> {
    if value.contains("://") {
        return is_http_url(value).then(|| JwksSource::Url(value.to_owned()));
    }
    one_line(value).map(|file| JwksSource::File(PathBuf::from(file)))
}

fn roles(value: &str) -> Option<BTreeMap<String, Role>> {
    if value.trim().is_empty() {
        return Some(
            ["PRESS", "AUTHOR", "EDITOR", "ADMIN"]
                .map(|name| Some((name.to_owned(), role(name)?)))
                .into_iter()
                .flatten()
                .collect(),
        );
    }
    let mut roles = BTreeMap::new();
    for pair in value.split(',') {
        // Split at the last "=", because the name of a group may itself contain "=".
        let (group, name) = pair.rsplit_once('=')?;
        let is_new = !group.trim().is_empty() && roles.insert(group.trim().to_owned(), role(name.trim())?).is_none();
        is_new.then_some(())?;
    }
    Some(roles)
}

fn role(name: &str) -> Option<Role> {
    match name {
        "PRESS" => Some(Role::Press),
        "AUTHOR" => Some(Role::Author),
        "EDITOR" => Some(Role::Editor),
        "ADMIN" => Some(Role::Admin),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&'static str, &str)]) -> Result<Option<OidcSettings>, String> {
        let mut layers = Layers::defaults();
        for &(key, value) in pairs {
            layers.flag(key, key, Some(value.to_owned()));
        }
        layers.settings().map(|settings| settings.oidc).map_err(|error| error.to_string())
    }

    const COMPLETE: [(&str, &str); 3] =
        [("oidc_issuer", "https://id.example/r"), ("oidc_audience", "dateline"), ("oidc_jwks", "https://id.example/k")];

    fn with(key: &'static str, value: &str) -> Result<Option<OidcSettings>, String> {
        settings(&[COMPLETE.as_slice(), &[(key, value)]].concat())
    }

    #[test]
    fn there_is_no_issuer_unless_it_is_set() {
        assert_eq!(settings(&[]), Ok(None));
        let complete = settings(&COMPLETE).unwrap().unwrap();
        assert_eq!(complete.jwks, JwksSource::Url("https://id.example/k".to_owned()));
        assert_eq!((complete.role_claim.as_str(), complete.clock_skew.num_seconds()), ("roles", 60));
        assert_eq!(complete.roles.get("EDITOR"), Some(&Role::Editor));
        assert_eq!(complete.roles.len(), 4);
        assert_eq!(with("oidc_jwks", "keys.json").unwrap().unwrap().jwks, JwksSource::File("keys.json".into()));
    }

    #[test]
    fn a_partial_configuration_reports_the_missing_setting() {
        let error = settings(&COMPLETE[..1]).unwrap_err();
        assert!(error.starts_with("oidc_audience is not set, but oidc_issuer is (the flag oidc_issuer)"), "{error}");
        assert!(settings(&COMPLETE[..2]).unwrap_err().starts_with("oidc_jwks is not set"));
        for without_issuer in
            [COMPLETE[1], COMPLETE[2], ("oidc_roles", "a=ADMIN"), ("oidc_clock_skew", "5"), ("oidc_role_claim", "x")]
        {
            let error = settings(&[without_issuer]).unwrap_err();
            assert!(error.starts_with(without_issuer.0) && error.contains("but oidc_issuer is not"), "{error}");
        }
    }

    #[test]
    fn groups_map_to_roles() {
        let roles = with("oidc_roles", " /news/editors = EDITOR,cn=admins=ADMIN").unwrap().unwrap().roles;
        assert_eq!(roles.get("/news/editors"), Some(&Role::Editor));
        assert_eq!(roles.get("cn=admins"), Some(&Role::Admin));
        assert_eq!(roles.get("EDITOR"), None);
    }

    #[test]
    fn invalid_values_are_rejected() {
        for (key, invalid) in [
            ("oidc_issuer", "id.example"),
            ("oidc_issuer", "https://me:secret@id.example"),
            ("oidc_jwks", "ftp://id.example/keys"),
            ("oidc_jwks", "https://me:secret@id.example/keys"),
            ("oidc_roles", "editors"),
            ("oidc_roles", "editors=CHIEF"),
            ("oidc_roles", "everybody=PUBLIC"),
            ("oidc_roles", "a=EDITOR,a=ADMIN"),
            ("oidc_roles", "a=EDITOR,"),
            ("oidc_roles", "=EDITOR"),
            ("oidc_clock_skew", "-1"),
            ("oidc_clock_skew", "1h"),
            ("oidc_clock_skew", "601"),
            ("oidc_subject_claim", ""),
            ("oidc_role_claim", " "),
        ] {
            let error = with(key, invalid).unwrap_err();
            assert!(error.starts_with(&format!("{key} is \"")) && !error.contains("secret"), "{error}");
        }
    }
}
