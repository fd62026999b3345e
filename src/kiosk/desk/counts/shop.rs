//! What the desk knows that is not in the journal: the shop, and where its files are.

use std::ffi::OsStr;
use std::path::PathBuf;

use chrono::NaiveDate;

use crate::feedback::moment;
use crate::feedback::survey::Survey;
use crate::feedback::zone::Zone;
use crate::foreign::Folder;
use crate::wire::whereabouts::{self, Stay};

/// The folder by which a stick is recognised.
pub const FOLDER: &str = "smilepost-export";

/// In how many folders a stick is looked for, at each level.
const FOLDERS_MAX: usize = 64;

/// The shop as the desk needs to know it.
#[derive(Clone, Debug)]
pub struct Shop {
    /// Its time zone, which decides where a day ends.
    pub zone: Zone,
    /// Its name, for the head of a page.
    pub name: String,
    /// The kiosk's short name at head office; empty before it is enrolled.
    pub kiosk: String,
    /// Where in the shop it stands; empty where nobody has said.
    pub touchpoint: String,
    /// Where the kiosk stood before, the oldest first, and where it stands; nothing where it was
    /// always here.
    pub stays: Vec<Stay>,
    /// What it asks, for the words of the faces.
    pub survey: Survey,
    /// The language of those words.
    pub language: String,
}

impl Shop {
    /// The shop's name and the touchpoint at a time, in milliseconds since 1970 UTC.
    #[must_use]
    pub fn at(&self, utc_ms: i64) -> (&str, &str) {
        let stay = whereabouts::at(&self.stays, utc_ms);
        stay.map_or((&self.name, &self.touchpoint), |stay| (&stay.shop, &stay.touchpoint))
    }

    /// The same at the end of a day, by the shop's clocks.
    #[must_use]
    pub fn on(&self, day: NaiveDate) -> (&str, &str) {
        self.at(moment::day_bounds(day, &self.zone).1.saturating_sub(1))
    }

    /// Takes other names for the present place and those before; nothing changes without any.
    pub fn stand(&mut self, stays: Vec<Stay>) {
        if let Some(Stay { shop, touchpoint, .. }) = stays.last().cloned() {
            (self.name, self.touchpoint, self.stays) = (shop, touchpoint, stays);
        }
    }
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
    /// The number of the journal; see [`crate::kiosk::settings::Owners`].
    pub journal: u32,
}

impl DeskPaths {
    /// The export folder of a stick, searched where sticks are mounted: directly there, or one
    /// level down, where a desktop has a folder for each person.
    #[must_use]
    pub fn stick(&self) -> Option<Folder> {
        // A link leads nowhere: whoever filled a stick does not choose where we write.
        let names = |folder: &Folder| {
            let mut names = folder.names().unwrap_or_default();
            names.truncate(FOLDERS_MAX);
            names
        };
        let ours = |stick: &Folder| stick.folder(OsStr::new(FOLDER)).ok();
        let within = |folder: &Folder| {
            names(folder).iter().find_map(|name| ours(&folder.folder(name).ok()?))
        };
        let sticks = Folder::open(&self.sticks).ok()?;
        let deeper = || names(&sticks).iter().find_map(|name| within(&sticks.folder(name).ok()?));
        within(&sticks).or_else(deeper)
    }
}
