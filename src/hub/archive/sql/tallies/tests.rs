//! Tests of tallies: rows are written by hand, and tallies kept as whoever writes them does.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::super::tallied::{around, facts};
use super::super::{lines, tallies};
use crate::feedback::event::Kind;
use crate::hub::archive::error::Failure;
use crate::hub::archive::tx::{Job, Tx};
use crate::hub::archive::value::values;
use crate::hub::archive::{Archive, Day, Recounted, ShopDate, TallyOf};
use crate::hub::commands::recount::{self, Then};
use crate::hub::rules::codes;
use crate::hub::rules::tallying::Differences;
use crate::hub::{commands, proof};

const HOUR: i64 = 3_600_000;

/// 2026-11-20 10:00 UTC, and the hour that clocks in Helsinki showed then.
const AT: i64 = 1_795_168_800_000;
const AT_HOUR: i64 = AT / HOUR + 2;

/// A row of an event; everything else of it is the same in all.
#[derive(Clone, Copy, Default)]
struct Row {
    n: u32,
    utc_ms: i64,
    score: Option<u8>,
    line: Option<i64>,
    replaces: Option<u32>,
    misuse: Option<&'static str>,
    rating: Option<u32>,
    answer: Option<(&'static str, &'static str)>,
    is_bounded: bool,
    received: i64,
}

impl Row {
    fn rating(n: u32, score: u8) -> Self {
        Self { n, utc_ms: AT, score: Some(score), line: Some(1), received: 1, ..Self::default() }
    }

    fn answer(n: u32, rating: u32, answer: (&'static str, &'static str)) -> Self {
        let (rating, answer) = (Some(rating), Some(answer));
        Self { n, utc_ms: AT, rating, answer, received: 1, ..Self::default() }
    }

    fn numbers(&self) -> BTreeSet<u32> {
        [Some(self.n), self.replaces].into_iter().flatten().collect()
    }
}

/// An archive with a shop in Helsinki, one in London, a kiosk in the first, and a line.
struct Scene {
    archive: Archive,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::in_folder(folder.path()).unwrap();
        let scene = Self { archive, _folder: folder };
        scene
            .write(|tx| {
                Box::pin(async move {
                    for (no, id, zone) in
                        [(1, "kallio", "Europe/Helsinki"), (2, "soho", "Europe/London")]
                    {
                        let sql = "insert into shop (no, id, name, zone) values ($1, $2, $2, $3)";
                        tx.execute(sql, &values![no, id, zone]).await?;
                        let sql = "insert into shop_then (shop, from_ms, name, zone) \
                                   values ($1, $2, $3, $4)";
                        tx.execute(sql, &values![no, i64::MIN, id, zone]).await?;
                    }
                    for (no, id) in [(1, "door"), (2, "exit")] {
                        let sql = "insert into kiosk (no, id, shop, touchpoint) \
                                   values ($1, $2, 1, 'Door')";
                        tx.execute(sql, &values![no, id]).await?;
                        let sql = "insert into stay (kiosk, from_ms, to_ms, shop, touchpoint) \
                                   values ($1, $2, $3, 1, 'Door')";
                        tx.execute(sql, &values![no, i64::MIN, i64::MAX]).await?;
                        let sql = "insert into book (kiosk) values ($1)";
                        tx.execute(sql, &values![no]).await?;
                        for (seq, received_ms) in [(1, AT), (2, AT + 100 * HOUR)] {
                            let sql = "insert into delivery (kiosk, seq, received_ms, added, \
                                       touched) values ($1, $2, $3, 0, '[]')";
                            tx.execute(sql, &values![no, seq, received_ms]).await?;
                        }
                    }
                    let asked = ["bakery", "checkout", "bakery"].map(|it| (it.to_owned(), 1, 5));
                    let numbers = lines::lines(tx, &asked).await?;
                    assert_eq!(numbers, lines::lines(tx, &asked).await?, "written once");
                    let chosen = BTreeSet::from([("reasons".to_owned(), "wait".to_owned())]);
                    lines::choices(tx, &chosen).await.map(drop)
                })
            })
            .await;
        scene
    }

    async fn write(
        &self,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, ()> + Send + 'static,
    ) {
        self.archive.write("write rows", act).await.unwrap();
    }

    /// Writes rows over what is stored of them, or none of them, and keeps the tallies.
    async fn change(&self, kiosk: i64, rows: Vec<Row>, is_there: bool) {
        self.write(move |tx| {
            Box::pin(async move {
                for row in rows {
                    let all = around(tx, kiosk, 7, &row.numbers()).await?;
                    let mut differences = Differences::default();
                    for (_, fact) in facts(tx, kiosk, 7, &all).await? {
                        differences.take_fact(&fact);
                    }
                    replace(tx, kiosk, row, is_there).await?;
                    for (_, fact) in facts(tx, kiosk, 7, &all).await? {
                        differences.put_fact(&fact);
                    }
                    tallies::add(tx, kiosk, &differences).await?;
                }
                Ok(())
            })
        })
        .await;
    }

    async fn store(&self, rows: Vec<Row>) {
        self.change(1, rows, true).await;
    }

    async fn execute(&self, sql: &'static str) {
        self.write(move |tx| Box::pin(async move { tx.execute(sql, &[]).await.map(drop) })).await;
    }

    async fn day(&self, shop: &str, day: u32) -> Day {
        let date = NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        let dates = vec![ShopDate { shop: shop.to_owned(), date }];
        self.archive.days(dates).await.unwrap().remove(0)
    }

    async fn recount(&self) -> Recounted {
        self.archive.recount("door".to_owned()).await.unwrap()
    }

    async fn proved(&self) -> Recounted {
        let recounted = self.recount().await;
        assert_eq!(recounted.wrong, []);
        recounted
    }
}

