//! The enrolment: the kiosk's hub and token, in a file of the data folder.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::escape::is_active;
use crate::feedback::survey::schedule::Hours;
use crate::feedback::zone::Zone;
use crate::file;
use crate::wire::enrolment::{Enrolled, Keys};
use crate::wire::whereabouts::Stay;
use crate::zones::Zones;

/// The enrolment's file in the data folder, readable by the kiosk alone.
pub const ENROLMENT_FILE: &str = "enrolment.toml";

/// The longest short name of a kiosk, in bytes. It stands in names of files.
const KIOSK_BYTES_MAX: usize = 80;

/// The longest name of a shop or a touchpoint, in characters.
const NAME_CHARS_MAX: usize = 200;

/// The longest name of a time zone, in bytes.
const ZONE_BYTES_MAX: usize = 64;

/// The longest address to which a hub moves, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 500;

/// The most places of one kiosk that are kept.
const STAYS_MAX: usize = 50;

/// The longest tag of a place, in bytes.
const TAG_BYTES_MAX: usize = 64;

/// How many hexadecimal digits a token or a key has.
const SECRET_DIGITS: usize = 64;

/// A kiosk's hub, its token and its place.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The hub's address, such as `https://hub.example.com`; empty where there is no network to it.
    pub hub: String,
    /// The address to which head office moves, and to which this kiosk did not get yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves_to: Option<String>,
    /// The kiosk's name at the hub.
    pub kiosk: String,
    /// The token, 64 hexadecimal digits.
    pub token: String,
    /// The next token, which the hub has not confirmed yet: either one may be valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    /// The token before this one, for a hub that was restored from an older backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub former_token: Option<String>,
    /// The shop's name at the hub.
    pub shop: String,
    /// The shop's IANA time zone, as the hub knows it.
    pub zone: String,
    /// Where in the shop the kiosk is, as the hub knows it.
    #[serde(default)]
    pub touchpoint: String,
    /// When the shop is open by head office's word, such as `mon-fri 08:00-20:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// The tag of what head office has told of this place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_tag: Option<String>,
    /// The hub's keys, for deliveries that are carried by hand; a kiosk that was enrolled before
    /// there were any has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub_keys: Option<Keys>,
    /// Where the kiosk stood at this head office, and stands, the oldest first; nothing where it
    /// was told of no other place than the present one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stays: Vec<Stay>,
}

impl std::fmt::Debug for Enrolment {
    /// Leaves out the token, so that no log holds one.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Enrolment");
        shown.field("hub", &self.hub).field("kiosk", &self.kiosk).finish_non_exhaustive()
    }
}

/// Why a record of ours cannot be understood.
pub(super) const DAMAGED: &str = "it is damaged, or a newer version of this program has written it";

/// What head office says of a kiosk is not what it should be. The words themselves are not
/// repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not valid: {}", .0.join("; "))]
pub struct Unfit(Vec<&'static str>);

/// The enrolment cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}", .file.display())]
pub struct EnrolmentError {
    pub(super) action: &'static str,
    pub(super) file: PathBuf,
    #[source]
    pub(super) source: std::io::Error,
}

impl EnrolmentError {
    /// Whether the file could be read, and what is in it is no enrolment.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self.source.kind(), std::io::ErrorKind::Other | std::io::ErrorKind::InvalidData)
    }
}

impl Enrolment {
    /// What the hub at this address, or a letter of it, has said, unchecked; nothing has come of it
    /// yet.
    #[must_use]
    pub fn new(hub: String, enrolled: Enrolled) -> Self {
        let Enrolled { kiosk, token, shop, zone, touchpoint, hub_keys, signed_by: _ } = enrolled;
        Self {
            hub,
            moves_to: None,
            kiosk,
            token,
            next_token: None,
            former_token: None,
            shop,
            zone,
            touchpoint,
            hours: None,
            place_tag: None,
            hub_keys,
            stays: Vec::new(),
        }
    }

