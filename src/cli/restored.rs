//! `dateline restored`: marks a database as restored from a backup, so that all earlier resume positions (`asOf`,
//! `after`) are refused. Some of them may name journal entries that the restored database does not have.

use std::process::ExitCode;

use super::{
    context::{CommandError, open_existing_app},
    output::print,
};
use crate::{config::Settings, db::redacted};

pub(super) async fn run(settings: &Settings) -> Result<ExitCode, CommandError> {
    open_existing_app(settings).await?.newsroom.catalog.rotate_epoch().await?;
    print(&format!(
        "{} is marked as restored: positions from before are refused, and clients load everything again",
        redacted(&settings.database_url)
    ))?;
    Ok(ExitCode::SUCCESS)
}
