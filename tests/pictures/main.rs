//! Tests of golden pictures: every page at every size, pixel for pixel.
//!
//! The fonts are ours and the renderer is software, so the pictures are the same on every machine.
//! After an intended change, run with `SMILEPOST_BLESS=1` and look at each picture before you
//! commit it.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod colour_blind;
mod desk;
#[path = "../support/events.rs"]
mod events;
mod languages;
mod later;
mod layout;
#[path = "../support/survey.rs"]
mod survey;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use i_slint_backend_testing::{
    ElementHandle, TestingBackend, TestingBackendOptions, mock_elapsed_time,
};
use slint::{ComponentHandle as _, PhysicalSize};
use smilepost::feedback::answer::FollowUp;
use smilepost::feedback::colour::Colour;
use smilepost::feedback::rating::Scale;
use smilepost::feedback::survey::Survey;
use smilepost::feedback::visit::Attending;
use smilepost::feedback::zone::Zone;
use smilepost::kiosk::attendant::{Message, View};
use smilepost::kiosk::display::{Display, DisplayTexts, Shown};
use smilepost::kiosk::screen::fonts::prefer;
use smilepost::kiosk::screen::{Screen, bring_fonts};
use smilepost::kiosk::settings::{Look, Settings};
use smilepost::kiosk::sound::Sound;

use crate::survey::everything;

const SIZES: [(u32, u32); 4] = [(800, 480), (480, 800), (1280, 720), (1920, 1080)];

/// Every test waits for our fonts before it draws, since the system may have none.
static FONTS: Once = Once::new();

