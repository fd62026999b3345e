//! The keeping of what was received: what has had its time is deleted, once a day.

use super::archive::{Archive, Error};
use super::rules::keeping::{self, Kept, Reached};

/// So many times in a row it is looked whether something has had its time, before others have the
/// archive.
const LOOKS_AT_ONCE: u32 = 50;

/// Deletes what has had its time by now, in milliseconds since 1970 UTC, of every kiosk; returns
/// how many events these were.
///
/// # Errors
/// When the archive fails; what was deleted until then is deleted.
pub async fn keep(archive: &Archive, kept: Kept, now_ms: i64) -> Result<u64, Error> {
    let (mut at, mut deleted) = (None, 0);
    loop {
        let (count, next) = step(archive, kept, at, now_ms).await?;
        deleted += count;
        if next.is_none() {
            return Ok(deleted);
        }
        at = next;
    }
}

/// Deletes the next of it, after what was reached, which is empty at the beginning; returns what is
/// reached now, or none when all is done. A pass goes only some days beyond the last one.
///
/// # Errors
/// When the archive fails.
pub async fn keep_more(
    archive: &Archive,
    kept: Kept,
    reached: &str,
    now_ms: i64,
) -> Result<Option<String>, Error> {
    let now_ms = keeping::pass_ms(archive.kept_until().await?, now_ms);
    let mut at = read(reached);
    for _ in 0..LOOKS_AT_ONCE {
        let (deleted, next) = step(archive, kept, at, now_ms).await?;
        let Some((kiosk, place)) = next else {
            archive.note_kept(now_ms).await?;
            return Ok(None);
        };
        at = next;
        if deleted > 0 {
            tracing::info!(kiosk, deleted, "events have had their time and are deleted");
            return Ok(Some(format!("{kiosk},{place}")));
        }
    }
    Ok(at.map(|(kiosk, place)| format!("{kiosk},{place}")))
}

/// A kiosk, by its number, and how far its events were looked at.
type At = (i64, Reached);

/// One step, from the beginning where nothing was reached; returns how much was deleted, and where
/// to go on.
async fn step(
    archive: &Archive,
    kept: Kept,
    at: Option<At>,
    now_ms: i64,
) -> Result<(u64, Option<At>), Error> {
    let at = match at {
        Some(at) => Some(at),
        None => archive.kiosk_after(0).await?.map(|first| (first, Reached::BEGINNING)),
    };
    let Some((kiosk, place)) = at else {
        return Ok((0, None));
    };
    let (deleted, next) = archive.keep_more(kiosk, kept, place, now_ms).await?;
    if let Some(next) = next {
        return Ok((deleted, Some((kiosk, next))));
    }
    let next = archive.kiosk_after(kiosk).await?;
    Ok((deleted, next.map(|next| (next, Reached::BEGINNING))))
}

fn read(reached: &str) -> Option<At> {
    let (kiosk, place) = reached.split_once(',')?;
    Some((kiosk.parse().ok()?, place.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_clock_that_is_wrong_by_years_deletes_little_and_no_clock_goes_back() {
        const NOW: i64 = 1_795_176_000_000;
        const YEARS: i64 = 1_800 * 86_400_000;
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::in_folder(folder.path()).unwrap();
        let days = 4 * 86_400_000;
        for (now_ms, until_ms) in [(NOW, NOW), (NOW + YEARS, NOW + days), (NOW - YEARS, NOW + days)]
        {
            assert_eq!(keep_more(&archive, Kept::default(), "", now_ms).await.unwrap(), None);
            assert_eq!(archive.kept_until().await.unwrap(), Some(until_ms));
        }
    }

    #[test]
    fn what_was_reached_is_read_back() {
        assert_eq!(read("7,rated,3,4"), Some((7, Reached::Rated(3, 4))));
        for text in ["", "7", "7,", "x,rated,3,4", "7,3,4"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
