//! The statements of the archive, by noun: written once, for both engines.
//!
//! A statement is SQL that SQLite and PostgreSQL take alike; see [`tx`](super::tx). It finds, locks
//! and writes; what is decided with what it finds is in [`rules`](crate::hub::rules).

mod accounts;
mod books;
mod calls_and_notes;
mod carried;
mod claims;
mod clocks;
#[cfg(test)]
mod cost;
mod counted;
mod credentials;
mod dating;
mod days;
mod deleting;
mod deliveries;
mod event_rows;
mod events;
mod facts;
mod feed;
mod gone;
mod guesses;
mod identity;
mod ingest;
mod judging;
mod kiosks;
mod lines;
pub(super) mod marks;
mod past;
mod places;
mod ranges;
mod recount;
mod retally;
mod secrets;
mod set_aside;
mod surveys;
pub(super) mod tables;
mod tallied;
mod tallies;
mod upkeep;
mod whereabouts;
mod work;

#[cfg(test)]
mod small_chain;
