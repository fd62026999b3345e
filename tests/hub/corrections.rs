//! Tests of corrections: what is said of a shop or a kiosk later, and what was so before.

use serde_json::{Value, json};
use smilepost::carried::seal::HubKeys;
use smilepost::hub::archive::{Correction, Kiosk, Shop};
use smilepost::hub::carried::letters;
use smilepost::hub::commands::correct::{self, Since};
use smilepost::hub::commands::kiosks;
use smilepost::hub::secrets;

use crate::hub::{KIOSK, NOON, NOW, Scene, delivery, rating};
use crate::program::Office;
use crate::raw::raw;

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
        let day = self.day_of(shop).await;
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

#[tokio::test(flavor = "multi_thread")]
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
    let places: Vec<_> = scene.archive.page((0, 0, 0), 10).await.unwrap();
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

#[tokio::test(flavor = "multi_thread")]
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
    scene.worked().await;
    assert_eq!((counted("2026-11-20").await, counted("2026-11-21").await), (true, false));
    let local = &scene.archive.page((0, 0, 0), 1).await.unwrap()[0].1;
    assert_eq!(local.zone, "Europe/London", "the export counts so too");
    for (zone, why) in [("Europe/Kallio", "is not an IANA time zone"), ("", "is not an IANA")] {
        let said = Correction { zone: Some(zone.to_owned()), ..Correction::default() };
        let error = correct::shop(&scene.archive, "kallio", said, on("2026-11-20")).await;
        assert!(error.unwrap_err().to_string().contains(why));
    }
}

#[tokio::test(flavor = "multi_thread")]
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

