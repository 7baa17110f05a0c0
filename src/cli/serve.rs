//! `dateline serve`: opens the database, binds the address, and runs the HTTP server until SIGTERM or Ctrl-C.
//!
//! The command also runs the catalog follower and the background jobs. It records scheduled transitions that are
//! due when the server starts and when it stops.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Args;
use tokio::net::TcpListener;

use super::{
    context::{CommandError, open_with},
    demo::populate,
    output::print,
};
use crate::{
    app::App,
    clock::Clock,
    config::Settings,
    db::{OpenOptions, redacted},
    http::transport::{server, tls::Tls},
    jobs,
    newsroom::Error,
};

/// Database that the hint for an empty database suggests for a demo newsroom. It differs from the default database,
/// which may become a real newsroom.
const DEMO_DATABASE: &str = "sqlite://demo.db";

#[derive(Args, Debug)]
pub(super) struct Serve {
    /// Fill an empty database with a demo newsroom, and print an editor's token
    #[arg(long)]
    demo: bool,
    /// Address and port to listen on [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) listen: Option<String>,
    /// Set of default limits: open, or hardened for the open internet [default: open]
    #[arg(long, value_name = "PROFILE")]
    pub(super) profile: Option<String>,
}

impl Serve {
    pub(super) async fn run(self, settings: Settings) -> Result<ExitCode, CommandError> {
        let listener = TcpListener::bind(settings.listen).await.map_err(|error| {
            let advice = match error.kind() {
                std::io::ErrorKind::AddrInUse => {
                    "another program listens there: stop it, or choose another port (--listen 127.0.0.1:8001)"
                }
                std::io::ErrorKind::PermissionDenied => {
                    "ports below 1024 require administrator rights: choose another port (--listen 127.0.0.1:8000)"
                }
                _ => "choose an address of this machine (--listen 127.0.0.1:8000)",
            };
            format!("cannot listen on {}: {error}; {advice}", settings.listen)
        })?;
        let tls = settings.http_config.tls.clone().map(Tls::open).transpose()?;
        let db = open_with(&settings, OpenOptions::serving()).await?;
        let _lock = db.lock_for_serving()?;
        let clock = Clock::with_max_offset(settings.max_clock_offset);
        let app = App::new(db.clone(), settings.newsroom.clone(), settings.site_info.clone(), clock).await?;
        let app = app.with_oidc(settings.oidc.clone()).with_http_config(settings.http_config.clone());
        let now = app.clock.now();
        // Readers see due transitions even before the journal records them, so the server also starts if the
        // database is locked.
        match record_overdue(&app, now).await {
            Ok(0) => {}
            Ok(late) => {
                tracing::warn!(late, "scheduled publications or ends of embargoes became due while no server ran")
            }
            Err(error) => tracing::warn!(%error, "due transitions cannot be recorded yet; trying again"),
        }
        if self.demo {
            if let Some(secret) = Box::pin(populate(&app)).await? {
                let text = format!("An editor's token for this newsroom (it is not shown again):\n\n    {secret}\n");
                print(&text).map_err(|error| {
                    format!(
                        "{error}; the demo newsroom was created nevertheless: create a token with `dateline token create`"
                    )
                })?;
            } else {
                tracing::warn!(
                    "the database is not empty, so --demo adds nothing to it; another token: dateline token create \
                     --database {} --subject You --name laptop --role EDITOR",
                    redacted(&settings.database_url)
                );
            }
        } else if app.newsroom.catalog.snapshot().is_empty() {
            let database = redacted(&settings.database_url);
            print_notice(&format!(
                "The database is empty. Import releases (formats: docs/interchange.md) and create a token:\n    \
                 dateline import --database {database} releases.ndjson\n    \
                 dateline token create --database {database} --subject \"You\" --name first --role ADMIN\n\
                 or try the demo newsroom:\n    dateline serve --demo --database {DEMO_DATABASE}\n"
            ));
        }
        // Register the signal handlers before printing the notice, because a supervisor may send a stop signal as
        // soon as it has read the notice.
        let signals = server::StopSignals::listen()?;
        let address = listener.local_addr()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        if app.site_info.has_pages {
            print_notice(&format!("The pages for readers are at {scheme}://{address}/"));
        }
        print_notice(&format!(
            "Dateline serves {} releases at {scheme}://{address}/graphql; try it at {scheme}://{address}/graphiql",
            app.newsroom.catalog.snapshot().len()
        ));
        let background_task = tokio::spawn({
            let app = app.clone();
            async move { app.run_background_tasks().await }
        });
        let jobs_task = tokio::spawn(jobs::run(app.clone()));
        server::serve(app.clone(), listener, tls, signals.wait()).await;
        jobs_task.abort();
        let closing = async {
            if let Err(error) = jobs::tick(&app, app.clock.now()).await {
                tracing::warn!(%error, "due transitions could not be recorded; the next start records them");
            }
            background_task.abort();
            db.close().await;
        };
        if tokio::time::timeout(server::CLOSE_TIMEOUT, closing).await.is_err() {
            tracing::warn!("the database connections did not close in time; every acknowledged write is on disk");
        }
        tracing::info!("stopped");
        if app.newsroom.db.has_stopped_writing() {
            // Exit without closing the SQLite connections: closing the last one would copy the write-ahead log into
            // the database file and delete the log.
            std::process::exit(0);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Prints a text for the operator. A failure to print does not stop the server.
fn print_notice(text: &str) {
    if let Err(error) = print(text) {
        tracing::warn!(%error, "startup text cannot be printed; serving anyway");
    }
}

/// Resolves pending schedules again, and records the transitions that became due while no server ran. Returns the
/// number of releases with such transitions.
async fn record_overdue(app: &App, now: DateTime<Utc>) -> Result<usize, Error> {
    app.newsroom.resolve_schedules(now).await?;
    app.newsroom.record_due_releases(now).await
}
