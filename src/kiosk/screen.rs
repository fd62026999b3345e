//! The touchscreen: the only room that knows Slint.
//!
//! It shows a [`View`] and tells the attendant what was touched; what a touch means is decided
//! there. Rust sees only the globals that `ui/app.slint` exports (the two bridges and the theme),
//! never a component. Without a display the kiosk goes on without a screen, since buttons need
//! none.

mod appearance;
mod backend;
mod colour;
mod console;
mod contrast;
mod desk;
mod error;
pub mod fonts;
mod generated;
mod input;
pub mod keyboard;
mod keys;
mod model;
pub mod panel;
mod view;

use slint::{ComponentHandle as _, Global as _};

pub use self::appearance::is_picture;
pub use self::backend::{has_display, has_window_system};
pub use self::error::Error;
pub use self::fonts::{bring_fonts, bring_fonts_for, is_own_folder, look_for_fonts};
use self::generated::{AppWindow, Bridge, Stage, Theme};
use crate::kiosk::attendant::{Message, View};
use crate::kiosk::settings::Settings;

/// The window, on the thread that will run it.
pub struct Screen {
    window: AppWindow,
}

impl Screen {
    /// Opens the window; `tell` gets what is touched.
    ///
    /// # Errors
    /// When there is no display, or none that the program was built for.
    pub fn open(
        settings: &Settings,
        tell: impl Fn(Message) + Clone + 'static,
    ) -> Result<Self, Error> {
        let is_window = backend::choose()? && !settings.screen.is_fullscreen;
        let takes_keys = settings.screen.takes_keys.unwrap_or(is_window);
        if !takes_keys {
            console::deafen();
        }
        Self::with_keys(settings, tell, takes_keys)
    }

    /// Opens the window on whatever platform Slint has been given, as tests do.
    ///
    /// # Errors
    /// When the platform cannot make a window.
    pub fn on_this_platform(
        settings: &Settings,
        tell: impl Fn(Message) + Clone + 'static,
    ) -> Result<Self, Error> {
        Self::with_keys(settings, tell, settings.screen.takes_keys.unwrap_or(false))
    }

    fn with_keys(
        settings: &Settings,
        tell: impl Fn(Message) + Clone + 'static,
        takes_keys: bool,
    ) -> Result<Self, Error> {
        fonts::teach();
        // The last kiosk may have ended at night, and the panel's light stays as it was.
        panel::light(true);
        let window = AppWindow::new()?;
        appearance::set(&window, settings);
        let bridge = Bridge::get(&window);
        bridge.set_takes_keys(takes_keys);
        bridge.set_is_correctable(settings.pace.correction_ms > 0);
        bridge.set_stage(Stage::Ask);
        bridge.set_pressed(0);
        input::listen(&window, tell.clone());
        desk::input::listen(&window, tell);
        window.window().set_fullscreen(settings.screen.is_fullscreen);
        Ok(Self { window })
    }

    /// Shows a view, from the thread of the window.
    pub fn show(&self, view: View) {
        view::show(&self.window, &view);
    }

    /// A way to show a view from another thread.
    pub fn shower(&self) -> impl Fn(View) + Send + 'static {
        let window = self.window.as_weak();
        move |view| {
            // A screen that is closing shows nothing more.
            let _ = window.upgrade_in_event_loop(move |window| view::show(&window, &view));
        }
    }

    /// A way to close the window from another thread.
    pub fn closer(&self) -> impl Fn() + Send + 'static {
        || {
            // When the loop has ended already there is nothing to close.
            let _ = slint::quit_event_loop();
        }
    }

    /// Shows the window until it is closed.
    ///
    /// # Errors
    /// When the display fails.
    pub fn run(self) -> Result<(), Error> {
        Ok(self.window.run()?)
    }

    /// The window itself, for tests that look at its pixels.
    #[must_use]
    pub fn window(&self) -> &slint::Window {
        self.window.window()
    }

    /// The component, for tests that search it.
    #[must_use]
    pub const fn component(&self) -> &(impl slint::ComponentHandle + use<>) {
        &self.window
    }

    /// Calls `shown` after each view, on the thread of the window, before the next one can take its
    /// place: a test that listens misses no page, however short it is shown.
    pub fn on_shown(&self, shown: impl Fn() + 'static) {
        Bridge::get(&self.window).on_shown(shown);
    }

    /// Every pair of colours that must be told apart: its name, and its contrast ratio.
    #[must_use]
    pub fn contrasts(&self) -> Vec<(String, f64)> {
        contrast::pairs(&Theme::get(&self.window))
    }
}
