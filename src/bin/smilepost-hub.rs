//! The hub's command line: it reads arguments and prints results; see [`smilepost::hub`].

#[path = "smilepost-hub/arguments.rs"]
mod arguments;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, ensure};
use smilepost::carried::seal::HubKeys;
use smilepost::clock;
use smilepost::escape::Plain;
use smilepost::file;
use smilepost::hub::archive::Archive;
use smilepost::hub::archive::replica::Reader;
use smilepost::hub::archive::transfer::Hearer;
use smilepost::hub::archive::{Correction, Scope};
use smilepost::hub::carried::{keys, letters};
use smilepost::hub::commands::correct::Since;
use smilepost::hub::commands::names::Added;
use smilepost::hub::commands::recount::{self, Then};
use smilepost::hub::commands::{
    accounts, backup, correct, delete, doctor, export, import, kiosks, moving, names, reach, shops,
    surveys, transfer, work,
};
use smilepost::hub::proof;
use smilepost::hub::readiness;
use smilepost::hub::settings::Settings;
use smilepost::hub::{self, Hub};
use smilepost::owner::{self, Acting};
use smilepost::program::{self, ExportWriter, print};
use smilepost::wire::report::Reported;
use smilepost::zones::Zones;

use self::arguments::{
    AccountFormat, Arguments, Command, Config, KioskCommand, ScopeArguments, ShopCommand,
    SinceArguments, SurveyCommand,
};

fn main() -> ExitCode {
    let arguments: Arguments = match program::read("smilepost-hub") {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    program::run("smilepost-hub", "info", || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(act(arguments.command))
    })
}

async fn act(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(config) => serve(begin(&config)?).await,
        Command::Doctor { config, address } => examine(&config, address.as_deref()).await,
        Command::Shop(command) => act_on_shop(command).await,
        Command::Kiosk(command) => act_on_kiosk(command).await,
        Command::Survey(command) => act_on_survey(command).await,
        Command::Reconcile { config, kiosk, format } => {
            let accounts = accounts::of(&open(&config).await?, kiosk.as_deref()).await?;
            match format {
                AccountFormat::Json => print(&serde_json::to_string_pretty(&accounts)?)?,
                AccountFormat::Text => print(accounts::text(&accounts))?,
            }
            let wrong = accounts.iter().filter(|account| !account.holds).count();
            ensure!(wrong == 0, "accounts that do not add up: {wrong}; see DOES NOT HOLD above");
            Ok(())
        }
        Command::Work(config) => {
            print(work::text(&open(&config).await?.work().await?, clock::wall_ms()))
        }
        Command::Recount { config, kiosk, mend } => {
            let then = if mend { Then::Mend } else { Then::Tell };
            let (archive, now_ms) = (open(&config).await?, clock::wall_ms());
            let mut tell = |line: &str| print(line);
            let summary = recount::run(&archive, kiosk.as_deref(), then, now_ms, &mut tell).await?;
            print(summary.told())?;
            let is_told_only = then == Then::Tell && summary.wrong > 0;
            ensure!(!is_told_only, "`smilepost-hub recount --mend` sets them to what is counted");
            Ok(())
        }
        Command::Delete { config, kiosk, events, yes } => {
            let archive = open(&config).await?;
            let deletion = delete::Deletion::of(&archive, &kiosk, &events).await?;
            print(deletion.told())?;
            if !yes {
                let question = "Delete this for ever?";
                let answer = program::ask_which(question, &["delete", "no"])?;
                let answer = answer.context("nobody can be asked here; add --yes to delete it")?;
                ensure!(answer == "delete", "nothing was deleted");
            }
            print(deletion.carry_out(&archive).await?)
        }
        Command::MovesTo { config, address, undo } => {
            let archive = open(&config).await?;
            print(&match address {
                Some(address) => moving::to(&archive, &address).await?,
                None if undo => moving::undo(&archive).await?,
                None => moving::standing(&archive, clock::wall_ms()).await?,
            })
        }
        Command::Move { config, to, folder, password_file, ca_file, pooled, undo } => {
            let Begun { settings, .. } = &begin(&config)?;
            let (data_dir, now) = (&settings.data_dir, &settings.archive);
            if undo {
                return print(transfer::undo(data_dir, now).await?);
            }
            let (to, is_pooled) = (to.unwrap_or_default(), pooled);
            let asked = transfer::Asked { to, folder, password_file, ca_file, is_pooled };
            let said = transfer::to(data_dir, now, &asked, hearer()).await?;
            said.iter().try_for_each(print)
        }
        Command::Backup { config, file } => back_up(&config, &file).await,
        Command::Restore { config, file } => {
            let begun = begin(&config)?;
            in_file(&begun.settings)?;
            let settings = backup::restore(&file, &begun.settings.data_dir)?;
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
            let archive = open(&config).await?;
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
            let Begun { settings, .. } = &begin(&config)?;
            let archive = Reader::open(&settings.data_dir, &settings.archive).await?;
            export::export(&archive, |event| sheet.write(event)).await?;
            sheet.finish()?;
            Ok(())
        }
    }
}

