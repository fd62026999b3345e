//! Tests of the layout: every word is within the screen and its element, overlaps no other and is
//! large enough; and a finger hits what it aims at.

use std::sync::Arc;

use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery, ElementRoot};
use slint::ComponentHandle as _;
use smilepost::feedback::survey::Survey;
use smilepost::kiosk::attendant::View;
use smilepost::kiosk::display::{DisplayTexts, Shown};
use smilepost::kiosk::screen::Screen;
use smilepost::kiosk::settings::{Look, Settings};

/// The smallest type size on a shopper's page, in u, except for long texts that are set smaller.
const TYPE_LEAST: f32 = 1.5;

/// The height of a line, as a multiple of the font size.
const LINE: f32 = 1.36;

#[derive(Clone, Debug, PartialEq)]
struct Place {
    name: String,
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
}

impl Place {
    fn of(element: &ElementHandle, name: String) -> Self {
        let (at, size) = (element.absolute_position(), element.size());
        let (right, bottom) = (at.x + size.width, at.y + size.height);
        Self { name, left: at.x, top: at.y, right, bottom }
    }

    /// By how much two places overlap, in the direction in which they overlap less.
    fn overlap(&self, other: &Self) -> f32 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        width.min(height)
    }

    fn is_within(&self, other: &Self) -> bool {
        let slack = 0.6;
        self.left >= other.left - slack
            && self.right <= other.right + slack
            && self.top >= other.top - slack
            && self.bottom <= other.bottom + slack
    }
}

/// Every text that is drawn, without those that only measure.
fn texts(root: &impl ElementRoot) -> Vec<Place> {
    let drawn = ElementHandle::find_by_element_type_name(root, "Text").filter(|text| {
        let id = text.id().unwrap_or_default();
        !id.contains("::probe") && text.size().width > 0.0
    });
    drawn.map(|text| Place::of(&text, text.id().unwrap_or_default().into())).collect()
}