async fn replace(tx: &mut dyn Tx, kiosk: i64, row: Row, is_there: bool) -> Result<(), Failure> {
    let sql = "delete from event where kiosk = $1 and run = 7 and n = $2";
    tx.execute(sql, &values![kiosk, row.n]).await?;
    if !is_there {
        return Ok(());
    }
    let kind = if row.answer.is_some() { Kind::Answered } else { Kind::Rated };
    let (follow_up, answer) = row.answer.unzip();
    let earliest_ms = row.is_bounded.then_some(row.utc_ms);
    let sql = "insert into event (kiosk, run, n, seq, boot_ms, wall_ms, utc_ms, hour, line, \
               replaces, rating_n, kind, score, is_exact, digest, misuse, earliest_ms, \
               follow_up, answer) values ($1, 7, $2, $3, 0, 0, $4, $5, $6, $7, $8, $9, $10, $11, \
               $12, $13, $14, $15, $16)";
    let values = values![
        kiosk,
        row.n,
        row.received,
        row.utc_ms,
        row.utc_ms / HOUR + 2,
        row.line,
        row.replaces,
        row.rating,
        codes::of_kind(kind),
        row.score,
        !row.is_bounded,
        [0u8; 16],
        row.misuse.map(str::to_owned),
        earliest_ms,
        follow_up.map(str::to_owned),
        answer.map(str::to_owned),
    ];
    tx.execute(sql, &values).await.map(drop)
}

fn counts(day: &Day) -> Vec<(String, Vec<u32>)> {
    let each = day.lines.each();
    each.map(|(line, counts)| (line.question.clone(), counts.faces().to_vec())).collect()
}

#[tokio::test]
async fn a_day_is_what_was_tallied_of_it() {
    let scene = Scene::new().await;
    let bounded = Row { is_bounded: true, received: 2, ..Row::rating(4, 5) };
    let held = Row { misuse: Some("bounce"), ..Row::rating(3, 1) };
    let corrected = Row { replaces: Some(1), ..Row::rating(2, 4) };
    let next_day = Row { utc_ms: AT + 12 * HOUR, ..Row::rating(5, 2) };
    let unread = Row { line: None, ..Row::rating(6, 5) };
    let comment = Row::answer(7, 2, ("comment", "wait"));
    let all = vec![Row::rating(1, 1), corrected, held, bounded, next_day, unread, comment];
    scene.store(all).await;
    let day = scene.day("kallio", 20).await;
    assert_eq!(counts(&day), [("bakery".to_owned(), vec![0, 0, 0, 1, 1])]);
    assert_eq!((day.misuse, day.replaced, day.unread), (1, 1, 1));
    assert_eq!((day.uncertain, day.bounded), (1, 1));
    assert_eq!(
        counts(&scene.day("kallio", 21).await),
        [("bakery".to_owned(), vec![0, 1, 0, 0, 0])]
    );
    assert_eq!(scene.day("soho", 20).await, Day::default());
    assert_eq!(scene.day("nowhere", 20).await, Day::default());
    let recounted = scene.proved().await;
    assert_eq!((recounted.events, recounted.counted.late()), (7, 1));
}