async fn act_on_shop(command: ShopCommand) -> anyhow::Result<()> {
    match command {
        ShopCommand::Add { config, name, zone, group, id } => {
            let (group, id) = (group.as_deref(), id.as_deref());
            let Added { id, hints } =
                shops::add(&open(&config).await?, &name, zone, group, id).await?;
            print(&id)?;
            hint(&hints)
        }
        ShopCommand::List(config) => print(&shops::list(&open(&config).await?).await?),
        ShopCommand::Group { config, shop, group } => {
            let said = Correction { group: Some(group), ..Correction::default() };
            let now = Since::Now(clock::wall_ms());
            tell(correct::shop(&open(&config).await?, &shop, said, now).await?)
        }
        ShopCommand::Set { config, shop, name, zone, group, no_group, hours, no_hours, since } => {
            let group = group.map(Some).or_else(|| no_group.then_some(None));
            let hours = hours.map(Some).or_else(|| no_hours.then_some(None));
            let said = Correction { name, zone, group, hours, ..Correction::default() };
            tell(correct::shop(&open(&config).await?, &shop, said, since.into()).await?)
        }
        ShopCommand::Close { config, shop, on, undo } => {
            let (archive, now_ms) = (open(&config).await?, clock::wall_ms());
            tell(if undo {
                correct::open(&archive, &shop, now_ms).await?
            } else {
                correct::close(&archive, &shop, on.as_deref(), now_ms).await?
            })
        }
        ShopCommand::Pin { config, shop, forget } => {
            let archive = open(&config).await?;
            let pin = ask_pin(forget)?;
            let now_ms = clock::wall_ms();
            let count = shops::set_pin(&archive, &shop, pin.as_deref(), now_ms).await?;
            let what = pin_news(forget);
            print(format_args!("kiosks of {shop} that {what} at their next delivery: {count}"))
        }
    }
}

