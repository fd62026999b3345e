//! What a stranger wrote turns nothing on a page: neither by characters that act, nor by being read
//! from the other side.
//!
//! To add a case, add a line to [`FOREIGN`].

use serde_json::json;
use smilepost::hub::archive::{Kiosk, Shop};

use crate::hub::{NOON, Scene, delivery, rating};
use crate::kiosk::{self, PIN};
use crate::phone::Phone;

/// What is written, and how it is seen on a page.
const FOREIGN: &[(&str, &str)] = &[
    ("overridden\u{202e}gnp", "overridden\\u202egnp"),
    ("embedded\u{202b}x", "embedded\\u202bx"),
    ("isolated\u{2067}x", "isolated\\u2067x"),
    ("popped\u{2069}\u{202c}x", "popped\\u2069\\u202cx"),
    ("parted\u{2028}x", "parted\\u2028x"),
    ("annotated\u{fff9}x", "annotated\\ufff9x"),
    ("سوق الحي", "سوق الحي"),
    ("שוק 24", "שוק 24"),
    ("<b>bold</b>", "&lt;b&gt;bold&lt;/b&gt;"),
];

fn assert_plain(page: &str, what: &str) {
    let acts = |c: char| {
        c.is_control() && c != '\n'
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}')
            || matches!(c, '\u{2066}'..='\u{2069}' | '\u{fff9}'..='\u{fffb}')
    };
    assert!(!page.contains(acts), "{what}: {page}");
}

fn assert_isolated(page: &str, seen: &str, times: usize) {
    let found = page.matches(&format!("<bdi>{seen}</bdi>")).count();
    assert!(found >= times, "{seen} is isolated {found} times of {times}: {page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_question_or_note_turns_head_offices_page() {
    for (at, (text, seen)) in FOREIGN.iter().enumerate() {
        let scene = Scene::new().await;
        // The commands refuse what acts in a name; another archive may have it all the same.
        let (id, name) = (format!("shop-{at}"), (*text).to_owned());
        let shop = Shop { id: id.clone(), name, zone: "Europe/Helsinki".to_owned(), group: None };
        scene.archive.add_shop(shop).await.unwrap();
        let kiosk = Kiosk { id: "other".to_owned(), shop: id, touchpoint: (*text).to_owned() };
        scene.archive.add_kiosk(kiosk).await.unwrap();
        let token = scene.enrol_anew("other").await;
        let mut asked = rating(1, 5);
        asked["question"] = json!(text);
        let mut sent = delivery(&[
            asked,
            rating(2, 4),
            json!({
                "n": 3, "kind": "noted", "boot_ms": 3, "wall_ms": NOON, "about": "day",
                "text": text,
            }),
            json!({ "n": 4, "kind": "called", "boot_ms": 4, "wall_ms": NOON, "called": "asked" }),
        ]);
        sent["survey_complaint"] = json!(text);
        sent["app"] = json!(text);
        let bearer = format!("Bearer {token}");
        let body = sent.to_string().into_bytes();
        let (status, answer) =
            scene.post("/v1/deliveries", &[("authorization", bearer.as_str())], body).await;
        assert_eq!(status, 200, "{text:?}: {answer}");
        let url = format!("http://{}/?date=2026-11-20", scene.dashboard);
        let page = scene.client.get(url).send().await.unwrap().bytes().await.unwrap();
        let page = String::from_utf8(page.to_vec()).unwrap();
        assert_plain(&page, text);
        // The shop's name, the note and the note's touchpoint.
        assert_isolated(&page, seen, 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_reason_or_note_turns_the_desks_page() {
    for (text, seen) in FOREIGN {
        let scene = kiosk::Scene::with(|settings| settings.brand = (*text).to_owned());
        let manager = Phone::knowing(&scene.address.url, PIN).await;
        let form = manager.form().await;
        let fields = [("text", *text), ("form", &form), ("shown", "yes")];
        assert_eq!(manager.post("notes", &fields).await.status, 303, "{text:?}");
        for path in ["", "days", "why", "notes", "kiosk", "day"] {
            let page = manager.get(path).await;
            assert_eq!(page.status, 200, "/{path}");
            assert_plain(&page.text, &format!("{text:?} at /{path}"));
        }
        assert_isolated(&manager.get("day").await.text, seen, 1);
    }
}
