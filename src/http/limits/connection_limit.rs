//! How many connections are held: all together, and of one address, so that one caller cannot take all places.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    per_ip::{Share, Shares},
    rate_limit::network,
};
use crate::http::config::Edge;

/// The places of a server.
pub(in crate::http) struct Places {
    all: Arc<Semaphore>,
    most: u32,
    shares: Arc<Shares>,
    proxies: Vec<IpNet>,
}

/// A place that is taken, until it is dropped.
pub(in crate::http) struct Place {
    _permit: OwnedSemaphorePermit,
    _share: Option<Share>,
}

impl Places {
    pub(in crate::http) fn new(edge: &Edge) -> Arc<Self> {
        let most = edge.limits.connections.min(u32::MAX.into()) as u32;
        Arc::new(Self {
            all: Arc::new(Semaphore::new(most as usize)),
            most,
            shares: Shares::new(edge.limits.address_connections),
            proxies: edge.trusted_proxies.clone(),
        })
    }

    /// Waits for a place that anybody may take.
    pub(in crate::http) async fn free(&self) -> Option<OwnedSemaphorePermit> {
        // It is never closed.
        self.all.clone().acquire_owned().await.ok()
    }

    /// Gives a place to an address; nothing where it has as many as it may. Trusted proxies come for many.
    pub(in crate::http) fn give(&self, permit: OwnedSemaphorePermit, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        if self.proxies.iter().any(|proxy| proxy.contains(&address)) {
            return Some(Place { _permit: permit, _share: None });
        }
        let share = self.shares.take(network(address))?;
        Some(Place { _permit: permit, _share: Some(share) })
    }

    /// Waits until nobody has a place any more.
    pub(in crate::http) async fn all_given_back(&self) {
        drop(self.all.acquire_many(self.most).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[tokio::test]
    async fn one_address_has_so_many_places_and_a_proxy_more() {
        let limits = Limits { connections: 10, address_connections: 2, ..Limits::default() };
        let trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        let places = Places::new(&Edge { limits: limits.into(), trusted_proxies, ..Edge::default() });
        let take = async |address: &str| places.give(places.free().await.unwrap(), address.parse().unwrap());
        let first = take("1.1.1.1").await;
        assert!(first.is_some());
        let second = take("::ffff:1.1.1.1").await;
        assert!(second.is_some() && take("1.1.1.1").await.is_none() && take("1.1.1.2").await.is_some());
        let proxied = [take("10.0.0.1").await, take("10.0.0.1").await, take("10.0.0.1").await];
        assert!(proxied.iter().all(Option::is_some));
        assert_eq!(places.all.available_permits(), 10 - 2 - 3);
        drop(first);
        assert!(take("1.1.1.1").await.is_some());
        drop((second, proxied));
        places.all_given_back().await;
        assert!(places.shares.is_empty());
    }
}
