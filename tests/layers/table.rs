//! The rules for dependencies between modules, as data. `docs/architecture.md` describes them.

use Access::{AllowOnly, Forbid};

/// One rule for dependencies.
pub(crate) struct Rule {
    /// Modules that the rule applies to, as paths in the workspace without `.rs`. A folder stands for all files in
    /// it.
    pub(crate) modules: &'static [&'static str],
    /// Modules inside `modules` that are exempt from the rule.
    pub(crate) except: &'static [&'static str],
    pub(crate) access: Access,
    /// Advice on how to fix a violation of the rule.
    pub(crate) advice: &'static str,
}

/// Which paths may be used in the modules that a rule applies to. Each variant contains a list of patterns. A pattern
/// matches the start of a path, unless the pattern starts with a capital letter: then it matches anywhere in a path.
pub(crate) enum Access {
    /// All paths are allowed except those that match a pattern.
    Forbid(&'static [&'static str]),
    /// A path into another crate or module is allowed only if it matches a pattern.
    AllowOnly(&'static [&'static str]),
}

/// The frameworks and modules that belong to the layers above `newsroom`.
const OUTER_LAYERS: &[&str] = &[
    "async_graphql",
    "axum",
    "crate::graphql",
    "crate::http",
    "crate::cli",
    "crate::interchange",
    "crate::jobs",
    "crate::site",
    "crate::app",
    "crate::config",
];

