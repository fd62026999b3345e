//! The touchscreen: the only room that knows Slint.
//!
//! It shows a [`View`] and tells what was touched; what a touch means is not decided here. Where no
//! display can be had the kiosk goes on without one, since buttons need none.

pub mod colour;

use std::path::Path;

use slint::{ComponentHandle as _, Global as _, Model as _, ModelRc, VecModel};

use crate::feedback::rating::{Input, Scale};
use crate::feedback::survey;
use crate::feedback::visit::Press;
use crate::kiosk::attendant::{Event, View};
use crate::kiosk::settings::{Look, Settings};

use self::colour::Colour;
use self::generated::{AppWindow, Bridge, Choice, Look as Shown, Stage, Theme};

#[expect(
    unreachable_pub,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "Slint writes this code"
)]
mod generated {
    slint::include_modules!();
}

/// The font that the system is lent where it has none.
const FONT: &[u8] = include_bytes!("../../ui/assets/fonts/NotoSans-Regular.ttf");

/// Why there is no screen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program was built without one.
    #[error("this smilepost-kiosk was built without a screen: add --features desktop or board")]
    NotBuiltIn,
    /// Nothing to draw on was found.
    #[error("there is no display: no window system, and no graphics device under /dev/dri")]
    NoDisplay,
    /// Slint's own word.
    #[error("cannot open the screen")]
    Platform(#[from] slint::PlatformError),
}

/// The window, on the thread that will run it.
pub struct Screen {
    window: AppWindow,
}

impl Screen {
    /// Opens the window with the survey's words in it; `tell` gets what is touched.
    ///
    /// # Errors
    /// When there is no display, or none that the program was built for.
    pub fn open(
        settings: &Settings,
        tell: impl Fn(Event) + Clone + 'static,
    ) -> Result<Self, Error> {
        choose_backend()?;
        Self::on_this_platform(settings, tell)
    }

    /// Opens the window on whatever platform Slint has been given, as tests do.
    ///
    /// # Errors
    /// When the platform cannot make a window.
    pub fn on_this_platform(
        settings: &Settings,
        tell: impl Fn(Event) + Clone + 'static,
    ) -> Result<Self, Error> {
        let window = AppWindow::new()?;
        let language = &settings.language;
        let base = language.split('-').next().unwrap_or(language);
        if slint::select_bundled_translation(base).is_err() {
            tracing::warn!(language, "the screen's fixed texts are not in this language; English");
            // English is what the others are translated from, so it is always there.
            let _ = slint::select_bundled_translation("en");
        }
        dress(&window, settings.screen.look, settings.screen.accent);
        let bridge = Bridge::get(&window);
        bridge.set_brand(settings.brand.as_str().into());
        bridge.set_is_correctable(settings.pace.correction_ms > 0);
        let scale = settings.survey.scale();
        if let Some(texts) = settings.survey.texts(language) {
            bridge.set_question(texts.question.as_str().into());
            let choices = survey::faces_of(scale).iter().zip(&texts.faces);
            let choice =
                |(&face, word): (&u8, &String)| Choice { face: face.into(), word: word.into() };
            let choices: Vec<Choice> = choices.map(choice).collect();
            bridge.set_choices(ModelRc::new(VecModel::from(choices)));
        }
        bridge.set_stage(Stage::Ask);
        bridge.set_pressed(0);
        let touched = tell.clone();
        bridge.on_touched(move |value| press(scale, value, Input::Touch).map_or((), &touched));
        let keyed = tell.clone();
        bridge.on_keyed(move |value| press(scale, value, Input::Key).map_or((), &keyed));
        bridge.on_reconsidered(move || tell(Event::Reconsidered));
        window.window().set_fullscreen(settings.screen.is_fullscreen);
        Ok(Self { window })
    }

    /// Shows a view, from the thread of the window.
    pub fn show(&self, view: View) {
        show(&self.window, view);
    }

