//! Tests of corrections: what is said of a shop or a kiosk later, and what was so before.

use serde_json::json;
use smilepost::hub::archive::{
    Correction, Credentials as _, Events as _, Kiosk, Places as _, Shop, Span, Tallies as _,
};
use smilepost::hub::commands::correct::{self, Since};
use smilepost::hub::commands::kiosks;
use smilepost::hub::secrets;

use crate::hub::{KIOSK, NOON, NOW, Scene, delivery, rating};
use crate::program::Office;

const HOUR: i64 = 3_600_000;

impl Scene {
    /// A second shop, in this zone.
    async fn shop(&self, id: &str, zone: &str) {
        let (id, zone) = (id.to_owned(), zone.to_owned());
        let shop = Shop { name: id.clone(), id, zone, group: None };
        assert!(self.archive.add_shop(shop).await.unwrap());
    }

    /// How many ratings a shop has in all.
    async fn ratings(&self, shop: &str) -> u32 {
        let span = Span { shop: shop.to_owned(), from_ms: 0, to_ms: i64::MAX };
        let day = self.archive.days(vec![span]).await.unwrap().remove(0);
        day.lines.each().map(|(_, counts)| counts.total()).sum()
    }
}

fn on(day: &str) -> Since {
    Since::Day(day.to_owned(), NOW)
}

fn to(shop: &str, touchpoint: &str) -> Correction {
    let [shop, touchpoint] = [shop, touchpoint].map(|it| Some(it.to_owned()));
    Correction { shop, touchpoint, ..Correction::default() }
}

#[tokio::test]
async fn a_rating_belongs_to_the_place_where_its_kiosk_stood_at_its_time() {
    let scene = Scene::new().await;
    scene.shop("turku", "Europe/Helsinki").await;
    // Two minutes after noon and two hours later, between which the kiosk is moved.
    let mut later = rating(2, 1);
    later["wall_ms"] = json!(NOON + 2 * HOUR);
    scene.receipt(&delivery(&[rating(1, 5), later])).await;
    let move_at = |at_ms| (to("turku", "Door"), Since::Now(at_ms));
    let (said, since) = move_at(NOON + HOUR);
    let corrected = correct::kiosk(&scene.archive, KIOSK, said, since).await.unwrap();
    assert!(corrected.done.contains("from now on"), "{corrected:?}");
    assert_eq!((scene.ratings("kallio").await, scene.ratings("turku").await), (1, 1));
    let places: Vec<_> = scene.archive.page((0, 0), 10).await.unwrap();
    let places: Vec<_> = places.into_iter().map(|(_, it)| (it.shop, it.touchpoint)).collect();
    let (old, new) = (("kallio", "Checkout <1>"), ("turku", "Door"));
    let owned = |(shop, touchpoint): (&str, &str)| (shop.to_owned(), touchpoint.to_owned());
    assert_eq!(places, [owned(old), owned(new)]);
    // Its day shows it in both shops, each with the touchpoint that it had there.
    let (_, page) = scene.page("/?date=2026-11-20").await;
    assert_eq!(page.matches(&format!("<td>{KIOSK}")).count(), 2, "{page}");
    let (_, page) = scene.page("/?date=2026-11-21").await;
    assert_eq!(page.matches(&format!("<td>{KIOSK}")).count(), 1, "{page}");
    // What was said wrongly is corrected for all time.
    let always = Since::Always(NOW);
    correct::kiosk(&scene.archive, KIOSK, to("turku", "Gate"), always).await.unwrap();
    assert_eq!((scene.ratings("kallio").await, scene.ratings("turku").await), (0, 2));
}

