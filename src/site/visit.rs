//! One request for a page: the newsroom, one instant and the releases that the public may see.

use chrono::{DateTime, Utc};

use super::links::Links;
use crate::{
    auth::viewer::Viewer,
    catalog::{IndexLocation, ReleaseSet, View},
    config::SiteInfo,
    newsroom::{Newsroom, text::local_time},
};

/// One request. All parts of a page see the same releases at the same instant.
pub struct Visit<'a> {
    /// The newsroom.
    pub newsroom: &'a Newsroom,
    /// What the pages show of the newsroom.
    pub site: &'a SiteInfo,
    /// The releases that the public may see.
    pub visible: ReleaseSet,
    /// Addresses.
    pub links: Links<'a>,
}

impl<'a> Visit<'a> {
    /// Starts a request at an instant.
    pub fn new(newsroom: &'a Newsroom, site: &'a SiteInfo, now: DateTime<Utc>) -> Self {
        let visible = newsroom.catalog.snapshot_at(now).visible_to(&Viewer::public(), now);
        let links = Links::new(site.public_url.as_deref(), newsroom.settings.url_template.as_deref());
        Self { newsroom, site, visible, links }
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

    /// Returns the end of the present day in the time zone of the newsroom.
    pub fn day_end(&self) -> DateTime<Utc> {
        local_time::today(self.newsroom.settings.time_zone, self.visible.now()).1
    }
}
