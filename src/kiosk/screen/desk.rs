//! The shop manager's desk: sets in its bridge what each tab shows.

mod health;
pub(super) mod input;

use slint::Global as _;

use super::generated::{
    AppWindow, Beside as DrawnBeside, Bridge, Called as DrawnCalled, DayCell, Desk,
    DeskView as Drawn, FaceCount, HourBar, Note, Pad as DrawnPad, Part, ReasonBar, TrendPiece,
    Verdict,
};
use super::model;
use crate::feedback::call::Called;
use crate::feedback::note::Noted;
use crate::feedback::rating::Scale;
use crate::feedback::survey::{KNOWN_REASONS, faces_of};
use crate::kiosk::desk::sheets::sheet::{Alerts, Health, Notes, Pad, Sheet, Written};
use crate::kiosk::desk::sheets::shown::{self, main_line};
use crate::kiosk::desk::sheets::translations::Translations;
use crate::wire::local::{Beside, Day, Line, Said, Summary};

/// Shows a part of the desk.
pub(super) fn set(window: &AppWindow, sheet: &Sheet) {
    let desk = Desk::get(window);
    let words = Translations::of(&Bridge::get(window).get_tag());
    let drawn = match sheet {
        Sheet::Pad(pad) => {
            ask(&desk, *pad);
            Drawn::Pin
        }
        Sheet::Counting => Drawn::Counting,
        Sheet::Today(summary, alerts) => {
            today(&desk, &words, summary);
            alarm(&desk, *alerts);
            Drawn::Today
        }
        Sheet::Days(summary) => {
            days(&desk, &words, summary);
            Drawn::Days
        }
        Sheet::Why(summary) => {
            reasons(&desk, &summary.reasons);
            Drawn::Why
        }
        Sheet::Health(state) => {
            health::set(&desk, state);
            Drawn::Health
        }
        Sheet::Notes(Notes { written, notice }) => {
            desk.set_notice(notice.as_ref().map(Noted::text).unwrap_or_default().into());
            let note = |written: &Written| Note {
                name: written.name().into(),
                about: input::to_drawn(written.noted.about()),
                when: words.when(&written.when).into(),
                text: written.noted.text().into(),
                said: written.noted.said().into(),
            };
            desk.set_notes(model::list(written.iter().map(note).collect()));
            Drawn::Notes
        }
    };
    if let Sheet::Today(summary, _) | Sheet::Days(summary) | Sheet::Why(summary) = sheet {
        desk.set_waiting(model::whole(summary.waiting));
        desk.set_is_recording(true);
    }
    desk.set_shown(drawn);
}

/// Removes all numbers from the window, so that no shopper finds them there.
pub(super) fn clear(window: &AppWindow) {
    let (desk, words) = (Desk::get(window), Translations::of("en"));
    today(&desk, &words, &Summary::default());
    days(&desk, &words, &Summary::default());
    health::set(&desk, &Health::default());
    alarm(&desk, Alerts::default());
    desk.set_notes(model::list(Vec::new()));
    desk.set_notice("".into());
    desk.set_shown(Drawn::Pin);
}

fn alarm(desk: &Desk<'_>, alerts: Alerts) {
    let Alerts { unhappy: alert, over, quiet_h, call, .. } = alerts;
    desk.set_is_alert_over(over.is_some());
    desk.set_called_at(alerts.called_at().into());
    desk.set_called(match call.map(|call| call.called) {
        None => DrawnCalled::None,
        Some(Called::Asked) => DrawnCalled::Asked,
        Some(Called::Coming) => DrawnCalled::Coming,
        Some(Called::Missed) => DrawnCalled::Missed,
    });
    desk.set_quiet_h(model::whole(quiet_h.unwrap_or(0)));
    desk.set_alert_unhappy(model::whole(alert.map_or(0, |alert| alert.unhappy)));
    desk.set_alert_ratings(model::whole(alert.map_or(0, |alert| alert.ratings)));
    desk.set_is_acknowledged(alert.is_some_and(|alert| alert.is_acknowledged));
}

fn ask(desk: &Desk<'_>, pad: Pad) {
    desk.set_pad(match pad {
        Pad::Asked => DrawnPad::Asked,
        Pad::Wrong(left) => {
            desk.set_tries_left(model::whole(left));
            DrawnPad::Wrong
        }
        Pad::Wait(seconds) => {
            desk.set_wait_s(model::whole(seconds));
            DrawnPad::Wait
        }
        Pad::Unset => DrawnPad::Unset,
    });
}