async fn act_on_kiosk(command: KioskCommand) -> anyhow::Result<()> {
    match command {
        KioskCommand::Add { config, shop, touchpoint, id } => {
            let archive = open(&config).await?;
            let (id, now_ms) = (id.as_deref(), clock::wall_ms());
            let added = kiosks::add(&archive, &shop, &touchpoint, id, now_ms).await?;
            hint(&added.hints)?;
            print_code(&archive, &added.id).await
        }
        KioskCommand::Code { config, kiosk } => print_code(&open(&config).await?, &kiosk).await,
        KioskCommand::Letter { config, kiosk, file } => {
            let (archive, keys) = open_with_keys(&config).await?;
            let now_ms = clock::wall_ms();
            let kiosk = correct::in_use(&archive, &kiosk, now_ms).await?;
            letters::write(&archive, &keys, kiosk, &file, now_ms).await?;
            print(format_args!(
                "{} is a secret: let `smilepost-kiosk enrol --letter` read it, then delete it",
                Plain(file.display())
            ))
        }
        KioskCommand::Pin { config, kiosk, forget } => {
            let archive = open(&config).await?;
            let pin = ask_pin(forget)?;
            kiosks::set_pin(&archive, &kiosk, pin.as_deref(), clock::wall_ms()).await?;
            print(format_args!("{kiosk}: will {} at its next delivery", pin_news(forget)))
        }
        KioskCommand::Renew { config, kiosk } => {
            kiosks::renew(&open(&config).await?, &kiosk, clock::wall_ms()).await?;
            print(format_args!("{kiosk} gets a new token at its next delivery"))
        }
        KioskCommand::Revoke { config, kiosk } => {
            kiosks::revoke(&open(&config).await?, &kiosk, clock::wall_ms()).await?;
            print(format_args!("the tokens and codes of {kiosk} are revoked"))
        }
        KioskCommand::Set { config, kiosk, shop, touchpoint, name, since } => {
            let said = Correction { name, shop, touchpoint, ..Correction::default() };
            tell(correct::kiosk(&open(&config).await?, &kiosk, said, since.into()).await?)
        }
        KioskCommand::Retire { config, kiosk, on, undo } => {
            let (archive, now_ms) = (open(&config).await?, clock::wall_ms());
            tell(if undo {
                correct::take_back(&archive, &kiosk, now_ms).await?
            } else {
                correct::retire(&archive, &kiosk, on.as_deref(), now_ms).await?
            })
        }
        KioskCommand::List(config) => {
            let Begun { settings, .. } = &begin(&config)?;
            let archive = Archive::open(&settings.data_dir, &settings.archive).await?;
            let budget = settings.limits.bytes_a_day();
            print(&kiosks::list(&archive, budget, clock::wall_ms()).await?)?;
            let differing = archive.differing().await?.map(proof::alarm);
            let unready = readiness::alarm(&readiness::answer(&archive).await);
            for alarm in unready.into_iter().chain(differing) {
                writeln!(std::io::stderr(), "ALARM: {}", Plain(alarm))
                    .context("cannot write to standard error")?;
            }
            Ok(())
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
            ))?;
            print(surveys::fonts(&survey))
        }
        SurveyCommand::Publish { config, file, scope } => {
            let survey = surveys::read(&file)?;
            let archive = open(&config).await?;
            let scope = reach::meant(&archive, Scope::from(scope)).await?;
            let now_ms = clock::wall_ms();
            let number = surveys::publish(&archive, &survey, scope.clone(), now_ms).await;
            let number = number.with_context(|| file.display().to_string())?;
            let reach = reach::of(&archive, &survey, &scope, number, now_ms).await?;
            print(format_args!("{number} published for {scope}; {}", reach.told()))?;
            print(surveys::fonts(&survey))?;
            hint(&reach.doubts)
        }
        SurveyCommand::Withdraw { config, scope } => {
            let archive = open(&config).await?;
            let scope = reach::meant(&archive, Scope::from(scope)).await?;
            let number = surveys::withdraw(&archive, scope.clone(), clock::wall_ms()).await?;
            print(format_args!("{number} withdrawn for {scope}"))
        }
        SurveyCommand::Show { config, kiosk: None } => {
            print(&surveys::standing(&open(&config).await?, clock::wall_ms()).await?)
        }
        SurveyCommand::Show { config, kiosk: Some(kiosk) } => {
            let survey = surveys::of_kiosk(&open(&config).await?, &kiosk).await?;
            print(survey.as_deref().unwrap_or("no survey: it asks its own, or the built-in one"))
        }
        SurveyCommand::History(config) => {
            print(surveys::history(&open(&config).await?.surveys().await?))
        }
    }
}

