//! What every program does around its work: its version, its log, its last word, its exit code.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;

use crate::config::Complaints;

/// The version, with the commit that the program was built from.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("SMILEPOST_REVISION"), ")");

/// Runs a program to its end: logs to standard error, and 2 for a bad configuration.
///
/// `usual_level` is the least that is logged, unless `SMILEPOST_LOG` says otherwise. No line has a
/// time: under systemd the journal adds it, and a terminal scrolls by.
pub fn run(name: &str, usual_level: &str, act: impl FnOnce() -> anyhow::Result<()>) -> ExitCode {
    // A window manager without settings is nothing to warn about.
    let usual = || EnvFilter::new(format!("{usual_level},winit=error"));
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_env("SMILEPOST_LOG").unwrap_or_else(|_| usual()))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .without_time()
        .init();
    // A thread that ends on a broken invariant would leave half a program; systemd starts a whole
    // one.
    let say = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        say(panic);
        std::process::abort();
    }));
    match act() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The last thing the program says is for the person who started it.
            let _ = writeln!(std::io::stderr(), "{name}: {error:#}");
            if error.is::<Complaints>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}
