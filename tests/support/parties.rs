//! The programs as processes, for the tests of kiosk and hub together.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use smilepost::feedback::zone::Zone;

use crate::engine::server::port::free_address;
use crate::engine::{self, Place};
use crate::noon;
use crate::started::Started;
use crate::wait::wait_until;

pub(crate) const HUB: &str = env!("CARGO_BIN_EXE_smilepost-hub");
pub(crate) const KIOSK: &str = env!("CARGO_BIN_EXE_smilepost-kiosk");

/// The folder of one test, and the addresses of its hub.
pub(crate) struct Site {
    folder: Place,
    pub(crate) hub: SocketAddr,
    /// Where the shop is.
    pub(crate) zone: Zone,
    /// The command that starts the programs; without one they are started as they are.
    pub(crate) starter: &'static [&'static str],
}

impl Site {
    pub(crate) fn new() -> Self {
        let folder = Place::new();
        let (hub, dashboard) = (free_address(), free_address());
        let text = format!(
            "data_dir = {:?}\nlisten = \"{hub}\"\n{}[dashboard]\nlisten = \"{dashboard}\"\n",
            folder.path().join("hub"),
            engine::lines(folder.path())
        );
        std::fs::write(folder.path().join("hub.toml"), text).unwrap();
        let text = format!(
            "data_dir = {:?}\nallow_volatile = true\n\
             [visit]\nthanks_ms = 0\ncorrection_ms = 0\ninterval_ms = 0\nmisuse_rules = false\n\
             [buttons]\ndriver = \"script\"\nscript = {:?}\n\
             [uplink]\ncoalesce_ms = 0\nfirst_max_ms = 0\nidle_s = 1\nconnect_timeout_ms = 1000\n\
             read_timeout_ms = 2000\ntimeout_ms = 5000\n",
            folder.path().join("kiosk"),
            folder.path().join("buttons"),
        );
        std::fs::write(folder.path().join("kiosk.toml"), text).unwrap();
        let fifo = folder.path().join("buttons");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        Self { folder, hub, zone: noon::zone(), starter: &[] }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a program to its end and returns what it printed.
    pub(crate) fn say(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.run(program, arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a program that must fail, and returns its error message.
    pub(crate) fn fail(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.run(program, arguments);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Output {
        self.run_in(program, arguments, &[])
    }

    /// The same, with these variables in its environment.
    pub(crate) fn run_in(
        &self,
        program: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Output {
        let config = self.path(&format!("{program}.toml"));
        let path = if program == "hub" { HUB } else { KIOSK };
        let mut command = Command::new(path);
        command.args(arguments).arg("--config").arg(config);
        command.envs(environment.iter().copied()).output().unwrap()
    }

    /// Sets up a shop and a kiosk at the hub, and enrols the kiosk there by this address.
    pub(crate) fn acquaint(&self, address: SocketAddr) {
        self.acquaint_at(&format!("http://{address}"));
    }

    /// The same by an address as a person types it.
    pub(crate) fn acquaint_at(&self, address: &str) {
        self.say("hub", &["shop", "add", "Kallio", "--zone", self.zone.name()]);
        let add = ["kiosk", "add", "--shop", "kallio", "--touchpoint", "Checkout 1"];
        let printed = self.say("hub", &add);
        let code = printed.lines().nth(1).unwrap();
        self.say("kiosk", &["enrol", address, code]);
    }

    pub(crate) fn start_hub(&self) -> Process {
        let mut command = self.command(HUB);
        command.arg("serve").arg("--config").arg(self.path("hub.toml"));
        let process = self.start(command, "hub.log");
        wait_until("the hub listens", || TcpStream::connect(self.hub).is_ok());
        process
    }

    /// An open shop: the hub runs, the kiosk is enrolled and has thanked for one press.
    pub(crate) fn open_shop(&self) -> (Process, Process, Buttons) {
        let hub = self.start_hub();
        self.acquaint(self.hub);
        let kiosk = self.start_kiosk();
        let mut buttons = self.buttons();
        buttons.press(5);
        wait_until("the press is thanked", || self.thanks() == 1);
        (hub, kiosk, buttons)
    }

    pub(crate) fn start_kiosk(&self) -> Process {
        let mut command = self.command(KIOSK);
        command.args(["run", "--headless", "--witness"]).arg(self.path("witness"));
        command.arg("--config").arg(self.path("kiosk.toml"));
        self.start(command, "kiosk.log")
    }

    fn command(&self, program: &str) -> Command {
        let mut words = self.starter.iter().copied().chain([program]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words);
        command
    }

    fn start(&self, mut command: Command, log: &str) -> Process {
        let mut options = std::fs::OpenOptions::new();
        let log = options.append(true).create(true).open(self.path(log)).unwrap();
        command.env("SMILEPOST_LOG", "info").stdin(Stdio::null()).stdout(Stdio::null());
        Process(Started::by(command.stderr(log)))
    }

    /// A second device with a copy of the kiosk's card.
    pub(crate) fn copy_of_kiosk(&self) -> Copy<'_> {
        let to = self.path("copy");
        std::fs::create_dir(&to).unwrap();
        for entry in std::fs::read_dir(self.path("kiosk")).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
            }
        }
        let text = std::fs::read_to_string(self.path("kiosk.toml")).unwrap();
        let (kiosk, buttons) = (self.path("kiosk"), self.path("buttons"));
        let text = text.replace(&format!("{kiosk:?}"), &format!("{to:?}"));
        let fifo = self.path("copy-buttons");
        let text = text.replace(&format!("{buttons:?}"), &format!("{fifo:?}"));
        std::fs::write(self.path("copy.toml"), text).unwrap();
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        Copy { site: self, fifo }
    }

    pub(crate) fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The buttons: a line is a press.
    pub(crate) fn buttons(&self) -> Buttons {
        let mut options = std::fs::OpenOptions::new();
        Buttons(options.read(true).write(true).open(self.path("buttons")).unwrap())
    }

    /// The thanked ratings: the face by run and number.
    pub(crate) fn thanked(&self) -> BTreeMap<(String, u32), u8> {
        let text = self.log("witness");
        // Only a line that was never finished can be cut in two by a kill.
        let lines = text.lines().filter(|line| line.split(' ').count() == 4);
        let mut thanked = BTreeMap::new();
        for line in lines {
            let fields: Vec<&str> = line.split(' ').collect();
            let id = (fields[1].to_owned(), fields[2].parse().unwrap());
            let again = thanked.insert(id, fields[3].parse().unwrap());
            assert_eq!(again, None, "thanked twice: {line}");
        }
        thanked
    }

    pub(crate) fn thanks(&self) -> usize {
        let text = std::fs::read(self.path("witness")).unwrap_or_default();
        text.iter().filter(|&&byte| byte == b'\n').count()
    }

    /// The ratings that the hub has: the face by run and number.
    pub(crate) fn archived(&self) -> BTreeMap<(String, u32), u8> {
        let mut archived = BTreeMap::new();
        for line in self.say("hub", &["export", "--format", "jsonl"]).lines() {
            let row: serde_json::Value = serde_json::from_str(line).unwrap();
            let n = u32::try_from(row["n"].as_u64().unwrap()).unwrap();
            let score = u8::try_from(row["score"].as_u64().unwrap()).unwrap();
            let again = archived.insert((row["run"].as_str().unwrap().to_owned(), n), score);
            assert_eq!(again, None, "archived twice: {line}");
        }
        archived
    }
}

/// What the programs said is part of what a failed test says.
impl Drop for Site {
    #[expect(clippy::print_stderr, reason = "a test's own is shown where the test fails only")]
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for name in ["hub.log", "kiosk.log", "copy.log"] {
            let log = self.log(name);
            let lines: Vec<_> = log.lines().collect();
            let last = lines.get(lines.len().saturating_sub(20)..).unwrap_or_default();
            if !last.is_empty() {
                eprintln!("--- the end of {name}\n{}", last.join("\n"));
            }
        }
    }
}

/// A device with a copy of the kiosk's card.
pub(crate) struct Copy<'a> {
    site: &'a Site,
    fifo: PathBuf,
}

impl Copy<'_> {
    pub(crate) fn start(&self) -> Process {
        let mut command = Command::new(KIOSK);
        command.args(["run", "--headless", "--config"]).arg(self.site.path("copy.toml"));
        self.site.start(command, "copy.log")
    }

    pub(crate) fn buttons(&self) -> Buttons {
        let mut options = std::fs::OpenOptions::new();
        Buttons(options.read(true).write(true).open(&self.fifo).unwrap())
    }
}

/// A running program, which is killed when the test is over.
pub(crate) struct Process(Started);

impl Process {
    /// Kills the program, so that it cannot finish anything.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Sends the program a SIGHUP.
    pub(crate) fn hang_up(&self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    }
}

pub(crate) struct Buttons(std::fs::File);

impl Buttons {
    pub(crate) fn press(&mut self, score: u32) {
        writeln!(self.0, "{score}").unwrap();
    }
}

pub(crate) fn is_enrolled(folder: &Path) -> bool {
    folder.join("enrolment.toml").exists()
}
