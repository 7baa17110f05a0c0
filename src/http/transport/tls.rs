//! TLS: a certificate and its key from PEM files, taken anew when the files change, without a restart and without a gap.

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

use crate::http::config::Files;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// What is told of a file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable(String);

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unusable {}

/// TLS of a server.
pub struct Tls {
    files: Files,
    /// What was read of them at first.
    first: Pem,
    provider: Arc<CryptoProvider>,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
}

/// The bytes of both files.
#[derive(Clone, PartialEq, Eq)]
struct Pem {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// The certificate that is shown.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Pem {
    fn read(files: &Files) -> Result<Self, Unusable> {
        let read = |setting, file: &Path| {
            std::fs::read(file)
                .map_err(|error| Unusable(format!("{setting} is {}, which cannot be read: {error}", file.display())))
        };
        Ok(Self { certificate: read("tls.certificate", &files.certificate)?, key: read("tls.key", &files.key)? })
    }

    fn certified(&self, files: &Files, provider: &CryptoProvider) -> Result<CertifiedKey, Unusable> {
        let unusable = |setting, file: &Path, why: &dyn fmt::Display| {
            Unusable(format!("{setting} is {}, which cannot be used: {why}", file.display()))
        };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.certificate).collect();
        let chain = chain.map_err(|error| unusable("tls.certificate", &files.certificate, &error))?;
        if chain.is_empty() {
            return Err(unusable("tls.certificate", &files.certificate, &"there is no certificate in it (PEM)"));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| unusable("tls.key", &files.key, &"there is no private key in it (PEM)"))?;
        CertifiedKey::from_der(chain, key, provider).map_err(|error| {
            unusable("tls.key", &files.key, &format!("with the certificate {}: {error}", files.certificate.display()))
        })
    }
}

impl Tls {
    /// With the certificate of two files.
    pub fn open(files: Files) -> Result<Self, Unusable> {
        let provider = Arc::new(ring::default_provider());
        let first = Pem::read(&files)?;
        let current = Arc::new(Current(ArcSwap::from_pointee(first.certified(&files, &provider)?)));
        let config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| Unusable(format!("TLS cannot be set up: {error}")))?;
        let mut config = config.with_no_client_auth().with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { files, first, provider, current, config: Arc::new(config) })
    }

    pub(in crate::http) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.clone())
    }

    /// Takes the files anew when they change, for as long as it is polled. Files that cannot be used (yet: they are written one
    /// after the other) are told once, and what was read before stays.
    pub(in crate::http) async fn keep(&self) {
        let mut seen = Ok(self.first.clone());
        let mut tick = tokio::time::interval(LOOK);
        loop {
            tick.tick().await;
            let files = self.files.clone();
            let Ok(found) = tokio::task::spawn_blocking(move || Pem::read(&files)).await else { continue };
            if found == seen {
                continue;
            }
            match found.as_ref().map_err(Clone::clone).and_then(|pem| pem.certified(&self.files, &self.provider)) {
                Ok(certified) => {
                    self.current.0.store(Arc::new(certified));
                    tracing::info!(certificate = %self.files.certificate.display(), "the certificate was taken anew");
                }
                Err(why) => tracing::error!(%why, "the certificate was not taken anew; the one before is still shown"),
            }
            seen = found;
        }
    }
}
