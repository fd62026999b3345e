//! Tells the attendant what a shop manager does at the desk.

use slint::{ComponentHandle as _, Global as _};

use crate::feedback::note::About;
use crate::kiosk::attendant::Message;
use crate::kiosk::desk::sheets::sheet::{Entered, Tab, Tap};
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
    desk.on_began_note(move || {
        if let Some(window) = weak.upgrade() {
            keys::lay_out(&Bridge::get(&window));
        }
    });
    let send = tell.clone();
    let weak = window.as_weak();
    desk.on_noted(move |about| {
        if let Some(window) = weak.upgrade() {
            let text = Bridge::get(&window).get_comment().into();
            send(Message::Desk(Tap::Noted(to_core(about), text)));
        }
    });
    let send = tell.clone();
    let without_words = |about| Message::Desk(Tap::Noted(about, String::new()));
    desk.on_acknowledged(move |about| send(without_words(to_core(about))));
    let send = tell.clone();
    desk.on_took_down_notice(move || send(without_words(About::Notice)));
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
