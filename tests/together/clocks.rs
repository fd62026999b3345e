//! Tests of clocks that contradict each other: a real hub whose clock is wrong, the real uplink and
//! journal of a kiosk whose clock is right, with and without a time service.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use smilepost::clock;
use smilepost::feedback::event::Event;
use smilepost::feedback::moment::{Anchor, Moment, Quality, Reading, Source};
use smilepost::feedback::rating::RunId;
use smilepost::hub::archive::Archive;
use smilepost::hub::archive::{Apart, Kiosk as NewKiosk, Shop};
use smilepost::hub::commands::kiosks;
use smilepost::hub::settings::Settings as HubSettings;
use smilepost::hub::{Hub, secrets};
use smilepost::kiosk::journal::{Home, Journal, JournalThread, Limits};
use smilepost::kiosk::settings::{Enrolment, Settings};
use smilepost::kiosk::uplink::{self, Uplink, UplinkConfig, UplinkStatus};
use smilepost::wire::report::Reported;

use crate::events::rated;
use crate::parties::Site;
use crate::raw::raw;
use crate::wait::wait_until;

const HOUR: i64 = 60 * 60 * 1_000;
const DAY: i64 = 24 * HOUR;
const YEARS: i64 = 2 * 365 * DAY;

/// A hub, and the journal and the uplink of a kiosk that delivers to it.
struct Line {
    runtime: tokio::runtime::Runtime,
    archive: Archive,
    journal: JournalThread,
    uplink: Uplink,
    statuses: Receiver<UplinkStatus>,
    folder: tempfile::TempDir,
}

impl Line {
    /// Opens a line to a hub with this clock, which is or is not vouched for, from a kiosk whose
    /// own clocks say this.
    fn open(
        hub_clock: fn() -> Reading,
        is_vouched: fn() -> bool,
        anchor: fn(i64) -> Option<Anchor>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let (archive, code, address) = office(&runtime, folder.path(), hub_clock, is_vouched);
        let data_dir = folder.path().join("kiosk");
        std::fs::create_dir(&data_dir).unwrap();
        let mut settings = Settings::plain(&data_dir);
        settings.uplink.first_max = Duration::ZERO;
        settings.uplink.coalesce = Duration::ZERO;
        settings.uplink.idle = Duration::from_millis(50);
        let entry = uplink::enrol(&settings.uplink, &address, &code, "test").unwrap();
        let enrolment = entry.enrolment;
        enrolment.write(&data_dir).unwrap();
        let mut journal = Journal::open(&data_dir, Limits::default()).unwrap();
        let boot = clock::boot_id().unwrap();
        journal.begin(RunId([1; 16]), boot).unwrap();
        let home = Home {
            folder: data_dir,
            limits: Limits::default(),
            boot,
            new_run: Box::new(|| RunId([2; 16])),
            read_clocks: clock::reading,
        };
        let (journal, _) = JournalThread::start(Some(journal), home, |_| {}).unwrap();
        let (sender, statuses) = channel();
        let config = UplinkConfig {
            enrolment,
            settings,
            survey: None,
            on_survey: Box::new(|_| {}),
            on_status: Box::new(move |status| drop(sender.send(status))),
            on_zone: Box::new(|_| {}),
            on_place: Box::new(|_| {}),
            findings: tokio::sync::watch::channel(None).1,
            anchor,
            app: "test".to_owned(),
            floor_ms: clock::built_ms(),
        };
        let uplink = uplink::start(config, journal.clone()).unwrap();
        Self { runtime, archive, journal, uplink, statuses, folder }
    }

    /// Waits until the uplink says this of how it stands.
    fn hears(&self, what: &str, is_so: impl Fn(&UplinkStatus) -> bool) -> UplinkStatus {
        let mut found = None;
        wait_until(what, || {
            found = self.statuses.try_iter().find(|status| is_so(status));
            found.is_some()
        });
        found.unwrap()
    }

