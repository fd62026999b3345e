//! Tests of the wire: every shape ever shipped is still read, and what is written is read back.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "program")]
mod dictionary;

use proptest::prelude::*;
use serde_json::{Value, json};
use smilepost::feedback::call::Called;
use smilepost::feedback::event::{Event, Loss};
use smilepost::feedback::misuse::{Reason, Verdict};
use smilepost::feedback::moment::{Reading, Source};
use smilepost::feedback::note::{About, Noted};
use smilepost::feedback::outbox::{BYTES_MAX, EVENTS_MAX};
use smilepost::feedback::rating::{Input, Rated, RunId, Scale, Wording};
use smilepost::wire::carried::{self, Header, Letter, Line, Signed};
use smilepost::wire::delivery::{self, ClocksApart, Delivery, Unusable};
use smilepost::wire::identity::{Challenge, Proof};
use smilepost::wire::local::{Ask, Screen, Standing, Summary};
use smilepost::wire::receipt::{Gone, Pin, Receipt};
use smilepost::wire::summons::Summoned;
use smilepost::wire::survey::{Published, etag};
use smilepost::wire::whereabouts;
use smilepost::wire::{Enrolled, Enrolment, Refusal};

#[test]
fn a_delivery_of_version_1_is_read() {
    let delivery: Delivery = serde_json::from_str(include_str!("v1-delivery.json")).unwrap();
    let anchor = delivery.boots[0].anchors[0].anchor().unwrap();
    assert_eq!((anchor.boot_ms, anchor.source), (65_000, Source::Hub));
    assert_eq!(delivery.boots[0].anchors[1].anchor(), None, "a source of the future");
    let run = &delivery.runs[0];
    assert_eq!(run.id().unwrap().to_string(), run.run);
    let read: Vec<_> = run.events.iter().map(|event| delivery::read(event).unwrap()).collect();
    let rated = |at: usize| match &read[at].said {
        Some(Event::Rated(rated)) => rated,
        other => panic!("{other:?}"),
    };
    let plain = rated(0);
    assert_eq!(
        (plain.score.value(), plain.score.scale(), plain.input),
        (5, Scale::Five, Input::Button)
    );
    assert_eq!(plain.verdict, Verdict { misuse: None, rule: 1 }, "the first rules named no rule");
    assert_eq!(rated(1).verdict, Verdict { misuse: Some(Reason::Repeat), rule: 1 });
    assert_eq!(rated(2).replaces, Some(1));
    assert_eq!(read[2].extra["weather"], "rain");
    assert_eq!((read[3].kind.as_str(), &read[3].said), ("noted", &None));
    assert_eq!(read[3].extra["text"], "opened the second till");
    assert_eq!(delivery.counters.taken, 12);
}

#[test]
fn a_receipt_of_version_1_is_read() {
    let receipt: Receipt = serde_json::from_str(include_str!("v1-receipt.json")).unwrap();
    assert!(receipt.settled[0].has(1) && receipt.settled[0].has(9) && !receipt.settled[0].has(4));
    assert_eq!((receipt.set_aside[0].n, receipt.hub_epoch), (4, 7));
}

#[test]
fn what_both_sides_disagree_about_is_read_and_need_not_be_said() {
    let old: Delivery = serde_json::from_str(include_str!("v1-delivery.json")).unwrap();
    assert_eq!((&old.zone, &old.zone_rules, &old.clocks_apart), (&None, &None, &None));
    let text = include_str!("v1-delivery-disagreeing.json");
    let delivery: Delivery = serde_json::from_str(text).unwrap();
    assert_eq!(delivery.zone.as_deref(), Some("America/Vancouver"));
    assert_eq!(delivery.zone_rules.as_deref(), Some("2026f"));
    let apart = ClocksApart { ahead_ms: -7_200_000, is_by_ntp: true };
    assert_eq!(delivery.clocks_apart, Some(apart));
    let old: Receipt = serde_json::from_str(include_str!("v1-receipt.json")).unwrap();
    assert_eq!((&old.zone, old.is_time_vouched), (&None, false));
    let text = include_str!("v1-receipt-vouched.json");
    let receipt: Receipt = serde_json::from_str(text).unwrap();
    assert_eq!((receipt.zone.as_deref(), receipt.is_time_vouched), (Some("Asia/Baku"), true));
}

