//! Which room may use what: the table of `docs/architecture.md` as data.

use May::{NotUse, UseOnly};

/// One line of the table.
pub(crate) struct Rule {
    /// Files of the workspace, without `.rs`; a folder stands for all that is in it.
    pub(crate) rooms: &'static [&'static str],
    /// Those of them that the rule leaves alone.
    pub(crate) except: &'static [&'static str],
    pub(crate) may: May,
    /// What to do about a breach.
    pub(crate) instead: &'static str,
}

/// What a room uses is told by the beginning of a path; what begins with a capital letter is looked for anywhere in it.
pub(crate) enum May {
    /// Anything but these.
    NotUse(&'static [&'static str]),
    /// Of other crates and rooms these alone.
    UseOnly(&'static [&'static str]),
}

/// Top to bottom: the rows, the values, the read model, the newsroom, the edges, the clock.
pub(crate) const TABLE: &[Rule] = &[
    Rule {
        rooms: &["entity/src"],
        except: &[],
        may: NotUse(&["async_graphql", "axum", "dateline"]),
        instead: "a row knows nothing above it: rules belong to src/newsroom, fields of the API to src/graphql",
    },
    Rule {
        rooms: &["migration/src"],
        except: &[],
        may: NotUse(&["entity", "async_graphql", "axum", "dateline"]),
        instead: "a step must not change when a row type does: name tables and columns in the step itself",
    },
    Rule {
        rooms: &["src/viewer", "src/journal"],
        except: &[],
        may: UseOnly(&["entity", "serde", "std", "chrono", "uuid", "crate::range"]),
        instead: "these are values that every floor shares: keep what needs more in the room that needs it",
    },
    Rule {
        rooms: &["src/range"],
        except: &[],
        may: UseOnly(&["chrono", "serde", "std", "thiserror"]),
        instead: "the range of dates and instants is used by every floor: keep what needs more in the room that needs it",
    },
    Rule {
        rooms: &["src/fair_semaphore", "src/blocking"],
        except: &[],
        may: UseOnly(&["std", "tokio", "futures_util"]),
        instead: "these are tools of every floor: keep what needs more in the room that needs it",
    },
    Rule {
        rooms: &["src/db"],
        except: &[],
        may: NotUse(&[
            "async_graphql",
            "axum",
            "crate::newsroom",
            "crate::catalog",
            "crate::graphql",
            "crate::http",
            "crate::app",
        ]),
        instead: "src/db opens databases and begins transactions; queries belong to src/newsroom",
    },
    Rule {
        rooms: &["src/catalog", "src/search"],
        except: &["src/catalog/follow", "src/catalog/load", "src/search/follow", "src/search/load"],
        may: NotUse(&["sea_orm", "crate::db"]),
        instead: "the read model is pure: what reads rows belongs to follow.rs or load.rs beside it",
    },
    Rule {
        rooms: &["src/catalog", "src/search"],
        except: &[],
        may: NotUse(&[
            "async_graphql",
            "axum",
            "crate::newsroom",
            "crate::graphql",
            "crate::http",
            "crate::cli",
            "crate::interchange",
            "crate::jobs",
            "crate::app",
            "crate::config",
        ]),
        instead: "calls go down: let the caller pass in the value",
    },
    Rule {
        rooms: &["src/newsroom"],
        except: &[],
        may: NotUse(&[
            "async_graphql",
            "axum",
            "crate::graphql",
            "crate::http",
            "crate::cli",
            "crate::interchange",
            "crate::jobs",
            "crate::app",
            "crate::config",
        ]),
        instead: "calls go down: take what is needed as a parameter, and give a value of the newsroom back",
    },
    Rule {
        rooms: &["src/newsroom"],
        except: &[],
        may: NotUse(&["migration"]),
        instead: "src/db migrates; a check only asks it which migrations are pending",
    },
    Rule {
        rooms: &["src/newsroom/check"],
        except: &[],
        may: NotUse(&["crate::newsroom::write", "crate::newsroom::Newsroom", "crate::viewer"]),
        instead: "a check changes nothing: it reads one transaction and gives findings back",
    },
    Rule {
        rooms: &["src/graphql"],
        except: &[],
        may: NotUse(&["sea_orm", "crate::db", "crate::http", "crate::cli", "crate::interchange", "crate::jobs"]),
        instead: "a resolver makes one call of the newsroom: write the query, or the batch, as a function of src/newsroom",
    },
    Rule {
        rooms: &["src/http", "src/interchange", "src/jobs", "src/cli"],
        except: &[
            "src/http/offload",
            "src/http/guard",
            "src/http/graphql",
            "src/http/outcome",
            "src/http/refusal",
            "src/http/work",
            "src/cli/schema",
        ],
        may: NotUse(&["crate::graphql"]),
        instead: "edges do not call each other: what both need is a function of src/newsroom",
    },
    Rule {
        rooms: &["src/oidc"],
        except: &[],
        may: NotUse(&[
            "async_graphql",
            "axum",
            "sea_orm",
            "crate::newsroom",
            "crate::catalog",
            "crate::db",
            "crate::graphql",
            "crate::http",
            "crate::cli",
            "crate::interchange",
            "crate::jobs",
            "crate::app",
            "crate::config",
        ]),
        instead: "sign-in makes a viewer of a token and knows nothing of the newsroom: let src/app.rs pass it in",
    },
    Rule {
        rooms: &["src", "entity/src", "migration/src"],
        except: &["src/app", "src/clock"],
        may: NotUse(&["Utc::now", "Local::now", "SystemTime::now"]),
        instead: "time is passed in: take `now: DateTime<Utc>`; at the edge ask the app's clock",
    },
];

/// Rooms of `src` that wire or start the others and may use them all.
pub(crate) const FREE: &[&str] =
    &["src/app", "src/clock", "src/config", "src/edge", "src/lib", "src/limits", "src/main"];
