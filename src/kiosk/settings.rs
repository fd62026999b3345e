//! The kiosk's configuration: reads and checks `kiosk.toml`, and reports all complaints at once.
//!
//! `systemd/kiosk.toml` is the reference; a test reads it. The program writes nothing here except
//! the enrolment, which is a file of its own in the data folder.

mod alert;
mod buttons;
mod call;
mod desk;
mod enrolment;
mod former;
mod notify;
mod owners;
mod screen;
mod uplink;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use self::alert::AlertPart;
use self::buttons::ButtonsPart;
pub use self::buttons::{Active, Buttons, Driver, Pull};
pub use self::call::Call;
use self::call::CallPart;
use self::desk::DeskPart;
pub use self::desk::{PhoneLimits, PhoneListen};
pub use self::enrolment::{
    ADDRESS_BYTES_MAX, ENROLMENT_FILE, Enrolment, EnrolmentError, Unfit, is_secret,
};
pub use self::former::{FORMER_DIR, Former, Holder, JOURNALS_DIR, hold, journal_folder};
pub use self::notify::{Format, Notify};
pub use self::owners::{Leave, Owners, renew};
use self::screen::ScreenPart;
pub use self::screen::{Look, Screen};
use self::uplink::UplinkPart;
pub use self::uplink::{ProxyChoice, Uplink};
use crate::config::{self, Complaints};
use crate::feedback::alert::Rule;
use crate::feedback::rating::Scale;
use crate::feedback::survey::schedule::Hours;
use crate::feedback::survey::{Notice, OFFERED_MAX, Survey};
use crate::feedback::visit::Pace;
use crate::feedback::zone::Zone;
use crate::wire::survey as shape;
use crate::zones::Zones;

/// Everything the kiosk needs to know at start, with limits checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the journal and the enrolment are kept.
    pub data_dir: PathBuf,
    /// The folder of the socket for the shop manager's tools.
    pub runtime_dir: PathBuf,
    /// The shop's time zone, if the file has it; else the hub's.
    pub zone: Option<Zone>,
    /// The language of the shop's question.
    pub language: String,
    /// The name in the corner of the screen.
    pub brand: String,
    /// The local survey, or the built-in one.
    pub survey: Survey,
    /// Whether the survey is a local one; then the hub's is not fetched.
    pub has_own_survey: bool,
    /// Where in the shop the kiosk is, if the file has it; else the hub's.
    pub touchpoint: Option<String>,
    /// The languages that a shopper is offered where the survey names none.
    pub languages: Vec<String>,
    /// When the shop is open where the survey does not say.
    pub hours: Option<Hours>,
    /// What the shop has changed because of ratings, besides the survey's own notices.
    pub notices: Vec<Notice>,
    /// Tones and speech.
    pub sound: Sound,
    /// How long things last.
    pub pace: Pace,
    /// When the shop manager is alerted; none where that is switched off.
    pub alert: Option<Rule>,
    /// Where staff are told of an alert.
    pub alert_notify: Option<Notify>,
    /// How shoppers call somebody; none where that is not offered.
    pub call: Option<Call>,
    /// How long the desk stays open while nobody touches it, in milliseconds.
    pub desk_stay_ms: u64,
    /// Under which folder USB sticks are mounted.
    pub sticks: PathBuf,
    /// Where the desk's page for phones is; none unless it is configured.
    pub phone: Option<PhoneListen>,
    /// The physical buttons.
    pub buttons: Buttons,
    /// The screen.
    pub screen: Screen,
    /// The way to head office.
    pub uplink: Uplink,
    /// How long settled ratings stay for the shop's summary, in days.
    pub keep_days: u16,
    /// The largest size of the journal, in bytes.
    pub journal_bytes_max: u64,
    /// Whether the data folder may be on a disk that a restart wipes.
    pub allows_volatile: bool,
    /// Whether the misuse rules are on.
    pub is_judged: bool,
}