#[test]
fn a_hub_that_moves_is_read_and_need_not_move() {
    let old: Delivery = serde_json::from_str(include_str!("v1-delivery.json")).unwrap();
    assert_eq!((&old.address, &old.move_complaint), (&None, &None));
    let old = serde_json::to_string(&old).unwrap();
    assert!(!old.contains("address") && !old.contains("move"), "{old}");
    let text = include_str!("v1-delivery-moving.json");
    let delivery: Delivery = serde_json::from_str(text).unwrap();
    assert_eq!(delivery.address.as_deref(), Some("https://hub.example.com"));
    assert!(delivery.move_complaint.unwrap().contains("refuses"));
    let old: Receipt = serde_json::from_str(include_str!("v1-receipt.json")).unwrap();
    assert!(!serde_json::to_string(&old).unwrap().contains("moves_to"));
    let receipt: Receipt = serde_json::from_str(include_str!("v1-receipt-moving.json")).unwrap();
    assert_eq!(receipt.moves_to.as_deref(), Some("https://new.example.com"));
    let samples: Value = serde_json::from_str(include_str!("v1-small.json")).unwrap();
    let challenge: Challenge = serde_json::from_value(samples["challenge"].clone()).unwrap();
    assert_eq!((challenge.nonce.len(), challenge.address.len()), (64, 23));
    let proof: Proof = serde_json::from_value(samples["proof"].clone()).unwrap();
    assert_eq!(proof.signature.len(), 128);
}

#[test]
fn the_place_of_a_kiosk_is_read_and_need_not_be_said() {
    let old: Delivery = serde_json::from_str(include_str!("v1-delivery.json")).unwrap();
    assert_eq!((old.place, old.hours), (None, None));
    let text = include_str!("v1-delivery-moving.json");
    let delivery: Delivery = serde_json::from_str(text).unwrap();
    assert_eq!(delivery.place.as_deref(), Some("0011223344556677"));
    assert_eq!(delivery.hours.as_deref(), Some("mon-sat 07:00-22:00"));
    let old: Receipt = serde_json::from_str(include_str!("v1-receipt.json")).unwrap();
    assert!(!serde_json::to_string(&old).unwrap().contains("place"));
    let receipt: Receipt = serde_json::from_str(include_str!("v1-receipt-place.json")).unwrap();
    let place = receipt.place.unwrap();
    assert_eq!(place.hours.as_deref(), Some("mon-fri 08:00-20:00, sat 09:00-18:00"));
    let shop = |utc_ms| whereabouts::at(&place.stays, utc_ms).map(|stay| stay.shop.as_str());
    let since_ms = 1_795_176_000_000;
    assert_eq!(shop(since_ms - 1), Some("Nordmarkt Kallio"));
    assert_eq!(shop(since_ms), Some("Nordmarkt Turku"));
    assert!(whereabouts::at(&[], 0).is_none());
}

#[test]
fn what_a_kiosk_found_of_itself_is_read_and_need_not_be_said() {
    let old: Delivery = serde_json::from_str(include_str!("v1-delivery.json")).unwrap();
    assert_eq!(old.findings, None);
    let text = include_str!("v1-delivery-findings.json");
    let delivery: Delivery = serde_json::from_str(text).unwrap();
    let found: Vec<bool> = delivery.findings.unwrap().iter().map(|it| it.is_wrong).collect();
    assert_eq!(found, [true, false]);
    // A hub and a kiosk of before say nothing of the screen.
    let old: Standing = serde_json::from_str(
        r#"{"is_recording":true,"is_clock_known":true,"trouble":null,"heard_s":null,"page":null,
            "away":{}}"#,
    )
    .unwrap();
    assert_eq!(old.screen, Screen::Unknown);
}

