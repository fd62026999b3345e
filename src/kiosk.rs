//! The kiosk: asks one question, keeps each rating, and sends it to head office.
//!
//! The parts are put together here; each has a thread of its own, and they talk by channels.

pub mod attendant;
pub mod buttons;
pub mod desk;
pub mod display;
pub mod enrolling;
pub mod exchange;
mod fifo;
pub mod former;
pub mod health;
pub mod journal;
pub mod office_survey;
mod opening;
pub mod pin;
pub mod reset;
mod retry;
mod rounds;
pub mod screen;
pub mod settings;
mod shop_zone;
pub mod sound;
mod staff;
mod thanks_log;
pub mod uplink;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use anyhow::Context as _;

use self::attendant::{Attendant, Clocks, Message, Outputs, Parts};
use self::desk::ClerkThread;
use self::desk::sheets::sheet::{Address, Tap};
use self::desk::sheets::translations::Translations;
use self::display::Display;
use self::former::FormerJournal;
use self::journal::{Journal, JournalThread, Limits};
use self::office_survey::OfficeSurvey;
pub use self::opening::ScreenTarget;
use self::screen::Screen;
use self::screen::fonts;
use self::settings::{Enrolment, Owners, Settings};
use self::sound::Sound;
use self::staff::Staff;
use self::thanks_log::ThanksLog;
use crate::clock;
use crate::feedback::alert::Watch;
use crate::feedback::call::Calls;
use crate::feedback::misuse::Judge;
use crate::feedback::rating::{BootId, RunId};
use crate::feedback::survey::Survey;
use crate::feedback::visit::{Offer, Plan, Press, Visit};
use crate::file;
use crate::owner::Service;
use crate::wire::local::Screen as Shown;
use crate::wire::whereabouts::Stay;
use crate::zones::{Watch as ZoneWatch, Zones};

/// Whose files the data folder holds.
pub const SERVICE: Service = Service {
    user: "smilepost-kiosk",
    files: &["carried", "desk-", "enrolment", "former", "journal", "pin", "reserve", "survey"],
};

/// How many messages wait for the attendant at most; beyond that, their senders wait too.
const MESSAGES_MAX: usize = 256;

/// What the command line adds to the settings.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the screen is shown.
    pub screen: ScreenTarget,
    /// Where to record each thank-you.
    pub witness: Option<PathBuf>,
    /// The program and its version, as the hub gets to see it.
    pub app: String,
}

/// A kiosk that takes ratings, and is still to be run.
pub struct Kiosk {
    messages: SyncSender<Message>,
    inbox: Receiver<Message>,
    attendant: Attendant,
    screen: Option<Screen>,
    journal: JournalThread,
    journal_join: std::thread::JoinHandle<()>,
    former: Vec<(FormerJournal, std::thread::JoinHandle<()>)>,
    lamps: Option<std::thread::JoinHandle<()>>,
    socket: PathBuf,
}

/// A way to press a face, or to end the kiosk, from another thread.
#[derive(Clone, Debug)]
pub struct Doorbell(SyncSender<Message>);

impl Doorbell {
    /// Presses a face. Returns whether there is still a kiosk.
    pub fn press(&self, press: Press) -> bool {
        self.0.send(Message::Pressed(press)).is_ok()
    }

    /// Does something at the desk, as a finger would on the screen.
    pub fn tap(&self, tap: Tap) {
        // A kiosk that has ended has no desk.
        let _ = self.0.send(Message::Desk(tap));
    }

    /// Ends the kiosk.
    pub fn stop(&self) {
        // When it has ended already there is nothing to end.
        let _ = self.0.send(Message::Stopped);
    }
}

