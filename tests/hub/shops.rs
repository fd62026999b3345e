//! An archive with some shops and kiosks and no hub around it: what is stored comes as a delivery.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use smilepost::hub::archive::work::{DATING, JUDGING, TALLY};
use smilepost::hub::archive::{Archive, Kiosk, Shop, Stored, Way};
use smilepost::hub::{intake, proof};
use smilepost::wire::report::Reported;

use crate::engine::{self, Place};

pub(crate) const SHOPS: [(&str, &str); 3] =
    [("kallio", "Europe/Helsinki"), ("camden", "Europe/London"), ("queens", "America/New_York")];

/// One stands in each shop.
pub(crate) const KIOSKS: [&str; 3] = ["door", "exit", "till"];

pub(crate) struct Shops {
    pub(crate) archive: Archive,
    place: Place,
}

impl Shops {
    pub(crate) async fn new() -> Self {
        let place = Place::new();
        let archive = engine::archive(place.path()).await;
        for ((shop, zone), kiosk) in SHOPS.into_iter().zip(KIOSKS) {
            let [id, zone, kiosk] = [shop, zone, kiosk].map(str::to_owned);
            let shop = Shop { name: id.clone(), id: id.clone(), zone, group: None };
            assert!(archive.add_shop(shop).await.unwrap());
            let touchpoint = kiosk.clone();
            assert!(archive.add_kiosk(Kiosk { id: kiosk, shop: id, touchpoint }).await.unwrap());
        }
        Self { archive, place }
    }

    /// The same archive, as another process opens it.
    pub(crate) async fn of_another_hub(&self) -> Archive {
        engine::archive(self.place.path()).await
    }

    /// From now on some changes take long to commit, where others are committed meanwhile.
    pub(crate) fn slow_down(&self) {
        if !engine::is_file() {
            // In a Citus cluster such a trigger has to be asked for, and each statement goes alone.
            let may = "do $$ begin execute format(
                'alter database %I set citus.enable_unsafe_triggers = on', current_database());
                end $$";
            let slow = "create function slow() returns trigger language plpgsql as $$
                begin if random() < 0.3 then perform pg_sleep(0.1); end if; return null; end $$";
            let trigger = "create constraint trigger slow after insert on delivery
                deferrable initially deferred for each row execute function slow()";
            for sql in [may, slow, trigger] {
                engine::ask(self.place.path(), sql);
            }
        }
    }

    /// Every event that is stored, page by page.
    pub(crate) async fn rows(&self) -> Vec<Reported> {
        let (mut rows, mut after) = (Vec::new(), (0, 0, 0));
        loop {
            let page = self.archive.page(after, 50).await.unwrap();
            let Some((last, _)) = page.last() else { return rows };
            after = *last;
            rows.extend(page.into_iter().map(|(_, row)| row));
        }
    }

    /// Does in the background what there is to do at this time.
    pub(crate) async fn work(&self, now_ms: i64) {
        let archive = &self.archive;
        while let Some(task) = archive.take_work(&[DATING, JUDGING, TALLY], now_ms).await.unwrap() {
            let mut reached = Some(String::new());
            while let Some(from) = reached {
                reached = match task.kind.as_str() {
                    DATING => archive.date_more(from).await.unwrap(),
                    TALLY => proof::retally_more(archive, &task.subject, &from).await.unwrap(),
                    _ => {
                        archive.judge_again().await.unwrap();
                        None
                    }
                };
            }
            archive.finish_work(task, now_ms, None).await.unwrap();
        }
    }

    /// Counts what every kiosk has stored, and compares what is tallied.
    pub(crate) async fn recount(&self) {
        for kiosk in KIOSKS {
            let recounted = self.archive.recount(kiosk.to_owned()).await.unwrap();
            assert_eq!(recounted.wrong, [], "{kiosk}");
        }
    }
}

/// A run in a boot of its own, by numbers.
pub(crate) fn part(run: u32, taken: u32, events: &[Value]) -> Value {
    json!({ "run": id(run), "boot": id(run), "taken": taken, "events": events })
}

/// What is told of the time of a run's boot.
pub(crate) fn anchored(run: u32, began_ms: i64) -> Value {
    let anchor = json!({
        "boot_ms": 5_000, "utc_ms": began_ms + 5_000, "error_ms": 5, "source": "hub",
    });
    json!({ "boot": id(run), "anchors": [anchor] })
}

pub(crate) fn id(number: u32) -> String {
    format!("{number:032x}")
}

/// Stores a delivery of these runs, and of what is known of these boots.
pub(crate) async fn store(
    archive: &Archive,
    kiosk: &str,
    (runs, boots): (&[Value], &[Value]),
    now_ms: i64,
) -> Stored {
    let taken: u64 = runs.iter().filter_map(|run| run["taken"].as_u64()).sum();
    let delivery = json!({
        "nonce": "00112233445566778899aabbccddeeff", "app": "test", "runs": runs, "boots": boots,
        "counters": { "taken": taken, "settled": 0, "set_aside": 0, "waiting": 0 },
    });
    let delivery = serde_json::from_value(delivery).unwrap();
    let checked = intake::check(kiosk.to_owned(), delivery, Way::Sent, now_ms);
    let (shipment, set_aside) = checked.unwrap();
    assert_eq!(set_aside, []);
    let sent: BTreeSet<_> =
        shipment.runs.iter().flat_map(smilepost::hub::archive::Arrived::ids).collect();
    let stored = archive.store(shipment).await.unwrap();
    let answered = stored.settled.iter().chain(&stored.conflicts).chain(&stored.foreign);
    assert_eq!(answered.copied().collect::<BTreeSet<_>>(), sent, "each is answered");
    stored
}
