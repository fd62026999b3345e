//! Tests of `kiosk.toml`, valid and invalid.

use std::path::Path;

use smilepost::feedback::visit::Pace;
use smilepost::kiosk::settings::{Driver, Enrolment, ProxyChoice, Screen, Settings, Uplink};
use smilepost::wire::enrolment::Enrolled;

fn read(text: &str) -> Result<Settings, Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kiosk.toml");
    std::fs::write(&file, text).unwrap();
    Settings::read(&file).map_err(|complaints| complaints.list().to_vec())
}

fn reference() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/kiosk.toml");
    std::fs::read_to_string(file).unwrap()
}

/// The reference with every key set.
fn with_every_key(reference: &str) -> String {
    let is_key = |line: &str| {
        let rest = line.strip_prefix('#').unwrap_or_default();
        rest.starts_with('[') || rest.starts_with(|c: char| c.is_ascii_lowercase())
    };
    let lines = reference.lines().map(|line| if is_key(line) { &line[1..] } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_reference_is_read_as_it_stands() {
    let settings = read(&reference()).unwrap();
    assert_eq!(settings.data_dir, Path::new("/var/lib/smilepost-kiosk"));
    assert_eq!((settings.pace, settings.keep_days), (Pace::default(), 400));
    assert_eq!((settings.buttons.driver, settings.buttons.lines.len()), (Driver::Auto, 0));
}

#[test]
fn the_reference_with_every_key_set_is_valid_and_its_defaults_are_true() {
    let survey = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/survey.toml");
    let text = with_every_key(&reference());
    let text = text.replace("/etc/smilepost/survey.toml", survey.to_str().unwrap());
    let settings = read(&text).unwrap();
    let questions: Vec<&str> =
        settings.survey.parts().questions.iter().map(|question| question.id.as_str()).collect();
    assert_eq!((questions, settings.has_own_survey), (vec!["checkout", "bakery"], true));
    assert_eq!((settings.notices.len(), settings.languages.len()), (1, 3));
    assert!(settings.hours.is_some() && settings.buttons.buzzer == Some(18));
    assert_eq!(settings.buttons.lines, [5, 6, 13, 19, 26]);
    let plain = Settings::plain(Path::new("/x"));
    assert_eq!(settings.pace, plain.pace);
    assert!(settings.screen.accent.is_some() && plain.screen.takes_keys.is_none());
    let screen =
        Screen { takes_keys: None, accent: None, logo: None, dpi: None, ..settings.screen };
    assert_eq!(screen, plain.screen);
    assert_eq!(settings.buttons.debounce, plain.buttons.debounce);
    assert_eq!(settings.call.map(|call| call.offer), None, "calls are off unless wanted");
    assert!(matches!(settings.uplink.proxy, ProxyChoice::At(_)));
    assert_eq!(plain.uplink.proxy, ProxyChoice::Environment);
    let (ca_file, proxy_password_file) = (None, None);
    let proxy = ProxyChoice::Environment;
    let uplink = Uplink { ca_file, proxy, proxy_password_file, ..settings.uplink };
    assert_eq!(uplink, plain.uplink);
}

#[test]
fn every_complaint_comes_at_once_with_its_key_and_what_is_allowed() {
    let complaints = read(
        r#"
        zone = "Europe/Helsink"
        language = "tlh"
        colour = "red"
        keep_days = 0
        [survey]
        scale = 6
        [visit]
        thanks_ms = "long"
        [buttons]
        driver = "gpiocdev"
        lines = [5, 6, 6]
        pull = "sideways"
        [screen]
        look = "neon"
        accent = "blue"
        [uplink]
        idle_s = 0
        "#,
    )
    .unwrap_err();
    let all = complaints.join("\n");
    for said in [
        "colour: unknown key; known here: data_dir, ",
        "data_dir: is missing",
        "zone: \"Europe/Helsink\" is not an IANA time zone such as Europe/Helsinki; if it is a \
         new one, update the system's package tzdata",
        "language: \"tlh\" is not one of the survey's: en, de",
        "keep_days: is not 1 to 3660 days",
        "survey.scale: 6 is not 3, 4 or 5 faces",
        "visit.thanks_ms: is the text \"long\", and a whole number from 0 to 4294967295 is needed",
        "buttons.pull: \"sideways\" is none of \"up\", \"down\", \"off\"",
        "buttons.lines: has 3 lines, the scale has 5 faces",
        "buttons.lines: names line 6 more than once",
        "buttons.chip: is missing",
        "screen.look: \"neon\" is none of \"light\", \"dark\", \"high-contrast\"",
        "screen.accent: \"blue\" is not a colour such as #1f5fd0",
        "uplink.idle_s: 0 is not 1 to 86400",
    ] {
        assert!(all.contains(said), "{said}\nis not among\n{all}");
    }
    assert_eq!(complaints.len(), 14, "{all}");
}

#[test]
fn a_survey_of_ones_own_is_checked_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("survey.toml");
    let survey = r#"
        version = 1
        colour = "red"
        [[questions]]
        id = "Delivery!"
        version = "one"
        scale = 3
        shape = "round"
        [[questions.texts]]
        language = "en"
        question = ""
        faces = ["Bad", "Good"]
    "#;
    std::fs::write(&file, survey).unwrap();
    let settings = format!("data_dir = \"/x\"\n[survey]\nfile = {file:?}\n");
    let complaints = read(&settings).unwrap_err();
    let place = format!("{}: ", file.display());
    let keys: Vec<&str> = complaints
        .iter()
        .map(|complaint| complaint.strip_prefix(&place).unwrap().split(':').next().unwrap())
        .collect();
    let expected = [
        "questions[0].version",
        "colour",
        "questions.0.shape",
        "questions.id",
        "questions.Delivery!.version",
        "questions.Delivery!.texts.en.question",
        "questions.Delivery!.texts.en.faces",
    ];
    assert_eq!(keys, expected);
}

#[test]
fn the_token_is_kept_for_the_kiosk_alone_and_no_log_shows_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Enrolment::read(folder.path()).unwrap(), None);
    let enrolled = Enrolled {
        kiosk: "kallio-checkout-1".to_owned(),
        token: "ab".repeat(32),
        shop: "Kallio".to_owned(),
        zone: "Europe/Helsinki".to_owned(),
        touchpoint: "Checkout 1".to_owned(),
        hub_keys: None,
        signed_by: Vec::new(),
    };
    let enrolment = Enrolment::new("https://hub.example.com".to_owned(), enrolled);
    enrolment.write(folder.path()).unwrap();
    enrolment.write(folder.path()).unwrap();
    assert_eq!(Enrolment::read(folder.path()).unwrap().as_ref(), Some(&enrolment));
    let file = folder.path().join("enrolment.toml");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(!format!("{enrolment:?}").contains("abab"));
}
