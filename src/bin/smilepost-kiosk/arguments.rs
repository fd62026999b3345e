//! What `smilepost-kiosk` can be told on its command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use smilepost::kiosk::enrolling;
use smilepost::program::{ExportFormat, VERSION};

/// Where the configuration is where nobody says otherwise.
const CONFIG: &str = "/etc/smilepost/kiosk.toml";

/// The feedback post of a shop: asks one question, keeps every answer, sends it to head office.
#[derive(Parser)]
#[command(name = "smilepost-kiosk", version = VERSION, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(clap::Args)]
pub(crate) struct Config {
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = CONFIG)]
    pub(crate) config: PathBuf,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the kiosk: screen, buttons, journal and uplink.
    Run {
        #[command(flatten)]
        config: Config,
        /// Run without a screen, even if one is connected.
        #[arg(long)]
        headless: bool,
        /// Record each thank-you as a line `thanked RUN N SCORE` in this file or FIFO; - is
        /// standard output.
        #[arg(long, value_name = "PATH")]
        witness: Option<PathBuf>,
    },
    /// Enrol at a hub: exchange a one-time code from `smilepost-hub kiosk add` for this kiosk's
    /// token.
    Enrol {
        #[command(flatten)]
        config: Config,
        /// The hub's address, such as `https://hub.example.com`.
        #[arg(required_unless_present = "letter")]
        hub_url: Option<String>,
        /// The one-time code.
        #[arg(required_unless_present = "letter")]
        code: Option<String>,
        /// A letter written by `smilepost-hub kiosk letter`, for a shop without a network.
        #[arg(long, value_name = "FILE", conflicts_with_all = ["hub_url", "code"])]
        letter: Option<PathBuf>,
        /// What was taken before any enrolment: `keep` it for this one, or it was a `trial`, which
        /// stays here and is never sent. Without it a terminal is asked.
        #[arg(long, value_enum)]
        before: Option<Before>,
        /// Give up what waits for the place that is left, if this is another kiosk or head office.
        /// Without it that stays with its own place and is delivered there.
        #[arg(long)]
        give_up: bool,
    },
    /// Give up what still waits for a place where this board was before.
    GiveUp {
        #[command(flatten)]
        config: Config,
        /// The kiosk's name at that place, as `verify` shows it.
        kiosk: String,
        /// The address of the hub there, where the board was a kiosk of this name at several.
        #[arg(long, value_name = "URL")]
        hub: Option<String>,
        /// The number of its journal, where that does not tell them apart either.
        #[arg(long, value_name = "N")]
        journal: Option<u32>,
    },
    /// Ready the card for imaging: delete journals, enrolments, PIN, certificate and whatever else
    /// is this board's own; refused while ratings wait.
    Reset {
        #[command(flatten)]
        config: Config,
        /// Delete what waits too; nobody gets it any more.
        #[arg(long)]
        give_up: bool,
    },
    /// Write the daily summaries and the events that wait for head office to a USB stick, and read
    /// head office's receipts from it.
    Carry {
        #[command(flatten)]
        config: Config,
        /// The folder on the stick, such as `/media/stick/smilepost-export`.
        folder: PathBuf,
    },
    /// Show the summary of a day, or of several, whether or not the kiosk is running.
    Summary {
        #[command(flatten)]
        config: Config,
        /// The day; if left out, today by the shop's clock.
        #[arg(long, value_name = "YYYY-MM-DD", conflicts_with_all = ["from", "to"])]
        date: Option<String>,
        /// The first of several days.
        #[arg(long, value_name = "YYYY-MM-DD", requires = "to")]
        from: Option<String>,
        /// The last of several days.
        #[arg(long, value_name = "YYYY-MM-DD", requires = "from")]
        to: Option<String>,
        /// Count what was taken at former places, and as a trial, too.
        #[arg(long)]
        all: bool,
        /// Show counts under five too, and today's ratings one by one. For the owner's own console:
        /// whoever looks before and after a shopper can tell which face was pressed, so without
        /// this the numbers are those of the desk, which change by five or more at a time.
        #[arg(long)]
        exact: bool,
        /// How to print it.
        #[arg(long, value_enum, default_value_t)]
        format: SummaryFormat,
    },
    /// Set or delete the PIN of the shop manager's desk.
    #[command(subcommand)]
    Pin(PinCommand),
    /// Check everything that the kiosk needs, and print what is wrong and how to cure it; exit 1 if
    /// something is wrong.
    Doctor(Config),
    /// Check that every rating taken is settled, waiting, set aside or reported lost; exit 1 if one
    /// is missing.
    Verify {
        #[command(flatten)]
        config: Config,
        /// How to print it.
        #[arg(long, value_enum, default_value_t)]
        format: VerifyFormat,
    },
    /// Retry the events that were set aside because they could not be delivered.
    Retry(Config),
    /// Tell the running kiosk the time, if no network does.
    #[command(subcommand)]
    Clock(ClockCommand),
    /// Write every event to standard output, whether or not the kiosk is running.
    Export {
        #[command(flatten)]
        config: Config,
        /// The first day; if left out, the oldest.
        #[arg(long, value_name = "YYYY-MM-DD")]
        from: Option<String>,
        /// The last day; if left out, the newest.
        #[arg(long, value_name = "YYYY-MM-DD")]
        to: Option<String>,
        /// Write what was taken at former places, and as a trial, too.
        #[arg(long)]
        all: bool,
        /// How to write it.
        #[arg(long, value_enum, default_value_t)]
        format: ExportFormat,
    },
}

#[derive(Subcommand)]
pub(crate) enum PinCommand {
    /// Set the PIN; it is read from the terminal, or from a line of standard input.
    Set(Config),
    /// Delete the PIN; nobody can open the desk until another one is set.
    Unset(Config),
}

#[derive(Subcommand)]
pub(crate) enum ClockCommand {
    /// Date the ratings since the last boot by the time that you give.
    Set {
        #[command(flatten)]
        config: Config,
        /// The time by the shop's clock, such as 2026-11-22T17:05, or with its offset, such as
        /// 2026-11-22T17:05:30+02:00.
        time: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Before {
    /// It belongs to this enrolment and is sent to head office.
    Keep,
    /// It is kept here and never sent.
    Trial,
}

impl From<Before> for enrolling::Before {
    fn from(before: Before) -> Self {
        match before {
            Before::Keep => Self::Keep,
            Before::Trial => Self::Trial,
        }
    }
}

#[derive(Clone, Copy, Default, ValueEnum)]
pub(crate) enum SummaryFormat {
    /// For a person.
    #[default]
    Text,
    /// For a program.
    Json,
    /// A table for people: one row for each day, question, wording and scale.
    Csv,
}

#[derive(Clone, Copy, Default, ValueEnum)]
pub(crate) enum VerifyFormat {
    /// For a person.
    #[default]
    Text,
    /// For a program.
    Json,
}
