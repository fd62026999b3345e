//! The kiosk's configuration: what `kiosk.toml` says, checked whole, with every complaint at once.
//!
//! `systemd/kiosk.toml` is the reference; a test reads it. Nothing here is written by the program,
//! except the enrolment, which is a file of its own under the data folder.

mod enrolment;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono_tz::Tz;
use serde::Deserialize;

pub use self::enrolment::{ENROLMENT_FILE, Enrolment, EnrolmentError};
use crate::config::{self, Complaints};
use crate::feedback::rating::Scale;
use crate::feedback::survey::{Survey, Texts};
use crate::feedback::visit::Pace;
use crate::kiosk::journal::Limits;
use crate::kiosk::screen::colour::Colour;

/// Everything the kiosk needs to know at start, with limits checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the journal and the enrolment are kept.
    pub data_dir: PathBuf,
    /// Where the socket for the shop manager's tools is.
    pub runtime_dir: PathBuf,
    /// The shop's time zone, if the file says; else the hub's word counts.
    pub zone: Option<Tz>,
    /// The language of the shop's question.
    pub language: String,
    /// The name in the corner of the screen.
    pub brand: String,
    /// What is asked.
    pub survey: Survey,
    /// How long things last.
    pub pace: Pace,
    /// The physical buttons.
    pub buttons: Buttons,
    /// The screen.
    pub screen: Screen,
    /// The way to head office.
    pub uplink: Uplink,
    /// How long settled ratings stay for the shop's summary, in days.
    pub keep_days: u16,
    /// How large the journal may become.
    pub limits: Limits,
    /// Whether the data folder may lie where a restart wipes it.
    pub allows_volatile: bool,
    /// Whether presses that nobody meant are judged.
    pub is_judged: bool,
}

/// How the buttons are wired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buttons {
    /// What reads them.
    pub driver: Driver,
    /// BCM line numbers, worst face first; as many as the scale has faces, or none.
    pub lines: Vec<u32>,
    /// The resistor that holds an open line.
    pub pull: Pull,
    /// The level of a pressed button.
    pub active: Active,
    /// Contact bounce shorter than this is not a press.
    pub debounce: Duration,
    /// The label of the GPIO chip, for the `gpiocdev` driver.
    pub chip: Option<String>,
    /// Where the `script` driver reads its lines: a file, a FIFO, or `-` for standard input.
    pub script: Option<PathBuf>,
}

/// What reads the buttons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// `rppal` on a Pi it knows, else `gpiocdev` where a chip is configured, else none.
    #[default]
    Auto,
    /// A Raspberry Pi.
    Rppal,
    /// Any Linux board.
    Gpiocdev,
    /// Lines of `1` to `5`, for tests and for other programs.
    Script,
    /// No buttons.
    None,
}

/// The resistor that holds an open line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pull {
    /// To the supply: for buttons that connect to ground.
    #[default]
    Up,
    /// To ground: for buttons that connect to the supply.
    Down,
    /// None: for boards that have resistors of their own.
    Off,
}

/// The level of a pressed button.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Active {
    /// Pressed is ground.
    #[default]
    Low,
    /// Pressed is the supply.
    High,
}

/// The screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Whether there is one.
    pub is_on: bool,
    /// Whether the window fills it.
    pub is_fullscreen: bool,
    /// Its colours.
    pub look: Look,
    /// The shop's own accent.
    pub accent: Option<Colour>,
}

/// The colours of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Look {
    /// Ink on paper.
    #[default]
    Light,
    /// For a dim place.
    Dark,
    /// Black on white.
    HighContrast,
    /// White on black.
    HighContrastDark,
}

impl Look {
    /// Every look there is.
    pub const ALL: [Self; 4] =
        [Self::Light, Self::Dark, Self::HighContrast, Self::HighContrastDark];

    /// The least contrast ratio of its words: WCAG 2.2 asks for 4.5 at level AA, 7 at AAA.
    #[must_use]
    pub const fn contrast_min(self) -> f64 {
        match self {
            Self::Light | Self::Dark => 4.5,
            Self::HighContrast | Self::HighContrastDark => 7.0,
        }
    }
}