    fn press(&self) {
        self.journal.keep(Event::Rated(rated(5)), clock::reading(), None).unwrap();
        self.uplink.nudge();
    }

    /// What the hub has stored, once it is so many events of which this is true.
    fn stored(&self, count: usize, is_so: impl Fn(&Reported) -> bool) -> Vec<Reported> {
        let mut all = Vec::new();
        wait_until("the hub has dated them so", || {
            let page = self.runtime.block_on(self.archive.page((0, 0, 0), 100)).unwrap();
            all = page.into_iter().map(|(_, reported)| reported).collect();
            all.len() == count && all.iter().all(&is_so)
        });
        all
    }

    /// When the kiosk itself takes its events to have happened.
    fn dated(&self) -> Vec<Moment> {
        let timeline = self.journal.books().unwrap().1;
        let page = self.journal.page(0, 100).unwrap().unwrap();
        page.iter()
            .map(|kept| timeline.date(kept.boot, kept.entry.as_ref().unwrap().reading))
            .collect()
    }

    /// Waits until the hub knows this of the kiosk, and returns how its list says it.
    fn known_as(&self, is_so: impl Fn(&Option<Apart>) -> bool) -> String {
        wait_until("the hub knows what the kiosk says of its clock", || {
            self.uplink.nudge();
            is_so(&self.runtime.block_on(self.archive.kiosks()).unwrap()[0].clocks_apart)
        });
        self.runtime.block_on(kiosks::list(&self.archive, u64::MAX, clock::wall_ms())).unwrap()
    }
}

/// A hub that runs in this folder, with a shop and a kiosk; the code that enrols it, and where.
fn office(
    runtime: &tokio::runtime::Runtime,
    folder: &Path,
    clock: fn() -> Reading,
    is_vouched: fn() -> bool,
) -> (Archive, String, String) {
    let archive = Archive::in_folder(folder).unwrap();
    let code = secrets::new_code();
    runtime.block_on(async {
        let (id, name, zone) = ("s".to_owned(), "S".to_owned(), "Europe/Helsinki".to_owned());
        archive.add_shop(Shop { id: id.clone(), name, zone, group: None }).await.unwrap();
        let kiosk = NewKiosk { id: "k".to_owned(), shop: id, touchpoint: "t".to_owned() };
        archive.add_kiosk(kiosk).await.unwrap();
        let hash = secrets::code_hash(&code);
        archive.add_code("k".to_owned(), hash, i64::MAX).await.unwrap();
    });
    let hub = Hub::bind(&HubSettings::plain(folder), archive.clone(), clock).unwrap();
    let hub = hub.vouched_by(is_vouched);
    let address = format!("http://{}", hub.addresses().unwrap().0);
    runtime.spawn(hub.run());
    (archive, code, address)
}

fn ahead(by_ms: i64) -> Reading {
    let Reading { boot_ms, wall_ms } = clock::reading();
    Reading { boot_ms, wall_ms: wall_ms + by_ms }
}

/// A time service that has set the board's clock.
fn by_ntp(_: i64) -> Option<Anchor> {
    let Reading { boot_ms, wall_ms } = clock::reading();
    Some(Anchor { boot_ms, utc_ms: wall_ms, error_ms: 10, source: Source::Ntp })
}

fn nothing(_: i64) -> Option<Anchor> {
    None
}

fn is_now(utc_ms: i64) -> bool {
    (utc_ms - clock::wall_ms()).abs() < HOUR / 2
}

fn utc_ms(reported: &Reported) -> i64 {
    chrono::DateTime::parse_from_rfc3339(&reported.utc).unwrap().timestamp_millis()
}