#[test]
fn what_head_office_has_deleted_is_read_and_need_not_be_said() {
    let old: Delivery = serde_json::from_str(include_str!("v1-delivery.json")).unwrap();
    assert_eq!(old.gone, None);
    assert!(!serde_json::to_string(&old).unwrap().contains("gone"));
    let delivery: Delivery = serde_json::from_str(include_str!("v1-delivery-gone.json")).unwrap();
    assert_eq!(delivery.gone, Some(9));
    let old: Receipt = serde_json::from_str(include_str!("v1-receipt.json")).unwrap();
    assert_eq!(old.gone, None);
    assert!(!serde_json::to_string(&old).unwrap().contains("gone"));
    let text = include_str!("v1-receipt-gone.json");
    let receipt: Receipt = serde_json::from_str(text).unwrap();
    let gone = receipt.gone.clone().unwrap();
    assert_eq!((gone.upto, &gone.events[0].ranges[..]), (12, &[(4, 4), (17, 19)][..]));
    let written: Value = serde_json::to_value(&receipt).unwrap();
    assert_eq!(written["gone"], serde_json::from_str::<Value>(text).unwrap()["gone"]);
    // Numbers may be passed over of which nothing is left to name.
    let nothing: Gone = serde_json::from_value(json!({ "upto": 3 })).unwrap();
    assert_eq!(nothing, Gone { upto: 3, events: Vec::new() });
}

#[test]
fn a_survey_of_version_1_is_read_with_fields_of_the_future() {
    let published: Published = serde_json::from_str(include_str!("v1-survey.json")).unwrap();
    assert_eq!((published.publication, etag(7, published.publication).as_str()), (12, "\"7-12\""));
    let survey = published.survey.unwrap().check().unwrap();
    let question = survey.question(None, "");
    assert_eq!(
        (question.id.as_str(), question.version, question.scale),
        ("checkout", 3, Scale::Four)
    );
    assert_eq!(
        (question.unhappy.len(), question.nps_one_in, question.takes_comments),
        (3, 10, true)
    );
    assert_eq!(survey.reason("bakery", "en"), Some("Bakery"));
    let parts = survey.parts();
    assert_eq!((parts.schedule.len(), parts.notices.len(), parts.hours.is_some()), (1, 1, true));
}

#[test]
fn the_small_shapes_of_version_1_are_read() {
    let samples: Value = serde_json::from_str(include_str!("v1-small.json")).unwrap();
    let sample = |name: &str| samples[name].clone();
    let enrolment: Enrolment = serde_json::from_value(sample("enrolment")).unwrap();
    assert_eq!(enrolment.code, "7K2QM-X9RTB");
    let enrolled: Enrolled = serde_json::from_value(sample("enrolled")).unwrap();
    assert_eq!((enrolled.kiosk.as_str(), enrolled.token.len()), ("kallio-checkout-1", 64));
    assert!(!format!("{enrolled:?}").contains(&enrolled.token), "no log shows a token");
    assert_eq!(enrolled.hub_keys, None, "hubs before there were keys named none");
    let with_keys: Enrolled = serde_json::from_value(sample("enrolled with keys")).unwrap();
    assert_eq!(with_keys.hub_keys.unwrap().verify.len(), 64);
    assert!(with_keys.signed_by.is_empty(), "older hubs do not say it");
    let again: Enrolled = serde_json::from_value(sample("enrolled again")).unwrap();
    assert_eq!(again.signed_by[0].len(), 64);
    let pin: Pin = serde_json::from_value(sample("pin")).unwrap();
    assert_eq!((pin.number, pin.hash.is_some()), (2, true));
    assert!(!format!("{pin:?}").contains("argon2id"), "no log shows a hash of few digits");
    let forgotten: Pin = serde_json::from_value(sample("pin forgotten")).unwrap();
    assert_eq!(forgotten, Pin { number: 3, hash: None });
    let refusal: Refusal = serde_json::from_value(sample("refusal")).unwrap();
    assert!(refusal.refused.contains("token"));
    let summoned: Summoned = serde_json::from_value(sample("summons")).unwrap();
    assert_eq!((summoned.event.as_str(), summoned.touchpoint.as_str()), ("call", "Checkout 1"));
    let ask: Ask = serde_json::from_value(sample("ask")).unwrap();
    assert_eq!(
        ask,
        Ask::Summary { date: Some("2026-11-20".to_owned()), until: None, exact: false }
    );
    let summary: Summary = serde_json::from_value(sample("summary")).unwrap();
    assert_eq!((summary.n, summary.lines[0].counts.len()), (4, 5));
}

