//! The checks of `smilepost-kiosk doctor`: what works, what does not and how to cure it, so that an
//! installer knows before leaving.

use std::path::Path;

use super::journal;
use super::office_survey::OfficeSurvey;
use super::pin;
use super::screen::fonts::Missing;
use super::screen::{has_display, panel};
use super::settings::{Driver, Enrolment, Settings};
use crate::clock;
use crate::feedback::moment::ahead_text;
use crate::wire::delivery::ClocksApart;
use crate::wire::local::Office;
use crate::zones::Zones;

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It works.
    Fine,
    /// Worth knowing; the kiosk works.
    Note,
    /// Something that is configured does not work.
    Wrong,
}

impl State {
    /// The word for it at the start of a line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fine => "fine ",
            Self::Note => "note ",
            Self::Wrong => "WRONG",
        }
    }
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How serious it is.
    pub state: State,
    /// What was checked, what was found, and how to cure it.
    pub text: String,
}

fn fine(text: impl Into<String>) -> Finding {
    Finding { state: State::Fine, text: text.into() }
}

fn note(text: impl Into<String>) -> Finding {
    Finding { state: State::Note, text: text.into() }
}

fn wrong(text: impl Into<String>) -> Finding {
    Finding { state: State::Wrong, text: text.into() }
}

/// Checks everything that can be checked while a kiosk runs.
#[must_use]
pub fn examine(settings: &Settings) -> Vec<Finding> {
    let (survey, _) = OfficeSurvey::at_start(settings);
    let mut findings = vec![data(settings), time(), office(settings)];
    findings.extend(zone(settings, &Zones::of_system()));
    findings.push(display(settings));
    findings.extend(touch(settings));
    findings.extend(panel_size(settings));
    let languages = survey.parts().languages.iter().chain(&settings.languages);
    findings.extend(fonts(languages.chain([&settings.language]), &Missing::find()));
    findings.push(buttons(settings));
    findings.extend(sounds(settings));
    findings.extend(logo(settings));
    findings.extend(desk(settings));
    findings
}

/// The shop manager's desk, and calls.
fn desk(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let has_pin = pin::is_set(&settings.data_dir);
    match (&settings.phone, has_pin) {
        (Some(place), false) => findings.push(wrong(format!(
            "desk: served on {}, but has no PIN, so nobody can open it: `smilepost-kiosk pin set`",
            place.address
        ))),
        (Some(place), true) => findings.push(fine(format!("desk: served on {}", place.address))),
        (None, false) => {
            findings
                .push(note("desk: has no PIN, so nobody can open it: `smilepost-kiosk pin set`"));
        }
        (None, true) => findings.push(fine("desk: on the screen only, protected by the PIN")),
    }
    if settings.call.is_some() && !settings.screen.is_touched {
        findings.push(wrong(
            "call: on, but screen.touch is false, so no shopper can call: set call.on = false",
        ));
    }
    findings
}

fn data(settings: &Settings) -> Finding {
    let folder = settings.data_dir.display();
    if let Err(error) = Enrolment::can_be_written(&settings.data_dir) {
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        return wrong(format!("data folder: {error}: {cause}"));
    }
    match journal::refuse_volatile(&settings.data_dir) {
        Ok(()) => fine(format!("data folder: {folder} can be written and is on a durable disk")),
        Err(error) if settings.allows_volatile => {
            note(format!("data folder: {error} (allow_volatile is set: for a trial only)"))
        }
        Err(error) => wrong(format!("data folder: {error}")),
    }
}

fn time() -> Finding {
    if clock::is_possible(clock::wall_ms()) {
        fine("clock: plausible")
    } else {
        note("clock: wrong; ratings get their time from the network or `smilepost-kiosk clock set`")
    }
}

/// The shop's time zone, whether both sides mean the same one, and whose rules it follows.
fn zone(settings: &Settings, zones: &Zones) -> Vec<Finding> {
    let rules = zones.rules();
    let offices = Enrolment::read(&settings.data_dir).ok().flatten().map(|it| it.zone);
    let own = settings.zone.as_ref().map(|zone| zone.name().to_owned());
    let Some(name) = own.as_ref().or(offices.as_ref()) else {
        return vec![note(format!(
            "time zone: not known, so days are those of UTC; set `zone` in kiosk.toml or enrol \
            (rules: {rules})"
        ))];
    };
    let mut findings = vec![match (rules.zone(name), rules.complaint(name)) {
        (Some(_), None) => fine(format!("time zone: {name}, by {rules}")),
        (Some(_), Some(complaint)) => {
            wrong(format!("time zone: {name}: {complaint}; install the package tzdata again"))
        }
        (None, _) => wrong(format!(
            "time zone: {name} is known neither to this program nor to this system, so UTC is \
            taken: update the package tzdata, or set `zone` in kiosk.toml (rules: {rules})"
        )),
    }];
    if let (Some(own), Some(offices)) = (&own, &offices)
        && own != offices
    {
        findings.push(wrong(format!(
            "time zone: {own} in kiosk.toml, but {offices} at head office, so the same rating may \
            count on different days: delete `zone` from kiosk.toml, or correct the shop at head \
            office"
        )));
    }
    findings
}

/// Whether the running kiosk and head office disagree about the time. Their zones are compared
/// without it.
#[must_use]
pub fn disagreements(heard: &Office) -> Vec<Finding> {
    let clock = heard.clocks_apart.as_ref().map(|ClocksApart { ahead_ms, is_by_ntp }| {
        let ahead = ahead_text(*ahead_ms);
        wrong(match is_by_ntp {
            true => format!(
                "clock: head office's is {ahead} of this kiosk's time service, which decides; have \
                 head office set its clock, or see which servers this kiosk's time service asks"
            ),
            false => format!(
                "clock: head office's is {ahead} of all that this kiosk knows of the time; type \
                 the time with `smilepost-kiosk clock set`, or have head office set its clock"
            ),
        })
    });
    clock.into_iter().collect()
}

