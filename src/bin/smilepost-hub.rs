//! The program at head office; see [`smilepost::hub`].

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::{Parser, Subcommand};
use smilepost::carried::file::RECEIPT_ENDING;
use smilepost::carried::seal::HubKeys;
use smilepost::clock;
use smilepost::hub::archive::sqlite::Sqlite;
use smilepost::hub::archive::{Archive, Kiosk, PinScope, Scope, Shop, Token};
use smilepost::hub::carried::import::{self, Imported};
use smilepost::hub::commands::{accounts, surveys};
use smilepost::hub::kiosks::enrolled;
use smilepost::hub::settings::Settings;
use smilepost::hub::{Hub, secrets};
use smilepost::program::{self, ExportFormat, Sheet, VERSION};
use smilepost::secret::pin;
use smilepost::wire::carried::{self, LETTER, Letter};

/// Smilepost's head office: receives every rating once and shows shops side by side.
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
    /// Say what kiosks ask.
    #[command(subcommand)]
    Survey(SurveyCommand),
    /// Account for every event that kiosks have taken; exit 1 when more is missing than they hold.
    Reconcile {
        #[command(flatten)]
        config: Config,
        /// The short name of one kiosk; all of them if left out.
        #[arg(long)]
        kiosk: Option<String>,
        /// How to print it.
        #[arg(long, value_enum, default_value_t)]
        format: AccountFormat,
    },
    /// Say that the archive was restored from a backup, so that kiosks offer again what they hold.
    Restored(Config),
    /// Take deliveries that were carried here on a stick, and write a receipt beside each; exit 1
    /// when something in one of them could not be taken.
    Import {
        #[command(flatten)]
        config: Config,
        /// The files, as a kiosk has written them into the folder smilepost-export.
        #[arg(required = true, value_name = "FILE")]
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
    /// Put a shop into a group, or into none.
    Group {
        #[command(flatten)]
        config: Config,
        /// The short name of the shop.
        shop: String,
        /// The group; none if left out.
        group: Option<String>,
    },
    /// Set the PIN of the desk on every kiosk of a shop, each at its next delivery.
    Pin {
        #[command(flatten)]
        config: Config,
        /// The short name of the shop.
        shop: String,
        /// Forget the PIN, so that nobody gets to the desk.
        #[arg(long)]
        forget: bool,
    },
    /// List the shops.
    List(Config),
}

/// Whom a survey is meant for: all kiosks, unless it is narrowed. Where several surveys fit a
/// kiosk, that of its touchpoint goes before that of its shop, and that before its group's.
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
    /// Publish a survey; kiosks fetch it at their next delivery.
    Publish {
        #[command(flatten)]
        config: Config,
        /// The survey, a TOML file.
        file: PathBuf,
        #[command(flatten)]
        scope: ScopeArguments,
    },
    /// Take the survey of a scope back; kiosks go on with that of the next wider one.
    Withdraw {
        #[command(flatten)]
        config: Config,
        #[command(flatten)]
        scope: ScopeArguments,
    },
    /// Show which kiosk asks which survey, or what a kiosk is to ask, as TOML.
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
    /// Print a new one-time code for a kiosk that is to be enrolled again.
    Code {
        #[command(flatten)]
        config: Config,
        /// The short name of the kiosk.
        kiosk: String,
    },
    /// Write a letter that enrols a kiosk without a network; a secret, to be deleted once the kiosk
    /// has read it.
    Letter {
        #[command(flatten)]
        config: Config,
        /// The short name of the kiosk.
        kiosk: String,
        /// The letter; it must not be there yet.
        file: PathBuf,
    },
    /// Set the PIN of the desk on a kiosk, at its next delivery.
    Pin {
        #[command(flatten)]
        config: Config,
        /// The short name of the kiosk.
        kiosk: String,
        /// Forget the PIN, so that nobody gets to the desk.
        #[arg(long)]
        forget: bool,
    },
    /// Have a kiosk's token renewed at its next delivery; tokens older than 90 days are anyway.
    Renew {
        #[command(flatten)]
        config: Config,
        /// The short name of the kiosk.
        kiosk: String,
    },
    /// Shut a kiosk out: its token and its codes are good for nothing from now on.
    Revoke {
        #[command(flatten)]
        config: Config,
        /// The short name of the kiosk.
        kiosk: String,
    },
    /// List the kiosks and what was last heard of them.
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
        Command::Shop(ShopCommand::Add { config, name, zone, group }) => {
            ensure!(
                zone.parse::<chrono_tz::Tz>().is_ok(),
                "{zone:?} is not an IANA time zone such as Europe/Helsinki"
            );
            let id = short_name(&name)?;
            let shop = Shop { id: id.clone(), name, zone, group };
            ensure!(open(&config)?.add_shop(shop).await?, "there is a shop {id} already");
            print(&id)
        }
        Command::Shop(ShopCommand::List(config)) => {
            for Shop { id, name, zone, group } in open(&config)?.shops().await? {
                let group = group.map(|group| format!("\tgroup {group}")).unwrap_or_default();
                print(&format!("{id}\t{name}\t{zone}{group}"))?;
            }
            Ok(())
        }
        Command::Shop(ShopCommand::Group { config, shop, group }) => {
            let is_known = open(&config)?.group_shop(shop.clone(), group.clone()).await?;
            ensure!(is_known, "there is no shop {shop}");
            print(&format!("{shop} belongs to {}", group.as_deref().unwrap_or("no group")))
        }
        Command::Shop(ShopCommand::Pin { config, shop, forget }) => {
            let count = set_pin(&config, PinScope::Shop(shop.clone()), forget).await?;
            ensure!(count > 0, "there is no shop {shop}, or it has no kiosk");
            print(&format!("said to {count} kiosks of {shop} at their next delivery"))
        }
        Command::Import { config, files } => import(&config, &files).await,
        Command::Survey(command) => act_on_surveys(command).await,
        Command::Kiosk(command) => act_on_kiosk(command).await,
        Command::Reconcile { config, kiosk, format } => {
            reconcile(&open(&config)?, kiosk, format).await
        }
        Command::Restored(config) => {
            open(&config)?.renew_epoch().await?;
            print("kiosks offer again what they still hold, each at its next delivery")
        }
        Command::Export { config, format } => {
            let out = std::io::BufWriter::new(std::io::stdout());
            let mut sheet = Sheet::new(format, out);
            accounts::export(&open(&config)?, |event| sheet.write(event)).await?;
            sheet.finish()?;
            Ok(())
        }
    }
}

