//! Head office's rules, each written once: what counts, what is lost, which survey applies.
//!
//! A backend of the archive reads what a rule needs, calls it with plain values, and writes the
//! result, all in one transaction. Nothing here knows SQL, HTTP or a clock, so each rule is tested
//! by itself and is the same for every backend.

pub mod account;
pub mod books;
pub mod budget;
pub mod claims;
pub mod clones;
pub mod counting;
pub mod dating;
pub mod guesses;
pub mod history;
pub mod judging;
pub mod lines;
pub mod names;
pub mod restored;
pub mod room;
pub mod scope;
pub mod whereabouts;
