//! Tests of the kiosk's program, run as its user runs it.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};

use crate::noon;
use crate::port::free_address;
use crate::portal::answering;
use crate::started::Started;
use crate::wait::wait_until;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_smilepost-kiosk");

pub(crate) fn configure(folder: &Path, more: &str) -> String {
    let file = folder.join("kiosk.toml");
    let data = folder.join("data");
    let zone = noon::zone();
    let zone = zone.name();
    let mut text = format!("data_dir = {data:?}\nallow_volatile = true\nzone = \"{zone}\"\n");
    let _ = write!(
        text,
        "[visit]\nthanks_ms = 0\ninterval_ms = 0\nmisuse_rules = false\n[buttons]\ndriver = \
        \"script\"\nscript = \"-\"\n{more}"
    );
    std::fs::write(&file, text).unwrap();
    file.to_string_lossy().into_owned()
}

pub(crate) fn ask(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

/// The lines that a program prints, read on another thread, so that waiting for one can time out.
pub(crate) fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            let _ = sender.send(line.unwrap());
        }
    });
    receiver
}

/// The next line that is the right one.
fn next(lines: &Receiver<String>, what: &str, is_right: impl Fn(&str) -> bool) -> String {
    let mut found = None;
    wait_until(what, || {
        found = lines.try_iter().find(|line| is_right(line));
        found.is_some()
    });
    found.unwrap()
}

/// A running kiosk; each press waits for its thank-you.
pub(crate) struct Kiosk {
    process: Started,
    thanks: Receiver<String>,
}

impl Kiosk {
    pub(crate) fn start(config: &str) -> Self {
        Self::launch(Command::new(PROGRAM), config)
    }

    /// Starts it on a system with its time-zone rules there.
    pub(crate) fn start_in(system: &Path, config: &str) -> Self {
        let mut command = Command::new(PROGRAM);
        command.env("TZDIR", system);
        Self::launch(command, config)
    }

    fn launch(mut command: Command, config: &str) -> Self {
        command.args(["run", "--config", config, "--headless", "--witness", "-"]);
        let mut process = Started::by(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
        let thanks = lines(process.stdout.take().unwrap());
        Self { process, thanks }
    }

    pub(crate) fn press(&mut self, line: &str) -> String {
        writeln!(self.process.stdin.as_mut().unwrap(), "{line}").unwrap();
        self.thanks("the kiosk thanks")
    }

    /// The next thank-you.
    pub(crate) fn thanks(&self, what: &str) -> String {
        next(&self.thanks, what, |_| true)
    }

    /// Ends what presses the buttons.
    pub(crate) fn close_script(&mut self) {
        drop(self.process.stdin.take());
    }

    pub(crate) fn stop(mut self) {
        terminate(&mut self.process);
    }
}

/// The TCP ports on which a process listens.
fn ports(process: &Child) -> Vec<u16> {
    let folder = format!("/proc/{}", process.id());
    let links = std::fs::read_dir(format!("{folder}/fd")).unwrap();
    let links = links.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
    let sockets: Vec<String> = links
        .filter_map(|link| {
            let link = link.to_string_lossy().into_owned();
            Some(link.strip_prefix("socket:[")?.trim_end_matches(']').to_owned())
        })
        .collect();
    let mut ports = Vec::new();
    for table in ["tcp", "tcp6"] {
        let text = std::fs::read_to_string(format!("{folder}/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            // 0A is the kernel's code for a listening socket.
            if fields[3] == "0A" && sockets.iter().any(|socket| socket == fields[9]) {
                let port = fields[1].rsplit(':').next().unwrap();
                ports.push(u16::from_str_radix(port, 16).unwrap());
            }
        }
    }
    ports
}

#[test]
fn no_port_is_open_but_the_one_that_the_desk_is_wanted_on() {
    let listening = |more: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut kiosk = Kiosk::start(&configure(folder.path(), more));
        // After a thank-you the kiosk has opened everything that it ever opens.
        kiosk.press("4");
        let ports = ports(&kiosk.process);
        kiosk.stop();
        ports
    };
    assert_eq!(listening(""), Vec::<u16>::new());
    let free = free_address().port();
    assert_eq!(listening(&format!("[desk]\nlisten = \"127.0.0.1:{free}\"\n")), [free]);
}

/// Asks a program to end, as systemd does, and expects exit code 0.
fn terminate(process: &mut Child) {
    let pid = rustix::process::Pid::from_child(process);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(process.wait().unwrap().success());
}

pub(crate) fn json(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_kiosk_without_hub_screen_and_buttons_still_takes_ratings() {
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path(), "");
    let mut kiosk = Kiosk::start(&config);
    let first = kiosk.press("5");
    let run = first.split(' ').nth(1).unwrap();
    assert_eq!(first, format!("thanked {run} 1 5"));
    assert_eq!(kiosk.press("1"), format!("thanked {run} 2 1"));
    assert_eq!(kiosk.press("nonsense\n9\n\n3"), format!("thanked {run} 3 3"));
    kiosk.stop();
}

#[test]
fn a_kiosk_without_screen_and_buttons_says_so_and_exits_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("kiosk.toml");
    std::fs::write(
        &config,
        format!("data_dir = {:?}\nallow_volatile = true\n", folder.path().join("data")),
    )
    .unwrap();
    let mut command = Command::new(PROGRAM);
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        command.env_remove(name);
    }
    let output = command.args(["run", "--config"]).arg(config).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("neither a screen nor buttons"), "{said}");
}