/// Everything that can be tapped.
fn buttons(root: &impl ElementRoot) -> Vec<Place> {
    let all = ElementQuery::from_root(root).match_descendants();
    let all = all.match_accessible_role(AccessibleRole::Button).find_all();
    let name = |of: &ElementHandle| of.accessible_label().unwrap_or_default().into();
    let mut places: Vec<Place> = Vec::new();
    for place in all.iter().map(|of| Place::of(of, name(of))) {
        // One element is listed once for each component that it is made of.
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

fn look_at(screen: &Screen, page: &str, (width, height): (u32, u32)) {
    let (width, height) = (width as f32, height as f32);
    let u = if height > width { width / 48.0 } else { (width / 80.0).min(height / 48.0) };
    let window =
        Place { name: "window".to_owned(), left: 0.0, top: 0.0, right: width, bottom: height };
    let (texts, buttons) = (texts(screen.component()), buttons(screen.component()));
    assert!(!texts.is_empty(), "{page}: no words");
    for (at, text) in texts.iter().enumerate() {
        assert!(text.is_within(&window), "{page}: {text:?} leaves the window");
        let line = (text.bottom - text.top) / u / LINE;
        assert!(line >= TYPE_LEAST * 0.8, "{page}: {text:?} is set at {line:.2} u");
        for other in &texts[at + 1..] {
            // Lines have space above and below their letters.
            let over = text.overlap(other);
            assert!(over < 0.5 * u, "{page}: {text:?} and {other:?} overlap by {over:.1}");
        }
        let outside = buttons.iter().find(|button| !button.is_within(&window));
        assert_eq!(outside, None, "{page}: it leaves the window");
        let around = buttons.iter().filter(|button| text.overlap(button) > 0.6 * u);
        for button in around {
            assert!(text.is_within(button), "{page}: {text:?} leaves {button:?}");
        }
    }
    for (at, button) in buttons.iter().enumerate() {
        for other in &buttons[at + 1..] {
            let over = button.overlap(other);
            assert!(over < 0.1, "{page}: {button:?} and {other:?} overlap by {over:.1}");
        }
    }
}

/// The longest that a head office may write, made of words that break badly.
fn longest(settings: &mut Settings) {
    let fill = |word: &str, chars: usize| {
        let text = format!("{word} ").repeat(chars);
        text.chars().take(chars).collect::<String>().trim().to_owned()
    };
    let mut parts = settings.survey.parts().clone();
    let question = &mut parts.questions[0];
    question.reasons = (0..6).map(|n| format!("own-{n}")).collect();
    for texts in &mut question.texts {
        let rest = fill("Verkaufsstelle", 79);
        texts.question = rest.clone();
        texts.about = rest.clone();
        texts.nps = rest.clone();
        texts.comment = rest;
        texts.faces = vec![fill("Zufriedenheit", 20); 5];
    }
    for n in 0..6 {
        let words = settings.survey.languages().map(|tag| (tag.to_owned(), fill("Reinigung", 32)));
        parts.reasons.insert(format!("own-{n}"), words.collect());
    }
    parts.brand = Some(fill("Nordmarkt", 30));
    settings.survey = Survey::check(parts).unwrap();
}

fn look_at_every_page(settings: &Settings, sizes: &[(u32, u32)], what: &str) {
    for (page, views) in super::pages(settings) {
        for size in sizes {
            let screen = super::screen(settings);
            super::open(&screen, *size, &views);
            look_at(&screen, &format!("{page} {what} {size:?}"), *size);
            screen.component().hide().unwrap();
        }
    }
}

#[test]
fn every_word_of_every_language_is_in_its_place_at_every_size() {
    super::in_every_language(|language| {
        let settings = super::in_language(language);
        look_at_every_page(&settings, &super::SIZES, language);
    });
}

#[test]
fn every_word_of_the_desk_fits_in_every_language_at_every_size() {
    super::in_every_language(|language| {
        let settings = super::in_language(language);
        for (sheet, content) in super::desk::sheets() {
            for size in super::SIZES {
                let screen = super::screen(&settings);
                super::open(&screen, size, &super::desk::views(&settings, &content));
                look_at(&screen, &format!("{sheet} {language} {size:?}"), size);
                screen.component().hide().unwrap();
            }
        }
    });
}

#[test]
fn the_longest_texts_that_are_allowed_are_in_their_places() {
    let mut settings = super::nordmarkt(Look::Light);
    longest(&mut settings);
    look_at_every_page(&settings, &super::SIZES, "longest");
}

#[test]
fn the_longest_notice_leaves_room_for_the_rest_of_its_page() {
    let mut settings = super::nordmarkt(Look::Light);
    let text =
        "The queues are long after work and nobody is there to ask where the bread has gone now";
    for text_size in [100, 150] {
        settings.screen.text_size = text_size;
        let words = super::noticed(&settings);
        let notice = words.notice.clone().unwrap();
        let notice = Shown { said: text.to_owned(), did: text.to_owned(), ..notice };
        let words = Arc::new(DisplayTexts { notice: Some(notice), ..words.as_ref().clone() });
        let thanks = [View::Ask(words.clone()), View::Thanks(false)];
        for (page, views) in [("thanks", &thanks[..]), ("invite", &[View::Invite(words)])] {
            for size in super::SIZES {
                let screen = super::screen(&settings);
                super::open(&screen, size, views);
                look_at(&screen, &format!("{page} {text_size} {size:?}"), size);
                screen.component().hide().unwrap();
            }
        }
    }
}

#[test]
fn large_words_are_in_their_places() {
    let mut settings = super::nordmarkt(Look::Light);
    settings.screen.text_size = 150;
    look_at_every_page(&settings, &super::SIZES, "large");
}

/// What a finger hits, with the name of its element; the background has no name.
fn targets(root: &impl ElementRoot) -> Vec<Place> {
    let all = ElementHandle::find_by_element_type_name(root, "TouchArea");
    let named = all.map(|touch| Place::of(&touch, touch.id().unwrap_or_default().into()));
    named.filter(|place| !place.name.is_empty()).collect()
}

/// Common panels: seven, seven, ten and twenty-one inches, and a phone's.
const PANELS: [((u32, u32), f32); 5] = [
    ((800, 480), 133.0),
    ((480, 800), 133.0),
    ((1280, 720), 147.0),
    ((1920, 1080), 105.0),
    ((480, 320), 165.0),
];

#[test]
fn no_finger_hits_two_things_at_once_on_any_panel() {
    let mut settings = super::nordmarkt(Look::Light);
    for (size, dpi) in PANELS {
        settings.screen.dpi = Some(dpi);
        for (page, views) in super::pages(&settings) {
            let screen = super::screen(&settings);
            super::open(&screen, size, &views);
            let targets = targets(screen.component());
            for (at, target) in targets.iter().enumerate() {
                for other in &targets[at + 1..] {
                    let over = target.overlap(other);
                    assert!(over < 0.5, "{page} {size:?}: {target:?} {other:?} share {over:.1}");
                }
            }
            screen.component().hide().unwrap();
        }
    }
}

#[test]
fn a_finger_has_twenty_millimetres_wherever_a_panel_has_the_room() {
    let mut settings = super::nordmarkt(Look::Light);
    // The smallest panel is too small for it.
    for (size, dpi) in &PANELS[..4] {
        settings.screen.dpi = Some(*dpi);
        for (page, views) in super::pages(&settings) {
            let screen = super::screen(&settings);
            super::open(&screen, *size, &views);
            let targets = targets(screen.component());
            for target in &targets {
                let mm = |dots: f32| dots / dpi * 25.4;
                let (width, height) =
                    (mm(target.right - target.left), mm(target.bottom - target.top));
                // A whole keyboard of such keys fits on no shop's panel, and four languages not
                // across a tall one of seven inches.
                let least = match target.name.as_str() {
                    _ if page == "comment" => 6.5,
                    "Language::area" if size.0 < size.1 => 17.0,
                    _ => 19.9,
                };
                let is_enough = width.min(height) >= least;
                assert!(is_enough, "{page} {size:?}: {target:?} is {width:.1} x {height:.1} mm");
            }
            let faces = targets.iter().filter(|target| target.name.starts_with("Face")).count();
            assert_eq!(faces, if matches!(page, "ask" | "pressed") { 5 } else { 0 }, "{page}");
            screen.component().hide().unwrap();
        }
    }
}

#[test]
fn a_touch_beside_a_small_pill_still_hits_it() {
    let mut settings = super::nordmarkt(Look::Light);
    settings.screen.dpi = Some(133.0);
    let (told, events) = std::sync::mpsc::channel();
    let screen = super::screen_telling(&settings, move |event| {
        let _ = told.send(format!("{event:?}"));
    });
    super::open(
        &screen,
        super::SIZES[0],
        &[View::Ask(super::words(&settings)), View::Thanks(false)],
    );
    let label = "Pressed the wrong one?";
    let pill = ElementHandle::find_by_accessible_label(screen.component(), label).next().unwrap();
    let (at, size) = (pill.absolute_position(), pill.size());
    // Well below the pill as it is drawn, and within twenty millimetres.
    let beside = slint::LogicalPosition::new(at.x + size.width / 2.0, at.y + size.height + 15.0);
    super::tap(&screen, beside);
    assert_eq!(events.try_recv().as_deref(), Ok("Reconsidered"));
    screen.component().hide().unwrap();
}
