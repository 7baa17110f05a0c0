//! Accept loop, graceful shutdown and stop signals (Ctrl-C, SIGTERM).
//!
//! On a stop signal the server accepts no more connections, ends streams, and waits up to eight seconds for requests in
//! flight. A second signal ends the process at once.

use std::{future::Future, io, sync::Arc, time::Duration};

use tokio::net::TcpListener;

use super::{connection::ConnectionHandler, tls::Tls};
use crate::{
    app::App,
    http::{limits::connection_limit::ConnectionLimiter, router::router},
};

/// How long requests under way may take to finish once the server is told to stop. With [`CLOSE_TIMEOUT`] it stays below ten
/// seconds, after which many supervisors kill.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(8);

/// How long the last writes and the end of the database's connections may take after that.
pub const CLOSE_TIMEOUT: Duration = Duration::from_millis(1500);

/// How long nothing is taken where the system has no connection to give.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_secs(1);

/// Serves until told to stop; then takes no more, and finishes what is under way.
pub async fn serve(app: Arc<App>, listener: TcpListener, tls: Option<Tls>, stop: impl Future<Output = ()>) {
    // Systems give a program few files at first, and more where it asks.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
    let tls = tls.map(Arc::new);
    let limiter = ConnectionLimiter::new(&app.http_config);
    let handler =
        Arc::new(ConnectionHandler::new(router(&app), &app.http_config.limits, tls.clone(), app.stopping.subscribe()));
    let reload_tls = async {
        match &tls {
            Some(tls) => tls.reload_on_change().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = accept_connections(&listener, &limiter, &handler) => {}
        () = reload_tls => {}
        () = stop => {}
    }
    drop(listener);
    app.stopping.send_replace(true);
    if tokio::time::timeout(SHUTDOWN_GRACE, limiter.until_none_open()).await.is_err() {
        tracing::warn!("requests were still under way after {} s and were cut off", SHUTDOWN_GRACE.as_secs());
    }
}

/// Takes connections, as many as there are places; more wait in the system's queue.
async fn accept_connections(
    listener: &TcpListener,
    limiter: &Arc<ConnectionLimiter>,
    handler: &Arc<ConnectionHandler>,
) {
    while let Some(slot) = limiter.wait_for_slot().await {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if let Some(permit) = limiter.admit(slot, peer.ip()) {
                    tokio::spawn(handler.clone().handle(stream, peer, permit));
                } else {
                    tracing::debug!(%peer, "has as many connections as it may (limits.address_connections)");
                }
            }
            Err(error) if is_client_abort(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be taken: is the limit of open files too low?");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
}

/// The client went away before it was let in.
fn is_client_abort(error: &io::Error) -> bool {
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
    pub async fn wait(mut self) {
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
