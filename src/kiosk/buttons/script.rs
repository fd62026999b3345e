//! Buttons pressed by a program: a line `1` to `5` is a press of that face, 1 being the worst.
//!
//! A file is read to its end and a FIFO for ever; standard input until it is closed.

use std::io::{BufRead as _, BufReader, Read};

use super::{Error, Notice};
use crate::feedback::rating::Scale;
use crate::kiosk::settings::Buttons;

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
        // A FIFO that is open for writing here too never ends when its writers come and go, and
        // opening it does not wait for one.
        let kind = std::fs::metadata(&path).map_err(failed)?.file_type();
        let is_fifo = std::os::unix::fs::FileTypeExt::is_fifo(&kind);
        let file = std::fs::OpenOptions::new().read(true).write(is_fifo).open(&path);
        Box::new(file.map_err(failed)?)
    };
    let thread = std::thread::Builder::new().name("buttons".to_owned());
    let read = move || {
        for line in BufReader::new(input).split(b'\n') {
            let number = |line: Vec<u8>| String::from_utf8_lossy(&line).trim().parse::<u8>();
            match line.map(|line| number(line).map(|value| scale.score(value))) {
                Ok(Ok(Ok(score))) => notice(Notice::Pressed(score)),
                Ok(Ok(Err(error))) => tracing::warn!(%error, "button script"),
                Ok(Err(_)) => tracing::warn!("button script: a line is not a number; ignored"),
                Err(error) => {
                    tracing::warn!(%error, "button script: no more of it can be read");
                    return;
                }
            }
        }
        tracing::info!("the button script has ended");
    };
    thread.spawn(read).map(drop).map_err(failed)
}
