//! What is plugged in: screen, touch, buttons, sound, stick; and the shop's logo.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::running::{Asker, Kiosk};
use crate::escape::chain;
use crate::file::told;
use crate::finding::{Finding, fine, note, wrong};
use crate::kiosk::buttons;
use crate::kiosk::desk::counts::shop::{DeskPaths, FOLDER};
use crate::kiosk::screen::{has_display, panel};
use crate::kiosk::settings::{Driver, Settings};
use crate::kiosk::sound;
use crate::owner;
use crate::wire::local::Screen;

/// Why a device or file cannot be used, and what to do; one that is closed is never said to be
/// missing.
fn closed(error: &io::Error, path: &Path, cure: &str) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => format!("{path} is missing; {cure}"),
        io::ErrorKind::PermissionDenied => format!(
            "{path} is closed to {}: give it the right group or rights (`ls -ld {path}`)",
            owner::acting_name()
        ),
        _ => format!("{path} cannot be used ({}); {cure}", told(error)),
    }
}

pub(super) fn display(settings: &Settings, kiosk: &Kiosk) -> Finding {
    if !settings.screen.is_on {
        return note("screen: switched off (screen.on = false)");
    }
    if let Some(why) = kiosk.lacks("screen") {
        return wrong(format!(
            "screen: the kiosk runs without one: {why}; connect one, or set screen.on = false"
        ));
    }
    match kiosk.standing().map(|standing| standing.screen) {
        Some(Screen::Unwanted) => {
            return note(
                "screen: the kiosk runs without one, because it was started with --headless",
            );
        }
        Some(Screen::Shown) if cfg!(feature = "board") && panel::is_unplugged() => {
            return wrong(
                "screen: the kiosk draws on it, but no display is plugged in: check its cable",
            );
        }
        Some(Screen::Shown) => return fine("screen: the kiosk shows the question on it"),
        Some(Screen::Unknown) | None => {}
    }
    match (has_display(), graphics()) {
        (false, _) => wrong("screen: no display found: connect one, or set screen.on = false"),
        (true, Some(Err(why))) => wrong(format!("screen: {why}")),
        (true, _) if kiosk.standing().is_some() => note(
            "screen: a display is there; the kiosk is of another version than this program and \
             does not say whether it uses it: restart it",
        ),
        (true, _) => note("screen: a display is there; start the kiosk to see that it is used"),
    }
}

/// Whether the graphics device of a board can be opened; none where a window system has it.
fn graphics() -> Option<Result<(), String>> {
    if !cfg!(feature = "board") {
        return None;
    }
    let cards = std::fs::read_dir("/dev/dri").into_iter().flatten().flatten();
    let cards = cards.map(|entry| entry.path());
    let is_card = |path: &PathBuf| path.to_string_lossy().starts_with("/dev/dri/card");
    let mut tried = cards.filter(is_card).map(|card| {
        let opened = OpenOptions::new().read(true).write(true).open(&card).map(drop);
        opened.map_err(|error| closed(&error, &card, "connect a display"))
    });
    let first = tried.next()?;
    Some(tried.fold(first, Result::or))
}

pub(super) fn touch(settings: &Settings, kiosk: &Kiosk) -> Option<Finding> {
    let is_wanted = settings.screen.is_on && settings.screen.is_touched && !kiosk.is_headless();
    // In a window a mouse works too.
    (is_wanted && cfg!(feature = "board")).then(|| {
        let found = touchscreens();
        let opened = found.iter().map(|path| File::open(path).map_err(|error| (path, error)));
        let missing = "touch: no touchscreen found: check its cable, or set screen.touch = false";
        match opened.reduce(Result::or) {
            None => wrong(missing),
            Some(Ok(_)) => fine("touch: the touchscreen can be read; tap the screen and see"),
            Some(Err((path, error))) => {
                wrong(format!("touch: {}", closed(&error, path, "check its cable")))
            }
        }
    })
}

/// The devices of the touchscreens that the kernel knows.
fn touchscreens() -> Vec<PathBuf> {
    const INPUT_PROP_DIRECT: u32 = 1;
    let inputs = std::fs::read_dir("/sys/class/input").into_iter().flatten().flatten();
    let device = |input: std::fs::DirEntry| {
        let name = input.file_name().into_string().ok().filter(|name| name.starts_with("event"))?;
        let text = std::fs::read_to_string(input.path().join("device/properties")).ok()?;
        let bits = u32::from_str_radix(text.trim(), 16).ok()?;
        (bits >> INPUT_PROP_DIRECT & 1 == 1).then(|| Path::new("/dev/input").join(name))
    };
    inputs.filter_map(device).collect()
}

