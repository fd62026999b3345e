//! The limits of a listener towards strangers; `web::server` applies them.

use std::time::Duration;

/// The limits of one listener. Tests set them lower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many connections are open at once. Beyond that, the one that has been silent longest is
    /// closed; where none is silent, the new one is.
    pub connections_max: usize,
    /// How many of them one address (IPv6: one network of 64 bits) may have, likewise.
    pub connections_of_one_max: usize,
    /// How many requests are answered on a connection before it is closed.
    pub requests_max: u32,
    /// How long agreeing on a key may take.
    pub handshake: Duration,
    /// How long a request line with its headers may take, and how long a connection may be idle
    /// before one.
    pub headers: Duration,
    /// How long a client may pause while it sends a body.
    pub body: Duration,
    /// How long an answer may take, with the receiving of the body that it answers.
    pub answer: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub write: Duration,
    /// How long a connection is used for new requests. What is under way then is finished.
    pub life: Duration,
    /// How long what a client still sends is read and thrown away after the last answer, so that
    /// it gets to read that answer.
    pub linger: Duration,
}
