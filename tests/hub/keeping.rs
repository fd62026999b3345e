//! Tests of what is deleted after its time or because somebody wants it: it is gone everywhere,
//! what is counted holds, and it never comes back.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use serde_json::{Value, json};
use smilepost::feedback::rating::RatingId;
use smilepost::hub::archive::feed::Read;
use smilepost::hub::commands::delete::Deletion;
use smilepost::hub::keep::{keep, keep_more};
use smilepost::hub::rules::keeping::Kept;
use smilepost::wire::receipt::{GONE_RANGES_MAX, Gone, Receipt};

use crate::engine::{is_file, lines};
use crate::hub::{BOOT, KIOSK, NOON, NOW, RUN, Scene, delivery, rating};
use crate::program::PROGRAM;

const DAY: i64 = 24 * 3_600_000;
const MINUTE: i64 = 60_000;

/// What a shopper wrote after a rating.
fn comment(n: u32, to: u32, words: &str) -> Value {
    let mut event = reason(n, to, words);
    event["follow_up"] = json!("comment");
    event
}

fn reason(n: u32, to: u32, answer: &str) -> Value {
    let ms = MINUTE * i64::from(n);
    json!({
        "n": n, "kind": "answered", "boot_ms": ms, "wall_ms": NOON + ms, "to": to,
        "follow_up": "reasons", "outcome": "answered", "answer": answer, "question": "checkout",
        "question_version": 1, "language": "en",
    })
}

fn note(n: u32) -> Value {
    let ms = MINUTE * i64::from(n);
    json!({
        "n": n, "kind": "noted", "boot_ms": ms, "wall_ms": NOON + ms, "about": "day",
        "text": "two tills",
    })
}

/// A delivery whose boot knows the time: event n happened n minutes after noon.
fn dated(events: &[Value]) -> Value {
    let mut delivery = delivery(events);
    let tie = json!({ "boot_ms": 1_000, "utc_ms": NOON + 1_000, "error_ms": 5, "source": "ntp" });
    delivery["boots"] = json!([{ "boot": BOOT, "anchors": [tie] }]);
    delivery["counters"]["waiting"] = json!(0);
    let last = events.iter().filter_map(|event| event["n"].as_u64()).max();
    delivery["runs"][0]["taken"] = json!(last);
    delivery["counters"]["taken"] = json!(last);
    delivery
}

fn id(n: u32) -> RatingId {
    RatingId { run: RUN.parse().unwrap(), n }
}

impl Scene {
    async fn kept(&self, kept: Kept, now_ms: i64) -> u64 {
        keep(&self.archive, kept, now_ms).await.unwrap()
    }

    /// The numbers of what is stored.
    async fn numbers(&self) -> Vec<u32> {
        let page = self.archive.page((0, 0, 0), 10_000).await.unwrap();
        page.into_iter().map(|(_, event)| event.n).collect()
    }

    /// Deletes events as somebody wants it.
    async fn delete(&self, numbers: &[u32]) -> u64 {
        let ids = numbers.iter().map(|n| id(*n)).collect();
        self.archive.delete(KIOSK.to_owned(), ids).await.unwrap()
    }

    /// How many numbers were deleted by the account, which holds.
    async fn accounted(&self) -> u64 {
        let account = self.archive.reconcile(KIOSK.to_owned()).await.unwrap();
        assert!(account.holds && account.missing == 0, "{account:?}");
        assert_eq!(account.taken, account.stored + account.deleted);
        account.deleted
    }

    /// A delivery without events from a kiosk that has let go so far.
    async fn told(&self, gone: Option<u64>) -> Option<Gone> {
        let mut delivery = delivery(&[]);
        delivery["runs"] = json!([]);
        delivery["gone"] = json!(gone);
        self.receipt(&delivery).await.gone
    }

    fn gone(&self) -> Vec<Vec<String>> {
        self.raw().rows("select first_n, last_n, why from gone order by kiosk, run, first_n")
    }
}

