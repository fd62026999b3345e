//! The hub's command line: it reads arguments and prints results; see [`smilepost::hub`].

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::{Parser, Subcommand};
use smilepost::carried::seal::HubKeys;
use smilepost::clock;
use smilepost::escape::Plain;
use smilepost::hub::Hub;
use smilepost::hub::archive::Places as _;
use smilepost::hub::archive::sqlite::Sqlite;
use smilepost::hub::archive::{Kiosks as _, Scope, Surveys as _, Upkeep as _};
use smilepost::hub::carried::{keys, letters};
use smilepost::hub::commands::{accounts, backup, export, import, kiosks, shops, surveys};
use smilepost::hub::settings::Settings;
use smilepost::program::{self, ExportFormat, ExportWriter, VERSION, print};
use smilepost::wire::report::Reported;
use smilepost::zones::Zones;

/// Smilepost's head office: receives ratings, counts each one once, and shows shops side by side.
#[derive(Parser)]
#[command(name = "smilepost-hub", version = VERSION, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Args)]
struct Config {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

#[derive(Subcommand)]
enum Command {
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
    /// Account for every event that kiosks have taken; exit 1 if more are missing than kiosks hold.
    Reconcile {
        #[command(flatten)]
        config: Config,
        /// The short name of one kiosk; all kiosks if left out.
        #[arg(long)]
        kiosk: Option<String>,
        /// How to print it.
        #[arg(long, value_enum, default_value_t)]
        format: AccountFormat,
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
enum AccountFormat {
    /// For a person.
    #[default]
    Text,
    /// For a program.
    Json,
}

#[derive(Subcommand)]
enum ShopCommand {
    /// Add a shop and print its short name.
    Add {
        #[command(flatten)]
        config: Config,
        /// Its name, such as "Nordmarkt Kallio".
        name: String,
        /// Its IANA time zone, such as Europe/Helsinki.
        #[arg(long)]
        zone: String,
        /// The group of shops that it belongs to, such as "North".
        #[arg(long)]
        group: Option<String>,
    },
    /// Put a shop into a group, or take it out of its group.
    Group {
        #[command(flatten)]
        config: Config,
        /// The short name of the shop.
        shop: String,
        /// The group; if left out, the shop belongs to no group.
        group: Option<String>,
    },
    /// Set the PIN of the desk on every kiosk of a shop; each gets it at its next delivery.
    Pin {
        #[command(flatten)]
        config: Config,
        /// The short name of the shop.
        shop: String,
        /// Delete the PIN, so that nobody can open the desk.
        #[arg(long)]
        forget: bool,
    },
    /// List the shops.
    List(Config),
}

/// Which kiosks a survey is for: all of them, unless it is narrowed. If several surveys fit a
/// kiosk, the one for its touchpoint wins over the one for its shop, and that one over its group's.
#[derive(clap::Args)]
struct ScopeArguments {
    /// Only the shops of this group.
    #[arg(long)]
    group: Option<String>,
    /// Only this shop, by its short name.
    #[arg(long)]
    shop: Option<String>,
    /// Only kiosks at this touchpoint.
    #[arg(long)]
    touchpoint: Option<String>,
}

#[derive(Subcommand)]
enum SurveyCommand {
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
        #[arg(long)]
        kiosk: Option<String>,
    },
    /// List every survey that was ever published.
    History(Config),
}

#[derive(Subcommand)]
enum KioskCommand {
    /// Add a kiosk and print the one-time code that enrols it.
    Add {
        #[command(flatten)]
        config: Config,
        /// The short name of its shop, as `shop list` prints it.
        #[arg(long)]
        shop: String,
        /// Where in the shop it stands, such as "Checkout 1".
        #[arg(long)]
        touchpoint: String,
    },
    /// Print a new one-time code, to enrol a kiosk again.
    Code {
        #[command(flatten)]
        config: Config,
        /// The short name of the kiosk.
        kiosk: String,
    },
    /// Write a letter that enrols a kiosk without a network. It is a secret: delete it once the
    /// kiosk has read it.
    Letter {
        #[command(flatten)]
        config: Config,
        /// The short name of the kiosk.
        kiosk: String,
        /// The letter; this file must not exist yet.
        file: PathBuf,
    },
    /// Set the PIN of the desk on a kiosk, which gets it at its next delivery.
    Pin {
        #[command(flatten)]
        config: Config,
        /// The short name of the kiosk.
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
        kiosk: String,
    },
    /// Shut a kiosk out: revoke its tokens and codes at once.
    Revoke {
        #[command(flatten)]
        config: Config,
        /// The short name of the kiosk.
        kiosk: String,
    },
    /// List the kiosks, the last contact with each, and how much it holds.
    List(Config),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    program::run("smilepost-hub", "info", || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(act(arguments.command))
    })
}

async fn act(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(config) => serve(&Settings::read(&config.config)?).await,
        Command::Shop(command) => act_on_shop(command).await,
        Command::Kiosk(command) => act_on_kiosk(command).await,
        Command::Survey(command) => act_on_survey(command).await,
        Command::Reconcile { config, kiosk, format } => {
            let accounts = accounts::of(&open(&config)?, kiosk.as_deref()).await?;
            match format {
                AccountFormat::Json => print(&serde_json::to_string_pretty(&accounts)?)?,
                AccountFormat::Text => print(accounts::text(&accounts))?,
            }
            let wrong = accounts.iter().filter(|account| !account.holds).count();
            ensure!(wrong == 0, "accounts that do not add up: {wrong}; see DOES NOT HOLD above");
            Ok(())
        }
        Command::Backup { config, file } => {
            let settings = Settings::read(&config.config)?;
            backup::write(&settings.data_dir, &config.config, &file)?;
            print(format_args!(
                "{} holds the archive, the keys and the settings: keep it secret",
                Plain(file.display())
            ))
        }
        Command::Restore { config, file } => {
            let data_dir = Settings::read(&config.config)?.data_dir;
            let settings = backup::restore(&file, &data_dir)?;
            if let Some(settings) = settings {
                print(format_args!(
                    "the settings of the backup are in {}; compare them with {}",
                    Plain(settings.display()),
                    Plain(config.config.display())
                ))?;
            }
            print(
                "the archive is restored; at its next delivery, each kiosk sends again what it \
                   still holds",
            )
        }
        Command::Restored(config) => {
            let archive = open(&config)?;
            ensure!(
                !archive.kiosks().await?.is_empty(),
                "no kiosk is known in this archive, so there is nobody to tell: is data_dir in {} \
                 right?",
                Plain(config.config.display())
            );
            archive.renew_epoch().await?;
            print("at its next delivery, each kiosk sends again what it still holds")
        }
        Command::Import { config, files } => import_all(&config, &files).await,
        Command::Export { config, format } => {
            let out = std::io::BufWriter::new(std::io::stdout());
            let mut sheet = ExportWriter::new(format, out, &Reported::default())?;
            export::export(&open(&config)?, |event| sheet.write(event)).await?;
            sheet.finish()?;
            Ok(())
        }
    }
}

