//! What `smilepost-hub` can be told on its command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use smilepost::program::{ExportFormat, VERSION};

/// Smilepost's head office: receives ratings, counts each one once, and shows shops side by side.
#[derive(Parser)]
#[command(name = "smilepost-hub", version = VERSION, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the configuration is where nobody says otherwise.
const CONFIG: &str = "/etc/smilepost/hub.toml";

#[derive(clap::Args)]
pub(crate) struct Config {
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = CONFIG)]
    pub(crate) config: PathBuf,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the hub.
    Serve(Config),
    /// Set up shops.
    #[command(subcommand)]
    Shop(ShopCommand),
    /// Set up kiosks.
    #[command(subcommand)]
    Kiosk(KioskCommand),
    /// Set up what kiosks ask.
    #[command(subcommand)]
    Survey(SurveyCommand),
    /// Have kiosks come to another address of this hub. Each tries it from its next delivery on,
    /// and leaves the old one only when this hub has proved there that it is the same, by its keys,
    /// and takes the kiosk's token. Without an address: who has come, and who has not.
    MovesTo {
        #[command(flatten)]
        config: Config,
        /// The address, such as `https://hub.example.com`.
        address: Option<String>,
        /// Tell kiosks no other address any more.
        #[arg(long, conflicts_with = "address")]
        undo: bool,
    },
    /// Check everything that the hub needs, and print what is wrong and how to cure it; exit 1 if
    /// something is wrong.
    Doctor {
        #[command(flatten)]
        config: Config,
        /// The address that kiosks come by, such as `https://hub.example.org`, tried from here.
        address: Option<String>,
    },
    /// Account for every event that kiosks have taken; exit 1 if more are missing than kiosks hold.
    Reconcile {
        #[command(flatten)]
        config: Config,
        /// The short name of one kiosk; all kiosks if left out.
        #[arg(long, allow_hyphen_values = true, value_parser = name)]
        kiosk: Option<String>,
        /// How to print it.
        #[arg(long, value_enum, default_value_t)]
        format: AccountFormat,
    },
    /// Show what the hub does in the background: what is to be done, since when, how far it has
    /// come, and what has failed.
    Work(Config),
    /// Count every event anew and compare it with the tallies that pages are made of; exit 1 if
    /// they differ. The hub may run meanwhile.
    Recount {
        #[command(flatten)]
        config: Config,
        /// The short name of one kiosk; all kiosks if left out.
        #[arg(allow_hyphen_values = true, value_parser = name)]
        kiosk: Option<String>,
        /// Set the tallies that differ to what the events count.
        #[arg(long)]
        mend: bool,
    },
    /// Delete single events, such as a comment that somebody wants deleted: here, and at the kiosk
    /// after its next delivery. They never come back, whatever is sent or carried later. What a
    /// rating counted is counted no more, and an earlier press that it took back counts again.
    /// Exports and backups from before still have them: delete them again when one is restored.
    Delete {
        #[command(flatten)]
        config: Config,
        /// The short name of the kiosk.
        #[arg(allow_hyphen_values = true, value_parser = name)]
        kiosk: String,
        /// The events, each by its run and its number there, as `export` prints them.
        #[arg(required = true, value_name = "RUN:N")]
        events: Vec<String>,
        /// Do not ask whether they are to be deleted.
        #[arg(long)]
        yes: bool,
    },
    /// Move the archive from its file into a database of PostgreSQL, or back. Every row is read
    /// again and compared before it says that it is done; stopped, it goes on where it was. Stop
    /// the hub before.
    Move {
        #[command(flatten)]
        config: Config,
        /// Where to: `postgres://ROLE@HOST/DATABASE`, which must be empty, or `sqlite`.
        #[arg(long, value_name = "URL|sqlite", required_unless_present = "undo")]
        to: Option<String>,
        /// The folder of the new file; the data folder if left out.
        #[arg(long)]
        folder: Option<PathBuf>,
        /// The file of the role's password.
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// The certificates that may vouch for the server; without it, those of the system.
        #[arg(long, value_name = "FILE")]
        ca_file: Option<PathBuf>,
        /// A pooler is in between that gives each transaction another connection.
        #[arg(long)]
        pooled: bool,
        /// Use the archive again where hub.toml says that it is, after it has gone or half gone.
        #[arg(long, conflicts_with_all = ["to", "folder", "password_file", "ca_file", "pooled"])]
        undo: bool,
    },
    /// Back up the archive, the hub's keys and its settings into one new file, which is checked.
    /// The hub may run meanwhile. The file holds secrets: keep it where the archive would be safe.
    Backup {
        #[command(flatten)]
        config: Config,
        /// The backup; this file must not exist yet.
        file: PathBuf,
    },
    /// Restore a backup into an empty data folder. Kiosks then send again what they still hold.
    /// Into PostgreSQL it comes from there by `move`.
    Restore {
        #[command(flatten)]
        config: Config,
        /// The backup.
        file: PathBuf,
    },
    /// Tell kiosks that the archive was restored in another way than by `restore`: they send again
    /// what they still hold.
    Restored(Config),
    /// Import deliveries from a stick and write a receipt beside each file; exit 1 if part of a
    /// file could not be imported.
    Import {
        #[command(flatten)]
        config: Config,
        /// Files that kiosks have written, or the folder smilepost-export of a stick: of a folder,
        /// each file that ends in .smilepost, also one folder down.
        #[arg(required = true, value_name = "FILE|FOLDER")]
        files: Vec<PathBuf>,
    },
    /// Write every event to standard output.
    Export {
        #[command(flatten)]
        config: Config,
        /// How to write it.
        #[arg(long, value_enum, default_value_t)]
        format: ExportFormat,
    },
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
pub(crate) enum AccountFormat {
    /// For a person.
    #[default]
    Text,
    /// For a program.
    Json,
}

