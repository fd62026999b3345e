//! Where the archive's file is, and how long it is waited for.

use std::time::Duration;

/// The file's name in the data folder.
pub const FILE: &str = "hub.sqlite";

/// How long a write waits for another process, such as `smilepost-hub kiosk add`.
pub(super) const BUSY_MAX: Duration = Duration::from_secs(10);
