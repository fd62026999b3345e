//! Tests of `smilepost-kiosk doctor`: it proves what it says, names the cure, and survives a system
//! that has nothing.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::port::free_address;
use crate::program::{Kiosk, PROGRAM, ask, configure};

/// What the doctor says, and whether it found nothing wrong.
fn doctor(config: &str) -> (String, bool) {
    told(&ask(&["doctor", "--config", config]))
}

fn told(output: &Output) -> (String, bool) {
    let (said, why) = (String::from_utf8_lossy(&output.stdout), &output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(why));
    (said.into_owned(), output.status.success())
}

fn assert_says(said: &str, lines: &[&str]) {
    for line in lines {
        assert!(said.contains(line), "{line}\nis not among\n{said}");
    }
}

/// Has the kiosk with this data folder enrolled at an address, without a hub.
fn enrol_at(folder: &Path, hub: &str) {
    let secret = "0".repeat(64);
    let text = format!(
        "hub = \"{hub}\"\nkiosk = \"kallio-1\"\ntoken = \"{secret}\"\nshop = \"Kallio\"\n\
         zone = \"Europe/Helsinki\"\n"
    );
    std::fs::create_dir_all(folder.join("data")).unwrap();
    std::fs::write(folder.join("data/enrolment.toml"), text).unwrap();
}

/// Answers each connection by its path, for as long as the test runs.
fn hub(answer: impl Fn(&str) -> String + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4_096];
            let read = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            // Whoever only tries the connection has gone.
            let _ = stream.write_all(answer(path).as_bytes());
        }
    });
    address
}

fn http(status: &str, kind: &str, body: &str) -> String {
    let bytes = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {bytes}\r\n\
         connection: close\r\n\r\n{body}"
    )
}

#[test]
fn the_way_to_head_office_is_tried_step_by_step() {
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path(), "");
    let at = |hub: &str| {
        enrol_at(folder.path(), hub);
        doctor(&config).0
    };
    assert_says(
        &at("https://no-such-host.invalid"),
        &["WRONG head office: enrolled as kallio-1: ", "no-such-host.invalid", "name server"],
    );
    let free = free_address();
    assert_says(
        &at(&format!("http://{free}")),
        &["there is no connection to 127.0.0.1", "firewall"],
    );
    let portal = hub(|_| http("200 OK", "text/html", "<h1>Welcome</h1>"));
    assert_says(&at(&format!("http://{portal}")), &["but not as a hub does", "sign-in page"]);
    let strange = hub(|path| match path {
        "/healthz" => http("200 OK", "text/plain", "alive\n"),
        _ => http("401 Unauthorized", "application/json", "{\"refused\":\"no such token\"}"),
    });
    let said = at(&format!("http://{strange}"));
    assert_says(&said, &["does not know this kiosk's token", "smilepost-hub kiosk code kallio-1"]);
    let good = hub(|path| match path {
        "/healthz" => http("200 OK", "text/plain", "alive\n"),
        _ => http("200 OK", "application/json", "{\"epoch\":1,\"publication\":0}"),
    });
    let said = at(&format!("http://{good}"));
    assert_says(&said, &["fine  head office: enrolled as kallio-1", "the token work"]);
    let plain = at(&format!("https://{good}"));
    assert_says(&plain, &["WRONG head office: enrolled as kallio-1: "]);
}

#[test]
fn a_running_kiosk_is_asked_and_a_stopped_one_is_never_called_fine() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let page = taken.local_addr().unwrap();
    let more = format!("[desk]\nlisten = \"{page}\"\n");
    let config = configure(folder.path(), &more);
    let (said, _) = doctor(&config);
    assert_says(
        &said,
        &[
            "note  kiosk: it does not run",
            "note  buttons: read from standard input",
            "cannot be at",
        ],
    );
    assert!(!said.contains("fine  desk") && !said.contains("fine  buttons"), "{said}");
    let mut kiosk = Kiosk::start(&config);
    kiosk.press("4");
    let (said, _) = doctor(&config);
    assert_says(
        &said,
        &[
            "fine  kiosk: it runs and takes ratings",
            "fine  buttons: the kiosk reads buttons.script",
            "WRONG desk: its page is not served yet",
        ],
    );
    // The address becomes free, and the page is served without a restart.
    drop(taken);
    crate::wait::wait_until("the page is served", || {
        doctor(&config).0.contains("fine  desk: its page at")
    });
    kiosk.stop();
}

