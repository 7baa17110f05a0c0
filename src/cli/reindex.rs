//! `dateline reindex`: rebuilds the search index, with a progress bar.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    context::{CommandError, open_existing_app},
    output::print,
};
use crate::config::Settings;

pub(super) async fn run(settings: &Settings) -> Result<ExitCode, CommandError> {
    let app = open_existing_app(settings).await?;
    let target = if io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {eta}");
    let bar = ProgressBar::with_draw_target(None, target);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let documents = app
        .newsroom
        .catalog
        .rebuild_index(|pending| {
            let total = bar.length().unwrap_or(pending as u64).max(pending as u64);
            bar.set_length(total);
            bar.set_position(total - pending as u64);
        })
        .await?;
    app.newsroom.db.clone().close().await;
    bar.finish_and_clear();
    print(&format!("the search index contains {documents} revisions"))?;
    Ok(ExitCode::SUCCESS)
}
