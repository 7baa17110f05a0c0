//! Serving: connections are taken, and end.

use std::{future::Future, io, sync::Arc, time::Duration};

use tokio::net::TcpListener;

use super::{connection::Reception, tls::Tls};
use crate::app::App;
use crate::http::{limits::connection_limit::Places, router};

/// How long requests under way may take to finish once the server is told to stop. With [`CLOSING`] it stays below ten
/// seconds, after which many supervisors kill.
const GRACE: Duration = Duration::from_secs(8);

/// How long the last writes and the end of the database's connections may take after that.
pub const CLOSING: Duration = Duration::from_millis(1500);

/// How long nothing is taken where the system has no connection to give.
const PAUSE: Duration = Duration::from_secs(1);

/// Serves until told to stop; then takes no more, and finishes what is under way.
pub async fn serve(app: Arc<App>, listener: TcpListener, tls: Option<Tls>, stop: impl Future<Output = ()>) {
    // Systems give a program few files at first, and more where it asks.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
    let tls = tls.map(Arc::new);
    let places = Places::new(&app.edge);
    let reception = Arc::new(Reception::new(router(&app), &app.edge.limits, tls.clone(), app.stopping.subscribe()));
    let keep = async {
        match &tls {
            Some(tls) => tls.keep().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = take(&listener, &places, &reception) => {}
        () = keep => {}
        () = stop => {}
    }
    drop(listener);
    app.stopping.send_replace(true);
    if tokio::time::timeout(GRACE, places.all_given_back()).await.is_err() {
        tracing::warn!("requests were still under way after {} s and were cut off", GRACE.as_secs());
    }
}

/// Takes connections, as many as there are places; more wait in the system's queue.
async fn take(listener: &TcpListener, places: &Arc<Places>, reception: &Arc<Reception>) {
    while let Some(free) = places.free().await {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if let Some(place) = places.give(free, peer.ip()) {
                    tokio::spawn(reception.clone().receive(stream, peer, place));
                } else {
                    tracing::debug!(%peer, "has as many connections as it may (limits.address_connections)");
                }
            }
            Err(error) if is_theirs(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be taken: is the limit of open files too low?");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// The client went away before it was let in.
fn is_theirs(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// The signals that tell a server to stop: Ctrl-C and SIGTERM.
#[derive(Debug)]
pub struct StopSignals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl StopSignals {
    /// From here on they do not end the process any more.
    pub fn listen() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for one. From then on a second one ends the process at once.
    pub async fn stop(mut self) {
        self.next().await;
        tokio::spawn(async move {
            self.next().await;
            tracing::warn!("told to stop a second time: ending at once");
            std::process::exit(1);
        });
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
