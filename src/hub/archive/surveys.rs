//! Surveys: everything that was ever published, and what a kiosk is given.
//!
//! Isolation: each method is one transaction. Publications are numbered as they are committed, and
//! never changed or deleted.

use super::error::Error;
pub use crate::hub::rules::scope::Scope;

/// A survey as it was published, or withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Its number, which counts up; 0 is none.
    pub number: u64,
    /// When, in milliseconds since 1970 UTC.
    pub published_ms: i64,
    /// The kiosks that it is meant for.
    pub scope: Scope,
    /// The survey as JSON; none where it was withdrawn.
    pub content: Option<String>,
}

/// Keeps the surveys.
pub trait Surveys {
    /// Publishes a survey, as JSON, or withdraws that of a scope; returns its number, or none when
    /// the scope names an unknown shop.
    fn publish(
        &self,
        scope: Scope,
        content: Option<String>,
        now_ms: i64,
    ) -> impl Future<Output = Result<Option<u64>, Error>> + Send;

    /// The survey that is meant for a kiosk, if there is one.
    fn survey(
        &self,
        kiosk: String,
    ) -> impl Future<Output = Result<Option<Publication>, Error>> + Send;

    /// Every survey that was ever published, the newest first.
    fn surveys(&self) -> impl Future<Output = Result<Vec<Publication>, Error>> + Send;
}