#[tokio::test]
async fn many_dates_and_shops_are_counted_in_the_order_in_which_they_are_asked_for() {
    let scene = Scene::new().await;
    scene.store(vec![Row::rating(1, 5)]).await;
    scene
        .change(2, vec![Row::rating(1, 1), Row { line: Some(2), ..Row::rating(2, 3) }], true)
        .await;
    let date = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
    let names = (0..60).map(|n| format!("shop {n}")).chain(["kallio", "kallio"].map(str::to_owned));
    let dates: Vec<ShopDate> = names.map(|shop| ShopDate { shop, date }).collect();
    let days = scene.archive.days(dates).await.unwrap();
    let asked =
        [("bakery".to_owned(), vec![1, 0, 0, 0, 1]), ("checkout".to_owned(), vec![0, 0, 1, 0, 0])];
    assert!(days[..60].iter().all(|day| *day == Day::default()));
    assert_eq!((counts(&days[60]), counts(&days[61])), (asked.to_vec(), asked.to_vec()));
}

#[tokio::test]
async fn reasons_go_with_their_ratings() {
    let scene = Scene::new().await;
    // The answer arrives first.
    scene.store(vec![Row::answer(2, 1, ("reasons", "wait"))]).await;
    assert_eq!(reasons(&scene).await, []);
    scene.store(vec![Row::rating(1, 2)]).await;
    assert_eq!(reasons(&scene).await, [(AT_HOUR, 2, 1)]);
    scene.store(vec![Row { utc_ms: AT + HOUR, ..Row::rating(1, 2) }]).await;
    assert_eq!(reasons(&scene).await, [(AT_HOUR + 1, 2, 1)]);
    scene.store(vec![Row { replaces: Some(1), ..Row::rating(3, 4) }]).await;
    assert_eq!(reasons(&scene).await, [], "the rating was taken back");
    let by_mistake = Row { replaces: Some(1), misuse: Some("bounce"), ..Row::rating(3, 4) };
    scene.store(vec![by_mistake]).await;
    assert_eq!(reasons(&scene).await, [(AT_HOUR + 1, 2, 1)]);
    scene.proved().await;
}

/// Hour, face and times of the reasons that were given.
async fn reasons(scene: &Scene) -> Vec<(i64, i64, i64)> {
    let read = scene.archive.read("read reasons", |tx| {
        Box::pin(async move {
            let sql = "select hour, face, times from tally_reason where times <> 0";
            let rows = tx.rows(sql, &[]).await?;
            rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
        })
    });
    read.await.unwrap()
}

#[tokio::test]
async fn a_kiosk_that_was_moved_counts_in_each_shop_what_it_took_there() {
    let scene = Scene::new().await;
    let at = |n, hours| Row { utc_ms: AT + hours * HOUR, ..Row::rating(n, 5) };
    scene.store(vec![at(1, -3), at(2, 0), at(3, 1), at(4, 9)]).await;
    scene.execute("update stay set to_ms = 1795168800000 where kiosk = 1").await;
    scene
        .execute(
            "insert into stay (kiosk, from_ms, to_ms, shop, touchpoint) \
             values (1, 1795168800000, 9223372036854775807, 2, 'Door')",
        )
        .await;
    // The clocks of London are two hours behind: what it took there moves to earlier hours.
    scene.archive.retally(1).await.unwrap();
    scene.proved().await;
    let (kallio, soho) = (scene.day("kallio", 20).await, scene.day("soho", 20).await);
    assert_eq!((kallio.lines.total(), soho.lines.total()), (1, 3));
}

#[tokio::test]
async fn a_corrected_zone_moves_every_event_to_its_new_hour_step_by_step() {
    let scene = Scene::new().await;
    let late = |n| Row { utc_ms: AT + 13 * HOUR, ..Row::rating(n, 4) };
    let mut rows: Vec<Row> = (1..=1_200).map(late).collect();
    // The first step ends before the answer to its last rating.
    rows[500] = Row::answer(501, 500, ("reasons", "wait"));
    scene.store(rows).await;
    assert_eq!(scene.day("kallio", 21).await.lines.total(), 1_199, "it was one at night");
    scene.execute("update shop set zone = 'Europe/London' where no = 1").await;
    let mut reached = None;
    let mut steps = 0;
    while let Some(last) = scene.archive.retally_more(1, reached).await.unwrap() {
        reached = Some(last);
        steps += 1;
        let recounted = scene.proved().await;
        assert_eq!(recounted.tallied.faces(), [0, 0, 0, 1_199, 0]);
    }
    assert_eq!(steps, 3);
    assert_eq!(scene.day("kallio", 20).await.lines.total(), 1_199, "it was eleven at night");
    assert_eq!(scene.day("kallio", 21).await.lines.total(), 0);
}

