//! Counts the journal, page by page and in its order.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

use chrono::NaiveDate;

use crate::feedback::event::Event;
use crate::feedback::misuse::{Judge, Reason, Silence};
use crate::feedback::moment::{self, Quality, Timeline};
use crate::feedback::note::{About, Noted};
use crate::feedback::rating::{Rated, RatingId, RunId};
use crate::feedback::tally::{Almanac, HIDDEN_BELOW, Seen, Tally};
use crate::feedback::zone::Zone;
use crate::kiosk::journal::{Entry, Kept, Unreadable};

/// The journal, counted up to a row.
#[derive(Clone, Debug)]
pub struct Count {
    timeline: Timeline,
    zone: Zone,
    /// The last row that is counted.
    after: i64,
    /// How many rows are counted.
    rows: u64,
    almanac: Almanac,
    silence: Silence,
    judge: JudgeAgain,
    notes: VecDeque<Note>,
    /// The numbers shown of the newest days; more than one day, since a clock may have been ahead.
    shown: BTreeMap<NaiveDate, Tally>,
}

/// A note as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The identity of the first event that wrote it.
    pub id: RatingId,
    /// When it was first written, in milliseconds since 1970 UTC.
    pub utc_ms: i64,
    /// What it says by now; without words once it was withdrawn.
    pub noted: Noted,
}

/// The most notes that are kept in memory.
const NOTES_MAX: usize = 100;

/// Of how many of the newest days the numbers shown are kept.
const SHOWN_DAYS_MAX: usize = 8;

impl Count {
    /// An empty count; days are those of a zone, and a timeline dates the events.
    #[must_use]
    pub fn new(timeline: Timeline, zone: Zone) -> Self {
        Self {
            timeline,
            zone,
            after: 0,
            rows: 0,
            almanac: Almanac::default(),
            silence: Silence::default(),
            judge: JudgeAgain::default(),
            notes: VecDeque::new(),
            shown: BTreeMap::new(),
        }
    }

    /// Goes on with another journal, whose events this timeline dates; its days are those of this
    /// zone.
    pub(in crate::kiosk::desk) fn turn_to(&mut self, timeline: Timeline, zone: Zone) {
        (self.timeline, self.zone, self.after) = (timeline, zone, 0);
    }

    /// Counts on to the end of the journal, which is read by pages.
    ///
    /// # Errors
    /// When a page cannot be read; what was counted stays.
    pub fn go_on(
        &mut self,
        mut page: impl FnMut(i64) -> Result<Vec<Kept>, Unreadable>,
    ) -> Result<(), Unreadable> {
        while self.take(&page(self.after)?) {}
        Ok(())
    }

    /// Counts the next page; false when it is empty.
    pub fn take(&mut self, page: &[Kept]) -> bool {
        for kept in page {
            self.after = kept.row;
            self.rows += 1;
            match &kept.entry {
                Ok(entry) => self.take_entry(kept, entry),
                Err(_) if kept.is_newer => {}
                Err(id) => {
                    let (run, n) = (id.run, id.n);
                    tracing::warn!(%run, n, "a row of the journal is damaged; it is left out");
                }
            }
        }
        !page.is_empty()
    }

    fn take_entry(&mut self, kept: &Kept, entry: &Entry) {
        let rated = match &entry.event {
            Event::Rated(rated) => rated,
            Event::Answered(answered) => return self.almanac.answered(entry.id.run, answered),
            Event::Noted(noted) => return self.take_note(kept, entry, noted),
            Event::Called(_) | Event::Lost(_) => return,
        };
        let misuse = self.judge.judge(entry, rated);
        self.silence.take(rated.score, rated.input);
        let moment = self.timeline.date(kept.boot, entry.reading);
        let (day, hour) = moment::local(moment.utc_ms, &self.zone);
        let told_ms = self.timeline.told_ms(kept.boot).filter(|&told| told > moment.utc_ms);
        let is_after = |told| moment::local(told, &self.zone).0 > day;
        let seen = Seen {
            id: entry.id,
            score: rated.score,
            misuse,
            replaces: rated.replaces,
            day,
            hour,
            quality: moment.quality,
            is_late: moment.quality == Quality::Exact && told_ms.is_some_and(is_after),
        };
        self.almanac.rated(&seen, &rated.question);
        self.show(day);
    }

