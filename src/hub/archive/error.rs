//! The archive's error.

/// The archive failed at a step.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action}")]
pub struct Error {
    action: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
    is_late: bool,
    why: Option<&'static str>,
}

impl Error {
    /// An error at a step, with its cause.
    pub fn new(
        action: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { action, source: source.into(), is_late: false, why: None }
    }

    /// The same error, with what is wrong in words for somebody who is to cure it.
    #[must_use]
    pub fn because(self, why: Option<&'static str>) -> Self {
        Self { why, ..self }
    }

    /// A step that took longer than it may.
    pub fn late(action: &'static str) -> Self {
        let why = "it took longer than it may";
        Self { is_late: true, why: Some(why), ..Self::new(action, why) }
    }

    /// What is wrong, where it is known: the end of a sentence.
    #[must_use]
    pub const fn why(&self) -> Option<&'static str> {
        self.why
    }

    /// Whether the step took longer than it may, and nothing of it has happened.
    #[must_use]
    pub const fn is_late(&self) -> bool {
        self.is_late
    }
}
