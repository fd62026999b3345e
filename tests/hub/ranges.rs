//! Tests of what is counted over several days: of shops together, and by the hours of the week.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use smilepost::hub::archive::{Correction, Day, Kiosk, ShopDate, ShopDays};
use smilepost::hub::commands::correct::{self, Since};

use crate::hub::{NOON, NOW};
use crate::shops::{Shops, part, store};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A Friday, whose noon by UTC is [`NOON`].
fn friday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 20).unwrap()
}

fn days(shop: &str, before: u64, after: u64) -> ShopDays {
    let (first, last) = (friday() - Days::new(before), friday() + Days::new(after));
    ShopDays { shop: shop.to_owned(), first, last }
}

/// A rating at these hours after noon.
fn rating(n: usize, hours: i64, question: &str) -> Value {
    json!({
        "n": n, "kind": "rated", "boot_ms": 60_000 * n, "wall_ms": NOON + hours * HOUR, "score": 5,
        "scale": 5, "input": "button", "question": question, "question_version": 1,
        "language": "en",
    })
}

fn counted(day: &Day) -> u32 {
    day.lines.each().map(|(_, counts)| counts.total()).sum::<u32>() + day.others.ratings
}

async fn ranges<const N: usize>(shops: &Shops, asked: [&[ShopDays]; N]) -> [u32; N] {
    let asked = asked.map(<[ShopDays]>::to_vec).to_vec();
    let counts: Vec<u32> = shops.archive.ranges(asked).await.unwrap().iter().map(counted).collect();
    counts.try_into().unwrap()
}

/// The hours of the week in which a shop has ratings, with how many.
async fn week(shops: &Shops, asked: &[ShopDays]) -> Vec<(usize, u32)> {
    let week = shops.archive.week(asked.to_vec()).await.unwrap();
    assert_eq!(week.hours.len(), 168);
    let by_hour: Vec<u32> = week.hours.iter().map(counted).collect();
    assert_eq!(by_hour.iter().sum::<u32>(), counted(&week.all));
    (0..).zip(by_hour).filter(|(_, count)| *count > 0).collect()
}

