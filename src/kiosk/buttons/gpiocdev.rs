//! Buttons on any Linux board, through the kernel's GPIO character device.
//!
//! The kernel debounces, numbers the edges, and buffers them while we are busy; a gap in the
//! numbers means that the buffer was too small. Chips are found by label, since their numbers have
//! moved between kernels.

use std::time::Duration;

use gpiocdev::Request;
use gpiocdev::chip::{Chip, chips};
use gpiocdev::line::{Bias, EdgeDetection, EdgeKind, Value};

use super::error::Error;
use super::lines::Lines;
use super::notice::Notice;
use super::output::{Output, Switch};
use crate::clock;
use crate::feedback::rating::Scale;
use crate::kiosk::settings::{Active, Buttons, Pull};

/// How many edges the kernel keeps for us: some seconds of hammering on five buttons.
const EDGES_MAX: u32 = 1_024;

/// The kernel's number for a call that a signal interrupted.
const EINTR: i32 = 4;

pub(super) fn start(
    settings: &Buttons,
    scale: Scale,
    notice: impl Fn(Notice) + Send + 'static,
) -> Result<(), Error> {
    let failed = |action: &str| {
        let action = action.to_owned();
        move |source: gpiocdev::Error| Error::Driver { action, source: Box::new(source) }
    };
    let chip = find(settings.chip.as_deref().unwrap_or_default())?;
    let mut builder = Request::builder();
    builder
        .on_chip(chip)
        .with_consumer("smilepost")
        .with_kernel_event_buffer_size(EDGES_MAX)
        .with_lines(&settings.lines)
        .as_input()
        .with_edge_detection(EdgeDetection::BothEdges)
        .with_bias(match settings.pull {
            Pull::Up => Bias::PullUp,
            Pull::Down => Bias::PullDown,
            Pull::Off => Bias::Disabled,
        })
        .with_debounce_period(settings.debounce);
    if settings.active == Active::Low {
        builder.as_active_low();
    }
    let request = builder.request().map_err(failed("request the button lines"))?;
    let (mut lines, stuck) = Lines::new(&settings.lines, scale, |line| is_active(&request, line));
    stuck.into_iter().for_each(&notice);
    let thread = std::thread::Builder::new().name("buttons".to_owned());
    let read = move || {
        loop {
            let patience = lines.patience_ms(clock::boot_ms()).map(Duration::from_millis);
            let event =
                match patience.map_or(Ok(true), |patience| request.wait_edge_event(patience)) {
                    Ok(true) => request.read_edge_event().map(Some),
                    Ok(false) => Ok(None),
                    Err(error) => Err(error),
                };
            let now = clock::boot_ms();
            let notices = match event {
                Ok(None) => lines.overdue(now),
                Ok(Some(event)) => {
                    let is_active = event.kind == EdgeKind::Rising;
                    lines.edge(event.offset, is_active, event.line_seqno, now)
                }
                // A signal interrupted the call, as when the unit is frozen; no edge was taken yet.
                Err(error) if is_interrupted(&error) => continue,
                Err(error) => {
                    tracing::error!(%error, "the buttons cannot be read any more");
                    notice(Notice::Broken);
                    return;
                }
            };
            notices.into_iter().for_each(&notice);
        }
    };
    thread.spawn(read).map(drop).map_err(|source| Error::Driver {
        action: "start the buttons' thread".to_owned(),
        source: Box::new(source),
    })
}

/// Whether the configured chip is there and has the lines; none of them is taken.
pub(super) fn probe(settings: &Buttons) -> Result<String, Error> {
    let failed = |source: gpiocdev::Error| Error::Driver {
        action: "open the GPIO chip".to_owned(),
        source: Box::new(source),
    };
    let label = settings.chip.clone().unwrap_or_default();
    let path = find(&label)?;
    let info = Chip::from_path(&path).and_then(|chip| chip.info()).map_err(failed)?;
    let wired = settings.lines.iter().chain(&settings.lamps);
    let mut wired = wired.copied().chain(settings.buzzer).chain(settings.alert_lamp);
    match wired.find(|line| *line >= info.num_lines) {
        Some(line) => Err(Error::NoSuchLine { label, line, count: info.num_lines }),
        None => Ok(format!("{} ({label}) can be opened and has the lines", path.display())),
    }
}

/// Takes the lines of the lamps and the buzzer; they are dark and silent until told otherwise.
pub(super) fn switch(settings: &Buttons) -> Result<Switch, Error> {
    let failed = |source: gpiocdev::Error| Error::Driver {
        action: "request the lines of lamps and buzzer".to_owned(),
        source: Box::new(source),
    };
    let chip = find(settings.chip.as_deref().unwrap_or_default())?;
    let wired: Vec<u32> =
        settings.lamps.iter().copied().chain(settings.buzzer).chain(settings.alert_lamp).collect();
    let mut builder = Request::builder();
    builder.on_chip(chip).with_consumer("smilepost").with_lines(&wired);
    let request = builder.as_output(Value::Inactive).request().map_err(failed)?;
    let (lamps, buzzer) = (settings.lamps.clone(), settings.buzzer);
    let alert = settings.alert_lamp;
    Ok(Box::new(move |output, is_on| {
        let line = match output {
            Output::Lamp(lamp) => lamps.get(lamp).copied(),
            Output::Buzzer => buzzer,
            Output::Alert => alert,
        };
        let value = if is_on { Value::Active } else { Value::Inactive };
        if let Some(Err(error)) = line.map(|line| request.set_value(line, value)) {
            tracing::warn!(%error, line, "a lamp or the buzzer cannot be switched");
        }
    }))
}

/// Whether a system call was only interrupted. The library hides the error number of the kernel's
/// interface, so such an error is recognised by its text.
fn is_interrupted(error: &gpiocdev::Error) -> bool {
    let interrupted = std::io::Error::from_raw_os_error(EINTR).to_string();
    match error {
        gpiocdev::Error::Os(errno) => errno.0 == EINTR,
        gpiocdev::Error::Uapi(_, error) => error.to_string() == interrupted,
        _ => false,
    }
}

fn is_active(request: &Request, line: u32) -> bool {
    matches!(request.value(line), Ok(Value::Active))
}

/// The path of the chip with this label.
fn find(label: &str) -> Result<std::path::PathBuf, Error> {
    let mut known = Vec::new();
    for path in chips().unwrap_or_default() {
        let info = Chip::from_path(&path).and_then(|chip| chip.info());
        match info {
            Ok(info) if info.label == label => return Ok(path),
            Ok(info) => known.push(info.label),
            Err(error) => {
                tracing::warn!(%error, chip = %path.display(), "a GPIO chip cannot be read");
                known.push("one that cannot be read".to_owned());
            }
        }
    }
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(Error::NoSuchChip { label: label.to_owned(), known })
}
