//! Tests of what a kiosk is told of its place.

use serde_json::json;
use smilepost::hub::archive::{Correction, PinScope, Shop};
use smilepost::hub::commands::correct::{self, Since};
use smilepost::hub::commands::{kiosks, shops};
use smilepost::wire::whereabouts::{Stay, Whereabouts};

use crate::hub::{KIOSK, NOON, NOW, Scene, delivery};
use crate::program::Office;

impl Scene {
    /// What a kiosk is told that says that it knows this.
    async fn place(&self, tag: Option<&str>) -> Option<Whereabouts> {
        let mut delivery = delivery(&[]);
        if let Some(tag) = tag {
            delivery["place"] = json!(tag);
        }
        self.receipt(&delivery).await.place
    }

    async fn named(&self, name: &str, since: Since) {
        let said = Correction { name: Some(name.to_owned()), ..Correction::default() };
        correct::shop(&self.archive, "kallio", said, since).await.unwrap();
    }

    async fn moved(&self, shop: &str) -> Vec<String> {
        let said = Correction { shop: Some(shop.to_owned()), ..Correction::default() };
        correct::kiosk(&self.archive, KIOSK, said, Since::Now(NOON)).await.unwrap().hints
    }

    /// The hash of the PIN that a kiosk is told which knows of none; none where it is deleted.
    async fn pin(&self) -> Option<String> {
        self.receipt(&delivery(&[])).await.pin.and_then(|pin| pin.hash)
    }

    async fn other_shop(&self) {
        let [id, name, zone] = ["turku", "Turku", "Europe/Helsinki"].map(str::to_owned);
        assert!(self.archive.add_shop(Shop { id, name, zone, group: None }).await.unwrap());
    }
}

