//! What the desk knows that is not in the journal: the shop, and where its files are.

use std::path::{Path, PathBuf};

use chrono_tz::Tz;

use crate::feedback::survey::Survey;

/// The folder by which a stick is recognised.
pub const FOLDER: &str = "smilepost-export";

/// What the desk knows about the shop.
#[derive(Clone, Debug)]
pub struct Shop {
    /// Its time zone, which decides where a day ends.
    pub zone: Tz,
    /// Its name, for the head of a page.
    pub name: String,
    /// What it asks, for the words of the faces.
    pub survey: Survey,
    /// The language of those words.
    pub language: String,
}

/// Where a desk finds what is not in the journal.
#[derive(Clone, Debug, Default)]
pub struct DeskPaths {
    /// The data folder, with the PIN and the enrolment.
    pub data_dir: PathBuf,
    /// The folder under which USB sticks are mounted.
    pub sticks: PathBuf,
    /// The program and its version, as the hub gets to see it.
    pub app: String,
}

impl DeskPaths {
    /// The export folder of a stick, searched where sticks are mounted: directly there, or one
    /// level down, where a desktop has a folder for each person.
    #[must_use]
    pub fn stick(&self) -> Option<PathBuf> {
        let within = |folder: &Path| -> Vec<PathBuf> {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
            found.sort();
            found
        };
        let sticks = within(&self.sticks);
        let deeper = sticks.iter().flat_map(|folder| within(folder));
        let all = sticks.iter().cloned().chain(deeper);
        all.map(|stick| stick.join(FOLDER)).find(|folder| folder.is_dir())
    }
}