impl From<SinceArguments> for Since {
    fn from(SinceArguments { on, always }: SinceArguments) -> Self {
        let now_ms = clock::wall_ms();
        match on {
            _ if always => Self::Always(now_ms),
            Some(on) => Self::Day(on, now_ms),
            None => Self::Now(now_ms),
        }
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
    let (archive, keys) = open_with_keys(config).await?;
    let mut tell = |line: &str| print(line);
    let incomplete = import::all(&archive, &keys, files, clock::wall_ms, &mut tell).await?;
    ensure!(
        incomplete == 0,
        "not imported completely: {incomplete}, named above; nothing is lost: the kiosk still \
         holds it"
    );
    Ok(())
}

/// Says which rules count for the shops' days, and what is wrong with their zones.
async fn report_zones(archive: &Archive) -> anyhow::Result<()> {
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

/// How long the archive is read by `doctor`, in milliseconds.
const LOOK_MS_MAX: u64 = 30_000;

async fn examine(config: &Config, address: Option<&str>) -> anyhow::Result<()> {
    let Begun { settings, .. } = &begin(config)?;
    let until_ms = clock::boot_ms() + LOOK_MS_MAX;
    let seen = doctor::Seen {
        now_ms: clock::wall_ms(),
        is_vouched: clock::is_vouched(),
        is_possible: clock::is_possible(clock::wall_ms()),
        free_bytes: file::free_bytes(&settings.data_dir).ok(),
    };
    let goes_on = move || clock::boot_ms() < until_ms;
    let mut findings = doctor::examine(settings, &seen, address, goes_on).await;
    if doctor::has_archive(settings) {
        match Archive::open(&settings.data_dir, &settings.archive).await {
            Ok(archive) => {
                let (rules, now_ms) = (Zones::of_system().rules(), clock::wall_ms());
                findings.extend(doctor::zones(&archive, &rules, now_ms).await);
                findings.extend(doctor::kiosks(&archive, now_ms).await);
                archive.close().await;
            }
            Err(error) => findings.push(doctor::unreadable(&error)),
        }
    }
    program::tell(findings)
}

async fn serve(begun: Begun) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let Begun { settings, acting } = begun;
    let settings = &settings;
    let archive = Archive::open(&settings.data_dir, &settings.archive).await?;
    if let Some(address) = &settings.archive.postgres {
        tracing::info!("the archive is in PostgreSQL: {}", address.shown());
    }
    report_zones(&archive).await?;
    keys::of_archive(&archive, &settings.data_dir).await?;
    // The threads of the archive go on as its owner; root's own are the certificate and its key.
    drop(acting);
    let hub = Hub::bind(settings, archive.clone(), clock::reading)?;
    let hub = hub.vouched_by(clock::is_vouched);
    let (kiosks, page) = hub.addresses()?;
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    tracing::info!("kiosks deliver to {scheme}://{kiosks}");
    tracing::info!("head office's page is at {scheme}://{page}");
    let stop = hub.stopper();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    // The terminal is gone; where there is none, the certificate is to be read again, whose reader
    // hears it too.
    let mut hangup = signal(SignalKind::hangup())?;
    let is_in_terminal = program::is_in_terminal();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => break,
                _ = terminate.recv() => break,
                _ = hangup.recv() => if is_in_terminal { break },
            }
        }
        stop();
    });
    let served = hub.run().await;
    archive.close().await;
    served
}

/// The settings, and as whom this thread acts on files meanwhile.
struct Begun {
    settings: Settings,
    acting: Acting,
}

fn begin(config: &Config) -> anyhow::Result<Begun> {
    let settings = Settings::read(&config.config)?;
    let acting = owner::act(&settings.data_dir, hub::SERVICE)?;
    Ok(Begun { settings, acting })
}

/// Refuses what is only for an archive in a file.
fn in_file(settings: &Settings) -> anyhow::Result<()> {
    ensure!(
        settings.archive.postgres.is_none(),
        "a backup is restored into a file, and comes from there into PostgreSQL: take [archive] \
         out of hub.toml, restore, and then `smilepost-hub move --to` an empty database"
    );
    Ok(())
}

