//! Tests of root by accident: what somebody does with `sudo` and without `-u` leaves nothing that
//! the services cannot use, and what is closed is never said to be missing.

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::parties::{HUB, KIOSK, Site};
use crate::wait::wait_until;

/// A user without a name; without root the tests can only be themselves.
fn service() -> u32 {
    if is_root() { 4_321 } else { rustix::process::geteuid().as_raw() }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A site of which everything belongs to the services' user, with programs that this user reaches.
struct House {
    site: Site,
    service: u32,
}

impl House {
    fn new() -> Self {
        let (site, service) = (Site::new(), service());
        for (name, program) in [("bin-hub", HUB), ("bin-kiosk", KIOSK)] {
            let to = site.path(name);
            std::fs::hard_link(program, &to)
                .or_else(|_| std::fs::copy(program, &to).map(drop))
                .unwrap();
        }
        for folder in ["hub", "kiosk"] {
            std::fs::create_dir(site.path(folder)).unwrap();
        }
        for name in ["", "hub", "kiosk", "buttons"] {
            let path = site.path(name);
            if is_root() {
                chown(&path, Some(service), Some(service)).unwrap();
            }
        }
        Self { site, service }
    }

    /// A command of a program, given by whoever runs the tests: root, if it can be.
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.site.path(&format!("bin-{program}")));
        command.args(arguments).arg("--config").arg(self.site.path(&format!("{program}.toml")));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn say(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.command(program, arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", complaint(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn say_with(&self, program: &str, arguments: &[&str], line: &str) {
        let mut child = self.command(program, arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", complaint(&output));
    }

    /// The program as the service runs it.
    fn serve(&self, program: &str, arguments: &[&str]) -> Service {
        let mut command = self.command(program, arguments);
        if is_root() {
            command.uid(self.service).gid(self.service);
        }
        Service(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// A kiosk that runs as its user thanks for one press more.
    fn press(&self) {
        let before = self.site.thanks();
        let witness = self.site.path("witness");
        let arguments = ["run", "--headless", "--witness", witness.to_str().unwrap()];
        let _kiosk = self.serve("kiosk", &arguments);
        // What is written into a FIFO that nobody holds open is lost.
        let mut buttons = self.site.buttons();
        buttons.press(4);
        wait_until("the service thanks", || self.site.thanks() == before + 1);
    }

    /// Everything in the data folders that is not the services' user's.
    fn strange(&self) -> Vec<PathBuf> {
        let mut strange = Vec::new();
        let mut folders = vec![self.site.path("hub"), self.site.path("kiosk")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let data = std::fs::symlink_metadata(&path).unwrap();
                if data.is_dir() {
                    folders.push(path.clone());
                }
                if data.uid() != self.service {
                    strange.push(path);
                }
            }
        }
        strange
    }
}

struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.0.wait();
    }
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn whatever_root_does_by_accident_the_services_can_use() {
    let house = House::new();
    let path = |name: &str| text(&house.site.path(name));
    house.say("hub", &["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
    house.say("hub", &["kiosk", "add", "--shop", "kallio", "--touchpoint", "Checkout 1"]);
    house.say_with("hub", &["shop", "pin", "kallio"], "1357\n");
    house.say("hub", &["kiosk", "letter", "kallio-checkout-1", &path("letter")]);
    house.say("hub", &["backup", &path("hub/night.backup")]);
    house.say("hub", &["backup", &path("elsewhere.backup")]);
    house.say("hub", &["reconcile"]);
    house.say("kiosk", &["enrol", "--letter", &path("letter")]);
    house.say_with("kiosk", &["pin", "set"], "2580\n");
    assert_eq!(house.strange(), Vec::<PathBuf>::new());
    // The services start on it; between two runs of the kiosk, root opens the journal itself.
    house.press();
    std::fs::create_dir(house.site.path("stick")).unwrap();
    house.say("kiosk", &["carry", &path("stick")]);
    for tool in [&["summary"][..], &["verify"], &["export"], &["retry"]] {
        house.say("kiosk", tool);
    }
    let _ = house.command("kiosk", &["doctor"]).output().unwrap();
    assert_eq!(house.strange(), Vec::<PathBuf>::new());
    let imported = house.say("hub", &["import", &path("stick")]);
    assert!(imported.contains("new events"), "{imported}");
    assert_eq!(house.strange(), Vec::<PathBuf>::new());
    house.press();
    let _hub = house.serve("hub", &["serve"]);
    wait_until("the hub listens", || std::net::TcpStream::connect(house.site.hub).is_ok());
    // A running hub's files are used by root too, and nothing is left behind.
    house.say("hub", &["shop", "add", "Vantaa", "--zone", "Europe/Helsinki"]);
    house.say("hub", &["backup", &path("second.backup")]);
    assert_eq!(house.strange(), Vec::<PathBuf>::new());
}

#[test]
fn what_a_post_leaves_behind_when_it_moves_is_the_services_too() {
    let house = House::new();
    let path = |name: &str| text(&house.site.path(name));
    house.say("hub", &["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
    for (touchpoint, kiosk) in [("One", "kallio-one"), ("Two", "kallio-two")] {
        house.say("hub", &["kiosk", "add", "--shop", "kallio", "--touchpoint", touchpoint]);
        house.say("hub", &["kiosk", "letter", kiosk, &path(kiosk)]);
    }
    house.say("hub", &["shop", "set", "kallio", "--name", "Kallio 2", "--always"]);
    house.press();
    house.say("kiosk", &["enrol", "--letter", &path("kallio-one"), "--before", "keep"]);
    house.press();
    house.say("kiosk", &["enrol", "--letter", &path("kallio-two")]);
    assert_eq!(house.strange(), Vec::<PathBuf>::new());
    house.press();
    house.say("kiosk", &["summary", "--all", "--exact"]);
    house.say("kiosk", &["export", "--all"]);
    house.say("kiosk", &["give-up", "kallio-one"]);
    house.say("hub", &["kiosk", "retire", "kallio-one"]);
    house.say("hub", &["shop", "close", "kallio"]);
    assert_eq!(house.strange(), Vec::<PathBuf>::new());
    house.press();
    house.say("kiosk", &["reset", "--give-up"]);
    house.press();
    assert_eq!(house.strange(), Vec::<PathBuf>::new());
}

#[test]
fn a_restored_archive_is_the_services_own() {
    let house = House::new();
    let backup = text(&house.site.path("x.backup"));
    house.say("hub", &["shop", "add", "Kallio", "--zone", "Europe/Helsinki"]);
    house.say("hub", &["backup", &backup]);
    if is_root() {
        // As it lies on a stick or in root's home: the service's user cannot read it.
        chown(&backup, Some(0), Some(0)).unwrap();
    }
    for entry in std::fs::read_dir(house.site.path("hub")).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    house.say("hub", &["restore", &backup]);
    assert_eq!(house.strange(), Vec::<PathBuf>::new());
    assert!(house.say("hub", &["shop", "list"]).contains("kallio"));
}

#[test]
fn a_kiosk_does_not_run_as_root_beside_its_own_user() {
    let house = House::new();
    if is_root() {
        let output = house.command("kiosk", &["run", "--headless"]).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(complaint(&output).contains("sudo systemctl start smilepost-kiosk"));
    }
    assert_eq!(house.strange(), Vec::<PathBuf>::new());
}

#[test]
fn what_is_closed_is_never_said_to_be_missing() {
    let house = House::new();
    house.say("hub", &["shop", "list"]);
    house.press();
    let close = |name: &str| {
        let path = house.site.path(name);
        let closed = std::fs::Permissions::from_mode(0o000);
        std::fs::set_permissions(&path, closed).unwrap();
        // Only root may read what is closed to its owner.
        if is_root() {
            chown(&path, Some(0), Some(0)).unwrap();
        }
    };
    let as_service = |program: &str, arguments: &[&str]| {
        let mut command = house.command(program, arguments);
        if is_root() {
            command.uid(house.service).gid(house.service);
        }
        let output = command.output().unwrap();
        assert!(matches!(output.status.code(), Some(1 | 2)), "{output:?}");
        let said = complaint(&output);
        for wrong in ["no journal", "is not there", "no archive", "is missing"] {
            assert!(!said.contains(wrong), "{said}");
        }
        said
    };
    let is_named = |said: &str, file: &str| {
        let file = text(&house.site.path(file));
        assert!(said.contains(&file) && said.contains("`sudo ch"), "{said}");
    };
    close("kiosk/journal.sqlite");
    is_named(&as_service("kiosk", &["summary"]), "kiosk/journal.sqlite");
    close("hub/hub.sqlite");
    is_named(&as_service("hub", &["backup", "/tmp/no-backup"]), "hub/hub.sqlite");
    is_named(&as_service("hub", &["serve"]), "hub/hub.sqlite");
    close("kiosk");
    is_named(&as_service("kiosk", &["verify"]), "kiosk");
    close("kiosk.toml");
    let said = as_service("kiosk", &["verify"]);
    assert!(said.contains("may not be read by"), "{said}");
}