impl Kiosk {
    /// Opens the journal and starts everything but the attendant and the screen.
    ///
    /// # Errors
    /// Only what somebody has to cure first: a journal that another kiosk has open or a newer one
    /// has written, an invalid or volatile data folder, a `--witness` file that cannot be written.
    /// A full or read-only card is shown on the screen, and tried again; a missing screen, missing
    /// buttons or a missing hub are written to the log.
    pub fn open(settings: Settings, options: Options) -> anyhow::Result<Self> {
        let boot = clock::boot_id().context("cannot read the kernel's boot id")?;
        if !settings.allows_volatile {
            journal::refuse_volatile(&settings.data_dir)?;
        }
        let enrolment = Enrolment::read(&settings.data_dir).unwrap_or_else(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "enrol this kiosk again");
            None
        });
        let owners = Owners::read(&settings.data_dir, enrolment.as_ref())?;
        let folder = owners.journal(&settings.data_dir);
        let limits = Limits { bytes_max: settings.journal_bytes_max };
        let home = |folder| journal::Home {
            folder,
            limits,
            boot,
            new_run: Box::new(new_run),
            read_clocks: clock::reading,
        };
        // Another kiosk on the same data folder may have another journal of it open.
        let former =
            journal::once_free(|| FormerJournal::open_all(&settings.data_dir, &owners, home))?;
        let journal = open_journal(&folder, limits, boot)?;
        let is_recording = journal.is_some();
        let floor_ms = journal.as_ref().and_then(|journal| journal.timeline().newest_ms());
        let known_ms = former.iter().filter_map(|(former, _)| former.newest_ms).chain(floor_ms);
        let floor_ms = known_ms.max().unwrap_or(0).max(clock::built_ms());
        let thanks_log = options.witness.as_deref().map(|path| {
            let what = || format!("cannot write the witness {}", path.display());
            ThanksLog::open(path).with_context(what)
        });
        let thanks_log = thanks_log.transpose()?;

        let (messages, inbox) = sync_channel(MESSAGES_MAX);
        let (rounds, examine, findings) = rounds::prepare();
        let answers = messages.clone();
        let (journal, journal_join) = JournalThread::start(journal, home(folder), move |answer| {
            // After the attendant has ended, nobody needs the outcome.
            let _ = answers.send(Message::Journal(answer));
        })
        .context("cannot start the journal's thread")?;
        if let Some(anchor) = clock::anchor(floor_ms) {
            journal.add_anchor(anchor)?;
        }

        let zone = shop_zone::known(&settings, enrolment.as_ref());
        let zones = Zones::of_system();
        shop_zone::report(&zones, &settings, enrolment.as_ref());
        let touchpoint = touchpoint(&settings, enrolment.as_ref());
        let (survey, given) = OfficeSurvey::at_start(&settings);
        let shop = shop_asking(survey.clone(), &settings, enrolment.as_ref());
        let (renamed, names) = std::sync::mpsc::channel();
        let staff = Staff::open(&settings, (shop.name.clone(), touchpoint.clone()), names);
        let place = desk::DeskPaths {
            data_dir: settings.data_dir.clone(),
            sticks: settings.sticks.clone(),
            app: options.app.clone(),
            journal: owners.present,
        };
        let clerk = ClerkThread::open(journal.clone(), shop, place, clock::reading)
            .context("cannot start the desk's thread")?
            .with_former(former.iter().map(|(former, _)| former.clone()).collect());
        let left = former.iter().map(|(former, _)| former);
        uplink::start_former(left, &settings, &options.app, floor_ms);
        let socket = opening::socket(&settings, &clerk, &messages);
        let phone = opening::phone(&settings, floor_ms, &clerk, &messages);
        let surveyed = messages.clone();
        let is_drawing = settings.screen.is_on && options.screen != ScreenTarget::Nowhere;
        let for_fonts = settings.clone();
        let is_enrolled = enrolment.is_some();
        let (heard, noting) = (messages.clone(), clerk.clone());
        let (placed, renaming) = (messages.clone(), clerk.clone());
        let own_touchpoint = settings.touchpoint.clone();
        let (moved, moves) = std::sync::mpsc::channel();
        let offices_hours = enrolment.as_ref().and_then(Enrolment::opening_hours);
        let offices_zone = enrolment.as_ref().map(|enrolment| enrolment.zone.clone());
        // A kiosk without a network was enrolled by a letter, which names no hub to call.
        let online = enrolment.filter(|enrolment| !enrolment.hub.is_empty());
        let has_letter = is_enrolled && online.is_none();
        let office = online.map(|enrolment| uplink::UplinkConfig {
            enrolment,
            settings: settings.clone(),
            app: options.app,
            floor_ms,
            survey: given,
            on_survey: Box::new(move |survey| {
                // Fonts are looked for here, where nobody waits, and are known to the screen before
                // the survey is; what has none is not offered.
                if is_drawing && fonts::bring_more(&all_texts(&for_fonts, &survey)) {
                    fonts::tell_screens();
                }
                // A kiosk that is ending needs no survey.
                let _ = surveyed.send(Message::Surveyed(Box::new(survey)));
            }),
            on_status: Box::new(move |status: uplink::UplinkStatus| {
                let noted = crate::wire::local::Office {
                    trouble: status.trouble.clone(),
                    confirmed_ago_ms: None,
                    clocks_apart: status.clocks_apart.clone(),
                    other_zone: status.other_zone.clone(),
                    move_complaint: status.move_complaint.clone(),
                };
                let confirmed_ms = status.confirmed_ms;
                // A clerk with too much to do hears of the next delivery.
                let _ = noting.tell(move |clerk| clerk.hear(noted, confirmed_ms));
                let office = desk::sheets::sheet::Office {
                    trouble: status.trouble,
                    confirmed_ms: status.confirmed_ms,
                    is_clock_apart: status.clocks_apart.is_some(),
                    other_zone: status.other_zone,
                };
                let _ = heard.send(Message::Office(office));
            }),
            on_zone: Box::new(move |zone| {
                let _ = moved.send(zone);
            }),
            on_place: Box::new(move |enrolment| {
                let hours = enrolment.opening_hours();
                let stays = stays_here(enrolment.stays, own_touchpoint.as_ref());
                let Some(Stay { shop, touchpoint, .. }) = stays.last().cloned() else {
                    return;
                };
                // A kiosk that is ending shows nothing any more.
                let _ = placed.send(Message::Placed(touchpoint.clone(), hours));
                let _ = renamed.send((shop, touchpoint));
                let _ = renaming.leave(move |clerk| clerk.stand(stays));
            }),
            findings,
            anchor: clock::anchor,
        });
        let beside = former.iter().map(|(former, _)| former.journal.clone()).collect();
        let nudge = opening::uplink(office, &journal, beside, has_letter, &messages);
        let (driver, has_buttons) = opening::buttons(&settings, &messages);
        let (lamps, lamps_thread) = opening::lamps(&settings, driver, &messages);
        let sound = Sound::start(&settings.sound, &settings.runtime_dir).unwrap_or_else(|error| {
            tracing::error!(%error, "going on without sound");
            retry::tell(&messages, "sound", Some(file::told(&error)));
            Sound::default()
        });
        let target = if settings.screen.is_on { options.screen } else { ScreenTarget::Nowhere };
        let screen = opening::display(&settings, target, &messages);
        // If a display comes late, systemd starts the kiosk again; with buttons it can work
        // meanwhile.
        let is_deaf = target == ScreenTarget::Display && screen.is_none() && !has_buttons;
        anyhow::ensure!(!is_deaf, "neither a screen nor buttons: there is nothing to press");
        let show: Box<dyn Fn(attendant::View) + Send> = match &screen {
            Some(screen) => Box::new(screen.shower()),
            None => Box::new(|_| {}),
        };
        let shown = match screen {
            Some(_) => Shown::Shown,
            None if target == ScreenTarget::Nowhere => Shown::Unwanted,
            None => Shown::Unknown,
        };
        let judge = if settings.is_judged { Judge::default() } else { Judge::off() };
        let visit = match is_recording {
            true => Visit::new(settings.pace, judge),
            false => Visit::resting(settings.pace, judge),
        };
        // Without a screen there are no follow-ups.
        let is_followed = screen.is_some() && settings.screen.is_touched;
        let call = settings.call.as_ref();
        let offer = call.filter(|_| is_followed).map_or(Offer::Nobody, |call| call.offer);
        let wait_ms = call.map_or(0, |call| call.wait_ms);
        // Without a screen no font is needed.
        let is_drawn = screen.is_some();
        let mut display = Display::new(
            &settings,
            zone.clone(),
            &touchpoint,
            survey,
            move |language, texts| {
                !is_drawn || {
                    let fonts = fonts::chosen();
                    fonts.can_draw(texts) && fonts.can_draw(&own_words(language))
                }
            },
            sound.clone(),
            // The journal reports the time as soon as it is known.
            None,
        );
        display.stand_at(touchpoint, offices_hours);
        let own = settings.zone.as_ref().map(|zone| zone.name().to_owned());
        let is_own = own.is_some();
        if let Some(name) = own.or(offices_zone) {
            let watch = ZoneWatch::new(zones, name, zone);
            let moves = (!is_own).then_some(moves);
            shop_zone::follow(watch, moves, clerk.clone(), messages.clone())
                .context("cannot start the thread that follows the time zone")?;
        }
        let attendant = Attendant::new(Parts {
            visit: visit.following(Plan::default(), rand::random()).offering_help(offer),
            display,
            is_followed,
            screen: shown,
            is_recording,
            journal: journal.clone(),
            thanks_log,
            clocks: Clocks { read: clock::reading, anchor: clock::anchor },
            panel_off_ms: u64::from(settings.screen.panel_off_s) * 1_000,
            out: Outputs {
                lamps,
                sound,
                show,
                nudge,
                summon: Box::new(move |why, count| staff.tell(why, count)),
                examine: Box::new(examine),
            },
            clerk,
            phone,
            desk_stay_ms: settings.desk_stay_ms,
            office: is_enrolled.then(desk::sheets::sheet::Office::default),
            watch: Watch::new(settings.alert),
            calls: Calls::new(wait_ms),
            messages: messages.clone(),
        });
        rounds.begin(settings, shown_texts, messages.clone());
        Ok(Self {
            messages,
            inbox,
            attendant,
            screen,
            journal,
            journal_join,
            former,
            lamps: lamps_thread,
            socket,
        })
    }

    /// A way to press a face, or to end the kiosk, from another thread.
    #[must_use]
    pub fn doorbell(&self) -> Doorbell {
        Doorbell(self.messages.clone())
    }

    /// Where the desk's page for phones is, if there is one.
    #[must_use]
    pub fn phone(&self) -> Option<Address> {
        self.attendant.phone_address()
    }

    /// Its screen, if it has one.
    #[must_use]
    pub const fn screen(&self) -> Option<&Screen> {
        self.screen.as_ref()
    }

    /// Runs until somebody ends it; the screen, if there is one, on the calling thread.
    ///
    /// # Errors
    /// When a thread cannot be started, or the screen fails.
    pub fn run(self) -> anyhow::Result<()> {
        let Self { messages, inbox, attendant, screen, journal, journal_join, .. } = self;
        let Self { former, lamps, socket, .. } = self;
        let shown = match screen {
            None => {
                attendant.run(&inbox);
                // Other threads must see at once that the attendant has ended, and not wait for it.
                drop(inbox);
                Ok(())
            }
            Some(screen) => {
                let close = screen.closer();
                let thread = std::thread::Builder::new().name("attendant".to_owned());
                let attendant = thread
                    .spawn(move || {
                        attendant.run(&inbox);
                        close();
                    })
                    .context("cannot start the attendant's thread")?;
                let shown = screen.run();
                let _ = messages.send(Message::Stopped);
                assert!(attendant.join().is_ok(), "the attendant ended on a broken invariant");
                // The next start must not find the panel dark.
                screen::panel::light(true);
                shown
            }
        };
        // The journal is closed last, so that the ratings under way are on the card.
        journal.close();
        for (former, thread) in former {
            former.journal.close();
            assert!(thread.join().is_ok(), "a former journal ended on a broken invariant");
        }
        assert!(journal_join.join().is_ok(), "the journal ended on a broken invariant");
        if let Some(lamps) = lamps {
            assert!(lamps.join().is_ok(), "the lamps ended on a broken invariant");
        }
        // A leftover socket is removed by the next start.
        let _ = std::fs::remove_file(socket);
        tracing::info!("the kiosk has ended");
        Ok(shown?)
    }
}

