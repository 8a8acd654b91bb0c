//! TLS: a certificate and its key from files, which are read anew while connections are answered.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};
use zeroize::Zeroizing;

use super::transport::Transport;

/// Where the certificate and its key are, both as PEM.
#[derive(Debug, Clone)]
pub(crate) struct TlsFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// TLS 1.2 and 1.3 with a certificate that can be changed.
#[derive(Clone)]
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    certificate: Arc<Certificate>,
}

impl Tls {
    /// # Errors
    /// When a file cannot be read, or the key is not that of the certificate.
    pub(crate) fn open(files: TlsFiles) -> io::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let (chain, key) = files.read()?;
        let certificate = Arc::new(Certificate {
            current: RwLock::new(Arc::new(certified(&chain, &key, &provider, &files)?)),
            chain: Mutex::new(chain),
            provider: provider.clone(),
            files,
            problem: Mutex::default(),
        });
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let mut config = config.with_no_client_auth().with_cert_resolver(certificate.clone());
        #[cfg(feature = "http2")]
        config.alpn_protocols.push(b"h2".to_vec());
        config.alpn_protocols.push(b"http/1.1".to_vec());
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), certificate })
    }

    pub(super) async fn accept(&self, transport: Transport) -> io::Result<Transport> {
        let stream = self.acceptor.accept(transport).await?;
        Ok(Transport::Tls(Box::new(stream)))
    }

    /// Takes over a certificate that has changed. One that cannot be used leaves the one that was there before.
    pub(crate) fn reread(&self) {
        self.certificate.reread();
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.certificate.files).finish_non_exhaustive()
    }
}

struct Certificate {
    current: RwLock<Arc<CertifiedKey>>,
    /// The text that `current` was made of.
    chain: Mutex<Vec<u8>>,
    provider: Arc<CryptoProvider>,
    files: TlsFiles,
    /// What was last wrong with the files.
    problem: Mutex<Option<String>>,
}

impl Certificate {
    fn reread(&self) {
        let mut chain = self.chain.lock().unwrap_or_else(PoisonError::into_inner);
        let read = self.files.read().and_then(|(text, key)| {
            if text == *chain {
                return Ok(None);
            }
            Ok(Some((certified(&text, &key, &self.provider, &self.files)?, text)))
        });
        let mut problem = self.problem.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(changed) => {
                *problem = None;
                let Some((certified, text)) = changed else { return };
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certified);
                *chain = text;
                info!("the certificate in `{}` has changed and is used from now on", self.files.certificate.display());
            }
            // Of two files that are replaced one after the other, the first does not fit the second for a moment.
            Err(error) => {
                let text = error.to_string();
                if problem.as_ref() != Some(&text) {
                    warn!("{text}; the certificate that was there before stays");
                    *problem = Some(text);
                }
            }
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}

impl TlsFiles {
    fn read(&self) -> io::Result<(Vec<u8>, Zeroizing<Vec<u8>>)> {
        Ok((read(&self.certificate)?, Zeroizing::new(read(&self.key)?)))
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let cannot = |error: io::Error| io::Error::new(error.kind(), format!("cannot read `{}`: {error}", path.display()));
    fs::read(path).map_err(cannot)
}

fn certified(chain: &[u8], key: &[u8], provider: &CryptoProvider, files: &TlsFiles) -> io::Result<CertifiedKey> {
    let invalid = |path: &Path, what: &dyn fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidData, format!("`{}` cannot be used: {what}", path.display()))
    };
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| invalid(&files.certificate, &error))?;
    if chain.is_empty() {
        return Err(invalid(&files.certificate, &"there is no certificate in it, as PEM"));
    }
    // The error of a key says nothing that is in the key.
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|_| invalid(&files.key, &"there is no private key in it, as PEM"))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| invalid(&files.key, &error))
}
