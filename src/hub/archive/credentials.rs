//! Credentials: one-time codes for enrolment, and the tokens of kiosks.
//!
//! Isolation: each method is one transaction. [`Credentials::spend_code`] spends a code in the
//! statement that checks it, so that of two devices with one code one gets a token.
//! [`Credentials::bearer`] must not wait for a delivery or a page: every request begins with it.

use super::error::Error;
use super::places::{Kiosk, Shop};
use crate::carried::seal::PublicKey;
use crate::hub::rules::budget::Spent;
use crate::hub::secrets::{Hash, Token};

/// A token that may have signed a carried delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The token's hash.
    pub token: Hash,
    /// The key that verifies its signatures.
    pub key: PublicKey,
    /// Whether it is to follow another token and was not used yet.
    pub is_next: bool,
    /// Whether another token has taken its place, as on the board of a spare: it lets nobody in any
    /// more, and what it signed is the kiosk's all the same.
    pub is_superseded: bool,
}

/// The kiosk that a token belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The kiosk's short name.
    pub kiosk: String,
    /// Whether the token is to follow another one and is used for the first time.
    pub is_next: bool,
    /// Whether it is to be renewed, because of its age or on request.
    pub is_old: bool,
    /// Whether the key that verifies its signatures is known.
    pub has_key: bool,
    /// What the kiosk has spent of its budget.
    pub spent: Spent,
    /// When it was retired, or will be.
    pub retired: Option<Retired>,
}

/// When a kiosk was retired, or will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// In milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The IANA time zone of its shop, whose day it is.
    pub zone: String,
}

/// What became of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spending {
    /// It let this kiosk in.
    Good(Kiosk, Shop),
    /// It is unknown, spent or expired.
    Wrong,
    /// It is of a kiosk that was retired; it is spent.
    Retired(Retired),
    /// It is wrong, and too many wrong ones came from that network to count another for so many
    /// seconds.
    Wait(u32),
}

/// Keeps codes and tokens.
pub trait Credentials {
    /// Adds a one-time code for a kiosk; false when the kiosk is unknown.
    fn add_code(
        &self,
        kiosk: String,
        code: Hash,
        expires_ms: i64,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Spends a code that came from this network, and gives its kiosk this token. Wrong codes are
    /// counted by network, and of one that has tried too many no further one is; a right one passes
    /// from everywhere.
    fn spend_code(
        &self,
        code: Hash,
        token: Token,
        net: String,
        now_ms: i64,
    ) -> impl Future<Output = Result<Spending, Error>> + Send;

    /// Gives a kiosk this token without a code; none when the kiosk is unknown.
    ///
    /// The tokens before it stay valid until it is used.
    fn give_token(
        &self,
        kiosk: String,
        token: Token,
        now_ms: i64,
    ) -> impl Future<Output = Result<Option<(Kiosk, Shop)>, Error>> + Send;

    /// The kiosk that a valid token belongs to; a token that was made before `old_ms`, in
    /// milliseconds since 1970 UTC, is old.
    fn bearer(
        &self,
        token: Hash,
        old_ms: i64,
    ) -> impl Future<Output = Result<Option<Bearer>, Error>> + Send;

    /// Adds a token that is to follow a kiosk's present one, in place of any other that was to.
    fn add_next_token(
        &self,
        kiosk: String,
        present: Hash,
        token: Token,
        now_ms: i64,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Notes that a token that was to follow another is in use and supersedes the other; one that
    /// was given at an enrolment supersedes all others of its kiosk. They let nobody in any more.
    fn confirm_token(
        &self,
        token: Hash,
        now_ms: i64,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Asks a kiosk to renew its token at its next delivery; false when the kiosk is unknown.
    fn want_token(&self, kiosk: String) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Revokes every token and code of a kiosk, and what superseded tokens have signed; returns how
    /// many tokens were valid.
    fn revoke(
        &self,
        kiosk: String,
        now_ms: i64,
    ) -> impl Future<Output = Result<usize, Error>> + Send;

    /// Notes the key that verifies a token's signatures, where it is not known yet.
    fn note_key(&self, token: Token) -> impl Future<Output = Result<(), Error>> + Send;

    /// The tokens of a kiosk whose signatures are good: valid ones first, then superseded ones, the
    /// newest first.
    fn seals(&self, kiosk: String) -> impl Future<Output = Result<Vec<Seal>, Error>> + Send;
}