pub(super) fn panel_size(settings: &Settings, kiosk: &Kiosk) -> Option<Finding> {
    let is_wanted = settings.screen.is_on && !kiosk.is_headless();
    is_wanted.then(|| match (settings.screen.dpi, panel::dpi()) {
        // Nobody has measured whether that is so.
        (Some(set), _) => note(format!(
            "panel: screen.dpi sets {set:.0} dots per inch; measure that touch targets are 20 mm \
             large"
        )),
        (None, Some(dpi)) => {
            fine(format!("panel: reports {dpi:.0} dots per inch, so touch targets are 20 mm large"))
        }
        (None, None) => {
            note("panel: reports no size; set screen.dpi, so that touch targets are 20 mm large")
        }
    })
}

pub(super) fn buttons(settings: &Settings, kiosk: &Kiosk) -> Finding {
    let buttons = &settings.buttons;
    match buttons.driver {
        Driver::None => return note("buttons: switched off (buttons.driver = \"none\")"),
        Driver::Auto if buttons.lines.is_empty() => {
            return note("buttons: no lines are configured (buttons.lines)");
        }
        _ => {}
    }
    if let Some(why) = kiosk.lacks("buttons") {
        return wrong(format!("buttons: the kiosk runs without them: {why}"));
    }
    let lines = &buttons.lines;
    match (kiosk.standing(), buttons.driver) {
        (Some(_), Driver::Script) => fine("buttons: the kiosk reads buttons.script"),
        (Some(_), _) => fine(format!(
            "buttons: the kiosk reads lines {lines:?}; press each on the tab Kiosk of the desk"
        )),
        (None, _) => match buttons::probe(buttons) {
            Ok(found) => note(format!("buttons: {found}; start the kiosk and press each")),
            Err(error) => wrong(format!("buttons: {}", chain(&error))),
        },
    }
}

/// Lamps and buzzer, of which only a kiosk that goes on without them knows anything.
pub(super) fn lamps(kiosk: &Kiosk) -> Option<Finding> {
    let why = kiosk.lacks("lamps")?;
    Some(wrong(format!(
        "lamps: the kiosk runs without lamps and buzzer: {why}; correct the keys under [buttons], \
         then restart the kiosk"
    )))
}

pub(super) fn sounds(settings: &Settings, kiosk: &Kiosk, asker: Asker) -> Vec<Finding> {
    let settings_sound = &settings.sound;
    let mut findings = Vec::new();
    if let Some(why) = kiosk.lacks("sound") {
        findings.push(wrong(format!("sound: the kiosk runs without it: {why}")));
    }
    let is_tried = settings_sound.has_tones && asker == Asker::Person;
    if let Some(program) = settings_sound.player.first().filter(|_| is_tried) {
        findings.push(match sound::try_player(&settings_sound.player) {
            Ok(()) => fine(format!("sound: {program} has played a tone: was it heard?")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => wrong(format!(
                "sound: program {program} is missing; install alsa-utils, or change sound.player"
            )),
            Err(error) => wrong(format!(
                "sound: {program} cannot play a tone ({}): check the loudspeaker's cable and \
                 sound.player, and that this user is in the group audio",
                told(&error)
            )),
        });
    }
    if let Some(folder) = &settings_sound.speech_dir {
        let file = folder.join(format!("{}.wav", settings.language));
        findings.push(match sound::is_recording(&file) {
            Ok(true) => fine(format!("speech: {} is a recording", file.display())),
            Ok(false) => wrong(format!(
                "speech: {} is no WAV recording; record the question again, or unset \
                 sound.speech_dir",
                file.display()
            )),
            Err(error) => {
                let cure = "record the question, or unset sound.speech_dir";
                wrong(format!("speech: {}", closed(&error, &file, cure)))
            }
        });
    }
    findings
}

pub(super) fn logo(settings: &Settings) -> Option<Finding> {
    let file = settings.screen.logo.as_ref()?;
    let cure = "copy the file there, or change screen.logo";
    Some(match File::open(file) {
        Err(error) => wrong(format!("logo: {}", closed(&error, file, cure))),
        Ok(_) if crate::kiosk::screen::is_picture(file) => {
            fine(format!("logo: {} is a picture that can be drawn", file.display()))
        }
        Ok(_) => wrong(format!("logo: {} is no picture that can be drawn; {cure}", file.display())),
    })
}

pub(super) fn stick(settings: &Settings) -> Finding {
    let paths = DeskPaths { sticks: settings.sticks.clone(), ..DeskPaths::default() };
    let place = settings.sticks.display();
    if let Err(error) = std::fs::read_dir(&settings.sticks) {
        let cure = "sticks are mounted there by the udev rules; change desk.sticks if another \
                    program mounts them";
        return note(format!("stick: {}", closed(&error, &settings.sticks, cure)));
    }
    match paths.stick() {
        None => note(format!(
            "stick: none with a folder {FOLDER} is under {place}; put one in to try it"
        )),
        // What is begun and not kept is deleted again.
        Some(folder) => match folder.begin(false) {
            Ok(_) => fine(format!("stick: {} can be written", folder.path().display())),
            Err(error) => wrong(format!(
                "stick: {} cannot be written ({error}): is its switch at read-only, or is it full?",
                folder.path().display()
            )),
        },
    }
}