fn today(desk: &Desk<'_>, words: &Translations, day: &Summary) {
    desk.set_date(words.day(&day.date).into());
    desk.set_ratings(model::whole(day.n));
    desk.set_is_hidden(shown::is_hidden(day));
    desk.set_has_several_lines(day.lines.len() > 1);
    if let Some(line) = main_line(&day.lines) {
        let (low, high) = line.csat_interval.unwrap_or_default();
        let (index_low, index_high) = line.happy_index_interval.unwrap_or_default();
        desk.set_happy_index(model::rounded(line.happy_index));
        desk.set_happy_index_low(model::rounded(Some(index_low)));
        desk.set_happy_index_high(model::rounded(Some(index_high)));
        desk.set_csat(model::rounded(line.csat));
        desk.set_csat_low(model::rounded(Some(low)));
        desk.set_csat_high(model::rounded(Some(high)));
    }
    desk.set_faces(model::list(main_line(&day.lines).map(faces).unwrap_or_default()));
    desk.set_not_counted(model::whole(shown::not_counted(day)));
    desk.set_uncertain(model::whole(day.uncertain));
    desk.set_late(model::whole(day.late));
    desk.set_nps_answers(model::whole(day.nps_n));
    desk.set_nps(model::rounded(day.nps));
    let compared = shown::compared(day);
    desk.set_usual_csat(model::rounded(compared.and_then(|compared| compared.csat)));
    desk.set_verdict(match compared.map(|compared| compared.verdict.as_str()) {
        None => Verdict::None,
        Some("better") => Verdict::Better,
        Some("worse") => Verdict::Worse,
        Some("about as usual") => Verdict::AsUsual,
        Some(_) => Verdict::TooFew,
    });
    let bar = |hour: &crate::wire::local::Hour| HourBar {
        hour: hour.hour.into(),
        hours: format!("{}–{}", hour.hour, hour.hour + 1).into(),
        total: model::whole(hour.n.unwrap_or(0)),
        happy: model::whole(hour.happy.unwrap_or(0)),
        unhappy: model::whole(hour.unhappy.unwrap_or(0)),
        is_hidden: hour.n.is_none(),
    };
    desk.set_hours(model::list(day.hours.iter().map(bar).collect()));
    desk.set_most_in_an_hour(model::whole(
        day.hours.iter().filter_map(|hour| hour.n).max().unwrap_or(0),
    ));
    reasons(desk, &shown::often(day));
}

fn faces(line: &Line) -> Vec<FaceCount> {
    let pictures = Scale::with_faces(line.scale).map_or(&[][..], faces_of);
    let counts = pictures.iter().zip(&line.counts);
    counts
        .map(|(&face, &count)| FaceCount { face: face.into(), count: model::whole(count) })
        .collect()
}

fn days(desk: &Desk<'_>, words: &Translations, range: &Summary) {
    let beside = |beside: &Beside| DrawnBeside {
        name: words.tr(shown::beside_name(beside)).into(),
        n: beside.n.map_or(-1, model::whole),
        happy_index: model::rounded(beside.happy_index),
    };
    desk.set_beside(model::list(range.beside.iter().map(beside).collect()));
    let cell = |(at, day): (i32, &Day)| DayCell {
        day: day.date.rsplit('-').next().and_then(|day| day.parse().ok()).unwrap_or(0),
        weekday: at % 7,
        week: at / 7,
        is_shown: shown::of_day(day).is_some(),
        is_empty: day.n == 0,
        happy_index: model::rounded(shown::of_day(day).map(|(_, index)| index)),
        is_revised: day.late > 0,
        has_note: !day.notes.is_empty(),
    };
    desk.set_days(model::list((0..).zip(&range.days).map(cell).collect()));
    desk.set_revised(model::whole(range.days.iter().filter(|day| day.late > 0).count()));
    let piece = |piece: shown::Piece| TrendPiece {
        x: piece.from.0,
        y: piece.from.1,
        to_x: piece.to.0,
        to_y: piece.to.1,
    };
    desk.set_trend(model::list(shown::trend(&range.days).into_iter().map(piece).collect()));
}

fn reasons(desk: &Desk<'_>, said: &[Said]) {
    let bars = |is_happy: bool| {
        let of: Vec<&Said> = shown::of_kind(said, is_happy).collect();
        let most = of.iter().map(|said| said.n).max().unwrap_or(0);
        model::list(of.into_iter().map(|said| bar(said, most)).collect())
    };
    desk.set_unhappy(bars(false));
    desk.set_happy(bars(true));
}

fn bar(said: &Said, most: u32) -> ReasonBar {
    let icon = KNOWN_REASONS.iter().position(|known| *known == said.reason);
    let icon = icon.unwrap_or(KNOWN_REASONS.len());
    let share = |count: u32| count as f32 / most.max(1) as f32;
    let mut from = 0.0;
    let part = |(face, &count): (i32, &u32)| {
        let part = Part { face, from, length: share(count) };
        from += part.length;
        part
    };
    let parts: Vec<Part> = (0..).zip(&said.by_face).map(part).collect();
    let own = || said.words.clone().unwrap_or_else(|| said.reason.clone());
    ReasonBar {
        icon: i32::try_from(icon).unwrap_or(i32::MAX),
        word: if said.words.is_none() && icon < KNOWN_REASONS.len() {
            String::new()
        } else {
            own()
        }
        .into(),
        count: model::whole(said.n),
        share: model::rounded(Some(said.share)),
        peak: said.peak_hour.map_or(-1, i32::from),
        parts: model::list(parts.into_iter().filter(|part| part.length > 0.0).collect()),
    }
}
