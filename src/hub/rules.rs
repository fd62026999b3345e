//! Head office's rules, each written once: what counts, what is lost, which survey applies.
//!
//! A backend of the archive reads what a rule needs, calls it with plain values, and writes the
//! result, all in one transaction. Nothing here knows SQL, HTTP or a clock, so each rule is tested
//! by itself and is the same for every backend.

pub mod account;
pub mod arrivals;
pub mod books;
pub mod budget;
pub mod cells;
pub mod claims;
pub mod clones;
pub mod codes;
pub mod counting;
pub mod dating;
pub mod guesses;
pub mod history;
pub mod hours;
pub mod judging;
pub mod keeping;
pub mod leases;
pub mod lines;
pub mod names;
pub mod notes;
pub mod restored;
pub mod room;
pub mod sampling;
pub mod scope;
pub mod tallying;
pub mod whereabouts;