    /// Updates the numbers shown of a day, if enough ratings came since the last update.
    ///
    /// They follow from the journal alone, so after a restart the same numbers are shown, and
    /// nobody learns the last press.
    fn show(&mut self, day: NaiveDate) {
        let Some(now) = self.almanac.day(day) else {
            return;
        };
        let shown = self.shown.get(&day);
        if !shown.is_some_and(|shown| is_shown(shown) && is_close(shown, now)) {
            self.shown.insert(day, now.clone());
            if self.shown.len() > SHOWN_DAYS_MAX {
                self.shown.pop_first();
            }
        }
    }

    /// The numbers that may be shown of one of the newest days while it is not over.
    #[must_use]
    pub fn shown(&self, day: NaiveDate) -> Option<&Tally> {
        self.shown.get(&day)
    }

    /// The numbers of a day: all of them, or while it is the day `live`, those that may be shown.
    #[must_use]
    pub fn day(&self, day: NaiveDate, live: Option<NaiveDate>) -> Option<&Tally> {
        if live == Some(day) { self.shown(day) } else { self.almanac.day(day) }
    }

    /// The numbers of some days, joined into one; of the day `live` those that may be shown.
    #[must_use]
    pub fn join(&self, range: RangeInclusive<NaiveDate>, live: Option<NaiveDate>) -> Tally {
        match live.filter(|day| range.contains(day)) {
            None => self.almanac.join(range),
            Some(live) => {
                let before = live.pred_opt().map(|end| self.almanac.join(*range.start()..=end));
                let after = live.succ_opt().map(|from| self.almanac.join(from..=*range.end()));
                let mut joined = self.shown(live).cloned().unwrap_or_default();
                before.iter().chain(&after).for_each(|tally| joined.join(tally));
                joined
            }
        }
    }

    fn take_note(&mut self, kept: &Kept, entry: &Entry, noted: &Noted) {
        if let Some(mended) = noted.mends() {
            let note = self.notes.iter_mut().rev().find(|note| note.id == mended);
            if let Some(note) = note {
                note.noted = match noted.about() {
                    About::Withdrawn => note.noted.clone().emptied(),
                    _ => noted.clone(),
                };
            }
            // What mends a note that is too old to be shown is not shown either.
            return;
        }
        if self.notes.len() == NOTES_MAX {
            self.notes.pop_front();
        }
        let utc_ms = self.timeline.date(kept.boot, entry.reading).utc_ms;
        self.notes.push_back(Note { id: entry.id, utc_ms, noted: noted.clone() });
    }

    /// The newest notes of the shop manager as they stand now, oldest first.
    #[must_use]
    pub const fn notes(&self) -> &VecDeque<Note> {
        &self.notes
    }

    /// The last row that is counted.
    #[must_use]
    pub const fn after(&self) -> i64 {
        self.after
    }

    /// How many rows are counted.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// The timeline that dates its events.
    #[must_use]
    pub const fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The days.
    #[must_use]
    pub const fn almanac(&self) -> &Almanac {
        &self.almanac
    }

    /// Which buttons fell silent.
    #[must_use]
    pub const fn silence(&self) -> &Silence {
        &self.silence
    }
}

/// Whether a day has enough ratings to show its numbers.
fn is_shown(tally: &Tally) -> bool {
    tally.lines().total() >= HIDDEN_BELOW
}

/// Whether too few ratings lie between two states of a day to show the later one.
fn is_close(shown: &Tally, now: &Tally) -> bool {
    now.lines().total().abs_diff(shown.lines().total()) < HIDDEN_BELOW
}

/// Judges again what older rules have judged, from the presses of the same run.
#[derive(Clone, Debug, Default)]
pub(in crate::kiosk::desk) struct JudgeAgain {
    run: Option<RunId>,
    judge: Judge,
}

impl JudgeAgain {
    pub(in crate::kiosk::desk) fn judge(&mut self, entry: &Entry, rated: &Rated) -> Option<Reason> {
        if self.run.replace(entry.id.run) != Some(entry.id.run) {
            self.judge = Judge::default();
        }
        let Rated { verdict, score, input, .. } = *rated;
        self.judge.judge_again(verdict, score, input, entry.reading.boot_ms).misuse
    }
}
