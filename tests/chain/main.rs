//! A chain: 200 kiosks, two hubs behind a balancer, one archive in PostgreSQL, and everything that
//! can go wrong with them while kiosks deliver.
//!
//! `SMILEPOST_SEED=n` plays another order of mishaps.

#![cfg(test)]

mod balancer;
#[path = "../support/chance.rs"]
mod chance;
mod cluster;
mod kiosk;
mod mishaps;
#[path = "../support/started.rs"]
mod started;
#[path = "../support/wait.rs"]
mod wait;
