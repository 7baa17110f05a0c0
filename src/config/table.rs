//! List of all settings, and the Markdown table that documents them: key, environment variable, default per
//! profile, meaning.
//!
//! Contains values only: settings of the server and the newsroom, of OpenID Connect and of the HTTP server, and the
//! limits from `limits`. `settings`, `oidc` and `http` parse the settings.

use super::{http_config::DEFAULT_GRAPHIQL_BASE_URL, setting::Setting};
use crate::limits::{ALL, Limit};

/// All settings except the limits.
const SETTINGS: &[Setting] = &[
    setting(
        "database_url",
        "sqlite://dateline.db",
        "Database URL: `sqlite://FILE` (created if missing) or `postgres://USER:PASSWORD@HOST/NAME`",
    ),
    setting("listen", "127.0.0.1:8000", "Address and port to listen on"),
    setting(
        "log",
        "info",
        "Log level: `off`, `error`, `warn`, `info`, `debug`, `trace`, or by module: `info,dateline::catalog=debug`",
    ),
    setting("log_format", "text", "Log format: `text` or `json`"),
    setting("newsroom_name", "Newsroom", "Name of the newsroom"),
    setting("publisher", "", "Name of the organisation that publishes"),
    setting(
        "public_url",
        "",
        "Public address of the pages, as readers see it: `https://news.example.org` or `https://example.org/news`; the origin of every absolute link in pages, feeds and sitemaps ([pages.md](pages.md#public-address))",
    ),
    setting("site", "true", "`false`: no public pages and feeds, only the API"),
    setting("feeds.content", "full", "Content of feeds: `full` (whole releases) or `summary`"),
    setting(
        "embed.frame_ancestors",
        "",
        "Origins whose pages may show charts of the dashboard in frames, separated by spaces: `https://example.org https://*.example.com`; `*`: all; empty: none ([dashboard.md](dashboard.md#embedding))",
    ),
    setting(
        "brand.logo",
        "",
        "File with the logo of the pages (SVG, PNG, JPEG or WebP, at most 1 MiB), read at the start",
    ),
    setting("brand.stylesheet", "", "File with a style sheet that the pages load after their own, read at the start"),
    setting("brand.color", "", "Colour of links on a light background: `#1d4f91`"),
    setting("brand.color_dark", "", "Colour of links on a dark background: `#8ab8ff`"),
    setting(
        "brand.header_links",
        "",
        "Links in the header of the pages, separated by semicolons: `About=https://example.org/about; Contact=/contact`",
    ),
    setting("brand.footer_links", "", "Links in the footer of the pages, in the same form"),
    setting(
        "release_url",
        "",
        "Public URL of a release, with `{slug}` or `{id}`: `https://example.org/news/{slug}`; if empty and `public_url` is set: the release's page",
    ),
    setting("language", "en", "Default language of releases and names (BCP 47)"),
    setting("time_zone", "UTC", "Time zone of the newsroom's days (IANA name: `Asia/Bangkok`)"),
    setting(
        "clock.max_offset",
        "2",
        "Largest allowed difference, in whole seconds, between a server's clock and its database's, 0 to 3600; beyond it the server is not ready and refuses writes; 0 allows any difference ([operations.md](operations.md#clocks))",
    ),
    setting(
        "preview_url",
        "",
        "URL of a preview page, with `{token}`: `https://example.org/preview?token={token}`; if empty and `public_url` is set: a page of this server",
    ),
    setting(
        "workflow.four_eyes",
        "false",
        "`true`: the writer of a revision may not approve it ([workflow.md](workflow.md#approval-by-a-second-person))",
    ),
    setting(
        "search.index",
        "auto",
        "Where the search index is kept: a folder that no other server uses; `memory`: in memory, built at each start; `off`: no search; `auto`: a folder beside the SQLite file (`FILE-search`), or `dateline-search` in the working directory with PostgreSQL ([operations.md](operations.md#search-index))",
    ),
    setting("oidc_issuer", "", "OpenID Connect issuer whose tokens are accepted, as in `iss` ([people.md](people.md))"),
    setting("oidc_audience", "", "Required audience of the issuer's tokens, as in `aud`"),
    setting("oidc_jwks", "", "Public keys of the issuer (JWK Set): an https or http URL, or a file"),
    setting("oidc_subject_claim", "sub", "Token claim that contains the subject"),
    setting(
        "oidc_role_claim",
        "roles",
        "Token claim that contains the roles; a dot leads to a member of an object: `realm_access.roles`",
    ),
    setting(
        "oidc_roles",
        "",
        "Role for each value of the role claim: `newsroom-editor=EDITOR,newsroom-admin=ADMIN`; if empty, the claim must contain PRESS, AUTHOR, EDITOR or ADMIN",
    ),
    setting("oidc_clock_skew", "60", "Seconds by which the issuer's clock may differ from the server's, 0 to 600"),
    setting("profile", "open", "Set of defaults: `open`, or `hardened` for the open internet"),
    Setting {
        hardened: Some("false"),
        ..setting("introspection", "true", "`true`: the public may read the schema, and errors suggest field names")
    },
    Setting {
        hardened: Some(""),
        ..setting(
            "graphiql.base_url",
            DEFAULT_GRAPHIQL_BASE_URL,
            "Where browsers load the files of GraphiQL from, as an address of another host or a path on this one: `/vendor`; empty: nowhere, `/graphiql` is then a page of this server ([operations.md](operations.md#graphiql))",
        )
    },
    setting("tls.certificate", "", "File with the certificate chain (PEM); enables HTTPS; reloaded when it changes"),
    setting("tls.key", "", "File with the private key (PEM)"),
    setting(
        "trusted_proxies",
        "",
        "Proxies whose `X-Forwarded-For` and `X-Request-Id` are trusted: addresses or networks, separated by commas: `10.0.0.0/8, ::1`",
    ),
    setting(
        "cors_origins",
        "*",
        "Origins that may send requests from browsers, separated by commas: `https://example.org, https://www.example.org`; `*`: all; empty: none",
    ),
    setting("cache.bytes", "67108864", "Memory of the response cache, in bytes; 0 disables it"),
    setting(
        "cache.max_age",
        "10",
        "`max-age` of public responses in seconds, 0 to 86400; for this long after a publication or withdrawal, browsers and proxies may return the earlier response",
    ),
    setting(
        "documents.persisted_bytes",
        "16777216",
        "Memory for automatic persisted queries (Apollo's protocol), in bytes; 0 disables them",
    ),
    setting(
        "documents.manifest",
        "",
        "File of trusted documents (queries by id), as written by relay-compiler, GraphQL Code Generator or Apollo",
    ),
    setting(
        "documents.trust",
        "off",
        "Treatment of queries that are not in the manifest: `off`: executed, `log`: executed and logged, `only`: refused",
    ),
];

