//! Who may send, and whose word on it counts.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, header::FORWARDED};
use ipnet::IpNet;

use super::forwarded::forwarded;

/// The networks that an app was told of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    /// Their `Forwarded` and `X-Forwarded-For` are believed.
    pub(crate) proxies: Vec<IpNet>,
    /// Their connections begin with a PROXY header; nobody else may connect.
    pub(crate) proxy_protocol: Option<Vec<IpNet>>,
    /// Only these may send.
    pub(crate) allowed: Option<Vec<IpNet>>,
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The sender is not among those that may send.
#[derive(Debug)]
pub(super) struct Foreign;

impl Sources {
    /// Whether a connection of `peer` begins with a PROXY header. A Unix socket, which knows no address, is reached by
    /// this machine's proxy only.
    pub(super) fn speaks_proxy_protocol(&self, peer: Option<IpAddr>) -> Result<bool, Foreign> {
        match (&self.proxy_protocol, peer) {
            (None, _) => Ok(false),
            (Some(_), None) => Ok(true),
            (Some(networks), Some(peer)) if contain(networks, peer) => Ok(true),
            (Some(_), Some(_)) => Err(Foreign),
        }
    }

    /// Whether `peer` passes on what others send, so that neither its connections are counted nor its address says
    /// who sends.
    pub(super) fn is_proxy(&self, peer: Option<IpAddr>) -> bool {
        peer.is_none_or(|peer| contain(&self.proxies, peer))
    }

    /// Whether a connection of `client` may be opened.
    pub(super) fn check_connection(&self, client: Option<IpAddr>) -> Result<(), Foreign> {
        if self.is_proxy(client) { Ok(()) } else { self.check(client) }
    }

    /// Who sends a request that came over a connection of `peer`: whom the last proxy that is believed names.
    ///
    /// Where both headers are there and name different senders, a proxy has written one of them and has let the other
    /// one pass, which anybody may have written. Then neither counts, and nor does a `Forwarded` that cannot be read:
    /// nobody is known to be allowed, and otherwise the peer stands for the sender.
    pub(super) fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Result<Option<IpAddr>, Foreign> {
        if self.proxies.is_empty() || !self.is_proxy(peer) {
            return self.check(peer).map(|()| peer);
        }
        let by_list = headers.contains_key(FORWARDED_FOR).then(|| self.by_forwarded_for(peer, headers));
        let by_forwarded = headers.contains_key(FORWARDED).then(|| self.by_forwarded(peer, headers));
        let client = match (by_list, by_forwarded) {
            (None, None) => Some(peer),
            (Some(client), None) => Some(client),
            (None, Some(client)) => client,
            (Some(client), Some(same)) => Some(client).filter(|client| same == Some(*client)),
        };
        match client {
            Some(client) => self.check(client).map(|()| client),
            None if self.allowed.is_some() => Err(Foreign),
            None => Ok(peer),
        }
    }

    fn by_forwarded_for(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        let mut client = peer;
        for entry in lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b',')) {
            // What cannot be read was not written by a proxy that can be believed.
            match std::str::from_utf8(entry).ok().and_then(address) {
                Some(address) if self.is_proxy(client) => client = Some(address),
                _ => break,
            }
        }
        client
    }

    /// `None` where what counts cannot be read.
    fn by_forwarded(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<Option<IpAddr>> {
        let mut client = peer;
        for line in headers.get_all(FORWARDED).iter().rev() {
            if !self.is_proxy(client) {
                break;
            }
            for sender in forwarded(line.to_str().ok()?)?.into_iter().rev() {
                match sender {
                    Some(address) if self.is_proxy(client) => client = Some(address),
                    _ => return Some(client),
                }
            }
        }
        Some(client)
    }

    fn check(&self, client: Option<IpAddr>) -> Result<(), Foreign> {
        match (&self.allowed, client) {
            (Some(allowed), Some(client)) if !contain(allowed, client) => Err(Foreign),
            _ => Ok(()),
        }
    }
}

fn contain(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// An address as proxies write it, some of them with a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = text.parse().or_else(|_| text.parse().map(|with_port: std::net::SocketAddr| with_port.ip()));
    address.ok().map(|address| address.to_canonical())
}

