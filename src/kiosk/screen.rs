//! The touchscreen: the only room that knows Slint.
//!
//! It shows a [`View`] and tells what was touched; what a touch means is not decided here. Where no
//! display can be had the kiosk goes on without one, since buttons need none.

mod desk;
pub mod fonts;
pub mod keyboard;
pub mod panel;

use std::path::Path;

use slint::{ComponentHandle as _, Global as _, Model as _, ModelRc, VecModel};

pub use self::fonts::bring_fonts;
use self::generated::{
    AppWindow, Attending as Drawn, Bridge, Choice, Look as Shown, Reason, Stage, Theme,
};
use crate::feedback::answer::{FollowUp, Reply};
use crate::feedback::colour::Colour;
use crate::feedback::rating::Input;
use crate::feedback::survey::base;
use crate::feedback::visit::Attending;
use crate::kiosk::attendant::{Event, View};
use crate::kiosk::display::{DisplayTexts, is_from_the_right};
use crate::kiosk::settings::{Look, Settings};

/// The least size of what a finger is to hit, in millimetres.
const TOUCH_MM: f32 = 20.0;

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
    /// Opens the window; `tell` gets what is touched.
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
        fonts::teach();
        // The last kiosk may have ended by night, and the light behind the panel stays as it was.
        panel::light(true);
        let window = AppWindow::new()?;
        dress(&window, settings);
        let bridge = Bridge::get(&window);
        bridge.set_is_correctable(settings.pace.correction_ms > 0);
        bridge.set_stage(Stage::Ask);
        bridge.set_pressed(0);
        listen(&window, tell);
        window.window().set_fullscreen(settings.screen.is_fullscreen);
        Ok(Self { window })
    }

    /// Shows a view, from the thread of the window.
    pub fn show(&self, view: View) {
        show(&self.window, &view);
    }

    /// A way to show a view from another thread.
    pub fn shower(&self) -> impl Fn(View) + Send + 'static {
        let window = self.window.as_weak();
        move |view| {
            // A screen that is closing needs nothing shown.
            let _ = window.upgrade_in_event_loop(move |window| show(&window, &view));
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
        let on_finger = colour(theme.get_finger_ink()).contrast(colour(theme.get_finger()));
        let on_filled = colour(theme.get_paper()).contrast(colour(theme.get_ink()));
        let words = [
            ("ink", theme.get_ink()),
            ("muted", theme.get_muted()),
            ("accent", theme.get_accent()),
        ];
        let grounds = [("paper", theme.get_paper()), ("card", theme.get_card())];
        let mut contrasts = vec![
            ("words under a finger".to_owned(), on_finger),
            ("words on a filled pill".to_owned(), on_filled),
        ];
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

/// Sets everything that stays as it is while the kiosk lives.
fn dress(window: &AppWindow, settings: &Settings) {
    let (theme, bridge, screen) = (Theme::get(window), Bridge::get(window), &settings.screen);
    theme.set_look(match screen.look {
        Look::Light => Shown::Light,
        Look::Dark => Shown::Dark,
        Look::HighContrast => Shown::HighContrast,
        Look::HighContrastDark => Shown::HighContrastDark,
    });
    theme.set_contrast_min(screen.look.contrast_min() as f32);
    theme.set_text_size(f32::from(screen.text_size) / 100.0);
    theme.set_is_still(screen.is_still);
    theme.set_is_shifted(screen.is_shifted);
    if let Some(dpi) = screen.dpi.or_else(panel::dpi) {
        theme.set_touch(TOUCH_MM / 25.4 * dpi / window.window().scale_factor());
    }
    bridge.set_has_words(screen.has_words);
    if let Some(file) = &screen.logo {
        match load(file) {
            Some(logo) => {
                bridge.set_logo(logo);
                bridge.set_has_logo(true);
            }
            None => {
                let file = file.display();
                tracing::error!(%file, "the logo cannot be read; the mark stands in its place");
            }
        }
    }
}

/// Reads a picture. The decoders come with the window systems, so a kiosk without one has none.
#[cfg(any(feature = "desktop", feature = "board"))]
fn load(picture: &Path) -> Option<slint::Image> {
    slint::Image::load_from_path(picture).ok()
}

#[cfg(not(any(feature = "desktop", feature = "board")))]
fn load(_picture: &Path) -> Option<slint::Image> {
    None
}

/// Hands on what is touched.
fn listen(window: &AppWindow, tell: impl Fn(Event) + Clone + 'static) {
    let bridge = Bridge::get(window);
    let place = |value: i32| u8::try_from(value).ok();
    let face = move |value, input| place(value).map(|value| Event::Face(value, input));
    let touched = tell.clone();
    bridge.on_touched(move |value| face(value, Input::Touch).map_or((), &touched));
    let keyed = tell.clone();
    bridge.on_keyed(move |value| face(value, Input::Key).map_or((), &keyed));
    let reconsidered = tell.clone();
    bridge.on_reconsidered(move || reconsidered(Event::Reconsidered));
    let chose = tell.clone();
    bridge.on_chose(move |at| place(at).map(Event::Chose).map_or((), &chose));
    let stirred = tell.clone();
    bridge.on_stirred(move || stirred(Event::Touched));
    let asked_for_time = tell.clone();
    bridge.on_asked_for_time(move || asked_for_time(Event::MoreTime));
    let asked_for_help = tell.clone();
    bridge.on_asked_for_help(move || asked_for_help(Event::AskedForHelp));
    let left = tell.clone();
    bridge.on_left(move || left(Event::Left));
    let asked_to_hear = tell.clone();
    bridge.on_asked_to_hear(move || asked_to_hear(Event::Speak));

    desk::listen(window, tell.clone());

    let (reasoned, of) = (tell.clone(), window.as_weak());
    bridge.on_reasoned(move |at| {
        let reasons = of.upgrade().map(|window| Bridge::get(&window).get_reasons());
        let reason = reasons.zip(usize::try_from(at).ok());
        if let Some(reason) = reason.and_then(|(reasons, at)| reasons.row_data(at)) {
            reasoned(Event::Answered(FollowUp::Reasons, Reply::Reason(reason.id.into())));
        }
    });
    let scored = tell.clone();
    bridge.on_scored(move |score| {
        if let Some(score) = place(score) {
            scored(Event::Answered(FollowUp::Nps, Reply::Nps(score)));
        }
    });
    let (typed, of) = (tell.clone(), window.as_weak());
    bridge.on_typed(move |key| {
        if let Some(window) = of.upgrade() {
            let bridge = Bridge::get(&window);
            let text = keyboard::press(bridge.get_comment().into(), &key, &bridge.get_tag());
            bridge.set_comment(text.into());
        }
        typed(Event::Touched);
    });
    let (commented, of) = (tell.clone(), window.as_weak());
    bridge.on_commented(move || {
        let text = of.upgrade().map(|window| Bridge::get(&window).get_comment());
        let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        // Nothing written and sent is as good as skipped.
        let reply = text.map_or(Reply::Skipped, Reply::Comment);
        commented(Event::Answered(FollowUp::Comment, reply));
    });
    let of = window.as_weak();
    bridge.on_skipped(move || {
        let stage = of.upgrade().map(|window| Bridge::get(&window).get_stage());
        let page = match stage {
            Some(Stage::Reasons) => FollowUp::Reasons,
            Some(Stage::Nps) => FollowUp::Nps,
            Some(Stage::Comment) => FollowUp::Comment,
            _ => return,
        };
        tell(Event::Answered(page, Reply::Skipped));
    });
}

/// Prints words, in their language and its direction.
fn print(window: &AppWindow, words: &DisplayTexts) {
    let bridge = Bridge::get(window);
    let (language, of) = (words.language.as_str(), base(&words.language));
    if slint::select_bundled_translation(of).is_err() {
        tracing::debug!(language, "the screen's fixed texts are not in this language; English");
        // English is what the others are translated from, so it is always there.
        let _ = slint::select_bundled_translation("en");
    }
    bridge.set_tag(language.into());
    bridge.set_is_rtl(is_from_the_right(language));
    bridge.set_brand(words.brand.as_str().into());
    bridge.set_question(words.question.as_str().into());
    let face = |(face, word): &(u8, String)| Choice { face: (*face).into(), word: word.into() };
    let choices = words.faces.iter().map(face).collect();
    keep_or_set(&bridge.get_choices(), choices, |model| bridge.set_choices(model));
    let languages = words.languages.iter().map(slint::SharedString::from).collect();
    keep_or_set(&bridge.get_languages(), languages, |model| bridge.set_languages(model));
    bridge.set_language(i32::try_from(words.chosen).unwrap_or(0));
    bridge.set_is_spoken(words.is_spoken);
    let notice = words.notice.clone().unwrap_or_default();
    bridge.set_has_notice(words.notice.is_some());
    bridge.set_said(notice.said.into());
    bridge.set_did(notice.did.into());
    bridge.set_since(notice.since.into());
    let theme = Theme::get(window);
    let none = slint::Color::from_argb_u8(0, 0, 0, 0);
    let own = words.accent.map_or(none, |accent| {
        let grounds = [theme.get_paper(), theme.get_card()].map(of_slint);
        let least = f64::from(theme.get_contrast_min());
        let Colour { red, green, blue } =
            accent.readable_on(&grounds, of_slint(theme.get_ink()), least);
        slint::Color::from_rgb_u8(red, green, blue)
    });
    theme.set_own_accent(own);
}

/// Sets a list unless it is there already, so that nothing is drawn anew for nothing.
fn keep_or_set<T: Clone + PartialEq + 'static>(
    present: &ModelRc<T>,
    list: Vec<T>,
    set: impl FnOnce(ModelRc<T>),
) {
    if !present.iter().eq(list.iter().cloned()) {
        set(ModelRc::new(VecModel::from(list)));
    }
}

