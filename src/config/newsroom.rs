//! List of the settings of the server and the newsroom: database, address, log, name, language, time zone, URLs,
//! four-eyes rule, OIDC.
//!
//! Keys, environment variables, defaults and meanings only; `config` parses the values.

use super::{Setting, oidc};

/// All of them.
pub(super) const SETTINGS: [Setting; 19] = [
    Setting {
        key: "database_url",
        variable: "DATELINE_DATABASE_URL",
        default: "sqlite://dateline.db",
        hardened: None,
        meaning: "The database: `sqlite://FILE` (made when missing) or `postgres://USER:PASSWORD@HOST/NAME`",
    },
    Setting {
        key: "listen",
        variable: "DATELINE_LISTEN",
        default: "127.0.0.1:8000",
        hardened: None,
        meaning: "Address and port to serve on",
    },
    Setting {
        key: "log",
        variable: "DATELINE_LOG",
        default: "info",
        hardened: None,
        meaning: "What is logged: `error`, `warn`, `info`, `debug`, or per part: `info,dateline::catalog=debug`",
    },
    Setting {
        key: "log_format",
        variable: "DATELINE_LOG_FORMAT",
        default: "text",
        hardened: None,
        meaning: "`text` or `json`",
    },
    Setting {
        key: "newsroom_name",
        variable: "DATELINE_NEWSROOM_NAME",
        default: "Newsroom",
        hardened: None,
        meaning: "What the newsroom is called",
    },
    Setting {
        key: "publisher",
        variable: "DATELINE_PUBLISHER",
        default: "",
        hardened: None,
        meaning: "The organisation behind it",
    },
    Setting {
        key: "release_url",
        variable: "DATELINE_RELEASE_URL",
        default: "",
        hardened: None,
        meaning: "Public address of a release, with `{slug}` or `{id}` in it: `https://example.org/news/{slug}`",
    },
    Setting {
        key: "language",
        variable: "DATELINE_LANGUAGE",
        default: "en",
        hardened: None,
        meaning: "Language of releases and names that give none (BCP 47)",
    },
    Setting {
        key: "time_zone",
        variable: "DATELINE_TIME_ZONE",
        default: "UTC",
        hardened: None,
        meaning: "Where the newsroom's day begins and ends (IANA name: `Asia/Bangkok`)",
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
        meaning: "Where a preview link leads, with `{token}` in it: `https://example.org/preview?token={token}`",
    },
    Setting {
        key: "workflow.four_eyes",
        variable: "DATELINE_WORKFLOW_FOUR_EYES",
        default: "false",
        hardened: None,
        meaning: "`true`: whoever wrote a version may not be the one who approves it",
    },
    oidc::ISSUER,
    oidc::AUDIENCE,
    oidc::JWKS,
    oidc::SUBJECT_CLAIM,
    oidc::ROLE_CLAIM,
    oidc::ROLES,
    oidc::CLOCK_SKEW,
];
