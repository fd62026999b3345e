//! What another user of the same machine may try.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::parties::Site;
use crate::wait::wait_until;

/// Every file and folder beneath a folder, with its rights.
fn rights(folder: &Path) -> Vec<(String, bool, u32)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let data = path.symlink_metadata().unwrap();
        let mode = data.permissions().mode() & 0o777;
        found.push((path.to_string_lossy().into_owned(), data.is_dir(), mode));
        if data.is_dir() {
            found.extend(rights(&path));
        }
    }
    found
}

#[test]
fn what_the_programs_make_is_for_their_owner_alone() {
    let site = Site::new();
    let (hub, kiosk, _) = site.open_shop();
    for name in ["hub", "kiosk"] {
        let folder = site.path(name);
        let mode = folder.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "{name}");
        for (path, _, mode) in rights(&folder) {
            // The desk's socket lets the shop manager's group in, as far as its folder does.
            let allowed = if path.ends_with("kiosk.sock") { 0o770 } else { 0o700 };
            assert_eq!(mode & !allowed, 0, "{path}: {mode:o}");
        }
    }
    drop((kiosk, hub));
}

#[test]
fn three_silent_askers_keep_nobody_from_an_answer() {
    let site = Site::new();
    let (hub, kiosk, _) = site.open_shop();
    let mut paths = rights(&site.path("kiosk")).into_iter().map(|(path, ..)| path);
    let socket = paths.find(|path| path.ends_with("kiosk.sock")).unwrap();
    let silent: Vec<_> = (0..3).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    assert!(site.say("kiosk", &["verify"]).contains("holds"));
    drop((silent, hub, kiosk));
}

/// What another program writes to the button script, over and over again, before an honest press.
const TO_THE_SCRIPT: &[(&str, &[u8])] = &[
    ("a line without an end", b"1111111111111111"),
    ("zeros without an end", &[0; 4_096]),
    ("empty lines", b"\n\n\n\n"),
    ("lines that are no press", b"6\n-1\n0\n5 5\n\xff\xfe\n"),
];

/// A line of what the system says of the memory of the program with this file, in KiB.
pub(crate) fn memory_kib(config: &Path, key: &str) -> u64 {
    let processes = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let config = config.to_str().unwrap();
    let mut programs = processes.filter(|process| {
        let line = std::fs::read_to_string(process.join("cmdline")).unwrap_or_default();
        line.split('\0').any(|argument| argument == config)
    });
    let status = std::fs::read_to_string(programs.next().unwrap().join("status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn no_line_of_the_button_script_costs_memory_and_the_next_press_counts() {
    const WRITTEN: usize = 32 * 1_024 * 1_024;
    let site = Site::new();
    let (hub, kiosk, mut buttons) = site.open_shop();
    let config = site.path("kiosk.toml");
    let mut script = File::options().write(true).open(site.path("buttons")).unwrap();
    for ((what, bytes), n) in TO_THE_SCRIPT.iter().zip(2..) {
        // Each refused line is a line of the log.
        let lines = bytes.iter().filter(|&&byte| byte == b'\n').count();
        let times = if lines == 0 { WRITTEN / bytes.len() } else { 100 };
        let before = memory_kib(&config, "VmRSS:");
        (0..times).for_each(|_| script.write_all(bytes).unwrap());
        script.write_all(b"\n").unwrap();
        buttons.press(5);
        wait_until(&format!("{what}: the press is thanked"), || site.thanks() == n);
        let more = memory_kib(&config, "VmHWM:").saturating_sub(before);
        assert!(more < 8 * 1_024, "{what}: {more} KiB more");
    }
    drop((hub, kiosk));
}
