//! What notes have gained since the first program that kept them: what shoppers had said, and the
//! note in whose place they stand.
//!
//! A program from before that reads a row by its kind and content, checks them, and takes what it
//! cannot understand for damage. So both are written as it expects them, and the rest stands in two
//! columns that only ratings had: the words in `misuse`, and their checksum in `replaces`. The
//! older program reads a mended note as one more note, and a withdrawal as one that says nothing.

use crate::feedback::event::fields::{Field, Fields};
use crate::feedback::note::About;

/// What stands between two of these fields: no line of text has it.
const UNIT: char = '\u{1f}';

/// What an older program reads where a note was withdrawn.
const NOTHING: &str = "–";

/// Takes out of a note's fields what an older program does not know; none if nothing is.
pub(super) fn part(mut fields: Fields) -> (Fields, Option<String>) {
    let text = |field| fields.text(field).unwrap_or_default().to_owned();
    let [said, run] = [Field::Said, Field::MendsRun].map(text);
    let n = fields.number(Field::MendsN);
    if said.is_empty() && n.is_none() {
        return (fields, None);
    }
    let mut late =
        [said, run, n.map(|n| n.to_string()).unwrap_or_default()].join(&UNIT.to_string());
    if fields.text(Field::About) == Some(About::Withdrawn.name()) {
        late.push(UNIT);
        late.push_str(About::Withdrawn.name());
        fields.set_text(Field::About, Some(About::Day.name()));
        fields.set_text(Field::Text, Some(NOTHING));
    }
    fields.set_text(Field::Said, None);
    fields.set_text(Field::MendsRun, None);
    fields.set_number(Field::MendsN, None);
    (fields, Some(late))
}

/// Puts it back; none where it is not what was written.
pub(super) fn join(mut fields: Fields, late: Option<&str>, crc: Option<i64>) -> Option<Fields> {
    let late = match (late, crc) {
        (None, None) => return Some(fields),
        (Some(late), Some(crc)) if checksum(late) == crc => late,
        _ => return None,
    };
    let mut words = late.split(UNIT);
    let [said, run, n] = [words.next()?, words.next()?, words.next()?];
    for (field, text) in [(Field::Said, said), (Field::MendsRun, run)] {
        if !text.is_empty() {
            fields.set_text(field, Some(text));
        }
    }
    if !n.is_empty() {
        fields.set_number(Field::MendsN, Some(n.parse().ok()?));
    }
    if let Some(about) = words.next() {
        fields.set_text(Field::About, Some(about));
        fields.set_text(Field::Text, Some(""));
    }
    words.next().is_none().then_some(fields)
}

/// The checksum of these words, as the column has it.
pub(super) fn checksum(late: &str) -> i64 {
    i64::from(crc32c::crc32c(late.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::super::{Columns, Entry};
    use super::*;
    use crate::feedback::event::{Event, Kind};
    use crate::feedback::moment::Reading;
    use crate::feedback::note::Noted;
    use crate::feedback::rating::{RatingId, RunId};

    const ID: RatingId = RatingId { run: RunId([3; 16]), n: 9 };

    fn columns(noted: Noted) -> Columns {
        let reading = Reading { boot_ms: 1, wall_ms: 2 };
        Columns::of(&Entry { id: ID, reading, event: Event::Noted(noted) })
    }

    fn notes() -> [Noted; 5] {
        let earlier = RatingId { run: RunId([1; 16]), n: 7 };
        [
            Noted::new(About::Day, "Third till open").unwrap(),
            Noted::notice("Long queues", "Third till open").unwrap(),
            Noted::new(About::Day, "Third till open").unwrap().mending(earlier),
            Noted::notice("", "Third till open").unwrap().mending(earlier),
            Noted::withdrawing(earlier),
        ]
    }

    #[test]
    fn a_note_comes_back_with_all_that_it_has_gained() {
        for noted in notes() {
            let columns = columns(noted.clone());
            let event = columns.entry(ID, None).unwrap().event;
            assert_eq!(event, Event::Noted(noted));
        }
    }

    /// What a program reads that knows a note's subject and its words alone: the words are the
    /// rest of the content, without control characters, and only those of a day may not be empty.
    #[test]
    fn an_older_program_reads_each_note_as_a_plain_one() {
        for noted in notes() {
            let columns = columns(noted.clone());
            assert_eq!(columns.kind.as_deref(), Some("noted"));
            let content = columns.content.clone().unwrap();
            let (about, text) = content.split_once(' ').unwrap();
            assert!(["day", "alert", "call", "notice"].contains(&about), "{content}");
            assert!(!text.is_empty() && !text.contains(char::is_control), "{content}");
            assert!(!text.starts_with(' ') && !text.ends_with(' '), "{content}");
            // The checksum is over just that.
            let plain = Columns { misuse: None, replaces: None, ..columns.clone() };
            let entry = plain.entry(ID, None).unwrap();
            assert_eq!(entry.event.kind(), Kind::Noted);
            assert_eq!(plain.checksum(&entry), columns.checksum(&entry));
        }
    }

    #[test]
    fn what_a_note_has_gained_is_checked_too() {
        for noted in notes().into_iter().skip(1) {
            let whole = columns(noted);
            let late = whole.misuse.clone().unwrap();
            for changed in [
                Columns { misuse: Some(late.replacen('1', "2", 1) + " "), ..whole.clone() },
                Columns { misuse: Some(String::new()), ..whole.clone() },
                Columns { misuse: None, ..whole.clone() },
                Columns { replaces: None, ..whole.clone() },
                Columns { replaces: whole.replaces.map(|crc| crc ^ 1), ..whole.clone() },
            ] {
                assert_eq!(changed.entry(ID, None), None, "{changed:?}");
            }
        }
    }

    #[test]
    fn a_note_with_all_of_it_in_its_content_is_still_read() {
        let earlier = RatingId { run: RunId([1; 16]), n: 7 };
        let content =
            format!("notice Third till open\u{1f}Long queues\u{1f}{}\u{1f}7", earlier.run);
        let old = Columns {
            kind: Some("noted".to_owned()),
            content: Some(content),
            ..Columns::default()
        };
        let noted = Noted::notice("Long queues", "Third till open").unwrap().mending(earlier);
        assert_eq!(old.entry(ID, None).unwrap().event, Event::Noted(noted));
    }
}
