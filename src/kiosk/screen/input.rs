//! Tells the attendant what a shopper touches.

use slint::{ComponentHandle as _, Global as _, Model as _};

use super::generated::{AppWindow, Bridge, Stage};
use super::{keyboard, keys};
use crate::feedback::answer::{FollowUp, Reply};
use crate::feedback::rating::Input;
use crate::kiosk::attendant::Message;

/// Tells the attendant of every touch on a shopper's page.
pub(super) fn listen(window: &AppWindow, tell: impl Fn(Message) + Clone + 'static) {
    let bridge = Bridge::get(window);
    listen_for_presses(&bridge, tell.clone());
    listen_for_answers(window, tell.clone());
    listen_for_words(window, tell);
}

fn listen_for_presses(bridge: &Bridge<'_>, tell: impl Fn(Message) + Clone + 'static) {
    let face =
        |value: i32, input| u8::try_from(value).ok().map(|value| Message::Face(value, input));
    let touched = tell.clone();
    bridge.on_touched(move |value| face(value, Input::Touch).map_or((), &touched));
    let keyed = tell.clone();
    bridge.on_keyed(move |value| face(value, Input::Key).map_or((), &keyed));
    let chose = tell.clone();
    bridge.on_chose(move |place| u8::try_from(place).ok().map(Message::Chose).map_or((), &chose));
    let tells = |event: fn() -> Message| {
        let tell = tell.clone();
        move || tell(event())
    };
    bridge.on_reconsidered(tells(|| Message::Reconsidered));
    bridge.on_stirred(tells(|| Message::Touched));
    bridge.on_asked_for_time(tells(|| Message::MoreTime));
    bridge.on_asked_for_help(tells(|| Message::AskedForHelp));
    bridge.on_left(tells(|| Message::Left));
    bridge.on_asked_to_hear(tells(|| Message::Speak));
}

fn listen_for_answers(window: &AppWindow, tell: impl Fn(Message) + Clone + 'static) {
    let bridge = Bridge::get(window);
    let reasoned = tell.clone();
    let weak = window.as_weak();
    bridge.on_reasoned(move |place| {
        let reasons = weak.upgrade().map(|window| Bridge::get(&window).get_reasons());
        let reason = reasons.zip(usize::try_from(place).ok());
        if let Some(reason) = reason.and_then(|(reasons, place)| reasons.row_data(place)) {
            reasoned(Message::Answered(FollowUp::Reasons, Reply::Reason(reason.id.into())));
        }
    });
    let scored = tell.clone();
    bridge.on_scored(move |score| {
        if let Ok(score) = u8::try_from(score) {
            scored(Message::Answered(FollowUp::Nps, Reply::Nps(score)));
        }
    });
    let weak = window.as_weak();
    bridge.on_skipped(move || {
        let stage = weak.upgrade().map(|window| Bridge::get(&window).get_stage());
        let page = match stage {
            Some(Stage::Reasons) => FollowUp::Reasons,
            Some(Stage::Nps) => FollowUp::Nps,
            Some(Stage::Comment) => FollowUp::Comment,
            _ => return,
        };
        tell(Message::Answered(page, Reply::Skipped));
    });
}

fn listen_for_words(window: &AppWindow, tell: impl Fn(Message) + Clone + 'static) {
    let bridge = Bridge::get(window);
    let typed = tell.clone();
    let weak = window.as_weak();
    bridge.on_typed(move |key| {
        if let Some(window) = weak.upgrade() {
            let bridge = Bridge::get(&window);
            let text = keyboard::press(bridge.get_comment().into(), &key, &bridge.get_tag());
            bridge.set_comment(text.into());
            let layer = keys::layer(&bridge);
            // A space or a full stop after a capital is no letter, and does no harm.
            if layer.after_a_letter() != layer {
                keys::turn(&bridge, layer.after_a_letter());
            }
        }
        typed(Message::Touched);
    });
    let turned = tell.clone();
    let weak = window.as_weak();
    bridge.on_turned(move |to| {
        if let Some(window) = weak.upgrade() {
            let bridge = Bridge::get(&window);
            keys::turn(&bridge, keys::layer(&bridge).turned(keys::layer_at(to)));
        }
        turned(Message::Touched);
    });
    let weak = window.as_weak();
    bridge.on_commented(move || {
        let written = weak.upgrade().map(|window| Bridge::get(&window).get_comment());
        let written = written.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        // Sending an empty page is the same as skipping it.
        let reply = written.map_or(Reply::Skipped, Reply::Comment);
        tell(Message::Answered(FollowUp::Comment, reply));
    });
}