/// Networks as they are written in settings: `203.0.113.0/24`, `2001:db8::/32`, or one address.
pub(super) fn networks(written: impl IntoIterator<Item = impl AsRef<str>>, problems: &mut Vec<String>) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for text in written {
        let text = text.as_ref().trim();
        match text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
            Ok(network) => networks.push(network),
            Err(_) => problems.push(format!("`{text}` is no network: write one like 203.0.113.0/24, or one address")),
        }
    }
    networks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(proxies: &[&str], allowed: &[&str]) -> Sources {
        let mut problems = Vec::new();
        let allowed = (!allowed.is_empty()).then(|| networks(allowed, &mut problems));
        let sources = Sources { proxies: networks(proxies, &mut problems), proxy_protocol: None, allowed };
        assert!(problems.is_empty());
        sources
    }

    fn client(sources: &Sources, peer: &str, forwarded_for: &[&str]) -> Option<String> {
        client_of_both(sources, peer, forwarded_for, &[])
    }

    fn client_of_both(sources: &Sources, peer: &str, forwarded_for: &[&str], forwarded: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, lines) in [(FORWARDED_FOR, forwarded_for), (FORWARDED, forwarded)] {
            lines.iter().for_each(|line| {
                headers.append(&name, http::HeaderValue::from_bytes(line.as_bytes()).unwrap());
            });
        }
        let peer = (!peer.is_empty()).then(|| peer.parse().unwrap());
        Some(sources.client(peer, &headers).ok()?.map_or_else(String::new, |address| address.to_string()))
    }

    #[test]
    fn only_proxies_are_believed() {
        let sources = sources(&["10.0.0.0/8"], &[]);
        for (peer, forwarded, expected) in [
            ("10.0.0.1", &["203.0.113.9"][..], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", &["192.0.2.1, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", &["192.0.2.1", "203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["ä, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("192.0.2.7", &["203.0.113.9"], "192.0.2.7"),
            ("", &["203.0.113.9"], "203.0.113.9"),
        ] {
            assert_eq!(client(&sources, peer, forwarded).as_deref(), Some(expected), "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn forwarded_is_read_as_the_list_is() {
        let sources = sources(&["10.0.0.0/8", "2001:db8::/32"], &[]);
        for (peer, forwarded, expected) in [
            ("10.0.0.1", &["for=203.0.113.9"][..], "203.0.113.9"),
            ("10.0.0.1", &["for=\"203.0.113.9:4711\";proto=https"], "203.0.113.9"),
            ("10.0.0.1", &["for=\"[2001:dba::1]:4711\", for=\"[2001:db8::7]\""], "2001:dba::1"),
            ("10.0.0.1", &["for=192.0.2.1, for=203.0.113.9, for=10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", &["for=192.0.2.1", "for=203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["for=\"broken by a client", "for=203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["for=203.0.113.9, for=unknown"], "10.0.0.1"),
            ("10.0.0.1", &["for=203.0.113.9, for=_hidden"], "10.0.0.1"),
            ("10.0.0.1", &["for=203.0.113.9, for=_hidden, for=10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["for=192.0.2.1", "proto=https"], "10.0.0.1"),
            ("10.0.0.1", &["for=\", for=203.0.113.9"], "10.0.0.1"),
            ("192.0.2.7", &["for=203.0.113.9"], "192.0.2.7"),
            ("192.0.2.7", &["nonsense"], "192.0.2.7"),
            ("", &["for=203.0.113.9"], "203.0.113.9"),
        ] {
            assert_eq!(
                client_of_both(&sources, peer, &[], forwarded).as_deref(),
                Some(expected),
                "{peer} {forwarded:?}"
            );
        }
    }

    #[test]
    fn two_headers_that_disagree_are_not_believed() {
        let open = sources(&["10.0.0.0/8"], &[]);
        // The proxies themselves are allowed: one that only passes something on must not speak for a stranger.
        let closed = sources(&["10.0.0.0/8"], &["203.0.113.0/24", "10.0.0.0/8"]);
        for (list, forwarded, expected) in [
            ("203.0.113.9", "for=203.0.113.9", Some("203.0.113.9")),
            ("192.0.2.1, 203.0.113.9", "for=203.0.113.9;proto=https", Some("203.0.113.9")),
            ("192.0.2.1", "for=203.0.113.9", None),
            ("203.0.113.9", "for=192.0.2.1", None),
            ("203.0.113.9", "for=unknown", None),
            ("203.0.113.9", "nonsense", None),
        ] {
            let told = client_of_both(&open, "10.0.0.1", &[list], &[forwarded]);
            assert_eq!(told.as_deref(), Some(expected.unwrap_or("10.0.0.1")), "{list} {forwarded}");
            assert_eq!(client_of_both(&closed, "10.0.0.1", &[list], &[forwarded]).as_deref(), expected);
        }
        assert_eq!(client_of_both(&closed, "10.0.0.1", &[], &["for=\", for=203.0.113.9"]), None);
    }

    #[test]
    fn only_allowed_networks_may_send() {
        let sources = sources(&["10.0.0.0/8"], &["203.0.113.0/24", "2001:db8::1"]);
        assert!(client(&sources, "203.0.113.9", &[]).is_some());
        assert!(client(&sources, "2001:db8::1", &[]).is_some());
        assert!(client(&sources, "2001:db8::2", &[]).is_none());
        assert!(client(&sources, "10.0.0.1", &["203.0.113.9"]).is_some());
        assert!(client(&sources, "10.0.0.1", &["203.0.113.9, 192.0.2.1"]).is_none(), "what a client wrote itself");
        assert!(client(&sources, "10.0.0.1", &[]).is_none());
        assert!(client(&sources, "192.0.2.1", &["203.0.113.9"]).is_none());
        assert!(sources.check_connection(Some("10.0.0.1".parse().unwrap())).is_ok());
        assert!(sources.check_connection(Some("192.0.2.1".parse().unwrap())).is_err());
    }

    #[test]
    fn what_is_no_network_is_said() {
        let mut problems = Vec::new();
        assert_eq!(networks(["10.0.0.0/8", "::1", "10.0.0.0/33", "all"], &mut problems).len(), 2);
        assert_eq!(problems.len(), 2, "{problems:?}");
    }
}
