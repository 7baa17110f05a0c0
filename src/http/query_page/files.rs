//! The files of GraphiQL: names, versions and hashes. They are not part of this program. Browsers load them from the
//! address in the setting `graphiql.base_url`.
//!
//! The hashes are those of the files in the npm packages. `tests/browser/graphiql.test.mjs` compares them. To change a
//! version, change it here and in `tests/browser/package.json`.

use serde_json::{Value, json};

/// A file that the page of GraphiQL loads.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExternalFile {
    /// Path below the base URL: package, version and path in the package.
    pub(super) path: &'static str,
    /// SHA-384 hash of the file (Subresource Integrity). Browsers refuse the file if its hash differs.
    pub(super) integrity: &'static str,
}

/// Scripts of GraphiQL, in the order in which they must run. 4.1.2 is the last release of GraphiQL with a single script
/// that needs no bundler. The plugin is the last release for that version.
pub(super) const SCRIPTS: [ExternalFile; 4] = [
    ExternalFile {
        path: "react@18.3.1/umd/react.production.min.js",
        integrity: "sha384-DGyLxAyjq0f9SPpVevD6IgztCFlnMF6oW/XQGmfe+IsZ8TqEiDrcHkMLKI6fiB/Z",
    },
    ExternalFile {
        path: "react-dom@18.3.1/umd/react-dom.production.min.js",
        integrity: "sha384-gTGxhz21lVGYNMcdJOyq01Edg0jhn/c22nsx0kyqP0TxaV5WVdsSH1fSDUf5YJj1",
    },
    ExternalFile {
        path: "graphiql@4.1.2/graphiql.min.js",
        integrity: "sha384-9XdHu7ajgGJziD4J1zNBKQ842Q/+zZfDv+ib1eMhZWBH6hPAs806x+Jbcf0yNO6B",
    },
    ExternalFile {
        path: "@graphiql/plugin-explorer@4.0.6/dist/index.umd.js",
        integrity: "sha384-gXYG2RCFRuAiKUaKTbKxOVlvr0U9z0D/V/l5jdvRSH46vQ+9cpkG2d3ByiggUYvD",
    },
];

/// Style sheets of GraphiQL.
pub(super) const STYLES: [ExternalFile; 2] = [
    ExternalFile {
        path: "graphiql@4.1.2/graphiql.min.css",
        integrity: "sha384-1el1QShFBnnXTx9x/Cprg82hZWKt0ry29OAYIXt05swbi0KcZDFoj0CWguMpopJr",
    },
    ExternalFile {
        path: "@graphiql/plugin-explorer@4.0.6/dist/style.css",
        integrity: "sha384-XffIsImDMwexX8UM/Bg3tss0MZOeQmZcnHzk0avUrw9ff0IQ2g9j7QLA6m2lz5D0",
    },
];

/// Returns the addresses and hashes of the files as JSON, for the script that loads them.
pub(super) fn json_list(base_url: &str) -> String {
    let list = |files: &[ExternalFile]| -> Value {
        files.iter().map(|file| json!({ "url": url(base_url, file), "integrity": file.integrity })).collect()
    };
    // A "<" cannot end the element that contains the list.
    json!({ "styles": list(&STYLES), "scripts": list(&SCRIPTS) }).to_string().replace('<', "\\u003c")
}

/// Returns the sources of the files in the syntax of a content security policy. Files on this host need no source of
/// their own, because the policy allows `'self'`.
pub(super) fn policy_sources(base_url: &str, files: &[ExternalFile]) -> String {
    if base_url.starts_with('/') {
        return String::new();
    }
    files.iter().fold(String::new(), |sources, file| sources + " " + &url(base_url, file))
}

fn url(base_url: &str, file: &ExternalFile) -> String {
    format!("{base_url}/{}", file.path)
}
