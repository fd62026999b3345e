//! Checks whether the books hold: every event that was taken is settled, waiting, set aside, or
//! reported as lost, and every one that waits is there and whole.
//!
//! The books are not trusted: all rows are read, and their checksums compared, a page at a time.

use std::collections::BTreeMap;

use crate::escape::chain;
use crate::feedback::event::{Event, Loss, Stretches};
use crate::feedback::misuse::Silence;
use crate::feedback::rating::RunId;
use crate::kiosk::desk::counts::error::Unanswerable;
use crate::kiosk::former::FormerPlace;
use crate::kiosk::journal::{Audit, Books, JournalSource, RunBooks, State};
use crate::kiosk::settings::Holder;
use crate::wire::local::{FormerSums, RunSums, SetAside, Sums, Verified};

/// How many of the newest runs are listed although nothing of them is open.
const RUNS_LISTED_MAX: usize = 10;

/// How many set-aside events are listed.
const ASIDE_LISTED_MAX: usize = 100;

/// What is said while there is more than the books say.
const SALVAGING: &str =
    "a damaged journal is still being salvaged; ask again when the kiosk has run";

/// Reads everything and compares it with the books.
///
/// # Errors
/// When the journal cannot be read.
pub fn verify(source: &JournalSource) -> Result<Verified, Unanswerable> {
    let before = source.audit()?;
    let mut read = Read::default();
    source.each_row::<Unanswerable>(|kept| {
        read.rows += 1;
        match &kept.entry {
            Ok(entry) => {
                read.seen.entry(entry.id.run).or_default().add(entry.id.n);
                if let Some(rated) = entry.event.rated() {
                    read.silence.take(rated.score, rated.input);
                }
                read.unknown_losses += u64::from(entry.event == Event::Lost(Loss::Unknown));
            }
            Err(id) if kept.is_newer => read.seen.entry(id.run).or_default().add(id.n),
            // A damaged row that waits counts as missing.
            Err(_) if kept.state == State::Waiting => {}
            Err(_) => read.damaged_settled += 1,
        }
        Ok(())
    })?;
    // Events are settled while they are read, so only what waited before and after must be there.
    Ok(compare(&before.runs, source.audit()?, read))
}

/// As [`verify`], with the journals of former places. The present place may have none yet. A former
/// journal that cannot be read is named, and then not everything holds.
///
/// # Errors
/// When the present journal cannot be read, or the kiosk is ending.
pub fn verify_all(
    source: Option<&JournalSource>,
    former: &[FormerPlace],
) -> Result<Verified, Unanswerable> {
    let nothing = Verified { holds: true, ..Verified::default() };
    let mut verified = source.map(verify).transpose()?.unwrap_or(nothing);
    for place in former {
        let of_place = place.source().map_err(Unanswerable::from).and_then(verify);
        let (of_place, why) = readable(of_place)?;
        let of_place = of_place.unwrap_or_default();
        let sums = sums_of(place, of_place.total, why);
        let whose = match &place.former.holder {
            Holder::Trial => "of a trial".to_owned(),
            Holder::Place(place) => format!("of {}", place.kiosk),
            Holder::Unknown(_) => format!("number {}", place.former.number),
        };
        verified.holds &= of_place.holds && sums.holds() && sums.unread.is_none();
        verified.complaints.extend(sums.unread.clone());
        let complaints = of_place.complaints.iter();
        verified.complaints.extend(complaints.map(|said| format!("journal {whose}: {said}")));
        let bad = of_place.bad_files.iter();
        verified.bad_files.extend(bad.map(|file| format!("journal {whose}: {file}")));
        verified.unknown_losses += of_place.unknown_losses;
        verified.set_aside.extend(of_place.set_aside);
        verified.rows += of_place.rows;
        verified.former.push(sums);
    }
    Ok(verified)
}