#[test]
fn what_is_carried_in_version_1_is_read() {
    let samples: Value = serde_json::from_str(include_str!("v1-carried.json")).unwrap();
    let sample = |name: &str| samples[name].clone();
    let header: Header = serde_json::from_value(sample("header")).unwrap();
    assert_eq!((header.smilepost.as_str(), header.version), ("carried delivery", 1));
    let line = |name: &str| serde_json::from_value::<Line>(sample(name)).unwrap();
    assert!(matches!(line("frame"), Line::Frame(frame) if frame.sealed == "AAEC"));
    assert!(matches!(line("end"), Line::End(end) if (end.frames, end.events) == (1, 2)));
    let signed: Signed = serde_json::from_value(sample("signed")).unwrap();
    assert_eq!(signed.body, "{}");
    let receipt: carried::Receipt = serde_json::from_value(sample("receipt")).unwrap();
    assert!(receipt.settled[0].has(2) && receipt.hub_epoch == 7);
    let letter: Letter = serde_json::from_value(sample("letter")).unwrap();
    assert_eq!((letter.version, letter.enrolled.touchpoint.as_str()), (1, "Checkout 1"));
    assert_eq!(serde_json::to_value(&letter).unwrap(), sample("letter"));
}

#[test]
fn a_note_of_the_shop_manager_is_read_as_it_was_written() {
    let reading = Reading { boot_ms: 8_000, wall_ms: 9_000 };
    let noted = |about, text: &str| Event::Noted(Noted::new(about, text).unwrap());
    for event in [noted(About::Day, "opened the second till"), noted(About::Alert, "")] {
        let read = delivery::read(&delivery::write(4, reading, &event)).unwrap();
        assert_eq!((read.n, read.reading, read.said), (4, reading, Some(event)));
    }
    let mut value = delivery::write(4, reading, &noted(About::Day, "x"));
    value["about"] = json!("weather");
    assert_eq!(delivery::read(&value).unwrap().said, None, "what only a newer version knows");
    value["about"] = json!("day");
    value["text"] = json!("two\nlines");
    assert!(delivery::read(&value).unwrap_err().to_string().contains("one line"));
}

fn rated() -> Value {
    json!({
        "n": 7, "kind": "rated", "boot_ms": 1, "wall_ms": 2, "score": 4, "scale": 5,
        "input": "touch", "question": "checkout", "question_version": 1, "language": "en",
    })
}

/// The result of reading the sample with one field changed.
fn with(field: &str, value: Value) -> Result<delivery::Received, Unusable> {
    let mut event = rated();
    event[field] = value;
    delivery::read(&event)
}

#[test]
fn what_cannot_be_used_says_which_event_and_why() {
    let why = |field: &str, value: Value| with(field, value).unwrap_err().to_string();
    assert_eq!(why("score", json!(6)), "event 7: score 6 is not between 1 and 5");
    assert_eq!(why("score", json!(0)), "event 7: score 0 is not between 1 and 5");
    assert_eq!(why("scale", json!(7)), "event 7: scale 7 is not 3, 4 or 5");
    assert_eq!(
        why("replaces", json!(7)),
        "event 7: replaces must be the number of an earlier event"
    );
    assert!(why("score", json!("four")).starts_with("event 7: "));
    assert!(why("kind", json!("")).starts_with("event 7: kind must be"));
    assert_eq!(with("n", json!(0)), Err(Unusable::Nameless));
    assert_eq!(with("n", json!(4_294_967_296_u64)), Err(Unusable::Nameless));
    assert_eq!(delivery::read(&json!("nonsense")), Err(Unusable::Nameless));
}

#[test]
fn words_of_the_future_are_kept_unread() {
    for (field, value) in [("kind", "waved"), ("input", "eyes"), ("misuse", "robot")] {
        let event = with(field, json!(value)).unwrap();
        assert_eq!((event.n, event.said), (7, None), "{field}");
        assert_eq!(event.extra[field], value);
    }
}