#[derive(Subcommand)]
pub(crate) enum ShopCommand {
    /// Add a shop and print its short name.
    Add {
        #[command(flatten)]
        config: Config,
        /// Its name, such as "Nordmarkt Kallio".
        #[arg(allow_hyphen_values = true, value_parser = name)]
        name: String,
        /// Its IANA time zone, such as Europe/Helsinki.
        #[arg(long, allow_hyphen_values = true, value_parser = name)]
        zone: String,
        /// The group of shops that it belongs to, such as "North".
        #[arg(long, allow_hyphen_values = true, value_parser = name)]
        group: Option<String>,
        /// The short name that commands know it by; if left out, one is made of its name.
        #[arg(long, allow_hyphen_values = true, value_parser = name)]
        id: Option<String>,
    },
    /// Put a shop into a group, or take it out of its group.
    Group {
        #[command(flatten)]
        config: Config,
        /// The short name of the shop.
        #[arg(allow_hyphen_values = true, value_parser = name)]
        shop: String,
        /// The group; if left out, the shop belongs to no group.
        #[arg(allow_hyphen_values = true, value_parser = name)]
        group: Option<String>,
    },
    /// Set the PIN of the desk on every kiosk of a shop; each gets it at its next delivery.
    Pin {
        #[command(flatten)]
        config: Config,
        /// The short name of the shop.
        #[arg(allow_hyphen_values = true, value_parser = name)]
        shop: String,
        /// Delete the PIN, so that nobody can open the desk.
        #[arg(long)]
        forget: bool,
    },
    /// Correct a shop: what was so before that day is kept, and days are counted again.
    Set {
        #[command(flatten)]
        config: Config,
        /// The short name of the shop.
        #[arg(allow_hyphen_values = true, value_parser = name)]
        shop: String,
        /// Its name.
        #[arg(long, allow_hyphen_values = true, value_parser = name)]
        name: Option<String>,
        /// Its IANA time zone.
        #[arg(long, allow_hyphen_values = true, value_parser = name)]
        zone: Option<String>,
        /// The group of shops that it belongs to.
        #[arg(long, allow_hyphen_values = true, value_parser = name)]
        group: Option<String>,
        /// It belongs to no group.
        #[arg(long, conflicts_with = "group")]
        no_group: bool,
        /// When it is open, such as "mon-fri 08:00-20:00, sat 09:00-18:00"; its kiosks follow that
        /// where neither their survey nor their own configuration has hours.
        #[arg(long)]
        hours: Option<String>,
        /// Nobody says any more when it is open.
        #[arg(long, conflicts_with = "hours")]
        no_hours: bool,
        #[command(flatten)]
        since: SinceArguments,
    },
    /// Close a shop: from that day on it is shown only where there is something to show.
    Close {
        #[command(flatten)]
        config: Config,
        /// The short name of the shop.
        #[arg(allow_hyphen_values = true, value_parser = name)]
        shop: String,
        /// The first day on which it is closed, also one to come; today if left out.
        #[arg(long, value_name = "YYYY-MM-DD")]
        on: Option<String>,
        /// Open it again.
        #[arg(long, conflicts_with = "on")]
        undo: bool,
    },
    /// List the shops.
    List(Config),
}

