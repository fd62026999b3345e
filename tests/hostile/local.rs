//! What another user of the same machine may try.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::parties::Site;

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