#[test]
fn a_loss_without_a_range_is_unknown_and_half_a_range_is_refused() {
    let lost = |more: Value| {
        let mut event = json!({ "n": 3, "kind": "lost", "boot_ms": 1, "wall_ms": 2 });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        delivery::read(&event).map(|event| event.said)
    };
    assert_eq!(lost(json!({})), Ok(Some(Event::Lost(Loss::Unknown))));
    let run = "00".repeat(16);
    let range = Loss::Range { run: RunId([0; 16]), first: 2, last: 9 };
    let whole = json!({ "lost_run": run, "lost_first": 2, "lost_last": 9 });
    assert_eq!(lost(whole), Ok(Some(Event::Lost(range))));
    assert!(lost(json!({ "lost_run": run })).is_err());
    assert!(lost(json!({ "lost_run": run, "lost_first": 3, "lost_last": 2 })).is_err());
    assert!(lost(json!({ "lost_run": "x", "lost_first": 1, "lost_last": 2 })).is_err());
}

#[test]
fn the_same_content_is_the_same_text_whatever_the_order_of_its_fields() {
    let one = serde_json::from_str(r#"{"n":1,"kind":"x","a":{"c":1,"b":2}}"#).unwrap();
    let two = serde_json::from_str(r#"{"a":{"b":2,"c":1},"kind":"x","n":1}"#).unwrap();
    assert_eq!(delivery::canonical(&one), delivery::canonical(&two));
}

#[test]
fn the_largest_delivery_that_a_kiosk_makes_is_within_the_limit() {
    let question = Wording { id: "q".repeat(40), version: u32::MAX, language: "l".repeat(12) };
    let rated = Rated {
        score: Scale::Five.score(5).unwrap(),
        input: Input::Button,
        question,
        verdict: Verdict { misuse: Some(Reason::Together), rule: u16::MAX },
        replaces: Some(u32::MAX),
    };
    let reading = Reading { boot_ms: u64::MAX, wall_ms: i64::MIN };
    let event = delivery::write(u32::MAX, reading, &Event::Rated(rated)).to_string();
    assert!((event.len() + 1) * EVENTS_MAX < BYTES_MAX, "{} bytes an event", event.len());
}

fn any_event() -> impl Strategy<Value = Event> {
    let scale = prop_oneof![Just(Scale::Three), Just(Scale::Four), Just(Scale::Five)];
    let input = prop_oneof![Just(Input::Button), Just(Input::Touch), Just(Input::Key)];
    let question = ("[a-z-]{1,40}", any::<u32>(), "[a-z]{2}(-[A-Z]{2})?");
    let misuse = prop::option::of((0..Reason::ALL.len()).prop_map(|at| Reason::ALL[at]));
    let verdict = (misuse, any::<u16>()).prop_map(|(misuse, rule)| Verdict { misuse, rule });
    let rated = (scale, 1u8..=3, input, question, verdict, prop::option::of(1u32..100)).prop_map(
        |(scale, value, input, (id, version, language), verdict, replaces)| {
            let score = scale.score(value).unwrap();
            let question = Wording { id, version, language };
            Event::Rated(Rated { score, input, question, verdict, replaces })
        },
    );
    let range = (any::<[u8; 16]>(), 1u32..1_000, 0u32..1_000).prop_map(|(run, first, more)| {
        Event::Lost(Loss::Range { run: RunId(run), first, last: first + more })
    });
    let called = (0..Called::ALL.len()).prop_map(|at| Event::Called(Called::ALL[at]));
    prop_oneof![4 => rated, 1 => range, 1 => called, 1 => Just(Event::Lost(Loss::Unknown))]
}

proptest! {
    #[test]
    fn an_event_that_is_written_is_read_back_the_same(
        event in any_event(), n in 100u32.., boot_ms in any::<u64>(), wall_ms in any::<i64>(),
    ) {
        let reading = Reading { boot_ms, wall_ms };
        let text = delivery::write(n, reading, &event).to_string();
        let read = delivery::read(&serde_json::from_str(&text).unwrap()).unwrap();
        prop_assert_eq!(read.said, Some(event));
        prop_assert_eq!((read.n, read.reading, read.extra.len()), (n, reading, 0));
    }

    #[test]
    fn no_json_makes_the_reader_panic(text in "\\PC*", n in any::<i64>(), score in any::<i64>()) {
        let _ = serde_json::from_str::<Delivery>(&text);
        let _ = delivery::read(&json!({ "n": n, "kind": text, "score": score }));
        let _ = delivery::read(&json!({ "n": n, "kind": "rated", "score": score, "scale": score }));
    }
}