async fn act_on_shop(command: ShopCommand) -> anyhow::Result<()> {
    match command {
        ShopCommand::Add { config, name, zone, group } => {
            print(&shops::add(&open(&config)?, name, zone, group).await?)
        }
        ShopCommand::List(config) => print(&shops::list(&open(&config)?).await?),
        ShopCommand::Group { config, shop, group } => {
            shops::group(&open(&config)?, &shop, group.clone()).await?;
            print(format_args!("{shop} belongs to {}", group.as_deref().unwrap_or("no group")))
        }
        ShopCommand::Pin { config, shop, forget } => {
            let archive = open(&config)?;
            let pin = ask_pin(forget)?;
            let count = shops::set_pin(&archive, &shop, pin.as_deref()).await?;
            let what = pin_news(forget);
            print(format_args!("kiosks of {shop} that {what} at their next delivery: {count}"))
        }
    }
}

async fn act_on_kiosk(command: KioskCommand) -> anyhow::Result<()> {
    match command {
        KioskCommand::Add { config, shop, touchpoint } => {
            let archive = open(&config)?;
            let kiosk = kiosks::add(&archive, shop, touchpoint).await?;
            print_code(&archive, &kiosk).await
        }
        KioskCommand::Code { config, kiosk } => print_code(&open(&config)?, &kiosk).await,
        KioskCommand::Letter { config, kiosk, file } => {
            let (archive, keys) = open_with_keys(&config)?;
            letters::write(&archive, &keys, kiosk, &file, clock::wall_ms()).await?;
            print(format_args!(
                "{} is a secret: let `smilepost-kiosk enrol --letter` read it, then delete it",
                Plain(file.display())
            ))
        }
        KioskCommand::Pin { config, kiosk, forget } => {
            let archive = open(&config)?;
            let pin = ask_pin(forget)?;
            kiosks::set_pin(&archive, &kiosk, pin.as_deref()).await?;
            print(format_args!("{kiosk}: will {} at its next delivery", pin_news(forget)))
        }
        KioskCommand::Renew { config, kiosk } => {
            kiosks::renew(&open(&config)?, &kiosk).await?;
            print(format_args!("{kiosk} gets a new token at its next delivery"))
        }
        KioskCommand::Revoke { config, kiosk } => {
            kiosks::revoke(&open(&config)?, &kiosk, clock::wall_ms()).await?;
            print(format_args!("the tokens and codes of {kiosk} are revoked"))
        }
        KioskCommand::List(config) => {
            let settings = Settings::read(&config.config)?;
            let archive = Sqlite::open(&settings.data_dir)?;
            let budget = settings.limits.bytes_a_day();
            print(&kiosks::list(&archive, budget, clock::wall_ms()).await?)
        }
    }
}

