//! `dateline migrate`: runs the pending schema migrations and prints them.

use std::process::ExitCode;

use super::{context::CommandError, output::print};
use crate::{
    config::Settings,
    db::{Db, OpenOptions, redacted},
};

pub(super) async fn run(settings: &Settings) -> Result<ExitCode, CommandError> {
    let options = OpenOptions { new_database: settings.new_database, ..OpenOptions::default() };
    let db = Db::open_with(&settings.database_url, &options).await?;
    let steps = db.migrate().await?;
    for step in &steps {
        print(step)?;
    }
    print(&format!(
        "{} has the schema of this version ({} migrations run now)",
        redacted(&settings.database_url),
        steps.len()
    ))?;
    db.close().await;
    Ok(ExitCode::SUCCESS)
}
