//! Tests of a survey, from head office's file to the kiosk that asks it.

use crate::parties::Site;
use crate::wait::wait_until;

const FIRST: &str = r#"
    version = 1
    [[questions]]
    id = "bakery"
    version = 1
    scale = 3
"#;

fn publish(site: &Site, name: &str, text: &str) -> String {
    let file = site.path(name);
    std::fs::write(&file, text).unwrap();
    site.say("hub", &["survey", "publish", file.to_str().unwrap()])
}

/// The question of each rating that the kiosk has, with its version.
fn asked(site: &Site) -> Vec<(String, u64)> {
    let exported = site.say("kiosk", &["export", "--format", "jsonl"]);
    let row = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let version = row["question_version"].as_u64().unwrap();
        (row["question"].as_str().unwrap().to_owned(), version)
    };
    exported.lines().map(row).collect()
}

#[test]
fn a_kiosk_asks_the_last_good_survey_that_head_office_published() {
    let site = Site::new();
    let (hub, kiosk, mut buttons) = site.open_shop();
    assert!(publish(&site, "one.toml", FIRST).starts_with("1 published for all"));
    let shown = || site.say("hub", &["survey", "show"]);
    wait_until("the kiosk has the survey", || shown().contains("has 1\tup to date"));
    wait_until("it is asked", || site.log("kiosk.log").contains("another survey is asked"));
    // A button without a face in the new question is ignored.
    buttons.press(5);
    buttons.press(3);
    wait_until("the next press is thanked", || site.thanks() == 2);
    let expected = [("checkout".to_owned(), 1), ("bakery".to_owned(), 1)];
    assert_eq!(asked(&site), expected);

    // The kiosk reports a survey that it cannot ask, for lack of English, and asks the old one.
    let finnish = r#"
        version = 2
        [[questions]]
        id = "bakery"
        version = 2
        scale = 3
        [[questions.texts]]
        language = "fi"
        question = "Millaista leipä oli?"
        faces = ["Huonoa", "Kohtalaista", "Hyvää"]
    "#;
    publish(&site, "two.toml", finnish);
    let complaint = "survey 2 cannot be asked on this kiosk: questions.bakery.texts: ";
    wait_until("head office hears of it", || shown().contains(complaint));
    drop(hub);
    // The survey outlives a restart without a network; the built-in one replaces a damaged file.
    kiosk.kill();
    let kiosk = site.start_kiosk();
    buttons.press(1);
    wait_until("a press after the restart is thanked", || site.thanks() == 3);
    assert_eq!(asked(&site)[2], expected[1]);
    kiosk.kill();
    std::fs::write(site.path("kiosk/survey.json"), "{\"publication\": 1, \"surv").unwrap();
    let _kiosk = site.start_kiosk();
    buttons.press(1);
    wait_until("a press with a damaged survey is thanked", || site.thanks() == 4);
    assert_eq!(asked(&site)[3], expected[0]);
}

#[test]
fn head_office_hears_that_a_kiosk_has_a_survey_of_its_own() {
    let site = Site::new();
    let _hub = site.start_hub();
    site.acquaint(site.hub);
    let own = site.path("own.toml");
    std::fs::write(&own, FIRST).unwrap();
    let config = std::fs::read_to_string(site.path("kiosk.toml")).unwrap();
    std::fs::write(site.path("kiosk.toml"), format!("{config}\n[survey]\nfile = {own:?}\n"))
        .unwrap();
    let _kiosk = site.start_kiosk();
    publish(&site, "other.toml", &FIRST.replace("bakery", "checkout"));
    let mut buttons = site.buttons();
    buttons.press(3);
    wait_until("the press is thanked", || site.thanks() == 1);
    let shown = || site.say("hub", &["survey", "show"]);
    wait_until("head office hears why", || shown().contains("names a survey of its own"));
    assert_eq!(asked(&site), [("bakery".to_owned(), 1)]);
}

#[test]
fn head_office_names_everything_that_is_wrong_and_keeps_scores_apart() {
    let site = Site::new();
    let path = |name: &str| site.path(name).to_str().unwrap().to_owned();
    publish(&site, "one.toml", FIRST);
    std::fs::write(path("same.toml"), FIRST.replace("scale = 3", "scale = 5")).unwrap();
    let said = site.fail("hub", &["survey", "publish", &path("same.toml")]);
    assert!(said.contains("version: 1 for all has other content in publication 1"), "{said}");
    assert!(said.contains("questions.bakery.version: 1 has other words"), "{said}");
    std::fs::write(path("bad.toml"), FIRST.replace("scale = 3", "scale = 9\ncolour = 1")).unwrap();
    let said = site.fail("hub", &["survey", "publish", &path("bad.toml")]);
    for complaint in ["questions.bakery.scale: 9", "questions.0.colour: unknown key"] {
        assert!(said.contains(complaint), "{said}");
    }
    let history = site.say("hub", &["survey", "history"]);
    assert!(history.ends_with("all\tversion 1: bakery 1\n"), "{history}");
    let nowhere = site.fail("hub", &["survey", "withdraw", "--shop", "nowhere"]);
    assert!(nowhere.contains("there is no shop nowhere"), "{nowhere}");
}

#[test]
fn what_is_shown_of_a_survey_can_be_published_again() {
    let site = Site::new();
    site.say("hub", &["shop", "add", "Kallio", "--zone", "Europe/Helsinki", "--group", "north"]);
    site.say("hub", &["kiosk", "add", "--shop", "kallio", "--touchpoint", "Bakery"]);
    let reference = concat!(env!("CARGO_MANIFEST_DIR"), "/systemd/survey.toml");
    let file = site.path("reference.toml");
    std::fs::copy(reference, &file).unwrap();
    let publish = ["survey", "publish", file.to_str().unwrap(), "--group", "north"];
    assert!(site.say("hub", &publish).starts_with("1 published for group north"));
    let shown = site.say("hub", &["survey", "show", "--kiosk", "kallio-bakery"]);
    std::fs::write(&file, shown).unwrap();
    assert!(site.say("hub", &publish).starts_with("2 published"), "the same again is no change");
}
