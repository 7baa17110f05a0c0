//! One connection: TLS where it is wanted, HTTP/1.1 or HTTP/2, and its end.

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
    idle_timeout::{Answered, Quiet, Traffic},
    tls::Tls,
    write_timeout::Line,
};
use crate::http::limits::connection_limit::Place;
use crate::limits::Limits;

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Requests under way at once on one connection of HTTP/2.
const STREAMS: u32 = 100;

/// The smallest buffer that the HTTP/1 reader takes.
const SMALLEST_BUFFER: u64 = 8192;

/// How long an idle client of HTTP/2 may take to say goodbye.
const GOODBYE: Duration = Duration::from_millis(500);

/// What all connections have in common.
pub(in crate::http) struct Reception {
    router: Router,
    protocols: Builder<TokioExecutor>,
    tls: Option<Arc<Tls>>,
    stopping: watch::Receiver<bool>,
    idle: Duration,
    writing: Duration,
    drain: Arc<DrainLimits>,
}

impl Reception {
    pub(in crate::http) fn new(
        router: Router,
        limits: &Limits,
        tls: Option<Arc<Tls>>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let idle = Duration::from_millis(limits.header_ms);
        let mut protocols = Builder::new(TokioExecutor::new());
        protocols
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(idle)
            .max_buf_size(limits.header_bytes.max(SMALLEST_BUFFER) as usize);
        protocols
            .http2()
            .timer(TokioTimer::new())
            .max_header_list_size(limits.header_bytes.min(u32::MAX.into()) as u32)
            .max_concurrent_streams(STREAMS);
        let writing = Duration::from_millis(limits.write_ms);
        let drain = DrainLimits::new(limits, stopping.clone());
        Self { router, protocols, tls, stopping, idle, writing, drain }
    }

    /// Serves a connection to its end.
    pub(in crate::http) async fn receive(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, place: Place) {
        // Answers are written whole: waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        let traffic = Traffic::new(self.idle, self.writing);
        let line = Line::new(stream, self.writing, traffic.clone(), place);
        match &self.tls {
            None => self.speak(line, peer, traffic).await,
            Some(tls) => {
                let mut stopping = self.stopping.clone();
                let accepted = tokio::select! {
                    accepted = timeout(self.idle, tls.acceptor().accept(line)) => accepted,
                    // Nothing was asked yet.
                    _ = stopping.wait_for(|stopping| *stopping) => return,
                };
                match accepted {
                    Ok(Ok(line)) => {
                        // All that was received is the handshake.
                        traffic.set_unread(false);
                        self.speak(line, peer, traffic).await;
                    }
                    Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS came about"),
                    Err(_) => tracing::debug!(%peer, "no TLS came about in time (limits.header_ms)"),
                }
            }
        }
    }

    async fn speak<S>(&self, line: S, peer: SocketAddr, traffic: Arc<Traffic>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let answer = |mut request: Request<Incoming>| {
            let (router, traffic, version) = (self.router.clone(), traffic.clone(), request.version());
            let turn = traffic.begin();
            request.extensions_mut().insert(Peer(peer));
            let request = DrainedBody::wrap(request, &self.drain, &traffic);
            async move {
                let mut response = router.oneshot(request).await?;
                if version < Version::HTTP_2 && traffic.has_unread() {
                    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(response.map(|body| Answered::new(body, turn)))
            }
        };
        let mut connection =
            pin!(self.protocols.serve_connection_with_upgrades(TokioIo::new(line), service_fn(answer)));
        let mut stopping = self.stopping.clone();
        let stopped = tokio::select! {
            _ = connection.as_mut() => return,
            quiet = traffic.quiet() => match quiet {
                Quiet::Idle => false,
                Quiet::Unasked | Quiet::Stuck => return,
            },
            _ = stopping.wait_for(|stopping| *stopping) => true,
        };
        connection.as_mut().graceful_shutdown();
        if stopped {
            // What is under way is finished; how long that may take is the server's to say.
            tokio::select! {
                _ = connection => {}
                _ = traffic.quiet() => {}
            }
        } else {
            // A request may have been on its way while the goodbye was.
            let goodbye = async {
                tokio::time::sleep(GOODBYE).await;
                traffic.at_rest().await;
            };
            tokio::select! {
                _ = connection => {}
                () = goodbye => {}
            }
        }
    }
}