#[test]
fn an_enrolment_that_cannot_be_read_stops_no_press() {
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path(), "");
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/enrolment.toml"), "hub = \"https://\n").unwrap();
    let mut kiosk = Kiosk::start(&config);
    assert!(kiosk.press("4").ends_with(" 1 4"));
    kiosk.stop();
}

/// What a second kiosk says that cannot start. One that does start is ended.
fn second_kiosk(config: &str) -> String {
    let mut command = Command::new(PROGRAM);
    command.args(["run", "--config", config, "--headless"]).stderr(Stdio::piped());
    let mut second = Started::by(&mut command);
    let mut said = String::new();
    for line in BufReader::new(second.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if line.contains("going on without") {
            second.kill().unwrap();
        }
        said = line;
    }
    assert!(!second.wait().unwrap().success());
    said
}

#[test]
fn the_summary_is_the_same_from_the_running_kiosk_and_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path(), "");
    let mut kiosk = Kiosk::start(&config);
    for line in ["5", "5", "4", "1"] {
        kiosk.press(line);
    }
    let summary = ["summary", "--config", &config, "--format", "json", "--exact"];
    let running = json(&ask(&summary));
    let shown = ["summary", "--config", &config, "--format", "json"];
    let few = json(&ask(&shown));
    assert_eq!((&few["n"], &few["hidden"]), (&0.into(), &true.into()), "four are too few");
    let said = second_kiosk(&config);
    assert!(said.contains("is another smilepost-kiosk running?"), "{said}");
    kiosk.stop();
    let stopped = json(&ask(&summary));
    assert_eq!(running, stopped);
    assert_eq!(json(&ask(&shown)), few);
    assert_eq!(running["n"], 4);
    assert_eq!(running["happy_index"], 68.75);
    assert_eq!(running["csat"], 75.0);
    assert_eq!(running["waiting"], 4);
    assert_eq!(running["lines"][0]["counts"], serde_json::json!([1, 0, 0, 1, 2]));
    assert_eq!(running["uncertain"], 4, "nobody has told this kiosk the time");
    let text = ask(&["summary", "--config", &config, "--exact"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("Happy Index 68.8 of 100"), "{text}");
    assert!(text.contains("Waiting to be sent: 4"), "{text}");
}