async fn act_on_survey(command: SurveyCommand) -> anyhow::Result<()> {
    match command {
        SurveyCommand::Check { file } => {
            let survey = surveys::read(&file)?;
            let version = survey.version;
            let questions = survey.questions.len();
            print(format_args!(
                "{}: version {version}, {questions} questions: valid",
                Plain(file.display())
            ))
        }
        SurveyCommand::Publish { config, file, scope } => {
            let survey = surveys::read(&file)?;
            let scope = Scope::from(scope);
            let done = format!("published for {scope}");
            let number = surveys::publish(&open(&config)?, &survey, scope, clock::wall_ms()).await;
            let number = number.with_context(|| file.display().to_string())?;
            print(format_args!("{number} {done}"))
        }
        SurveyCommand::Withdraw { config, scope } => {
            let scope = Scope::from(scope);
            let done = format!("withdrawn for {scope}");
            let number = surveys::withdraw(&open(&config)?, scope, clock::wall_ms()).await?;
            print(format_args!("{number} {done}"))
        }
        SurveyCommand::Show { config, kiosk: None } => {
            print(&surveys::standing(&open(&config)?).await?)
        }
        SurveyCommand::Show { config, kiosk: Some(kiosk) } => {
            let survey = surveys::of_kiosk(&open(&config)?, &kiosk).await?;
            print(survey.as_deref().unwrap_or("no survey: it asks its own, or the built-in one"))
        }
        SurveyCommand::History(config) => print(surveys::history(&open(&config)?.surveys().await?)),
    }
}

impl From<ScopeArguments> for Scope {
    fn from(arguments: ScopeArguments) -> Self {
        let ScopeArguments { group, shop, touchpoint } = arguments;
        Self { group, shop, touchpoint }
    }
}