fn ranges(gone: &Option<Gone>) -> Vec<(u32, u32)> {
    gone.iter().flat_map(|gone| &gone.events).flat_map(|of| of.ranges.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_goes_after_ninety_days_and_never_comes_back() {
    let scene = Scene::new().await;
    let events = [rating(1, 5), reason(2, 1, "queue"), comment(3, 1, "the secret words")];
    scene.receipt(&dated(&events)).await;
    let before = scene.day().await;
    let edge = NOON + 3 * MINUTE + 90 * DAY;
    assert_eq!(scene.kept(Kept::default(), edge).await, 0, "its last millisecond");
    assert_eq!(scene.kept(Kept::default(), edge + 1).await, 1);
    assert_eq!(scene.kept(Kept::default(), edge + 9_999 * DAY).await, 0, "the rest is for ever");
    let gone = || async {
        assert_eq!(scene.numbers().await, [1, 2]);
        assert_eq!(scene.gone(), [["3", "3", "1"]]);
        assert_eq!(scene.accounted().await, 1);
        assert_eq!(scene.day().await, before, "a comment counts nothing");
    };
    gone().await;
    // Nobody finds its words in the file.
    if is_file() {
        scene.raw().rows("pragma wal_checkpoint(truncate)");
    }
    for entry in std::fs::read_dir(scene.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let words = b"the secret words";
        assert!(!bytes.windows(words.len()).any(|found| found == words));
    }
    // Sent again, with other words too, it is settled; how many were ever stored stays.
    let again: Receipt = scene.receipt(&dated(&events)).await;
    assert!(again.settled[0].has(3) && again.set_aside.is_empty());
    assert_eq!((again.stored, again.added), (Some(3), Some(0)));
    let mut other = events.clone();
    other[2]["answer"] = json!("other words");
    let other = scene.receipt(&dated(&other)).await;
    assert!(other.settled[0].has(3) && other.set_aside.is_empty());
    gone().await;
    // Neither an epoch nor a kiosk that counts more than there is brings it back.
    scene.archive.renew_epoch().await.unwrap();
    let mut known = dated(&events);
    known["known"] = json!(3);
    assert_eq!(scene.receipt(&known).await.stored, Some(3));
    gone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_time_nobody_knows_is_kept_from_when_it_was_received() {
    let scene = Scene::new().await;
    // The clock of its kiosk is years ahead.
    let mut later = comment(2, 1, "later");
    later["wall_ms"] = json!(NOON + 5_000 * DAY);
    scene.receipt(&delivery(&[rating(1, 5), later, comment(3, 1, "words")])).await;
    assert_eq!(scene.kept(Kept::default(), NOW + 90 * DAY).await, 0);
    assert_eq!(scene.kept(Kept::default(), NOW + 90 * DAY + 1).await, 2);
    assert_eq!(scene.numbers().await, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kiosk_is_told_what_was_deleted_until_it_says_that_it_has_let_go() {
    let scene = Scene::new().await;
    let other = scene.stranger("turku").await;
    let events: Vec<Value> = (1..=6).map(|n| rating(n, 4)).collect();
    assert_eq!(scene.receipt(&dated(&events)).await.gone, None);
    scene.delete(&[2, 3]).await;
    assert_eq!(scene.told(None).await, None, "one that is too old to let go is told of nothing");
    let first = scene.told(Some(0)).await;
    assert_eq!(ranges(&first), [(2, 3)]);
    assert_eq!(first.as_ref().unwrap().events[0].run, RUN);
    assert_eq!(scene.told(Some(0)).await, first, "it has not said anything yet");
    let upto = first.unwrap().upto;
    assert_eq!(scene.told(Some(upto)).await, None);
    scene.delete(&[6]).await;
    let next = scene.told(Some(upto)).await;
    assert_eq!(ranges(&next), [(6, 6)], "once");
    let upto = next.unwrap().upto;
    assert_eq!(scene.told(Some(upto)).await, None);
    // Who knows of more than there is was told by an archive that is no more.
    assert_eq!(ranges(&scene.told(Some(upto + 1)).await), [(2, 3), (6, 6)]);
    assert_eq!(ranges(&scene.told(Some(u64::MAX)).await), [(2, 3), (6, 6)]);
    let mut delivery = delivery(&[]);
    (delivery["runs"], delivery["gone"]) = (json!([]), json!(0));
    let (_, answer) = scene.deliver_by(&other, &delivery).await;
    assert_eq!(answer.get("gone"), None, "it is no business of another kiosk");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_names_few_at_once_and_all_in_the_end() {
    let scene = Scene::new().await;
    let events: Vec<Value> =
        (1..=450).flat_map(|n| [rating(2 * n, 4), comment(2 * n + 1, 2 * n, "words")]).collect();
    for part in events.chunks(300) {
        scene.receipt(&dated(part)).await;
    }
    assert_eq!(scene.kept(Kept::default(), NOON + 400 * DAY).await, 450);
    assert_eq!(scene.gone().len(), 450);
    let (mut gone, mut named, mut receipts) = (0, BTreeSet::new(), 0);
    while let Some(told) = scene.told(Some(gone)).await {
        assert!(gone < told.upto, "it rises");
        let ranges = ranges(&Some(told.clone()));
        assert!(ranges.len() <= GONE_RANGES_MAX);
        named.extend(ranges.iter().map(|(first, _)| *first));
        (gone, receipts) = (told.upto, receipts + 1);
    }
    assert_eq!((named.len(), receipts), (450, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn ratings_go_run_by_run_from_the_beginning_and_their_ranges_are_joined() {
    let scene = Scene::new().await;
    let events = [
        rating(1, 5),
        comment(2, 1, "words"),
        rating(3, 1),
        reason(4, 3, "queue"),
        note(5),
        rating(6, 2),
        rating(7, 3),
    ];
    scene.receipt(&dated(&events)).await;
    let mut second = dated(&[rating(1, 5), rating(100, 5)]);
    second["runs"][0]["run"] = json!("aa".repeat(16));
    scene.receipt(&second).await;
    // First the comment, then ratings on both of its sides.
    let until = |n: i64| NOON + n * MINUTE + 30 * DAY + 1;
    let comments = Kept { comments: Some(30), ratings: None, notes: None };
    assert_eq!(scene.kept(comments, until(2)).await, 1);
    let kept = Kept { comments: Some(30), ratings: Some(30), notes: None };
    assert_eq!(scene.kept(kept, until(6)).await, 5);
    assert_eq!(scene.numbers().await, [5, 7, 100], "a note is for ever, and the rest is young");
    assert_eq!(scene.gone(), [["1", "4", "1"], ["6", "6", "1"], ["1", "1", "1"]]);
    let day = scene.day().await;
    assert_eq!(day.lines.each().map(|(_, counts)| counts.total()).sum::<u32>(), 2);
    let notes = Kept { notes: Some(30), ..kept };
    assert_eq!(scene.kept(notes, until(5)).await, 1);
    assert_eq!(scene.gone()[0], ["1", "6", "1"], "what was apart is one now");
    let (deleted, told) = (BTreeSet::from([1, 2, 3, 4, 5, 6]), scene.told(Some(0)).await);
    let named: BTreeSet<u32> =
        ranges(&told).into_iter().flat_map(|(first, last)| first..=last).collect();
    assert_eq!(named, deleted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_ahead_by_years_deletes_nothing_young() {
    let scene = Scene::new().await;
    scene.receipt(&dated(&[rating(1, 1), comment(2, 1, "cold")])).await;
    scene.archive.note_kept(NOW).await.unwrap();
    let pass = async |at: i64| {
        let mut reached = String::new();
        while let Some(further) =
            keep_more(&scene.archive, Kept::default(), &reached, at).await.unwrap()
        {
            reached = further;
        }
        scene.numbers().await
    };
    for _ in 0..20 {
        assert_eq!(pass(NOON + 2_000 * DAY).await, [1, 2], "of 90 days, four go with each pass");
    }
    scene.archive.note_kept(NOON + 90 * DAY).await.unwrap();
    assert_eq!(pass(NOON + 92 * DAY).await, [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stopped_goes_on_where_it_was() {
    let scene = Scene::new().await;
    let events: Vec<Value> = (1..=2_500).map(|n| rating(n, 4)).collect();
    for part in events.chunks(500) {
        scene.receipt(&dated(part)).await;
    }
    let kept = Kept { comments: Some(90), ratings: Some(90), notes: None };
    let (mut reached, mut left) = (String::new(), vec![2_500]);
    let later = NOON + 400 * DAY;
    scene.archive.note_kept(later - DAY).await.unwrap();
    while let Some(further) = keep_more(&scene.archive, kept, &reached, later).await.unwrap() {
        assert_ne!(further, reached);
        // Each time as if another process had to go on.
        reached.clone_from(&further);
        let count = scene.numbers().await.len();
        if left.last() != Some(&count) {
            left.push(count);
        }
        assert_eq!(scene.archive.recount(KIOSK.to_owned()).await.unwrap().wrong, []);
    }
    assert_eq!(left, [2_500, 1_500, 500, 0]);
    assert_eq!(scene.gone(), [["1", "2500", "1"]], "one range");
    assert_eq!(scene.accounted().await, 2_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_does_it_by_itself_every_day_as_it_is_set() {
    let kept = Kept { comments: Some(1), ..Kept::default() };
    let scene = Scene::set(|settings| settings.kept = kept).await;
    scene.worked().await;
    let due = scene.archive.work().await.unwrap();
    let due = due.iter().find(|work| work.kind == "keep").unwrap().clone();
    assert_eq!((due.done_ms, due.due_ms), (None, NOW + DAY));
    let mut old = dated(&[rating(1, 5), comment(2, 1, "words"), comment(3, 1, "words")]);
    old["boots"][0]["anchors"][0]["utc_ms"] = json!(NOON - DAY + 2 * 3_600_000 - 2 * MINUTE - 9);
    old["boots"][0]["anchors"][0]["boot_ms"] = json!(0);
    scene.receipt(&old).await;
    scene.archive.want_work("keep", String::new(), NOW).await.unwrap();
    scene.worked().await;
    assert_eq!(scene.numbers().await, [1, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_wants_deleted_is_counted_no_more_and_what_it_took_back_counts_again() {
    let scene = Scene::new().await;
    let mut later = rating(2, 1);
    later["replaces"] = json!(1);
    let events = [rating(1, 5), later, reason(3, 2, "queue"), rating(4, 3), reason(5, 4, "staff")];
    scene.receipt(&dated(&events)).await;
    assert_eq!(scene.day().await.replaced, 1);
    assert_eq!(scene.delete(&[2]).await, 1);
    let day = scene.day().await;
    assert_eq!(day.replaced, 0);
    let faces = |day: &smilepost::hub::archive::Day| {
        day.lines.each().flat_map(|(_, counts)| counts.faces().to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(faces(&day), [0, 0, 1, 0, 1], "the first press is what was meant");
    let chosen = || scene.raw().number("select coalesce(sum(times), 0) from tally_reason");
    assert_eq!(chosen(), 1, "an answer to a rating that is gone counts nothing");
    assert_eq!(scene.delete(&[4, 4, 99]).await, 1);
    assert_eq!((chosen(), faces(&scene.day().await)), (0, vec![0, 0, 0, 0, 1]));
    assert_eq!(scene.numbers().await, [1, 3, 5]);
    assert_eq!(scene.gone(), [["2", "2", "2"], ["4", "4", "2"]]);
    assert_eq!(scene.accounted().await, 2);
    scene.receipt(&dated(&events)).await;
    assert_eq!(scene.numbers().await, [1, 3, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_goes_with_its_event() {
    let scene = Scene::new().await;
    scene.receipt(&dated(&[rating(1, 5), comment(2, 1, "words")])).await;
    scene.receipt(&dated(&[rating(1, 5), comment(2, 1, "secret")])).await;
    assert_eq!(scene.archive.conflicts().await.unwrap(), 1);
    scene.delete(&[2]).await;
    assert_eq!(scene.archive.conflicts().await.unwrap(), 0, "it has the words too");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_names_what_was_deleted() {
    let scene = Scene::new().await;
    scene.receipt(&dated(&[rating(1, 5), rating(2, 5), rating(3, 5)])).await;
    let read = async |after| {
        // On PostgreSQL a change has its place in the feed a moment after its commit.
        while scene.archive.stamp().await.unwrap() > 0 {}
        match scene.archive.changes(after, 100).await.unwrap() {
            Read::Changes(changes) => changes,
            Read::BeginAgain(_) => panic!("it is the same archive"),
        }
    };
    let first = read(None).await;
    assert_eq!((first.events.len(), first.deleted.len()), (3, 0));
    scene.delete(&[2, 3]).await;
    let then = read(Some(first.next)).await;
    assert_eq!(then.events, []);
    let deleted = &then.deleted[0];
    assert_eq!((deleted.kiosk.as_str(), deleted.run.as_str()), (KIOSK, RUN));
    assert_eq!((deleted.first, deleted.last, then.deleted.len()), (2, 3, 1));
    assert_eq!(read(Some(then.next)).await.deleted, [], "once");
}

/// Runs the program on the archive of a scene.
fn ask(scene: &Scene, arguments: &[&str]) -> Output {
    let config = scene.folder.path().join("hub.toml");
    let archive = lines(scene.folder.path());
    std::fs::write(&config, format!("data_dir = {:?}\n{archive}", scene.folder.path())).unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(arguments).arg("--config").arg(&config).stdin(std::process::Stdio::null());
    command.output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_deletes_what_it_has_named_and_shows_no_words() {
    let scene = Scene::new().await;
    scene.receipt(&dated(&[rating(1, 5), comment(2, 1, "secret")])).await;
    let event = format!("{RUN}:2");
    let said = |output: &Output| {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let (code, text) = said(&ask(&scene, &["delete", KIOSK, &event]));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("add --yes") && text.contains("a comment of"), "{text}");
    assert_eq!(scene.numbers().await, [1, 2]);
    for (kiosk, event, why) in [
        ("nobody", event.as_str(), "there is no kiosk nobody"),
        (KIOSK, "7", "7 is no event: write its run"),
        (KIOSK, &format!("{RUN}:9"), "head office has no event"),
    ] {
        let (code, text) = said(&ask(&scene, &["delete", kiosk, event, "--yes"]));
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains(why), "{text}");
    }
    let (code, text) = said(&ask(&scene, &["delete", KIOSK, &event, "--yes"]));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(&format!("{event}: a comment of {KIOSK}, 2026-11-20 12:02 UTC")));
    assert!(text.contains("deleted: 1;") && !text.contains("secret"), "{text}");
    assert_eq!(scene.numbers().await, [1]);
    let again = Deletion::of(&scene.archive, KIOSK, &[event]).await.unwrap_err().to_string();
    assert!(again.contains("was deleted before"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boot_that_nobody_owned_is_whose_delivery_names_it_first() {
    let scene = Scene::new().await;
    let other = scene.stranger("turku").await;
    // As an archive of an older form has it: its time is known, and not whose it is.
    scene.raw().execute(&format!(
        "insert into boot (kiosk, no, uuid, first_run, began_ms, ended_ms) values \
         (0, 1, x'{BOOT}', 77, {NOON}, {NOON});
         insert into anchor (kiosk, boot, boot_ms, utc_ms, error_ms, source) values \
         (0, 1, 0, {NOON}, 5, 'ntp'), (0, 2, 0, {NOON}, 5, 'ntp')"
    ));
    // It has a boot of that number already.
    let mut first = delivery(&[rating(1, 5)]);
    first["runs"][0]["boot"] = json!("cc".repeat(16));
    first["runs"][0]["run"] = json!("cc".repeat(16));
    scene.receipt(&first).await;
    let mut wrong = rating(1, 5);
    wrong["wall_ms"] = json!(7);
    scene.receipt(&delivery(std::slice::from_ref(&wrong))).await;
    let page = scene.archive.page((0, 0, 0), 10).await.unwrap();
    assert_eq!(
        (page[1].1.utc.as_str(), page[1].1.quality.as_str()),
        ("2026-11-20T12:01:00.000Z", "exact")
    );
    let mut theirs = delivery(&[wrong]);
    theirs["runs"][0]["run"] = json!("bb".repeat(16));
    assert_eq!(scene.deliver_by(&other, &theirs).await.0, 200);
    let page = scene.archive.page((0, 0, 0), 10).await.unwrap();
    assert_eq!((page[2].1.kiosk.as_str(), page[2].1.quality.as_str()), ("turku", "unknown"));
    let left = scene.raw().rows("select no from boot where kiosk = 0");
    assert_eq!(
        (left.len(), scene.raw().number("select count(*) from anchor where kiosk = 0")),
        (0, 1)
    );
}
