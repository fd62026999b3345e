//! The shop manager's desk, as the screen draws it.

use slint::{ComponentHandle as _, Global as _, ModelRc, VecModel};

use super::generated::{
    About as DrawnAbout, AppWindow, Bridge, ButtonTest, Called as DrawnCalled, DayCell, Desk,
    DeskView as Drawn, FaceCount, HourBar, Note, Pad as DrawnPad, Part, ReasonBar, SilentButton,
    Stick as DrawnStick, TrendPiece, Verdict,
};
use crate::clock;
use crate::feedback::call::Called;
use crate::feedback::note::About;
use crate::feedback::rating::Scale;
use crate::feedback::survey::{KNOWN_REASONS, faces_of};
use crate::kiosk::attendant::Event;
use crate::kiosk::desk::phone::qr_code;
use crate::kiosk::desk::sheets::sheet::{
    Address, Alerts, Entered, Notes, Pad, Page, Post, Sheet, Stick, Tap,
};
use crate::kiosk::desk::sheets::shown::{self, main_line};
use crate::wire::desk::{Day, Line, Said, Summary};

/// Hands on what is done at the desk.
pub(super) fn listen(window: &AppWindow, tell: impl Fn(Event) + Clone + 'static) {
    let desk = Desk::get(window);
    let told = tell.clone();
    Bridge::get(window).on_asked_for_desk(move || told(Event::Desk(Tap::Knocked)));
    let told = tell.clone();
    desk.on_entered(move |pin| told(Event::Desk(Tap::Entered(Entered(pin.into())))));
    let told = tell.clone();
    desk.on_opened(move |tab| {
        let page = match tab {
            Drawn::Days => Page::Days,
            Drawn::Why => Page::Why,
            Drawn::Health => Page::Post,
            Drawn::Notes => Page::Notes,
            Drawn::Pin | Drawn::Counting | Drawn::Today => Page::Today,
        };
        told(Event::Desk(Tap::Turned(page)));
    });
    let of = window.as_weak();
    desk.on_began_note(move || {
        if let Some(window) = of.upgrade() {
            super::lay_keys(&Bridge::get(&window));
        }
    });
    let (told, of) = (tell.clone(), window.as_weak());
    desk.on_noted(move |about| {
        if let Some(window) = of.upgrade() {
            let text = Bridge::get(&window).get_comment().into();
            told(Event::Desk(Tap::Noted(meant(about), text)));
        }
    });
    let told = tell.clone();
    let say_nothing = |about| Event::Desk(Tap::Noted(about, String::new()));
    desk.on_acknowledged(move |about| told(say_nothing(meant(about))));
    let told = tell.clone();
    desk.on_took_down_notice(move || told(say_nothing(About::Notice)));
    let told = tell.clone();
    desk.on_asked_to_write_stick(move || told(Event::Desk(Tap::Carried)));
    let told = tell.clone();
    desk.on_coming(move || told(Event::Desk(Tap::Coming)));
    let told = tell.clone();
    desk.on_left(move || told(Event::Desk(Tap::Left)));
    desk.on_stirred(move || tell(Event::Desk(Tap::Touched)));
}

/// What a note is about, in the words of the core.
const fn meant(about: DrawnAbout) -> About {
    match about {
        DrawnAbout::Day => About::Day,
        DrawnAbout::Alert => About::Alert,
        DrawnAbout::Call => About::Call,
        DrawnAbout::Notice => About::Notice,
    }
}

/// Lays a sheet out.
pub(super) fn lay(window: &AppWindow, sheet: &Sheet) {
    let desk = Desk::get(window);
    let drawn = match sheet {
        Sheet::Pad(pad) => {
            ask(&desk, *pad);
            Drawn::Pin
        }
        Sheet::Counting => Drawn::Counting,
        Sheet::Today(summary, alerts) => {
            today(&desk, summary);
            alarm(&desk, *alerts);
            Drawn::Today
        }
        Sheet::Days(summary) => {
            days(&desk, summary);
            Drawn::Days
        }
        Sheet::Why(summary) => {
            reasons(&desk, &summary.reasons);
            Drawn::Why
        }
        Sheet::Post(state) => {
            post(&desk, state);
            Drawn::Health
        }
        Sheet::Notes(Notes { written, notice }) => {
            desk.set_notice(notice.clone().unwrap_or_default().into());
            let note =
                |(when, text): &(String, String)| Note { when: when.into(), text: text.into() };
            desk.set_notes(list(written.iter().map(note).collect()));
            Drawn::Notes
        }
    };
    if let Sheet::Today(summary, _) | Sheet::Days(summary) | Sheet::Why(summary) = sheet {
        desk.set_waiting(whole(summary.waiting));
        desk.set_is_recording(true);
    }
    desk.set_shown(drawn);
}

