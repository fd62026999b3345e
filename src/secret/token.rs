//! Random tokens that identify their holder, and the hashes that are kept of them.

use sha2::{Digest as _, Sha256};

/// A token of 256 random bits, as 64 hexadecimal digits.
#[must_use]
pub fn random() -> String {
    format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>())
}

/// The SHA-256 of a text. A random token needs no slow hash: it cannot be guessed.
#[must_use]
pub fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
