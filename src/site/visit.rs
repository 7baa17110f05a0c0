//! One request for a page: the newsroom, one instant and the releases that the public may see.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use serde_json::Value;

use super::{assets::Assets, links::Links};
use crate::{
    auth::viewer::Viewer,
    catalog::{IndexLocation, ReleaseFilter, ReleaseSet, View},
    config::SiteInfo,
    newsroom::{Newsroom, text::local_time},
};

/// Reads filters in the notation of the API, on which pages do not depend.
pub trait FilterParser: Sync {
    /// Reads a `ReleaseFilter` of the API from JSON. An error says what is wrong.
    fn parse_filter(&self, json: &Value) -> Result<ReleaseFilter, String>;
}

/// One request. All parts of a page see the same releases at the same instant.
pub struct Visit<'a> {
    /// The newsroom.
    pub newsroom: &'a Newsroom,
    /// What the pages show of the newsroom.
    pub site: &'a SiteInfo,
    /// The files that pages load.
    pub assets: &'a Assets,
    /// Reads filters in the notation of the API.
    pub filters: &'a dyn FilterParser,
    /// The releases that the public may see.
    pub visible: ReleaseSet,
    /// Addresses.
    pub links: Links<'a>,
}

impl<'a> Visit<'a> {
    /// Starts a request at an instant.
    pub fn new(
        newsroom: &'a Newsroom,
        site: &'a SiteInfo,
        assets: &'a Assets,
        filters: &'a dyn FilterParser,
        now: DateTime<Utc>,
    ) -> Self {
        let visible = newsroom.catalog.snapshot_at(now).visible_to(&Viewer::public(), now);
        let links = Links::new(site.public_url.as_deref(), newsroom.settings.url_template.as_deref());
        Self { newsroom, site, assets, filters, visible, links }
    }

    /// Returns the view that all parts of the page are read from.
    pub fn view(&self) -> &View {
        self.visible.snapshot()
    }

    /// Returns the language of names that specify none.
    pub fn language(&self) -> &str {
        &self.newsroom.settings.language
    }

    /// Returns whether the newsroom can be searched.
    pub fn has_search(&self) -> bool {
        self.newsroom.settings.search_index != IndexLocation::Off
    }

    /// Returns the present year in the time zone of the newsroom, and the instant at which it ends.
    pub fn year(&self) -> (i32, DateTime<Utc>) {
        let zone = self.newsroom.settings.time_zone;
        let year = local_time::today(zone, self.visible.now()).0.year();
        let next = NaiveDate::from_ymd_opt(year + 1, 1, 1).unwrap_or(NaiveDate::MAX);
        (year, local_time::resolve(next.and_time(NaiveTime::MIN), zone))
    }
}
