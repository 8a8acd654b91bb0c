//! How an app is served: settings that only a server of its own has.

#[cfg(feature = "tls")]
use std::path::PathBuf;
#[cfg(feature = "console")]
use std::sync::Arc;
use std::{io, time::Duration};

use super::sources::{self, Sources};
#[cfg(feature = "tls")]
use super::tls::{Tls, TlsFiles};
use crate::App;
#[cfg(feature = "console")]
use crate::console::Console;

/// # Settings of the server
impl App {
    /// How long a stopping server waits for what still runs (default: 10 s).
    pub fn stop_within(mut self, timeout: Duration) -> Self {
        self.settings.serving.stop_within = timeout;
        self
    }

    /// How long a stopping server still accepts connections while `/readyz` says that it is not ready (default: not
    /// at all), so that a load balancer has the time to notice.
    pub fn stop_pause(mut self, pause: Duration) -> Self {
        self.settings.serving.stop_pause = pause;
        self
    }

    /// The networks of proxies in front of this server, such as `10.0.0.0/8`: their `X-Forwarded-For` says whose a
    /// request is, and their connections are not counted against
    /// [`connections_per_address`](crate::Limits::connections_per_address). Nobody else's is believed.
    pub fn trusted_proxies(mut self, networks: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.settings.serving.sources.proxies = sources::networks(networks, &mut self.problems);
        self
    }

    /// Connections from these networks begin with a PROXY header of version 2, which says whose they are. Others are
    /// refused.
    pub fn proxy_protocol(mut self, networks: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.settings.serving.sources.proxy_protocol = Some(sources::networks(networks, &mut self.problems));
        self
    }

    /// Only these networks may send requests, health checks too. Others are answered 403.
    pub fn allowed_networks(mut self, networks: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.settings.serving.sources.allowed = Some(sources::networks(networks, &mut self.problems));
        self
    }

    /// Speaks TLS, with the certificate chain and the key in these files (PEM). `App::serve` reads them anew every
    /// second, and takes over a pair that has changed.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.settings.serving.tls = Some(TlsFiles { certificate: certificate.into(), key: key.into() });
        self
    }
}

/// How an app is served.
#[derive(Debug, Clone)]
pub(crate) struct Serving {
    pub(crate) stop_pause: Duration,
    pub(crate) stop_within: Duration,
    pub(crate) sources: Sources,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<TlsFiles>,
}

impl Default for Serving {
    fn default() -> Self {
        Self {
            stop_pause: Duration::ZERO,
            stop_within: Duration::from_secs(10),
            sources: Sources::default(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

impl Serving {
    /// Reads the files that these settings name.
    pub(crate) fn prepare(self) -> io::Result<PreparedServing> {
        Ok(PreparedServing {
            stop_pause: self.stop_pause,
            stop_within: self.stop_within,
            sources: self.sources,
            #[cfg(feature = "tls")]
            tls: self.tls.map(Tls::open).transpose()?,
            is_handed_over: false,
            #[cfg(feature = "console")]
            console: None,
        })
    }
}

/// [`Serving`] with what its files hold.
#[derive(Debug, Clone)]
pub(crate) struct PreparedServing {
    pub(crate) stop_pause: Duration,
    pub(crate) stop_within: Duration,
    pub(super) sources: Sources,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<Tls>,
    /// The socket stays when this process ends, and connections wait in its queue for the next one.
    pub(crate) is_handed_over: bool,
    /// What stands in front of the webhook.
    #[cfg(feature = "console")]
    pub(crate) console: Option<Arc<Console>>,
}

impl PreparedServing {
    /// Takes over a certificate that has changed.
    pub(crate) fn reread(&self) {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            tls.reread();
        }
    }

    pub(super) fn has_files(&self) -> bool {
        #[cfg(feature = "tls")]
        if self.tls.is_some() {
            return true;
        }
        false
    }
}
