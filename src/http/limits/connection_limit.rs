//! Limits on open connections, in total and per client IP. Trusted proxies are exempt from the per-IP limit.
//!
//! While the total limit is reached, the server accepts no further connection. A connection beyond the per-IP limit
//! is closed at once.

use std::{net::IpAddr, sync::Arc};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    client_ip::{TrustedProxies, client_network},
    per_ip::{IpSlot, PerIpCounter},
};
use crate::config::HttpConfig;

/// The connection limiter of a server.
pub(in crate::http) struct ConnectionLimiter {
    total: Arc<Semaphore>,
    limit: u32,
    per_ip: Arc<PerIpCounter>,
    trusted_proxies: TrustedProxies,
}

/// A permit for one open connection. It is released when it is dropped.
pub(in crate::http) struct ConnectionPermit {
    _permit: OwnedSemaphorePermit,
    _ip_slot: Option<IpSlot>,
}

impl ConnectionLimiter {
    pub(in crate::http) fn new(config: &HttpConfig) -> Arc<Self> {
        let limit = config.limits.connections.min(u32::MAX.into()) as u32;
        Arc::new(Self {
            total: Arc::new(Semaphore::new(limit as usize)),
            limit,
            per_ip: PerIpCounter::new(config.limits.address_connections),
            trusted_proxies: TrustedProxies::new(&config.trusted_proxies),
        })
    }

    /// Waits until fewer connections are open than the total limit, and reserves a slot for one connection.
    pub(in crate::http) async fn wait_for_slot(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        self.total.clone().acquire_owned().await.ok()
    }

    /// Admits a connection of a client IP. Returns `None` if the client IP has reached its limit. Trusted proxies are
    /// exempt from this limit, because they forward the requests of many clients.
    pub(in crate::http) fn admit(&self, permit: OwnedSemaphorePermit, address: IpAddr) -> Option<ConnectionPermit> {
        let address = address.to_canonical();
        if self.trusted_proxies.contains(address) {
            return Some(ConnectionPermit { _permit: permit, _ip_slot: None });
        }
        let ip_slot = self.per_ip.try_acquire(client_network(address))?;
        Some(ConnectionPermit { _permit: permit, _ip_slot: Some(ip_slot) })
    }

    /// Waits until all connections are closed.
    pub(in crate::http) async fn until_none_open(&self) {
        drop(self.total.acquire_many(self.limit).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[tokio::test]
    async fn connections_are_limited_per_ip_except_for_trusted_proxies() {
        let limits = Limits { connections: 10, address_connections: 2, ..Limits::default() };
        let trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        let limiter =
            ConnectionLimiter::new(&HttpConfig { limits: limits.into(), trusted_proxies, ..HttpConfig::default() });
        let admit =
            async |address: &str| limiter.admit(limiter.wait_for_slot().await.unwrap(), address.parse().unwrap());
        let first = admit("1.1.1.1").await;
        assert!(first.is_some());
        let second = admit("::ffff:1.1.1.1").await;
        assert!(second.is_some() && admit("1.1.1.1").await.is_none() && admit("1.1.1.2").await.is_some());
        let proxied = [admit("10.0.0.1").await, admit("10.0.0.1").await, admit("10.0.0.1").await];
        assert!(proxied.iter().all(Option::is_some));
        assert_eq!(limiter.total.available_permits(), 10 - 2 - 3);
        drop(first);
        assert!(admit("1.1.1.1").await.is_some());
        drop((second, proxied));
        limiter.until_none_open().await;
        assert!(limiter.per_ip.is_empty());
    }
}
