//! The deletion of single events. What was written in them is never shown.

use super::error::Error;
use super::names;
use crate::escape::Plain;
use crate::feedback::event::Kind;
use crate::feedback::moment;
use crate::feedback::rating::RatingId;
use crate::feedback::zone::Zone;
use crate::hub::archive::{Archive, Doomed};
use crate::hub::rules::keeping::Class;

/// The most events that one command deletes.
const EVENTS_MAX: usize = 1_000;

/// Events that are about to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    kiosk: String,
    events: Vec<Doomed>,
}

impl Deletion {
    /// The deletion of these events of a kiosk, each `RUN:N`.
    ///
    /// # Errors
    /// When there is no such kiosk, one of these names no event or one that is not stored, or the
    /// archive fails.
    pub async fn of(archive: &Archive, kiosk: &str, events: &[String]) -> Result<Self, Error> {
        let kiosk = names::kiosk(archive, kiosk).await?.id;
        let mut ids = Vec::new();
        for text in events {
            let id = read(text)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        if ids.len() > EVENTS_MAX {
            let what = format!("these are more than {EVENTS_MAX} events: name fewer at once");
            return Err(Error::Invalid(what));
        }
        let events = archive.doomed(kiosk.clone(), ids.clone()).await?;
        let is_there = |id: &RatingId| events.iter().any(|doomed| doomed.id == *id);
        if let Some(missing) = ids.iter().find(|id| !is_there(id)) {
            let what = format!(
                "head office has no event {} of {kiosk}: it was deleted before, is another \
                 kiosk's, or has not arrived; nothing was deleted",
                shown(*missing)
            );
            return Err(Error::Invalid(what));
        }
        Ok(Self { kiosk, events })
    }

    /// What it comes to, a line each.
    #[must_use]
    pub fn told(&self) -> String {
        self.events.iter().map(|doomed| line(&self.kiosk, doomed)).collect::<Vec<_>>().join("\n")
    }

    /// Deletes them, and says what was done.
    ///
    /// # Errors
    /// When the archive fails; what was deleted until then is deleted.
    pub async fn carry_out(self, archive: &Archive) -> Result<String, Error> {
        let Self { kiosk, events } = self;
        let ids = events.into_iter().map(|doomed| doomed.id).collect();
        let count = archive.delete(kiosk.clone(), ids).await?;
        Ok(format!(
            "deleted: {count}; the kiosk {kiosk} is told with its next receipts. Exports and \
             backups from before are not changed"
        ))
    }
}

/// An event by its run and its number, as it was typed.
fn read(text: &str) -> Result<RatingId, Error> {
    let id = text.trim().split_once(':').and_then(|(run, n)| {
        let n = n.parse().ok().filter(|n| *n > 0)?;
        Some(RatingId { run: run.to_ascii_lowercase().parse().ok()?, n })
    });
    id.ok_or_else(|| {
        Error::Invalid(format!(
            "{} is no event: write its run, a colon and its number, as `smilepost-hub export` \
             prints them, such as 0123456789abcdef0123456789abcdef:7",
            Plain(text)
        ))
    })
}

fn shown(id: RatingId) -> String {
    format!("{}:{}", id.run, id.n)
}

fn line(kiosk: &str, doomed: &Doomed) -> String {
    let Doomed { id, kind, follow_up, utc_ms, answers } = doomed;
    let known = Kind::named(kind);
    let what = match (Class::of(known, follow_up.as_deref()), known) {
        (Class::Comment, _) => "a comment".to_owned(),
        (Class::Rating, Some(Kind::Rated)) => "a rating".to_owned(),
        (Class::Rating, _) => format!("an answer ({})", Plain(follow_up.as_deref().unwrap_or("?"))),
        (Class::Note, Some(Kind::Called)) => "a call for somebody".to_owned(),
        (Class::Note, _) => "a note".to_owned(),
        (Class::ForEver, _) => format!("an event {}", Plain(kind)),
    };
    let at = moment::local_text(*utc_ms, &Zone::utc());
    let answers = match answers {
        0 => String::new(),
        1 => "; 1 answer to it stays and is counted no more".to_owned(),
        more => format!("; {more} answers to it stay and are counted no more"),
    };
    format!("{}: {what} of {kiosk}, {at} UTC{answers}", shown(*id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::rating::RunId;

    #[test]
    fn an_event_is_read_by_its_run_and_number() {
        let id = RatingId { run: RunId([0xab; 16]), n: 7 };
        assert_eq!(read(&format!("{}:7", "ab".repeat(16))).unwrap(), id);
        assert_eq!(read(&format!(" {}:7 ", "AB".repeat(16))).unwrap(), id);
        assert_eq!(shown(id), format!("{}:7", "ab".repeat(16)));
        for text in ["", "7", "ab:7", &"ab".repeat(16), &format!("{}:0", "ab".repeat(16))] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains("is no event") && error.contains("export"), "{error}");
        }
    }

    #[test]
    fn what_is_deleted_is_named_without_its_words() {
        let told = |kind: &str, follow_up: Option<&str>, answers| {
            let id = RatingId { run: RunId([1; 16]), n: 3 };
            let follow_up = follow_up.map(str::to_owned);
            let kind = kind.to_owned();
            line("exit", &Doomed { id, kind, follow_up, utc_ms: 1_795_176_000_000, answers })
        };
        let comment = told("answered", Some("comment"), 0);
        assert!(comment.ends_with(":3: a comment of exit, 2026-11-20 12:00 UTC"), "{comment}");
        assert!(told("answered", Some("reasons"), 0).contains(": an answer (reasons) of"));
        assert!(told("rated", None, 2).ends_with("2 answers to it stay and are counted no more"));
        assert!(told("noted", None, 0).contains(": a note of"));
        assert!(told("called", None, 0).contains(": a call for somebody of"));
        assert!(told("hummed", None, 0).contains(": an event hummed of"));
    }
}
