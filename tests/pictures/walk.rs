//! Tests of every page by accessible labels alone, as a screen reader uses it, in English and in a
//! language that is read from right to left.

use std::sync::mpsc::Receiver;

use i_slint_backend_testing::ElementHandle;
use slint::ComponentHandle as _;
use smilepost::kiosk::screen::Screen;

use crate::languages::translated;

struct Walk {
    screen: Screen,
    events: Receiver<String>,
    language: &'static str,
}

impl Walk {
    /// A page, opened in a language.
    fn open(page: &str, language: &'static str) -> Self {
        let settings = super::in_language(language);
        let (told, events) = std::sync::mpsc::channel();
        let screen = super::screen_telling(&settings, move |event| {
            let _ = told.send(format!("{event:?}"));
        });
        let pages = super::pages(&settings);
        let (_, views) = pages.iter().find(|(name, _)| *name == page).unwrap();
        super::open(&screen, super::SIZES[0], views);
        Self { screen, events, language }
    }

    /// The screen's translation of an English text; a survey's own words are not translated.
    fn said(&self, english: &str) -> String {
        translated(self.language, english).unwrap_or_else(|| english.to_owned())
    }

    fn find(&self, label: &str) -> ElementHandle {
        let mut found = ElementHandle::find_by_accessible_label(self.screen.component(), label);
        let element = found.next();
        element.unwrap_or_else(|| panic!("{}: nothing is labelled {label:?}", self.language))
    }

    /// Taps the element with this label; returns the events that it caused.
    fn act(&self, english: &str) -> Vec<String> {
        self.find(&self.said(english)).invoke_accessible_default_action();
        self.events.try_iter().collect()
    }

    fn sees(&self, english: &str) {
        self.find(&self.said(english));
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        let _ = self.screen.component().hide();
    }
}

fn walk(language: &'static str, faces: [&str; 5]) {
    let open = |page| Walk::open(page, language);
    let ask = open("ask");
    for (value, face) in (1..).zip(faces) {
        assert_eq!(ask.act(face), [format!("Face({value}, Touch)")]);
    }
    assert_eq!(ask.act("Suomi"), ["Chose(1)"]);
    assert_eq!(ask.act("Lower the page"), ["Touched"]);
    assert_eq!(ask.act("Raise the page"), ["Touched"]);
    assert_eq!(open("invite").act("Touch to tell us how it was"), ["Touched"]);

    let reasons = open("reasons");
    reasons.sees("What was it about?");
    let waiting = "Answered(Reasons, Reason(\"waiting\"))";
    assert_eq!(reasons.act("Waiting time"), [waiting]);
    assert_eq!(reasons.act("Payment"), [waiting.replace("waiting", "payment")]);
    assert_eq!(reasons.act("Skip"), ["Answered(Reasons, Skipped)"]);

    let nps = open("nps");
    nps.sees("How likely are you to recommend us to a friend?");
    nps.sees("0: not at all likely");
    for score in 0..=10 {
        assert_eq!(nps.act(&score.to_string()), [format!("Answered(Nps, Nps({score}))")]);
    }
    assert_eq!(nps.act("Skip"), ["Answered(Nps, Skipped)"]);

    let comment = open("comment");
    comment.sees("Please do not write any names.");
    assert_eq!(comment.act("Send"), ["Answered(Comment, Skipped)"], "nothing was written");
    let letters = if language == "ar" { ["خ", "ب", "ز"] } else { ["b", "u", "n"] };
    for key in letters {
        assert_eq!(comment.act(key), ["Touched"]);
    }
    comment.act("Space");
    comment.act("Delete");
    comment.act("Delete");
    let written = if language == "ar" { "خب" } else { "Bu" };
    comment.sees(written);
    assert_eq!(comment.act("Send"), [format!("Answered(Comment, Comment({written:?}))")]);
    assert_eq!(comment.act("Skip"), ["Answered(Comment, Skipped)"]);

    let thanks = open("thanks");
    thanks.sees("Thank you");
    thanks.sees("Your answer is saved.");
    assert_eq!(thanks.act("Pressed the wrong one?"), ["Reconsidered"]);
    open("closed").sees("We are closed at the moment. Goodbye.");
    open("rest").sees("This post is having a rest. Thank you.");
}

#[test]
fn every_page_can_be_walked_by_its_labels_in_english() {
    walk("en", ["Very bad", "Bad", "Okay", "Good", "Very good"]);
}

#[test]
fn every_page_can_be_walked_by_its_labels_in_arabic() {
    walk("ar", ["سيئة جدًا", "سيئة", "مقبولة", "جيدة", "جيدة جدًا"]);
}
