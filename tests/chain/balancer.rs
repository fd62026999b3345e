//! A plain TCP balancer in front of several hubs: each connection goes to the next that takes it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// Balances for as long as the runtime lives; returns its address.
pub(crate) async fn start(hubs: Vec<SocketAddr>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (hubs, turn) = (Arc::new(hubs), Arc::new(AtomicUsize::new(0)));
    tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            let (hubs, turn) = (Arc::clone(&hubs), Arc::clone(&turn));
            tokio::spawn(async move {
                for _ in 0..hubs.len() {
                    let hub = hubs[turn.fetch_add(1, Ordering::Relaxed) % hubs.len()];
                    if let Ok(mut to) = TcpStream::connect(hub).await {
                        let _ = copy_bidirectional(&mut from, &mut to).await;
                        return;
                    }
                }
            });
        }
    });
    address
}