/// A platform without a display, for the thread of a test.
fn set_platform() {
    let options = TestingBackendOptions {
        mock_time: true,
        threading: false,
        renderer_name: Some("software".into()),
    };
    FONTS.call_once(|| bring_fonts(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap());
    // The first picture of a thread sets its platform; for later ones it is set.
    let _ = slint::platform::set_platform(Box::new(TestingBackend::new(options)));
}

/// A kiosk's screen as the settings make it.
fn screen(settings: &Settings) -> Screen {
    screen_telling(settings, |_| {})
}

/// The same, and reports what is touched.
fn screen_telling(settings: &Settings, tell: impl Fn(Message) + Clone + 'static) -> Screen {
    set_platform();
    Screen::on_this_platform(settings, tell).unwrap()
}

/// Touches the screen at a place and releases it.
fn tap(screen: &Screen, position: slint::LogicalPosition) {
    use slint::platform::{PointerEventButton, WindowEvent};
    let button = PointerEventButton::Left;
    screen.window().dispatch_event(WindowEvent::PointerPressed { position, button });
    screen.window().dispatch_event(WindowEvent::PointerReleased { position, button });
}

fn nordmarkt(look: Look) -> Settings {
    let mut settings = Settings::plain(Path::new("/nowhere"));
    settings.brand = "Nordmarkt".to_owned();
    settings.screen.look = look;
    settings.survey = everything(Scale::Five);
    settings
}

/// Noto Sans CJK JP Regular 2.004 (SIL OFL), of which `pyftsubset` has kept the characters of our
/// Japanese texts, without hints and features of layout.
const JAPANESE: &[u8] = include_bytes!("NotoSansJP-of-our-texts.otf");

/// Whether that font has a character.
fn japanese_characters() -> impl Fn(char) -> bool {
    use slint::fontique_011::fontique::{Blob, Collection, CollectionOptions};
    let options = CollectionOptions { shared: false, system_fonts: false };
    let added = Collection::new(options).register_fonts(Blob::new(Arc::new(JAPANESE)), None);
    let index = added[0].1[0].charmap_index();
    move |letter| index.charmap(JAPANESE).unwrap().map(letter).is_some_and(|glyph| glyph != 0)
}

/// Gives the font system the characters of our Japanese texts, instead of a system's own font, so
/// that the pictures are the same everywhere.
fn bring_japanese() {
    set_platform();
    let blob = slint::fontique_011::fontique::Blob::new(Arc::new(JAPANESE));
    let mut collection = slint::fontique_011::shared_collection();
    let added = collection.register_fonts(blob, None);
    let families: Vec<_> = added.iter().map(|(family, _)| *family).collect();
    prefer(&mut collection, &families);
    for script in [*b"Hira", *b"Kana", *b"Hani"] {
        let script = slint::fontique_011::fontique::Script::from_bytes(script);
        let key = slint::fontique_011::fontique::FallbackKey::new(script, None);
        assert!(collection.set_fallbacks(key, added.iter().map(|(family, _)| *family)));
    }
}

/// Does something for each language, with our Japanese, in as many threads as there are processors:
/// a screen and its fonts belong to the thread that made them, so no thread waits for another.
fn in_every_language(act: impl Fn(&str) + Sync) {
    let survey = Survey::built_in(Scale::Five);
    let left: Mutex<Vec<&str>> = Mutex::new(survey.languages().collect());
    let work = || {
        bring_japanese();
        loop {
            let next = left.lock().unwrap().pop();
            let Some(language) = next else {
                return;
            };
            act(language);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
}

/// Renders a view and compares it with its golden picture.
fn draw(name: &str, settings: &Settings, (width, height): (u32, u32), views: &[View]) {
    let screen = screen(settings);
    open(&screen, (width, height), views);
    let pixels = screen.window().take_snapshot().unwrap();
    assert_eq!((pixels.width(), pixels.height()), (width, height));
    compare(&format!("{name}-{width}x{height}"), width, height, pixels.as_bytes());
    screen.component().hide().unwrap();
}

/// Shows views one after another in a window of this size, past every transition; a pressed face
/// while it is lit.
fn open(screen: &Screen, (width, height): (u32, u32), views: &[View]) {
    screen.window().set_size(PhysicalSize::new(width, height));
    screen.component().show().unwrap();
    for view in views {
        screen.show(view.clone());
        for _ in 0..5 {
            mock_elapsed_time(Duration::from_millis(50));
        }
    }
}

fn compare(name: &str, width: u32, height: u32, rgba: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures/golden");
    let golden = folder.join(format!("{name}.png"));
    if std::env::var_os("SMILEPOST_BLESS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        write(&golden, width, height, rgba);
        return;
    }
    if read(&golden).is_none_or(|expected| expected != rgba) {
        let found = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png"));
        write(&found, width, height, rgba);
        panic!("{} differs from what was drawn: {}", golden.display(), found.display());
    }
}

fn write(file: &Path, width: u32, height: u32, rgba: &[u8]) {
    let out = std::io::BufWriter::new(std::fs::File::create(file).unwrap());
    let mut encoder = png::Encoder::new(out, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_compression(png::Compression::High);
    encoder.write_header().unwrap().write_image_data(rgba).unwrap();
}

fn read(file: &Path) -> Option<Vec<u8>> {
    let input = std::io::BufReader::new(std::fs::File::open(file).ok()?);
    let mut reader = png::Decoder::new(input).read_info().ok()?;
    let mut rgba = vec![0; reader.output_buffer_size()?];
    reader.next_frame(&mut rgba).ok()?;
    Some(rgba)
}

/// What is printed in a language, without the notice.
fn words(settings: &Settings) -> Arc<DisplayTexts> {
    let (zone, survey) = (Some(Zone::utc()), settings.survey.clone());
    let sound = Sound::default();
    Display::new(settings, zone, "", survey, |_, _| true, sound, None).words(None)
}

/// The same with a notice.
fn noticed(settings: &Settings) -> Arc<DisplayTexts> {
    let notice = Shown {
        said: "The queues are long after work".to_owned(),
        did: "A fourth till is open every day from 16 to 19".to_owned(),
        since: "11/2026".to_owned(),
    };
    Arc::new(DisplayTexts { notice: Some(notice), ..words(settings).as_ref().clone() })
}

/// Every page there is, with its name, as a list of views one after another.
fn pages(settings: &Settings) -> Vec<(&'static str, Vec<View>)> {
    let words = words(settings);
    let good = settings.survey.question(None, "").scale.score(4).unwrap();
    let ask = View::Ask(words.clone());
    let follow = |page, is_happy| {
        let words = words.clone();
        vec![ask.clone(), View::Follow { page, is_happy, words }]
    };
    vec![
        ("ask", vec![ask.clone()]),
        ("pressed", vec![ask.clone(), View::Pressed(good)]),
        ("invite", vec![View::Invite(noticed(settings))]),
        ("reasons", follow(FollowUp::Reasons, false)),
        ("nps", follow(FollowUp::Nps, true)),
        ("comment", follow(FollowUp::Comment, true)),
        ("thanks", vec![ask.clone(), View::Thanks(false)]),
        ("thanks-help", vec![ask.clone(), View::Thanks(true)]),
        ("attend", vec![ask.clone(), View::Attend(Attending::Asked)]),
        ("coming", vec![ask.clone(), View::Attend(Attending::Coming)]),
        ("nobody", vec![ask.clone(), View::Attend(Attending::Nobody)]),
        ("closed", vec![ask.clone(), View::Close]),
        ("rest", vec![ask.clone(), View::Rest]),
    ]
}

fn in_language(language: &str) -> Settings {
    let mut settings = nordmarkt(Look::Light);
    settings.language = language.to_owned();
    settings
}

#[test]
fn a_text_is_laid_out_without_walking_all_the_fonts_of_the_machine() {
    use slint::fontique_011::fontique::GenericFamily;
    let _screen = screen(&nordmarkt(Look::Light));
    let mut collection = slint::fontique_011::shared_collection();
    let families = collection.generic_families(GenericFamily::SansSerif).count();
    assert!(families <= 10, "{families} families are asked for every character");
}

#[test]
fn every_page_at_every_size() {
    let settings = nordmarkt(Look::Light);
    for (page, views) in pages(&settings) {
        for size in SIZES {
            draw(page, &settings, size, &views);
        }
    }
}

#[test]
fn every_page_at_every_size_in_high_contrast() {
    let settings = nordmarkt(Look::HighContrast);
    for (page, views) in pages(&settings) {
        for size in SIZES {
            draw(&format!("{page}-high-contrast"), &settings, size, &views);
        }
    }
}

#[test]
fn every_page_in_the_dark_looks() {
    for (name, look) in [("dark", Look::Dark), ("high-contrast-dark", Look::HighContrastDark)] {
        let settings = nordmarkt(look);
        for (page, views) in pages(&settings) {
            draw(&format!("{page}-{name}"), &settings, SIZES[0], &views);
        }
    }
}

#[test]
fn every_page_in_every_language() {
    in_every_language(|language| {
        let settings = in_language(language);
        // English is drawn at every size by the test before.
        for (page, views) in pages(&settings).into_iter().filter(|_| language != "en") {
            draw(&format!("{page}-{language}"), &settings, SIZES[0], &views);
        }
    });
}

#[test]
fn a_tall_screen_that_is_read_from_the_right() {
    let settings = in_language("ar");
    for (page, views) in pages(&settings) {
        draw(&format!("{page}-ar"), &settings, SIZES[1], &views);
    }
}

#[test]
fn the_question_on_a_small_screen_and_with_fewer_faces() {
    let mut settings = nordmarkt(Look::Light);
    draw("ask", &settings, (480, 320), &[View::Ask(words(&settings))]);
    for (name, scale) in [("three", Scale::Three), ("four", Scale::Four)] {
        settings.survey = everything(scale);
        for size in [(800, 480), (480, 800)] {
            draw(&format!("ask-{name}"), &settings, size, &[View::Ask(words(&settings))]);
        }
    }
}

#[test]
fn the_thank_you_with_what_was_done() {
    let settings = nordmarkt(Look::Light);
    let views = [View::Ask(noticed(&settings)), View::Thanks(false)];
    for size in SIZES {
        draw("thanks-notice", &settings, size, &views);
    }
}

#[test]
fn the_thank_you_with_what_was_done_in_high_contrast_and_in_arabic() {
    let settings = nordmarkt(Look::HighContrast);
    let views = [View::Ask(noticed(&settings)), View::Thanks(false)];
    for size in SIZES {
        draw("thanks-notice-high-contrast", &settings, size, &views);
    }
    let settings = in_language("ar");
    let views = [View::Ask(noticed(&settings)), View::Thanks(false)];
    draw("thanks-notice-ar", &settings, SIZES[0], &views);
}

#[test]
fn an_alert_is_a_dot_beside_the_mark() {
    for (name, look) in [("", Look::Light), ("-high-contrast", Look::HighContrast)] {
        let settings = nordmarkt(look);
        for (page, mut views) in pages(&settings) {
            if matches!(page, "ask" | "thanks") {
                views.push(View::Alert(true));
                for size in SIZES {
                    draw(&format!("{page}-alert{name}"), &settings, size, &views);
                }
            }
        }
    }
}

#[test]
fn still_there() {
    for (name, settings) in [
        ("", nordmarkt(Look::Light)),
        ("-high-contrast", nordmarkt(Look::HighContrast)),
        ("-ar", in_language("ar")),
    ] {
        for (page, mut views) in pages(&settings) {
            if matches!(page, "reasons" | "comment") {
                views.push(View::StillThere(4));
                draw(&format!("{page}-still-there{name}"), &settings, SIZES[0], &views);
            }
        }
    }
    let settings = nordmarkt(Look::Light);
    for (page, mut views) in pages(&settings) {
        if matches!(page, "reasons" | "nps") {
            views.push(View::StillThere(4));
            for size in [SIZES[1], SIZES[2], SIZES[3]] {
                draw(&format!("{page}-still-there"), &settings, size, &views);
            }
        }
    }
}

/// Taps the element with this label, and waits for the end of its transition.
fn act(screen: &Screen, label: &str) {
    let mut found = ElementHandle::find_by_accessible_label(screen.component(), label);
    found.next().unwrap().invoke_accessible_default_action();
    for _ in 0..5 {
        mock_elapsed_time(Duration::from_millis(50));
    }
}

#[test]
fn the_page_comes_down_to_whoever_cannot_reach_it_and_goes_back_up() {
    for (name, settings) in
        [("", nordmarkt(Look::Light)), ("-high-contrast", nordmarkt(Look::HighContrast))]
    {
        for size in SIZES {
            let screen = screen(&settings);
            open(&screen, size, &[View::Ask(words(&settings))]);
            let snapshot = || screen.window().take_snapshot().unwrap();
            let raised = snapshot();
            act(&screen, "Lower the page");
            let lowered = snapshot();
            compare(
                &format!("ask-lowered{name}-{}x{}", size.0, size.1),
                size.0,
                size.1,
                lowered.as_bytes(),
            );
            // The next shopper finds the page where it belongs.
            for _ in 0..210 {
                mock_elapsed_time(Duration::from_millis(100));
            }
            assert!(snapshot().as_bytes() == raised.as_bytes(), "{size:?}: it stays lowered");
            screen.component().hide().unwrap();
        }
    }
}

#[test]
fn a_finger_that_rests_beside_everything_asks_for_more_time() {
    use slint::platform::{PointerEventButton, WindowEvent};
    let settings = nordmarkt(Look::Light);
    let (told, events) = std::sync::mpsc::channel();
    let screen = screen_telling(&settings, move |event| {
        let _ = told.send(format!("{event:?}"));
    });
    for (page, views) in pages(&settings) {
        if !matches!(page, "reasons" | "nps") {
            continue;
        }
        open(&screen, SIZES[0], &views);
        let (position, button) =
            (slint::LogicalPosition::new(4.0, 150.0), PointerEventButton::Left);
        for (rests_ms, told) in [(100, vec!["Touched"]), (900, vec!["Touched", "MoreTime"])] {
            screen.window().dispatch_event(WindowEvent::PointerPressed { position, button });
            for _ in 0..rests_ms / 50 {
                mock_elapsed_time(Duration::from_millis(50));
            }
            screen.window().dispatch_event(WindowEvent::PointerReleased { position, button });
            assert_eq!(events.try_iter().collect::<Vec<_>>(), told, "{page}, {rests_ms} ms");
        }
    }
    screen.component().hide().unwrap();
}

#[test]
fn reasons_of_ones_own_and_four_of_them() {
    let mut settings = nordmarkt(Look::Light);
    let mut parts = settings.survey.parts().clone();
    let words_of = |text: &str| parts_of(text);
    parts.reasons = [
        ("bakery".to_owned(), words_of("The bakery counter in the back")),
        ("parking".to_owned(), words_of("Parking")),
    ]
    .into();
    parts.questions[0].reasons =
        ["bakery", "parking", "staff", "quality"].map(str::to_owned).into();
    settings.survey = Survey::check(parts).unwrap();
    let words = words(&settings);
    let view = View::Follow { page: FollowUp::Reasons, is_happy: true, words: words.clone() };
    for size in [(800, 480), (480, 800)] {
        draw("reasons-own", &settings, size, &[View::Ask(words.clone()), view.clone()]);
    }
}

/// The same text in every language, as a head office in a hurry may write it.
fn parts_of(text: &str) -> smilepost::feedback::survey::ByLanguage {
    let survey = Survey::built_in(Scale::Five);
    survey.languages().map(|tag| (tag.to_owned(), text.to_owned())).collect()
}

#[test]
fn larger_words_and_none_at_all() {
    let mut settings = nordmarkt(Look::Light);
    settings.screen.text_size = 150;
    for (page, views) in pages(&settings) {
        draw(&format!("{page}-large"), &settings, SIZES[0], &views);
    }
    settings.screen.text_size = 100;
    settings.screen.has_words = false;
    draw("ask-wordless", &settings, SIZES[0], &[View::Ask(words(&settings))]);
}

#[test]
fn every_role_of_every_look_can_be_read_whatever_the_shops_own_colour_is() {
    let accents = ["#000000", "#ffffff", "#ffff00", "#ff0000", "#808080", "#1f5fd0"];
    let accents = accents.map(|accent| Some(Colour::parse(accent).unwrap()));
    for look in Look::ALL {
        for accent in [None].into_iter().chain(accents) {
            let mut settings = nordmarkt(look);
            settings.screen.accent = accent;
            let screen = screen(&settings);
            screen.show(View::Ask(words(&settings)));
            let contrasts = screen.contrasts();
            assert_eq!(contrasts.len(), 2 + 6 + 12, "words on grounds, and six faces");
            for (pair, ratio) in contrasts {
                // The edge of a disc is not text: WCAG 2.2 asks for a contrast of 3.
                let least = if pair.starts_with("edge") { 3.0 } else { look.contrast_min() };
                assert!(ratio >= least, "{look:?}, {accent:?}: {pair} is {ratio:.2} : 1");
            }
        }
    }
}