async fn act_on_kiosk(command: KioskCommand) -> anyhow::Result<()> {
    match command {
        KioskCommand::Add { config, shop, touchpoint } => {
            let archive = open(&config)?;
            let known = archive.shops().await?;
            ensure!(
                known.iter().any(|known| known.id == shop),
                "there is no shop {shop}; `smilepost-hub shop list` prints their short names"
            );
            let id = short_name(&format!("{shop} {touchpoint}"))?;
            let kiosk = Kiosk { id: id.clone(), shop, touchpoint };
            ensure!(
                archive.add_kiosk(kiosk).await?,
                "there is a kiosk {id} already; `smilepost-hub kiosk code {id}` enrols it again"
            );
            print_code(&archive, id).await
        }
        KioskCommand::Code { config, kiosk } => print_code(&open(&config)?, kiosk).await,
        KioskCommand::Letter { config, kiosk, file } => write_letter(&config, kiosk, &file).await,
        KioskCommand::Pin { config, kiosk, forget } => {
            let count = set_pin(&config, PinScope::Kiosk(kiosk.clone()), forget).await?;
            ensure!(count > 0, "there is no kiosk {kiosk}");
            print(&format!("said to {kiosk} at its next delivery"))
        }
        KioskCommand::Renew { config, kiosk } => {
            let is_known = open(&config)?.want_token(kiosk.clone()).await?;
            ensure!(is_known, "there is no kiosk {kiosk}");
            print(&format!("{kiosk} gets a new token at its next delivery"))
        }
        KioskCommand::Revoke { config, kiosk } => {
            let revoked = open(&config)?.revoke(kiosk.clone(), clock::wall_ms()).await?;
            ensure!(revoked > 0, "{kiosk} has no token to revoke");
            print(&format!("{kiosk} is shut out"))
        }
        KioskCommand::List(config) => {
            for status in open(&config)?.kiosks().await? {
                let last = status.last_contact_ms.and_then(chrono::DateTime::from_timestamp_millis);
                let last = last.map_or("never".to_owned(), |at| at.to_rfc3339());
                let state = if status.is_enrolled { "enrolled" } else { "not enrolled" };
                let Kiosk { id, shop, touchpoint } = status.kiosk;
                let waiting = status.waiting;
                let line = format!(
                    "{id}\t{shop}\t{touchpoint}\t{state}\tlast contact {last}\tholds {waiting}"
                );
                print(&line)?;
            }
            Ok(())
        }
    }
}

