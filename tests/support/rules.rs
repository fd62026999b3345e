//! Time-zone rules that no government has made, as a system would have them.

use std::path::{Path, PathBuf};

/// Newer than any release that there is.
pub(crate) const NEWER: &str = "2099a";

/// A folder of rules of a release, in which the zones of these names are so many hours ahead of
/// UTC, for ever.
pub(crate) fn rules(place: &Path, release: &str, zones: &[(&str, i32)]) -> PathBuf {
    let folder = place.join(format!("zoneinfo-{release}"));
    for (name, hours) in zones {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, fixed(*hours)).unwrap();
    }
    std::fs::write(folder.join("tzdata.zi"), format!("# version {release}\n")).unwrap();
    folder
}

/// A zone's file as RFC 9636 wants it: one kind of time, for ever.
fn fixed(hours: i32) -> Vec<u8> {
    let head = |counts: [u32; 6]| {
        let mut head = [&b"TZif2"[..], &[0; 15]].concat();
        head.extend(counts.iter().flat_map(|count| count.to_be_bytes()));
        head
    };
    let mut kind = (hours * 3_600).to_be_bytes().to_vec();
    kind.extend(b"\0\0TST\0");
    let counts = [0, 0, 0, 0, 1, 4];
    let footer = format!("\nTST{}\n", -hours);
    [head(counts), kind.clone(), head(counts), kind, footer.into_bytes()].concat()
}
