//! Simulation of months of a few kiosks and their hub in seconds: the real journal, outbox rules,
//! intake and archive, and between them everything that can go wrong, drawn from a seed.
//!
//! `SMILEPOST_SEEDS=500 cargo test --test together simulated` plays more; `SMILEPOST_SEED=n` one.
//! `--test together_postgres` does so with the archive in PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use smilepost::carried::seal::HubKeys;
use smilepost::clock;
use smilepost::feedback::event::Event;
use smilepost::feedback::event::fields::Field;
use smilepost::feedback::moment::Reading;
use smilepost::feedback::outbox::{Next, Outbox, Outcome};
use smilepost::feedback::rating::{BootId, RatingId, RunId};
use smilepost::hub::archive::Archive;
use smilepost::hub::archive::{Kiosk as NewKiosk, Shop, Spending};
use smilepost::hub::kiosks;
use smilepost::hub::readiness::Readiness;
use smilepost::hub::secrets::{self, Token};
use smilepost::hub::settings::Limits as GateLimits;
use smilepost::kiosk::exchange::{pack, settlement};
use smilepost::kiosk::journal::{Error, Journal, Limits, Settlement, State};
use smilepost::wire::receipt::Receipt;
use smilepost::wire::{self, Renewed};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use crate::chance::{Chance, seeds};
use crate::engine::{self, Place};
use crate::events::rated;
use crate::folder::{copy, in_memory};
use crate::raw::raw;

const STEPS: usize = 1_200;

const KIOSKS_MAX: usize = 3;

/// A request on the wire: the token, and the body.
type Sent = (String, Vec<u8>);

struct Post {
    folder: tempfile::TempDir,
    journal: Option<Journal>,
    outbox: Outbox,
    /// The tokens that may be good; the first is tried first.
    tokens: Vec<String>,
    thanked: BTreeMap<RatingId, u32>,
}

struct Office {
    place: Place,
    archive: Archive,
    router: Router,
    backup: Option<Place>,
}

struct World {
    chance: Chance,
    runtime: Runtime,
    office: Office,
    posts: Vec<Post>,
    late: Vec<Sent>,
    boot_ms: u64,
    wall_ms: i64,
    runs: u64,
    faults: u32,
}

impl Office {
    fn open(runtime: &Runtime, place: Place, backup: Option<Place>) -> Self {
        let (archive, router) = opened(runtime, &place);
        Self { place, archive, router, backup }
    }

    /// Keeps a copy of everything as it is now.
    fn back_up(&mut self, runtime: &Runtime) {
        if engine::is_file() {
            self.backup = Some(copied(&self.place));
        } else {
            // A database is copied while nobody is connected to it.
            runtime.block_on(self.archive.close());
            self.backup = Some(copied(&self.place));
            (self.archive, self.router) = opened(runtime, &self.place);
        }
    }
}

/// Opens the archive of a place, for kiosks that come as often as they like.
fn opened(runtime: &Runtime, place: &Place) -> (Archive, Router) {
    let archive = runtime.block_on(engine::archive(place.path()));
    let limits = GateLimits { requests_per_minute: u32::MAX, ..GateLimits::default() };
    let keys = HubKeys::of_secret([7; 32]);
    let readiness = Readiness::new(archive.clone(), clock::reading);
    let router = kiosks::routes(archive.clone(), limits, keys, readiness, clock::reading, || false);
    (archive, router)
}

/// A place that holds the same.
fn copied(place: &Place) -> Place {
    let folder = in_memory();
    copy(place.path(), folder.path());
    place.copied_around(folder)
}

impl World {
    fn new(seed: u64) -> Self {
        // What a connection has still to do is done while the test does something else.
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
        let office = Office::open(&runtime, Place::around(in_memory()), None);
        let mut world = Self {
            chance: Chance::seeded(seed),
            runtime,
            office,
            posts: Vec::new(),
            late: Vec::new(),
            boot_ms: 1_000,
            wall_ms: 0,
            runs: 0,
            faults: 0,
        };
        let archive = world.office.archive.clone();
        let (id, name, zone) = ("s".to_owned(), "S".to_owned(), "UTC".to_owned());
        let shop = Shop { id, name, zone, group: None };
        let kiosk =
            NewKiosk { id: "k".to_owned(), shop: "s".to_owned(), touchpoint: "t".to_owned() };
        world.runtime.block_on(async {
            archive.add_shop(shop).await.unwrap();
            archive.add_kiosk(kiosk).await.unwrap();
        });
        let token = world.enrol();
        let outbox = Outbox::default();
        let thanked = BTreeMap::new();
        let (folder, tokens) = (in_memory(), vec![token]);
        world.posts.push(Post { folder, journal: None, outbox, tokens, thanked });
        world.start(0);
        world
    }