/// Imports each file, or all of a folder, and writes the receipt of each beside it.
async fn import_all(config: &Config, files: &[PathBuf]) -> anyhow::Result<()> {
    let (archive, keys) = open_with_keys(config)?;
    let (mut whole, mut incomplete) = (0, 0);
    let mut tell = |file: &Path, became: anyhow::Result<()>| match became {
        Ok(()) => {
            whole += 1;
            Ok(())
        }
        Err(error) => {
            incomplete += 1;
            print(format_args!("{}: {error:#}", Plain(file.display())))
        }
    };
    for path in files {
        let within = Some(path.as_path()).filter(|path| path.is_dir());
        match import::found(path).context("nothing was imported") {
            // One file that cannot be imported keeps no other from being imported.
            Ok(found) => {
                for file in found {
                    tell(&file, import_one(&archive, &keys, &file, within).await)?;
                }
            }
            Err(error) => tell(path, Err(error))?,
        }
    }
    if whole + incomplete > 1 {
        print(format_args!("{whole} files were imported completely, {incomplete} were not"))?;
    }
    ensure!(
        incomplete == 0,
        "{incomplete} files were not imported completely; nothing is lost: the kiosk still holds it"
    );
    Ok(())
}

/// Imports a file and writes its receipt beside it.
async fn import_one(
    archive: &Sqlite,
    keys: &HubKeys,
    file: &Path,
    within: Option<&Path>,
) -> anyhow::Result<()> {
    let source = import::Source::open(file, within).context("nothing was imported")?;
    let imported = source.import(archive, keys, clock::wall_ms()).await;
    let imported = imported.context("nothing was imported")?;
    print(import::told(file, &imported))?;
    if let Some(receipt) = &imported.receipt {
        let path = source.write_receipt(receipt).context("cannot write the receipt")?;
        print(format_args!("{}: carry it back to the kiosk", Plain(path.display())))?;
    }
    ensure!(imported.complaints.is_empty(), "not all of it was imported");
    Ok(())
}

/// Says which rules count for the shops' days, and what is wrong with their zones.
async fn report_zones(archive: &Sqlite) -> anyhow::Result<()> {
    let rules = Zones::of_system().rules();
    tracing::info!(%rules, "time-zone rules");
    for shop in archive.shops().await? {
        let (id, zone) = (&shop.id, &shop.zone);
        if rules.zone(zone).is_none() {
            tracing::error!(shop = id, zone, "the time zone is not known; UTC is taken");
        } else if let Some(complaint) = rules.complaint(zone) {
            tracing::warn!(shop = id, "{complaint}");
        }
    }
    Ok(())
}

async fn serve(settings: &Settings) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let archive = Sqlite::open(&settings.data_dir)?;
    report_zones(&archive).await?;
    let hub = Hub::bind(settings, archive.clone(), clock::reading)?;
    let (kiosks, page) = hub.addresses()?;
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    tracing::info!("kiosks deliver to {scheme}://{kiosks}");
    tracing::info!("head office's page is at {scheme}://{page}");
    let stop = hub.stopper();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stop();
    });
    let served = hub.run().await;
    archive.close().await;
    served
}

fn open(config: &Config) -> anyhow::Result<Sqlite> {
    Ok(Sqlite::open(&Settings::read(&config.config)?.data_dir)?)
}

fn open_with_keys(config: &Config) -> anyhow::Result<(Sqlite, HubKeys)> {
    let settings = Settings::read(&config.config)?;
    Ok((Sqlite::open(&settings.data_dir)?, keys::read_or_make(&settings.data_dir)?))
}

/// The PIN, typed or piped in as a line; none to delete the PIN.
fn ask_pin(forget: bool) -> anyhow::Result<Option<String>> {
    if forget { Ok(None) } else { program::ask_pin().map(Some) }
}

const fn pin_news(forget: bool) -> &'static str {
    if forget { "delete the PIN" } else { "get the new PIN" }
}

async fn print_code(archive: &Sqlite, kiosk: &str) -> anyhow::Result<()> {
    let code = kiosks::new_code(archive, kiosk, clock::wall_ms()).await?;
    print(format_args!("{kiosk}\n{code}"))?;
    let days = kiosks::CODE_LIFE_DAYS;
    let mut hint = std::io::stderr();
    writeln!(hint, "On the kiosk, within {days} days: smilepost-kiosk enrol … HUB-URL {code}")
        .context("cannot write to standard error")
}