/// All rules. First the layers from bottom to top: rows, shared values, database, catalog, newsroom, edges (the
/// modules that face the outside). Then the rules inside folders, and the rule about the clock.
pub(crate) const TABLE: &[Rule] = &[
    Rule {
        modules: &["entity/src"],
        except: &[],
        access: Forbid(&["async_graphql", "axum", "dateline"]),
        advice: "rows must not depend on the layers above: put rules into src/newsroom, API fields into src/graphql",
    },
    Rule {
        modules: &["migration/src"],
        except: &[],
        access: Forbid(&["entity", "async_graphql", "axum", "dateline"]),
        advice: "a migration must not change with a row type: name tables and columns in the migration itself",
    },
    Rule {
        modules: &["src/auth/viewer", "src/journal"],
        except: &[],
        access: AllowOnly(&["entity", "serde", "std", "chrono", "uuid", "crate::date_range"]),
        advice: "every layer uses these values: move code with more dependencies to the module that needs it",
    },
    Rule {
        modules: &["src/date_range"],
        except: &[],
        access: AllowOnly(&["chrono", "serde", "std", "thiserror"]),
        advice: "every layer uses date ranges: move code with more dependencies to the module that needs it",
    },
    Rule {
        modules: &["src/error_code"],
        except: &[],
        access: AllowOnly(&["async_graphql", "serde"]),
        advice: "this is the list of error codes; decide in src/graphql and src/http which one applies",
    },
    Rule {
        modules: &["src/fair_semaphore", "src/blocking"],
        except: &[],
        access: AllowOnly(&["std", "tokio", "tracing", "futures_util"]),
        advice: "every layer uses these utilities: move code with more dependencies to the module that needs it",
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
        advice: "src/db opens databases and begins transactions; put queries into src/newsroom",
    },
    Rule {
        modules: &["src/catalog"],
        except: &["src/catalog/sync"],
        access: Forbid(&["sea_orm", "crate::db"]),
        advice: "the read model does not use the database: put code that reads rows into src/catalog/sync",
    },
    Rule {
        modules: &["src/catalog", "src/newsroom", "src/auth"],
        except: &[],
        access: Forbid(OUTER_LAYERS),
        advice: "calls go downwards only: take the value as a parameter and return a value",
    },
    Rule {
        modules: &["src/catalog"],
        except: &[],
        access: Forbid(&["crate::newsroom"]),
        advice: "calls go downwards only: let src/newsroom pass the value as a parameter",
    },
    Rule {
        modules: &["src/newsroom"],
        except: &[],
        access: Forbid(&["migration"]),
        advice: "only src/db runs migrations; ask src/db which migrations are pending",
    },
    Rule {
        modules: &["src/graphql"],
        except: &[],
        access: Forbid(&["sea_orm", "crate::db", "crate::http", "crate::cli", "crate::interchange", "crate::jobs"]),
        advice: "a resolver makes one call to the newsroom: write the query or batch as a function in src/newsroom",
    },
    Rule {
        modules: &["src/site"],
        except: &[],
        access: Forbid(&[
            "sea_orm",
            "axum",
            "crate::app",
            "crate::db",
            "crate::graphql",
            "crate::http",
            "crate::cli",
            "crate::interchange",
            "crate::jobs",
        ]),
        advice: "a page reads what the newsroom offers: write queries in src/newsroom, and HTTP in src/http/site",
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
        advice: "edges do not call each other: put shared code into src/newsroom",
    },
    Rule {
        modules: &["src/auth"],
        except: &[],
        access: Forbid(&["sea_orm", "crate::newsroom", "crate::catalog", "crate::db"]),
        advice: "sign-in turns a token into a viewer without using the newsroom: let src/app.rs pass the value",
    },
    // Rules for modules inside src/catalog.
    Rule {
        modules: &["src/catalog/store"],
        except: &[],
        access: Forbid(&["crate::catalog::snapshot", "crate::catalog::query", "crate::catalog::sync"]),
        advice: "store contains data structures that do not depend on snapshots: let the caller pass the values",
    },
    Rule {
        modules: &["src/catalog/snapshot"],
        except: &[],
        access: Forbid(&["crate::catalog::query", "crate::catalog::sync"]),
        advice: "a snapshot is data: put computations into src/catalog/query",
    },
    Rule {
        modules: &["src/catalog/query"],
        except: &[],
        access: Forbid(&["crate::catalog::sync"]),
        advice: "a query uses one snapshot: put code that reads the journal into src/catalog/sync",
    },
    // Rules for modules inside src/newsroom.
    Rule {
        modules: &["src/newsroom/check"],
        except: &[],
        access: Forbid(&["crate::newsroom::unit_of_work", "crate::newsroom::Newsroom", "crate::auth"]),
        advice: "a check changes nothing: read in one transaction and return findings",
    },
    Rule {
        modules: &["src/newsroom/workflow"],
        except: &[],
        access: Forbid(&["sea_orm", "chrono", "crate::db", "crate::catalog", "crate::journal"]),
        advice: "the workflow is a table without database and clock: put code that performs a transition into src/newsroom/release",
    },
    Rule {
        modules: &["src/newsroom/text"],
        except: &[],
        access: Forbid(&["sea_orm", "entity", "crate::db", "crate::catalog::sync"]),
        advice: "texts are checked without a database: pass the text as a parameter",
    },
    // Rules for modules inside src/graphql.
    Rule {
        modules: &["src/graphql/operation"],
        except: &[],
        access: Forbid(&["async_graphql::Context", "crate::newsroom", "crate::catalog", "crate::graphql::types"]),
        advice: "the front end uses the schema as text and no data",
    },
    Rule {
        modules: &["src/graphql/base", "src/graphql/inputs"],
        except: &[],
        access: Forbid(&["crate::graphql::types", "crate::graphql::query", "crate::graphql::mutation"]),
        advice: "building blocks do not depend on object types: move code that needs one to src/graphql/types",
    },
    // Rules for modules inside src/http.
    Rule {
        modules: &["src/http/transport"],
        except: &[],
        access: Forbid(&["crate::http::graphql", "crate::http::streaming", "crate::graphql", "crate::newsroom"]),
        advice: "transport moves bytes: put code that depends on GraphQL into src/http/graphql or src/http/streaming",
    },
    Rule {
        modules: &["src/http/limits"],
        except: &[],
        access: Forbid(&["crate::http::graphql", "crate::http::streaming", "crate::http::transport"]),
        advice: "limits only count: let the caller pass the value to count",
    },
    Rule {
        modules: &["src", "entity/src", "migration/src", "search/src"],
        except: &["src/app", "src/clock"],
        access: Forbid(&["Utc::now", "Local::now", "SystemTime::now"]),
        advice: "time is a parameter: take `now: DateTime<Utc>`; at the edges use the app's clock",
    },
];

/// Modules of `src` that may use all other modules, because they configure, connect or start them.
pub(crate) const FREE: &[&str] =
    &["src/app", "src/clock", "src/config", "src/lib", "src/limits", "src/main", "markup", "search"];