#[tokio::test]
async fn days_are_counted_again_by_a_corrected_zone_and_none_twice() {
    let scene = Scene::new().await;
    // 22:30 UTC on the 20th is the 21st in Helsinki and still the 20th in London.
    let mut night = rating(1, 5);
    night["wall_ms"] = json!(NOON + 10 * HOUR + HOUR / 2);
    scene.receipt(&delivery(&[night])).await;
    let counted = async |day: &str| {
        let (_, page) = scene.page(&format!("/?date={day}")).await;
        page.contains("100.0")
    };
    assert_eq!((counted("2026-11-20").await, counted("2026-11-21").await), (false, true));
    let london = || Correction { zone: Some("Europe/London".to_owned()), ..Correction::default() };
    // From a later day on: what was before stays.
    correct::shop(
        &scene.archive,
        "kallio",
        london(),
        Since::Day("2026-11-22".to_owned(), NOW + 72 * HOUR),
    )
    .await
    .unwrap();
    assert_eq!((counted("2026-11-20").await, counted("2026-11-21").await), (false, true));
    correct::shop(&scene.archive, "kallio", london(), Since::Always(NOW)).await.unwrap();
    assert_eq!((counted("2026-11-20").await, counted("2026-11-21").await), (true, false));
    let local = &scene.archive.page((0, 0), 1).await.unwrap()[0].1;
    assert_eq!(local.zone, "Europe/London", "the export counts so too");
    for (zone, why) in [("Europe/Kallio", "is not an IANA time zone"), ("", "is not an IANA")] {
        let said = Correction { zone: Some(zone.to_owned()), ..Correction::default() };
        let error = correct::shop(&scene.archive, "kallio", said, on("2026-11-20")).await;
        assert!(error.unwrap_err().to_string().contains(why));
    }
}

#[tokio::test]
async fn a_day_shows_the_name_that_its_shop_had() {
    let scene = Scene::new().await;
    let name =
        Correction { name: Some("Nordmarkt Sörnäinen".to_owned()), ..Correction::default() };
    correct::shop(&scene.archive, "kallio", name, on("2026-11-20")).await.unwrap();
    let (_, page) = scene.page("/?date=2026-11-19").await;
    assert!(page.contains("Nordmarkt Kallio") && page.contains("now "), "{page}");
    let (_, page) = scene.page("/?date=2026-11-20").await;
    assert!(page.contains("Nordmarkt Sörnäinen") && !page.contains("Kallio"), "{page}");
}

#[tokio::test]
async fn a_retired_kiosk_is_told_so_keeps_its_numbers_and_can_be_taken_back() {
    let scene = Scene::new().await;
    scene.receipt(&delivery(&[rating(1, 5)])).await;
    // On a day to come it delivers until then.
    correct::retire(&scene.archive, KIOSK, Some("2026-12-01"), NOW).await.unwrap();
    assert_eq!(scene.deliver(&delivery(&[rating(2, 5)])).await.0, 200);
    let open = secrets::new_code();
    let hash = secrets::code_hash(&open);
    assert!(scene.archive.add_code(KIOSK.to_owned(), hash, i64::MAX).await.unwrap());
    let retired = correct::retire(&scene.archive, KIOSK, None, NOW - HOUR).await.unwrap();
    assert!(retired.hints[0].contains("held 3 events by its last contact"), "{retired:?}");
    let (status, answer) = scene.deliver(&delivery(&[rating(3, 5)])).await;
    let refused = answer["refused"].as_str().unwrap();
    assert_eq!(status, 403);
    assert!(refused.contains("retired this kiosk on 2026-11-20;"), "{refused}");
    assert_eq!(scene.ratings("kallio").await, 2);
    let (_, page) = scene.page("/?date=2026-11-20").await;
    assert!(page.contains("retired 60 min ago"), "{page}");
    let (_, page) = scene.page("/?date=2026-11-21").await;
    assert!(!page.contains(KIOSK), "it is no more");
    assert_eq!(scene.enrol(&open).await.0, 403, "a code from before lets nobody in");
    let code = kiosks::new_code(&scene.archive, KIOSK, NOW).await.unwrap_err().to_string();
    assert!(code.contains("is retired") && code.contains("--undo"), "{code}");
    // Another one takes its place.
    let next = kiosks::add(&scene.archive, "kallio", "Checkout <1>", None).await.unwrap();
    assert_eq!(next.id, "kallio-checkout-1-2");
    correct::take_back(&scene.archive, KIOSK, NOW).await.unwrap();
    assert_eq!(scene.deliver(&delivery(&[rating(3, 5)])).await.0, 200);
}