#[test]
fn nothing_is_called_fine_that_was_only_set() {
    let folder = tempfile::tempdir().unwrap();
    let speech = folder.path().join("speech");
    let more = format!("[screen]\ndpi = 132\n[sound]\nspeech_dir = {speech:?}\n");
    let config = configure(folder.path(), &more);
    assert_says(&doctor(&config).0, &["note  panel: screen.dpi sets 132", "WRONG speech: "]);
    // A folder can be opened, and is no recording.
    std::fs::create_dir_all(speech.join("en.wav")).unwrap();
    assert_says(&doctor(&config).0, &["en.wav is no WAV recording"]);
    std::fs::remove_dir(speech.join("en.wav")).unwrap();
    std::fs::write(speech.join("en.wav"), "RIFF\0\0\0\0WAVE").unwrap();
    assert_says(&doctor(&config).0, &["fine  speech: "]);
    let mut kiosk = Kiosk::start(&config);
    kiosk.press("4");
    let (said, _) = doctor(&config);
    let headless = "note  screen: the kiosk runs without one, because it was started with";
    assert_says(&said, &[headless]);
    for fine in ["fine  screen", "fine  panel", "fine  touch"] {
        assert!(!said.contains(fine), "{said}");
    }
    // Nobody presses any more once the script of the presses is at its end.
    assert_says(&said, &["fine  buttons: the kiosk reads buttons.script"]);
    kiosk.close_script();
    crate::wait::wait_until("the end of the script is noticed", || {
        doctor(&config).0.contains("WRONG buttons: the kiosk runs without them: the script has")
    });
    kiosk.stop();
}

#[test]
fn a_player_is_made_to_play_and_a_stick_to_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let script = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        file.to_string_lossy().into_owned()
    };
    let sticks = folder.path().join("media");
    let say = |player: &str| {
        let more =
            format!("[sound]\ntones = true\nplayer = [{player:?}]\n[desk]\nsticks = {sticks:?}\n");
        doctor(&configure(folder.path(), &more)).0
    };
    let heard = folder.path().join("heard");
    let said = say(&script("good", &format!("cp \"$1\" {}", heard.display())));
    assert_says(&said, &["fine  sound: ", "note  stick: ", "media is missing"]);
    assert!(std::fs::read(&heard).unwrap().starts_with(b"RIFF"), "it got a tone");
    std::fs::create_dir_all(sticks.join("sda1/smilepost-export")).unwrap();
    let said = say(&script("bad", "echo 'audio open error: no such device' >&2; exit 1"));
    assert_says(&said, &["WRONG sound: ", "audio open error: no such device", "group audio"]);
    assert_says(&said, &["fine  stick: ", "can be written"]);
    let left = std::fs::read_dir(sticks.join("sda1/smilepost-export")).unwrap().count();
    assert_eq!(left, 0, "what was tried is gone again");
}

#[test]
fn a_logo_has_to_be_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let logo = folder.path().join("logo.png");
    let config = configure(folder.path(), &format!("[screen]\nlogo = {logo:?}\n"));
    std::fs::write(&logo, "no picture").unwrap();
    assert_says(&doctor(&config).0, &["WRONG logo: ", "is no picture that can be drawn"]);
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pictures/golden/ask-800x480.png");
    std::fs::copy(golden, &logo).unwrap();
    assert_says(&doctor(&config).0, &["fine  logo: "]);
}

/// A kiosk whose shoppers are offered these languages.
fn speaking(folder: &Path, languages: &str) -> String {
    let config = configure(folder, "");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("languages = {languages}\n{text}")).unwrap();
    config
}

/// Runs a tool on a system whose fontconfig knows these folders of fonts.
fn with_fonts(folder: &Path, fonts: &[&str], arguments: &[&str]) -> Output {
    let file = folder.join("system-fonts.conf");
    let dirs: String = fonts.iter().map(|font| format!("<dir>{font}</dir>")).collect();
    let text = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE fontconfig SYSTEM \"fonts.dtd\"><fontconfig>{dirs}\
         <cachedir>{}</cachedir></fontconfig>",
        folder.display()
    );
    std::fs::write(&file, text).unwrap();
    let mut command = Command::new(PROGRAM);
    command.env("FONTCONFIG_FILE", &file).env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    command.args(arguments).output().unwrap()
}

#[test]
fn every_tool_survives_a_system_without_a_font() {
    let folder = tempfile::tempdir().unwrap();
    let config = speaking(folder.path(), "[\"en\", \"ja\"]");
    let mut kiosk = Kiosk::start(&config);
    kiosk.press("4");
    kiosk.stop();
    for tool in ["doctor", "summary", "verify", "export", "retry"] {
        let output = with_fonts(folder.path(), &[], &[tool, "--config", &config]);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{tool}: {output:?}");
    }
    // There is no display and no button, so that it ends, in words.
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("driver = \"script\"", "driver = \"none\"")).unwrap();
    let output = with_fonts(folder.path(), &[], &["run", "--config", &config]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("neither a screen nor buttons"), "{said}");
}

#[test]
fn a_language_needs_a_font_for_each_of_its_characters() {
    const DEJAVU: &str = "/usr/share/fonts/truetype/dejavu";
    let folder = tempfile::tempdir().unwrap();
    let doctor = |languages: &str, fonts: &[&str]| {
        let config = speaking(folder.path(), languages);
        told(&with_fonts(folder.path(), fonts, &["doctor", "--config", &config])).0
    };
    let fonts: &[&str] = if Path::new(DEJAVU).exists() { &[DEJAVU] } else { &[] };
    for fonts in [fonts, &[]] {
        let said = doctor("[\"en\", \"ja\"]", fonts);
        assert_says(&said, &["WRONG fonts: language ja: no font has", "fonts-noto-cjk"]);
        let said = doctor("[\"en\", \"ar\", \"uk\", \"tr\", \"pl\"]", fonts);
        assert_says(&said, &["fine  fonts: every character of every language has one"]);
    }
}
