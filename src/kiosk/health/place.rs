//! What the kiosk stands on: data folder, free space, time, and fonts.

use super::running::{Asker, Kiosk};
use crate::clock;
use crate::escape::chain;
use crate::feedback::moment::Source;
use crate::feedback::survey::letters;
use crate::file;
use crate::finding::{Finding, fine, note, wrong};
use crate::kiosk::journal;
use crate::kiosk::screen::fonts as chosen_fonts;
use crate::kiosk::settings::{Enrolment, Settings};
use crate::zones::Zones;

/// With less free space than this, in mebibytes, the card is about to be full.
const ROOM_MIB_MIN: u64 = 64;

/// The data folder; a kiosk that asks itself knows already whether it can be written.
pub(super) fn data(settings: &Settings, asker: Asker) -> Option<Finding> {
    let folder = settings.data_dir.display();
    if asker == Asker::Person
        && let Err(error) = Enrolment::can_be_written(&settings.data_dir)
    {
        return Some(wrong(format!(
            "data folder: {}: free space on the card, or replace a card that has become read-only",
            chain(&error)
        )));
    }
    Some(match journal::refuse_volatile(&settings.data_dir) {
        Ok(()) if asker == Asker::Itself => return None,
        Ok(()) => fine(format!("data folder: {folder} can be written and is on a durable disk")),
        Err(error) if settings.allows_volatile => {
            note(format!("data folder: {error} (allow_volatile is set: for a trial only)"))
        }
        Err(error) => wrong(format!("data folder: {error}: change data_dir")),
    })
}

pub(super) fn room(settings: &Settings) -> Option<Finding> {
    let mib = file::free_bytes(&settings.data_dir).ok()? / (1_024 * 1_024);
    Some(match mib {
        ROOM_MIB_MIN.. => fine(format!("space: {mib} MiB are free for the journal")),
        _ => wrong(format!(
            "space: only {mib} MiB are free on the card: delete what is not needed, or use a \
             larger card"
        )),
    })
}

pub(super) fn time(kiosk: &Kiosk) -> Finding {
    let source = clock::anchor(clock::built_ms()).map(|anchor| anchor.source);
    match (source, kiosk) {
        (Some(Source::Ntp), _) => fine("clock: a time service has set it"),
        (Some(_), _) => fine("clock: set by a clock with a battery"),
        (None, Kiosk::Running(standing)) if standing.is_clock_known => {
            fine("clock: nothing on this board vouches for it; the kiosk knows the time otherwise")
        }
        (None, _) if clock::is_possible(clock::wall_ms()) => note(
            "clock: plausible, but nobody vouches for it; ratings get their time from the network \
             or `smilepost-kiosk clock set`",
        ),
        (None, _) => note(
            "clock: wrong; ratings get their time from the network or `smilepost-kiosk clock set`",
        ),
    }
}

/// The shop's time zone, whether both sides mean the same one, and whose rules it follows.
pub(super) fn zone(settings: &Settings, zones: &Zones) -> Vec<Finding> {
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

/// Whether the shop has other opening hours in the configuration than at head office.
pub(super) fn hours(settings: &Settings) -> Option<Finding> {
    let offices = Enrolment::read(&settings.data_dir).ok().flatten()?.opening_hours()?;
    let own = settings.hours.filter(|own| *own != offices)?;
    Some(wrong(format!(
        "opening hours: {own} in kiosk.toml, which counts, but {offices} at head office: delete \
         `[hours]` from kiosk.toml, or correct them there (`smilepost-hub shop set --hours`)"
    )))
}

pub(super) fn fonts(texts: &[(String, String)]) -> Vec<Finding> {
    let fonts = chosen_fonts::chosen();
    let finding = |(language, texts): &(String, String)| {
        let lacking = fonts.lacking(texts);
        (!lacking.is_empty()).then(|| {
            wrong(format!(
                "fonts: language {language}: no font has {}, so it is not offered: install \
                 {}, then restart the kiosk",
                letters::sample(&lacking),
                letters::packages(&lacking)
            ))
        })
    };
    let lacking: Vec<Finding> = texts.iter().filter_map(finding).collect();
    match lacking.is_empty() {
        true => vec![fine("fonts: every character of every language has one")],
        false => lacking,
    }
}
