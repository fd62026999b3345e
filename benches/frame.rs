//! How long a press takes to become pixels, with the software renderer on one core: the face that
//! grows while the others fade, and the thank-you that comes after it. And how often an idle screen
//! draws.
//!
//! `cargo bench --bench frame [-- WIDTH HEIGHT]`; on a board `taskset -c 0` keeps it on one core.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures and fails by panicking"
)]

use std::path::Path;
use std::rc::Rc;

use slint::platform::software_renderer::{MinimalSoftwareWindow, RepaintBufferType};
use slint::platform::{Platform, WindowAdapter, update_timers_and_animations};
use slint::{ComponentHandle as _, PhysicalSize, PlatformError, Rgb8Pixel};
use smilepost::feedback::rating::Scale;
use smilepost::kiosk::attendant::View;
use smilepost::kiosk::display::Display;
use smilepost::kiosk::screen::{Screen, bring_fonts};
use smilepost::kiosk::settings::Settings;
use smilepost::kiosk::sound::Sound;

const ROUNDS: usize = 500;

#[expect(clippy::disallowed_methods, reason = "a bench reads the time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// A platform with one window in memory and a clock of its own.
struct Memory {
    window: Rc<MinimalSoftwareWindow>,
    start: std::time::Instant,
}

impl Platform for Memory {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(self.window.clone())
    }

    fn duration_since_start(&self) -> std::time::Duration {
        self.start.elapsed()
    }
}

struct Canvas {
    window: Rc<MinimalSoftwareWindow>,
    pixels: Vec<Rgb8Pixel>,
    width: usize,
}

impl Canvas {
    /// Draws what has changed and says how long that took, in milliseconds; none if nothing has.
    fn draw(&mut self) -> Option<f64> {
        let begun = now();
        update_timers_and_animations();
        let Self { window, pixels, width } = self;
        let has_drawn = window.draw_if_needed(|renderer| {
            renderer.render(pixels, *width);
        });
        has_drawn.then(|| begun.elapsed().as_secs_f64() * 1_000.0)
    }

    /// Draws until nothing moves any more; returns the longest frame, in milliseconds.
    fn settle(&mut self) -> f64 {
        let mut longest = 0.0;
        loop {
            let drawn = self.draw();
            longest = drawn.unwrap_or(0.0_f64).max(longest);
            if drawn.is_none() && !self.window.has_active_animations() {
                return longest;
            }
        }
    }
}

fn report(name: &str, mut ms: Vec<f64>) {
    ms.sort_by(f64::total_cmp);
    let at = |share: f64| ms.get(((ms.len() - 1) as f64 * share) as usize).copied().unwrap_or(0.0);
    let (median, p99, most) = (at(0.5), at(0.99), at(1.0));
    println!("{name:<34} median {median:6.2} ms   p99 {p99:6.2} ms   most {most:6.2} ms");
}

fn main() {
    let sides: Vec<u32> = std::env::args().filter_map(|side| side.parse().ok()).collect();
    let (width, height) = match sides[..] {
        [width, height, ..] => (width, height),
        _ => (1280, 720),
    };
    bring_fonts(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    let window = MinimalSoftwareWindow::new(RepaintBufferType::ReusedBuffer);
    let memory = Memory { window: window.clone(), start: now() };
    slint::platform::set_platform(Box::new(memory)).unwrap();
    let mut settings = Settings::plain(Path::new("/nowhere"));
    settings.brand = "Nordmarkt".to_owned();
    let screen = Screen::on_this_platform(&settings, |_| {}).unwrap();
    window.set_size(PhysicalSize::new(width, height));
    screen.component().show().unwrap();
    let width = usize::try_from(width).unwrap();
    let size = width * usize::try_from(height).unwrap();
    let mut canvas = Canvas { window, pixels: vec![Rgb8Pixel::default(); size], width };
    println!("{} x {height}; first frame {:.1} ms", width, canvas.settle());

    let (zone, survey) = (Some(smilepost::feedback::zone::Zone::utc()), settings.survey.clone());
    let mut asked = Display::new(&settings, zone, "", survey, |_, _| true, Sound::default(), None);
    let ask = View::Ask(asked.words(None));
    screen.show(ask.clone());
    canvas.settle();
    let (mut pressed, mut thanks) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let value = u8::try_from(round % 5 + 1).unwrap();
        screen.show(View::Pressed(Scale::Five.score(value).unwrap()));
        pressed.push(canvas.draw().unwrap());
        screen.show(View::Thanks(false));
        thanks.push(canvas.settle());
        screen.show(ask.clone());
        canvas.settle();
    }
    report("press to the pressed face", pressed);
    report("longest frame of the thank-you", thanks);
    let idle = (0..10_000).filter(|_| canvas.draw().is_some()).count();
    println!("frames drawn while idle: {idle} of 10000 chances");
}
