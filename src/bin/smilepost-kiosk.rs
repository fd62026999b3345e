//! The kiosk's command line: it runs the kiosk and its tools; see [`smilepost::kiosk`].

#[path = "smilepost-kiosk/arguments.rs"]
mod arguments;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Signals, SignalsInfo};
use smilepost::clock;
use smilepost::escape::{Dialect, Plain, Table};
use smilepost::foreign::Folder;
use smilepost::kiosk::desk::tools::socket;
use smilepost::kiosk::desk::tools::stick;
use smilepost::kiosk::desk::{self, Clerk};
use smilepost::kiosk::enrolling::{self, Files, Reached, Standing};
use smilepost::kiosk::health::Asker;
use smilepost::kiosk::journal::JournalSource;
use smilepost::kiosk::reset::reset;
use smilepost::kiosk::screen::{bring_fonts_for, look_for_fonts};
use smilepost::kiosk::settings::{Enrolment, Settings};
use smilepost::kiosk::{self, Kiosk, Options, ScreenTarget, health, pin, shop, uplink};
use smilepost::owner::{self, Acting};
use smilepost::program::{self, ExportFormat, ExportWriter, VERSION, print};
use smilepost::wire::carried::{LETTER, Letter};
use smilepost::wire::days::Row;
use smilepost::wire::local::{Ask, Exported, Office, Summary, Verified};
use smilepost::words::json;

use self::arguments::{
    Arguments, Before, ClockCommand, Command, Config, PinCommand, SummaryFormat, VerifyFormat,
};

