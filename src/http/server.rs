//! Serving: connections, and how they end.

use std::{future::Future, time::Duration};

use axum::Router;
use tokio::net::TcpListener;

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub std::net::SocketAddr);

/// How long requests under way may take to finish once the server is told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until told to stop; then takes no more, and finishes what is under way.
pub async fn serve(
    router: Router,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let (told, heard) = tokio::sync::oneshot::channel();
    let stop = async move {
        stop.await;
        // Nobody listens only where serving has ended already.
        let _ = told.send(());
    };
    let serving = std::future::IntoFuture::into_future(axum::serve(listener, router).with_graceful_shutdown(stop));
    let late = async {
        if heard.await.is_ok() {
            tokio::time::sleep(GRACE).await;
        } else {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        result = serving => result,
        () = late => {
            tracing::warn!("requests were still under way after {} s and were cut off", GRACE.as_secs());
            Ok(())
        }
    }
}

/// Waits for Ctrl-C or SIGTERM.
pub async fn told_to_stop() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
