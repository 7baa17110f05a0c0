//! The dependency rules between modules: the table of `docs/architecture.md` as data.

use Access::{AllowOnly, Forbid};

/// One line of the table.
pub(crate) struct Rule {
    /// Files of the workspace, without `.rs`; a folder stands for all that is in it.
    pub(crate) modules: &'static [&'static str],
    /// Those of them that the rule leaves alone.
    pub(crate) except: &'static [&'static str],
    pub(crate) access: Access,
    /// What to do about a breach.
    pub(crate) advice: &'static str,
}

/// What a room uses is told by the beginning of a path; what begins with a capital letter is looked for anywhere in it.
pub(crate) enum Access {
    /// Anything but these.
    Forbid(&'static [&'static str]),
    /// Of other crates and rooms these alone.
    AllowOnly(&'static [&'static str]),
}

/// Top to bottom: the rows, the values, the read model, the newsroom, the edges, the clock.
pub(crate) const TABLE: &[Rule] = &[
    Rule {
        modules: &["entity/src"],
        except: &[],
        access: Forbid(&["async_graphql", "axum", "dateline"]),
        advice: "a row knows nothing above it: rules belong to src/newsroom, fields of the API to src/graphql",
    },
    Rule {
        modules: &["migration/src"],
        except: &[],
        access: Forbid(&["entity", "async_graphql", "axum", "dateline"]),
        advice: "a step must not change when a row type does: name tables and columns in the step itself",
    },
    Rule {
        modules: &["src/viewer", "src/journal"],
        except: &[],
        access: AllowOnly(&["entity", "serde", "std", "chrono", "uuid", "crate::range"]),
        advice: "these are values that every floor shares: keep what needs more in the room that needs it",
    },
    Rule {
        modules: &["src/range"],
        except: &[],
        access: AllowOnly(&["chrono", "serde", "std", "thiserror"]),
        advice: "the range of dates and instants is used by every floor: keep what needs more in the room that needs it",
    },
    Rule {
        modules: &["src/fair_semaphore", "src/blocking"],
        except: &[],
        access: AllowOnly(&["std", "tokio", "futures_util"]),
        advice: "these are tools of every floor: keep what needs more in the room that needs it",
    },
    Rule {
        modules: &["src/db"],
        except: &[],
        access: Forbid(&[
            "async_graphql",
            "axum",
            "crate::newsroom",
            "crate::catalog",
            "crate::graphql",
            "crate::http",
            "crate::app",
        ]),
        advice: "src/db opens databases and begins transactions; queries belong to src/newsroom",
    },
    Rule {
        modules: &["src/catalog", "src/search"],
        except: &["src/catalog/follow", "src/catalog/load", "src/search/follow", "src/search/load"],
        access: Forbid(&["sea_orm", "crate::db"]),
        advice: "the read model is pure: what reads rows belongs to follow.rs or load.rs beside it",
    },
    Rule {
        modules: &["src/catalog", "src/search"],
        except: &[],
        access: Forbid(&[
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
        advice: "calls go down: let the caller pass in the value",
    },
    Rule {
        modules: &["src/newsroom"],
        except: &[],
        access: Forbid(&[
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
        advice: "calls go down: take what is needed as a parameter, and give a value of the newsroom back",
    },
    Rule {
        modules: &["src/newsroom"],
        except: &[],
        access: Forbid(&["migration"]),
        advice: "src/db migrates; a check only asks it which migrations are pending",
    },
    Rule {
        modules: &["src/newsroom/check"],
        except: &[],
        access: Forbid(&["crate::newsroom::write", "crate::newsroom::Newsroom", "crate::viewer"]),
        advice: "a check changes nothing: it reads one transaction and gives findings back",
    },
    Rule {
        modules: &["src/graphql"],
        except: &[],
        access: Forbid(&["sea_orm", "crate::db", "crate::http", "crate::cli", "crate::interchange", "crate::jobs"]),
        advice: "a resolver makes one call of the newsroom: write the query, or the batch, as a function of src/newsroom",
    },
    Rule {
        modules: &["src/http", "src/interchange", "src/jobs", "src/cli"],
        except: &[
            "src/http/offload",
            "src/http/guard",
            "src/http/graphql",
            "src/http/outcome",
            "src/http/refusal",
            "src/http/work",
            "src/cli/schema",
        ],
        access: Forbid(&["crate::graphql"]),
        advice: "edges do not call each other: what both need is a function of src/newsroom",
    },
    Rule {
        modules: &["src/oidc"],
        except: &[],
        access: Forbid(&[
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
        advice: "sign-in makes a viewer of a token and knows nothing of the newsroom: let src/app.rs pass it in",
    },
    Rule {
        modules: &["src", "entity/src", "migration/src"],
        except: &["src/app", "src/clock"],
        access: Forbid(&["Utc::now", "Local::now", "SystemTime::now"]),
        advice: "time is passed in: take `now: DateTime<Utc>`; at the edge ask the app's clock",
    },
];

/// Rooms of `src` that wire or start the others and may use them all.
pub(crate) const FREE: &[&str] =
    &["src/app", "src/clock", "src/config", "src/edge", "src/lib", "src/limits", "src/main"];