async fn move_to(shops: &Shops, kiosk: &str, shop: &str, since: Since) {
    let said = Correction { shop: Some(shop.to_owned()), ..Correction::default() };
    correct::kiosk(&shops.archive, kiosk, said, since).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kiosk_that_is_moved_within_a_day_counts_in_both_shops_and_nothing_counts_twice() {
    let shops = Shops::new().await;
    // One well before noon and two after it, when the kiosk stands in the other shop.
    let hours = [-4, 2, 3];
    let events: Vec<Value> = (1..).zip(hours).map(|(n, at)| rating(n, at, "checkout")).collect();
    store(&shops.archive, "door", (&[part(1, 3, &events)], &[]), NOON + 4 * HOUR).await;
    move_to(&shops, "door", "camden", Since::Now(NOON)).await;
    shops.work(NOW).await;
    let (old, new) = (days("kallio", 1, 1), days("camden", 1, 1));
    let (overlaps, both) = ([old.clone(), days("kallio", 0, 9)], [old.clone(), new.clone()]);
    let asked: [&[ShopDays]; 6] = [
        &both[..1],
        &both[1..],
        &both,
        &overlaps,
        &[days("queens", 300, 300)],
        &[days("nowhere", 1, 1)],
    ];
    assert_eq!(ranges(&shops, asked).await, [1, 2, 3, 1, 0, 0]);
    // 8:00 UTC is 10:00 in Helsinki, and 14:00 and 15:00 are so in London.
    let of_friday = |hour: usize| 4 * 24 + hour;
    assert_eq!(week(&shops, &overlaps).await, [(of_friday(10), 1)]);
    assert_eq!(week(&shops, &both[1..]).await, [(of_friday(14), 1), (of_friday(15), 1)]);
    assert_eq!(week(&shops, &both).await.len(), 3);
    assert_eq!(week(&shops, &[]).await, []);
    let backwards = ShopDays { first: new.last, last: new.first, ..new };
    assert_eq!(ranges(&shops, [&[backwards], &[]]).await, [0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn kiosks_that_came_and_went_at_many_times_count_where_they_stood() {
    let shops = Shops::new().await;
    // Eight kiosks with a rating each day; each leaves on another day, the last ones within a day.
    for number in 0..8 {
        let (id, shop) = (format!("k{number}"), "kallio".to_owned());
        let kiosk = Kiosk { id: id.clone(), shop, touchpoint: id.clone() };
        assert!(shops.archive.add_kiosk(kiosk).await.unwrap());
        let events: Vec<Value> =
            (1..=10).map(|n| rating(n, 24 * i64::try_from(n).unwrap(), "checkout")).collect();
        let run = part(10 + number, 10, &events);
        store(&shops.archive, &id, (&[run], &[]), NOON + 11 * DAY).await;
        let day = friday() + Days::new(u64::from(number) + 2);
        let since = match number {
            0..6 => Since::Day(day.to_string(), NOON + 30 * DAY),
            _ => Since::Now(NOON + i64::from(number) * DAY + 3 * HOUR),
        };
        move_to(&shops, &id, "camden", since).await;
    }
    shops.work(NOON + 30 * DAY).await;
    shops.recount().await;
    let (old, new) = ([days("kallio", 0, 12)], [days("camden", 0, 12)]);
    // Kiosk n leaves after the ratings of n + 1 days, and the last two after 6 and 7.
    let stayed: u32 = (1..=6).sum::<u32>() + 6 + 7;
    let [in_old, in_new, both] =
        ranges(&shops, [&old, &new, &[old[0].clone(), new[0].clone()]]).await;
    assert_eq!([in_old, in_new, both], [stayed, 80 - stayed, 80]);
    let dates = ["kallio", "camden"].map(|shop| {
        let each = (0..=12).map(|after| friday() + Days::new(after));
        each.map(|date| ShopDate { shop: shop.to_owned(), date }).collect::<Vec<_>>()
    });
    for (shop, (dates, in_all)) in
        [&old, &new].into_iter().zip(dates.into_iter().zip([in_old, in_new]))
    {
        let by_day = shops.archive.days(dates).await.unwrap();
        assert_eq!(by_day.iter().map(counted).sum::<u32>(), in_all);
        let by_hour = week(&shops, shop).await;
        assert_eq!(by_hour.iter().map(|(_, count)| count).sum::<u32>(), in_all);
        // Each rating is at noon by UTC, whatever the day.
        let hours: Vec<usize> = by_hour.iter().map(|(hour, _)| hour % 24).collect();
        assert!(hours.iter().all(|hour| *hour == hours[0]), "{by_hour:?}");
    }
    let few = days("kallio", 0, 3);
    assert_eq!(ranges(&shops, [&[few]]).await, [1 + 2 + 6 * 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_has_a_line_in_each_hour_of_the_week_or_in_none() {
    let shops = Shops::new().await;
    // There is room for 20 questions. The last ones have fewer ratings, all of them at one hour.
    let mut events = Vec::new();
    for question in 0..25_i64 {
        let times = if question < 20 { 2 } else { 1 };
        for time in 0..times {
            let hours = if question < 20 { time } else { 5 };
            events.push(rating(events.len() + 1, hours, &format!("question {question}")));
        }
    }
    let taken = u32::try_from(events.len()).unwrap();
    store(&shops.archive, "door", (&[part(1, taken, &events)], &[]), NOON + 6 * HOUR).await;
    let week = shops.archive.week(vec![days("kallio", 0, 0)]).await.unwrap();
    assert_eq!((week.all.lines.each().count(), week.all.others.ratings), (20, 5));
    let alone = &week.hours[4 * 24 + 19];
    assert_eq!((alone.lines.each().count(), alone.others.ratings), (0, 5));
    assert_eq!(counted(&week.hours[4 * 24 + 14]), 20);
}