#[test]
fn the_export_names_every_event_from_the_running_kiosk_and_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path(), "");
    let mut kiosk = Kiosk::start(&config);
    let thanked: Vec<String> = ["2", "3", "4"].map(|line| kiosk.press(line)).to_vec();
    let export = ["export", "--config", &config];
    let running = ask(&export);
    kiosk.stop();
    let stopped = ask(&export);
    assert_eq!(running.stdout, stopped.stdout);
    let csv = String::from_utf8(stopped.stdout).unwrap();
    let mut lines = csv.lines();
    let heading: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(heading[..8], ["run", "n", "kind", "utc", "quality", "score", "scale", "input"]);
    let state = heading.iter().position(|column| *column == "state").unwrap();
    for (line, thanked) in lines.zip(thanked) {
        let fields: Vec<&str> = line.split(',').collect();
        assert_eq!(format!("thanked {} {} {}", fields[0], fields[1], fields[5]), thanked);
        assert_eq!((fields[2], fields[4], fields[7]), ("rated", "unknown", "button"));
        assert_eq!(fields[state], "waiting");
    }
    let none = ask(&["export", "--config", &config, "--to", "2001-01-01", "--format", "jsonl"]);
    assert!(none.status.success() && none.stdout.is_empty());
    let none = ask(&["export", "--config", &config, "--to", "2001-01-01"]);
    assert_eq!(String::from_utf8_lossy(&none.stdout).trim_end(), heading.join(","));
    let bad = ask(&["export", "--config", &config, "--from", "yesterday"]);
    assert!(String::from_utf8_lossy(&bad.stderr).contains("\"yesterday\" is not a date"));
}

#[test]
fn a_bad_configuration_ends_with_every_complaint_and_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path(), "lines = [1, 1, 2, 3, 4]\nspeed = 3\n");
    let output = ask(&["run", "--config", &config, "--headless"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("2 complaints about"), "{said}");
    assert!(said.contains("buttons.speed: unknown key"), "{said}");
    assert!(said.contains("buttons.lines: names line 1 more than once"), "{said}");
    assert!(!folder.path().join("data").exists(), "nothing was begun");
}

#[test]
fn buttons_that_cannot_be_had_are_said_and_do_not_stop_the_kiosk() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("kiosk.toml");
    let text = format!(
        "data_dir = {:?}\nallow_volatile = true\n[buttons]\ndriver = \"script\"\nscript = \
        \"/nowhere\"\n",
        folder.path().join("data")
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(["run", "--headless", "--config"]).arg(&config).stderr(Stdio::piped());
    let mut process = Started::by(&mut command);
    let log = lines(process.stderr.take().unwrap());
    let said = next(&log, "the kiosk tells of its buttons", |line| {
        line.contains("going on without buttons")
    });
    assert!(said.contains("cannot read button script /nowhere"), "{said}");
    terminate(&mut process);
}

#[test]
fn a_folder_that_is_too_deep_for_a_sockets_address_serves_the_tools_as_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let deep = ["a-folder-with-a-rather-long-name"; 8].iter().collect::<std::path::PathBuf>();
    let deep = folder.path().join(deep);
    std::fs::create_dir_all(&deep).unwrap();
    let config = configure(&deep, "");
    let mut kiosk = Kiosk::start(&config);
    kiosk.press("5");
    // Only a running kiosk can be told the time.
    for time in ["2031-11-27T14:05", "٢٠٣١-١١-٢٧T١٤:٠٥", "２０３１－１１－２７　１４：０５"]
    {
        let output = ask(&["clock", "set", "--config", &config, time]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{time}: {said}");
    }
}

