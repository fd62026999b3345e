//! What all programs share: arguments, version, log, final error message, exit code, and writing
//! exports.

mod arguments;

use std::fmt::Display;
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write};
use std::process::ExitCode;

use anyhow::Context as _;
use serde::Serialize;
use tracing_subscriber::EnvFilter;

use crate::config::Complaints;
use crate::escape::{Dialect, Lines, Output, Table, chain};
use crate::file::told;
use crate::finding::{self, Finding};

pub use self::arguments::read;

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
        .with_writer(|| Output::of_lines(std::io::stderr()))
        // Colours are escapes, and no other program may add some.
        .with_ansi(false)
        .with_target(false)
        .without_time()
        .init();
    // A panic in one thread would leave half a program running: abort, and systemd restarts it.
    let say = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        say(panic);
        std::process::abort();
    }));
    // Whatever the program makes is for its owner alone, unless it says otherwise.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    match act() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The final message is for the person who started the program.
            let said = match error.downcast_ref::<std::io::Error>() {
                Some(error) if error.get_ref().is_none() => told(error),
                _ => without_numbers(&chain(error.as_ref())),
            };
            let _ = writeln!(std::io::stderr(), "{name}: {}", Lines(said));
            if error.is::<Complaints>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// Whether the program was started in somebody's terminal, which ends it when it is closed. A
/// service that has a terminal to itself leads its session.
#[must_use]
pub fn is_in_terminal() -> bool {
    // In a container the session may have been begun outside, and has no number then.
    let is_leader = nix::unistd::getsid(None) == Ok(nix::unistd::Pid::this());
    std::io::stdin().is_terminal() && !is_leader
}

/// A message without the numbers that the system has for its errors.
fn without_numbers(said: &str) -> String {
    let mut parts = said.split(" (os error ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |told, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        told + rest.strip_prefix(')').unwrap_or(rest)
    })
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

/// Has a person choose one of several words on the terminal; none where nobody can be asked.
///
/// # Errors
/// When the terminal cannot be read or written.
pub fn ask_which(question: &str, words: &[&str]) -> anyhow::Result<Option<String>> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Ok(None);
    }
    let mut out = std::io::stderr();
    writeln!(out, "{}", Lines(question))?;
    loop {
        write!(out, "{}? ", words.join(" or "))?;
        out.flush()?;
        let mut line = String::new();
        if stdin.lock().take(256).read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let answer = line.trim().to_lowercase();
        if words.contains(&answer.as_str()) {
            return Ok(Some(answer));
        }
    }
}

/// Prints what a `doctor` has found, the worst first.
///
/// # Errors
/// When something is wrong, or it cannot be written.
pub fn tell(findings: Vec<Finding>) -> anyhow::Result<()> {
    let (lines, wrong) = finding::told(findings);
    print(lines)?;
    anyhow::ensure!(
        wrong == 0,
        "problems found: {wrong}; the lines marked WRONG say how to cure each"
    );
    Ok(())
}

/// Prints text to standard output, with a line break at its end.
///
/// # Errors
/// When it cannot be written.
pub fn print(text: impl Display) -> anyhow::Result<()> {
    let text = Lines(text).to_string();
    if text.is_empty() {
        return Ok(());
    }
    writeln!(std::io::stdout(), "{}", text.trim_end()).context("cannot write to standard output")
}

/// How an export is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportFormat {
    /// A table for people: comma-separated values with a heading, in which whatever a spreadsheet
    /// would run begins with an apostrophe; the column `defused` names what was changed.
    #[default]
    Csv,
    /// For programs: one JSON object a line, each text exactly as it was written.
    Jsonl,
}

/// An export that is being written.
#[derive(Debug)]
pub enum ExportWriter<W: Write> {
    /// As [`ExportFormat::Csv`].
    Csv(Box<Table<W>>),
    /// As [`ExportFormat::Jsonl`].
    Jsonl(Output<W>),
}

impl<W: Write> ExportWriter<W> {
    /// Begins an export of events such as this one in this format, to be written to `out`.
    ///
    /// # Errors
    /// When the example is no event.
    pub fn new(format: ExportFormat, out: W, example: &impl Serialize) -> std::io::Result<Self> {
        Ok(match format {
            ExportFormat::Csv => Self::Csv(Box::new(Table::new(out, Dialect::PLAIN, example)?)),
            ExportFormat::Jsonl => Self::Jsonl(Output::of_text(out)),
        })
    }

    /// Writes one event.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, event: &impl Serialize) -> std::io::Result<()> {
        match self {
            Self::Csv(table) => table.write(event),
            Self::Jsonl(out) => {
                let line = serde_json::to_string(event)?;
                writeln!(out, "{line}")
            }
        }
    }

    /// Flushes the export.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> std::io::Result<()> {
        match self {
            Self::Csv(table) => table.finish()?.flush(),
            Self::Jsonl(mut out) => out.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_numbers_are_left_out_of_the_last_word() {
        let said = "cannot read a: no (os error 2); cannot read b: denied (os error 13)";
        assert_eq!(without_numbers(said), "cannot read a: no; cannot read b: denied");
        assert_eq!(without_numbers("nothing to leave out"), "nothing to leave out");
    }
}
