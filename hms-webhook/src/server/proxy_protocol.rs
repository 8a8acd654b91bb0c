//! The PROXY protocol, version 2: a load balancer's word on whose connection it passes on.
//!
//! The format is that of `proxy-protocol.txt` of HAProxy, §2.2: twelve fixed bytes, version and command, family and
//! protocol, a length, then addresses and extensions of that length.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use tokio::io::{AsyncRead, AsyncReadExt};

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// More than any address with the usual extensions needs.
const LONGEST: usize = 2048;

/// Reads the header with which a connection begins: the address of the client, or `None` where the proxy speaks for
/// itself or passes on something without an address.
///
/// # Errors
/// When the connection does not begin with such a header.
pub(super) async fn client(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<IpAddr>> {
    let mut head = [0; 16];
    stream.read_exact(&mut head).await?;
    let [signature @ .., version_and_command, family, high, low] = head;
    if signature != SIGNATURE {
        return Err(invalid("the connection does not begin with a PROXY header of version 2"));
    }
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > LONGEST {
        return Err(invalid("the PROXY header is too long"));
    }
    let mut rest = [0; LONGEST];
    let rest = &mut rest[..length];
    stream.read_exact(rest).await?;
    match (version_and_command, family) {
        // LOCAL: a health check of the proxy itself.
        (0x20, _) => Ok(None),
        (0x21, 0x11) => match rest.first_chunk::<4>() {
            Some(source) if length >= 12 => Ok(Some(IpAddr::V4(Ipv4Addr::from(*source)))),
            _ => Err(invalid("the PROXY header is too short for its addresses")),
        },
        (0x21, 0x21) => match rest.first_chunk::<16>() {
            Some(source) if length >= 36 => Ok(Some(IpAddr::V6(Ipv6Addr::from(*source)).to_canonical())),
            _ => Err(invalid("the PROXY header is too short for its addresses")),
        },
        // Another family, such as a Unix socket.
        (0x21, _) => Ok(None),
        _ => Err(invalid("the PROXY header is of an unknown version or command")),
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(version_and_command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[version_and_command, family], &length, rest].concat()
    }

    async fn read(mut bytes: &[u8]) -> Option<Option<String>> {
        Some(client(&mut bytes).await.ok()?.map(|address| address.to_string()))
    }

    #[tokio::test]
    async fn the_source_is_the_client() {
        let four = [203, 0, 113, 9, 10, 0, 0, 1, 0x30, 0x39, 0x01, 0xbb];
        assert_eq!(read(&header(0x21, 0x11, &four)).await, Some(Some("203.0.113.9".into())));
        // With an extension behind the addresses.
        assert_eq!(
            read(&header(0x21, 0x11, &[&four[..], &[4, 0, 1, 0]].concat())).await,
            Some(Some("203.0.113.9".into()))
        );
        let mut six = [0; 36];
        six[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        six[15] = 7;
        assert_eq!(read(&header(0x21, 0x21, &six)).await, Some(Some("2001:db8::7".into())));
    }

    #[tokio::test]
    async fn a_proxy_may_speak_for_itself_or_without_addresses() {
        assert_eq!(read(&header(0x20, 0x00, &[])).await, Some(None));
        assert_eq!(read(&header(0x21, 0x31, &[0; 216])).await, Some(None));
    }

    #[tokio::test]
    async fn everything_else_is_refused() {
        for bytes in [
            header(0x21, 0x11, &[1, 2, 3, 4]),
            header(0x21, 0x21, &[0; 12]),
            header(0x11, 0x11, &[0; 12]),
            header(0x22, 0x11, &[0; 12]),
            header(0x21, 0x11, &[0; 4000]),
            b"PROXY TCP4 203.0.113.9 10.0.0.1 12345 443\r\n".to_vec(),
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
            SIGNATURE.to_vec(),
            Vec::new(),
        ] {
            assert_eq!(read(&bytes).await, None, "{bytes:?}");
        }
    }
}
