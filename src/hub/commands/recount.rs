//! The recount of kiosks' tallies, as text.

use chrono::{DateTime, Days, NaiveDate};

use super::error::Error;
use super::names;
use crate::escape::Plain;
use crate::hub::archive::{Archive, Recounted, TallyOf, Wrong};

/// What is done about tallies that are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// They are only named.
    Tell,
    /// They are set to what the events count.
    Mend,
}

/// What came of a recount.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many kiosks were recounted.
    pub kiosks: usize,
    /// How many events they have.
    pub events: u64,
    /// How many kiosks' tallies were wrong.
    pub wrong: usize,
}

impl Summary {
    /// The same as a sentence.
    #[must_use]
    pub fn told(&self) -> String {
        let Self { kiosks, events, wrong } = self;
        let found = if *wrong == 0 {
            "all tallies hold".to_owned()
        } else {
            format!("that differ: {wrong}")
        };
        format!("kiosks: {kiosks}, events: {events}; {found}")
    }
}

/// Recounts one kiosk, or all, tells what is wrong, and mends it if it is to; at this time in
/// milliseconds since 1970 UTC.
///
/// # Errors
/// When there is no such kiosk, or the archive fails, or nothing can be told.
pub async fn run<E: From<Error>>(
    archive: &Archive,
    kiosk: Option<&str>,
    then: Then,
    now_ms: i64,
    tell: &mut impl FnMut(&str) -> Result<(), E>,
) -> Result<Summary, E> {
    let chosen = match kiosk {
        Some(kiosk) => vec![names::kiosk(archive, kiosk).await?.id],
        None => {
            let all = archive.kiosk_numbers().await.map_err(Error::from)?;
            all.into_iter().map(|(_, id)| id).collect()
        }
    };
    let mut summary = Summary::default();
    for id in chosen {
        let mut recounted = archive.recount(id.clone()).await.map_err(Error::from)?;
        // Mending keeps the kiosk's deliveries waiting, and most have nothing to be mended.
        if then == Then::Mend && !recounted.wrong.is_empty() {
            recounted = archive.mend(id).await.map_err(Error::from)?;
        }
        summary.kiosks += 1;
        summary.events += recounted.events;
        if !recounted.wrong.is_empty() {
            summary.wrong += 1;
            tell(&text(&recounted, then))?;
        }
    }
    note(archive, kiosk.is_none(), &summary, then, now_ms).await?;
    Ok(summary)
}

/// Notes what was found where pages and other commands look.
async fn note(
    archive: &Archive,
    is_all: bool,
    summary: &Summary,
    then: Then,
    now_ms: i64,
) -> Result<(), Error> {
    if summary.wrong > 0 && then == Then::Tell {
        archive.note_differing(Some(now_ms)).await?;
    } else if is_all {
        archive.note_differing(None).await?;
    }
    Ok(())
}

/// What is wrong with a kiosk's tallies, a line each.
#[must_use]
pub fn text(recounted: &Recounted, then: Then) -> String {
    let Recounted { kiosk, events, wrong, .. } = recounted;
    let done = if then == Then::Mend { "; they are mended" } else { "" };
    let head = format!(
        "{}: numbers that are not what its {events} events count: {}{done}",
        Plain(kiosk),
        wrong.len()
    );
    let lines = wrong.iter().map(line);
    std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
}

fn line(wrong: &Wrong) -> String {
    let Wrong { of, line, what, tallied, counted } = wrong;
    let asked = line.as_ref().map(|(question, version, faces)| {
        format!(", {} (wording {version}, {faces} faces)", Plain(question))
    });
    let (when, asked) = (when(*of), asked.unwrap_or_default());
    format!("  {when}{asked}: {}: {tallied} tallied, {counted} counted", Plain(named(what)))
}

fn when(of: TallyOf) -> String {
    match of {
        TallyOf::Day(day) => date(day).to_string(),
        TallyOf::Hour(hour) => {
            let (day, hour) = (hour.div_euclid(24), hour.rem_euclid(24));
            format!("{} {hour:02}:00", date(day))
        }
    }
}

/// A day that is counted from 1970.
fn date(day: i32) -> NaiveDate {
    let (epoch, days) = (DateTime::UNIX_EPOCH.date_naive(), Days::new(day.unsigned_abs().into()));
    let date = if day < 0 { epoch.checked_sub_days(days) } else { epoch.checked_add_days(days) };
    date.unwrap_or(epoch)
}

/// A number of a tally in words.
fn named(what: &str) -> &str {
    match what {
        "f1" => "face 1",
        "f2" => "face 2",
        "f3" => "face 3",
        "f4" => "face 4",
        "f5" => "face 5",
        "misuse" => "presses that are misuse",
        "replaced" => "presses that were corrected",
        "unread" => "events that cannot be read",
        "bounded" => "presses of a time between two limits",
        "unknown" => "presses of unknown time",
        "late" => "presses that came late",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::rules::tallying::Cell;

    #[test]
    fn what_is_wrong_is_told_in_words() {
        let wrong = |of, what: &str| Wrong {
            of,
            line: Some(("bakery".to_owned(), 2, 5)),
            what: what.to_owned(),
            tallied: 3,
            counted: 1,
        };
        let cannot_be_read = Wrong { line: None, ..wrong(TallyOf::Day(-1), "unread") };
        let recounted = Recounted {
            kiosk: "door".to_owned(),
            events: 1_200,
            wrong: vec![wrong(TallyOf::Hour(20_777 * 24 + 9), "f5"), cannot_be_read],
            ..Recounted::default()
        };
        let told = "door: numbers that are not what its 1200 events count: 2\n  \
                    2026-11-20 09:00, bakery (wording 2, 5 faces): face 5: 3 tallied, 1 counted\n  \
                    1969-12-31: events that cannot be read: 3 tallied, 1 counted";
        assert_eq!(text(&recounted, Then::Tell), told);
        assert!(text(&recounted, Then::Mend).contains("count: 2; they are mended\n"));
        for name in Cell::NAMES {
            assert_ne!(named(name), name, "it has words");
        }
    }
}
