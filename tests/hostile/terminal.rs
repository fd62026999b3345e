//! What a stranger wrote never acts on a terminal or in a log: every command's output is searched.

use std::process::{Command, Output};

use serde_json::json;

use crate::parties::{Buttons, Site};
use crate::wait::wait_until;

/// What a hostile kiosk writes wherever it may write something.
const HOSTILE: &str = "x\u{1b}[2J\u{9b}1m\r\nforged\tline\u{202e}abc\u{2028}\u{0}";

/// The same for a word with a limit.
const SHORT: &str = "\u{1b}[2J\nforged";

/// Each command of head office that prints what it holds, and of the kiosk.
const COMMANDS: &[(&str, &[&str])] = &[
    ("hub", &["shop", "list"]),
    ("hub", &["kiosk", "list"]),
    ("hub", &["survey", "show"]),
    ("hub", &["survey", "history"]),
    ("hub", &["reconcile"]),
    ("hub", &["reconcile", "--format", "json"]),
    ("hub", &["work"]),
    ("hub", &["export"]),
    ("hub", &["export", "--format", "jsonl"]),
    ("hub", &["kiosk", "code", HOSTILE]),
    ("hub", &["import", HOSTILE]),
    ("hub", &["shop", "add", HOSTILE, "--zone", HOSTILE]),
    ("hub", &["survey", "check", HOSTILE]),
    ("kiosk", &["summary"]),
    ("kiosk", &["summary", "--format", "json"]),
    ("kiosk", &["summary", "--format", "csv"]),
    ("kiosk", &["summary", "--date", HOSTILE]),
    ("kiosk", &["verify"]),
    ("kiosk", &["verify", "--format", "json"]),
    ("kiosk", &["export"]),
    ("kiosk", &["export", "--format", "jsonl"]),
    ("kiosk", &["carry", HOSTILE]),
    ("kiosk", &["enrol", "--letter", HOSTILE]),
    ("kiosk", &["enrol", HOSTILE, HOSTILE]),
];

/// Whether a text has a character that acts, or a line that only a stranger can have written.
pub(crate) fn complaint(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let acts = |c: &char| c.is_control() && !matches!(c, '\n' | '\t');
    let turns =
        |c: &char| matches!(c, '\u{2028}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let found = text.chars().find(|c| acts(c) || turns(c));
    let forged = text.lines().find(|line| line.starts_with("forged"));
    found
        .map(|c| format!("{c:?} in {text:?}"))
        .or_else(|| forged.map(|_| format!("a forged line in {text:?}")))
}

fn run(site: &Site, program: &str, arguments: &[&str]) -> Output {
    let path = match program {
        "hub" => env!("CARGO_BIN_EXE_smilepost-hub"),
        _ => env!("CARGO_BIN_EXE_smilepost-kiosk"),
    };
    // A program's argument cannot hold the character that ends it.
    let arguments = arguments.iter().map(|argument| argument.replace('\0', ""));
    let config = site.path(&format!("{program}.toml"));
    Command::new(path).args(arguments).arg("--config").arg(config).output().unwrap()
}

/// A delivery with something hostile in each text that a kiosk may send.
fn delivery() -> String {
    let event = |n: u32, kind: &str, more: &[serde_json::Value]| {
        let mut event = json!({
            "n": n, "kind": kind, "boot_ms": 1_000 + n, "wall_ms": 1_790_000_000_000_i64,
        });
        for more in more {
            event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        }
        event
    };
    let question = json!({ "question": SHORT, "question_version": 1, "language": "x\u{1b}" });
    let score = json!({ "score": 5, "scale": 5, "input": "touch" });
    let answer =
        json!({ "to": 1, "follow_up": "comment", "outcome": "answered", "answer": HOSTILE });
    let note = |text: &str| [json!({ "about": "day", "text": text })];
    json!({
        "nonce": "0123456789abcdef0123456789abcdef",
        "app": HOSTILE,
        "boots": [],
        "survey_complaint": HOSTILE,
        "counters": { "taken": 9, "settled": 0, "set_aside": 0, "waiting": 9 },
        "runs": [{
            "run": "0123456789abcdef0123456789abcdef",
            "boot": "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0",
            "taken": 9,
            "events": [
                event(1, "rated", &[score, question.clone()]),
                event(2, "answered", &[answer, question]),
                event(3, "noted", &note(HOSTILE)),
                event(4, "noted", &note("=HYPERLINK(\"http://example.org\")")),
                event(5, HOSTILE, &[json!({ "score": HOSTILE, HOSTILE: HOSTILE })]),
                event(6, "rated", &[json!({ "score": HOSTILE })]),
                event(7, "waved", &[json!({ "to": HOSTILE, HOSTILE: HOSTILE })]),
            ],
        }],
    })
    .to_string()
}

/// Sends it with the kiosk's own token, and returns the answer's status.
pub(crate) fn send(site: &Site, body: &str) -> u16 {
    let token = std::fs::read_to_string(site.path("kiosk/enrolment.toml")).unwrap();
    let token = token.lines().find_map(|line| line.strip_prefix("token = ")).unwrap();
    let token = token.trim_matches('"').to_owned();
    let url = format!("http://{}/v1/deliveries", site.hub);
    let body = body.to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // The one who comes second is told that it is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    runtime.block_on(async move {
        let client = reqwest::Client::new();
        let sent = client
            .post(url)
            .bearer_auth(token)
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap();
        sent.status().as_u16()
    })
}

#[test]
fn nothing_that_a_stranger_wrote_acts_on_a_terminal_or_in_a_log() {
    let site = Site::new();
    let hub = site.start_hub();
    site.acquaint(site.hub);
    assert_eq!(send(&site, &delivery()), 200);
    let kiosk = site.start_kiosk();
    let mut buttons: Buttons = site.buttons();
    (1..=5).for_each(|score| buttons.press(score));
    wait_until("all five are thanked", || site.thanks() == 5);
    wait_until("they have arrived", || site.say("hub", &["export"]).lines().count() > 6);
    drop(kiosk);
    // The last word on its survey is the hostile one.
    assert_eq!(send(&site, &delivery()), 200);
    let mut complaints = Vec::new();
    for (program, arguments) in COMMANDS {
        let output = run(&site, program, arguments);
        for text in [&output.stdout, &output.stderr] {
            complaints
                .extend(complaint(text).map(|what| format!("{program} {arguments:?}: {what}")));
        }
    }
    drop(hub);
    for log in ["hub.log", "kiosk.log"] {
        let text = site.log(log);
        complaints.extend(complaint(text.as_bytes()).map(|what| format!("{log}: {what}")));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    // The commands print what was sent, as something that is seen.
    let shown = site.say("hub", &["survey", "show"]);
    assert!(shown.contains("\\u001b[2J"), "{shown}");
    let export = site.say("hub", &["export"]);
    assert!(export.contains("'=HYPERLINK"), "{export}");
    let jsonl = site.say("hub", &["export", "--format", "jsonl"]);
    let notes: Vec<String> = jsonl
        .lines()
        .filter(|line| line.contains("HYPERLINK"))
        .map(|line| {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            row["note"].as_str().unwrap_or_default().to_owned()
        })
        .collect();
    assert_eq!(notes, ["=HYPERLINK(\"http://example.org\")"], "an export for programs is exact");
}