#[test]
fn a_time_service_decides_against_a_hub_and_both_sides_say_so() {
    for clock in [|| ahead(YEARS), || ahead(-HOUR), || ahead(HOUR)] as [fn() -> Reading; 3] {
        let line = Line::open(clock, || true, by_ntp);
        line.press();
        let status = line.hears("the kiosk notices", |status| status.clocks_apart.is_some());
        assert!(status.clocks_apart.unwrap().is_by_ntp && status.trouble.is_none());
        let list = line.known_as(Option::is_some);
        assert!(list.contains(" of its time service"), "{list}");
        let [moment] = line.dated()[..] else { panic!("one press") };
        assert!(is_now(moment.utc_ms), "{moment:?}");
        assert!(matches!(moment.quality, Quality::Bounded { .. }), "{moment:?}");
        let [stored] = &line.stored(1, |stored| stored.quality == "bounded")[..] else {
            panic!("one press")
        };
        assert!(is_now(utc_ms(stored)));
    }
}

/// How far ahead the hub's clock is that somebody corrects.
static AHEAD: AtomicI64 = AtomicI64::new(YEARS);

#[test]
fn a_hub_that_is_corrected_is_believed_again_and_what_was_uncertain_stays_so() {
    let line = Line::open(|| ahead(AHEAD.load(Ordering::Relaxed)), || false, by_ntp);
    line.press();
    line.known_as(Option::is_some);
    line.stored(1, |stored| stored.quality == "bounded");
    AHEAD.store(0, Ordering::Relaxed);
    line.press();
    line.hears("they agree again", |status| status.clocks_apart.is_none());
    let list = line.known_as(Option::is_none);
    assert!(!list.contains("time service"), "{list}");
    wait_until("new times are exact", || {
        line.press();
        line.dated().last().unwrap().quality == Quality::Exact
    });
}

#[test]
fn a_word_that_jumps_waits_for_somebody_else() {
    let line = Line::open(|| ahead(YEARS), || false, nothing);
    line.press();
    for _ in 0..3 {
        let status = line.hears("the kiosk notices", |status| status.clocks_apart.is_some());
        assert!(!status.clocks_apart.unwrap().is_by_ntp);
        line.uplink.nudge();
    }
    let list = line.known_as(Option::is_some);
    assert!(list.contains("730 days ahead of what it knows of the time"), "{list}");
    let stored = line.stored(1, |stored| stored.quality != "exact");
    assert!(is_now(utc_ms(&stored[0])), "its own clock is repeated");
    assert_ne!(line.dated()[0].quality, Quality::Exact);
    // A person agrees with the kiosk's clock, and the press is dated by that.
    let Reading { boot_ms, wall_ms } = clock::reading();
    let (error_ms, source) = (60_000, Source::Operator);
    line.journal.add_anchor(Anchor { boot_ms, utc_ms: wall_ms, error_ms, source }).unwrap();
    let stored = line.stored(1, |stored| stored.quality == "exact");
    assert!(is_now(utc_ms(&stored[0])));
    assert!(line.known_as(Option::is_some).contains("730 days ahead"), "it still waits");
}

#[test]
fn a_word_that_cannot_be_is_never_taken() {
    // Before this program was made; nobody knows any better, and the hub insists.
    for clock in [|| ahead(-YEARS), || ahead(30 * YEARS)] as [fn() -> Reading; 2] {
        let line = Line::open(clock, || true, nothing);
        line.press();
        line.hears("the kiosk notices", |status| status.clocks_apart.is_some());
        let stored = line.stored(1, |stored| stored.quality != "exact");
        assert!(is_now(utc_ms(&stored[0])));
        line.known_as(Option::is_some);
    }
}

#[test]
fn a_word_that_jumps_is_taken_from_a_hub_whose_clock_is_vouched_for() {
    let line = Line::open(|| ahead(YEARS), || true, nothing);
    line.press();
    line.hears("the kiosk is heard", |status| status.confirmed_ms.is_some());
    let stored = line.stored(1, |stored| stored.quality == "exact");
    assert!(utc_ms(&stored[0]) - clock::wall_ms() > YEARS - HOUR);
    assert!(!line.known_as(Option::is_none).contains("ahead"));
}

