//! The physical smiley buttons: the only room that touches GPIO.
//!
//! A driver reports levels and edges; one piece of logic decides what is a press. A line that is
//! active when the kiosk starts is a stuck or shorted button: it is reported and ignored until it
//! is released. Missing buttons never stop the kiosk from starting: the log names the problem, and
//! the screen's faces and the keyboard go on working.

mod error;
#[cfg(feature = "board")]
mod gpiocdev;
mod lamps;
#[cfg(any(feature = "board", test))]
mod lines;
mod notice;
mod output;
#[cfg(feature = "board")]
mod rppal;
mod script;

use std::thread::JoinHandle;

pub use self::error::Error;
pub use self::lamps::{Lamps, Signal};
pub use self::notice::Notice;
use self::output::Switch;
use crate::feedback::rating::Scale;
use crate::kiosk::settings::{Buttons, Driver};

/// Starts the configured driver on threads of its own; `notice` gets what the buttons tell.
///
/// Returns the driver that was chosen, for the log.
///
/// # Errors
/// When the configured buttons cannot be used; the kiosk goes on without.
pub fn start(
    settings: &Buttons,
    scale: Scale,
    notice: impl Fn(Notice) + Send + 'static,
) -> Result<Driver, Error> {
    let driver = match settings.driver {
        Driver::Auto => choose(settings),
        chosen => chosen,
    };
    match driver {
        Driver::Auto | Driver::None => {}
        // Which faces there are may change while it runs; the attendant knows.
        Driver::Script => script::start(settings, scale.max(Scale::Five), notice)?,
        #[cfg(feature = "board")]
        Driver::Rppal => rppal::start(settings, scale, notice)?,
        #[cfg(feature = "board")]
        Driver::Gpiocdev => gpiocdev::start(settings, scale, notice)?,
        #[cfg(not(feature = "board"))]
        Driver::Rppal | Driver::Gpiocdev => return Err(Error::NotBuiltIn),
    }
    Ok(driver)
}

/// Looks for the configured buttons without taking them: a kiosk may read them. Returns what was
/// found, in words.
///
/// # Errors
/// When they could not be read.
pub fn probe(settings: &Buttons) -> Result<String, Error> {
    match settings.driver {
        Driver::Script => script::probe(settings),
        Driver::None => Ok("switched off".to_owned()),
        #[cfg(not(feature = "board"))]
        Driver::Auto | Driver::Rppal | Driver::Gpiocdev => Err(Error::NotBuiltIn),
        #[cfg(feature = "board")]
        Driver::Auto if rppal::knows_this_board() => rppal::probe(),
        #[cfg(feature = "board")]
        Driver::Auto if settings.chip.is_none() => Err(Error::UnknownBoard),
        #[cfg(feature = "board")]
        Driver::Rppal => rppal::probe(),
        #[cfg(feature = "board")]
        Driver::Auto | Driver::Gpiocdev => gpiocdev::probe(settings),
    }
}

/// Starts the configured lamps and the buzzer, if any, on a thread of their own, which switches
/// them off when the last handle is dropped.
///
/// # Errors
/// When a configured line cannot be used.
pub fn start_lamps(
    settings: &Buttons,
    driver: Driver,
) -> Result<(Lamps, Option<JoinHandle<()>>), Error> {
    let others = [settings.buzzer, settings.alert_lamp];
    let is_wired = !settings.lamps.is_empty() || others.iter().any(Option::is_some);
    // A post without buttons may still have a buzzer.
    let driver = match driver {
        Driver::None | Driver::Auto if is_wired => on_this_board(settings),
        driver => driver,
    };
    let switch: Switch = match driver {
        Driver::Script if settings.script_lamps.is_some() => script::switch(settings)?,
        #[cfg(feature = "board")]
        Driver::Rppal if is_wired => rppal::switch(settings)?,
        #[cfg(feature = "board")]
        Driver::Gpiocdev if is_wired => gpiocdev::switch(settings)?,
        _ if is_wired => return Err(Error::NotBuiltIn),
        _ => return Ok((Lamps::default(), None)),
    };
    let lamps = if is_wired { settings.lamps.len() } else { settings.lines.len() };
    let (lamps, thread) = Lamps::start(lamps, switch)?;
    Ok((lamps, Some(thread)))
}

fn choose(settings: &Buttons) -> Driver {
    if settings.lines.is_empty() {
        tracing::info!("no button lines are configured; going on without buttons");
        return Driver::None;
    }
    on_this_board(settings)
}

/// The driver of this board.
fn on_this_board(settings: &Buttons) -> Driver {
    #[cfg(feature = "board")]
    if rppal::knows_this_board() {
        return Driver::Rppal;
    }
    if settings.chip.is_some() {
        return Driver::Gpiocdev;
    }
    tracing::warn!("no known Raspberry Pi, and buttons.chip is not set; going on without GPIO");
    Driver::None
}
