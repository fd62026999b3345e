//! What all programs share: version, log, final error message, exit code, and writing exports.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write};
use std::process::ExitCode;

use serde::Serialize;
use tracing_subscriber::EnvFilter;

use crate::config::Complaints;

/// The version, with the commit that the program was built from.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("SMILEPOST_REVISION"), ")");

/// Runs a program to its end: logs to standard error, and exits with 2 if its configuration is
/// invalid, with 1 after any other error.
///
/// `usual_level` is the lowest level that is logged, unless `SMILEPOST_LOG` says otherwise. Log
/// lines have no time: under systemd the journal adds it.
pub fn run(name: &str, usual_level: &str, act: impl FnOnce() -> anyhow::Result<()>) -> ExitCode {
    // winit warns about a window manager without settings, which is no problem.
    let usual = || EnvFilter::new(format!("{usual_level},winit=error"));
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_env("SMILEPOST_LOG").unwrap_or_else(|_| usual()))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .without_time()
        .init();
    // A panic in one thread would leave half a program running: abort, and systemd restarts it.
    let say = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        say(panic);
        std::process::abort();
    }));
    match act() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The final message is for the person who started the program.
            let _ = writeln!(std::io::stderr(), "{name}: {error:#}");
            if error.is::<Complaints>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// Asks for the PIN of a desk: twice at a terminal, or once in a line that is piped in.
///
/// # Errors
/// When the input cannot be read, or the two PINs differ.
pub fn ask_pin() -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        let pin = rpassword::prompt_password("PIN of the desk: ")?;
        let again = rpassword::prompt_password("Once more: ")?;
        anyhow::ensure!(pin == again, "the two PINs differ; nothing was changed");
        return Ok(pin);
    }
    let mut line = String::new();
    stdin.lock().take(64).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// How an export is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportFormat {
    /// Comma-separated values with a heading.
    #[default]
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// An export that is being written.
#[derive(Debug)]
pub enum ExportWriter<W: Write> {
    /// As [`ExportFormat::Csv`].
    Csv(Box<csv::Writer<W>>),
    /// As [`ExportFormat::Jsonl`].
    Jsonl(W),
}

impl<W: Write> ExportWriter<W> {
    /// Begins an export in this format, to be written to `out`.
    pub fn new(format: ExportFormat, out: W) -> Self {
        match format {
            ExportFormat::Csv => Self::Csv(Box::new(csv::Writer::from_writer(out))),
            ExportFormat::Jsonl => Self::Jsonl(out),
        }
    }

    /// Writes one event.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, event: &impl Serialize) -> std::io::Result<()> {
        match self {
            Self::Csv(writer) => writer.serialize(event).map_err(std::io::Error::other),
            Self::Jsonl(out) => {
                serde_json::to_writer(&mut *out, event)?;
                out.write_all(b"\n")
            }
        }
    }

    /// Flushes the export.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> std::io::Result<()> {
        match self {
            Self::Csv(mut writer) => writer.flush(),
            Self::Jsonl(mut out) => out.flush(),
        }
    }
}
