//! Tests of TLS: certificates from files, new certificates without a restart, and negotiation of HTTP/2 with ALPN.

use std::{path::Path, sync::Arc, time::Duration};

use dateline::{
    config::{HttpConfig, TlsFiles},
    http::transport::tls::Tls,
    limits::Limits,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer},
};

use crate::harness::TestServer;

/// Generates a self-signed certificate for `localhost` and writes the certificate and its key to files. Returns the
/// certificate.
pub(crate) fn write_new_certificate(files: &TlsFiles) -> CertificateDer<'static> {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&files.certificate, certified.cert.pem()).unwrap();
    std::fs::write(&files.key, certified.signing_key.serialize_pem()).unwrap();
    certified.cert.der().clone()
}

pub(crate) fn certificate_files(folder: &Path) -> TlsFiles {
    TlsFiles { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") }
}

/// Connects over TLS and trusts only the certificate `trusted`. Returns `None` if the handshake fails.
pub(crate) async fn connect(
    port: u16,
    trusted: &CertificateDer<'static>,
    alpn_protocols: &[&str],
) -> Option<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let mut config =
        config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn_protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await.ok()
}

#[tokio::test]
async fn https_is_served_and_a_new_certificate_is_loaded_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let files = certificate_files(folder.path());
    let first = write_new_certificate(&files);
    let limits = Limits { header_ms: 700, ..Limits::default() };
    let server =
        TestServer::on_sqlite().await.with_http_config(HttpConfig { limits: limits.into(), ..HttpConfig::default() });
    let tls = Tls::open(files.clone()).unwrap();
    let (port, _) = server.serve_with(Some(tls), std::future::pending()).await;

    let mut stream = connect(port, &first, &["http/1.1"]).await.expect("TLS handshake");
    stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut response = String::new();
    // The error is ignored, because the server may close the connection without a TLS `close_notify`.
    let _ = stream.read_to_string(&mut response).await;
    assert!(response.starts_with("HTTP/1.1 200") && response.ends_with("ok\n"), "{response}");
    let negotiated = connect(port, &first, &["h2", "http/1.1"]).await.expect("TLS handshake");
    assert_eq!(negotiated.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));

    for sent in ["", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}"] {
        let mut plain = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        plain.write_all(sent.as_bytes()).await.unwrap();
        let mut received = Vec::new();
        let ended = timeout(Duration::from_millis(1700), plain.read_to_end(&mut received)).await;
        assert!(ended.is_ok() && !received.starts_with(b"HTTP"), "{sent:?}");
    }

    // The new key does not match the certificate, so the server must continue with the previous certificate and key.
    std::fs::write(&files.key, rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(connect(port, &first, &[]).await.is_some());
    let second = write_new_certificate(&files);
    let renewed = async {
        while connect(port, &second, &[]).await.is_none() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(20), renewed).await.expect("the server uses the new certificate");
    assert!(connect(port, &first, &[]).await.is_none());
}

#[tokio::test]
async fn a_pending_tls_handshake_does_not_delay_shutdown() {
    let folder = tempfile::tempdir().unwrap();
    let files = certificate_files(folder.path());
    write_new_certificate(&files);
    let server = TestServer::on_sqlite().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (port, end) = server.serve_with(Some(Tls::open(files).unwrap()), async { drop(stopped.await) }).await;
    let mut idle_stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    stop.send(()).unwrap();
    timeout(Duration::from_secs(3), end).await.expect("the server stops").unwrap();
    assert_eq!(idle_stream.read(&mut [0; 10]).await.unwrap_or(0), 0);
}

#[test]
fn invalid_certificate_files_are_reported_at_startup() {
    let folder = tempfile::tempdir().unwrap();
    let files = certificate_files(folder.path());
    let open_error = |files: &TlsFiles| Tls::open(files.clone()).err().expect("the files are rejected").to_string();
    assert!(
        open_error(&files).starts_with("tls.certificate is ") && open_error(&files).contains("cannot be read"),
        "{}",
        open_error(&files)
    );
    write_new_certificate(&files);
    let key = std::fs::read_to_string(&files.key).unwrap();
    for (changed_file, text, fragment) in [
        (&files.certificate, "nothing", "tls.certificate is "),
        (&files.key, "nothing", "the file has no private key"),
        (&files.key, &rcgen::KeyPair::generate().unwrap().serialize_pem(), "tls.key is "),
    ] {
        write_new_certificate(&files);
        std::fs::write(changed_file, text).unwrap();
        let message = open_error(&files);
        assert!(message.contains(fragment) && !message.contains(key.lines().nth(1).unwrap()), "{message}");
    }
}