/// What the books say without a look at the rows: how much there is, and for whom it waits. It
/// holds unless a former journal cannot be read, or one is still being salvaged, so that there is
/// more than the books say; only where the present one is, there is a complaint.
///
/// # Errors
/// When the present journal cannot be read, or the kiosk is ending.
pub fn look_up(
    source: Option<&JournalSource>,
    former: &[FormerPlace],
) -> Result<Verified, Unanswerable> {
    let total = |source: &JournalSource| -> Result<(Sums, bool), Unanswerable> {
        let Books { taken, settled, waiting, set_aside, lost, .. } = source.books_now()?;
        let is_salvaging = source.audit()?.is_salvaging;
        Ok((Sums { taken, settled, waiting, set_aside, lost }, is_salvaging))
    };
    let (present, is_salvaging) = source.map(total).transpose()?.unwrap_or_default();
    let complaints = is_salvaging.then(|| SALVAGING.to_owned()).into_iter().collect();
    let mut told =
        Verified { holds: !is_salvaging, total: present, complaints, ..Verified::default() };
    for place in former {
        let (found, why) = readable(place.source().map_err(Unanswerable::from).and_then(total))?;
        let (sums, is_salvaging) = found.unwrap_or_default();
        let sums = sums_of(place, sums, why);
        told.holds &= !is_salvaging && sums.unread.is_none();
        told.former.push(sums);
    }
    Ok(told)
}

/// What was read, or why it cannot be; a kiosk that is ending has no answer to either.
fn readable<T>(read: Result<T, Unanswerable>) -> Result<(Option<T>, Option<String>), Unanswerable> {
    match read {
        Ok(read) => Ok((Some(read), None)),
        Err(gone @ Unanswerable::Gone(_)) => Err(gone),
        Err(error) => Ok((None, Some(chain(&error)))),
    }
}

/// The terms of a former journal, and why it cannot be read, if it cannot: what waits there may be
/// given up, or have been a trial.
fn sums_of(place: &FormerPlace, total: Sums, why: Option<String>) -> FormerSums {
    let FormerPlace { former, folder, .. } = place;
    let mut sums = FormerSums { sums: total, ..FormerSums::default() };
    if let Some(place) = former.place() {
        (sums.kiosk, sums.hub) = (Some(place.kiosk.clone()), Some(place.hub.clone()));
    }
    let waiting = &mut sums.sums.waiting;
    match &former.holder {
        Holder::Trial => sums.trial = std::mem::take(waiting),
        _ if former.is_given_up => sums.given_up = std::mem::take(waiting),
        Holder::Place(_) | Holder::Unknown(_) => {}
    }
    sums.unread = match (&former.holder, why) {
        (_, Some(why)) => Some(format!("the journal of {} cannot be read: {why}", former.whose())),
        (Holder::Unknown(why), None) => Some(format!(
            "nobody can tell whose the journal in {} is, and what waits in it stays there: {why}",
            folder.display()
        )),
        (Holder::Trial | Holder::Place(_), None) => None,
    };
    sums
}

/// Has the events that are set aside sent again; returns their number.
///
/// # Errors
/// When the journal cannot be written.
pub fn retry(source: &JournalSource) -> Result<u64, Unanswerable> {
    Ok(match source {
        JournalSource::Running(journal) => journal.retry()??,
        JournalSource::File(journal) => journal.borrow_mut().retry()?,
    })
}

/// As [`retry`], with the journals of former places that are still owed something; what they hold
/// is sent after the next start. What was a trial or given up is sent to nobody, and so not again.
///
/// # Errors
/// When a journal cannot be written; one of a former place is named, after the others were tried.
pub fn retry_all(
    source: Option<&JournalSource>,
    former: &[FormerPlace],
) -> Result<u64, Unanswerable> {
    let mut again = source.map(retry).transpose()?.unwrap_or(0);
    let mut unread = Vec::new();
    for place in former.iter().filter(|place| place.is_owed()) {
        let (of_place, why) = readable(place.source().map_err(Unanswerable::from).and_then(retry))?;
        again += of_place.unwrap_or(0);
        unread.extend(why.map(|why| format!("{}: {why}", place.former.whose())));
    }
    if unread.is_empty() { Ok(again) } else { Err(Unanswerable::Former(unread)) }
}

