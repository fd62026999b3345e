//! Shows a view: sets in the bridge what its page reads.

use slint::Global as _;

use super::generated::{AppWindow, Attending as Shown, Bridge, Choice, Reason, Stage, Theme};
use super::{appearance, desk, keys, model, panel};
use crate::feedback::answer::FollowUp;
use crate::feedback::survey::base;
use crate::feedback::visit::Attending;
use crate::kiosk::attendant::View;
use crate::kiosk::display::{DisplayTexts, is_from_the_right};

/// Shows a view, and tells a test that listens.
pub(super) fn show(window: &AppWindow, view: &View) {
    let bridge = Bridge::get(window);
    match view {
        View::Alert(is_raised) => bridge.set_has_alert(*is_raised),
        View::StillThere(seconds) => {
            before(window, &bridge, view);
            bridge.set_still_there((*seconds).into());
        }
        _ => {
            before(window, &bridge, view);
            bridge.set_still_there(0);
            show_page(window, &bridge, view);
        }
    }
    bridge.invoke_shown();
}

/// Undoes what the last view left: a dark panel, and numbers of the desk.
fn before(window: &AppWindow, bridge: &Bridge<'_>, view: &View) {
    if bridge.get_stage() == Stage::Dark && *view != View::Dark {
        panel::light(true);
    }
    if bridge.get_stage() == Stage::Desk && !matches!(view, View::Desk(_)) {
        desk::clear(window);
    }
}

fn show_page(window: &AppWindow, bridge: &Bridge<'_>, view: &View) {
    match view {
        View::Ask(texts) => {
            set_texts(window, texts);
            if bridge.get_stage() != Stage::Ask {
                bridge.set_visit(bridge.get_visit().wrapping_add(1));
            }
            bridge.set_pressed(0);
            bridge.set_stage(Stage::Ask);
        }
        View::Pressed(score) => {
            bridge.set_pressed(score.value().into());
            bridge.set_stage(Stage::Ask);
        }
        View::Invite(texts) => {
            set_texts(window, texts);
            bridge.set_stage(Stage::Invite);
        }
        View::Follow { page, is_happy, words } => follow_up(bridge, *page, *is_happy, words),
        View::Thanks(offers_help) => {
            bridge.set_is_help_offered(*offers_help);
            bridge.set_stage(Stage::Thanks);
        }
        View::Attend(what) => {
            bridge.set_attending(match what {
                Attending::Asked => Shown::Asked,
                Attending::Coming => Shown::Coming,
                Attending::Nobody => Shown::Nobody,
            });
            bridge.set_stage(Stage::Attend);
        }
        View::Desk(sheet) => {
            desk::set(window, sheet);
            bridge.set_stage(Stage::Desk);
        }
        View::Rest => bridge.set_stage(Stage::Rest),
        View::Close => bridge.set_stage(Stage::Closed),
        View::Dark => {
            bridge.set_stage(Stage::Dark);
            panel::light(false);
        }
        View::StillThere(_) | View::Alert(_) => {}
    }
}

fn follow_up(bridge: &Bridge<'_>, page: FollowUp, is_happy: bool, texts: &DisplayTexts) {
    let is_neutral = !texts.everybodys.list.is_empty();
    let reasons = match is_happy {
        _ if is_neutral => &texts.everybodys,
        true => &texts.happy,
        false => &texts.unhappy,
    };
    let (title, stage) = match page {
        FollowUp::Reasons => (&reasons.title, Stage::Reasons),
        FollowUp::Nps => (&texts.nps, Stage::Nps),
        FollowUp::Comment => (&texts.comment, Stage::Comment),
    };
    let reason = |(id, icon, word): &(String, usize, String)| Reason {
        id: id.into(),
        icon: model::whole(*icon),
        word: word.into(),
    };
    let list = reasons.list.iter().map(reason).collect();
    model::set_if_new(&bridge.get_reasons(), list, |model| bridge.set_reasons(model));
    if page == FollowUp::Comment {
        keys::lay_out(bridge, "");
    }
    // The pressed face must not be seen again under the thank-you.
    bridge.set_pressed(0);
    bridge.set_is_neutral(is_neutral);
    bridge.set_is_happy(is_happy);
    bridge.set_follow_up(title.as_str().into());
    bridge.set_stage(stage);
}

/// Sets the texts of the shoppers' pages, their language, and the direction it is read in.
fn set_texts(window: &AppWindow, texts: &DisplayTexts) {
    let bridge = Bridge::get(window);
    let language = texts.language.as_str();
    if slint::select_bundled_translation(base(language)).is_err() {
        tracing::debug!(language, "the screen has no fixed texts in this language: English");
        // English is what the others are translated from, so it is always there.
        let _ = slint::select_bundled_translation("en");
    }
    bridge.set_tag(language.into());
    bridge.set_is_rtl(is_from_the_right(language));
    bridge.set_brand(texts.brand.as_str().into());
    bridge.set_question(texts.question.as_str().into());
    let face = |(face, word): &(u8, String)| Choice { face: (*face).into(), word: word.into() };
    let choices = texts.faces.iter().map(face).collect();
    model::set_if_new(&bridge.get_choices(), choices, |model| bridge.set_choices(model));
    let languages = texts.languages.iter().map(slint::SharedString::from).collect();
    model::set_if_new(&bridge.get_languages(), languages, |model| bridge.set_languages(model));
    bridge.set_language(i32::try_from(texts.chosen).unwrap_or(0));
    bridge.set_is_spoken(texts.is_spoken);
    let notice = texts.notice.clone().unwrap_or_default();
    bridge.set_has_notice(texts.notice.is_some());
    bridge.set_said(notice.said.into());
    bridge.set_did(notice.did.into());
    bridge.set_since(notice.since.into());
    appearance::set_accent(&Theme::get(window), texts.accent);
}
