//! Accept loop, graceful shutdown and stop signals (Ctrl-C, SIGTERM).
//!
//! On a stop signal, the server accepts no more connections, ends streams, and waits up to eight seconds for requests
//! in flight. A second signal ends the process at once.

use std::{future::Future, io, sync::Arc, time::Duration};

use tokio::net::TcpListener;

use super::{connection::ConnectionHandler, tls::Tls};
use crate::{
    app::App,
    http::{limits::connection_limit::ConnectionLimiter, router::router},
};

/// How long requests in flight may take to finish after a stop signal. Together with [`CLOSE_TIMEOUT`], this is less
/// than the ten seconds after which many supervisors kill the process.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(8);

/// How long the last writes and closing the database connections may take, after the requests in flight have ended.
pub const CLOSE_TIMEOUT: Duration = Duration::from_millis(1500);

/// Pause before the server tries again after it could not accept a connection, for example because no file descriptor
/// was free.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_secs(1);

/// Serves connections until a stop signal. Then accepts no more connections and finishes the requests in flight.
pub async fn serve(app: Arc<App>, listener: TcpListener, tls: Option<Tls>, stop: impl Future<Output = ()>) {
    // Raise the limit on open files, because many systems start processes with a low soft limit.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::debug!(%error, "failed to raise the limit of open files");
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
        tracing::warn!("requests were still in flight after {} s and were aborted", SHUTDOWN_GRACE.as_secs());
    }
}

/// Accepts connections up to the limit on open connections. Further connections wait in the accept queue of the
/// operating system.
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
                    tracing::debug!(%peer, "connection limit per client IP reached (limits.address_connections)");
                }
            }
            Err(error) if is_client_abort(&error) => {}
            Err(error) => {
                tracing::error!(%error, "failed to accept a connection: is the limit of open files too low?");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
}

/// Returns true if the client aborted before the connection was accepted.
fn is_client_abort(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// The stop signals of a server: Ctrl-C and SIGTERM.
#[derive(Debug)]
pub struct StopSignals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl StopSignals {
    /// Registers handlers for the stop signals. From then on, a stop signal no longer ends the process by default.
    pub fn listen() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for a stop signal. After that, a second signal ends the process at once.
    pub async fn wait(mut self) {
        self.next().await;
        tokio::spawn(async move {
            self.next().await;
            tracing::warn!("second stop signal: exiting at once");
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
