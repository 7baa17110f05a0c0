//! TLS (rustls): loads the certificate and the key from PEM files, and reloads them when the files change, without a
//! restart.
//!
//! If changed files cannot be used, the server logs an error once and continues to use the previous certificate.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::{CryptoProvider, ring},
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
    },
};

use crate::config::TlsFiles;

/// How often the certificate and key files are checked for changes.
const RELOAD_INTERVAL: Duration = Duration::from_secs(5);

/// Error: a certificate or key file cannot be used, or TLS cannot be set up. The text is the message for the
/// operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TlsError(String);

/// The TLS configuration of a server.
pub struct Tls {
    files: TlsFiles,
    /// Content of the certificate and key files when they were first loaded.
    initial: Pem,
    provider: Arc<CryptoProvider>,
    current: Arc<CurrentCertificate>,
    config: Arc<ServerConfig>,
}

/// Content of the certificate file and the key file.
#[derive(Clone, PartialEq, Eq)]
struct Pem {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// The certificate that is in use.
#[derive(Debug)]
struct CurrentCertificate(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for CurrentCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Pem {
    fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let read = |setting, file: &Path| {
            std::fs::read(file)
                .map_err(|error| TlsError(format!("{setting} is {}, which cannot be read: {error}", file.display())))
        };
        Ok(Self { certificate: read("tls.certificate", &files.certificate)?, key: read("tls.key", &files.key)? })
    }

    fn certified_key(&self, files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let tls_error = |setting, file: &Path, why: &dyn fmt::Display| {
            TlsError(format!("{setting} is {}, which cannot be used: {why}", file.display()))
        };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.certificate).collect();
        let chain = chain.map_err(|error| tls_error("tls.certificate", &files.certificate, &error))?;
        if chain.is_empty() {
            return Err(tls_error("tls.certificate", &files.certificate, &"there is no certificate in it (PEM)"));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| tls_error("tls.key", &files.key, &"the file has no private key (PEM)"))?;
        CertifiedKey::from_der(chain, key, provider).map_err(|error| {
            tls_error("tls.key", &files.key, &format!("with the certificate {}: {error}", files.certificate.display()))
        })
    }
}

impl Tls {
    /// Loads the certificate and the key from two files. Fails if a file cannot be read or used.
    pub fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let initial = Pem::read(&files)?;
        let current = Arc::new(CurrentCertificate(ArcSwap::from_pointee(initial.certified_key(&files, &provider)?)));
        let config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError(format!("TLS cannot be set up: {error}")))?;
        let mut config = config.with_no_client_auth().with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { files, initial, provider, current, config: Arc::new(config) })
    }

    pub(in crate::http) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.clone())
    }

    /// Reloads the certificate and key files when they change, until the returned future is dropped. If the files
    /// cannot be used, logs an error once and continues to use the previous certificate. This also happens while only
    /// one of the two files was replaced.
    pub(in crate::http) async fn reload_on_change(&self) {
        let mut last_read = Ok(self.initial.clone());
        let mut tick = tokio::time::interval(RELOAD_INTERVAL);
        loop {
            tick.tick().await;
            let files = self.files.clone();
            let Ok(read) = tokio::task::spawn_blocking(move || Pem::read(&files)).await else { continue };
            if read == last_read {
                continue;
            }
            match read.as_ref().map_err(Clone::clone).and_then(|pem| pem.certified_key(&self.files, &self.provider)) {
                Ok(certified_key) => {
                    self.current.0.store(Arc::new(certified_key));
                    tracing::info!(certificate = %self.files.certificate.display(), "certificate reloaded");
                }
                Err(why) => tracing::error!(%why, "certificate not reloaded; the previous one stays in use"),
            }
            last_read = read;
        }
    }
}
