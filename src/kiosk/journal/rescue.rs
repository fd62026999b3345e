//! Rescues events from a journal whose file is damaged: the damaged file is quarantined, everything
//! that is still whole in it is read page by page, and the high-water mark says how many events
//! there should have been.

pub(super) mod high_water;
pub(super) mod own;
mod page;
pub(super) mod repair;
pub(super) mod salvage;
