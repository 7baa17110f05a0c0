//! `dateline purge`: removes a release with all its revisions permanently (right to erasure). The journal keeps the
//! reason.

use std::process::ExitCode;

use clap::Args;
use entity::Noun;

use super::{
    context::{CommandError, open_existing_app, operator},
    output::print,
};
use crate::{catalog::ReleaseKey, config::Settings};

#[derive(Args, Debug)]
pub(super) struct Purge {
    /// Id (release_…) or slug of the release
    release: String,
    /// Who demanded the removal and why; this text stays in the journal, so it must not repeat what is removed
    #[arg(long)]
    reason: String,
    /// Remove the release; without this flag, only print what would be removed
    #[arg(long)]
    yes: bool,
}

impl Purge {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, CommandError> {
        let app = open_existing_app(settings).await?;
        let now = app.clock.now();
        let key = match app.newsroom.ids.decode_as(Noun::Release, &self.release) {
            Some(id) => ReleaseKey::Id(id),
            None => ReleaseKey::Slug(self.release.clone()),
        };
        let set = app.newsroom.catalog.snapshot_at(now).visible_to(&operator(), now);
        let (item, _) = set.find(&key).ok_or_else(|| {
            format!("there is no release \"{}\": give its slug, or its id from the API", self.release)
        })?;
        let (id, slug) = (item.id(), item.slug().to_owned());
        if !self.yes {
            print(&format!("This permanently removes \"{slug}\" and all its revisions. To do it, add --yes."))?;
            return Ok(ExitCode::FAILURE);
        }
        app.newsroom.release_purge(&operator(), id, item.newest_revision_number(), self.reason, now).await?;
        let id = app.newsroom.ids.encode(Noun::Release, id);
        print(&format!("{id} is purged; older backups still contain it (docs/operations.md)"))?;
        Ok(ExitCode::SUCCESS)
    }
}
