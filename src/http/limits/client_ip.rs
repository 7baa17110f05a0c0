//! Client IP address of a request: the peer address, or an address in `X-Forwarded-For` if the peer is a trusted
//! proxy.
//!
//! Behind trusted proxies, the client IP is the last address in `X-Forwarded-For` that is not a trusted proxy. Limits
//! count an IPv6 client by its /64 network (RFC 6177).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

/// The address of the other end of a connection: a client or a proxy.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Peer(pub(in crate::http) SocketAddr);

/// Networks of proxies whose forwarding headers are trusted.
pub(in crate::http) struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    pub(in crate::http) fn new(networks: &[IpNet]) -> Self {
        Self(networks.to_vec())
    }

    /// Returns the client IP of a request, or the client's /64 network for IPv6. If the peer is a trusted proxy, the
    /// client IP is the last address in `X-Forwarded-For` that is not a trusted proxy.
    pub(in crate::http) fn client_ip(&self, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
        let mut address = peer_ip(extensions);
        if self.contains(address) {
            let forwarded: Vec<&str> = headers
                .get_all("x-forwarded-for")
                .iter()
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .collect();
            for item in forwarded.iter().rev().take(20) {
                let item = item.trim();
                let parsed = item.parse().or_else(|_| item.parse::<SocketAddr>().map(|address| address.ip()));
                let Ok(ip) = parsed.map(|ip: IpAddr| ip.to_canonical()) else { break };
                address = ip;
                if !self.contains(ip) {
                    break;
                }
            }
        }
        client_network(address)
    }

    /// Returns true if a trusted proxy sent the request.
    pub(in crate::http) fn is_from_trusted_proxy(&self, extensions: &Extensions) -> bool {
        self.contains(peer_ip(extensions))
    }

    /// Returns true if an address belongs to a trusted proxy.
    pub(in crate::http) fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// Returns the peer address of a request, or the unspecified address (0.0.0.0) if the request has no connection.
fn peer_ip(extensions: &Extensions) -> IpAddr {
    extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Peer(peer)| peer.ip().to_canonical())
}

/// Returns the address by which limits count a client: the IP address for IPv4, and the /64 network for IPv6, because
/// an IPv6 subscriber has at least a /64 network (RFC 6177).
pub(in crate::http) fn client_network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted(networks: &[&str]) -> TrustedProxies {
        TrustedProxies(networks.iter().map(|network| network.parse().unwrap()).collect())
    }

    fn client_ip(proxies: &TrustedProxies, peer: &str, forwarded: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(Peer(peer.parse().unwrap()));
        let headers = forwarded
            .iter()
            .map(|value| (axum::http::HeaderName::from_static("x-forwarded-for"), value.parse().unwrap()));
        proxies.client_ip(&extensions, &headers.collect()).to_string()
    }

    #[test]
    fn x_forwarded_for_is_used_only_from_trusted_proxies() {
        let direct = trusted(&[]);
        assert_eq!(client_ip(&direct, "10.0.0.1:5", &["1.2.3.4"]), "10.0.0.1");
        let proxied = trusted(&["10.0.0.0/8", "::1/128"]);
        assert_eq!(client_ip(&proxied, "10.0.0.1:5", &["1.2.3.4"]), "1.2.3.4");
        // An address that the client forged comes before the addresses that the proxies added.
        assert_eq!(client_ip(&proxied, "10.0.0.1:5", &["6.6.6.6, 1.2.3.4, 10.9.9.9"]), "1.2.3.4");
        assert_eq!(client_ip(&proxied, "10.0.0.1:5", &["6.6.6.6", "1.2.3.4:80"]), "1.2.3.4");
        assert_eq!(client_ip(&proxied, "10.0.0.1:5", &["rubbish"]), "10.0.0.1");
        assert_eq!(client_ip(&proxied, "9.9.9.9:5", &["1.2.3.4"]), "9.9.9.9");
        assert_eq!(client_ip(&proxied, "[::1]:5", &["2001:db8:1:2:3:4:5:6"]), "2001:db8:1:2::");
    }
}
