//! The archive's error.

/// The archive failed at a step.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action}")]
pub struct Error {
    action: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
    is_late: bool,
}

impl Error {
    /// An error at a step, with its cause.
    pub fn new(
        action: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { action, source: source.into(), is_late: false }
    }

    /// A step that took longer than it may.
    pub fn late(action: &'static str) -> Self {
        Self { is_late: true, ..Self::new(action, "it took longer than it may") }
    }

    /// Whether the step took longer than it may, and nothing of it has happened.
    #[must_use]
    pub const fn is_late(&self) -> bool {
        self.is_late
    }
}
