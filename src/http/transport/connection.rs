//! Serves one connection: optional TLS handshake, HTTP/1.1 or HTTP/2 (hyper), idle timeout and graceful close
//! (`GOAWAY`).
//!
//! The limits on headers and on concurrent HTTP/2 streams are applied here, and the peer address is added to each
//! request.

use std::{convert::Infallible, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderValue, Request, Version, header},
};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
    time::timeout,
};
use tower::ServiceExt;

use super::{
    drain::{DrainLimits, DrainedBody},
    idle_timeout::{CloseReason, ConnectionActivity},
    paced_body::PacedBody,
    tls::Tls,
    write_timeout::TimedStream,
};
use crate::{
    http::limits::{client_ip::Peer, connection_limit::ConnectionPermit},
    limits::Limits,
};

/// Maximum number of concurrent streams on one HTTP/2 connection.
const MAX_CONCURRENT_STREAMS: u32 = 100;

/// Minimum buffer size that the HTTP/1 parser accepts, in bytes.
const MIN_BUFFER_BYTES: u64 = 8192;

/// How long an idle HTTP/2 client may take to react to `GOAWAY`.
const GOAWAY_GRACE: Duration = Duration::from_millis(500);

/// Serves connections. All connections share this state.
pub(in crate::http) struct ConnectionHandler {
    router: Router,
    protocols: Builder<TokioExecutor>,
    tls: Option<Arc<Tls>>,
    stopping: watch::Receiver<bool>,
    idle_timeout: Duration,
    write_timeout: Duration,
    drain: Arc<DrainLimits>,
}

impl ConnectionHandler {
    pub(in crate::http) fn new(
        router: Router,
        limits: &Limits,
        tls: Option<Arc<Tls>>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let idle_timeout = Duration::from_millis(limits.header_ms);
        let mut protocols = Builder::new(TokioExecutor::new());
        protocols
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(idle_timeout)
            .max_buf_size(limits.header_bytes.max(MIN_BUFFER_BYTES) as usize);
        protocols
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(limits.header_bytes.min(u32::MAX.into()) as u32)
            .max_concurrent_streams(MAX_CONCURRENT_STREAMS);
        let write_timeout = Duration::from_millis(limits.write_ms);
        let drain = DrainLimits::new(limits, stopping.clone());
        Self { router, protocols, tls, stopping, idle_timeout, write_timeout, drain }
    }

    /// Serves a connection until it is closed.
    pub(in crate::http) async fn handle(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        permit: ConnectionPermit,
    ) {
        // Responses are written in one piece, so Nagle's algorithm would only delay them.
        let _ = stream.set_nodelay(true);
        let activity = ConnectionActivity::new(self.idle_timeout, self.write_timeout);
        let stream = TimedStream::new(stream, self.write_timeout, activity.clone(), permit);
        match &self.tls {
            None => self.serve(stream, peer, activity).await,
            Some(tls) => {
                let mut stopping = self.stopping.clone();
                let accepted = tokio::select! {
                    accepted = timeout(self.idle_timeout, tls.acceptor().accept(stream)) => accepted,
                    // No request has arrived during the handshake, so the connection can be dropped.
                    _ = stopping.wait_for(|stopping| *stopping) => return,
                };
                match accepted {
                    Ok(Ok(stream)) => {
                        // The bytes received so far belong to the handshake and were read.
                        activity.set_unread(false);
                        self.serve(stream, peer, activity).await;
                    }
                    Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
                    Err(_) => tracing::debug!(%peer, "the TLS handshake did not finish in time (limits.header_ms)"),
                }
            }
        }
    }

    async fn serve<S>(&self, stream: S, peer: SocketAddr, activity: Arc<ConnectionActivity>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = |mut request: Request<Incoming>| {
            let (router, activity, version) = (self.router.clone(), activity.clone(), request.version());
            let in_flight = activity.begin_request();
            request.extensions_mut().insert(Peer(peer));
            let request = DrainedBody::wrap(request, &self.drain, &activity);
            async move {
                let mut response = router.oneshot(request).await?;
                if version < Version::HTTP_2 && activity.has_unread() {
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response.map(|body| PacedBody::new(body, in_flight)))
            }
        };
        let mut connection =
            pin!(self.protocols.serve_connection_with_upgrades(TokioIo::new(stream), service_fn(service)));
        let mut stopping = self.stopping.clone();
        let is_shutdown = tokio::select! {
            _ = connection.as_mut() => return,
            reason = activity.until_close() => match reason {
                CloseReason::Idle => false,
                CloseReason::NoRequest | CloseReason::SlowReader => return,
            },
            _ = stopping.wait_for(|stopping| *stopping) => true,
        };
        connection.as_mut().graceful_shutdown();
        if is_shutdown {
            // Requests in flight complete. `server` limits the time that this may take.
            tokio::select! {
                _ = connection => {}
                _ = activity.until_close() => {}
            }
        } else {
            // The client may have sent a request before it received `GOAWAY`, so wait before checking for requests in
            // flight.
            let drained = async {
                tokio::time::sleep(GOAWAY_GRACE).await;
                activity.until_idle().await;
            };
            tokio::select! {
                _ = connection => {}
                () = drained => {}
            }
        }
    }
}