fn of_slint(colour: slint::Color) -> Colour {
    Colour { red: colour.red(), green: colour.green(), blue: colour.blue() }
}

fn show(window: &AppWindow, view: &View) {
    let bridge = Bridge::get(window);
    if let View::Alert(is_raised) = view {
        bridge.set_has_alert(*is_raised);
        return;
    }
    if bridge.get_stage() == Stage::Dark && *view != View::Dark {
        panel::light(true);
    }
    if bridge.get_stage() == Stage::Desk && !matches!(view, View::Desk(_)) {
        desk::clear(window);
    }
    bridge.set_still_there(match view {
        View::StillThere(seconds) => (*seconds).into(),
        _ => 0,
    });
    match view {
        View::Ask(words) => {
            print(window, words);
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
        View::Invite(words) => {
            print(window, words);
            bridge.set_stage(Stage::Invite);
        }
        View::Follow { page, is_happy, words } => follow(&bridge, *page, *is_happy, words),
        View::StillThere(_) | View::Alert(_) => {}
        View::Thanks(offers_help) => {
            bridge.set_is_help_offered(*offers_help);
            bridge.set_stage(Stage::Thanks);
        }
        View::Attend(what) => {
            bridge.set_attending(match what {
                Attending::Asked => Drawn::Asked,
                Attending::Coming => Drawn::Coming,
                Attending::Nobody => Drawn::Nobody,
            });
            bridge.set_stage(Stage::Attend);
        }
        View::Desk(sheet) => {
            desk::lay(window, sheet);
            bridge.set_stage(Stage::Desk);
        }
        View::Rest => bridge.set_stage(Stage::Rest),
        View::Close => bridge.set_stage(Stage::Closed),
        View::Dark => {
            bridge.set_stage(Stage::Dark);
            panel::light(false);
        }
    }
}

fn follow(bridge: &Bridge<'_>, page: FollowUp, is_happy: bool, words: &DisplayTexts) {
    let reasons = if is_happy { &words.happy } else { &words.unhappy };
    let (title, stage) = match page {
        FollowUp::Reasons => (&reasons.title, Stage::Reasons),
        FollowUp::Nps => (&words.nps, Stage::Nps),
        FollowUp::Comment => (&words.comment, Stage::Comment),
    };
    let reason = |(id, icon, word): &(String, usize, String)| Reason {
        id: id.into(),
        icon: i32::try_from(*icon).unwrap_or(i32::MAX),
        word: word.into(),
    };
    let list = reasons.list.iter().map(reason).collect();
    keep_or_set(&bridge.get_reasons(), list, |model| bridge.set_reasons(model));
    if page == FollowUp::Comment {
        lay_keys(bridge);
    }
    // What was pressed is not to be seen again under the thank-you.
    bridge.set_pressed(0);
    bridge.set_is_happy(is_happy);
    bridge.set_follow_up(title.as_str().into());
    bridge.set_stage(stage);
}

/// Lays out the keyboard of the present language, with nothing written.
fn lay_keys(bridge: &Bridge<'_>) {
    let tag = bridge.get_tag();
    let row = |row: Vec<String>| {
        let keys: Vec<slint::SharedString> = row.into_iter().map(Into::into).collect();
        ModelRc::new(VecModel::from(keys))
    };
    let rows: Vec<ModelRc<_>> = keyboard::rows(&tag).into_iter().map(row).collect();
    bridge.set_keys(ModelRc::new(VecModel::from(rows)));
    let (comma, full_stop) = keyboard::points(&tag);
    bridge.set_comma(comma.into());
    bridge.set_full_stop(full_stop.into());
    bridge.set_comment("".into());
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
