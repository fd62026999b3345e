//! Buttons pressed by a program: a line `1` to `5` is a press of that face, 1 being the worst.
//!
//! A file is read to its end and a FIFO for ever; standard input until it is closed.

use std::io::{BufReader, Read, Write as _};

use super::error::Error;
use super::notice::Notice;
use super::output::{Output, Switch};
use crate::feedback::rating::Scale;
use crate::foreign::{Line, next_line};
use crate::kiosk::fifo;
use crate::kiosk::settings::Buttons;

/// The longest line, in bytes.
const LINE_BYTES_MAX: usize = 64;

/// Writes a line for each change of a lamp or of the buzzer, such as `lamp 1 on`.
pub(super) fn switch(settings: &Buttons) -> Result<Switch, Error> {
    let path = settings.script_lamps.clone().unwrap_or_default();
    let mut file = fifo::open_to_write(&path).map_err(|source| Error::Script { path, source })?;
    Ok(Box::new(move |output, is_on| {
        let state = if is_on { "on" } else { "off" };
        let written = match output {
            Output::Lamp(lamp) => writeln!(file, "lamp {} {state}", lamp + 1),
            Output::Buzzer => writeln!(file, "buzzer {state}"),
            Output::Alert => writeln!(file, "alert {state}"),
        };
        if let Err(error) = written {
            tracing::warn!(%error, "cannot write to buttons.script_lamps");
        }
    }))
}

/// Whether the script can be opened; nothing is read from it.
pub(super) fn probe(settings: &Buttons) -> Result<String, Error> {
    let path = settings.script.clone().unwrap_or_else(|| "-".into());
    if path.as_os_str() == "-" {
        return Ok("read from standard input".to_owned());
    }
    match fifo::open_to_read(&path) {
        Ok(_) => Ok(format!("{} can be read", path.display())),
        Err(source) => Err(Error::Script { path, source }),
    }
}

pub(super) fn start(
    settings: &Buttons,
    scale: Scale,
    notice: impl Fn(Notice) + Send + 'static,
) -> Result<(), Error> {
    let path = settings.script.clone().unwrap_or_else(|| "-".into());
    let failed = |source| Error::Script { path: path.clone(), source };
    let input: Box<dyn Read + Send> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(fifo::open_to_read(&path).map_err(failed)?)
    };
    let thread = std::thread::Builder::new().name("buttons".to_owned());
    let read = move || {
        let mut input = BufReader::new(input);
        loop {
            let line = match next_line(&mut input, LINE_BYTES_MAX) {
                Ok(Some(Line::Whole(line))) => line,
                Ok(Some(Line::TooLong)) => {
                    tracing::warn!("a line of the button script is ignored: it is too long");
                    continue;
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "the button script cannot be read any more");
                    break;
                }
            };
            match String::from_utf8_lossy(&line).trim().parse().map(|value| scale.score(value)) {
                Ok(Ok(score)) => notice(Notice::Pressed(score)),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "a line of the button script is ignored")
                }
                Err(_) => {
                    tracing::warn!("a line of the button script is ignored: it is not a number")
                }
            }
        }
        tracing::info!("the button script has ended");
        notice(Notice::Ended);
    };
    thread.spawn(read).map(drop).map_err(failed)
}
