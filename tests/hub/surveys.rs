//! Tests of published surveys, and of which kiosk gets which.

use serde_json::{Value, json};
use smilepost::feedback::event::fields::Field;
use smilepost::hub::archive::{Correction, Scope};

use crate::hub::{KIOSK, NOON, NOW, Scene, delivery, rating};

fn survey(version: u32) -> String {
    let question = json!({ "id": "checkout", "version": version, "scale": 4 });
    json!({ "version": version, "questions": [question], "colour_of_the_sky": "grey" }).to_string()
}

fn scope(group: Option<&str>, shop: Option<&str>, touchpoint: Option<&str>) -> Scope {
    let [group, shop, touchpoint] = [group, shop, touchpoint].map(|name| name.map(str::to_owned));
    Scope { group, shop, touchpoint }
}

impl Scene {
    async fn publish(&self, scope: Scope, content: Option<String>) -> u64 {
        self.archive.publish(scope, content, 0).await.unwrap().unwrap()
    }

    /// Asks for the survey if its tag is not this one: the status, the tag and the answer.
    async fn survey(&self, known: Option<&str>) -> (u16, String, Value) {
        let request = self.client.get(format!("http://{}/v1/survey", self.kiosks));
        let request = request.bearer_auth(&self.token);
        let request =
            known.into_iter().fold(request, |request, tag| request.header("if-none-match", tag));
        let answer = request.send().await.unwrap();
        let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
        let status = answer.status().as_u16();
        let body = answer.bytes().await.unwrap();
        (status, tag, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn publication(&self) -> Value {
        self.survey(None).await.2["publication"].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_narrowest_scope_decides_until_it_is_withdrawn() {
    let scene = Scene::new().await;
    let none = scene.survey(None).await.2;
    assert_eq!((&none["publication"], &none["survey"]), (&json!(0), &Value::Null));
    let all = scene.publish(Scope::default(), Some(survey(1))).await;
    assert_eq!(scene.publication().await, all);
    let north = Correction { group: Some(Some("north".to_owned())), ..Correction::default() };
    assert!(scene.archive.correct_shop("kallio".to_owned(), NOON, north, NOW).await.unwrap());
    let scopes = [
        scope(Some("north"), None, None),
        scope(None, Some("kallio"), None),
        scope(None, None, Some("Checkout <1>")),
        scope(None, Some("kallio"), Some("Checkout <1>")),
    ];
    let mut numbers = vec![all];
    for (version, scope) in (2..).zip(&scopes) {
        let number = scene.publish(scope.clone(), Some(survey(version))).await;
        assert_eq!(scene.publication().await, number, "{scope}");
        numbers.push(number);
    }
    // A survey for other shops changes nothing, and neither does a newer one for everybody.
    scene.publish(scope(Some("south"), None, None), Some(survey(8))).await;
    scene.publish(scope(None, None, Some("Bakery")), Some(survey(9))).await;
    let newest = scene.publish(Scope::default(), Some(survey(10))).await;
    numbers[0] = newest;
    for scope in scopes.iter().rev() {
        assert_eq!(scene.publication().await, numbers.pop().unwrap(), "{scope}");
        scene.publish(scope.clone(), None).await;
    }
    assert_eq!(scene.publication().await, newest);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_that_there_is_not_gets_no_survey() {
    let scene = Scene::new().await;
    let nowhere = scope(None, Some("nowhere"), None);
    assert_eq!(scene.archive.publish(nowhere, Some(survey(1)), 0).await.unwrap(), None);
    assert!(scene.archive.surveys().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kiosk_that_has_the_survey_is_sent_nothing() {
    let scene = Scene::new().await;
    scene.publish(Scope::default(), Some(survey(1))).await;
    let (status, tag, answer) = scene.survey(None).await;
    assert_eq!((status, answer["survey"]["version"].as_u64()), (200, Some(1)));
    assert_eq!(scene.survey(Some(&tag)).await, (304, tag.clone(), Value::Null));
    scene.publish(Scope::default(), Some(survey(2))).await;
    let (status, newer, _) = scene.survey(Some(&tag)).await;
    assert_eq!(status, 200);
    assert_ne!(newer, tag);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kiosk_without_a_good_token_gets_no_survey() {
    let scene = Scene::new().await;
    scene.publish(Scope::default(), Some(survey(1))).await;
    let request = scene.client.get(format!("http://{}/v1/survey", scene.kiosks));
    let answer = request.bearer_auth("0".repeat(64)).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_names_the_survey() {
    let scene = Scene::new().await;
    assert_eq!(scene.receipt(&delivery(&[])).await.publication, Some(0));
    let number = scene.publish(Scope::default(), Some(survey(1))).await;
    assert_eq!(scene.receipt(&delivery(&[])).await.publication, Some(number));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_keeps_what_a_kiosk_complains_of_in_a_survey() {
    let scene = Scene::new().await;
    let mut told = delivery(&[rating(1, 5)]);
    told["publication"] = json!(7);
    told["survey_complaint"] = json!("survey 8 cannot be asked: it has 4 faces");
    scene.receipt(&told).await;
    let status = scene.archive.kiosks().await.unwrap().remove(0);
    assert_eq!((status.kiosk.id.as_str(), status.publication), (KIOSK, Some(7)));
    assert!(status.survey_complaint.unwrap().contains("4 faces"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_shop_manager_wrote_is_stored_and_counts_as_no_rating() {
    let scene = Scene::new().await;
    let noted = |n: u32, about: &str, text: &str| {
        json!({
            "n": n, "kind": "noted", "boot_ms": 61_000, "wall_ms": crate::hub::NOON,
            "about": about, "text": text,
        })
    };
    let events = [rating(1, 2), noted(2, "day", "opened a till"), noted(3, "alert", "")];
    let receipt = scene.receipt(&delivery(&events)).await;
    assert_eq!(receipt.settled[0].ranges, [(1, 3)]);
    let page = scene.archive.page((0, 0, 0), 10).await.unwrap();
    let told: Vec<_> = page
        .iter()
        .map(|(_, row)| (row.fields.text(Field::About), row.fields.text(Field::Text)))
        .collect();
    let expected = [(None, None), (Some("day"), Some("opened a till")), (Some("alert"), Some(""))];
    assert_eq!(told, expected);
    let day = scene.day().await;
    assert_eq!((day.lines.total(), day.unread), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_stored_beside_their_ratings_and_count_as_none() {
    let scene = Scene::new().await;
    let answer = |n: u32, follow_up: &str, outcome: &str, answer: Option<&str>| {
        json!({
            "n": n, "kind": "answered", "boot_ms": 61_000, "wall_ms": crate::hub::NOON, "to": 1,
            "follow_up": follow_up, "outcome": outcome, "answer": answer,
            "question": "checkout", "question_version": 1, "language": "en",
        })
    };
    let events = [
        rating(1, 2),
        answer(2, "reasons", "answered", Some("waiting")),
        answer(3, "nps", "skipped", None),
        answer(4, "nps", "answered", Some("eleven")),
        answer(5, "lottery", "answered", Some("yes")),
    ];
    let receipt = scene.receipt(&delivery(&events)).await;
    assert_eq!(receipt.settled[0].ranges, [(1, 3), (5, 5)]);
    assert!(
        receipt.set_aside[0]
            .reason
            .contains("6 characters (answered) are not a valid answer to nps")
    );
    let page = scene.archive.page((0, 0, 0), 10).await.unwrap();
    let told: Vec<_> = page
        .iter()
        .map(|(_, row)| {
            let text = |field| row.fields.text(field);
            let to = row.fields.number(Field::To);
            (row.kind.as_str(), to, text(Field::FollowUp), text(Field::Answer))
        })
        .collect();
    let expected = [
        ("rated", None, None, None),
        ("answered", Some(1), Some("reasons"), Some("waiting")),
        ("answered", Some(1), Some("nps"), None),
        ("answered", None, None, None),
    ];
    assert_eq!(told, expected);
    let day = scene.day().await;
    assert_eq!((day.lines.total(), day.unread), (1, 0));
}