/// Sets the PIN that is typed, or piped in as a line; only its hash is kept and sent.
async fn set_pin(config: &Config, place: PinScope, forget: bool) -> anyhow::Result<usize> {
    let archive = open(config)?;
    let hash = match forget {
        true => None,
        false => Some(pin::hash(&program::ask_pin()?)?),
    };
    Ok(archive.set_pin(place, hash).await?)
}

async fn write_letter(config: &Config, kiosk: String, file: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let settings = Settings::read(&config.config)?;
    let (archive, keys) = (Sqlite::open(&settings.data_dir)?, hub_keys(&settings)?);
    let mut options = std::fs::OpenOptions::new();
    let out = options.write(true).create_new(true).mode(0o600).open(file);
    let mut out = out.with_context(|| format!("cannot write {}", file.display()))?;
    let token = secrets::new_token();
    let given = archive.give_token(kiosk.clone(), Token::of(&token)?, clock::wall_ms()).await?;
    let Some((kiosk, shop)) = given else {
        drop(out);
        std::fs::remove_file(file)?;
        anyhow::bail!("there is no kiosk {kiosk}");
    };
    let enrolled = enrolled(kiosk, shop, token, &keys.public()?);
    let (smilepost, version) = (LETTER.to_owned(), carried::VERSION);
    serde_json::to_writer_pretty(&mut out, &Letter { smilepost, version, enrolled })?;
    out.sync_all()?;
    print(&format!(
        "{} is a secret: let `smilepost-kiosk enrol --letter` read it, then delete it",
        file.display()
    ))
}

/// Takes each file, and writes its receipt beside it.
async fn import(config: &Config, files: &[PathBuf]) -> anyhow::Result<()> {
    let settings = Settings::read(&config.config)?;
    let (archive, keys) = (Sqlite::open(&settings.data_dir)?, hub_keys(&settings)?);
    let mut bad = 0;
    for file in files {
        let name = file.display();
        let input = std::fs::File::open(file).with_context(|| format!("cannot read {name}"));
        let taken = match input {
            Ok(input) => import::import(&archive, &keys, std::io::BufReader::new(input))
                .await
                .map_err(anyhow::Error::from),
            Err(error) => Err(error),
        };
        let Imported { kiosk, added, known, set_aside, before, complaints, receipt } = match taken {
            Ok(imported) => imported,
            Err(error) => {
                bad += 1;
                print(&format!("{name}: nothing was taken: {error:#}"))?;
                continue;
            }
        };
        let before = before.map(|at| format!("; it was taken on {at} already")).unwrap_or_default();
        print(&format!(
            "{name}: {kiosk}: {added} events are new, {known} were here, {set_aside} set aside\
             {before}"
        ))?;
        for complaint in &complaints {
            print(&format!("{name}: {complaint}"))?;
        }
        bad += usize::from(!complaints.is_empty());
        if let Some(receipt) = receipt {
            let path = format!("{name}.{RECEIPT_ENDING}");
            put(Path::new(&path), &receipt).with_context(|| format!("cannot write {path}"))?;
            print(&format!("{path}: carry it back to the kiosk"))?;
        }
    }
    ensure!(bad == 0, "not everything could be taken; nothing is lost, the kiosk still holds it");
    Ok(())
}

/// Writes a whole file, under another name until it is: somebody may pull the stick.
fn put(path: &Path, text: &str) -> std::io::Result<()> {
    let new = path.with_extension("part");
    let mut out = std::fs::File::create(&new)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(new, path)
}

fn hub_keys(settings: &Settings) -> anyhow::Result<HubKeys> {
    HubKeys::read_or_make(&settings.data_dir).context("cannot read or make the hub's keys")
}

