//! Golden pictures: every page at every size, pixel for pixel.
//!
//! The fonts are ours and the renderer is software, so the pictures are the same on every machine.
//! After a change that is meant, run with `SMILEPOST_BLESS=1` and look at each picture before it is
//! committed.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod colour_blind;
mod languages;

use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use i_slint_backend_testing::{TestingBackend, TestingBackendOptions, mock_elapsed_time};
use slint::{ComponentHandle as _, PhysicalSize};
use smilepost::feedback::rating::Scale;
use smilepost::feedback::survey::Survey;
use smilepost::kiosk::attendant::View;
use smilepost::kiosk::screen::colour::Colour;
use smilepost::kiosk::screen::{Screen, bring_fonts};
use smilepost::kiosk::settings::{Look, Settings};

const SIZES: [(u32, u32); 4] = [(800, 480), (480, 800), (1280, 720), (1920, 1080)];

/// Where the system has no font, every test waits for ours before it draws.
static FONTS: Once = Once::new();

/// A kiosk's screen as the settings make it, without a display.
fn screen(settings: &Settings) -> Screen {
    let options = TestingBackendOptions {
        mock_time: true,
        threading: false,
        renderer_name: Some("software".into()),
    };
    FONTS.call_once(|| bring_fonts(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap());
    // The first picture of a test sets the platform of its thread; the others find it set.
    let _ = slint::platform::set_platform(Box::new(TestingBackend::new(options)));
    Screen::on_this_platform(settings, |_| {}).unwrap()
}

fn nordmarkt(look: Look) -> Settings {
    let mut settings = Settings::plain(Path::new("/nowhere"));
    settings.brand = "Nordmarkt".to_owned();
    settings.screen.look = look;
    settings
}

/// Renders a view in the usual look and compares it with its golden picture.
fn check(name: &str, language: &str, scale: Scale, size: (u32, u32), view: View) {
    let mut settings = nordmarkt(Look::Light);
    settings.language = language.to_owned();
    settings.survey = Survey::built_in(scale);
    draw(name, &settings, size, view);
}

/// Renders a view and compares it with its golden picture.
fn draw(name: &str, settings: &Settings, (width, height): (u32, u32), view: View) {
    let screen = screen(settings);
    open(&screen, (width, height), view);
    let pixels = screen.window().take_snapshot().unwrap();
    assert_eq!((pixels.width(), pixels.height()), (width, height));
    compare(&format!("{name}-{width}x{height}"), width, height, pixels.as_bytes());
    screen.component().hide().unwrap();
}

/// Shows a view in a window of this size, past every transition.
fn open(screen: &Screen, (width, height): (u32, u32), view: View) {
    screen.window().set_size(PhysicalSize::new(width, height));
    screen.component().show().unwrap();
    screen.show(view);
    for _ in 0..10 {
        mock_elapsed_time(Duration::from_millis(50));
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

#[test]
fn the_question() {
    for size in SIZES {
        check("ask", "en", Scale::Five, size, View::Ask);
    }
    check("ask", "en", Scale::Five, (480, 320), View::Ask);
}

#[test]
fn the_question_with_fewer_faces() {
    for size in [(800, 480), (480, 800)] {
        check("ask-three", "en", Scale::Three, size, View::Ask);
        check("ask-four", "en", Scale::Four, size, View::Ask);
    }
}

#[test]
fn the_question_in_every_language_of_the_built_in_survey() {
    for language in Survey::built_in(Scale::Five).languages().filter(|&tag| tag != "en") {
        for size in [(800, 480), (480, 800)] {
            check(&format!("ask-{language}"), language, Scale::Five, size, View::Ask);
        }
    }
}

#[test]
fn a_pressed_face() {
    for size in SIZES {
        let good = Scale::Five.score(4).unwrap();
        check("pressed", "en", Scale::Five, size, View::Pressed(good));
    }
}

#[test]
fn the_thank_you() {
    for size in SIZES {
        check("thanks", "en", Scale::Five, size, View::Thanks);
    }
    for language in Survey::built_in(Scale::Five).languages().filter(|&tag| tag != "en") {
        check(&format!("thanks-{language}"), language, Scale::Five, (480, 800), View::Thanks);
    }
}

#[test]
fn the_post_that_rests() {
    for size in SIZES {
        check("rest", "en", Scale::Five, size, View::Rest);
    }
}

#[test]
fn every_page_in_every_look() {
    let good = Scale::Five.score(4).unwrap();
    let views = [
        ("ask", View::Ask),
        ("pressed", View::Pressed(good)),
        ("thanks", View::Thanks),
        ("rest", View::Rest),
    ];
    let looks = [
        ("dark", Look::Dark, &SIZES[..1]),
        ("high-contrast", Look::HighContrast, &SIZES[..]),
        ("high-contrast-dark", Look::HighContrastDark, &SIZES[..1]),
    ];
    for (name, look, sizes) in looks {
        for (page, view) in views {
            for size in sizes {
                draw(&format!("{page}-{name}"), &nordmarkt(look), *size, view);
            }
        }
    }
}

#[test]
fn every_role_of_every_look_can_be_read_whatever_the_shops_own_colour_is() {
    let accents = ["#000000", "#ffffff", "#ffff00", "#ff0000", "#808080", "#1f5fd0"];
    let accents = accents.map(|accent| Some(Colour::parse(accent).unwrap()));
    for look in Look::ALL {
        for accent in [None].into_iter().chain(accents) {
            let mut settings = nordmarkt(look);
            settings.screen.accent = accent;
            let contrasts = screen(&settings).contrasts();
            assert_eq!(contrasts.len(), 6 + 12, "words on grounds, and six faces");
            for (pair, ratio) in contrasts {
                // The edge of a disc is no text: WCAG 2.2 asks for 3 of it.
                let least = if pair.starts_with("edge") { 3.0 } else { look.contrast_min() };
                assert!(ratio >= least, "{look:?}, {accent:?}: {pair} is {ratio:.2} : 1");
            }
        }
    }
}
