//! List of all settings, and the Markdown table that documents them: key, environment variable, default per
//! profile, meaning.
//!
//! Contains values only: settings of the server and the newsroom, of OpenID Connect and of the HTTP server, and the
//! limits from `limits`. `settings`, `oidc` and `http` parse the settings.

use super::setting::Setting;
use crate::limits::{ALL, Limit};

/// Settings of the server and the newsroom.
const SERVER_AND_NEWSROOM: [Setting; 12] = [
    Setting {
        key: "database_url",
        variable: "DATELINE_DATABASE_URL",
        default: "sqlite://dateline.db",
        hardened: None,
        meaning: "Database URL: `sqlite://FILE` (created if missing) or `postgres://USER:PASSWORD@HOST/NAME`",
    },
    Setting {
        key: "listen",
        variable: "DATELINE_LISTEN",
        default: "127.0.0.1:8000",
        hardened: None,
        meaning: "Address and port to listen on",
    },
    Setting {
        key: "log",
        variable: "DATELINE_LOG",
        default: "info",
        hardened: None,
        meaning: "Log level: `off`, `error`, `warn`, `info`, `debug`, `trace`, or by module: `info,dateline::catalog=debug`",
    },
    Setting {
        key: "log_format",
        variable: "DATELINE_LOG_FORMAT",
        default: "text",
        hardened: None,
        meaning: "Log format: `text` or `json`",
    },
    Setting {
        key: "newsroom_name",
        variable: "DATELINE_NEWSROOM_NAME",
        default: "Newsroom",
        hardened: None,
        meaning: "Name of the newsroom",
    },
    Setting {
        key: "publisher",
        variable: "DATELINE_PUBLISHER",
        default: "",
        hardened: None,
        meaning: "Name of the organisation that publishes",
    },
    Setting {
        key: "release_url",
        variable: "DATELINE_RELEASE_URL",
        default: "",
        hardened: None,
        meaning: "Public URL of a release, with `{slug}` or `{id}`: `https://example.org/news/{slug}`",
    },
    Setting {
        key: "language",
        variable: "DATELINE_LANGUAGE",
        default: "en",
        hardened: None,
        meaning: "Default language of releases and names (BCP 47)",
    },
    Setting {
        key: "time_zone",
        variable: "DATELINE_TIME_ZONE",
        default: "UTC",
        hardened: None,
        meaning: "Time zone of the newsroom's days (IANA name: `Asia/Bangkok`)",
    },
    Setting {
        key: "clock.max_offset",
        variable: "DATELINE_CLOCK_MAX_OFFSET",
        default: "2",
        hardened: None,
        meaning: "Largest allowed difference, in whole seconds, between a server's clock and its database's, 0 to 3600; beyond it the server is not ready and refuses writes; 0 allows any difference ([operations.md](operations.md#clocks))",
    },
    Setting {
        key: "preview_url",
        variable: "DATELINE_PREVIEW_URL",
        default: "",
        hardened: None,
        meaning: "URL of a preview page, with `{token}`: `https://example.org/preview?token={token}`",
    },
    Setting {
        key: "workflow.four_eyes",
        variable: "DATELINE_WORKFLOW_FOUR_EYES",
        default: "false",
        hardened: None,
        meaning: "`true`: the writer of a revision may not approve it ([workflow.md](workflow.md#approval-by-a-second-person))",
    },
];

pub(super) const OIDC_ISSUER: Setting = Setting {
    key: "oidc_issuer",
    variable: "DATELINE_OIDC_ISSUER",
    default: "",
    hardened: None,
    meaning: "OpenID Connect issuer whose tokens are accepted, as in `iss` ([people.md](people.md))",
};
pub(super) const OIDC_AUDIENCE: Setting = Setting {
    key: "oidc_audience",
    variable: "DATELINE_OIDC_AUDIENCE",
    default: "",
    hardened: None,
    meaning: "Required audience of the issuer's tokens, as in `aud`",
};
pub(super) const OIDC_JWKS: Setting = Setting {
    key: "oidc_jwks",
    variable: "DATELINE_OIDC_JWKS",
    default: "",
    hardened: None,
    meaning: "Public keys of the issuer (JWK Set): an https or http URL, or a file",
};
pub(super) const OIDC_SUBJECT_CLAIM: Setting = Setting {
    key: "oidc_subject_claim",
    variable: "DATELINE_OIDC_SUBJECT_CLAIM",
    default: "sub",
    hardened: None,
    meaning: "Token claim that contains the subject",
};
pub(super) const OIDC_ROLE_CLAIM: Setting = Setting {
    key: "oidc_role_claim",
    variable: "DATELINE_OIDC_ROLE_CLAIM",
    default: "roles",
    hardened: None,
    meaning: "Token claim that contains the roles; a dot leads to a member of an object: `realm_access.roles`",
};
pub(super) const OIDC_ROLES: Setting = Setting {
    key: "oidc_roles",
    variable: "DATELINE_OIDC_ROLES",
    default: "",
    hardened: None,
    meaning: "Role for each value of the role claim: `newsroom-editor=EDITOR,newsroom-admin=ADMIN`; if empty, the claim must contain PRESS, AUTHOR, EDITOR or ADMIN",
};
pub(super) const OIDC_CLOCK_SKEW: Setting = Setting {
    key: "oidc_clock_skew",
    variable: "DATELINE_OIDC_CLOCK_SKEW",
    default: "60",
    hardened: None,
    meaning: "Seconds by which the issuer's clock may differ from the server's, 0 to 600",
};