    fn enrol(&mut self) -> String {
        let (code, token) = (secrets::new_code(), secrets::new_token());
        let archive = self.office.archive.clone();
        self.runtime.block_on(async {
            let hash = secrets::code_hash(&code);
            archive.add_code("k".to_owned(), hash, i64::MAX).await.unwrap();
            let (token, net) = (Token::of(&token).unwrap(), String::new());
            let spent = archive.spend_code(hash, token, net, 1).await.unwrap();
            assert!(matches!(spent, Spending::Good(..)));
        });
        token
    }

    /// Opens a post's journal in a new run.
    fn start(&mut self, at: usize) {
        self.runs += 1;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.runs.to_be_bytes());
        let post = &mut self.posts[at];
        let mut journal = Journal::open(post.folder.path(), Limits::default()).unwrap();
        journal.begin(RunId(id), BootId(id)).unwrap();
        (post.journal, post.outbox) = (Some(journal), Outbox::default());
    }

    fn press(&mut self, at: usize) {
        assert!(self.try_press(at));
    }

    fn try_press(&mut self, at: usize) -> bool {
        let value = 1 + self.chance.below(5);
        self.boot_ms += 1 + self.chance.below(50_000);
        let reading = Reading { boot_ms: self.boot_ms, wall_ms: self.wall_ms };
        let post = &mut self.posts[at];
        match post.journal.as_mut().unwrap().append(Event::Rated(rated(value)), reading) {
            Ok(entry) => post.thanked.insert(entry.id, value.into()).is_none(),
            Err(Error::AtLimit(_)) => false,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// Sends a request to the hub, and returns its answer.
    fn post(&mut self, path: &str, (token, body): &Sent) -> (StatusCode, Vec<u8>) {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {token}"))
            .body(Body::from(body.clone()))
            .unwrap();
        let router = self.office.router.clone();
        self.runtime.block_on(async {
            let answer = router.oneshot(request).await.unwrap();
            let status = answer.status();
            let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
            (status, body.to_vec())
        })
    }

    /// One try of a post to deliver, over a line that may fail in any way.
    fn deliver(&mut self, at: usize, is_fair: bool) {
        let malice = if is_fair { 9 } else { self.chance.below(14) };
        let nonce = format!("{:032x}", self.chance.below(u16::MAX));
        let post = &mut self.posts[at];
        let events_max = post.outbox.events_max();
        let batch = post.journal.as_mut().unwrap().batch(events_max).unwrap();
        let body = serde_json::to_vec(&pack(&batch, &nonce, "simulated", "k")).unwrap();
        let sent = (post.tokens[0].clone(), body);
        let events = batch.len();
        let took = (self.boot_ms, self.boot_ms + 40);
        self.faults += u32::from(malice < 5);
        let answer = match malice {
            // The request is lost, or only the answer, or it arrives twice, or much later.
            0 => None,
            1 => {
                self.post(wire::DELIVERIES, &sent);
                None
            }
            2 => {
                self.post(wire::DELIVERIES, &sent);
                Some(self.post(wire::DELIVERIES, &sent))
            }
            3 | 4 => {
                self.late.push(sent);
                None
            }
            _ => Some(self.post(wire::DELIVERIES, &sent)),
        };
        let post = &mut self.posts[at];
        let journal = post.journal.as_mut().unwrap();
        let outcome = match answer {
            None => Outcome::Broken { events },
            Some((StatusCode::UNAUTHORIZED, _)) => {
                post.tokens.rotate_left(1);
                Outcome::Unauthorised
            }
            // The machine has too much to do.
            Some((StatusCode::SERVICE_UNAVAILABLE, _)) => {
                Outcome::Throttled { retry_after_s: None, is_by_hub: true }
            }
            Some((status, body)) => {
                assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
                let receipt: Receipt = serde_json::from_slice(&body).unwrap();
                assert_eq!(receipt.nonce, nonce);
                journal.settle(&settlement(&batch, &receipt, "k", took)).unwrap();
                Outcome::Settled { is_more: journal.books().waiting > 0 }
            }
        };
        if post.outbox.after(outcome, 0.5) == Next::SetAside {
            let ids = batch.runs.iter().flat_map(|run| run.entries.iter().map(|e| e.id));
            let set_aside = ids.map(|id| (id, "suspected".to_owned())).collect();
            journal.settle(&Settlement { set_aside, ..Settlement::default() }).unwrap();
        }
    }

    /// A delayed request arrives; nobody waits for the answer any more.
    fn arrive_late(&mut self) {
        if !self.late.is_empty() {
            let at = self.chance.below(self.late.len());
            let sent = self.late.swap_remove(at);
            self.post(wire::DELIVERIES, &sent);
        }
    }

    fn cut_power(&mut self, at: usize) {
        let left = in_memory();
        copy(self.posts[at].folder.path(), left.path());
        self.posts[at].journal = None;
        self.posts[at].folder = left;
        self.start(at);
    }

    /// The card is full for a while: nobody is thanked after its last page is filled.
    fn fill_card(&mut self, at: usize) {
        self.posts[at].journal = None;
        let limits = Limits { bytes_max: 1 };
        let mut journal = Journal::open(self.posts[at].folder.path(), limits).unwrap();
        let mut id = [0xff; 16];
        id[..8].copy_from_slice(&self.boot_ms.to_be_bytes());
        if journal.begin(RunId(id), BootId(id)).is_ok() {
            self.posts[at].journal = Some(journal);
            let is_full = (0..2_000).any(|_| !self.try_press(at));
            assert!(is_full, "a full card takes two thousand ratings");
            self.posts[at].journal = None;
        } else {
            drop(journal);
        }
        self.start(at);
    }

    fn rotate(&mut self, at: usize) {
        let sent = (self.posts[at].tokens[0].clone(), Vec::new());
        let (status, body) = self.post(wire::TOKENS, &sent);
        // The answer may be lost, and the token with it.
        if status == StatusCode::OK && self.chance.below(3) > 0 {
            let Renewed { token } = serde_json::from_slice(&body).unwrap();
            self.posts[at].tokens.insert(0, token);
            self.posts[at].tokens.truncate(4);
        }
    }

    fn revoke(&mut self) {
        let archive = self.office.archive.clone();
        self.runtime.block_on(archive.revoke("k".to_owned(), 2)).unwrap();
        for at in 0..self.posts.len() {
            self.deliver(at, true);
        }
        let token = self.enrol();
        for post in &mut self.posts {
            post.tokens = vec![token.clone()];
        }
    }

    /// The hub's disk dies, and last week's backup takes its place.
    fn restore(&mut self) {
        let Some(backup) = self.office.backup.take() else { return };
        let restored = copied(&backup);
        // Months pass between such days: the last new epoch was drawn long ago.
        let archive = raw(restored.path());
        archive.execute("delete from meta where key = 'epoch_drawn_ms'");
        archive.execute("update book set epoch_drawn_ms = null");
        drop(archive);
        self.office = Office::open(&self.runtime, restored, Some(backup));
        // An administrator runs `restored`, or kiosks notice what is missing.
        if self.chance.below(2) == 0 {
            let archive = self.office.archive.clone();
            self.runtime.block_on(archive.renew_epoch()).unwrap();
        }
        // Tokens made since are not in it.
        let token = self.enrol();
        for post in &mut self.posts {
            post.tokens.insert(0, token.clone());
        }
        self.late.clear();
    }

    fn clone_card(&mut self) {
        if self.posts.len() < KIOSKS_MAX {
            let to = in_memory();
            copy(self.posts[0].folder.path(), to.path());
            let (tokens, thanked) = (self.posts[0].tokens.clone(), BTreeMap::new());
            let outbox = Outbox::default();
            self.posts.push(Post { folder: to, journal: None, outbox, tokens, thanked });
            self.start(self.posts.len() - 1);
        }
    }

    fn step(&mut self) {
        let at = self.chance.below(self.posts.len());
        match self.chance.below(60) {
            0..=29 => self.press(at),
            30..=43 => self.deliver(at, false),
            44..=46 => self.arrive_late(),
            47 | 48 => self.cut_power(at),
            49 => self.fill_card(at),
            50 | 51 => self.wall_ms += self.chance.below(2_000_000_000) - 1_000_000_000,
            52 => self.rotate(at),
            53 => self.office.back_up(&self.runtime),
            54 if self.chance.below(3) == 0 => self.restore(),
            55 if self.chance.below(4) == 0 => self.revoke(),
            56 if self.chance.below(6) == 0 => self.clone_card(),
            _ => {
                let journal = self.posts[at].journal.as_mut().unwrap();
                let reading = Reading { boot_ms: self.boot_ms, wall_ms: self.wall_ms };
                while journal.has_chores() {
                    journal.chore(reading).unwrap();
                }
            }
        }
    }

    /// Checks what must hold after every step.
    fn check(&self, place: &str) {
        for post in &self.posts {
            let journal = post.journal.as_ref().unwrap();
            let books = journal.books();
            let terms = books.settled + books.waiting + books.set_aside + books.lost;
            assert_eq!(books.taken, terms, "{place}: {books:?}");
            assert_eq!(books.lost, 0, "{place}: nothing was ever damaged");
        }
    }

    /// Checks what must always hold but takes longer to check.
    fn check_all(&self, place: &str) {
        for post in &self.posts {
            let journal = post.journal.as_ref().unwrap();
            let rows = journal.page(-1, 1_000_000).unwrap();
            let kept: BTreeMap<RatingId, State> = rows
                .into_iter()
                .filter_map(|kept| Some((kept.entry.ok()?.id, kept.state)))
                .collect();
            for id in post.thanked.keys() {
                assert!(kept.contains_key(id), "{place}: {id:?} was thanked for and is gone");
            }
        }
    }

    /// All failures end: everything that waits arrives.
    fn calm_down(&mut self, place: &str) {
        // A copy whose token was renewed by the other one stays out until somebody enrols it.
        let token = self.enrol();
        for post in &mut self.posts {
            post.tokens = vec![token.clone()];
        }
        for round in 0..400 {
            let mut is_done = true;
            for at in 0..self.posts.len() {
                self.deliver(at, true);
                let journal = self.posts[at].journal.as_mut().unwrap();
                let reading = Reading { boot_ms: self.boot_ms, wall_ms: self.wall_ms };
                journal.retry().unwrap();
                while journal.has_chores() {
                    journal.chore(reading).unwrap();
                }
                is_done &= journal.books().waiting == 0;
            }
            // One delivery notices a hub that was restored, and the next ones offer everything.
            if is_done && round > 5 {
                return;
            }
        }
        panic!("{place}: the kiosks never came to an end");
    }

    fn judge(&self, place: &str) {
        let archive = self.office.archive.clone();
        let rows = self.runtime.block_on(archive.page((0, 0, 0), 1_000_000)).unwrap();
        let mut stored = BTreeMap::new();
        for (_, row) in rows {
            let id = RatingId { run: row.run.parse().unwrap(), n: row.n };
            assert_eq!(
                stored.insert(id, row.fields.number(Field::Score).unwrap()),
                None,
                "{place}: {id:?} twice"
            );
        }
        let mut all = BTreeSet::new();
        for (id, score) in self.posts.iter().flat_map(|post| &post.thanked) {
            assert_eq!(stored.get(id), Some(score), "{place}: {id:?} never arrived");
            all.insert(*id);
        }
        assert_eq!(stored.len(), all.len(), "{place}: the hub counts what nobody pressed");
        let account = self.runtime.block_on(archive.reconcile("k".to_owned())).unwrap();
        assert!(account.holds && account.missing == 0, "{place}: {account:?}");
        assert_eq!(self.runtime.block_on(archive.conflicts()).unwrap(), 0, "{place}");
        let tallies = self.runtime.block_on(archive.recount("k".to_owned())).unwrap();
        assert_eq!(tallies.wrong.first(), None, "{place}: the tallies count something else");
    }
}

#[test]
fn whatever_goes_wrong_every_thanked_rating_is_counted_once() {
    // A delivery takes several times as long where each statement goes to another process.
    let seeds = seeds(if engine::is_file() { 12 } else { 3 });
    let (mut presses, mut faults) = (0, 0);
    for seed in &seeds {
        let mut world = World::new(*seed);
        for step in 0..STEPS {
            let place = format!("SMILEPOST_SEED={seed}, step {step}");
            world.step();
            world.check(&place);
            if step % 50 == 0 {
                world.check_all(&place);
            }
        }
        let place = format!("SMILEPOST_SEED={seed}, in the end");
        world.calm_down(&place);
        world.check_all(&place);
        world.judge(&place);
        presses += world.posts.iter().map(|post| post.thanked.len()).sum::<usize>();
        faults += world.faults;
    }
    println!("{} seeds: {presses} ratings, {faults} deliveries mistreated", seeds.len());
}