/// Tones and speech.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sound {
    /// Whether a press has a tone, the same for every face.
    pub has_tones: bool,
    /// The program that plays a WAV file, and its arguments before the file's name.
    pub player: Vec<String>,
    /// The folder with the spoken question of each language, such as `en.wav`.
    pub speech_dir: Option<PathBuf>,
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
    touchpoint: Option<String>,
    languages: Vec<String>,
    hours: BTreeMap<String, String>,
    notices: Vec<shape::Notice>,
    sound: SoundPart,
    survey: SurveyPart,
    visit: VisitPart,
    alert: AlertPart,
    call: CallPart,
    desk: DeskPart,
    buttons: ButtonsPart,
    screen: ScreenPart,
    uplink: UplinkPart,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SurveyPart {
    scale: Option<u8>,
    file: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SoundPart {
    tones: bool,
    player: Option<Vec<String>>,
    speech_dir: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct VisitPart {
    thanks_ms: Option<u32>,
    correction_ms: Option<u32>,
    interval_ms: Option<u32>,
    follow_up_ms: Option<u32>,
    language_ms: Option<u32>,
    invite_ms: Option<u32>,
    misuse_rules: Option<bool>,
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

    /// The default settings, with the data in this folder.
    #[must_use]
    pub fn plain(data_dir: &Path) -> Self {
        let data_dir_given = Some(data_dir.to_owned());
        let shape = File { data_dir: data_dir_given, allow_volatile: true, ..File::default() };
        shape.check(&mut Complaints::about(data_dir))
    }

    /// Whether this kiosk can ask a survey: in its language, and with the buttons it has.
    ///
    /// # Errors
    /// Every reason why not, as a sentence that names the place.
    pub fn fits(&self, survey: &Survey) -> Result<(), Vec<String>> {
        let mut complaints = Vec::new();
        for question in &survey.parts().questions {
            let (id, faces) = (&question.id, question.scale.faces());
            if question.texts(&self.language).is_none() {
                let known: Vec<&str> = survey.languages().collect();
                let (language, known) = (&self.language, known.join(", "));
                complaints.push(format!(
                    "questions.{id}.texts: has no {language}, which this kiosk asks in, but {known}"
                ));
            }
            let buttons = self.buttons.lines.len();
            if buttons > 0 && buttons != usize::from(faces) {
                complaints.push(format!(
                    "questions.{id}.scale: has {faces} faces, this kiosk has {buttons} buttons"
                ));
            }
        }
        if complaints.is_empty() { Ok(()) } else { Err(complaints) }
    }
}

impl File {
    fn check(mut self, complaints: &mut Complaints) -> Settings {
        let data_dir = self.data_dir.clone().unwrap_or_default();
        let is_given = !data_dir.as_os_str().is_empty();
        complaints.unless(is_given, "data_dir", "is missing: name a folder on a durable disk");
        let has_own_survey = self.survey.file.is_some();
        let survey = self.survey.clone().check(complaints);
        let language = self.language.clone().unwrap_or_else(|| "en".to_owned());
        self.check_languages(&language, &survey, complaints);
        let (hours, notices) = read_day(&self.hours, &self.notices, complaints);
        self.check_touchpoint(complaints);
        let is_tag = (1..=12).contains(&language.len());
        complaints.unless(is_tag, "language", "is not a tag of 1 to 12 characters, such as en");
        let (alert, alert_notify) = std::mem::take(&mut self.alert).check(complaints);
        let settings = Settings {
            zone: self.check_zone(complaints),
            brand: self.check_brand(complaints),
            keep_days: self.check_keep_days(complaints),
            journal_bytes_max: self.check_journal_bytes(complaints),
            allows_volatile: self.allow_volatile,
            is_judged: self.visit.misuse_rules.unwrap_or(true),
            runtime_dir: self.runtime_dir.unwrap_or_else(|| data_dir.clone()),
            data_dir,
            language,
            pace: self.visit.check(complaints),
            alert,
            alert_notify,
            call: self.call.check(complaints),
            desk_stay_ms: self.desk.stay_ms(complaints),
            sticks: self.desk.sticks.clone().unwrap_or_else(|| PathBuf::from("/media")),
            phone: self.desk.check(complaints),
            buttons: self.buttons.check(survey.question(None, "").scale, complaints),
            screen: self.screen.check(complaints),
            uplink: self.uplink.check(complaints),
            survey,
            has_own_survey,
            touchpoint: self.touchpoint,
            languages: self.languages,
            hours,
            notices,
            sound: self.sound.check(complaints),
        };
        // The number of faces of the first question was checked above, that of the others was not.
        if has_own_survey && let Err(list) = settings.fits(&settings.survey) {
            complaints.take(&list, "survey.file: ");
        }
        settings
    }

    /// The survey must have the shop's language and every other one that is offered.
    fn check_languages(&self, language: &str, survey: &Survey, complaints: &mut Complaints) {
        let speaks = |tag: &str| survey.parts().questions.iter().all(|q| q.texts(tag).is_some());
        let known = || survey.languages().collect::<Vec<_>>().join(", ");
        if !speaks(language) {
            let what = format!("{language:?} is not one of the survey's: {}", known());
            complaints.add("language", what);
        }
        for tag in self.languages.iter().filter(|tag| tag.len() > 12) {
            complaints.add("languages", format!("{tag:?} is longer than 12 characters"));
        }
        for tag in self.languages.iter().filter(|tag| !speaks(tag)) {
            let what = format!("{tag:?} is not one of the survey's: {}", known());
            complaints.add("languages", what);
        }
        let are_few = self.languages.len() <= OFFERED_MAX;
        complaints.unless(are_few, "languages", format!("has more than {OFFERED_MAX} languages"));
    }

    fn check_touchpoint(&self, complaints: &mut Complaints) {
        let is_short = self.touchpoint.as_ref().is_none_or(|name| name.chars().count() <= 80);
        complaints.unless(is_short, "touchpoint", "is longer than 80 characters");
    }

    fn check_zone(&self, complaints: &mut Complaints) -> Option<Zone> {
        let name = self.zone.as_ref()?;
        let zone = Zones::of_system().zone(name);
        let what = format!(
            "{name:?} is not an IANA time zone such as Europe/Helsinki; if it is a new one, update \
             the system's package tzdata"
        );
        complaints.unless(zone.is_some(), "zone", what);
        zone
    }

    fn check_brand(&self, complaints: &mut Complaints) -> String {
        let brand = self.brand.clone().unwrap_or_else(|| "Smilepost".to_owned());
        let is_short = brand.chars().count() <= 30;
        complaints.unless(is_short, "brand", "is longer than 30 characters");
        brand
    }

    fn check_keep_days(&self, complaints: &mut Complaints) -> u16 {
        let keep_days = self.keep_days.unwrap_or(400);
        let is_sane = (1..=3_660).contains(&keep_days);
        complaints.unless(is_sane, "keep_days", "is not 1 to 3660 days");
        keep_days
    }

    fn check_journal_bytes(&self, complaints: &mut Complaints) -> u64 {
        let journal_max_mb = self.journal_max_mb.unwrap_or(1_024);
        let is_sane = (16..=65_536).contains(&journal_max_mb);
        complaints.unless(is_sane, "journal_max_mb", "is not 16 to 65536 megabytes");
        u64::from(journal_max_mb) * 1024 * 1024
    }
}

/// Reads the hours and the notices, which have the same shape as a survey's.
fn read_day(
    hours: &BTreeMap<String, String>,
    notices: &[shape::Notice],
    complaints: &mut Complaints,
) -> (Option<Hours>, Vec<Notice>) {
    // They are checked as part of a survey that has nothing else.
    let question = shape::Question { version: 1, scale: 5, ..shape::Question::default() };
    let survey = shape::Survey {
        version: 1,
        questions: vec![shape::Question { id: "built-in".to_owned(), ..question }],
        hours: hours.clone(),
        notices: notices.to_vec(),
        ..shape::Survey::default()
    };
    match survey.check() {
        Ok(survey) => (survey.parts().hours, survey.parts().notices.clone()),
        Err(list) => {
            complaints.take(&list, "");
            (None, Vec::new())
        }
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
        let Some(file) = self.file else {
            return built_in;
        };
        let place = format!("{}: ", file.display());
        let (survey, list) = match config::read::<shape::Survey>(&file) {
            Err(unread) => (None, unread.list().to_vec()),
            Ok((shape, found)) => match shape.check() {
                Ok(survey) => (Some(survey), found.list().to_vec()),
                Err(list) => (None, [found.list(), &list].concat()),
            },
        };
        complaints.take(&list, &place);
        survey.unwrap_or(built_in)
    }
}

impl SoundPart {
    fn check(self, complaints: &mut Complaints) -> Sound {
        let usual = || vec!["aplay".to_owned(), "-q".to_owned()];
        let player = self.player.unwrap_or_else(usual);
        let is_named = player.first().is_some_and(|program| !program.is_empty());
        complaints.unless(is_named, "sound.player", "is empty: name a program that plays WAV");
        Sound { has_tones: self.tones, player, speech_dir: self.speech_dir }
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
        let follow_up_ms = up_to("follow_up_ms", self.follow_up_ms, usual.follow_up_ms);
        let language_ms = up_to("language_ms", self.language_ms, usual.language_ms);
        let invite_ms = self.invite_ms.unwrap_or(usual.invite_ms);
        let is_short = invite_ms <= 3_600_000;
        complaints.unless(is_short, "visit.invite_ms", "is not 0 to 3600000 milliseconds");
        let is_long = follow_up_ms >= 5_000;
        complaints.unless(is_long, "visit.follow_up_ms", "is not 5000 to 60000 milliseconds");
        let what = "is more than thanks_ms: a press is corrected while the thank-you is shown";
        complaints.unless(correction_ms <= thanks_ms, "visit.correction_ms", what);
        Pace { thanks_ms, correction_ms, interval_ms, follow_up_ms, language_ms, invite_ms }
    }
}
