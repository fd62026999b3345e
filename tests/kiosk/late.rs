//! Tests of what comes only after the kiosk was started: buttons, the tools' socket, a display.

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::program::{Kiosk, PROGRAM, ask, configure, lines};
use crate::started::Started;
use crate::wait::wait_until;

fn doctor(config: &str) -> String {
    String::from_utf8(ask(&["doctor", "--config", config]).stdout).unwrap()
}

/// A kiosk whose buttons are pressed through this FIFO.
fn with_fifo(folder: &Path, fifo: &Path) -> String {
    let config = configure(folder, "");
    let text = std::fs::read_to_string(&config).unwrap();
    let script = format!("script = {fifo:?}");
    std::fs::write(&config, text.replace("script = \"-\"", &script)).unwrap();
    config
}

fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn buttons_that_come_late_are_read_and_until_then_said_to_be_away() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("buttons");
    let config = with_fifo(folder.path(), &fifo);
    let kiosk = Kiosk::start(&config);
    wait_until("they are said to be away", || {
        doctor(&config).contains("WRONG buttons: the kiosk runs without them: ")
    });
    make_fifo(&fifo);
    wait_until("they are there", || doctor(&config).contains("fine  buttons: "));
    std::fs::write(&fifo, "4\n").unwrap();
    let thanked = kiosk.thanks("a press of a late button is thanked");
    assert!(thanked.ends_with(" 1 4"), "{thanked}");
    kiosk.stop();
}

#[test]
fn the_tools_reach_a_kiosk_whose_socket_had_no_folder_at_first() {
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path(), "");
    let run = folder.path().join("run");
    let text = std::fs::read_to_string(&config).unwrap();
    let runtime_dir = run.join("smilepost");
    std::fs::write(&config, format!("runtime_dir = {runtime_dir:?}\n{text}")).unwrap();
    // Something else is in the way.
    std::fs::write(&run, "").unwrap();
    let mut kiosk = Kiosk::start(&config);
    kiosk.press("4");
    let said = ask(&["summary", "--config", &config]);
    assert!(!said.status.success(), "{said:?}");
    std::fs::remove_file(&run).unwrap();
    wait_until("the socket is there", || doctor(&config).contains("fine  kiosk: it runs"));
    let said = ask(&["summary", "--config", &config, "--exact"]);
    assert!(said.status.success(), "{said:?}");
    assert!(!doctor(&config).contains("WRONG socket"));
    kiosk.stop();
}

#[test]
fn a_display_that_comes_late_has_the_kiosk_start_again_to_use_it() {
    let folder = tempfile::tempdir().unwrap();
    let (fifo, display) = (folder.path().join("buttons"), folder.path().join("wayland-7"));
    make_fifo(&fifo);
    let config = with_fifo(folder.path(), &fifo);
    let mut command = Command::new(PROGRAM);
    command.args(["run", "--config", &config, "--witness", "-"]);
    command.env_remove("DISPLAY").env_remove("WAYLAND_SOCKET").env("WAYLAND_DISPLAY", &display);
    let mut kiosk = Started::by(command.stdout(Stdio::piped()));
    let thanks = lines(kiosk.stdout.take().unwrap());
    // With buttons it takes ratings without a screen.
    let mut said = String::new();
    wait_until("it runs without a screen", || {
        said = doctor(&config);
        said.contains("WRONG screen: the kiosk runs without one: ")
    });
    std::fs::write(&fifo, "5\n").unwrap();
    assert!(thanks.recv().unwrap().ends_with(" 1 5"));
    assert!(kiosk.try_wait().unwrap().is_none(), "{said}");
    let _display = UnixListener::bind(&display).unwrap();
    // The service starts it again.
    assert!(kiosk.wait().unwrap().success());
}