#[tokio::test(flavor = "multi_thread")]
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
    let next = kiosks::add(&scene.archive, "kallio", "Checkout <1>", None, NOW).await.unwrap();
    assert_eq!(next.id, "kallio-checkout-1-2");
    let back = correct::take_back(&scene.archive, KIOSK, NOW).await.unwrap();
    assert!(back.hints[0].contains("kallio-checkout-1-2 stands at Checkout <1> too"), "{back:?}");
    assert_eq!(scene.deliver(&delivery(&[rating(3, 5)])).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_shop_is_shown_on_the_days_that_it_has() {
    let scene = Scene::new().await;
    scene.receipt(&delivery(&[rating(1, 5)])).await;
    correct::retire(&scene.archive, KIOSK, Some("2026-11-21"), NOW).await.unwrap();
    correct::close(&scene.archive, "kallio", Some("2026-11-21"), NOW).await.unwrap();
    for (day, is_shown) in [("2026-11-20", true), ("2026-11-21", false)] {
        let (_, page) = scene.page(&format!("/?date={day}")).await;
        assert_eq!(page.contains("Nordmarkt Kallio"), is_shown, "{day}");
    }
    let (_, page) = scene.page("/?date=2026-11-21").await;
    assert!(page.contains("The only shop is closed") && !page.contains("No shops yet"), "{page}");
    assert!(page.contains("shop close --undo"), "{page}");
    scene.shop("turku", "Europe/Helsinki").await;
    correct::close(&scene.archive, "turku", Some("2026-11-21"), NOW).await.unwrap();
    let (_, page) = scene.page("/?date=2026-11-21").await;
    assert!(page.contains("All 2 shops are closed"), "{page}");
    correct::open(&scene.archive, "kallio", NOW).await.unwrap();
    assert!(scene.page("/?date=2026-11-21").await.1.contains("Nordmarkt Kallio"));
    let kiosk = Kiosk { id: "x".to_owned(), shop: "kallio".to_owned(), touchpoint: String::new() };
    assert!(scene.archive.add_kiosk(kiosk).await.unwrap());
}

/// A shop's day that begins while the shop is far from UTC, said two days before.
const DAY: &str = "2026-11-20";
const DAY_MS: i64 = NOON - 14 * HOUR;
const BEFORE: i64 = DAY_MS - 48 * HOUR;

#[tokio::test(flavor = "multi_thread")]
async fn a_kiosk_that_is_to_be_retired_is_in_use_until_that_day() {
    let scene = Scene::new().await;
    correct::retire(&scene.archive, KIOSK, Some(DAY), BEFORE).await.unwrap();
    let again =
        async |now_ms| kiosks::add(&scene.archive, "kallio", "checkout <1>", None, now_ms).await;
    let stands = again(DAY_MS - 1).await.unwrap_err().to_string();
    assert!(stands.contains("already exists"), "its place is taken until then: {stands}");
    let code = kiosks::new_code(&scene.archive, KIOSK, DAY_MS - 1).await.unwrap();
    let keys = HubKeys::read_or_make(scene.folder.path()).unwrap();
    let letter = scene.folder.path().join("letter");
    let kiosk = correct::in_use(&scene.archive, KIOSK, DAY_MS - 1).await.unwrap();
    letters::write(&scene.archive, &keys, kiosk, &letter, DAY_MS - 1).await.unwrap();
    kiosks::renew(&scene.archive, KIOSK, DAY_MS - 1).await.unwrap();
    kiosks::set_pin(&scene.archive, KIOSK, None, DAY_MS - 1).await.unwrap();
    // The hub asks its own clock, which shows that day.
    let refusals = [
        kiosks::new_code(&scene.archive, KIOSK, DAY_MS).await.map(drop),
        kiosks::renew(&scene.archive, KIOSK, DAY_MS).await,
        kiosks::set_pin(&scene.archive, KIOSK, None, DAY_MS).await,
    ];
    for refused in refusals {
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("is retired") && said.contains("--undo"), "{said}");
    }
    let (status, answer) = scene.enrol(&code).await;
    let said = answer["refused"].as_str().unwrap();
    assert!(status == 403 && said.contains("retired this kiosk on 2026-11-20"), "{said}");
    let letter: Value = serde_json::from_slice(&std::fs::read(&letter).unwrap()).unwrap();
    let token = letter["enrolled"]["token"].as_str().unwrap();
    assert_eq!(scene.deliver_by(token, &delivery(&[rating(1, 5)])).await.0, 403);
    assert_eq!(again(DAY_MS).await.unwrap().id, "kallio-checkout-1-2");
    correct::take_back(&scene.archive, KIOSK, NOW).await.unwrap();
    assert_eq!(scene.enrol(&code).await.0, 403, "the code has ended for good");
    assert_eq!(scene.deliver_by(token, &delivery(&[rating(1, 5)])).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_code_outlives_a_retirement_that_was_put_off_or_undone() {
    let scene = Scene::new().await;
    for later in [None, Some("2026-12-24")] {
        correct::retire(&scene.archive, KIOSK, Some(DAY), BEFORE).await.unwrap();
        let code = kiosks::new_code(&scene.archive, KIOSK, BEFORE).await.unwrap();
        let spared = kiosks::new_code(&scene.archive, KIOSK, BEFORE).await.unwrap();
        // Before that day nothing has ended.
        correct::take_back(&scene.archive, KIOSK, BEFORE).await.unwrap();
        assert_eq!(scene.enrol(&spared).await.0, 200);
        correct::retire(&scene.archive, KIOSK, Some(DAY), BEFORE).await.unwrap();
        match later {
            None => correct::take_back(&scene.archive, KIOSK, NOW).await.unwrap(),
            later => correct::retire(&scene.archive, KIOSK, later, NOW).await.unwrap(),
        };
        assert_eq!(scene.enrol(&code).await.0, 403, "{later:?}");
        let code = kiosks::new_code(&scene.archive, KIOSK, NOW).await.unwrap();
        assert_eq!(scene.enrol(&code).await.0, 200, "{later:?}");
        correct::take_back(&scene.archive, KIOSK, NOW).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_is_to_be_closed_takes_kiosks_until_that_day() {
    let scene = Scene::new().await;
    scene.shop("turku", "Europe/Helsinki").await;
    kiosks::add(&scene.archive, "turku", "Door", None, BEFORE).await.unwrap();
    correct::retire(&scene.archive, KIOSK, Some(DAY), BEFORE).await.unwrap();
    let closed = correct::close(&scene.archive, "kallio", Some(DAY), BEFORE).await.unwrap();
    assert_eq!(closed.hints, [""; 0], "nothing stands there then");
    let add =
        async |place, now_ms| kiosks::add(&scene.archive, "kallio", place, None, now_ms).await;
    let moves = async |place, now_ms| {
        let said = to("kallio", place);
        correct::kiosk(&scene.archive, "turku-door", said, Since::Now(now_ms)).await
    };
    add("Exit", DAY_MS - 1).await.unwrap();
    moves("Entrance", DAY_MS - 1).await.unwrap();
    for said in [add("Lift", DAY_MS).await.unwrap_err(), moves("Lift", DAY_MS).await.unwrap_err()] {
        let said = said.to_string();
        assert!(said.contains("shop kallio is closed since 2026-11-20;"), "{said}");
        assert!(said.contains("`smilepost-hub shop close kallio --undo`"), "{said}");
    }
    let closed = correct::close(&scene.archive, "kallio", Some(DAY), BEFORE).await.unwrap();
    assert_eq!(closed.hints.len(), 2, "two stand there then: {closed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_or_a_name_that_is_taken_is_refused_by_name() {
    let scene = Scene::new().await;
    scene.shop("turku", "Europe/Helsinki").await;
    let door = kiosks::add(&scene.archive, "turku", "Door", None, NOW).await.unwrap().id;
    let exit = kiosks::add(&scene.archive, "kallio", "Exit", None, NOW).await.unwrap().id;
    let set = async |kiosk: &str, said: &Correction, since: Since| {
        let set = correct::kiosk(&scene.archive, kiosk, said.clone(), since).await;
        set.map(drop).map_err(|error| error.to_string())
    };
    let at = |touchpoint: &str| Correction {
        touchpoint: Some(touchpoint.to_owned()),
        ..Correction::default()
    };
    let called = |name: &str| Correction { name: Some(name.to_owned()), ..Correction::default() };
    // However it is written, and from whenever on.
    for (kiosk, said) in [(&exit, at("CHECKOUT  <1>")), (&door, to("kallio", "checkout <1>"))] {
        for since in [Since::Now(NOW), on("2026-11-01"), Since::Always(NOW)] {
            let said = set(kiosk, &said, since).await.unwrap_err();
            assert!(said.contains("kiosk kallio-checkout-1 stands at Checkout <1>"), "{said}");
            assert!(said.contains("\"Checkout <1> 2\"") && said.contains("kiosk set"), "{said}");
        }
    }
    set(&exit, &called("Red one"), Since::Now(NOW)).await.unwrap();
    let said = set(KIOSK, &called("red ONE"), Since::Now(NOW)).await.unwrap_err();
    assert!(said.contains("kiosk kallio-exit in shop kallio is called red ONE already"), "{said}");
    set(&door, &called("Red one"), Since::Now(NOW)).await.unwrap();
    let said = set(&door, &to("kallio", "Lift"), Since::Now(NOW)).await.unwrap_err();
    assert!(said.contains("choose another name with --name"), "two names meet: {said}");
    // Its own place and name are no other's, and two that were added beside each other stay so.
    set(KIOSK, &at("checkout <1>"), Since::Now(NOW)).await.unwrap();
    set(&exit, &called("Red One"), Since::Now(NOW)).await.unwrap();
    kiosks::add(&scene.archive, "kallio", "Exit", Some("twin"), NOW).await.unwrap();
    set("twin", &at("EXIT"), Since::Now(NOW)).await.unwrap();
    set("twin", &called("Blue one"), Since::Now(NOW)).await.unwrap();
    // A place is free when its kiosk is retired, and the past of that one can be corrected.
    correct::retire(&scene.archive, KIOSK, None, NOW).await.unwrap();
    set(&exit, &at("Checkout <1>"), Since::Now(NOW)).await.unwrap();
    set(KIOSK, &at("Exit"), Since::Always(NOW)).await.unwrap();

    let name = async |shop: &str, name: &str| {
        let set = correct::shop(&scene.archive, shop, called(name), Since::Now(NOW)).await;
        set.map(drop).map_err(|error| error.to_string())
    };
    let said = name("turku", "NORDMARKT Kallio").await.unwrap_err();
    assert!(said.contains("shop kallio is called Nordmarkt Kallio already"), "{said}");
    assert!(said.contains("`smilepost-hub shop set kallio --name`"), "{said}");
    name("kallio", "Nordmarkt KALLIO").await.unwrap();
    name("turku", "Turku").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_shop_where_a_kiosk_is_has_to_do_something_about_it() {
    let scene = Scene::new().await;
    scene.shop("turku", "Europe/Helsinki").await;
    scene.receipt(&delivery(&[rating(1, 5)])).await;
    let sql = "update book set returns = 9, zone = 'Asia/Tokyo', ahead_ms = 90000, lost = 3";
    scene.raw().execute(sql);
    let alarms = async |page: &str| scene.page(page).await.1.matches("role=\"alert\"").count();
    let own = alarms("/").await;
    assert!(own >= 4, "{own}");
    let since = Since::Now(NOON + HOUR);
    correct::kiosk(&scene.archive, KIOSK, to("turku", "Door"), since).await.unwrap();
    let (_, page) = scene.page("/").await;
    assert_eq!(page.matches(&format!("<td>{KIOSK}")).count(), 2, "both show it: {page}");
    assert_eq!(alarms("/").await, own, "and one of them says what is to be done: {page}");
    let at = |text| page.find(text).unwrap();
    let turku = at("aria-label=\"turku\"");
    assert!(page[turku..].contains("counts its days by"), "{page}");
    correct::retire(&scene.archive, KIOSK, None, NOW).await.unwrap();
    assert!(alarms("/").await < own, "nobody has to do anything about one that is no more");
}

#[test]
fn retired_kiosks_are_not_counted_among_those_that_get_something() {
    let office = Office::new();
    office.say(&["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
    for place in ["Door", "Exit"] {
        office.say(&["kiosk", "add", "--shop", "kallio", "--touchpoint", place]);
    }
    office.say(&["kiosk", "retire", "kallio-exit"]);
    office.say(&["kiosk", "retire", "kallio-door", "--on", "2999-01-01"]);
    let file = office.folder.path().join("survey.toml");
    std::fs::write(&file, "version = 1\n[[questions]]\nid = \"x\"\nversion = 1\nscale = 5\n")
        .unwrap();
    let file = file.to_str().unwrap();
    let publish = |scope: &[&str]| {
        let output = office.ask(&[&["survey", "publish", file], scope].concat());
        [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap()).concat()
    };
    let list = office.say(&["kiosk", "list"]);
    assert!(list.contains("\tnot enrolled, to be retired 2998-12-31 22:00 UTC\t"), "{list}");
    assert!(publish(&[]).ends_with("it reaches 1 kiosk\n"));
    let said = publish(&["--touchpoint", "Exit"]);
    assert!(said.contains("it reaches 0 kiosks"), "{said}");
    assert!(said.contains("no kiosk stands at touchpoint Exit; there is Door"), "{said}");
    let standing = office.say(&["survey", "show"]);
    assert!(standing.contains("kallio-door\t") && !standing.contains("kallio-exit"), "{standing}");
    let pin = |command: &[&str]| office.say(&[&["shop", "pin", "kallio"], command].concat());
    assert!(pin(&["--forget"]).ends_with("at their next delivery: 1\n"));
    office.say(&["kiosk", "retire", "kallio-door"]);
    let said = office.complain(&["shop", "pin", "kallio", "--forget"]);
    assert!(
        said.contains("every kiosk of shop kallio is retired") && said.contains("--undo"),
        "{said}"
    );
    for command in ["renew", "code"] {
        let said = office.complain(&["kiosk", command, "kallio-exit"]);
        assert!(said.contains("kiosk kallio-exit is retired"), "{said}");
    }
}

#[test]
fn a_zone_that_nobody_knows_is_refused_with_the_same_cure_everywhere() {
    let office = Office::new();
    office.say(&["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
    for command in [&["shop", "add", "x"][..], &["shop", "set", "kallio"]] {
        let said = office.complain(&[command, &["--zone", "Europe/Kallio"]].concat());
        assert!(said.contains("is not an IANA time zone") && said.contains("tzdata"), "{said}");
    }
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
    let archive = raw(&office.folder.path().join("data"));
    let said = archive.number("select count(*) from correction");
    assert_eq!(said, 8, "each is kept as it was said");
    let stays = "select count(*) from stay join kiosk on kiosk.no = kiosk where id = 'kallio-exit'";
    assert_eq!(archive.number(stays), 2);
}