/// Leaves nothing of the numbers in the window.
pub(super) fn clear(window: &AppWindow) {
    let desk = Desk::get(window);
    today(&desk, &Summary::default());
    days(&desk, &Summary::default());
    post(&desk, &Post::default());
    alarm(&desk, Alerts::default());
    desk.set_notes(list(Vec::new()));
    desk.set_notice("".into());
    desk.set_shown(Drawn::Pin);
}

fn alarm(desk: &Desk<'_>, Alerts { unhappy: alert, quiet_h, call }: Alerts) {
    desk.set_called(match call.map(|call| call.called) {
        None => DrawnCalled::None,
        Some(Called::Asked) => DrawnCalled::Asked,
        Some(Called::Coming) => DrawnCalled::Coming,
        Some(Called::Missed) => DrawnCalled::Missed,
    });
    desk.set_quiet_h(whole(quiet_h.unwrap_or(0)));
    desk.set_alert_unhappy(whole(alert.map_or(0, |alert| alert.unhappy)));
    desk.set_alert_ratings(whole(alert.map_or(0, |alert| alert.ratings)));
    desk.set_is_acknowledged(alert.is_some_and(|alert| alert.is_acknowledged));
}

fn ask(desk: &Desk<'_>, pad: Pad) {
    desk.set_pad(match pad {
        Pad::Asked => DrawnPad::Asked,
        Pad::Wrong(left) => {
            desk.set_tries_left(whole(left));
            DrawnPad::Wrong
        }
        Pad::Wait(seconds) => {
            desk.set_wait_s(whole(seconds));
            DrawnPad::Wait
        }
        Pad::Unset => DrawnPad::Unset,
    });
}

fn today(desk: &Desk<'_>, day: &Summary) {
    desk.set_date(day.date.as_str().into());
    desk.set_ratings(whole(day.n));
    desk.set_is_hidden(shown::is_hidden(day));
    desk.set_has_several_lines(day.lines.len() > 1);
    if let Some(line) = main_line(&day.lines) {
        let (low, high) = line.csat_interval.unwrap_or_default();
        let (index_low, index_high) = line.happy_index_interval.unwrap_or_default();
        desk.set_happy_index(rounded(line.happy_index));
        desk.set_happy_index_low(rounded(Some(index_low)));
        desk.set_happy_index_high(rounded(Some(index_high)));
        desk.set_csat(rounded(line.csat));
        desk.set_csat_low(rounded(Some(low)));
        desk.set_csat_high(rounded(Some(high)));
    }
    desk.set_faces(list(main_line(&day.lines).map(faces).unwrap_or_default()));
    desk.set_not_counted(whole(shown::not_counted(day)));
    desk.set_uncertain(whole(day.uncertain));
    desk.set_late(whole(day.late));
    desk.set_nps_answers(whole(day.nps_n));
    desk.set_nps(rounded(day.nps));
    let compared = shown::compared(day);
    desk.set_usual_csat(rounded(compared.and_then(|compared| compared.csat)));
    desk.set_verdict(match compared.map(|compared| compared.verdict.as_str()) {
        None => Verdict::None,
        Some("better") => Verdict::Better,
        Some("worse") => Verdict::Worse,
        Some(_) => Verdict::TooFew,
    });
    let bar = |hour: &crate::wire::desk::Hour| HourBar {
        hour: hour.hour.into(),
        total: whole(hour.n.unwrap_or(0)),
        happy: whole(hour.happy.unwrap_or(0)),
        is_hidden: hour.n.is_none(),
    };
    desk.set_hours(list(day.hours.iter().map(bar).collect()));
    desk.set_most_in_an_hour(whole(day.hours.iter().filter_map(|hour| hour.n).max().unwrap_or(0)));
    reasons(desk, &shown::often(day));
}

fn faces(line: &Line) -> Vec<FaceCount> {
    let pictures = Scale::with_faces(line.scale).map_or(&[][..], faces_of);
    let counts = pictures.iter().zip(&line.counts);
    counts.map(|(&face, &count)| FaceCount { face: face.into(), count: whole(count) }).collect()
}

