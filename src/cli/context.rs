//! Shared code of the commands: the error type, opening the configured database and application, and the viewer
//! that commands act as.

use std::sync::Arc;

use entity::api_token::Role;

use crate::{
    app::App,
    auth::viewer::Viewer,
    clock::Clock,
    config::Settings,
    db::{Db, OpenOptions},
    journal::COMMAND_LINE_ACTOR,
};

/// The error of a command.
pub(super) type CommandError = Box<dyn std::error::Error + Send + Sync>;

/// Opens the configured database with `options`, and migrates it to the schema of this program version.
pub(super) async fn open_with(settings: &Settings, options: OpenOptions) -> Result<Db, CommandError> {
    let options = OpenOptions { new_database: settings.new_database, ..options };
    let db = Db::open_with(&settings.database_url, &options).await?;
    for step in db.migrate().await? {
        tracing::info!(target: "dateline::cli", step, "migrated");
    }
    Ok(db)
}

/// Opens the application on the configured database. Creates the database if it does not exist.
pub(super) async fn open_app(settings: &Settings) -> Result<Arc<App>, CommandError> {
    open_app_with(settings, OpenOptions::default()).await
}

/// Opens the application on the configured database. Fails if the database does not exist.
pub(super) async fn open_existing_app(settings: &Settings) -> Result<Arc<App>, CommandError> {
    open_app_with(settings, OpenOptions::existing()).await
}

async fn open_app_with(settings: &Settings, options: OpenOptions) -> Result<Arc<App>, CommandError> {
    let db = open_with(settings, options).await?;
    let clock = Clock::with_max_offset(settings.max_clock_offset);
    Ok(App::new(db, settings.newsroom.clone(), settings.site_info.clone(), clock).await?)
}

/// Returns the viewer that commands act as: an administrator, because anyone who can run commands on the database
/// machine has full access to the data.
pub(super) fn operator() -> Viewer {
    Viewer::new(Role::Admin, COMMAND_LINE_ACTOR)
}
