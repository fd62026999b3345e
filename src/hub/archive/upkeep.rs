//! Upkeep: whether the archive works, and which archive it is.
//!
//! Isolation: each method is one transaction; a rehearsal is two, since only what is committed
//! proves anything.