const fn setting(key: &'static str, default: &'static str, meaning: &'static str) -> Setting {
    Setting { key, default, hardened: None, meaning }
}

/// Returns all settings, in the order of the table.
pub fn settings() -> impl Iterator<Item = Setting> {
    let limit = |limit: &Limit| Setting {
        hardened: (limit.hardened != limit.open).then_some(limit.hardened),
        ..setting(limit.key, limit.open, limit.meaning)
    };
    SETTINGS.iter().copied().chain(ALL.iter().map(limit))
}

/// Returns the setting with a key in the settings file.
pub(super) fn by_key(key: &str) -> Option<Setting> {
    settings().find(|setting| setting.key == key)
}

/// Returns the table of settings in Markdown, for `docs/settings.md`.
pub fn table() -> String {
    let markdown_row = |setting: Setting| {
        let mut default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
        if let Some(hardened) = setting.hardened {
            default +=
                &if hardened.is_empty() { "; hardened: empty".to_owned() } else { format!("; hardened: `{hardened}`") };
        }
        format!("| `{}` | `{}` | {default} | {} |\n", setting.key, setting.variable(), setting.meaning)
    };
    let head = "| file | environment | default | meaning |\n|---|---|---|---|\n";
    head.to_owned() + &settings().map(markdown_row).collect::<String>()
}