/// The way to head office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uplink {
    /// How long a new rating waits for company before it is sent.
    pub coalesce: Duration,
    /// How often the hub hears from an idle kiosk.
    pub idle: Duration,
    /// The first delivery after start waits up to this long, drawn by chance, so that a power cut
    /// does not bring a whole city back in the same second.
    pub first_max: Duration,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the hub may be silent while it answers.
    pub read_timeout: Duration,
    /// How long a delivery may take in all.
    pub timeout: Duration,
    /// A file of certificates to trust beside the system's, for a hub with a private one.
    pub ca_file: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    data_dir: Option<PathBuf>,
    runtime_dir: Option<PathBuf>,
    zone: Option<String>,
    language: Option<String>,
    brand: Option<String>,
    keep_days: Option<u16>,
    journal_max_mb: Option<u32>,
    allow_volatile: bool,
    survey: SurveyPart,
    visit: VisitPart,
    buttons: ButtonsPart,
    screen: ScreenPart,
    uplink: UplinkPart,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SurveyPart {
    id: Option<String>,
    version: Option<u32>,
    scale: Option<u8>,
    texts: BTreeMap<String, TextsPart>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TextsPart {
    question: String,
    faces: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct VisitPart {
    thanks_ms: Option<u32>,
    correction_ms: Option<u32>,
    interval_ms: Option<u32>,
    misuse_rules: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ButtonsPart {
    driver: Driver,
    lines: Vec<u32>,
    pull: Pull,
    active: Active,
    debounce_ms: Option<u16>,
    chip: Option<String>,
    script: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ScreenPart {
    on: Option<bool>,
    fullscreen: bool,
    look: Look,
    accent: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct UplinkPart {
    coalesce_ms: Option<u32>,
    idle_s: Option<u32>,
    first_max_ms: Option<u32>,
    connect_timeout_ms: Option<u32>,
    read_timeout_ms: Option<u32>,
    timeout_ms: Option<u32>,
    ca_file: Option<PathBuf>,
}

impl Settings {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Every complaint at once, each with its key and what is allowed.
    pub fn read(file: &Path) -> Result<Self, Complaints> {
        let (shape, mut complaints) = config::read::<File>(file)?;
        let settings = shape.check(&mut complaints);
        complaints.or(settings)
    }

    /// The settings of a kiosk that nobody has configured, with its data in this folder.
    #[must_use]
    pub fn plain(data_dir: &Path) -> Self {
        let data_dir_given = Some(data_dir.to_owned());
        let shape = File { data_dir: data_dir_given, allow_volatile: true, ..File::default() };
        shape.check(&mut Complaints::about(data_dir))
    }
}

impl File {
    fn check(self, complaints: &mut Complaints) -> Settings {
        let data_dir = self.data_dir.unwrap_or_default();
        let is_given = !data_dir.as_os_str().is_empty();
        complaints.unless(is_given, "data_dir", "is missing: name a folder on a durable disk");
        let language = self.language.unwrap_or_else(|| "en".to_owned());
        let survey = self.survey.check(complaints);
        if survey.texts(&language).is_none() {
            let known: Vec<&str> = survey.languages().collect();
            let known = known.join(", ");
            complaints.add("language", format!("{language:?} is not one of the survey's: {known}"));
        }
        let is_tag = (1..=12).contains(&language.len());
        complaints.unless(is_tag, "language", "is not a tag of 1 to 12 characters, such as en");
        let zone = self.zone.and_then(|name| match name.parse::<Tz>() {
            Ok(zone) => Some(zone),
            Err(_) => {
                let what = format!("{name:?} is not an IANA time zone such as Europe/Helsinki");
                complaints.add("zone", what);
                None
            }
        });
        let brand = self.brand.unwrap_or_else(|| "Smilepost".to_owned());
        let is_short = brand.chars().count() <= 30;
        complaints.unless(is_short, "brand", "is longer than 30 characters");
        let keep_days = self.keep_days.unwrap_or(400);
        let is_kept = (1..=3_660).contains(&keep_days);
        complaints.unless(is_kept, "keep_days", "is not 1 to 3660 days");
        let journal_max_mb = self.journal_max_mb.unwrap_or(1_024);
        let is_sane = (16..=65_536).contains(&journal_max_mb);
        complaints.unless(is_sane, "journal_max_mb", "is not 16 to 65536 megabytes");
        Settings {
            limits: Limits { bytes_max: u64::from(journal_max_mb) * 1024 * 1024 },
            allows_volatile: self.allow_volatile,
            is_judged: self.visit.misuse_rules.unwrap_or(true),
            runtime_dir: self.runtime_dir.unwrap_or_else(|| data_dir.clone()),
            data_dir,
            zone,
            language,
            brand,
            pace: self.visit.check(complaints),
            buttons: self.buttons.check(survey.scale(), complaints),
            screen: self.screen.check(complaints),
            uplink: self.uplink.check(complaints),
            survey,
            keep_days,
        }
    }
}

impl ScreenPart {
    fn check(self, complaints: &mut Complaints) -> Screen {
        let accent = self.accent.and_then(|text| {
            let accent = Colour::parse(&text);
            let what = format!("{text:?} is not a colour such as #1f5fd0");
            complaints.unless(accent.is_some(), "screen.accent", what);
            accent
        });
        let (is_on, is_fullscreen) = (self.on.unwrap_or(true), self.fullscreen);
        Screen { is_on, is_fullscreen, look: self.look, accent }
    }
}

impl SurveyPart {
    fn check(self, complaints: &mut Complaints) -> Survey {
        let faces = self.scale.unwrap_or(5);
        let scale = Scale::with_faces(faces).unwrap_or_else(|| {
            complaints.add("survey.scale", format!("{faces} is not 3, 4 or 5 faces"));
            Scale::Five
        });
        let built_in = Survey::built_in(scale);
        if self.texts.is_empty() {
            let is_named = self.id.is_some() || self.version.is_some();
            complaints.unless(!is_named, "survey.texts", "is missing: a survey needs its words");
            return built_in;
        }
        let texts = self.texts.into_iter().map(|(language, part)| Texts {
            language,
            question: part.question,
            faces: part.faces,
        });
        let id = self.id.unwrap_or_default();
        Survey::check(&id, self.version.unwrap_or(1), scale, texts.collect()).unwrap_or_else(
            |list| {
                for complaint in list {
                    let (key, what) = complaint.split_once(": ").unwrap_or(("", &complaint));
                    complaints.add(&format!("survey.{key}"), what);
                }
                built_in
            },
        )
    }
}

impl VisitPart {
    fn check(self, complaints: &mut Complaints) -> Pace {
        let usual = Pace::default();
        let mut up_to = |key: &str, value: Option<u32>, usual: u32| {
            let value = value.unwrap_or(usual);
            let key = format!("visit.{key}");
            complaints.unless(value <= 60_000, &key, "is not 0 to 60000 milliseconds");
            value
        };
        let thanks_ms = up_to("thanks_ms", self.thanks_ms, usual.thanks_ms);
        let correction_ms = up_to("correction_ms", self.correction_ms, thanks_ms);
        let interval_ms = up_to("interval_ms", self.interval_ms, usual.interval_ms);
        let what = "is more than thanks_ms: a press is corrected while the thank-you is shown";
        complaints.unless(correction_ms <= thanks_ms, "visit.correction_ms", what);
        Pace { thanks_ms, correction_ms, interval_ms }
    }
}

impl ButtonsPart {
    fn check(self, scale: Scale, complaints: &mut Complaints) -> Buttons {
        let lines = self.lines;
        let faces = usize::from(scale.faces());
        if !lines.is_empty() && lines.len() != faces {
            let what = format!("has {} lines, the scale has {faces} faces", lines.len());
            complaints.add("buttons.lines", what);
        }
        let mut seen = std::collections::BTreeSet::new();
        for line in &lines {
            if !seen.insert(line) {
                complaints.add("buttons.lines", format!("names line {line} more than once"));
            }
            complaints.unless(*line < 512, "buttons.lines", format!("{line} is not below 512"));
        }
        let is_wired = matches!(self.driver, Driver::Rppal | Driver::Gpiocdev);
        let what = "is missing: name the lines from worst to best face";
        complaints.unless(!is_wired || !lines.is_empty(), "buttons.lines", what);
        if self.driver == Driver::Gpiocdev {
            let what = "is missing: name the GPIO chip's label, as gpiodetect prints it";
            complaints.unless(self.chip.is_some(), "buttons.chip", what);
        }
        if self.driver == Driver::Script {
            let what = "is missing: name a file, a FIFO, or - for standard input";
            complaints.unless(self.script.is_some(), "buttons.script", what);
        }
        let debounce_ms = self.debounce_ms.unwrap_or(20);
        let is_short = debounce_ms <= 1_000;
        complaints.unless(is_short, "buttons.debounce_ms", "is not 0 to 1000 milliseconds");
        Buttons {
            driver: self.driver,
            lines,
            pull: self.pull,
            active: self.active,
            debounce: Duration::from_millis(u64::from(debounce_ms)),
            chip: self.chip,
            script: self.script,
        }
    }
}

impl UplinkPart {
    fn check(self, complaints: &mut Complaints) -> Uplink {
        let mut between = |key: &str, value: Option<u32>, usual: u32, least: u32, most: u32| {
            let value = value.unwrap_or(usual);
            let what = format!("{value} is not {least} to {most}");
            complaints.unless((least..=most).contains(&value), &format!("uplink.{key}"), what);
            Duration::from_millis(u64::from(value))
        };
        Uplink {
            coalesce: between("coalesce_ms", self.coalesce_ms, 500, 0, 60_000),
            idle: between("idle_s", self.idle_s, 300, 1, 86_400) * 1_000,
            first_max: between("first_max_ms", self.first_max_ms, 10_000, 0, 3_600_000),
            connect_timeout: between(
                "connect_timeout_ms",
                self.connect_timeout_ms,
                10_000,
                1,
                120_000,
            ),
            read_timeout: between("read_timeout_ms", self.read_timeout_ms, 20_000, 1, 120_000),
            timeout: between("timeout_ms", self.timeout_ms, 60_000, 1, 600_000),
            ca_file: self.ca_file,
        }
    }
}
