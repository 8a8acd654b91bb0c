//! Who may send, and whose word on it counts.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

/// The networks that an app was told of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    /// Their `X-Forwarded-For` is believed.
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
    pub(super) fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Result<Option<IpAddr>, Foreign> {
        if self.proxies.is_empty() && self.allowed.is_none() {
            return Ok(peer);
        }
        let mut client = peer;
        if !self.proxies.is_empty() {
            let lines: Vec<_> = headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
            for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
                if !self.is_proxy(client) {
                    break;
                }
                // What cannot be read was not written by a proxy that can be believed.
                let Some(address) = address(entry) else { break };
                client = Some(address);
            }
        }
        self.check(client).map(|()| client)
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

    fn client(sources: &Sources, peer: &str, forwarded: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        forwarded.iter().for_each(|line| {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        });
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
            ("10.0.0.1", &[], "10.0.0.1"),
            ("192.0.2.7", &["203.0.113.9"], "192.0.2.7"),
            ("", &["203.0.113.9"], "203.0.113.9"),
        ] {
            assert_eq!(client(&sources, peer, forwarded).as_deref(), Some(expected), "{peer} {forwarded:?}");
        }
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