#[tokio::test]
async fn a_recount_finds_what_is_wrong_and_mends_it() {
    let scene = Scene::new().await;
    scene.store(vec![Row::rating(1, 5), Row::answer(2, 1, ("reasons", "wait"))]).await;
    scene.execute("update tally set f5 = 3, late = 1").await;
    scene.execute("delete from tally_day").await;
    scene.execute("update tally_reason set times = 0").await;
    let found = scene.recount().await;
    let words: Vec<_> = found
        .wrong
        .iter()
        .map(|wrong| (wrong.of, wrong.what.as_str(), wrong.tallied, wrong.counted))
        .collect();
    let hour = i32::try_from(AT_HOUR).unwrap();
    let (hour, day) = (TallyOf::Hour(hour), TallyOf::Day(hour / 24));
    assert_eq!(
        words,
        [
            (hour, "f5", 3, 1),
            (hour, "late", 1, 0),
            (day, "f5", 0, 1),
            (hour, "reasons wait after face 5", 0, 1)
        ]
    );
    assert_eq!(found.wrong[0].line, Some(("bakery".to_owned(), 1, 5)));
    assert_eq!((found.tallied.faces()[4], found.counted.faces()[4]), (3, 1));
    assert_eq!(scene.archive.mend("door".to_owned()).await.unwrap(), found);
    scene.proved().await;
    assert!(scene.archive.recount("window".to_owned()).await.is_err());
}

#[tokio::test]
async fn what_a_sample_finds_is_noted_until_all_is_mended() {
    let scene = Scene::new().await;
    scene.store(vec![Row::rating(1, 5)]).await;
    proof::sample(&scene.archive, AT).await.unwrap();
    assert_eq!(scene.archive.differing().await.unwrap(), None);
    scene.execute("update tally set f5 = 3").await;
    // Of two kiosks, each has its turn every other day at least.
    for day in 1..=2 {
        proof::sample(&scene.archive, AT + day * 24 * HOUR).await.unwrap();
    }
    assert!(scene.archive.differing().await.unwrap().is_some());
    let (told, summary) = recounted(&scene, Then::Tell).await;
    assert_eq!(summary.told(), "kiosks: 2, events: 1; that differ: 1");
    assert!(told.contains("2026-11-20 12:00, bakery (wording 1, 5 faces): face 5: 3 tallied"));
    assert_eq!(scene.archive.differing().await.unwrap(), Some(AT));
    assert_eq!(recounted(&scene, Then::Mend).await.1.wrong, 1);
    assert_eq!(scene.archive.differing().await.unwrap(), None);
    let (told, summary) = recounted(&scene, Then::Tell).await;
    assert_eq!(
        (told.as_str(), summary.told().as_str()),
        ("", "kiosks: 2, events: 1; all tallies hold")
    );
}

async fn recounted(scene: &Scene, then: Then) -> (String, recount::Summary) {
    let mut told = String::new();
    let mut tell = |line: &str| -> Result<(), commands::error::Error> {
        told.push_str(line);
        Ok(())
    };
    let summary = recount::run(&scene.archive, None, then, AT, &mut tell).await.unwrap();
    (told, summary)
}

#[tokio::test]
async fn whatever_is_stored_changed_and_deleted_tallies_are_what_a_recount_gives() {
    let scene = Scene::new().await;
    // A generator that gives the same at every run (Lehmer's, with the modulus 2^31 - 1).
    let mut seed: u64 = 16;
    let mut any = move |below: u64| {
        seed = seed * 48_271 % 2_147_483_647;
        seed % below
    };
    for _ in 0..40 {
        let mut rows = Vec::new();
        for _ in 0..8 {
            let n = u32::try_from(any(30)).unwrap() + 1;
            let earlier = |n: u32| Some(n.saturating_sub(1)).filter(|n| *n > 0);
            let mut row = if any(4) == 0 {
                Row::answer(n, n.saturating_sub(2), ("reasons", "wait"))
            } else {
                Row::rating(n, u8::try_from(any(6)).unwrap())
            };
            row.utc_ms += i64::try_from(any(50)).unwrap() * HOUR;
            row.replaces = earlier(n).filter(|_| row.score.is_some() && any(3) == 0);
            row.misuse =
                [None, None, Some("bounce"), Some("held")][usize::try_from(any(4)).unwrap()];
            row.is_bounded = any(5) == 0;
            row.received = 1 + i64::try_from(any(2)).unwrap();
            row.line = row.score.map(|_| 1 + i64::try_from(any(2)).unwrap());
            rows.push(row);
        }
        scene.change(1, rows, any(4) > 0).await;
        scene.proved().await;
    }
    scene.execute("update shop set zone = 'America/New_York' where no = 1").await;
    scene.archive.retally(1).await.unwrap();
    scene.proved().await;
}
