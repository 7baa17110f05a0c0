//! The settings of sign-in by OpenID Connect: `oidc_*`. All are empty or defaults where there is no issuer; a configuration
//! that is set by half stops the start, since it would look like a sign-in and be none.

use std::{collections::BTreeMap, path::PathBuf};

use axum::http::Uri;
use chrono::TimeDelta;
use entity::api_token::Role;

use super::{ConfigError, Layers, Setting};
use crate::auth::oidc::{Jwks, OidcSettings};

pub(super) const ISSUER: Setting = Setting {
    key: "oidc_issuer",
    variable: "DATELINE_OIDC_ISSUER",
    default: "",
    hardened: None,
    meaning: "Takes the tokens of this OpenID Connect issuer: its address, as in `iss` ([people.md](people.md))",
};
pub(super) const AUDIENCE: Setting = Setting {
    key: "oidc_audience",
    variable: "DATELINE_OIDC_AUDIENCE",
    default: "",
    hardened: None,
    meaning: "Whom its tokens must be for, as in `aud`",
};
pub(super) const JWKS: Setting = Setting {
    key: "oidc_jwks",
    variable: "DATELINE_OIDC_JWKS",
    default: "",
    hardened: None,
    meaning: "Its public keys (JWK Set): an https or http address, or a file",
};
pub(super) const SUBJECT_CLAIM: Setting = Setting {
    key: "oidc_subject_claim",
    variable: "DATELINE_OIDC_SUBJECT_CLAIM",
    default: "sub",
    hardened: None,
    meaning: "The claim that says who it is",
};
pub(super) const ROLE_CLAIM: Setting = Setting {
    key: "oidc_role_claim",
    variable: "DATELINE_OIDC_ROLE_CLAIM",
    default: "roles",
    hardened: None,
    meaning: "The claim with what they may do; dots reach into objects: `realm_access.roles`",
};
pub(super) const ROLES: Setting = Setting {
    key: "oidc_roles",
    variable: "DATELINE_OIDC_ROLES",
    default: "",
    hardened: None,
    meaning: "Which of its values stand for which role: `newsroom-editor=EDITOR,newsroom-admin=ADMIN`; empty: PRESS, AUTHOR, EDITOR, ADMIN for themselves",
};
pub(super) const CLOCK_SKEW: Setting = Setting {
    key: "oidc_clock_skew",
    variable: "DATELINE_OIDC_CLOCK_SKEW",
    default: "60",
    hardened: None,
    meaning: "Seconds that its clock may differ from ours, 0 to 600",
};

/// Settings that say nothing without an issuer.
const OTHERS: [Setting; 6] = [AUDIENCE, JWKS, SUBJECT_CLAIM, ROLE_CLAIM, ROLES, CLOCK_SKEW];

/// The issuer, if there is one.
pub(super) fn read(layers: &Layers) -> Result<Option<OidcSettings>, ConfigError> {
    let said = |setting: &Setting| {
        layers
            .0
            .get(setting.key)
            .filter(|(value, _)| value.trim() != setting.default)
            .map(|(_, source)| source.as_str())
    };
    let Some(source) = said(&ISSUER) else {
        return match OTHERS.iter().find_map(|setting| Some((setting.key, said(setting)?))) {
            Some((key, source)) => Err(ConfigError(format!(
                "{key} is set ({source}), but oidc_issuer is not: set oidc_issuer, oidc_audience and oidc_jwks, or none of them"
            ))),
            None => Ok(None),
        };
    };
    for needed in [AUDIENCE, JWKS] {
        if said(&needed).is_none() {
            return Err(ConfigError(format!(
                "{key} is not set, but oidc_issuer is ({source}): set {key} too, or leave oidc_issuer out",
                key = needed.key
            )));
        }
    }
    let name = "the name of a claim, for example";
    Ok(Some(OidcSettings {
        issuer: layers.read(ISSUER.key, "the issuer's https address, as its tokens have it in `iss`", |value| {
            is_web(value).then(|| value.to_owned())
        })?,
        audience: layers.read(AUDIENCE.key, "a text, as the tokens have it in `aud`", one_line)?,
        jwks: layers.read(JWKS.key, "an https address without a password in it, or a file", jwks)?,
        subject_claim: layers.read(SUBJECT_CLAIM.key, &format!("{name} sub"), one_line)?,
        role_claim: layers.read(ROLE_CLAIM.key, &format!("{name} realm_access.roles"), one_line)?,
        roles: layers.read(
            ROLES.key,
            "value=ROLE,value=ROLE with PRESS, AUTHOR, EDITOR or ADMIN, each value once",
            roles,
        )?,
        clock_skew: layers.read(CLOCK_SKEW.key, "seconds, 0 to 600", |value| {
            value.parse().ok().filter(|seconds| (0..=600).contains(seconds)).map(TimeDelta::seconds)
        })?,
    }))
}

