//! Content security policies of pages, charts and embedded charts.

use axum::http::HeaderValue;

use crate::{http::state::HttpState, site};

/// Policy of pages: styles, scripts and images of this server only, nothing inline, no frames.
const PAGE: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; \
                    base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Policy of charts as files, which contain their style.
const FILE: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// Returns the policy for a path. Only embedded charts can be in frames of other sites.
pub(super) fn content_security_policy(state: &HttpState, path: &str) -> HeaderValue {
    let info = &state.app.site_info;
    if site::is_chart_file(path) {
        return HeaderValue::from_static(FILE);
    }
    if site::is_embed(path) && info.can_embed() {
        let policy =
            PAGE.replace("frame-ancestors 'none'", &format!("frame-ancestors {}", info.embed_ancestors.join(" ")));
        return HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(PAGE));
    }
    HeaderValue::from_static(PAGE)
}
