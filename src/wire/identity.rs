//! Whether the hub at another address is the same one: a kiosk asks it before it shows its token
//! there.
//!
//! The proof names the address, and a hub proves no address but the one to which it sends kiosks
//! itself. So nobody who has the old address, or any other, can pass a challenge on to the hub and
//! have it vouch for a place of his own.

use serde::{Deserialize, Serialize};

/// The path that proves which hub it is. Nobody needs a token for it.
pub const IDENTITY: &str = "/v1/identity";

/// A kiosk asks which hub this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// 256 random bits as 64 hexadecimal digits.
    pub nonce: String,
    /// The address at which the kiosk asks, as a receipt has named it.
    pub address: String,
}

/// The hub has proved that it is at this address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The signature of nonce and address by the hub's key, 128 hexadecimal digits.
    pub signature: String,
}
