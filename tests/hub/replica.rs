//! Exports and readers of the feed read a standby of the archive's server; nothing else does.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use smilepost::hub::archive::feed::{Position, Read};
use smilepost::hub::archive::postgres::ArchiveAddress;
use smilepost::hub::archive::replica::{BEGINNING, Reader, behind};
use smilepost::hub::archive::{Archive, ArchiveSettings, Kiosk, Shop, Way};
use smilepost::hub::intake;
use smilepost::wire::report::Reported;

use crate::cluster::{self, Server};
use crate::engine::server::port::free_address;
use crate::hub::{NOW, rating};
use crate::program::PROGRAM;
use crate::started::Started;
use crate::wait::wait_until;

/// A primary with an archive, and a standby of it.
struct Pair {
    standby: Server,
    primary: Server,
    home: tempfile::TempDir,
}

impl Pair {
    async fn new() -> Self {
        let home = cluster::folder();
        let primary = Server::primary(home.path());
        primary.sql("create database chain");
        let standby = Server::standby(home.path(), "b", &primary);
        let pair = Self { standby, primary, home };
        let archive = pair.archive().await;
        let [id, name, zone] = ["kallio", "Kallio", "Europe/Helsinki"].map(str::to_owned);
        assert!(archive.add_shop(Shop { id, name, zone, group: None }).await.unwrap());
        let [id, shop, touchpoint] = ["exit", "kallio", "exit"].map(str::to_owned);
        assert!(archive.add_kiosk(Kiosk { id, shop, touchpoint }).await.unwrap());
        archive.close().await;
        pair
    }

    fn address(port: u16) -> ArchiveAddress {
        ArchiveAddress::read(&format!("postgres://postgres@127.0.0.1:{port}/chain")).unwrap()
    }

    fn settings(&self) -> ArchiveSettings {
        let address = Self::address(self.primary.port);
        let replica = Self::address(self.standby.port).standby_of(&address);
        ArchiveSettings { postgres: Some(address), replica: Some(replica) }
    }

    async fn archive(&self) -> Archive {
        Archive::open(self.home.path(), &self.settings()).await.unwrap()
    }

    async fn reader(&self) -> Reader {
        Reader::open(self.home.path(), &self.settings()).await.unwrap()
    }

    /// Waits until the standby has what the primary has.
    fn catch_up(&self) {
        let newest = self.primary.sql("select pg_current_wal_lsn()");
        let sql = format!("select pg_last_wal_replay_lsn() >= '{newest}'");
        wait_until("the standby has caught up", || self.standby.sql(&sql) == "t");
    }

    /// Whether the standby does again what comes from now on.
    fn replays(&self, is_so: bool) {
        let what = if is_so { "resume" } else { "pause" };
        self.standby.sql(&format!("select pg_wal_replay_{what}()"));
        if !is_so {
            let sql = "select pg_get_wal_replay_pause_state()";
            wait_until("it pauses", || self.standby.sql(sql) == "paused");
        }
    }

    /// A file of settings for the program.
    fn config(&self, replica: u16) -> std::path::PathBuf {
        let file = self.home.path().join("hub.toml");
        let text = format!(
            "data_dir = {:?}\n[archive]\nurl = \"postgres://postgres@127.0.0.1:{}/chain\"\n\
             replica = \"postgres://postgres@127.0.0.1:{replica}/chain\"\n",
            self.home.path().join("data"),
            self.primary.port
        );
        std::fs::write(&file, text).unwrap();
        file
    }
}

/// Stores ratings with these numbers.
async fn store(archive: &Archive, numbers: std::ops::Range<u32>) {
    let events: Vec<_> = numbers.map(|n| rating(n, (n % 5 + 1) as u8)).collect();
    let mut delivery = crate::hub::delivery(&events);
    delivery["runs"][0]["taken"] = json!(events.last().unwrap()["n"]);
    let delivery = serde_json::from_value(delivery).unwrap();
    let (shipment, _) = intake::check("exit".to_owned(), delivery, Way::Sent, NOW).unwrap();
    archive.store(shipment).await.unwrap();
}

