//! What is made of files that somebody may cure or renew while the kiosk runs.

use std::path::Path;

use super::error::Error;
use crate::file::{Look, look};

/// Something that is made of files: they are looked at before each use, and it is made anew when
/// one has changed.
pub(super) struct Renewed<T> {
    made: Option<(T, Vec<Option<Look>>)>,
}

impl<T> Renewed<T> {
    /// Nothing is made yet.
    pub(super) const fn new() -> Self {
        Self { made: None }
    }

    /// What is in use, if it was made.
    pub(super) fn made(&self) -> Option<&T> {
        self.made.as_ref().map(|(made, _)| made)
    }

    /// The one to use. Where it cannot be made of what the files are now, the former one is kept.
    ///
    /// # Errors
    /// When it cannot be made and never was.
    pub(super) fn of(
        &mut self,
        files: &[Option<&Path>],
        make: impl FnOnce() -> Result<T, Error>,
    ) -> Result<&T, Error> {
        let looks: Vec<Option<Look>> = files.iter().map(|file| file.and_then(look)).collect();
        let is_same = self.made.as_ref().is_some_and(|(_, before)| *before == looks);
        let made = match (self.made.take(), is_same) {
            (Some((made, _)), true) => made,
            (Some((made, _)), false) => make().unwrap_or_else(|error| {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "a changed file cannot be used; its former state is used");
                made
            }),
            (None, _) => make()?,
        };
        Ok(&self.made.insert((made, looks)).0)
    }

    /// Looks at everything anew at the next use.
    pub(super) fn doubt(&mut self) {
        if let Some((_, looks)) = &mut self.made {
            looks.clear();
        }
    }
}
