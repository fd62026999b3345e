//! The archive's error, and what an engine says when a statement fails.

/// What the database itself says to whoever writes into an archive that has gone elsewhere.
pub(super) const HELD: &str = "the archive has left this place: stop this hub, and let its \
                               hub.toml name the new one";

/// The archive failed at a step.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action}")]
pub struct Error {
    action: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
    is_late: bool,
    is_passing: bool,
    why: Option<&'static str>,
}

impl Error {
    /// An error at a step, with its cause.
    pub fn new(
        action: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { action, source: source.into(), is_late: false, is_passing: false, why: None }
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

    /// Whether the step failed only since another one was in its way: it can be tried again at
    /// once.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        self.is_passing
    }

    /// Whether the step took longer than it may, and nothing of it has happened. Where PostgreSQL
    /// did not answer a commit in time, it may have happened all the same.
    #[must_use]
    pub const fn is_late(&self) -> bool {
        self.is_late
    }
}

/// Why a statement failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The engine says why.
    #[error(transparent)]
    Engine(#[from] Said),
    /// Something stands in the archive that this program does not write.
    #[error("{0}")]
    Content(String),
    /// It took more work than one step may.
    #[error("it took longer than it may")]
    Late,
}

impl Failure {
    /// What is wrong and how it is cured, where it is known: the end of a sentence.
    pub(super) const fn why(&self) -> Option<&'static str> {
        match self {
            Self::Engine(said) => said.why,
            Self::Content(_) | Self::Late => None,
        }
    }

    /// The archive's error at a step.
    pub(super) fn at(self, action: &'static str) -> Error {
        match self {
            Self::Late => Error::late(action),
            failure => {
                let why = failure.why();
                let is_passing = matches!(&failure, Self::Engine(said) if said.is_passing);
                Error { is_passing, ..Error::new(action, failure).because(why) }
            }
        }
    }
}

/// What an engine says.
#[derive(Debug)]
pub(crate) struct Said {
    /// In its own words.
    source: Box<dyn std::error::Error + Send + Sync>,
    /// In words for whoever is to cure it.
    why: Option<&'static str>,
    /// Whether the connection is of no more use.
    pub(super) ends_connection: bool,
    /// Whether another transaction was in its way.
    is_passing: bool,
}

impl Said {
    pub(super) fn new(
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
        why: Option<&'static str>,
    ) -> Self {
        Self { source: source.into(), why, ends_connection: false, is_passing: false }
    }

    /// The same, of a connection that is of no more use where this is so.
    pub(super) fn ending(self, ends_connection: bool) -> Self {
        Self { ends_connection, ..self }
    }

    /// The same, of what can be tried again at once where this is so.
    pub(super) fn passing(self, is_passing: bool) -> Self {
        Self { is_passing, ..self }
    }

    /// The words for whoever is to cure it, where the engine does not say the same.
    fn words(&self) -> Option<&'static str> {
        let why = self.why?;
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(self.source.as_ref());
        while let Some(cause) = next {
            if cause.to_string().contains(why) {
                return None;
            }
            next = cause.source();
        }
        Some(why)
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.words() {
            Some(why) => f.write_str(why),
            None => self.source.fmt(f),
        }
    }
}

impl std::error::Error for Said {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.words() {
            Some(_) => Some(self.source.as_ref()),
            None => self.source.source(),
        }
    }
}
