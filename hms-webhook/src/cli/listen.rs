//! What a program listens on: a socket that was handed over to it, a path or an address.

use std::{io, net::SocketAddr, path::PathBuf};

use tokio::net::{TcpListener, lookup_host};

#[cfg(feature = "console")]
use crate::console::is_loopback;
use crate::server::Listener;

/// What to listen on, before anything is bound.
pub(super) enum ListenOn {
    /// A socket that is listening already: of systemd (`LISTEN_FDS`), or of the process before this one.
    HandedOver(Listener),
    #[cfg(unix)]
    Path(PathBuf),
    Addresses {
        written: String,
        addresses: Vec<SocketAddr>,
    },
}

impl ListenOn {
    /// What `listen` says, unless a socket was handed over; notes what is wrong with it.
    pub(super) async fn find(listen: String, problems: &mut Vec<String>) -> Self {
        match handed_over() {
            Ok(Some(listener)) => return Self::HandedOver(listener),
            Ok(None) => {}
            Err(error) => problems.push(format!(
                "the socket that LISTEN_FDS hands over cannot be used ({error}): hand over one that listens for streams"
            )),
        }
        #[cfg(unix)]
        if let Some(path) = listen.strip_prefix("unix:") {
            return Self::Path(path.into());
        }
        let found = lookup_host(&listen).await.map(Iterator::collect);
        match found {
            Ok(addresses) => Self::Addresses { addresses, written: listen },
            Err(error) => {
                problems.push(format!(
                    "`{listen}` is no address to listen on ({error}): write one like 127.0.0.1:8080, or unix:/run/hooks.sock"
                ));
                Self::Addresses { addresses: Vec::new(), written: listen }
            }
        }
    }

    pub(super) fn is_handed_over(&self) -> bool {
        matches!(self, Self::HandedOver(_))
    }

    /// Whether only programs of this machine can reach it.
    pub(super) fn is_local(&self) -> bool {
        match self {
            Self::HandedOver(listener) => listener.is_local().unwrap_or(false),
            #[cfg(unix)]
            Self::Path(_) => true,
            Self::Addresses { addresses, .. } => addresses.iter().all(|address| address.ip().is_loopback()),
        }
    }

    /// What it is, if a browser of this machine cannot reach it, or others can.
    #[cfg(feature = "console")]
    pub(super) fn foreign_to_browsers(&self) -> Option<String> {
        let is_ours = match self {
            Self::HandedOver(listener) => listener.local_address().is_some_and(|address| is_loopback(&address)),
            #[cfg(unix)]
            Self::Path(_) => false,
            Self::Addresses { addresses, .. } => addresses.iter().all(is_loopback),
        };
        (!is_ours).then(|| self.describe())
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Self::HandedOver(listener) => listener.describe().unwrap_or_default(),
            #[cfg(unix)]
            Self::Path(path) => format!("unix:{}", path.display()),
            Self::Addresses { written, .. } => written.clone(),
        }
    }

    pub(super) async fn bind(self) -> io::Result<Listener> {
        let described = self.describe();
        let bound = match self {
            Self::HandedOver(listener) => Ok(listener),
            #[cfg(unix)]
            Self::Path(path) => bind_path(&path).await.map(Listener::from),
            Self::Addresses { addresses, .. } => bind_address(&addresses).await.map(Listener::from),
        };
        bound.map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {described}: {error}")))
    }
}

async fn bind_address(addresses: &[SocketAddr]) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(addresses).await?;
    #[cfg(unix)]
    lengthen_queue(&listener)?;
    Ok(listener)
}

/// Listens on a path. What a program that has ended has left there is replaced.
#[cfg(unix)]
async fn bind_path(path: &std::path::Path) -> io::Result<tokio::net::UnixListener> {
    use tokio::net::{UnixListener, UnixStream};
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => match UnixStream::connect(path).await {
            Err(refused) if refused.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path)?;
                UnixListener::bind(path)
            }
            _ => Err(error),
        },
        bound => bound,
    }?;
    lengthen_queue(&listener)?;
    Ok(listener)
}

#[cfg(unix)]
fn handed_over() -> io::Result<Option<Listener>> {
    let mut sockets = listenfd::ListenFd::from_env();
    match sockets.take_tcp_listener(0) {
        Ok(None) => Ok(None),
        Ok(Some(listener)) => {
            lengthen_queue(&listener)?;
            listener.set_nonblocking(true)?;
            TcpListener::from_std(listener).map(|listener| Some(listener.into()))
        }
        Err(_) => match sockets.take_unix_listener(0)? {
            None => Ok(None),
            Some(listener) => {
                lengthen_queue(&listener)?;
                listener.set_nonblocking(true)?;
                tokio::net::UnixListener::from_std(listener).map(|listener| Some(listener.into()))
            }
        },
    }
}

/// As many connections may wait to be accepted as the system allows: in a burst, who finds the queue full hears nothing
/// for a second, and knocks again. A socket that is opened here has room for 128, and one that is handed over by what
/// starts new builds for a single one.
#[cfg(unix)]
fn lengthen_queue(listener: &impl std::os::fd::AsFd) -> io::Result<()> {
    socket2::SockRef::from(listener).listen(i32::MAX)
}

#[cfg(not(unix))]
fn handed_over() -> io::Result<Option<Listener>> {
    Ok(None)
}
