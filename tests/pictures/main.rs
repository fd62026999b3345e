//! Golden pictures: every page at every size, pixel for pixel.
//!
//! The fonts are ours and the renderer is software, so the pictures are the same on every machine.
//! After a change that is meant, run with `SMILEPOST_BLESS=1` and look at each picture before it is
//! committed.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use i_slint_backend_testing::{TestingBackend, TestingBackendOptions, mock_elapsed_time};
use slint::{ComponentHandle as _, PhysicalSize};
use smilepost::feedback::rating::Scale;
use smilepost::feedback::survey::Survey;
use smilepost::kiosk::attendant::View;
use smilepost::kiosk::screen::{Screen, bring_fonts};
use smilepost::kiosk::settings::Settings;

const SIZES: [(u32, u32); 4] = [(800, 480), (480, 800), (1280, 720), (1920, 1080)];

/// Where the system has no font, every test waits for ours before it draws.
static FONTS: Once = Once::new();

/// Renders a view and compares it with its golden picture.
fn check(name: &str, language: &str, scale: Scale, (width, height): (u32, u32), view: View) {
    let options = TestingBackendOptions {
        mock_time: true,
        threading: false,
        renderer_name: Some("software".into()),
    };
    FONTS.call_once(|| bring_fonts(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap());
    // The first picture of a test sets the platform of its thread; the others find it set.
    let _ = slint::platform::set_platform(Box::new(TestingBackend::new(options)));
    let mut settings = Settings::plain(Path::new("/nowhere"));
    settings.brand = "Nordmarkt".to_owned();
    settings.language = language.to_owned();
    settings.survey = Survey::built_in(scale);
    let screen = Screen::on_this_platform(&settings, |_| {}).unwrap();
    screen.window().set_size(PhysicalSize::new(width, height));
    screen.component().show().unwrap();
    screen.show(view);
    // Past every transition.
    for _ in 0..10 {
        mock_elapsed_time(Duration::from_millis(50));
    }
    let pixels = screen.window().take_snapshot().unwrap();
    assert_eq!((pixels.width(), pixels.height()), (width, height));
    compare(&format!("{name}-{width}x{height}"), width, height, pixels.as_bytes());
    screen.component().hide().unwrap();
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