#[test]
fn a_kiosk_enrols_only_with_a_hub_and_over_a_safe_line() {
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path(), "[uplink]\nconnect_timeout_ms = 2000\n");
    let refused = |address: &str| {
        let output = ask(&["enrol", "--config", &config, address, "7K2QM-X9RTB"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(!folder.path().join("data/enrolment.toml").exists());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(refused("http://hub.example.com").contains("is not a hub's address"));
    assert!(refused("ftp://127.0.0.1").contains("is not a hub's address"));
    assert!(refused("nonsense").contains("is not a hub's address"));
    assert!(refused("http://127.0.0.1:1").contains("cannot reach the hub"));
    let portal = answering("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<h1>Welcome</h1>");
    assert!(
        refused(&format!("http://{portal}")).contains("answered 200 OK, but not as a hub does")
    );
}

#[test]
fn lamps_and_buzzer_confirm_a_press_the_same_way_for_every_face() {
    let folder = tempfile::tempdir().unwrap();
    let lamps = folder.path().join("lamps");
    let more = format!("script_lamps = {lamps:?}\nlamps = [1, 2, 3, 4, 5]\n");
    let mut kiosk = Kiosk::start(&configure(folder.path(), &more));
    kiosk.press("4");
    kiosk.press("1");
    kiosk.stop();
    let told = std::fs::read_to_string(&lamps).unwrap();
    let all =
        |state: &str| (1..=5).map(|lamp| format!("lamp {lamp} {state}\n")).collect::<String>();
    let blink = |lamp: u8| format!("lamp {lamp} off\nbuzzer on\nbuzzer off\nlamp {lamp} on\n");
    assert_eq!(told, [all("on"), blink(4), blink(1), all("off")].concat());
}

#[test]
fn a_button_pressed_out_of_hours_is_kept_and_not_counted() {
    let folder = tempfile::tempdir().unwrap();
    // Open for the one minute of the week that is furthest from now.
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let now = chrono::DateTime::from_timestamp_millis(smilepost::clock::wall_ms()).unwrap();
    let today = chrono::Datelike::weekday(&now).num_days_from_monday() as usize;
    let day = days[(today + 3) % 7];
    let lamps = folder.path().join("lamps");
    let more = format!(
        "script_lamps = {lamps:?}\nlamps = [1, 2, 3, 4, 5]\n[hours]\n{day} = \"12:00-12:01\"\n"
    );
    let config = configure(folder.path(), &more);
    let mut kiosk = Kiosk::start(&config);
    // The kiosk applies opening hours only by a known time; a time set by a person is enough.
    let time = now.format("%Y-%m-%dT%H:%M:%S+00:00").to_string();
    wait_until("the kiosk takes the time from a person", || {
        ask(&["clock", "set", "--config", &config, &time]).status.success()
    });
    wait_until("the closed kiosk has put out its lamps", || {
        std::fs::read_to_string(&lamps).unwrap().ends_with("lamp 5 off\n")
    });
    assert!(kiosk.press("5").ends_with(" 1 5"), "whoever presses is thanked");
    let exported = ask(&["export", "--config", &config, "--format", "jsonl"]);
    let row: serde_json::Value = json(&exported);
    assert_eq!((row["score"].as_u64(), row["misuse"].as_str()), (Some(5), Some("closed")));
    kiosk.stop();
}

#[test]
fn the_doctor_names_what_is_wrong_and_its_cure() {
    let folder = tempfile::tempdir().unwrap();
    let more = "[screen]\nlogo = \"/nowhere/logo.svg\"\n[sound]\ntones = true\n\
                player = [\"no-such-player\"]\nspeech_dir = \"/nowhere\"\n";
    let config = configure(folder.path(), more);
    let output = ask(&["doctor", "--config", &config]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stdout).unwrap();
    for line in [
        "WRONG sound: program no-such-player is missing; install alsa-utils",
        "WRONG speech: /nowhere/en.wav is missing",
        "WRONG logo: /nowhere/logo.svg is missing",
        "note  head office: not enrolled",
        "fine  fonts: every character of every language has one",
        "note  buttons: read from standard input",
    ] {
        assert!(told.contains(line), "{line}\nis not among\n{told}");
    }
}
