//! Which module may use which: the table of `docs/architecture.md` as data.

use Access::{AllowOnly, Forbid};

/// One line of the table.
pub(crate) struct Rule {
    /// Files of the workspace, without `.rs`; a folder stands for all that is in it.
    pub(crate) modules: &'static [&'static str],
    /// Those of them that the rule leaves alone.
    pub(crate) except: &'static [&'static str],
    pub(crate) access: Access,
    /// What to do about a violation.
    pub(crate) advice: &'static str,
}

/// A path is matched by its beginning; a pattern that begins with a capital letter is looked for anywhere in the path.
pub(crate) enum Access {
    /// Anything but these.
    Forbid(&'static [&'static str]),
    /// Of other crates and modules these alone.
    AllowOnly(&'static [&'static str]),
}

/// The frameworks and modules of the layers above the newsroom.
const OUTER_LAYERS: &[&str] = &[
    "async_graphql",
    "axum",
    "crate::graphql",
    "crate::http",
    "crate::cli",
    "crate::interchange",
    "crate::jobs",
    "crate::app",
    "crate::config",
];

/// Bottom to top: rows, shared values, database, catalog, newsroom, edges; then the rules inside folders, and the clock.
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
        modules: &["src/auth/viewer", "src/journal"],
        except: &[],
        access: AllowOnly(&["entity", "serde", "std", "chrono", "uuid", "crate::date_range"]),
        advice: "these values are shared by every layer: keep what needs more in the module that needs it",
    },
    Rule {
        modules: &["src/date_range"],
        except: &[],
        access: AllowOnly(&["chrono", "serde", "std", "thiserror"]),
        advice: "the range of dates is shared by every layer: keep what needs more in the module that needs it",
    },
    Rule {
        modules: &["src/fair_semaphore", "src/blocking"],
        except: &[],
        access: AllowOnly(&["std", "tokio", "futures_util"]),
        advice: "these are tools of every layer: keep what needs more in the module that needs it",
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
        modules: &["src/catalog"],
        except: &["src/catalog/sync"],
        access: Forbid(&["sea_orm", "crate::db"]),
        advice: "the read model knows no database: what reads rows belongs to src/catalog/sync",
    },
    Rule {
        modules: &["src/catalog", "src/newsroom", "src/auth"],
        except: &[],
        access: Forbid(OUTER_LAYERS),
        advice: "calls go down: take what is needed as a parameter, and return a value",
    },
    Rule {
        modules: &["src/catalog"],
        except: &[],
        access: Forbid(&["crate::newsroom"]),
        advice: "calls go down: let the newsroom pass in the value",
    },
    Rule {
        modules: &["src/newsroom"],
        except: &[],
        access: Forbid(&["migration"]),
        advice: "src/db migrates; a check only asks it which migrations are pending",
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
            "src/http/error",
            "src/http/graphql",
            "src/http/streaming",
            "src/http/limits/rate_limit",
            "src/cli/schema",
        ],
        access: Forbid(&["crate::graphql"]),
        advice: "edges do not call each other: what both need is a function of src/newsroom",
    },
    Rule {
        modules: &["src/auth"],
        except: &[],
        access: Forbid(&["sea_orm", "crate::newsroom", "crate::catalog", "crate::db"]),
        advice: "sign-in makes a viewer of a token and knows nothing of the newsroom: let src/app.rs pass it in",
    },
    // Inside src/catalog.
    Rule {
        modules: &["src/catalog/store"],
        except: &[],
        access: Forbid(&["crate::catalog::snapshot", "crate::catalog::query", "crate::catalog::sync"]),
        advice: "store has containers that know no snapshot: let the caller pass in the values",
    },
    Rule {
        modules: &["src/catalog/snapshot"],
        except: &[],
        access: Forbid(&["crate::catalog::query", "crate::catalog::sync"]),
        advice: "a snapshot is data: what is computed from it belongs to src/catalog/query",
    },
    Rule {
        modules: &["src/catalog/query"],
        except: &[],
        access: Forbid(&["crate::catalog::sync"]),
        advice: "a query has one snapshot: what reads the journal belongs to src/catalog/sync",
    },
    // Inside src/newsroom.
    Rule {
        modules: &["src/newsroom/check"],
        except: &[],
        access: Forbid(&["crate::newsroom::unit_of_work", "crate::newsroom::Newsroom", "crate::auth"]),
        advice: "a check changes nothing: it reads one transaction and returns findings",
    },
    Rule {
        modules: &["src/newsroom/workflow"],
        except: &[],
        access: Forbid(&["sea_orm", "chrono", "crate::db", "crate::catalog", "crate::journal"]),
        advice: "the workflow is a table: no database, no clock; what carries out a transition belongs to src/newsroom/release",
    },
    Rule {
        modules: &["src/newsroom/markup", "src/newsroom/text"],
        except: &[],
        access: Forbid(&["sea_orm", "entity", "crate::db", "crate::catalog::sync"]),
        advice: "texts are rendered and checked without a database: pass in the text",
    },
    // Inside src/graphql.
    Rule {
        modules: &["src/graphql/operation"],
        except: &[],
        access: Forbid(&["async_graphql::Context", "crate::newsroom", "crate::catalog", "crate::graphql::types"]),
        advice: "the front end knows the schema as text, and no data",
    },
    Rule {
        modules: &["src/graphql/base", "src/graphql/inputs"],
        except: &[],
        access: Forbid(&["crate::graphql::types", "crate::graphql::query", "crate::graphql::mutation"]),
        advice: "building blocks know no object type: move what needs one to src/graphql/types",
    },
    // Inside src/http.
    Rule {
        modules: &["src/http/transport"],
        except: &[],
        access: Forbid(&["crate::http::graphql", "crate::http::streaming", "crate::graphql", "crate::newsroom"]),
        advice: "transport moves bytes: what knows GraphQL belongs to src/http/graphql or src/http/streaming",
    },
    Rule {
        modules: &["src/http/limits"],
        except: &[],
        access: Forbid(&["crate::http::graphql", "crate::http::streaming", "crate::http::transport"]),
        advice: "limits count, whoever asks: let the caller pass in what is counted",
    },
    Rule {
        modules: &["src", "entity/src", "migration/src"],
        except: &["src/app", "src/clock"],
        access: Forbid(&["Utc::now", "Local::now", "SystemTime::now"]),
        advice: "time is passed in: take `now: DateTime<Utc>`; at the edge ask the app's clock",
    },
];

/// Modules of `src` that wire or start the others and may use them all.
pub(crate) const FREE: &[&str] = &["src/app", "src/clock", "src/config", "src/lib", "src/limits", "src/main"];