async fn act_on_surveys(command: SurveyCommand) -> anyhow::Result<()> {
    match command {
        SurveyCommand::Check { file } => {
            let survey = surveys::read(&file)?;
            let (version, questions) = (survey.version, survey.questions.len());
            print(&format!("{}: version {version}, {questions} questions, fine", file.display()))
        }
        SurveyCommand::Publish { config, file, scope } => {
            let (survey, scope, archive) = (surveys::read(&file)?, scope.into(), open(&config)?);
            let before = archive.surveys().await?;
            if let Err(complaints) = surveys::compare(&survey, &scope, &before) {
                anyhow::bail!("{}: {}", file.display(), complaints.join("\n  "));
            }
            publish(&archive, scope, Some(serde_json::to_string(&survey)?)).await
        }
        SurveyCommand::Withdraw { config, scope } => {
            let (scope, archive): (Scope, _) = (scope.into(), open(&config)?);
            let has_one = surveys::has_survey(&scope, &archive.surveys().await?);
            ensure!(has_one, "there is no survey for {scope}; `survey history` lists all");
            publish(&archive, scope, None).await
        }
        SurveyCommand::Show { config, kiosk: None } => {
            print(surveys::standing(&open(&config)?).await?.trim_end())
        }
        SurveyCommand::Show { config, kiosk: Some(kiosk) } => {
            let archive = open(&config)?;
            let known = archive.kiosks().await?;
            ensure!(known.iter().any(|known| known.kiosk.id == kiosk), "there is no kiosk {kiosk}");
            match archive.survey(kiosk).await? {
                None => print("no survey: it asks its own, or the one that is built in"),
                Some(publication) => print(&surveys::toml(&publication)?),
            }
        }
        SurveyCommand::History(config) => {
            print(surveys::history(&open(&config)?.surveys().await?).trim_end())
        }
    }
}

async fn publish(
    archive: &impl Archive,
    scope: Scope,
    content: Option<String>,
) -> anyhow::Result<()> {
    let done = if content.is_some() { "published" } else { "withdrawn" };
    let (name, shop) = (scope.to_string(), scope.shop.clone().unwrap_or_default());
    let number = archive.publish(scope, content, clock::wall_ms()).await?;
    let number = number.with_context(|| format!("there is no shop {shop}"))?;
    print(&format!("{number} {done} for {name}"))
}

impl From<ScopeArguments> for Scope {
    fn from(arguments: ScopeArguments) -> Self {
        let ScopeArguments { group, shop, touchpoint } = arguments;
        Self { group, shop, touchpoint }
    }
}

/// Prints the account of one kiosk or of all.
async fn reconcile(
    archive: &Sqlite,
    kiosk: Option<String>,
    format: AccountFormat,
) -> anyhow::Result<()> {
    let known = archive.kiosks().await?.into_iter().map(|status| status.kiosk.id);
    let asked: Vec<String> =
        known.filter(|id| kiosk.as_ref().is_none_or(|kiosk| kiosk == id)).collect();
    ensure!(
        !asked.is_empty() || kiosk.is_none(),
        "there is no kiosk {}",
        kiosk.unwrap_or_default()
    );
    let mut accounts = Vec::new();
    for id in asked {
        accounts.push(archive.reconcile(id).await?);
    }
    match format {
        AccountFormat::Json => print(&serde_json::to_string_pretty(&accounts)?)?,
        AccountFormat::Text => print(accounts::accounts(&accounts).trim_end())?,
    }
    let wrong = accounts.iter().filter(|account| !account.holds).count();
    ensure!(wrong == 0, "{wrong} accounts do not hold");
    Ok(())
}

async fn serve(settings: &Settings) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let hub = Hub::bind(settings, Sqlite::open(&settings.data_dir)?)?;
    let (kiosks, dashboard) = hub.addresses()?;
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    tracing::info!("kiosks deliver to {scheme}://{kiosks}");
    tracing::info!("the dashboard is at {scheme}://{dashboard}");
    let stop = hub.stopper();
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stop();
    });
    hub.run().await
}

fn open(config: &Config) -> anyhow::Result<Sqlite> {
    Ok(Sqlite::open(&Settings::read(&config.config)?.data_dir)?)
}

async fn print_code(archive: &impl Archive, kiosk: String) -> anyhow::Result<()> {
    let code = secrets::new_code();
    let expires_ms = clock::wall_ms() + secrets::CODE_LIFE_MS;
    let added = archive.add_code(kiosk.clone(), secrets::code_hash(&code), expires_ms).await?;
    ensure!(added, "there is no kiosk {kiosk}");
    let days = secrets::CODE_LIFE_MS / 86_400_000;
    print(&format!("{kiosk}\n{code}"))?;
    let mut hint = std::io::stderr();
    writeln!(hint, "On the kiosk, within {days} days: smilepost-kiosk enrol … HUB-URL {code}")
        .context("cannot write to standard error")
}

/// Makes a short name of a name: its letters and digits in small, the rest as hyphens.
fn short_name(name: &str) -> anyhow::Result<String> {
    let plain = name.to_lowercase();
    let parts = plain.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    let id = parts.collect::<Vec<_>>().join("-");
    ensure!(
        !id.is_empty() && id.len() <= 80,
        "{name:?} makes no short name: it needs 1 to 80 letters or digits"
    );
    Ok(id)
}

fn print(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("cannot write to standard output")
}
