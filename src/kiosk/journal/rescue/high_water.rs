//! The high-water mark: the highest number of each recent run, kept outside the database.
//!
//! One flipped bit in a WAL file makes SQLite drop every commit after it, and say that all is well.
//! So the numbers that the last runs had reached are kept in a small file beside it: two slots of
//! 512 bytes, written in turn, each with a checksum, so that a power cut can spoil only the one
//! that is being written.
//!
//! It is written when a run begins, with every [`EVERY`]th event, and when the kiosk ends well; a
//! flush for each rating would double what a rating costs the card. So it notices whenever a whole
//! run or more than [`EVERY`] events of the last one are gone, and may not notice fewer. What is
//! gone from the middle of a run is noticed by the gap, without it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::feedback::rating::RunId;

/// The mark's file name in the data folder.
pub(in crate::kiosk::journal) const FILE: &str = "journal.mark";

/// How many events may be taken until the mark is written again.
pub(in crate::kiosk::journal) const EVERY: u32 = 32;

/// How many runs it remembers, the newest first.
pub(in crate::kiosk::journal) const RUNS_MAX: usize = 20;

const SLOT_BYTES: usize = 512;
const MAGIC: &[u8; 4] = b"SMK1";
/// Magic, running number, count of runs.
const HEAD_BYTES: usize = 4 + 8 + 1;
const RUN_BYTES: usize = 16 + 4 + 4;

/// The numbers that a run had reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kiosk::journal) struct Reached {
    pub(in crate::kiosk::journal) run: RunId,
    /// The highest number given out.
    pub(in crate::kiosk::journal) taken: u32,
    /// The number up to which all are settled.
    pub(in crate::kiosk::journal) settled: u32,
}

/// What the mark says, and where to write it next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::kiosk::journal) struct Mark {
    pub(in crate::kiosk::journal) runs: Vec<Reached>,
    number: u64,
}

impl Mark {
    /// Reads the better of the two slots; none when there is no file, or nothing whole in it.
    pub(in crate::kiosk::journal) fn read(file: &Path) -> Option<Self> {
        let bytes = std::fs::read(file).ok()?;
        bytes.chunks(SLOT_BYTES).filter_map(decode).max_by_key(|mark| mark.number)
    }

    /// Writes what is known now into the slot that is not the last one, and flushes it.
    pub(in crate::kiosk::journal) fn write(
        &mut self,
        folder: &Path,
        runs: &[Reached],
    ) -> io::Result<()> {
        let number = self.number + 1;
        let runs: Vec<_> = runs.iter().take(RUNS_MAX).copied().collect();
        let mut options = File::options();
        let file = options.write(true).create(true).truncate(false).open(folder.join(FILE))?;
        let offset = number % 2 * u64::try_from(SLOT_BYTES).unwrap_or(512);
        file.write_all_at(&encode(number, &runs), offset)?;
        file.sync_data()?;
        *self = Self { runs, number };
        Ok(())
    }
}

fn encode(number: u64, runs: &[Reached]) -> Vec<u8> {
    let mut slot = Vec::with_capacity(SLOT_BYTES);
    slot.extend(MAGIC);
    slot.extend(number.to_le_bytes());
    slot.push(u8::try_from(runs.len()).unwrap_or(u8::MAX));
    for Reached { run, taken, settled } in runs {
        slot.extend(run.0);
        slot.extend(taken.to_le_bytes());
        slot.extend(settled.to_le_bytes());
    }
    let crc = crc32c::crc32c(&slot);
    slot.extend(crc.to_le_bytes());
    slot.resize(SLOT_BYTES, 0);
    slot
}

fn decode(slot: &[u8]) -> Option<Mark> {
    let count = usize::from(*slot.get(HEAD_BYTES - 1)?);
    let body = slot.get(..HEAD_BYTES + count * RUN_BYTES)?;
    let crc = slot.get(body.len()..)?.first_chunk().copied().map(u32::from_le_bytes)?;
    if body.get(..4)? != MAGIC || crc32c::crc32c(body) != crc {
        return None;
    }
    let number = u64::from_le_bytes(*body.get(4..)?.first_chunk()?);
    let mut runs = Vec::with_capacity(count);
    for run in body.get(HEAD_BYTES..)?.chunks_exact(RUN_BYTES) {
        let (id, rest) = run.split_first_chunk::<16>()?;
        let (taken, rest) = rest.split_first_chunk::<4>()?;
        runs.push(Reached {
            run: RunId(*id),
            taken: u32::from_le_bytes(*taken),
            settled: u32::from_le_bytes(*rest.first_chunk()?),
        });
    }
    Some(Mark { runs, number })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(name: u8, taken: u32) -> Reached {
        Reached { run: RunId([name; 16]), taken, settled: taken / 2 }
    }

    #[test]
    fn what_was_written_last_is_read_and_a_spoilt_slot_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        assert_eq!(Mark::read(&file), None);
        let mut mark = Mark::default();
        for taken in [10, 20, 30] {
            let runs: Vec<_> = (0..25).map(|name| reached(name, taken)).collect();
            mark.write(folder.path(), &runs).unwrap();
            assert_eq!(Mark::read(&file).unwrap(), mark);
        }
        assert_eq!(mark.runs.len(), RUNS_MAX);
        let whole = std::fs::read(&file).unwrap();
        for bit in 0..whole.len() * 8 {
            let mut spoilt = whole.clone();
            spoilt[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&file, &spoilt).unwrap();
            let read = Mark::read(&file).unwrap();
            assert!(read.runs[3].taken >= 20 && read.number >= 2, "bit {bit}");
        }
        for length in 0..whole.len() {
            std::fs::write(&file, &whole[..length]).unwrap();
            if let Some(read) = Mark::read(&file) {
                assert!(read.runs.iter().all(|run| run.taken == 20 || run.taken == 30));
            }
        }
    }
}