/// The screens' own words in a language.
fn own_words(language: &str) -> String {
    Translations::of(language).all().collect()
}

/// Every text that shoppers of this kiosk can be shown, by its language.
#[must_use]
pub fn shown_texts(settings: &Settings) -> Vec<(String, String)> {
    texts_of(settings, &OfficeSurvey::at_start(settings).0)
}

/// Every text of a survey that shoppers of this kiosk can be shown, in any language.
fn all_texts(settings: &Settings, survey: &Survey) -> String {
    texts_of(settings, survey).into_iter().map(|(_, texts)| texts).collect()
}

fn texts_of(settings: &Settings, survey: &Survey) -> Vec<(String, String)> {
    let shown = |language: String| {
        let texts = display::shown(settings, survey, &language) + &own_words(&language);
        (language, texts)
    };
    display::languages(settings, survey).into_iter().map(shown).collect()
}

/// Where in the shop the kiosk is: the configuration's word, else the hub's.
fn touchpoint(settings: &Settings, enrolment: Option<&Enrolment>) -> String {
    let from_hub = || enrolment.map(|enrolment| enrolment.touchpoint.clone());
    settings.touchpoint.clone().or_else(from_hub).unwrap_or_default()
}

/// Where the kiosk stood and stands, as head office has told it; the configuration's touchpoint
/// counts for each place.
fn stays_here(mut stays: Vec<Stay>, own_touchpoint: Option<&String>) -> Vec<Stay> {
    for stay in &mut stays {
        stay.touchpoint = own_touchpoint.unwrap_or(&stay.touchpoint).clone();
    }
    stays
}