fn main() -> ExitCode {
    let arguments: Arguments = match program::read("smilepost-kiosk") {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    program::run("smilepost-kiosk", "info", || act(arguments.command))
}

fn act(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Run { config, headless, witness } => {
            let screen = if headless { ScreenTarget::Nowhere } else { ScreenTarget::Display };
            let options = Options { screen, witness, app: app() };
            let Begun { settings, acting } = begin(&config)?;
            anyhow::ensure!(
                !acting.is_for_other(),
                "root would leave files that {} cannot use: start the kiosk with `sudo systemctl \
                 start smilepost-kiosk`, or type `sudo -u {0}` before the command",
                owner::acting_name()
            );
            if screen == ScreenTarget::Display
                && let Err(error) = bring_fonts_for(&settings.runtime_dir, &texts(&settings))
            {
                tracing::warn!(%error, "cannot prepare the fonts; texts on the screen may be \
                    missing");
            }
            // From here on a signal is held until the kiosk can be stopped.
            let signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
            let kiosk = Kiosk::open(settings, options)?;
            stop_on_signal(&kiosk, signals)?;
            kiosk.run()
        }
        Command::Carry { config, folder } => carry(&begin(&config)?.settings, &folder),
        Command::Enrol { config, hub_url, code, letter, before, give_up } => {
            let Begun { settings, acting: _acting } = begin(&config)?;
            // A code is valid once: check that its token can be stored before the code is used.
            Enrolment::can_be_written(&settings.data_dir)?;
            let standing = Standing::of(&settings)?;
            print(standing.waiting().join("\n"))?;
            let before = decide(&standing, before)?;
            standing.allows(before, give_up)?;
            let entry = match letter {
                Some(letter) => open_letter(&letter)?,
                None => {
                    let (hub, code) = (hub_url.unwrap_or_default(), code.unwrap_or_default());
                    uplink::enrol(&settings.uplink, &hub, &code, &app())?
                }
            };
            let said = standing.enter(&settings, &entry, before, give_up)?;
            let enrolment = entry.enrolment;
            let Enrolment { kiosk, shop, zone, .. } = &enrolment;
            print(format_args!(
                "Enrolled as {kiosk} of {shop}. Restart smilepost-kiosk if it runs."
            ))?;
            print(said.join("\n"))?;
            match &settings.zone {
                Some(own) if own.name() != zone => print(format_args!(
                    "Head office has the time zone {zone} for this shop, but `zone` in {} is {}: \
                    the same rating may count on different days. Correct one of them.",
                    config.config.display(),
                    own.name()
                ))?,
                None if enrolment.known_zone().is_none() => print(format_args!(
                    "The time zone {zone} is known neither to this version nor to this system, and \
                    UTC is taken: update the package tzdata, or set `zone` in {}.",
                    config.config.display()
                ))?,
                Some(_) | None => {}
            }
            Ok(())
        }
        Command::GiveUp { config, kiosk, hub, journal } => {
            let Begun { settings, acting: _acting } = begin(&config)?;
            let left = enrolling::give_up(&settings.data_dir, &kiosk, hub.as_deref(), journal)?;
            print(format_args!(
                "What waits for {left} is given up. Restart smilepost-kiosk if it runs."
            ))
        }
        Command::Reset { config, give_up } => {
            let Begun { settings, acting: _acting } = begin(&config)?;
            let left = reset(&settings, give_up)?;
            print(format_args!(
                "The card is ready for imaging: nothing in {} is of this board alone.",
                settings.data_dir.display()
            ))?;
            for file in left.iter().chain([&config.config]) {
                print(format_args!("left: {}", Plain(file.display())))?;
            }
            Ok(())
        }
        Command::Summary { config, date, from, to, all, exact, format } => {
            let Begun { settings, acting: _acting } = begin(&config)?;
            let summary = summary(&settings, date.or(from), to, (all, exact))?;
            match format {
                SummaryFormat::Csv => {
                    let mut shop = shop(&settings, Enrolment::read(&settings.data_dir)?.as_ref());
                    if all {
                        // A row has ratings of every place.
                        for text in [&mut shop.name, &mut shop.kiosk, &mut shop.touchpoint] {
                            text.clear();
                        }
                    }
                    let row = Row::default();
                    let mut sheet = Table::new(std::io::stdout(), Dialect::PLAIN, &row)?;
                    let rows = desk::rows(&summary, &shop, Dialect::PLAIN);
                    rows.into_iter().try_for_each(|row| sheet.write(&row))?;
                    Ok(sheet.finish()?.flush()?)
                }
                SummaryFormat::Text => print(format_args!("{}", desk::render(&summary).trim_end())),
                SummaryFormat::Json => {
                    print(format_args!("{}", serde_json::to_string_pretty(&summary)?))
                }
            }
        }
        Command::Pin(PinCommand::Set(config)) => set_pin(&begin(&config)?.settings),
        Command::Pin(PinCommand::Unset(config)) => {
            let had_one = pin::unset(&begin(&config)?.settings.data_dir)?;
            let said = if had_one { "The PIN is deleted." } else { "There was no PIN." };
            print(format_args!("{said}"))
        }
        Command::Doctor(config) => {
            let _acting = begin(&config)?.acting;
            // As the service reads it.
            let settings = Settings::read(&config.config)?;
            let texts = kiosk::shown_texts(&settings);
            look_for_fonts(&texts.iter().map(|(_, text)| text.as_str()).collect::<String>())
                .context("cannot write a temporary file")?;
            let mut findings = health::examine(&settings, &asked(&settings), &texts, Asker::Person);
            // An older kiosk that still runs cannot answer.
            let heard = socket::ask(&settings.runtime_dir, &Ask::Office).ok().flatten();
            let heard: Option<Office> = heard.and_then(|answers| answers.office().ok());
            findings.extend(heard.iter().flat_map(health::disagreements));
            // Where the present journal cannot be read, that is found above.
            let former = enrolling::of_former_places(&settings).ok();
            findings.extend(health::former(&former.unwrap_or_default()));
            program::tell(findings)
        }
        Command::Verify { config, format } => {
            let verified = verify(&begin(&config)?.settings)?;
            match format {
                VerifyFormat::Text => {
                    print(format_args!("{}", desk::render_verified(&verified).trim_end()))?;
                }
                VerifyFormat::Json => {
                    print(format_args!("{}", serde_json::to_string_pretty(&verified)?))?;
                }
            }
            anyhow::ensure!(verified.holds, "the books do not balance: see the lines above");
            Ok(())
        }
        Command::Retry(config) => {
            let again = retry(&begin(&config)?.settings)?;
            print(format_args!("{again} events that were set aside are waiting to be sent again"))
        }
        Command::Clock(ClockCommand::Set { config, time }) => {
            set_clock(&begin(&config)?.settings, &time)
        }
        Command::Export { config, from, to, all, format } => {
            export(&begin(&config)?.settings, (from, to), all, format)
        }
    }
}

/// The settings, and as whom this thread acts on files while it uses them.
struct Begun {
    settings: Settings,
    acting: Acting,
}

fn begin(config: &Config) -> anyhow::Result<Begun> {
    let settings = Settings::read(&config.config)?;
    let acting = owner::act(&settings.data_dir, kiosk::SERVICE)?;
    Ok(Begun { settings, acting })
}

/// How the kiosk is, if it runs.
fn asked(settings: &Settings) -> health::Kiosk {
    let answer = socket::ask(&settings.runtime_dir, &Ask::Standing);
    match answer.and_then(|answers| answers.map(socket::Answers::standing).transpose()) {
        Ok(Some(standing)) => health::Kiosk::Running(standing),
        Ok(None) => health::Kiosk::Stopped,
        Err(error) => health::Kiosk::Silent(error.to_string()),
    }
}