/// Settings of OpenID Connect.
const OIDC: [Setting; 7] =
    [OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS, OIDC_SUBJECT_CLAIM, OIDC_ROLE_CLAIM, OIDC_ROLES, OIDC_CLOCK_SKEW];

/// Settings of the HTTP server, without the limits.
const HTTP: [Setting; 11] = [
    Setting {
        key: "profile",
        variable: "DATELINE_PROFILE",
        default: "open",
        hardened: None,
        meaning: "Set of defaults: `open`, or `hardened` for the open internet",
    },
    Setting {
        key: "introspection",
        variable: "DATELINE_INTROSPECTION",
        default: "true",
        hardened: Some("false"),
        meaning: "`true`: the public may read the schema, and errors suggest field names",
    },
    Setting {
        key: "tls.certificate",
        variable: "DATELINE_TLS_CERTIFICATE",
        default: "",
        hardened: None,
        meaning: "File with the certificate chain (PEM); enables HTTPS; reloaded when it changes",
    },
    Setting {
        key: "tls.key",
        variable: "DATELINE_TLS_KEY",
        default: "",
        hardened: None,
        meaning: "File with the private key (PEM)",
    },
    Setting {
        key: "trusted_proxies",
        variable: "DATELINE_TRUSTED_PROXIES",
        default: "",
        hardened: None,
        meaning: "Proxies whose `X-Forwarded-For` and `X-Request-Id` are trusted: addresses or networks, separated by commas: `10.0.0.0/8, ::1`",
    },
    Setting {
        key: "cors_origins",
        variable: "DATELINE_CORS_ORIGINS",
        default: "*",
        hardened: None,
        meaning: "Origins that may send requests from browsers, separated by commas: `https://example.org, https://www.example.org`; `*`: all; empty: none",
    },
    Setting {
        key: "cache.bytes",
        variable: "DATELINE_CACHE_BYTES",
        default: "67108864",
        hardened: None,
        meaning: "Memory of the response cache, in bytes; 0 disables it",
    },
    Setting {
        key: "cache.max_age",
        variable: "DATELINE_CACHE_MAX_AGE",
        default: "10",
        hardened: None,
        meaning: "`max-age` of public responses in seconds, 0 to 86400; for this long after a publication or withdrawal, browsers and proxies may return the earlier response",
    },
    Setting {
        key: "documents.persisted_bytes",
        variable: "DATELINE_DOCUMENTS_PERSISTED_BYTES",
        default: "16777216",
        hardened: None,
        meaning: "Memory for automatic persisted queries (Apollo's protocol), in bytes; 0 disables them",
    },
    Setting {
        key: "documents.manifest",
        variable: "DATELINE_DOCUMENTS_MANIFEST",
        default: "",
        hardened: None,
        meaning: "File of trusted documents (queries by id), as written by relay-compiler, GraphQL Code Generator or Apollo",
    },
    Setting {
        key: "documents.trust",
        variable: "DATELINE_DOCUMENTS_TRUST",
        default: "off",
        hardened: None,
        meaning: "Treatment of queries that are not in the manifest: `off`: executed, `log`: executed and logged, `only`: refused",
    },
];

/// Returns all settings, in the order of the table.
pub fn settings() -> impl Iterator<Item = Setting> {
    let limit = |limit: &Limit| Setting {
        key: limit.key,
        variable: limit.variable,
        default: limit.open,
        hardened: (limit.hardened != limit.open).then_some(limit.hardened),
        meaning: limit.meaning,
    };
    SERVER_AND_NEWSROOM.into_iter().chain(OIDC).chain(HTTP).chain(ALL.iter().map(limit))
}

/// Returns the default of a setting in the profile `hardened`, if it differs from the default in `open`.
pub(super) fn hardened(key: &str) -> Option<&'static str> {
    settings().find(|setting| setting.key == key)?.hardened
}

/// Returns the table of settings in Markdown, for `docs/settings.md`.
pub fn table() -> String {
    let markdown_row = |setting: Setting| {
        let mut default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
        if let Some(hardened) = setting.hardened {
            default += &format!("; hardened: `{hardened}`");
        }
        format!("| `{}` | `{}` | {default} | {} |\n", setting.key, setting.variable, setting.meaning)
    };
    let head = "| file | environment | default | meaning |\n|---|---|---|---|\n";
    head.to_owned() + &settings().map(markdown_row).collect::<String>()
}