/// The shop as the desk needs to know it.
#[must_use]
pub fn shop(settings: &Settings, enrolment: Option<&Enrolment>) -> desk::Shop {
    shop_asking(OfficeSurvey::at_start(settings).0, settings, enrolment)
}

fn shop_asking(survey: Survey, settings: &Settings, enrolment: Option<&Enrolment>) -> desk::Shop {
    let brand = survey.parts().brand.clone().unwrap_or_else(|| settings.brand.clone());
    let name = enrolment.map_or(brand, |enrolment| enrolment.shop.clone());
    let of_enrolment =
        |part: fn(&Enrolment) -> &String| enrolment.map(part).cloned().unwrap_or_default();
    let kiosk = of_enrolment(|enrolment| &enrolment.kiosk);
    let touchpoint = touchpoint(settings, enrolment);
    let (zone, language) = (shop_zone::of(settings, enrolment), settings.language.clone());
    let stays = enrolment.map(|enrolment| enrolment.stays.clone()).unwrap_or_default();
    let stays = stays_here(stays, settings.touchpoint.as_ref());
    desk::Shop { zone, name, kiosk, touchpoint, stays, survey, language }
}

/// Opens the journal; none when the card takes nothing at the moment.
fn open_journal(folder: &Path, limits: Limits, boot: BootId) -> anyhow::Result<Option<Journal>> {
    let run = new_run();
    let opened = journal::once_free(|| Journal::open(folder, limits)).and_then(|mut journal| {
        journal.begin(run, boot)?;
        Ok(journal)
    });
    match opened {
        Ok(journal) => {
            tracing::info!(%run, folder = %folder.display(), "the journal is open");
            Ok(Some(journal))
        }
        Err(error) if error.is_fatal() => Err(error.into()),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "the post is not recording; it is tried again");
            Ok(None)
        }
    }
}

fn new_run() -> RunId {
    RunId(rand::random())
}
