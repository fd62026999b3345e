//! The survey from head office: the last good one, kept across restarts.
//!
//! A survey that is invalid, or that this kiosk cannot ask, never replaces a good one; head office
//! gets the reason.

use std::path::Path;

use crate::escape::sentence;
use crate::feedback::survey::Survey;
use crate::file;
use crate::kiosk::settings::Settings;
use crate::wire::survey::Published;
use crate::words::json;

/// The file's name in the data folder.
pub const FILE: &str = "survey.json";

/// A survey with the number of its publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficeSurvey {
    /// The hub's epoch and the publication's number there.
    pub name: (u64, u64),
    /// The survey; none where head office has withdrawn it.
    pub survey: Option<Survey>,
}

/// A survey from head office that this kiosk cannot ask.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("survey {publication} cannot be asked on this kiosk: {}", sentence(&complaints.join("; ")))]
pub struct Unfit {
    /// The publication's number at the hub.
    pub publication: u64,
    /// Every reason why the kiosk cannot ask it.
    pub complaints: Vec<String>,
}

impl OfficeSurvey {
    /// Checks a survey from head office.
    ///
    /// # Errors
    /// [`Unfit`] with every reason why this kiosk cannot ask it.
    pub fn check(published: &Published, settings: &Settings) -> Result<Self, Unfit> {
        let publication = published.publication;
        let name = (published.epoch, publication);
        let Some(shape) = &published.survey else {
            return Ok(Self { name, survey: None });
        };
        let survey = shape.check().and_then(|survey| settings.fits(&survey).map(|()| survey));
        match survey {
            Ok(survey) => Ok(Self { name, survey: Some(survey) }),
            Err(complaints) => Err(Unfit { publication, complaints }),
        }
    }

    /// What the kiosk asks when it starts: its own survey, or that of head office, with its name,
    /// if one was kept that this kiosk can ask.
    #[must_use]
    pub fn at_start(settings: &Settings) -> (Survey, Option<(u64, u64)>) {
        let kept = if settings.has_own_survey { None } else { Self::read(settings) };
        let name = kept.as_ref().map(|kept| kept.name);
        let survey = kept.and_then(|kept| kept.survey);
        (survey.unwrap_or_else(|| settings.survey.clone()), name)
    }

    fn read(settings: &Settings) -> Option<Self> {
        let text = match std::fs::read(settings.data_dir.join(FILE)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            text => text.map_err(|error| file::told(&error)),
        };
        let published = text.and_then(|text| json::read::<Published>(&text));
        let given = published.and_then(|published| {
            Self::check(&published, settings).map_err(|unfit| unfit.to_string())
        });
        let complain = |error: &String| {
            tracing::error!(
                error,
                "the saved survey cannot be used; the kiosk fetches it from head office again"
            );
        };
        given.inspect_err(complain).ok()
    }

    /// Deletes the survey of another hub.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn forget(data_dir: &Path) -> std::io::Result<()> {
        match std::fs::remove_file(data_dir.join(FILE)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Saves a checked survey.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn keep(data_dir: &Path, published: &Published) -> std::io::Result<()> {
        let text = serde_json::to_vec_pretty(published).map_err(std::io::Error::other)?;
        file::write(&data_dir.join(FILE), &text)
    }
}