fn stay(since_ms: Option<i64>, shop: &str, touchpoint: &str) -> Stay {
    Stay { since_ms, shop: shop.to_owned(), touchpoint: touchpoint.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kiosk_that_says_what_it_knows_of_its_place_is_told_what_it_does_not_know() {
    let scene = Scene::new().await;
    assert_eq!(scene.place(None).await, None, "an older kiosk says nothing of it");
    let first = scene.place(Some("")).await.unwrap();
    let at_first = "Checkout <1>";
    assert_eq!(first.stays, [stay(None, "Nordmarkt Kallio", at_first)]);
    assert_eq!(scene.place(Some(&first.tag)).await, None, "it knows");
    assert!(scene.place(Some(&"x".repeat(65))).await.is_none(), "what is no tag is not looked at");
    scene.named("Kallio", Since::Day("2026-11-20".to_owned(), NOW)).await;
    let second = scene.place(Some(&first.tag)).await.unwrap();
    assert_ne!(second.tag, first.tag);
    let midnight = NOON - 14 * 3_600_000;
    let renamed = stay(Some(midnight), "Kallio", at_first);
    assert_eq!(second.stays, [stay(None, "Nordmarkt Kallio", at_first), renamed.clone()]);
    scene.other_shop().await;
    scene.moved("turku").await;
    let third = scene.place(Some(&second.tag)).await.unwrap();
    assert_eq!(third.stays[1..], [renamed, stay(Some(NOON), "Turku", at_first)]);
    // Another name for all time leaves no other behind.
    scene.named("K", Since::Always(NOW)).await;
    let fourth = scene.place(Some(&third.tag)).await.unwrap();
    assert_eq!(fourth.stays, [stay(None, "K", at_first), stay(Some(NOON), "Turku", at_first)]);
    // Another shop that is renamed is none of this kiosk's matters.
    scene.moved("kallio").await;
    let fifth = scene.place(Some("")).await.unwrap();
    let said = Correction { name: Some("Elsewhere".to_owned()), ..Correction::default() };
    correct::shop(&scene.archive, "turku", said, Since::Now(NOW)).await.unwrap();
    assert_eq!(scene.place(Some(&fifth.tag)).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_kiosks_desk_opens_by_the_pin_of_the_shop_where_it_stands() {
    let scene = Scene::new().await;
    scene.other_shop().await;
    scene.stranger("lahti").await;
    let set = async |scope: PinScope, hash: &str| {
        scene.archive.set_pin(scope, Some(hash.to_owned())).await.unwrap()
    };
    let shop = |id: &str| PinScope::Shop(id.to_owned());
    set(shop("kallio"), "of kallio").await;
    set(shop("lahti"), "of lahti").await;
    assert_eq!(scene.pin().await.as_deref(), Some("of kallio"));
    let hints = scene.moved("lahti").await;
    assert!(hints[0].contains("PIN of shop kallio opens its desk no more"), "{hints:?}");
    assert_eq!(scene.pin().await.as_deref(), Some("of lahti"));
    // A shop without a PIN: nobody of the old shop gets in.
    scene.moved("turku").await;
    assert_eq!(scene.receipt(&delivery(&[])).await.pin.unwrap().hash, None);
    // What is the kiosk's own goes with it, unless the shop has one.
    set(PinScope::Kiosk(KIOSK.to_owned()), "its own").await;
    scene.moved("kallio").await;
    assert_eq!(scene.pin().await.as_deref(), Some("of kallio"));
    set(PinScope::Kiosk(KIOSK.to_owned()), "its own").await;
    let hints = scene.moved("turku").await;
    assert_eq!((scene.pin().await.as_deref(), hints.len()), (Some("its own"), 1));
    // One touchpoint for another in the same shop changes nothing of it.
    let number = scene.receipt(&delivery(&[])).await.pin.unwrap().number;
    let door = Correction { touchpoint: Some("Door".to_owned()), ..Correction::default() };
    correct::kiosk(&scene.archive, KIOSK, door, Since::Now(NOW)).await.unwrap();
    assert_eq!(scene.receipt(&delivery(&[])).await.pin.unwrap().number, number);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kiosk_that_is_added_later_has_the_pin_of_its_shop() {
    let scene = Scene::new().await;
    let pin_of = async |touchpoint: &str| {
        let added = kiosks::add(&scene.archive, "kallio", touchpoint, None, NOW).await.unwrap();
        let token = scene.enrol_anew(&added.id).await;
        let mut delivery = delivery(&[]);
        (delivery["live"], delivery["runs"]) = (json!("f".repeat(32)), json!([]));
        let (status, receipt) = scene.deliver_by(&token, &delivery).await;
        assert_eq!(status, 200, "{receipt}");
        receipt["pin"]["hash"].as_str().map(str::to_owned)
    };
    assert_eq!(pin_of("Door").await, None, "nobody has set one");
    let set = PinScope::Shop("kallio".to_owned());
    scene.archive.set_pin(set, Some("of kallio".to_owned())).await.unwrap();
    assert_eq!(pin_of("Exit").await.as_deref(), Some("of kallio"));
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_hours_of_a_shop_are_dated_kept_and_told() {
    let scene = Scene::new().await;
    let set = async |hours: Option<&str>, since: Since| {
        let hours = Some(hours.map(str::to_owned));
        let said = Correction { hours, ..Correction::default() };
        correct::shop(&scene.archive, "kallio", said, since).await.map(|_| ())
    };
    let list = async || shops::list(&scene.archive).await.unwrap();
    let before = scene.place(Some("")).await.unwrap();
    assert_eq!(before.hours, None);
    set(Some("Mon-Fri 8:00-20:00"), Since::Now(NOW)).await.unwrap_err();
    let error = set(Some("mon 08:00-20:00, mon 09:00-10:00"), Since::Now(NOW)).await.unwrap_err();
    assert!(error.to_string().contains("each named once"), "{error}");
    set(Some("MON 08:00-20:00, tue 08:00-20:00"), Since::Now(NOW)).await.unwrap();
    assert!(list().await.contains("\topen mon-tue 08:00-20:00\n"), "{}", list().await);
    let told = scene.place(Some(&before.tag)).await.unwrap();
    assert_eq!(told.hours.as_deref(), Some("mon-tue 08:00-20:00"));
    assert_eq!(told.stays, before.stays, "its name is the same");
    // A kiosk with hours of its own: the list shows both, and only where they differ.
    let kiosks = async || kiosks::list(&scene.archive, u64::MAX, NOW).await.unwrap();
    let mut sent = delivery(&[]);
    sent["hours"] = json!("mon-sun 00:00-24:00");
    scene.receipt(&sent).await;
    let both = "\topens mon-sun 00:00-24:00, and its shop mon-tue 08:00-20:00\n";
    assert!(kiosks().await.contains(both), "{}", kiosks().await);
    sent["hours"] = json!("tue 08:00-20:00, mon 08:00-20:00");
    scene.receipt(&sent).await;
    assert!(!kiosks().await.contains("opens"));
    sent["hours"] = json!("\u{1b}[2J");
    scene.receipt(&sent).await;
    assert!(!kiosks().await.contains("opens"), "what are no hours is not kept");
    // From a day on; what was before is kept.
    set(Some("sun 10:00-12:00"), Since::Day("2026-11-20".to_owned(), NOW)).await.unwrap();
    let past = scene.archive.past().await.unwrap();
    let hours: Vec<_> = past.shops["kallio"].iter().map(|(_, then)| then.hours.clone()).collect();
    assert_eq!(hours, [None, Some("sun 10:00-12:00".to_owned())]);
    set(None, Since::Now(NOW + 24 * 3_600_000)).await.unwrap();
    assert!(!list().await.contains("open "), "{}", list().await);
    assert_eq!(scene.archive.past().await.unwrap().shops["kallio"].len(), 3);
    let office = Office::new();
    office.say(&["shop", "add", "Turku", "--zone", "Europe/Helsinki"]);
    office.say(&["shop", "set", "turku", "--hours", "sat-sun 10:00-16:00"]);
    assert!(office.say(&["shop", "list"]).contains("open sat-sun 10:00-16:00"));
    office.say(&["shop", "set", "turku", "--no-hours", "--always"]);
    assert!(!office.say(&["shop", "list"]).contains("open"));
    assert!(office.complain(&["shop", "set", "turku", "--hours", "always"]).contains("mon-fri"));
}