/// From when on a correction holds: from now on, and of a shop from the beginning of today on.
#[derive(clap::Args)]
pub(crate) struct SinceArguments {
    /// From the beginning of this day on, by the shop's clocks.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) on: Option<String>,
    /// It was always so, and what was said before was a mistake.
    #[arg(long, conflicts_with = "on")]
    pub(crate) always: bool,
}

/// Which kiosks a survey is for: all of them, unless it is narrowed. If several surveys fit a
/// kiosk, the one for its touchpoint wins over the one for its shop, and that one over its group's.
#[derive(clap::Args)]
pub(crate) struct ScopeArguments {
    /// Only the shops of this group.
    #[arg(long, allow_hyphen_values = true, value_parser = name)]
    pub(crate) group: Option<String>,
    /// Only this shop, by its short name.
    #[arg(long, allow_hyphen_values = true, value_parser = name)]
    pub(crate) shop: Option<String>,
    /// Only kiosks at this touchpoint.
    #[arg(long, allow_hyphen_values = true, value_parser = name)]
    pub(crate) touchpoint: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum SurveyCommand {
    /// Check a survey and name everything that is wrong with it.
    Check {
        /// The survey, a TOML file.
        file: PathBuf,
    },
    /// Publish a survey; kiosks fetch it after their next delivery.
    Publish {
        #[command(flatten)]
        config: Config,
        /// The survey, a TOML file.
        file: PathBuf,
        #[command(flatten)]
        scope: ScopeArguments,
    },
    /// Withdraw the survey of a scope; kiosks then ask the one of the next wider scope.
    Withdraw {
        #[command(flatten)]
        config: Config,
        #[command(flatten)]
        scope: ScopeArguments,
    },
    /// Show which kiosk asks which survey, or the survey that one kiosk should ask, as TOML.
    Show {
        #[command(flatten)]
        config: Config,
        /// The short name of one kiosk.
        #[arg(long, allow_hyphen_values = true, value_parser = name)]
        kiosk: Option<String>,
    },
    /// List every survey that was ever published.
    History(Config),
}

#[derive(Subcommand)]
pub(crate) enum KioskCommand {
    /// Add a kiosk and print the one-time code that enrols it.
    Add {
        #[command(flatten)]
        config: Config,
        /// The short name of its shop, as `shop list` prints it.
        #[arg(long, allow_hyphen_values = true, value_parser = name)]
        shop: String,
        /// Where in the shop it stands, such as "Checkout 1".
        #[arg(long, allow_hyphen_values = true, value_parser = name)]
        touchpoint: String,
        /// The short name that commands know it by; if left out, one is made of its shop and its
        /// touchpoint.
        #[arg(long, allow_hyphen_values = true, value_parser = name)]
        id: Option<String>,
    },
    /// Print a new one-time code, to enrol a kiosk again.
    Code {
        #[command(flatten)]
        config: Config,
        /// The short name of the kiosk.
        #[arg(allow_hyphen_values = true, value_parser = name)]
        kiosk: String,
    },
    /// Write a letter that enrols a kiosk without a network. It is a secret: delete it once the
    /// kiosk has read it.
    Letter {
        #[command(flatten)]
        config: Config,
        /// The short name of the kiosk.
        #[arg(allow_hyphen_values = true, value_parser = name)]
        kiosk: String,
        /// The letter; this file must not exist yet.
        file: PathBuf,
    },
    /// Set the PIN of the desk on a kiosk, which gets it at its next delivery.
    Pin {
        #[command(flatten)]
        config: Config,
        /// The short name of the kiosk.
        #[arg(allow_hyphen_values = true, value_parser = name)]
        kiosk: String,
        /// Delete the PIN, so that nobody can open the desk.
        #[arg(long)]
        forget: bool,
    },
    /// Renew a kiosk's token at its next delivery; this happens by itself after 90 days.
    Renew {
        #[command(flatten)]
        config: Config,
        /// The short name of the kiosk.
        #[arg(allow_hyphen_values = true, value_parser = name)]
        kiosk: String,
    },
    /// Shut a kiosk out: revoke its tokens and codes at once. `import` takes nothing more that they
    /// have signed, nor what boards have that stood there before.
    Revoke {
        #[command(flatten)]
        config: Config,
        /// The short name of the kiosk.
        #[arg(allow_hyphen_values = true, value_parser = name)]
        kiosk: String,
    },
    /// Correct a kiosk: its ratings belong to the place where it stood at their time.
    Set {
        #[command(flatten)]
        config: Config,
        /// The short name of the kiosk.
        #[arg(allow_hyphen_values = true, value_parser = name)]
        kiosk: String,
        /// The short name of the shop that it stands in.
        #[arg(long, allow_hyphen_values = true, value_parser = name)]
        shop: Option<String>,
        /// Where in the shop it stands.
        #[arg(long, allow_hyphen_values = true, value_parser = name)]
        touchpoint: Option<String>,
        /// How people call it, beside its short name.
        #[arg(long, allow_hyphen_values = true, value_parser = name)]
        name: Option<String>,
        #[command(flatten)]
        since: SinceArguments,
    },
    /// Retire a kiosk: its numbers stay, and from then on nothing of it is taken over the network.
    /// What it still holds can be carried on a stick.
    Retire {
        #[command(flatten)]
        config: Config,
        /// The short name of the kiosk.
        #[arg(allow_hyphen_values = true, value_parser = name)]
        kiosk: String,
        /// The first day on which it is retired, also one to come; at once if left out.
        #[arg(long, value_name = "YYYY-MM-DD")]
        on: Option<String>,
        /// Take it back.
        #[arg(long, conflicts_with = "on")]
        undo: bool,
    },
    /// List the kiosks, the last contact with each, and how much it holds.
    List(Config),
}

/// A name, which may begin with a hyphen. What is a name nowhere is an option after one that was
/// left out.
fn name(typed: &str) -> Result<String, String> {
    const OPTIONS: [&str; 17] = [
        "--always",
        "--config",
        "--forget",
        "--group",
        "--help",
        "--hours",
        "--id",
        "--kiosk",
        "--shop",
        "--name",
        "--no-group",
        "--no-hours",
        "--on",
        "--touchpoint",
        "--undo",
        "--yes",
        "--zone",
    ];
    let option = typed.split('=').next().unwrap_or(typed);
    if OPTIONS.contains(&option) {
        return Err(format!("a name is missing before {option}"));
    }
    Ok(typed.to_owned())
}
