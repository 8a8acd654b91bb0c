//! A connection that shows everything that came back, and whether the server ended it.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Wire {
    stream: TcpStream,
    pub(crate) read: Vec<u8>,
}

impl Wire {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), read: Vec::new() }
    }

    /// Sends what the server takes; `false` when it has closed the connection.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        timeout(PATIENCE, self.stream.write_all(bytes.as_ref())).await.expect("the server takes nothing").is_ok()
    }

    /// Says that nothing more is sent.
    pub(crate) async fn finish(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Reads until the server ends the connection.
    pub(crate) async fn until_end(&mut self) -> &[u8] {
        let read = async { while let Ok(1..) = self.stream.read_buf(&mut self.read).await {} };
        timeout(PATIENCE, read).await.unwrap_or_else(|_| panic!("the connection stays open after {:?}", self.text()));
        &self.read
    }

    /// Reads until `part` is there; `false` when the connection ends before.
    pub(crate) async fn until(&mut self, part: &[u8]) -> bool {
        let read = async {
            while !self.read.windows(part.len()).any(|window| window == part) {
                if !matches!(self.stream.read_buf(&mut self.read).await, Ok(1..)) {
                    return false;
                }
            }
            true
        };
        timeout(PATIENCE, read).await.expect("the server hangs")
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.read).into_owned()
    }

    /// The status of each HTTP/1 answer so far.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        let text = self.text();
        text.match_indices("HTTP/1.").filter_map(|(at, _)| text.get(at + 9..at + 12)?.parse().ok()).collect()
    }
}