/// Every text that can be shown, for which fonts are needed.
fn texts(settings: &Settings) -> String {
    kiosk::shown_texts(settings).into_iter().map(|(_, texts)| texts).collect()
}

fn app() -> String {
    format!("smilepost-kiosk {VERSION}")
}

/// Stops the kiosk at a signal, including one that came before this call. A SIGHUP means that the
/// terminal is gone, or, where there is none, that changed files are to be read, which their
/// readers hear themselves.
fn stop_on_signal(kiosk: &Kiosk, mut signals: SignalsInfo) -> anyhow::Result<()> {
    let doorbell = kiosk.doorbell();
    let is_in_terminal = program::is_in_terminal();
    let wait = move || {
        let mut ends = signals.forever().filter(|signal| *signal != SIGHUP || is_in_terminal);
        if ends.next().is_some() {
            doorbell.stop();
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(())
}

fn set_pin(settings: &Settings) -> anyhow::Result<()> {
    pin::set(&settings.data_dir, &pin::hash(&program::ask_pin()?)?)?;
    print(format_args!(
        "The PIN is set. To open the desk, hold the shop's name or logo on the screen for two \
        seconds, then type the PIN."
    ))
}

/// What becomes of what was taken before any enrolment: said by a flag, or asked on a terminal.
fn decide(
    standing: &Standing,
    before: Option<Before>,
) -> anyhow::Result<Option<enrolling::Before>> {
    let unowned = standing.unowned();
    if before.is_some() || unowned == 0 {
        return Ok(before.map(Into::into));
    }
    let question = format!(
        "This kiosk holds {unowned} ratings and other events that were taken before any \
        enrolment. Do they belong to this one, or were they a trial, which is never sent?"
    );
    let answer = program::ask_which(&question, &["keep", "trial"])?;
    match answer.as_deref() {
        Some("keep") => Ok(Some(enrolling::Before::Keep)),
        Some("trial") => Ok(Some(enrolling::Before::Trial)),
        _ => Err(enrolling::Error::Undecided(unowned).into()),
    }
}

/// The largest letter that is read, in bytes.
const LETTER_BYTES_MAX: u64 = 64 * 1_024;

/// Reads the letter that lets a kiosk in without a network.
fn open_letter(file: &Path) -> anyhow::Result<uplink::Entry> {
    let name = Plain(file.display());
    let text = Folder::around(file)
        .and_then(|(folder, name)| folder.read(&name, LETTER_BYTES_MAX))
        .with_context(|| format!("cannot read {name}"))?;
    let letter = json::read::<Letter>(&text).map_err(|why| anyhow::anyhow!(why));
    let letter = letter.and_then(|letter| match letter.smilepost == LETTER {
        true => Ok(letter),
        false => Err(anyhow::anyhow!("it is another kind of file")),
    });
    let letter = letter.with_context(|| {
        format!("{name} is not a letter written by `smilepost-hub kiosk letter`, or not all of it")
    })?;
    Ok(uplink::enrolment(String::new(), letter.enrolled)?)
}

/// Writes to a stick, through the running kiosk or from the journals' files.
fn carry(settings: &Settings, folder: &Path) -> anyhow::Result<()> {
    let folder = std::path::absolute(folder)?;
    let ask = Ask::Carry { folder: folder.clone() };
    let told = match enrolling::reach(settings, &ask)? {
        Reached::Kiosk(answers) => answers.carried()?,
        Reached::Files(files) => {
            let (source, shop, files) = open_file(settings, *files)?;
            let enrolment = files.enrolment.as_ref();
            let data_dir = &settings.data_dir;
            let place =
                desk::DeskPaths { data_dir: data_dir.clone(), ..desk::DeskPaths::default() };
            let mut clerk = Clerk::new(source, shop, place, clock::reading);
            let pages = stick::pages(&mut clerk)?;
            let source = clerk.into_source();
            let folder = stick::open(&folder)?;
            let own = files.owners.journal(data_dir);
            let written = stick::write(&folder, &source, &pages, enrolment, &own, &app())?;
            stick::write_former(&folder, data_dir, &files.former, &pages, &app(), written)?
        }
    };
    for file in &told.files {
        print(Plain(folder.join(file).display()))?;
    }
    print(format_args!(
        "{} events for head office are on the stick; {} are confirmed by receipts that were on it",
        told.events, told.confirmed
    ))
}

/// Asks the running kiosk, or opens the journal if none runs.
fn summary(
    settings: &Settings,
    date: Option<String>,
    until: Option<String>,
    (is_all, exact): (bool, bool),
) -> anyhow::Result<Summary> {
    let (of, to) = (date.clone(), until.clone());
    let ask = match is_all {
        true => Ask::SummaryOfAll { date: of, until: to, exact },
        false => Ask::Summary { date: of, until: to, exact },
    };
    let files = match enrolling::reach(settings, &ask)? {
        Reached::Kiosk(answers) => return Ok(answers.summary()?),
        Reached::Files(files) => files,
    };
    let days = (date.as_deref(), until.as_deref());
    if is_all {
        let (files, shop) = open_files(settings, *files)?;
        let present = files.present.as_ref();
        let now_ms = clock::wall_ms();
        let all = desk::summary_of_all(present, &files.former, &shop, days, exact, now_ms);
        return Ok(all?);
    }
    let (source, shop, _) = open_file(settings, *files)?;
    Ok(desk::summary(&source, &shop, days.0, days.1, exact, clock::wall_ms())?)
}

fn verify(settings: &Settings) -> anyhow::Result<Verified> {
    match enrolling::reach(settings, &Ask::Verify)? {
        Reached::Kiosk(answers) => Ok(answers.verified()?),
        Reached::Files(files) => {
            let (files, _) = open_files(settings, *files)?;
            Ok(desk::verify_all(files.present.as_ref(), &files.former)?)
        }
    }
}

fn retry(settings: &Settings) -> anyhow::Result<u64> {
    match enrolling::reach(settings, &Ask::Retry)? {
        Reached::Kiosk(answers) => Ok(answers.done()?),
        Reached::Files(files) => {
            let (files, _) = open_files(settings, *files)?;
            Ok(desk::retry_all(files.present.as_ref(), &files.former)?)
        }
    }
}

fn set_clock(settings: &Settings, time: &str) -> anyhow::Result<()> {
    let zone = shop(settings, Enrolment::read(&settings.data_dir)?.as_ref()).zone;
    let utc_ms = desk::instant(time, &zone)?;
    // A person who reads a clock and types the time is off by less than a minute.
    let ask = Ask::Clock { utc_ms, error_ms: 60_000 };
    match enrolling::reach(settings, &ask)? {
        Reached::Kiosk(answers) => answers.done()?,
        Reached::Files(_) => return Err(desk::Unanswerable::NotRunning.into()),
    };
    print(format_args!(
        "The ratings since the last boot are dated by this time, unless a better source is known."
    ))
}

fn export(
    settings: &Settings,
    (from, to): (Option<String>, Option<String>),
    is_all: bool,
    format: ExportFormat,
) -> anyhow::Result<()> {
    let out = std::io::BufWriter::new(std::io::stdout());
    let mut sheet = ExportWriter::new(format, out, &Exported::default())?;
    let (first, last) = (from.clone(), to.clone());
    let ask = match is_all {
        true => Ask::ExportOfAll { from: first, to: last },
        false => Ask::Export { from: first, to: last },
    };
    let files = match enrolling::reach(settings, &ask)? {
        Reached::Kiosk(mut answers) => {
            while let Some(event) = answers.event()? {
                sheet.write(&event)?;
            }
            return Ok(sheet.finish()?);
        }
        Reached::Files(files) => files,
    };
    let days = (from.as_deref(), to.as_deref());
    let take = |event: Exported| Ok(sheet.write(&event)?);
    if is_all {
        let (files, shop) = open_files(settings, *files)?;
        desk::export_all(files.present.as_ref(), &files.former, &shop, days, take)?;
    } else {
        let (source, shop, _) = open_file(settings, *files)?;
        desk::export(&source, &shop, days, take)?;
    }
    Ok(sheet.finish()?)
}

/// The journal of the present place, which has to be there; the others come with it.
fn open_file(
    settings: &Settings,
    files: Files,
) -> anyhow::Result<(JournalSource, desk::Shop, Files)> {
    let (mut files, shop) = open_files(settings, files)?;
    let present = files.present.take().with_context(|| no_journal(settings, &files))?;
    Ok((present, shop, files))
}

/// Every journal of the board, of which there has to be one.
fn open_files(settings: &Settings, files: Files) -> anyhow::Result<(Files, desk::Shop)> {
    let files = files.whole()?;
    let is_any = files.present.is_some() || !files.former.is_empty();
    anyhow::ensure!(is_any, no_journal(settings, &files));
    let shop = shop(settings, files.enrolment.as_ref());
    Ok((files, shop))
}

fn no_journal(settings: &Settings, files: &Files) -> String {
    let file = files.owners.journal(&settings.data_dir).join(smilepost::kiosk::journal::FILE);
    let more = match files.former.is_empty() {
        true => "",
        false => "; `--all` shows what was taken before",
    };
    format!("there is no journal at {} yet: start the kiosk once{more}", file.display())
}
