//! The demo program: a hub and an enrolled kiosk in one process, with made-up shoppers if there is
//! no screen.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use etcetera::BaseStrategy as _;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Signals, SignalsInfo};
use smilepost::feedback::moment;
use smilepost::feedback::rating::{Input, Scale};
use smilepost::feedback::visit::{Pace, Press};
use smilepost::feedback::zone::Zone;
use smilepost::hub::Hub;
use smilepost::hub::archive::Archive;
use smilepost::hub::archive::{Kiosk as NewKiosk, Shop};
use smilepost::hub::commands::kiosks::new_code;
use smilepost::kiosk::screen;
use smilepost::kiosk::settings::{Enrolment, Settings};
use smilepost::kiosk::{Doorbell, Kiosk, Options, ScreenTarget, uplink};
use smilepost::program::{self, VERSION};
use smilepost::zones::Zones;
use smilepost::{clock, hub};

/// A whole Smilepost in one process: a shop's kiosk and a head office, already connected.
#[derive(Parser)]
#[command(name = "smilepost-demo", version = VERSION, max_term_width = 100)]
struct Arguments {
    /// The folder for the data; if left out, a folder in your cache.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// Made-up shoppers per minute in an average hour; if left out, 20 without a screen, else 0.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=600))]
    shoppers: Option<u32>,
    /// Show no window, even if there is a display.
    #[arg(long)]
    headless: bool,
}

fn main() -> ExitCode {
    let arguments: Arguments = match program::read("smilepost-demo") {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    program::run("smilepost-demo", "warn", || run(&arguments))
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let folder = match &arguments.data_dir {
        Some(folder) => folder.clone(),
        None => etcetera::choose_base_strategy()
            .context("there is no home folder; name one with --data-dir")?
            .cache_dir()
            .join("smilepost-demo"),
    };
    screen::bring_fonts(&folder).context("cannot write the data folder")?;
    // From here on a signal is held until the kiosk can be stopped.
    let signals = Signals::new([SIGINT, SIGTERM])?;
    let head_office = HeadOffice::open(&folder.join("hub"))?;
    let has_screen = !arguments.headless && screen::has_display();
    let shoppers = arguments.shoppers.unwrap_or(if has_screen { 0 } else { 20 });
    let mut settings = kiosk_settings(&folder.join("kiosk"), pace(has_screen, shoppers > 0));
    // Made-up shoppers come faster than a hand can press.
    settings.is_judged = shoppers == 0;
    acquaint(&head_office, &settings)?;
    let screen = if has_screen { ScreenTarget::Display } else { ScreenTarget::Nowhere };
    let options = Options { screen, witness: None, app: app() };
    let kiosk = Kiosk::open(settings, options)?;
    greet(&head_office.dashboard, &folder, kiosk.screen().is_some(), shoppers)?;
    if shoppers > 0 {
        send_shoppers(kiosk.doorbell(), shoppers)?;
    }
    stop_on_signal(kiosk.doorbell(), signals)?;
    kiosk.run()?;
    head_office.close()
}

fn app() -> String {
    format!("smilepost-demo {VERSION}")
}

/// The hub, on threads of its own.
struct HeadOffice {
    runtime: tokio::runtime::Runtime,
    archive: Archive,
    kiosks: String,
    dashboard: String,
    stop: Box<dyn Fn()>,
    served: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl HeadOffice {
    fn open(folder: &Path) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Runtime::new()?;
        let archive = Archive::in_folder(folder)?;
        let mut settings = hub::settings::Settings::plain(folder);
        // The same address each time, if it is free, so that a page left open finds it again.
        settings.dashboard.set_port(8481);
        if std::net::TcpListener::bind(settings.dashboard).is_err() {
            settings.dashboard.set_port(0);
        }
        let (hub, (kiosks, dashboard)) = runtime.block_on(async {
            let hub = Hub::bind(&settings, archive.clone(), clock::reading)?;
            let addresses = hub.addresses()?;
            anyhow::Ok((hub, addresses))
        })?;
        let stop = Box::new(hub.stopper());
        let served = runtime.spawn(hub.run());
        let (kiosks, dashboard) = (format!("http://{kiosks}"), format!("http://{dashboard}"));
        Ok(Self { runtime, archive, kiosks, dashboard, stop, served })
    }

    fn close(self) -> anyhow::Result<()> {
        (self.stop)();
        self.runtime.block_on(self.served)?
    }
}

/// The durations of a visit: the usual ones for a person, shorter ones for made-up shoppers.
fn pace(has_screen: bool, has_shoppers: bool) -> Pace {
    let at_once = Pace { thanks_ms: 0, correction_ms: 0, interval_ms: 0, ..Pace::default() };
    match (has_screen, has_shoppers) {
        // A first-time user presses again at once and expects that to count.
        (true, false) => Pace { interval_ms: 0, ..Pace::default() },
        (true, true) => Pace { thanks_ms: 600, ..at_once },
        (false, _) => at_once,
    }
}

fn kiosk_settings(folder: &Path, pace: Pace) -> Settings {
    let mut settings = Settings::plain(folder);
    settings.brand = "Nordmarkt".to_owned();
    settings.pace = pace;
    settings.screen.takes_keys = Some(true);
    settings.uplink.first_max = Duration::ZERO;
    settings
}

/// Sets up a shop and a kiosk at the hub and enrols the kiosk there, as an installer would; at a
/// later start the kiosk only has to learn the hub's new port.
fn acquaint(head_office: &HeadOffice, settings: &Settings) -> anyhow::Result<()> {
    if let Some(known) = Enrolment::read(&settings.data_dir)? {
        let known = Enrolment { hub: head_office.kiosks.clone(), ..known };
        return Ok(known.write(&settings.data_dir)?);
    }
    let shop = "nordmarkt".to_owned();
    let kiosk = "nordmarkt-checkout-1".to_owned();
    let set_up = async {
        let archive = &head_office.archive;
        let zone = iana_zone();
        let name = "Nordmarkt".to_owned();
        archive.add_shop(Shop { id: shop.clone(), name, zone, group: None }).await?;
        let touchpoint = "Checkout 1".to_owned();
        archive.add_kiosk(NewKiosk { id: kiosk.clone(), shop, touchpoint }).await?;
        anyhow::Ok(new_code(archive, &kiosk, clock::wall_ms()).await?)
    };
    let code = head_office.runtime.block_on(set_up)?;
    let entry = uplink::enrol(&settings.uplink, &head_office.kiosks, &code, &app())?;
    Ok(entry.enrolment.write(&settings.data_dir)?)
}

/// The machine's IANA time zone, or UTC if its name is unknown.
fn iana_zone() -> String {
    let link = std::fs::read_link("/etc/localtime").unwrap_or_default();
    let name = link.to_string_lossy().split_once("zoneinfo/").map(|(_, name)| name.to_owned());
    let known = name.filter(|name| Zones::of_system().zone(name).is_some());
    known.unwrap_or_else(|| {
        tracing::warn!("/etc/localtime names no time zone that is known: the demo's shop has UTC");
        "UTC".to_owned()
    })
}

fn greet(dashboard: &str, folder: &Path, has_screen: bool, shoppers: u32) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "Smilepost demo: a shop's kiosk and head office, on this machine.\n")?;
    writeln!(out, "  Head office   {dashboard}")?;
    writeln!(out, "  Data          {}\n", folder.display())?;
    if has_screen {
        writeln!(
            out,
            "Touch a face in the window, or press 1 to 5: those are the physical buttons."
        )?;
    } else {
        writeln!(out, "There is no display, so the kiosk runs without a screen.")?;
    }
    if shoppers > 0 {
        writeln!(
            out,
            "About {shoppers} made-up shoppers come by each minute, most of them at five."
        )?;
    }
    writeln!(out, "\nTry next:")?;
    writeln!(out, "  open head office's page and watch the numbers move")?;
    writeln!(out, "  stop it hard (kill -9) and start it again: nothing is lost")?;
    writeln!(out, "  smilepost-demo --shoppers 120 for a busier shop\n")?;
    writeln!(out, "Press Ctrl-C to stop.")?;
    Ok(out.flush()?)
}