#[test]
fn a_hub_that_nobody_contradicts_dates_exactly() {
    for (clock, anchor) in
        [(|| ahead(0), by_ntp), (|| ahead(0), nothing), (|| ahead(HOUR), nothing)]
            as [(fn() -> Reading, fn(i64) -> Option<Anchor>); 3]
    {
        let line = Line::open(clock, || false, anchor);
        line.press();
        let status = line.hears("the kiosk is heard", |status| status.confirmed_ms.is_some());
        assert_eq!(status.clocks_apart, None);
        line.stored(1, |stored| stored.quality == "exact");
    }
}

#[test]
fn a_hub_in_a_far_year_has_no_history_deleted() {
    for anchor in [by_ntp, nothing] as [fn(i64) -> Option<Anchor>; 2] {
        let line = Line::open(|| ahead(YEARS), || true, anchor);
        line.press();
        line.hears("the hub has answered", |status| status.confirmed_ms.is_some());
        wait_until("all is settled", || line.journal.books().unwrap().0.waiting == 0);
        // The uplink deletes after a delivery, before the next.
        for _ in 0..2 {
            line.uplink.nudge();
            line.hears("it delivers again", |status| status.trouble.is_none());
        }
        assert_eq!(line.dated().len(), 1);
    }
}

#[test]
fn a_zone_that_head_office_changes_reaches_the_kiosk() {
    let line = Line::open(|| ahead(0), || false, nothing);
    line.hears("they agree", |status| status.confirmed_ms.is_some());
    let data_dir = line.folder.path().join("kiosk");
    let archive = raw(line.folder.path());
    archive.execute("update shop set zone = 'America/Vancouver'");
    wait_until("the kiosk keeps it", || {
        line.uplink.nudge();
        Enrolment::read(&data_dir).unwrap().unwrap().zone == "America/Vancouver"
    });
    wait_until("the hub knows by which zone the kiosk counts", || {
        line.uplink.nudge();
        let kiosks = line.runtime.block_on(line.archive.kiosks()).unwrap();
        kiosks[0].zone.as_deref() == Some("America/Vancouver")
    });
    let kiosks = line.runtime.block_on(line.archive.kiosks()).unwrap();
    let release = smilepost::zones::Zones::of_system().rules().release().unwrap();
    assert_eq!(kiosks[0].zone_rules, Some(release.to_string()));
    archive.execute("update shop set zone = 'Mars/Phobos'");
    let apart = |status: &UplinkStatus| status.other_zone.as_deref() == Some("Mars/Phobos");
    line.uplink.nudge();
    line.hears("the kiosk says that it does not know that one", apart);
    wait_until("so does the hub", || {
        line.uplink.nudge();
        let list = kiosks::list(&line.archive, u64::MAX, clock::wall_ms());
        line.runtime
            .block_on(list)
            .unwrap()
            .contains("counts by Etc/Unknown, and its shop by Mars/")
    });
}

#[test]
fn a_kiosk_tells_its_installer_that_head_offices_clock_is_wrong() {
    let site = Site::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    std::fs::create_dir(site.path("far")).unwrap();
    let (archive, code, address) = office(&runtime, &site.path("far"), || ahead(YEARS), || false);
    site.say("kiosk", &["enrol", &address, &code]);
    let _kiosk = site.start_kiosk();
    site.buttons().press(4);
    wait_until("the kiosk logs it", || {
        site.log("kiosk.log").contains("head office's clock is 730 days ahead of")
    });
    wait_until("the kiosk says it at its sheet and to doctor", || {
        let found = site.run("kiosk", &["doctor"]);
        String::from_utf8(found.stdout)
            .unwrap()
            .lines()
            .any(|line| line.starts_with("WRONG clock: head office's is 730 days ahead of"))
    });
    wait_until("head office knows", || {
        runtime.block_on(archive.kiosks()).unwrap()[0].clocks_apart.is_some()
    });
}
