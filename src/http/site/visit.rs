//! One request for a page, made from the state of the server.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    app::App,
    catalog::ReleaseFilter,
    http::state::HttpState,
    site::{FilterParser, Visit},
};

impl FilterParser for App {
    fn parse_filter(&self, json: &Value) -> Result<ReleaseFilter, String> {
        Self::parse_filter(self, json)
    }
}

/// Starts a request at an instant.
pub(super) fn visit(state: &HttpState, now: DateTime<Utc>) -> Visit<'_> {
    let app = &*state.app;
    Visit::new(&app.newsroom, &app.site_info, &state.assets, app, now)
}