/// Every event, as exports read them.
async fn all(reader: &Reader) -> Vec<Reported> {
    let (mut all, mut after) = (Vec::new(), BEGINNING);
    loop {
        let page = reader.page(after, 7).await.unwrap();
        let Some((last, _)) = page.last() else { return all };
        after = *last;
        all.extend(page.into_iter().map(|(_, event)| event));
    }
}

fn said(config: &Path, arguments: &[&str]) -> (String, String) {
    let mut command = Command::new(PROGRAM);
    let output = command.args(arguments).arg("--config").arg(config).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_read_from_the_standby_and_is_the_primarys_once_that_has_caught_up() {
    let pair = Pair::new().await;
    let (archive, reader) = (pair.archive().await, pair.reader().await);
    store(&archive, 1..41).await;
    pair.catch_up();
    let first = all(&reader).await;
    assert_eq!(first.len(), 40);
    // What lags is older, and whole.
    pair.replays(false);
    store(&archive, 41..61).await;
    assert_eq!(all(&reader).await, first);
    let far = behind(pair.settings().postgres.as_ref().unwrap(), &replica(&pair)).await.unwrap();
    assert!(far.bytes > 0 && !far.has_feedback, "{far:?}");
    pair.replays(true);
    pair.catch_up();
    let config = pair.config(pair.standby.port);
    let (by_program, log) = said(&config, &["export", "--format", "jsonl"]);
    assert_eq!(by_program.lines().count(), 60, "{log}");
    let here = Reader::of(archive.clone(), None).unwrap();
    assert_eq!(all(&reader).await, all(&here).await);
    // The primary is asked which archive it is, and for no event.
    pair.replays(false);
    pair.primary.in_chain("alter table event rename to away");
    let (by_program, log) = said(&config, &["export", "--format", "jsonl"]);
    assert_eq!((by_program.lines().count(), log.as_str()), (60, ""));
    pair.primary.in_chain("alter table away rename to event");
    pair.replays(true);
    pair.catch_up();
    let (doctor, _) = said(&config, &["doctor"]);
    assert!(doctor.contains("fine  replica: chain at 127.0.0.1:"), "{doctor}");
    assert!(doctor.contains("note  replica: set hot_standby_feedback = on there"), "{doctor}");
}

fn replica(pair: &Pair) -> ArchiveAddress {
    pair.settings().replica.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_standby_cannot_answer_is_read_from_the_archive_itself_and_said() {
    let pair = Pair::new().await;
    let archive = pair.archive().await;
    store(&archive, 1..41).await;
    pair.catch_up();
    // One that is of another archive, one that is no standby, and one that is not there.
    let other = pair.home.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let stranger = Server::primary(&other);
    stranger.sql("create database chain");
    let address = Pair::address(stranger.port);
    Archive::open(pair.home.path(), &ArchiveSettings { postgres: Some(address), replica: None })
        .await
        .unwrap()
        .close()
        .await;
    let of_stranger = Server::standby(&other, "c", &stranger);
    for (port, why) in [
        (of_stranger.port, "it shows another archive"),
        (pair.primary.port, "no server of archive.replica is a standby"),
        (1, "the database server cannot be reached"),
    ] {
        let config = pair.config(port);
        let (export, log) = said(&config, &["export", "--format", "jsonl"]);
        assert_eq!(export.lines().count(), 40, "{log}");
        assert!(
            log.contains("the replica is not read, but the archive itself") && log.contains(why),
            "{log}"
        );
        let (doctor, _) = said(&config, &["doctor"]);
        assert!(doctor.contains("WRONG replica: "), "{doctor}");
    }
    // One that was restored is another archive until the standby has heard of it.
    let reader = pair.reader().await;
    pair.replays(false);
    archive.renew_epoch().await.unwrap();
    store(&archive, 41..51).await;
    assert_eq!(all(&reader).await.len(), 50);
    pair.replays(true);
    pair.catch_up();
    pair.replays(false);
    store(&archive, 51..56).await;
    assert_eq!(all(&reader).await.len(), 50, "it is read again");
    // It goes away in the midst of an export, which does not come back to an older state.
    let page = reader.page(BEGINNING, 20).await.unwrap();
    pair.standby.kill();
    assert_eq!(reader.page(page[19].0, 100).await.unwrap().len(), 35);
    pair.standby.start();
    pair.catch_up();
    pair.replays(false);
    store(&archive, 56..61).await;
    assert_eq!(reader.page(page[19].0, 100).await.unwrap().len(), 40);
    assert_eq!(all(&reader).await.len(), 55, "the next one reads there");
    pair.replays(true);
}

/// A copy of the archive, made of its feed.
#[derive(Default)]
struct Follower {
    at: Option<Position>,
    events: BTreeMap<(String, u32), Reported>,
}

impl Follower {
    async fn read(&mut self, reader: &Reader) -> bool {
        let Read::Changes(changes) = reader.changes(self.at, 10).await.unwrap() else {
            unreachable!("it is the same archive");
        };
        assert!(self.at.is_none_or(|at| at.place <= changes.next.place), "it never goes back");
        self.at = Some(changes.next);
        self.events.extend(changes.events.into_iter().map(|row| ((row.run.clone(), row.n), row)));
        changes.is_more
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_of_a_standby_that_lags_misses_nothing() {
    let pair = Pair::new().await;
    let (archive, reader) = (pair.archive().await, pair.reader().await);
    let (storing, stamping) = (archive.clone(), archive.clone());
    let stamping = tokio::spawn(async move {
        loop {
            stamping.stamp().await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    let storing = tokio::spawn(async move {
        for first in (1..401).step_by(4) {
            store(&storing, first..first + 4).await;
        }
    });
    let mut follower = Follower::default();
    let mut rounds = 0;
    while !storing.is_finished() {
        pair.replays(rounds % 2 == 1);
        for _ in 0..20 {
            follower.read(&reader).await;
        }
        rounds += 1;
    }
    storing.await.unwrap();
    stamping.abort();
    let _ = stamping.await;
    while archive.stamp().await.unwrap() > 0 {}
    pair.replays(true);
    pair.catch_up();
    while follower.read(&reader).await {}
    let held = all(&reader).await.into_iter().map(|row| ((row.run.clone(), row.n), row));
    assert_eq!(follower.events, held.collect::<BTreeMap<_, _>>());
    assert_eq!(follower.events.len(), 400);
    // Whoever has read more elsewhere does not begin again.
    pair.replays(false);
    store(&archive, 401..405).await;
    while archive.stamp().await.unwrap() > 0 {}
    let elsewhere = Reader::of(archive, None).unwrap();
    follower.read(&elsewhere).await;
    assert_eq!(follower.events.len(), 404);
    assert!(!follower.read(&reader).await);
    pair.replays(true);
}

#[tokio::test(flavor = "multi_thread")]
async fn intake_needs_no_standby_and_never_asks_one() {
    let pair = Pair::new().await;
    let (kiosks, dashboard) = (free_address(), free_address());
    let config = pair.config(pair.standby.port);
    let text = std::fs::read_to_string(&config).unwrap();
    let lines = format!("listen = \"{kiosks}\"\ndashboard.listen = \"{dashboard}\"\n");
    std::fs::write(&config, lines + &text).unwrap();
    let (code, log) = said(&config, &["kiosk", "code", "exit"]);
    let code = code.lines().nth(1).unwrap_or_else(|| unreachable!("{log}")).to_owned();
    pair.standby.kill();
    let mut serve = Command::new(PROGRAM);
    serve.arg("serve").arg("--config").arg(&config).stderr(Stdio::null());
    let _serve = Started::by(&mut serve);
    wait_until("the hub listens", || std::net::TcpStream::connect(dashboard).is_ok());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = async |path: &str, token: &str, body: String| {
        let request = client.post(format!("http://{kiosks}{path}")).bearer_auth(token);
        let answer = request.header("content-type", "application/json").body(body).send().await;
        let bytes = answer.unwrap().bytes().await.unwrap();
        serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
    };
    let enrolled = json!({ "code": code, "app": "test" }).to_string();
    let enrolled = post("/v1/enrolments", "", enrolled).await;
    let token = enrolled["token"].as_str().unwrap();
    let delivery = crate::hub::delivery(&[rating(1, 5), rating(2, 4)]);
    let receipt = post("/v1/deliveries", token, delivery.to_string()).await;
    assert_eq!(receipt["settled"][0]["ranges"], json!([[1, 2]]), "{receipt}");
    let page = client.get(format!("http://{dashboard}/")).send().await.unwrap();
    assert_eq!(page.status(), 200);
}
