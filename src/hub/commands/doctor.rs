//! The checks of `smilepost-hub doctor`: what works, what does not and how to cure it.
//!
//! Nothing is called fine that was not seen to work, and each check ends in time.

mod certificate;
mod replica;
mod way;
mod zones;

use std::path::Path;

use self::certificate::Named;
use self::way::Public;
use crate::carried::seal::{HubKeys, KEYS_FILE};
use crate::escape::chain;
use crate::feedback::moment::{DAY_MS, HOUR_MS};
use crate::file;
use crate::finding::{Finding, fine, note, wrong};
use crate::hub::archive::postgres::ArchiveAddress;
use crate::hub::archive::sqlite::FILE;
use crate::hub::archive::sqlite::look::{Look, is_older, look};
use crate::hub::archive::sqlite::part;
use crate::hub::archive::{self, Archive, ArchiveSettings};
use crate::hub::settings::{MIB, Settings};

pub use self::zones::zones;

/// The file of the time of the last backup in the data folder.
const BACKED_UP_FILE: &str = "hub.backed-up";

/// With less free space than this, in mebibytes, the disk is about to be full.
const ROOM_MIB_MIN: u64 = 512;

/// A kiosk that has not delivered for so long is named, in milliseconds: a day.
const SILENT_MS: i64 = DAY_MS;

/// A backup that is older than this is named, in hours: a week.
const BACKUP_HOURS_MAX: i64 = 7 * 24;

/// What the doctor cannot see by itself.
pub struct Seen {
    /// The time, in milliseconds since 1970 UTC.
    pub now_ms: i64,
    /// Whether a time service vouches for it.
    pub is_vouched: bool,
    /// Whether it can be right at all.
    pub is_possible: bool,
    /// How many bytes are free for the archive.
    pub free_bytes: Option<u64>,
}

/// Checks everything but what is in the archive, which is read for as long as `goes_on` says so.
/// With the `address` that kiosks come by, that is tried too.
pub async fn examine(
    settings: &Settings,
    seen: &Seen,
    address: Option<&str>,
    goes_on: impl Fn() -> bool + Send + 'static,
) -> Vec<Finding> {
    let at = &settings.archive;
    let mut findings = vec![data(&settings.data_dir)];
    findings.extend(leftovers(&settings.data_dir));
    findings.push(match &at.postgres {
        Some(address) => in_postgres(&settings.data_dir, at, address).await,
        None => archive(&settings.data_dir, goes_on),
    });
    findings.extend(replica::replica(&settings.data_dir, at).await);
    findings.extend(seen.free_bytes.map(room));
    findings.push(keys(&settings.data_dir));
    findings.push(time(seen));
    let public = address.map(Public::read);
    let has_proxy = !settings.proxies.trusted.is_empty();
    let names = settings.dashboard_names.iter();
    let mut named: Vec<Named<'_>> = names
        .map(|name| Named {
            name,
            key: "dashboard.names",
            is_by_proxy: has_proxy || settings.dashboard.ip().is_loopback(),
        })
        .collect();
    if let Some(Ok(public)) = &public {
        named.push(Named {
            name: &public.host,
            key: "the address that kiosks come by",
            is_by_proxy: has_proxy || settings.listen.ip().is_loopback(),
        });
    }
    let now_ms = Some(seen.now_ms).filter(|_| seen.is_possible);
    let mut chain = None;
    if let Some(files) = &settings.tls {
        let (found, shown) = certificate::check(files, &named, now_ms);
        findings.extend(found);
        chain = shown;
    }
    findings.extend(way::listeners(settings, chain.as_ref()).await);
    findings.push(match public {
        None => way::unseen(settings),
        Some(Err(finding)) => finding,
        Some(Ok(public)) => way::public(&public, seen.now_ms).await,
    });
    if at.postgres.is_none() {
        findings.push(backup(&settings.data_dir, seen.now_ms));
    }
    findings
}

/// Notes the time of a backup, for the doctor.
///
/// # Errors
/// When it cannot be written.
pub fn note_backup(data_dir: &Path, now_ms: i64) -> std::io::Result<()> {
    file::write(&data_dir.join(BACKED_UP_FILE), now_ms.to_string().as_bytes())
}

/// Whether there is an archive that can be asked, as far as can be seen from here. A file that an
/// older version has written would first have to be changed.
#[must_use]
pub fn has_archive(settings: &Settings) -> bool {
    let data_dir = &settings.data_dir;
    let is_in_file = || data_dir.join(FILE).try_exists().unwrap_or(false) && !is_older(data_dir);
    settings.archive.postgres.is_some() || is_in_file()
}

/// What is said of an archive that cannot be opened or asked.
#[must_use]
pub fn unreadable(error: &archive::Error) -> Finding {
    let why = chain(error);
    wrong(format!("kiosks: the archive does not say how they are ({why}): see the archive's line"))
}

