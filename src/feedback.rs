//! The pure core: what shoppers say, and what is computed from it.
//!
//! Nothing here reads a file, a clock, a socket or a random number; time and chance arrive as
//! arguments. So nothing here can fail for reasons outside of it, and all of it can be tested by
//! playing a list of events.

pub mod alert;
pub mod answer;
pub mod call;
pub mod colour;
pub mod event;
pub mod misuse;
pub mod moment;
mod named;
pub mod note;
pub mod outbox;
pub mod pace;
pub mod rating;
pub mod survey;
pub mod tally;
pub mod verdict;
pub mod visit;
pub mod zone;