fn one_line(value: &str) -> Option<String> {
    let fits = !value.is_empty() && value.trim() == value && !value.chars().any(char::is_control);
    fits.then(|| value.to_owned())
}

fn is_web(value: &str) -> bool {
    let uri: Option<Uri> = value.parse().ok();
    uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("https" | "http"))
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
    })
}

fn jwks(value: &str) -> Option<Jwks> {
    if value.contains("://") {
        return is_web(value).then(|| Jwks::Url(value.to_owned()));
    }
    one_line(value).map(|file| Jwks::File(PathBuf::from(file)))
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
        // What groups are called may have a "=" in it.
        let (group, name) = pair.rsplit_once('=')?;
        let new = !group.trim().is_empty() && roles.insert(group.trim().to_owned(), role(name.trim())?).is_none();
        new.then_some(())?;
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

    const WHOLE: [(&str, &str); 3] =
        [("oidc_issuer", "https://id.example/r"), ("oidc_audience", "dateline"), ("oidc_jwks", "https://id.example/k")];

    fn with(key: &'static str, value: &str) -> Result<Option<OidcSettings>, String> {
        settings(&[WHOLE.as_slice(), &[(key, value)]].concat())
    }

    #[test]
    fn there_is_no_issuer_unless_one_is_named() {
        assert_eq!(settings(&[]), Ok(None));
        let whole = settings(&WHOLE).unwrap().unwrap();
        assert_eq!(whole.jwks, Jwks::Url("https://id.example/k".to_owned()));
        assert_eq!((whole.role_claim.as_str(), whole.clock_skew.num_seconds()), ("roles", 60));
        assert_eq!(whole.roles.get("EDITOR"), Some(&Role::Editor));
        assert_eq!(whole.roles.len(), 4);
        assert_eq!(with("oidc_jwks", "keys.json").unwrap().unwrap().jwks, Jwks::File("keys.json".into()));
    }

    #[test]
    fn a_half_set_configuration_says_what_is_missing() {
        let error = settings(&WHOLE[..1]).unwrap_err();
        assert!(error.starts_with("oidc_audience is not set, but oidc_issuer is (the flag oidc_issuer)"), "{error}");
        assert!(settings(&WHOLE[..2]).unwrap_err().starts_with("oidc_jwks is not set"));
        for lonely in
            [WHOLE[1], WHOLE[2], ("oidc_roles", "a=ADMIN"), ("oidc_clock_skew", "5"), ("oidc_role_claim", "x")]
        {
            let error = settings(&[lonely]).unwrap_err();
            assert!(error.starts_with(lonely.0) && error.contains("but oidc_issuer is not"), "{error}");
        }
    }

    #[test]
    fn groups_stand_for_roles() {
        let roles = with("oidc_roles", " /news/editors = EDITOR,cn=admins=ADMIN").unwrap().unwrap().roles;
        assert_eq!(roles.get("/news/editors"), Some(&Role::Editor));
        assert_eq!(roles.get("cn=admins"), Some(&Role::Admin));
        assert_eq!(roles.get("EDITOR"), None);
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for (key, wrong) in [
            ("oidc_issuer", "id.example"),
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
            let error = with(key, wrong).unwrap_err();
            assert!(error.starts_with(&format!("{key} is \"")), "{error}");
        }
    }
}
