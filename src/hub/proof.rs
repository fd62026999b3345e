//! The proof that tallies are what a recount gives, a few kiosks every day.
//!
//! What is found is logged and noted in the archive, so that pages and `kiosk list` say it until it
//! is mended or a recount of all has found nothing.

use super::archive::{Archive, Error, Recounted};
use super::rules::sampling;
use crate::feedback::moment;
use crate::feedback::zone::Zone;

const DAY_MS: i64 = 24 * 3_600_000;

/// Recounts the kiosks whose turn it is at this time, in milliseconds since 1970 UTC.
///
/// # Errors
/// When the archive fails.
pub async fn sample(archive: &Archive, now_ms: i64) -> Result<(), Error> {
    let mut reached = String::new();
    while let Some(further) = sample_more(archive, &reached, now_ms).await? {
        reached = further;
    }
    Ok(())
}

/// Recounts the next of them, after what was reached, which is empty at the beginning; returns what
/// is reached now, or none when all is done.
///
/// # Errors
/// When the archive fails.
pub async fn sample_more(
    archive: &Archive,
    reached: &str,
    now_ms: i64,
) -> Result<Option<String>, Error> {
    // A sample that goes on after midnight is still that of its day.
    let (day, last) = read_pair(reached).unwrap_or((now_ms.div_euclid(DAY_MS), i64::MIN));
    let kiosks = archive.kiosk_numbers().await?;
    let numbers: Vec<i64> = kiosks.iter().map(|(number, _)| *number).collect();
    let next = sampling::sample(&numbers, day).into_iter().find(|number| *number > last);
    let named = next.and_then(|next| kiosks.into_iter().find(|(number, _)| *number == next));
    let Some((number, kiosk)) = named else {
        return Ok(None);
    };
    note(archive, &archive.recount(kiosk).await?, now_ms).await?;
    Ok(Some(format!("{day},{number}")))
}

/// Counts a kiosk's events, by its number as text, under the hours of its shop's clocks, a bit
/// after what was reached, which is empty at the beginning; returns what is reached now, or none
/// when all is done.
///
/// # Errors
/// When the archive fails.
pub async fn retally_more(
    archive: &Archive,
    kiosk: &str,
    reached: &str,
) -> Result<Option<String>, Error> {
    let Ok(kiosk) = kiosk.parse() else {
        return Ok(None);
    };
    let further = archive.retally_more(kiosk, read_pair(reached)).await?;
    Ok(further.map(|(run, n)| format!("{run},{n}")))
}

/// What somebody has to do when a recount has found numbers that differ, at this time in
/// milliseconds since 1970 UTC.
#[must_use]
pub fn alarm(found_ms: i64) -> String {
    let found = moment::local_text(found_ms, &Zone::utc());
    format!(
        "Numbers that pages show are not what the ratings count, as a recount found on {found} \
         UTC. No rating is lost: `smilepost-hub recount` names the numbers, and \
         `smilepost-hub recount --mend` sets them right."
    )
}

fn read_pair<N: std::str::FromStr>(text: &str) -> Option<(i64, N)> {
    let (one, other) = text.split_once(',')?;
    Some((one.parse().ok()?, other.parse().ok()?))
}

/// Says that a kiosk's tallies are wrong, if they are.
async fn note(archive: &Archive, recounted: &Recounted, now_ms: i64) -> Result<(), Error> {
    let Recounted { kiosk, events, wrong, .. } = recounted;
    let Some(first) = wrong.first() else {
        return Ok(());
    };
    tracing::error!(
        kiosk,
        events,
        wrong = wrong.len(),
        ?first,
        "tallies are not what the events count; `smilepost-hub recount` shows all, and `recount \
         --mend` mends them"
    );
    archive.note_differing(Some(now_ms)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reached_is_read_back() {
        assert_eq!(read_pair("20777,-3"), Some((20_777, -3_i64)));
        assert_eq!(read_pair("7,4294967295"), Some((7, u32::MAX)));
        for text in ["", "7", "7,", "7,x", "7,-1"] {
            assert_eq!(read_pair::<u32>(text), None, "{text}");
        }
    }
}