/// How each kiosk is, by its last delivery.
pub async fn kiosks(archive: &Archive, now_ms: i64) -> Vec<Finding> {
    let (mut heard, mut findings) = (0, Vec::new());
    let kiosks = match archive.kiosks().await {
        Ok(kiosks) => kiosks,
        Err(error) => return vec![unreadable(&error)],
    };
    for status in kiosks {
        if status.is_retired(now_ms) {
            continue;
        }
        let id = &status.kiosk.id;
        match status.last_contact_ms {
            _ if !status.is_enrolled => findings.push(note(format!(
                "kiosk {id}: not enrolled: type the code of `smilepost-hub kiosk code {id}` there"
            ))),
            None => findings.push(note(format!(
                "kiosk {id}: enrolled, and has delivered nothing yet: `smilepost-kiosk doctor` \
                 there"
            ))),
            Some(at_ms) if now_ms - at_ms > SILENT_MS => findings.push(wrong(format!(
                "kiosk {id}: its last delivery was {} hours ago: `smilepost-kiosk doctor` there",
                (now_ms - at_ms) / HOUR_MS
            ))),
            Some(_) => heard += 1,
        }
        if let Some(why) = &status.survey_complaint {
            findings.push(wrong(format!("kiosk {id}: does not ask its survey: {why}")));
        }
        if status.is_cloned {
            findings.push(wrong(format!(
                "kiosk {id}: two devices use its token: `smilepost-hub kiosk revoke {id}`, then \
                 enrol the right one again"
            )));
        }
    }
    if heard > 0 {
        findings.push(fine(format!("kiosks: {heard} have delivered within a day")));
    }
    findings
}

fn data(folder: &Path) -> Finding {
    let probe = folder.join("hub.try");
    let tried = file::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe));
    let folder = folder.display();
    match tried {
        Ok(()) => fine(format!("data folder: {folder} can be written")),
        Err(error) => wrong(format!(
            "data folder: {folder} cannot be written ({error}): free space, give the folder to the \
             hub's user (`sudo chown -R smilepost-hub: {folder}`), or change data_dir"
        )),
    }
}

/// Deletes what backups that were killed have left.
fn leftovers(folder: &Path) -> Option<Finding> {
    let left = part::sweep(folder).ok().filter(|left| !left.is_empty())?;
    let (count, folder) = (left.len(), folder.display());
    Some(fine(format!(
        "data folder: what backups that were killed had left in {folder} is deleted ({count})"
    )))
}

/// Connects to the archive's database, as the hub does when it starts.
async fn in_postgres(data_dir: &Path, at: &ArchiveSettings, address: &ArchiveAddress) -> Finding {
    match Archive::open(data_dir, at).await {
        Ok(archive) => {
            archive.close().await;
            fine(format!("archive: in PostgreSQL, {}", address.shown()))
        }
        Err(error) => wrong(format!("archive: {}", chain(&error))),
    }
}

fn archive(folder: &Path, goes_on: impl Fn() -> bool + Send + 'static) -> Finding {
    match look(folder, goes_on) {
        Look::Missing => note(format!(
            "archive: there is none in {} yet: start the hub once, or check data_dir",
            folder.display()
        )),
        Look::Sound(bytes) => {
            fine(format!("archive: all of its {} MiB were read and are sound", bytes / MIB))
        }
        Look::Long(bytes) => note(format!(
            "archive: {} MiB take too long to be read whole here; `smilepost-hub backup` reads and \
             checks all of it",
            bytes / MIB
        )),
        Look::Older(bytes) => note(format!(
            "archive: all of its {0} MiB were read and are sound, and an older version has written \
             it: the hub changes its form when it starts next, which takes about {0} MiB of free \
             space; its kiosks are not looked at before",
            bytes.div_ceil(MIB)
        )),
        Look::Unusable(why) => wrong(format!("archive: {why}")),
    }
}

fn room(bytes: u64) -> Finding {
    match bytes / MIB {
        mib @ ROOM_MIB_MIN.. => fine(format!("space: {mib} MiB are free")),
        mib => wrong(format!("space: only {mib} MiB are free: make room, or use a larger disk")),
    }
}

fn keys(folder: &Path) -> Finding {
    let file = folder.join(KEYS_FILE);
    match file.try_exists() {
        Ok(false) => note("keys: none yet; the hub makes them at its first start"),
        Err(error) => wrong(format!("keys: {} cannot be read: {error}", file.display())),
        Ok(true) => match HubKeys::read_or_make(folder) {
            Ok(_) => fine("keys: valid; keep a backup of them with the archive"),
            Err(error) => wrong(format!(
                "keys: {} cannot be used ({error}): restore it from a backup; without it no \
                 delivery on a stick can be opened",
                file.display()
            )),
        },
    }
}

fn time(seen: &Seen) -> Finding {
    match (seen.is_possible, seen.is_vouched) {
        (true, true) => fine("clock: a time service has set it"),
        (true, false) => wrong(
            "clock: no time service vouches for it, and kiosks take their time from it: \
             `sudo timedatectl set-ntp true`",
        ),
        (false, _) => wrong("clock: wrong: `sudo timedatectl set-ntp true`"),
    }
}

fn backup(folder: &Path, now_ms: i64) -> Finding {
    let noted = std::fs::read_to_string(folder.join(BACKED_UP_FILE)).ok();
    let at_ms = noted.and_then(|text| text.trim().parse::<i64>().ok());
    let cure = "`smilepost-hub backup FILE`, every night by a timer";
    match at_ms.map(|at_ms| (now_ms - at_ms) / HOUR_MS) {
        None => note(format!("backup: none is known of: {cure}")),
        Some(hours) if hours > BACKUP_HOURS_MAX => {
            wrong(format!("backup: the last one is {} days old: {cure}", hours / 24))
        }
        Some(hours) => fine(format!("backup: the last one was made {hours} hours ago")),
    }
}