async fn back_up(config: &Config, to: &Path) -> anyhow::Result<()> {
    let Begun { settings, .. } = &begin(config)?;
    let data_dir = &settings.data_dir;
    let copied = match &settings.archive.postgres {
        None => None,
        Some(address) => {
            let archive = Archive::open(data_dir, &settings.archive).await?;
            keys::of_archive(&archive, data_dir).await?;
            let copied = backup::copy(&archive, address.shown(), data_dir, hearer()).await?;
            archive.close().await;
            Some(copied)
        }
    };
    owner::in_folder(file::folder_of(to), || match &copied {
        None => backup::write(data_dir, &config.config, to),
        Some(copied) => backup::write_copy(copied, data_dir, &config.config, to),
    })?;
    if let Err(error) = doctor::note_backup(data_dir, clock::wall_ms()) {
        tracing::warn!(%error, "`doctor` will not know of this backup");
    }
    print(format_args!(
        "{} holds the archive, the keys and the settings: keep it secret",
        Plain(to.display())
    ))
}

/// How often it is said how far something is, in milliseconds.
const SAID_EVERY_MS: u64 = 5_000;

/// Says what is done, and how far it is every few seconds. That nobody listens stops nothing.
fn hearer() -> Hearer {
    let said_ms = AtomicU64::new(clock::boot_ms());
    let is_due = move || {
        let now_ms = clock::boot_ms();
        let is_due = now_ms.saturating_sub(said_ms.load(Ordering::Relaxed)) >= SAID_EVERY_MS;
        if is_due {
            said_ms.store(now_ms, Ordering::Relaxed);
        }
        is_due
    };
    let tell = |line: &str| drop(print(line));
    Hearer { tell: Arc::new(tell), is_due: Arc::new(is_due) }
}

/// Opens the archive, whose threads act as its owner for ever.
async fn open(config: &Config) -> anyhow::Result<Archive> {
    let Begun { settings, .. } = &begin(config)?;
    Ok(Archive::open(&settings.data_dir, &settings.archive).await?)
}

async fn open_with_keys(config: &Config) -> anyhow::Result<(Archive, HubKeys)> {
    let Begun { settings, .. } = &begin(config)?;
    let archive = Archive::open(&settings.data_dir, &settings.archive).await?;
    let keys = keys::of_archive(&archive, &settings.data_dir).await?;
    Ok((archive, keys))
}

/// The PIN, typed or piped in as a line; none to delete the PIN.
fn ask_pin(forget: bool) -> anyhow::Result<Option<String>> {
    if forget { Ok(None) } else { program::ask_pin().map(Some) }
}

const fn pin_news(forget: bool) -> &'static str {
    if forget { "delete the PIN" } else { "get the new PIN" }
}

/// Says what came of a correction.
fn tell(corrected: correct::Corrected) -> anyhow::Result<()> {
    print(&corrected.done)?;
    hint(&corrected.hints)
}

/// Says beside the result what somebody may want to know of it.
fn hint(sentences: &[String]) -> anyhow::Result<()> {
    let mut out = std::io::stderr();
    let mut each = sentences.iter();
    each.try_for_each(|sentence| writeln!(out, "note: {}", Plain(sentence)))
        .context("cannot write to standard error")
}

async fn print_code(archive: &Archive, kiosk: &str) -> anyhow::Result<()> {
    let code = kiosks::new_code(archive, kiosk, clock::wall_ms()).await?;
    let kiosk = names::kiosk(archive, kiosk).await?.id;
    print(format_args!("{kiosk}\n{code}"))?;
    let days = kiosks::CODE_LIFE_DAYS;
    let mut hint = std::io::stderr();
    writeln!(hint, "On the kiosk, within {days} days: smilepost-kiosk enrol … HUB-URL {code}")
        .context("cannot write to standard error")
}
