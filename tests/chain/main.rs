//! A chain, and everything that can go wrong with it while kiosks deliver: 200 kiosks, two hubs
//! behind a balancer and one archive in PostgreSQL; and 100 kiosks with one hub and a file.
//!
//! `SMILEPOST_SEED=n` plays another order of mishaps.

#![cfg(test)]

mod alone;
mod balancer;
#[path = "../support/chance.rs"]
mod chance;
mod cluster;
mod hub;
mod kiosk;
mod lives;
mod mishaps;
#[path = "../support/port.rs"]
mod port;
#[path = "../support/started.rs"]
mod started;
#[path = "../support/wait.rs"]
mod wait;