    /// A way to show a view from another thread.
    pub fn shower(&self) -> impl Fn(View) + Send + 'static {
        let window = self.window.as_weak();
        move |view| {
            // A screen that is closing needs nothing shown.
            let _ = window.upgrade_in_event_loop(move |window| show(&window, view));
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

    /// Every pair of colours that has to be told apart: what it is, and by how much.
    #[must_use]
    pub fn contrasts(&self) -> Vec<(String, f64)> {
        let theme = Theme::get(&self.window);
        let colour = |colour: slint::Color| of_slint(colour);
        let words = [
            ("ink", theme.get_ink()),
            ("muted", theme.get_muted()),
            ("accent", theme.get_accent()),
        ];
        let grounds = [("paper", theme.get_paper()), ("card", theme.get_card())];
        let mut contrasts = Vec::new();
        for (word, of) in words {
            for (ground, on) in grounds {
                contrasts.push((format!("{word} on {ground}"), colour(of).contrast(colour(on))));
            }
        }
        let feature = colour(theme.get_feature());
        let fills = theme.get_faces().iter().chain([theme.get_face_resting()]).collect::<Vec<_>>();
        for (face, fill) in fills.into_iter().enumerate() {
            contrasts.push((format!("features of face {face}"), feature.contrast(colour(fill))));
            // Where the fill is the paper, the ring is what is seen of the disc.
            let paper = colour(theme.get_paper());
            let edge = colour(fill).contrast(paper).max(feature.contrast(paper));
            contrasts.push((format!("edge of face {face}"), edge));
        }
        contrasts
    }

    /// The component, for tests that search it.
    #[must_use]
    pub const fn component(&self) -> &(impl slint::ComponentHandle + use<>) {
        &self.window
    }
}

/// Sets the look, and the shop's own accent as near to it as it can be read.
fn dress(window: &AppWindow, look: Look, accent: Option<Colour>) {
    let theme = Theme::get(window);
    theme.set_look(match look {
        Look::Light => Shown::Light,
        Look::Dark => Shown::Dark,
        Look::HighContrast => Shown::HighContrast,
        Look::HighContrastDark => Shown::HighContrastDark,
    });
    let Some(accent) = accent else {
        return;
    };
    let grounds = [theme.get_paper(), theme.get_card()].map(of_slint);
    let Colour { red, green, blue } =
        accent.readable_on(&grounds, of_slint(theme.get_ink()), look.contrast_min());
    theme.set_own_accent(slint::Color::from_rgb_u8(red, green, blue));
}

fn of_slint(colour: slint::Color) -> Colour {
    Colour { red: colour.red(), green: colour.green(), blue: colour.blue() }
}

fn show(window: &AppWindow, view: View) {
    let bridge = Bridge::get(window);
    match view {
        View::Ask => {
            bridge.set_pressed(0);
            bridge.set_stage(Stage::Ask);
        }
        View::Pressed(score) => {
            bridge.set_pressed(score.value().into());
            bridge.set_stage(Stage::Ask);
        }
        View::Thanks => bridge.set_stage(Stage::Thanks),
        View::Rest => bridge.set_stage(Stage::Rest),
    }
}

/// The event of a face, if the scale has it: a key 5 means nothing where there are three faces.
fn press(scale: Scale, value: i32, input: Input) -> Option<Event> {
    let score = scale.score(u8::try_from(value).ok()?).ok()?;
    Some(Event::Pressed(Press { score, input }))
}

/// Sees to it that the font system finds a font: ours, where the system has none.
///
/// Slint's font system panics where fontconfig is installed without a single font. The font is
/// laid into `folder`, and fontconfig is pointed at it. To be called before any other thread is
/// started, since it may set an environment variable.
///
/// # Errors
/// When the folder cannot be written.
pub fn bring_fonts(folder: &Path) -> std::io::Result<()> {
    const PLACES: [&str; 3] =
        ["/usr/share/fonts", "/usr/local/share/fonts", "/usr/share/X11/fonts"];
    let is_set = std::env::var_os("FONTCONFIG_FILE").is_some();
    if is_set || PLACES.iter().any(|place| has_font(Path::new(place))) {
        return Ok(());
    }
    let folder = folder.join("fonts");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("NotoSans-Regular.ttf"), FONT)?;
    let configuration = folder.join("fonts.conf");
    let text = format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">\n<fontconfig>\n\
         <dir>{0}</dir>\n<cachedir>{0}</cachedir>\n</fontconfig>\n",
        folder.display()
    );
    std::fs::write(&configuration, text)?;
    #[expect(unsafe_code, reason = "no other thread is there yet to read the environment")]
    // SAFETY: the caller has started no thread, as the documentation asks.
    unsafe {
        std::env::set_var("FONTCONFIG_FILE", configuration);
    }
    Ok(())
}

/// Whether there is a font anywhere in a folder.
fn has_font(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let path = entry.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        path.is_dir() && has_font(&path)
            || ending.is_some_and(|ending| ["ttf", "otf", "ttc", "pfb"].contains(&ending))
    })
}

/// Whether there is a display that this program was built for.
#[must_use]
pub fn has_display() -> bool {
    find_backend().is_ok()
}

fn choose_backend() -> Result<(), Error> {
    // A selector that is dropped unused panics where there is no display, so it comes second.
    let backend = find_backend()?;
    let selector = slint::BackendSelector::new().backend_name(backend.to_owned());
    Ok(selector.renderer_name("software".to_owned()).select()?)
}

/// Finds the window system at a desk, or the bare graphics device on a board.
///
/// Slint panics where it finds neither, so both are looked for first.
fn find_backend() -> Result<&'static str, Error> {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let has_windows = is_set("WAYLAND_DISPLAY") || is_set("WAYLAND_SOCKET") || is_set("DISPLAY");
    let has_device = Path::new("/dev/dri").exists() || Path::new("/dev/fb0").exists();
    if cfg!(feature = "desktop") && has_windows {
        Ok("winit")
    } else if cfg!(feature = "board") && has_device {
        Ok("linuxkms")
    } else if cfg!(any(feature = "desktop", feature = "board")) {
        Err(Error::NoDisplay)
    } else {
        Err(Error::NotBuiltIn)
    }
}
