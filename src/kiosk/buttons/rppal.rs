//! Buttons on a Raspberry Pi, through rppal.
//!
//! The synchronous interrupts are used because they report a line that cannot be used; the
//! asynchronous ones fail silently. All pins are polled together, and each edge has a number per
//! line, which shows when one overwrote another.

use std::io::ErrorKind;
use std::time::Duration;

use rppal::gpio::{Gpio, InputPin, Level, OutputPin, Trigger};
use rppal::system::DeviceInfo;

use super::error::Error;
use super::lines::Lines;
use super::notice::Notice;
use super::output::{Output, Switch};
use crate::clock;
use crate::feedback::rating::Scale;
use crate::kiosk::settings::{Active, Buttons, Pull};

/// Whether this is a Raspberry Pi that rppal knows.
pub(super) fn knows_this_board() -> bool {
    DeviceInfo::new().is_ok()
}

/// Whether the registers of this board can be opened; no line is taken.
pub(super) fn probe() -> Result<String, Error> {
    let failed = |source: rppal::gpio::Error| Error::Driver {
        action: "open the GPIO of this board".to_owned(),
        source: Box::new(source),
    };
    Gpio::new().map_err(failed)?;
    Ok("the GPIO of this board can be opened".to_owned())
}

/// Takes the lines of the lamps and the buzzer; they are dark and silent until told otherwise.
pub(super) fn switch(settings: &Buttons) -> Result<Switch, Error> {
    let failed = |action: String| {
        move |source: rppal::gpio::Error| Error::Driver { action, source: Box::new(source) }
    };
    let gpio = Gpio::new().map_err(failed("open the GPIO of this board".to_owned()))?;
    let take = |line: u32| {
        let pin = gpio.get(u8::try_from(line).unwrap_or(u8::MAX));
        let pin = pin.map_err(failed(format!("take line {line} of a lamp or the buzzer")))?;
        Ok(pin.into_output_low())
    };
    let mut lamps: Vec<OutputPin> =
        settings.lamps.iter().map(|&line| take(line)).collect::<Result<_, Error>>()?;
    let mut buzzer = settings.buzzer.map(take).transpose()?;
    let mut alert = settings.alert_lamp.map(take).transpose()?;
    Ok(Box::new(move |output, is_on| {
        let pin = match output {
            Output::Lamp(lamp) => lamps.get_mut(lamp),
            Output::Buzzer => buzzer.as_mut(),
            Output::Alert => alert.as_mut(),
        };
        if let Some(pin) = pin {
            pin.write(if is_on { Level::High } else { Level::Low });
        }
    }))
}

pub(super) fn start(
    settings: &Buttons,
    scale: Scale,
    notice: impl Fn(Notice) + Send + 'static,
) -> Result<(), Error> {
    let failed = |action: String| {
        move |source: rppal::gpio::Error| Error::Driver { action, source: Box::new(source) }
    };
    let gpio = Gpio::new().map_err(failed("open the GPIO of this board".to_owned()))?;
    let debounce = Some(settings.debounce).filter(|&debounce| debounce > Duration::ZERO);
    let mut pins = Vec::new();
    for &line in &settings.lines {
        let busy = || failed(format!("take button line {line}"));
        // A number that does not fit is not a line of a Pi, and rppal says so.
        let pin = gpio.get(u8::try_from(line).unwrap_or(u8::MAX)).map_err(busy())?;
        let mut pin = match settings.pull {
            Pull::Up => pin.into_input_pullup(),
            Pull::Down => pin.into_input_pulldown(),
            Pull::Off => pin.into_input(),
        };
        // If this start fails because another kiosk runs, that kiosk's lines must keep their pull.
        pin.set_reset_on_drop(false);
        pin.set_interrupt(Trigger::Both, debounce).map_err(busy())?;
        pins.push(pin);
    }
    let active = match settings.active {
        Active::Low => Level::Low,
        Active::High => Level::High,
    };
    let is_active = move |pins: &[InputPin], line: u32| {
        pins.iter().any(|pin| u32::from(pin.pin()) == line && pin.read() == active)
    };
    let (mut lines, stuck) = Lines::new(&settings.lines, scale, |line| is_active(&pins, line));
    stuck.into_iter().for_each(&notice);
    let thread = std::thread::Builder::new().name("buttons".to_owned());
    let read = move || {
        let watched: Vec<&InputPin> = pins.iter().collect();
        loop {
            let patience = lines.patience_ms(clock::boot_ms()).map(Duration::from_millis);
            let (line, event) = match gpio.poll_interrupts(&watched, false, patience) {
                Ok(Some((pin, event))) => (u32::from(pin.pin()), event),
                Ok(None) => {
                    lines.overdue(clock::boot_ms()).into_iter().for_each(&notice);
                    continue;
                }
                // A signal interrupted the call, as when the unit is frozen; no edge was taken yet.
                Err(rppal::gpio::Error::Io(error)) if error.kind() == ErrorKind::Interrupted => {
                    continue;
                }
                Err(error) => {
                    tracing::error!(%error, "the buttons cannot be read any more");
                    notice(Notice::Broken);
                    return;
                }
            };
            let is_active = (event.trigger == Trigger::FallingEdge) == (active == Level::Low);
            let notices = lines.edge(line, is_active, event.seqno, clock::boot_ms());
            notices.into_iter().for_each(&notice);
        }
    };
    thread.spawn(read).map(drop).map_err(|source| Error::Driver {
        action: "start the buttons' thread".to_owned(),
        source: Box::new(source),
    })
}
