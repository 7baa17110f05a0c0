//! Content security policies of pages, charts and embedded charts.

use axum::http::{HeaderValue, StatusCode};

use crate::{http::state::HttpState, site};

/// Policy of pages: styles, scripts and images of this server only, nothing inline, no frames.
const PAGE: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; \
                    base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Policy of charts as files, which contain their style.
const FILE: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// Returns the policy for a path, and the status and media type of the response. Only embedded charts can be in frames
/// of other sites.
pub(super) fn content_security_policy(
    state: &HttpState,
    path: &str,
    status: StatusCode,
    media_type: Option<&HeaderValue>,
) -> HeaderValue {
    let info = &state.app.site_info;
    // A 304 has no media type.
    let is_chart = || path.rsplit_once('.').is_some_and(|(_, end)| end == "svg");
    if media_type.map_or_else(is_chart, |media_type| media_type == site::SVG) {
        return HeaderValue::from_static(FILE);
    }
    if site::is_embed(path) && info.can_embed() && !(status.is_client_error() || status.is_server_error()) {
        let policy =
            PAGE.replace("frame-ancestors 'none'", &format!("frame-ancestors {}", info.embed_ancestors.join(" ")));
        return HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(PAGE));
    }
    HeaderValue::from_static(PAGE)
}