fn office(settings: &Settings) -> Finding {
    match Enrolment::read(&settings.data_dir) {
        Ok(Some(enrolment)) => {
            fine(format!("head office: enrolled as {} at {}", enrolment.kiosk, enrolment.hub))
        }
        Ok(None) => note(
            "head office: not enrolled; ratings stay here until you run `smilepost-kiosk enrol`",
        ),
        Err(error) => wrong(format!("head office: {error}; enrol this kiosk again")),
    }
}

fn display(settings: &Settings) -> Finding {
    match (settings.screen.is_on, has_display()) {
        (false, _) => note("screen: switched off (screen.on = false)"),
        (true, true) => fine("screen: display found"),
        (true, false) => wrong("screen: no display found: connect one, or set screen.on = false"),
    }
}

fn touch(settings: &Settings) -> Option<Finding> {
    let is_wanted = settings.screen.is_on && settings.screen.is_touched;
    // In a window a mouse works too.
    (is_wanted && cfg!(feature = "board")).then(|| match has_touchscreen() {
        true => fine("touch: touchscreen found"),
        false => wrong("touch: no touchscreen found: check its cable, or set screen.touch = false"),
    })
}

/// Whether the kernel knows a touchscreen.
fn has_touchscreen() -> bool {
    const INPUT_PROP_DIRECT: u32 = 1;
    let Ok(inputs) = std::fs::read_dir("/sys/class/input") else {
        return false;
    };
    let is_direct = |input: std::fs::DirEntry| {
        let text = std::fs::read_to_string(input.path().join("device/properties")).ok()?;
        let bits = u32::from_str_radix(text.trim(), 16).ok()?;
        Some(bits >> INPUT_PROP_DIRECT & 1 == 1)
    };
    inputs.flatten().any(|input| is_direct(input) == Some(true))
}

fn panel_size(settings: &Settings) -> Option<Finding> {
    let said =
        |dpi: f32| fine(format!("panel: {dpi:.0} dots per inch, so touch targets are 20 mm large"));
    let unknown = "panel: reports no size; set screen.dpi, so that touch targets are 20 mm large";
    let dpi = settings.screen.dpi.or_else(panel::dpi);
    settings.screen.is_on.then(|| dpi.map_or_else(|| note(unknown), said))
}

fn fonts<'a>(languages: impl Iterator<Item = &'a String>, missing: &Missing) -> Vec<Finding> {
    let mut wanted: Vec<&String> = languages.collect();
    wanted.sort();
    wanted.dedup();
    let finding = |language: &&String| {
        let package = missing.package(language)?;
        let text =
            format!("language {language}: its font is missing; install the package {package}");
        Some(wrong(text))
    };
    let lacking: Vec<Finding> = wanted.iter().filter_map(finding).collect();
    if lacking.is_empty() { vec![fine("fonts: found for every language")] } else { lacking }
}

fn buttons(settings: &Settings) -> Finding {
    let buttons = &settings.buttons;
    match buttons.driver {
        Driver::None => note("buttons: switched off (buttons.driver = \"none\")"),
        Driver::Auto if buttons.lines.is_empty() => {
            note("buttons: no lines are configured (buttons.lines)")
        }
        Driver::Script => fine("buttons: read from buttons.script"),
        Driver::Auto | Driver::Rppal | Driver::Gpiocdev if !cfg!(feature = "board") => {
            wrong("buttons: this program was built without GPIO; build it with --features board")
        }
        Driver::Auto | Driver::Rppal | Driver::Gpiocdev => {
            let has_device = Path::new("/dev/gpiochip0").exists();
            let lines = &buttons.lines;
            match has_device {
                true => fine(format!(
                    "buttons: lines {lines:?}; press each, and see that `summary` counts it"
                )),
                false => wrong("buttons: GPIO device /dev/gpiochip0 is missing"),
            }
        }
    }
}

fn sounds(settings: &Settings) -> Vec<Finding> {
    let sound = &settings.sound;
    let mut findings = Vec::new();
    if let Some(program) = sound.player.first().filter(|_| sound.has_tones) {
        findings.push(match is_program(program) {
            true => fine(format!("sound: {program} plays the tones")),
            false => wrong(format!(
                "sound: program {program} is missing; install alsa-utils, or change sound.player"
            )),
        });
    }
    if let Some(folder) = &sound.speech_dir {
        let file = folder.join(format!("{}.wav", settings.language));
        findings.push(match file.is_file() {
            true => fine(format!("speech: {} found", file.display())),
            false => wrong(format!(
                "speech: {} is missing; record the question, or unset sound.speech_dir",
                file.display()
            )),
        });
    }
    findings
}

/// Whether a program is in one of the system's folders, or at its absolute path.
fn is_program(name: &str) -> bool {
    let places = ["/usr/local/bin", "/usr/bin", "/bin"];
    Path::new(name).is_absolute() && Path::new(name).is_file()
        || places.iter().any(|place| Path::new(place).join(name).is_file())
}

fn logo(settings: &Settings) -> Option<Finding> {
    let file = settings.screen.logo.as_ref()?;
    Some(match file.is_file() {
        true => fine(format!("logo: {} found", file.display())),
        false => wrong(format!(
            "logo: {} is missing; copy the file there, or change screen.logo",
            file.display()
        )),
    })
}
