//! Carried deliveries: the files that were taken whole, each with its receipt.
//!
//! Isolation: a file that is taken twice at once is noted once, and its events are stored once
//! whatever is noted.