    /// Reads the enrolment of the kiosk with this data folder, if it has one.
    ///
    /// # Errors
    /// When the file is there and cannot be read or understood.
    pub fn read(data_dir: &Path) -> Result<Option<Self>, EnrolmentError> {
        let file = data_dir.join(ENROLMENT_FILE);
        let failed = |source| EnrolmentError { action: "read", file: file.clone(), source };
        match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
            Ok(text) => {
                let read = toml::from_str::<Self>(&text);
                let read = read.map_err(|_| std::io::Error::other(DAMAGED));
                let checked = read.and_then(|it| it.checked().map_err(std::io::Error::other));
                checked.map(Some).map_err(failed)
            }
        }
    }

    /// Checks what head office has said, wherever it comes from.
    ///
    /// # Errors
    /// [`Unfit`] with everything that is not what it should be.
    pub fn checked(self) -> Result<Self, Unfit> {
        let is_name =
            |name: &str| name.chars().count() <= NAME_CHARS_MAX && !name.contains(is_active);
        let is_part_of_zone = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
        let zone_bytes = 1..=ZONE_BYTES_MAX;
        let is_key_pair = |keys: &Keys| is_secret(&keys.seal) && is_secret(&keys.verify);
        let checks = [
            (is_short_name(&self.kiosk), "the kiosk's name"),
            (self.tokens().into_iter().all(is_secret), "the token"),
            (is_name(&self.shop) && !self.shop.trim().is_empty(), "the shop's name"),
            (is_name(&self.touchpoint), "the touchpoint"),
            (
                self.stays.len() <= STAYS_MAX
                    && self
                        .stays
                        .iter()
                        .all(|stay| is_name(&stay.shop) && is_name(&stay.touchpoint)),
                "the places where it stood",
            ),
            (
                self.moves_to.as_ref().is_none_or(|to| to.len() <= ADDRESS_BYTES_MAX),
                "the hub's new address",
            ),
            (self.hours.is_none() || self.opening_hours().is_some(), "the opening hours"),
            (self.place_tag.as_ref().is_none_or(|tag| is_tag(tag)), "the tag of its place"),
            (
                zone_bytes.contains(&self.zone.len()) && self.zone.chars().all(is_part_of_zone),
                "the time zone",
            ),
            (self.hub_keys.as_ref().is_none_or(is_key_pair), "the hub's keys"),
        ];
        let unfit: Vec<_> =
            checks.into_iter().filter(|(holds, _)| !holds).map(|(_, what)| what).collect();
        if unfit.is_empty() { Ok(self) } else { Err(Unfit(unfit)) }
    }

    /// The shop's time zone, if this program knows it.
    #[must_use]
    pub fn known_zone(&self) -> Option<Zone> {
        Zones::of_system().zone(&self.zone)
    }

    /// When the shop is open by head office's word.
    #[must_use]
    pub fn opening_hours(&self) -> Option<Hours> {
        self.hours.as_deref().and_then(Hours::parse)
    }

    /// Checks that the enrolment can be written, before a one-time code is used up.
    ///
    /// # Errors
    /// When the folder cannot be created or written.
    pub fn can_be_written(data_dir: &Path) -> Result<(), EnrolmentError> {
        let file = data_dir.join(ENROLMENT_FILE).with_extension("try");
        let tried = std::fs::create_dir_all(data_dir)
            .and_then(|()| std::fs::write(&file, ""))
            .and_then(|()| std::fs::remove_file(&file));
        tried.map_err(|source| EnrolmentError { action: "write", file, source })
    }

    /// The tokens that may be valid, the likeliest first; there is always one.
    #[must_use]
    pub fn tokens(&self) -> Vec<&str> {
        let (next, former) = (self.next_token.as_deref(), self.former_token.as_deref());
        next.into_iter().chain([self.token.as_str()]).chain(former).collect()
    }

    /// The place, as a person can be told: `kallio-exit at https://hub.example.com`.
    #[must_use]
    pub fn title(&self) -> String {
        match self.hub.as_str() {
            "" => format!("{}, whose head office is reached by stick", self.kiosk),
            hub => format!("{} at {hub}", self.kiosk),
        }
    }

    /// Whether it is the same kiosk at the same head office. The hub's keys tell, and its address
    /// only where one of the two names none.
    #[must_use]
    pub fn is_same_place(&self, other: &Self) -> bool {
        let is_same_hub = match (&self.hub_keys, &other.hub_keys) {
            (Some(one), Some(other)) => one.verify.eq_ignore_ascii_case(&other.verify),
            _ => self.has_same_address(other),
        };
        is_same_hub && self.kiosk == other.kiosk
    }

    /// Whether both name the same address of a hub.
    #[must_use]
    pub fn has_same_address(&self, other: &Self) -> bool {
        !self.hub.is_empty() && self.has_address(&other.hub)
    }

    /// Whether its hub has this address; an empty one where there is no network to it.
    #[must_use]
    pub fn has_address(&self, hub: &str) -> bool {
        let plain = |hub: &str| hub.trim().trim_end_matches('/').to_ascii_lowercase();
        plain(&self.hub) == plain(hub)
    }

    /// Writes the enrolment so that a power cut leaves either the old one or the new one.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, data_dir: &Path) -> Result<(), EnrolmentError> {
        let file = data_dir.join(ENROLMENT_FILE);
        let text = toml::to_string(self).map_err(std::io::Error::other);
        let written = text.and_then(|text| file::write(&file, text.as_bytes()));
        written.map_err(|source| EnrolmentError { action: "write", file, source })
    }
}

/// Whether it is a short name as head office makes them: letters and digits of any script, and
/// hyphens between them. So it is never a path, an option or a hidden file.
fn is_short_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || c == '-';
    let is_short = (1..=KIOSK_BYTES_MAX).contains(&name.len());
    is_short && name.chars().all(is_plain) && !name.starts_with('-')
}

/// Whether it can be the tag of a place.
fn is_tag(tag: &str) -> bool {
    tag.len() <= TAG_BYTES_MAX && tag.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether it has the form of a token or a key.
pub fn is_secret(text: &str) -> bool {
    text.len() == SECRET_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
