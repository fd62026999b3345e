//! Tells the attendant what a shop manager does at the desk.

use slint::{ComponentHandle as _, Global as _};

use crate::feedback::note::{About, NoNote, Noted};
use crate::kiosk::attendant::Message;
use crate::kiosk::desk::sheets::sheet::{Entered, Tab, Tap, note_named};
use crate::kiosk::screen::generated::{About as Drawn, AppWindow, Bridge, Desk, DeskView};
use crate::kiosk::screen::keys;

/// Tells the attendant of everything that is touched at the desk.
pub(in crate::kiosk::screen) fn listen(
    window: &AppWindow,
    tell: impl Fn(Message) + Clone + 'static,
) {
    let desk = Desk::get(window);
    let send = tell.clone();
    Bridge::get(window).on_asked_for_desk(move || send(Message::Desk(Tap::LongPressed)));
    let send = tell.clone();
    desk.on_entered(move |pin| send(Message::Desk(Tap::Entered(Entered(pin.into())))));
    let send = tell.clone();
    desk.on_opened(move |tab| {
        let tab = match tab {
            DeskView::Days => Tab::Days,
            DeskView::Why => Tab::Why,
            DeskView::Health => Tab::Health,
            DeskView::Notes => Tab::Notes,
            DeskView::Pin | DeskView::Counting | DeskView::Today => Tab::Today,
        };
        send(Message::Desk(Tap::Turned(tab)));
    });
    let weak = window.as_weak();
    desk.on_began_note(move |text| {
        if let Some(window) = weak.upgrade() {
            keys::lay_out(&Bridge::get(&window), &text);
        }
    });
    let send = tell.clone();
    // A note without the words that it needs is not kept.
    let keep = move |noted: Result<Noted, NoNote>, mends: &str| {
        let noted = noted.map(|noted| match note_named(mends) {
            Some(earlier) => noted.mending(earlier),
            None => noted,
        });
        send(noted.map_or(Message::Desk(Tap::Touched), |noted| Message::Desk(Tap::Noted(noted))));
    };
    let (weak, noted) = (window.as_weak(), keep.clone());
    desk.on_noted(move |about, mends| {
        if let Some(window) = weak.upgrade() {
            noted(Noted::new(to_core(about), &Bridge::get(&window).get_comment()), &mends);
        }
    });
    let told = keep.clone();
    desk.on_told_shoppers(move |said, did, mends| told(Noted::notice(&said, &did), &mends));
    let send = tell.clone();
    desk.on_withdrew(move |name| {
        if let Some(earlier) = note_named(&name) {
            send(Message::Desk(Tap::Noted(Noted::withdrawing(earlier))));
        }
    });
    let acknowledge = keep.clone();
    desk.on_acknowledged(move |about| acknowledge(Noted::new(to_core(about), ""), ""));
    desk.on_took_down_notice(move || keep(Noted::new(About::Notice, ""), ""));
    let send = tell.clone();
    desk.on_asked_to_write_stick(move || send(Message::Desk(Tap::Carried)));
    let send = tell.clone();
    desk.on_coming(move || send(Message::Desk(Tap::Coming)));
    let send = tell.clone();
    desk.on_left(move || send(Message::Desk(Tap::Left)));
    desk.on_stirred(move || tell(Message::Desk(Tap::Touched)));
}

/// What a note is about, as the core calls it.
const fn to_core(about: Drawn) -> About {
    match about {
        Drawn::Day => About::Day,
        Drawn::Alert => About::Alert,
        Drawn::Call => About::Call,
        Drawn::Notice => About::Notice,
    }
}

/// What a note is about, as the screen calls it.
pub(super) const fn to_drawn(about: About) -> Drawn {
    match about {
        About::Day | About::Withdrawn => Drawn::Day,
        About::Alert => Drawn::Alert,
        About::Call => Drawn::Call,
        About::Notice => Drawn::Notice,
    }
}