#[tokio::test]
async fn a_closed_shop_is_shown_on_the_days_that_it_has() {
    let scene = Scene::new().await;
    scene.receipt(&delivery(&[rating(1, 5)])).await;
    correct::retire(&scene.archive, KIOSK, Some("2026-11-21"), NOW).await.unwrap();
    correct::close(&scene.archive, "kallio", Some("2026-11-21"), NOW).await.unwrap();
    for (day, is_shown) in [("2026-11-20", true), ("2026-11-21", false)] {
        let (_, page) = scene.page(&format!("/?date={day}")).await;
        assert_eq!(page.contains("Nordmarkt Kallio"), is_shown, "{day}");
    }
    let added = kiosks::add(&scene.archive, "kallio", "Exit", None).await.unwrap_err().to_string();
    assert!(added.contains("shop kallio is closed"), "{added}");
    correct::open(&scene.archive, "kallio", NOW).await.unwrap();
    assert!(scene.page("/?date=2026-11-21").await.1.contains("Nordmarkt Kallio"));
    let kiosk = Kiosk { id: "x".to_owned(), shop: "kallio".to_owned(), touchpoint: String::new() };
    assert!(scene.archive.add_kiosk(kiosk).await.unwrap());
}

#[test]
fn corrections_are_given_on_the_command_line_and_the_past_is_kept() {
    let office = Office::new();
    for shop in ["Kallio", "Turku"] {
        office.say(&["shop", "add", shop, "--zone", "Europe/Helsinki"]);
    }
    office.say(&["kiosk", "add", "--shop", "kallio", "--touchpoint", "Exit"]);
    let name = ["shop", "set", "kallio", "--name", "-Kallio-", "--on", "2026-01-01"];
    assert_eq!(office.say(&name), "shop kallio is corrected from 2026-01-01 on\n");
    let zone = ["shop", "set", "kallio", "--zone", "Europe/London", "--always"];
    assert_eq!(office.say(&zone), "shop kallio is corrected for all time\n");
    assert!(office.say(&["shop", "group", "kallio", "North"]).contains("is corrected from"));
    let kiosk = ["kiosk", "set", "kallio-exit", "--shop", "turku", "--name", "Red one"];
    assert_eq!(office.say(&kiosk), "kiosk kallio-exit is corrected from now on\n");
    let list = office.say(&["shop", "list"]);
    assert!(list.contains("kallio\t-Kallio-\tEurope/London\tgroup North\n"), "{list}");
    let list = office.say(&["kiosk", "list"]);
    assert!(list.contains("kallio-exit\tturku\tExit") && list.contains("called Red one"), "{list}");
    for (bad, why) in [
        (&["shop", "set", "kallio"][..], "nothing is to be corrected"),
        (&["shop", "set", "kallio", "--name", "x", "--on", "2999-01-01"], "is still to come"),
        (&["shop", "set", "kallio", "--name", "x", "--on", "gestern"], "is not a day such as"),
        (&["shop", "set", "nowhere", "--name", "x"], "there is no shop nowhere"),
        (&["kiosk", "set", "kallio-exit", "--shop", "nowhere"], "there is no shop nowhere"),
        (&["kiosk", "set", "nobody", "--name", "x"], "there is no kiosk nobody"),
        (&["kiosk", "retire", "nobody"], "there is no kiosk nobody"),
        (&["shop", "close", "nowhere"], "there is no shop nowhere"),
    ] {
        let said = office.complain(bad);
        assert!(said.contains(why), "{bad:?}: {said}");
    }
    assert!(office.say(&["shop", "close", "turku"]).contains("shop turku is closed from"));
    assert!(office.say(&["shop", "list"]).contains("closed from"));
    assert!(
        office.complain(&["kiosk", "set", "kallio-exit", "--shop", "turku"]).contains("closed")
    );
    office.say(&["shop", "close", "turku", "--undo"]);
    assert!(office.say(&["kiosk", "retire", "kallio-exit"]).contains("is retired now"));
    assert!(office.complain(&["kiosk", "code", "kallio-exit"]).contains("is retired"));
    assert!(office.say(&["kiosk", "list"]).contains("\tretired 2"));
    office.say(&["kiosk", "retire", "kallio-exit", "--undo"]);
    office.say(&["kiosk", "code", "kallio-exit"]);
    let file = rusqlite::Connection::open(office.folder.path().join("data/hub.sqlite")).unwrap();
    let count = |sql| -> i64 { file.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(count("select count(*) from correction"), 8, "each is kept as it was said");
    assert_eq!(count("select count(*) from stay where kiosk = 'kallio-exit'"), 2);
}
