//! Where connections come from.

use std::{io, net::IpAddr};

use tokio::net::TcpListener;
use tracing::debug;

use super::transport::Transport;

/// What a server listens on: a TCP port or, on Unix, a socket in the file system. Made by `.into()` from either.
///
/// ```no_run
/// # use hms_webhook::{App, Listener};
/// # async fn serve(app: App) -> hms_webhook::Result<()> {
/// let listener: Listener = match std::env::var_os("SOCKET") {
///     Some(path) => tokio::net::UnixListener::bind(path)?.into(),
///     None => tokio::net::TcpListener::bind("127.0.0.1:8080").await?.into(),
/// };
/// app.serve(listener).await
/// # }
/// ```
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self(Kind::Tcp(listener))
    }
}

#[cfg(unix)]
impl From<tokio::net::UnixListener> for Listener {
    fn from(listener: tokio::net::UnixListener) -> Self {
        Self(Kind::Unix(listener))
    }
}

impl Listener {
    /// The next connection, and the address of who is at its other end; a Unix socket knows none.
    pub(super) async fn accept(&self) -> io::Result<(Transport, Option<IpAddr>)> {
        match &self.0 {
            Kind::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Answers are small and someone waits for them: no collecting of packets.
                if let Err(error) = stream.set_nodelay(true) {
                    debug!("TCP_NODELAY cannot be set: {error}");
                }
                Ok((Transport::Tcp(stream), Some(peer.ip().to_canonical())))
            }
            #[cfg(unix)]
            Kind::Unix(listener) => Ok((Transport::Unix(listener.accept().await?.0), None)),
        }
    }

    /// Where it listens, for people.
    pub(crate) fn describe(&self) -> io::Result<String> {
        match &self.0 {
            Kind::Tcp(listener) => listener.local_addr().map(|address| address.to_string()),
            #[cfg(unix)]
            Kind::Unix(listener) => Ok(match listener.local_addr()?.as_pathname() {
                Some(path) => format!("unix:{}", path.display()),
                None => "a Unix socket without a name".into(),
            }),
        }
    }

    /// The address of a TCP port.
    #[cfg(feature = "console")]
    pub(crate) fn local_address(&self) -> Option<std::net::SocketAddr> {
        match &self.0 {
            Kind::Tcp(listener) => listener.local_addr().ok(),
            #[cfg(unix)]
            Kind::Unix(_) => None,
        }
    }

    /// Whether only programs of this machine can reach it.
    pub(crate) fn is_local(&self) -> io::Result<bool> {
        match &self.0 {
            Kind::Tcp(listener) => Ok(listener.local_addr()?.ip().is_loopback()),
            #[cfg(unix)]
            Kind::Unix(_) => Ok(true),
        }
    }
}
