//! `dateline restored`: marks a database as restored from a backup, so that positions of the lost history (cursors,
//! resume tokens) are refused.

use std::process::ExitCode;

use super::{
    context::{CommandError, open_app},
    output::print,
};
use crate::{config::Settings, db::redacted};

pub(super) async fn run(settings: &Settings) -> Result<ExitCode, CommandError> {
    open_app(settings).await?.newsroom.catalog.rotate_epoch().await?;
    print(&format!(
        "{} has another past now: positions that clients hold of the one before are refused, and they read everything anew",
        redacted(&settings.database_url)
    ))?;
    Ok(ExitCode::SUCCESS)
}