/// How busy each hour of a day is, in percent of an average hour.
const BUSY: [u32; 24] = [
    20, 10, 10, 10, 10, 20, 50, 90, 110, 110, 110, 120, 140, 130, 110, 120, 170, 220, 190, 150,
    130, 100, 70, 40,
];

/// Of a hundred shoppers, how many press each face, worst first.
const MOODS: [u32; 5] = [4, 6, 11, 34, 45];

/// The same from 16 to 19 o'clock, when the queue is longest.
const MOODS_AT_FIVE: [u32; 5] = [9, 12, 15, 33, 31];

/// Sends made-up shoppers until the kiosk stops.
fn send_shoppers(kiosk: Doorbell, per_minute: u32) -> anyhow::Result<()> {
    let zone = Zones::of_system().zone(&iana_zone()).unwrap_or(Zone::unknown());
    let come = move || {
        loop {
            let hour = usize::from(moment::local(clock::wall_ms(), &zone).1);
            let busy = f64::from(BUSY.get(hour).copied().unwrap_or(100)) / 100.0;
            // Shoppers come independently of each other: exponential pauses.
            let mean_s = 60.0 / (f64::from(per_minute) * busy);
            let pause_s = -mean_s * (1.0 - rand::random::<f64>()).ln();
            std::thread::sleep(Duration::from_secs_f64(pause_s.min(600.0)));
            let moods = if (16..19).contains(&hour) { &MOODS_AT_FIVE } else { &MOODS };
            let Ok(score) = Scale::Five.score(pick(moods)) else {
                continue;
            };
            if !kiosk.press(Press { score, input: Input::Button }) {
                return;
            }
        }
    };
    std::thread::Builder::new().name("shoppers".to_owned()).spawn(come)?;
    Ok(())
}

fn pick(moods: &[u32; 5]) -> u8 {
    let mut left = rand::random_range(0..moods.iter().sum());
    for (score, &weight) in (1..).zip(moods) {
        if left < weight {
            return score;
        }
        left -= weight;
    }
    5
}

/// Stops the kiosk at a signal, including one that came before this call.
fn stop_on_signal(kiosk: Doorbell, mut signals: SignalsInfo) -> anyhow::Result<()> {
    let wait = move || {
        if signals.forever().next().is_some() {
            kiosk.stop();
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(())
}