/// What was found in the rows.
#[derive(Default)]
struct Read {
    rows: u64,
    seen: BTreeMap<RunId, Stretches>,
    damaged_settled: u64,
    unknown_losses: u64,
    silence: Silence,
}

fn compare(before: &[RunBooks], after: Audit, mut read: Read) -> Verified {
    let Audit { runs: after, bad_files, is_salvaging } = after;
    let mut verified = Verified {
        rows: read.rows,
        bad_files,
        unknown_losses: read.unknown_losses,
        runs_in_all: u64::try_from(after.len()).unwrap_or(u64::MAX),
        ..Verified::default()
    };
    let taken: BTreeMap<RunId, u32> = before.iter().map(|run| (run.run, run.taken)).collect();
    for (from_newest, run) in (0..after.len()).rev().zip(&after) {
        let sums = sums(run);
        verified.total = add(verified.total, sums);
        let seen = read.seen.remove(&run.run).unwrap_or_default();
        let missing = run.missing(taken.get(&run.run).copied().unwrap_or(0), seen.list());
        for (first, last) in &missing {
            let id = run.run;
            verified
                .complaints
                .push(format!("run {id}: events {first} to {last} wait and are missing"));
        }
        if !sums.holds() {
            verified.complaints.push(format!("run {}: the terms do not add up", run.run));
        }
        let is_open = sums.waiting + sums.set_aside + sums.lost > 0;
        if is_open || !missing.is_empty() || from_newest < RUNS_LISTED_MAX {
            verified.runs.push(RunSums { run: run.run.to_string(), sums });
        }
        for (n, reason) in &run.set_aside {
            if verified.set_aside.len() < ASIDE_LISTED_MAX {
                let (run, reason) = (run.run.to_string(), reason.clone());
                verified.set_aside.push(SetAside { run, n: *n, reason });
            }
        }
    }
    for run in read.seen.keys() {
        verified.complaints.push(format!("run {run} has rows and is not in the books"));
    }
    verified.holds = verified.total.holds() && !is_salvaging && verified.complaints.is_empty();
    // Damaged rows that were confirmed or reported lost cost nothing more, but are mentioned.
    if read.damaged_settled > 0 {
        let count = read.damaged_settled;
        verified.complaints.push(format!(
            "{count} rows that head office has confirmed, or that were reported lost, are damaged \
             here"
        ));
    }
    if is_salvaging {
        verified.complaints.push(SALVAGING.to_owned());
    }
    verified
}

/// The terms of a run, by the books.
fn sums(run: &RunBooks) -> Sums {
    let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let length = |(first, last): &(u32, u32)| u64::from(last - first) + 1;
    let below = |n: u32| n <= run.settled;
    let aside_below = count(run.set_aside.iter().filter(|(n, _)| below(*n)).count());
    let aside = count(run.set_aside.len());
    let again_below = count(run.again.iter().filter(|n| below(**n)).count());
    let lost_below: u64 = run.lost.iter().filter(|(_, last)| below(*last)).map(length).sum();
    let lost: u64 = run.lost.iter().map(length).sum();
    let settled = u64::from(run.settled).saturating_sub(aside_below + again_below + lost_below);
    let ahead = u64::from(run.taken.saturating_sub(run.settled)) + again_below;
    let waiting = ahead.saturating_sub(aside - aside_below + lost - lost_below);
    Sums { taken: u64::from(run.taken), settled, waiting, set_aside: aside, lost }
}

const fn add(one: Sums, other: Sums) -> Sums {
    Sums {
        taken: one.taken + other.taken,
        settled: one.settled + other.settled,
        waiting: one.waiting + other.waiting,
        set_aside: one.set_aside + other.set_aside,
        lost: one.lost + other.lost,
    }
}