fn days(desk: &Desk<'_>, range: &Summary) {
    let cell = |(at, day): (i32, &Day)| DayCell {
        day: day.date.rsplit('-').next().and_then(|day| day.parse().ok()).unwrap_or(0),
        weekday: at % 7,
        week: at / 7,
        is_shown: shown::of_day(day).is_some(),
        is_empty: day.n == 0,
        happy_index: rounded(shown::of_day(day).map(|(_, index)| index)),
        is_revised: day.late > 0,
        has_note: !day.notes.is_empty(),
    };
    desk.set_days(list((0..).zip(&range.days).map(cell).collect()));
    desk.set_revised(whole(range.days.iter().filter(|day| day.late > 0).count()));
    let piece = |piece: shown::Piece| TrendPiece {
        x: piece.from.0,
        y: piece.from.1,
        to_x: piece.to.0,
        to_y: piece.to.1,
    };
    desk.set_trend(list(shown::trend(&range.days).into_iter().map(piece).collect()));
}

fn reasons(desk: &Desk<'_>, said: &[Said]) {
    let bars = |is_happy: bool| {
        let of: Vec<&Said> = shown::of_kind(said, is_happy).collect();
        let most = of.iter().map(|said| said.n).max().unwrap_or(0);
        list(of.into_iter().map(|said| bar(said, most)).collect())
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
        count: whole(said.n),
        share: rounded(Some(said.share)),
        peak: said.peak_hour.map_or(-1, i32::from),
        parts: list(parts.into_iter().filter(|part| part.length > 0.0).collect()),
    }
}

fn post(desk: &Desk<'_>, post: &Post) {
    desk.set_waiting(whole(post.books.waiting));
    desk.set_is_recording(post.is_recording);
    desk.set_taken(whole(post.books.taken));
    desk.set_lost(whole(post.books.lost));
    desk.set_set_aside(whole(post.books.set_aside));
    desk.set_is_clock_known(post.is_clock_known);
    desk.set_is_enrolled(post.office.is_some());
    let office = post.office.clone().unwrap_or_default();
    desk.set_trouble(office.trouble.unwrap_or_default().into());
    let ago = |at: u64| whole(clock::boot_ms().saturating_sub(at) / 60_000);
    desk.set_confirmed_min(office.confirmed_ms.map_or(-1, ago));
    let silent = |&(button, others): &(u8, u32)| SilentButton {
        button: button.into(),
        others: whole(others),
    };
    desk.set_silent(list(post.silent.iter().map(silent).collect()));
    let button = |&(face, is_pressed): &(u8, bool)| ButtonTest { face: face.into(), is_pressed };
    desk.set_buttons(list(post.buttons.iter().map(button).collect()));
    phone(desk, post.phone.clone().unwrap_or_default());
    let (drawn, word) = match &post.stick {
        Stick::None => (DrawnStick::None, String::new()),
        Stick::Found => (DrawnStick::Found, String::new()),
        Stick::Writing => (DrawnStick::Writing, String::new()),
        Stick::Written(carried) => (DrawnStick::Written, carried.files.len().to_string()),
        Stick::Failed(why) => (DrawnStick::Failed, why.clone()),
    };
    desk.set_stick(drawn);
    desk.set_stick_word(word.into());
}

/// Shows where the desk is on a phone, if it is anywhere.
fn phone(desk: &Desk<'_>, Address { url, fingerprint }: Address) {
    if desk.get_phone() != url.as_str() {
        desk.set_phone_code(
            qr_code(&url).map(|(size, dark)| code(size, &dark)).unwrap_or_default(),
        );
    }
    let pairs: Vec<&str> = fingerprint.split(':').collect();
    let lines: Vec<String> = pairs.chunks(8).map(|pairs| pairs.join(":")).collect();
    desk.set_fingerprint(lines.join("\n").into());
    desk.set_phone(url.into());
}

/// The squares of a QR code as a picture of as many dots, which is drawn larger without smoothing.
fn code(size: usize, dark: &[bool]) -> slint::Image {
    let width = u32::try_from(size).unwrap_or(0);
    let mut picture = slint::SharedPixelBuffer::<slint::Rgb8Pixel>::new(width, width);
    for (dot, &is_dark) in picture.make_mut_slice().iter_mut().zip(dark) {
        let value = if is_dark { 0 } else { 255 };
        *dot = slint::Rgb8Pixel { r: value, g: value, b: value };
    }
    slint::Image::from_rgb8(picture)
}

fn list<T: Clone + 'static>(of: Vec<T>) -> ModelRc<T> {
    ModelRc::new(VecModel::from(of))
}

fn whole(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}

/// A score as it stands on a sheet, without a fraction that nobody could defend.
fn rounded(score: Option<f64>) -> i32 {
    score.map_or(0, |score| score.round() as i32)
}
