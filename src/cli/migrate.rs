//! `dateline migrate`.

use std::process::ExitCode;

use super::Failure;
use crate::{
    config::Settings,
    db::{Db, redacted},
};

#[expect(clippy::print_stdout, reason = "the command's answer")]
pub(super) async fn run(settings: &Settings) -> Result<ExitCode, Failure> {
    let db = Db::open(&settings.database_url).await?;
    let steps = db.migrate().await?;
    for step in &steps {
        println!("{step}");
    }
    println!("{} has the shape of this version ({} steps taken now)", redacted(&settings.database_url), steps.len());
    db.close().await;
    Ok(ExitCode::SUCCESS)
}
