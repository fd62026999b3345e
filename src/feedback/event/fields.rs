//! The fields of an event by name: the one flat view that journal, wire, exports and archive share.
//!
//! Each of them writes an event in a form of its own. None of them takes an [`Event`] apart by
//! hand: they read its [`Kind`] and these fields, and build an event back from the same two. A new
//! field is added here and nowhere else, unless its table wants a column.

use std::collections::BTreeMap;

use super::{Event, Kind, Loss};
use crate::feedback::answer::{Answer, Answered, FollowUp};
use crate::feedback::call::Called;
use crate::feedback::misuse::{Reason, Verdict};
use crate::feedback::named::named;
use crate::feedback::note::{About, Noted};
use crate::feedback::rating::{Input, Rated, RatingId, Scale, ScoreOutOfRange, Wording};

named! {
    /// A field that an event of some kind has.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Field {
        /// The score of a rating, 1 being the worst.
        Score = "score",
        /// How many faces there were: 3, 4 or 5.
        Scale = "scale",
        /// What was pressed, as [`Input::name`].
        Input = "input",
        /// The question's short name.
        Question = "question",
        /// The version of its wording.
        QuestionVersion = "question_version",
        /// The language that it was asked in.
        Language = "language",
        /// Why a rating does not count, as [`Reason::name`].
        Misuse = "misuse",
        /// The version of the rules that judged it.
        MisuseRule = "misuse_rule",
        /// The number of the rating that this one corrects.
        Replaces = "replaces",
        /// The run that lost events, 32 hexadecimal digits.
        LostRun = "lost_run",
        /// The first number that was lost.
        LostFirst = "lost_first",
        /// The last number that was lost.
        LostLast = "lost_last",
        /// The number of the rating that an answer belongs to.
        To = "to",
        /// What was asked after the rating, as [`FollowUp::name`].
        FollowUp = "follow_up",
        /// What came of it, as [`Answer::outcome`].
        Outcome = "outcome",
        /// The answer itself, as [`Answer::text`].
        Answer = "answer",
        /// What a note is about, as [`About::name`].
        About = "about",
        /// What the note says.
        Text = "text",
        /// What became of a shopper's call, as [`Called::name`].
        Step = "step",
        /// What shoppers had said, of a notice to them.
        Said = "said",
        /// The run of the note that this one mends or withdraws, 32 hexadecimal digits.
        MendsRun = "mends_run",
        /// The number of that note.
        MendsN = "mends_n",
    }
}

impl Field {
    /// Whether its values are numbers rather than texts.
    #[must_use]
    pub const fn is_number(self) -> bool {
        matches!(
            self,
            Self::Score
                | Self::Scale
                | Self::QuestionVersion
                | Self::MisuseRule
                | Self::Replaces
                | Self::LostFirst
                | Self::LostLast
                | Self::MendsN
                | Self::To
        )
    }

    /// Its name as a column of an export, where a bare `text` would say too little.
    #[must_use]
    pub const fn column(self) -> &'static str {
        match self {
            Self::Text => "note",
            other => other.name(),
        }
    }
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u32),
    /// A word, or a shopper's or manager's own words.
    Text(String),
}

/// The fields of one event; those that it does not have are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(BTreeMap<Field, Value>);

impl Fields {
    /// The number in a field.
    #[must_use]
    pub fn number(&self, field: Field) -> Option<u32> {
        match self.0.get(&field)? {
            Value::Number(number) => Some(*number),
            Value::Text(_) => None,
        }
    }

    /// The text in a field.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<&str> {
        match self.0.get(&field)? {
            Value::Text(text) => Some(text),
            Value::Number(_) => None,
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, field: Field) -> Option<&Value> {
        self.0.get(&field)
    }

    /// Sets a field to a number, or leaves it absent.
    pub fn set_number(&mut self, field: Field, number: Option<u32>) {
        self.set(field, number.map(Value::Number));
    }

    /// Sets a field to a text, or leaves it absent.
    pub fn set_text(&mut self, field: Field, text: Option<&str>) {
        self.set(field, text.map(|text| Value::Text(text.to_owned())));
    }

    /// Sets a field, or makes it absent.
    pub fn set(&mut self, field: Field, value: Option<Value>) {
        match value {
            Some(value) => drop(self.0.insert(field, value)),
            None => drop(self.0.remove(&field)),
        }
    }

    /// Each field that is there, in the order of [`Field::ALL`].
    pub fn each(&self) -> impl Iterator<Item = (Field, &Value)> {
        self.0.iter().map(|(field, value)| (*field, value))
    }

    fn needed_number<T: TryFrom<u32>>(&self, field: Field) -> Result<T, Unread> {
        let number = self.number(field).ok_or_else(|| missing(field))?;
        T::try_from(number).map_err(|_| out_of_range(field, number))
    }

    fn needed_text(&self, field: Field) -> Result<&str, Unread> {
        self.text(field).ok_or_else(|| missing(field))
    }

    fn set_wording(&mut self, Wording { id, version, language }: &Wording) {
        self.set_text(Field::Question, Some(id));
        self.set_number(Field::QuestionVersion, Some(*version));
        self.set_text(Field::Language, Some(language));
    }

    fn wording(&self) -> Result<Wording, Unread> {
        Ok(Wording {
            id: self.needed_text(Field::Question)?.to_owned(),
            version: self.needed_number(Field::QuestionVersion)?,
            language: self.needed_text(Field::Language)?.to_owned(),
        })
    }
}

fn missing(field: Field) -> Unread {
    Unread::Invalid(format!("{} is missing", field.name()))
}

fn out_of_range(field: Field, number: u32) -> Unread {
    Unread::Invalid(format!("{} {number} is out of range", field.name()))
}

/// Why an event cannot be read from fields.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// A word in them is known only to a newer version.
    #[error("a newer version is needed to read it")]
    Newer,
    /// Something is missing or out of range; the sentence names the field.
    #[error("{0}")]
    Invalid(String),
}

impl Kind {
    /// The fields that events of this kind can have, the question's among them.
    #[must_use]
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Rated => &[
                Field::Score,
                Field::Scale,
                Field::Input,
                Field::Question,
                Field::QuestionVersion,
                Field::Language,
                Field::Misuse,
                Field::MisuseRule,
                Field::Replaces,
            ],
            Self::Answered => &[
                Field::To,
                Field::FollowUp,
                Field::Outcome,
                Field::Answer,
                Field::Question,
                Field::QuestionVersion,
                Field::Language,
            ],
            Self::Noted => {
                &[Field::About, Field::Text, Field::Said, Field::MendsRun, Field::MendsN]
            }
            Self::Called => &[Field::Step],
            Self::Lost => &[Field::LostRun, Field::LostFirst, Field::LostLast],
        }
    }
}

impl Event {
    /// Its fields.
    #[must_use]
    pub fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        if let Some(wording) = self.question() {
            fields.set_wording(wording);
        }
        match self {
            Self::Rated(rated) => {
                fields.set_number(Field::Score, Some(rated.score.value().into()));
                fields.set_number(Field::Scale, Some(rated.score.scale().faces().into()));
                fields.set_text(Field::Input, Some(rated.input.name()));
                fields.set_text(Field::Misuse, rated.verdict.misuse.map(Reason::name));
                fields.set_number(Field::MisuseRule, Some(rated.verdict.rule.into()));
                fields.set_number(Field::Replaces, rated.replaces);
            }
            Self::Answered(Answered { to, answer, .. }) => {
                fields.set_number(Field::To, *to);
                fields.set_text(Field::FollowUp, Some(answer.follow_up().name()));
                fields.set_text(Field::Outcome, Some(answer.outcome()));
                fields.set_text(Field::Answer, answer.text().as_deref());
            }
            Self::Noted(noted) => {
                fields.set_text(Field::About, Some(noted.about().name()));
                fields.set_text(Field::Text, Some(noted.text()));
                let said = Some(noted.said()).filter(|said| !said.is_empty());
                fields.set_text(Field::Said, said);
                let mends = noted.mends();
                let run = mends.map(|id| id.run.to_string());
                fields.set_text(Field::MendsRun, run.as_deref());
                fields.set_number(Field::MendsN, mends.map(|id| id.n));
            }
            Self::Called(called) => fields.set_text(Field::Step, Some(called.name())),
            Self::Lost(Loss::Range { run, first, last }) => {
                fields.set_text(Field::LostRun, Some(&run.to_string()));
                fields.set_number(Field::LostFirst, Some(*first));
                fields.set_number(Field::LostLast, Some(*last));
            }
            Self::Lost(Loss::Unknown) => {}
        }
        fields
    }

    /// The event of this kind that has these fields.
    ///
    /// # Errors
    /// [`Unread`] says whether a newer version could read them, or which field is invalid.
    pub fn read(kind: Kind, fields: &Fields) -> Result<Self, Unread> {
        match kind {
            Kind::Rated => rated(fields).map(Self::Rated),
            Kind::Answered => answered(fields).map(Self::Answered),
            Kind::Noted => noted(fields).map(Self::Noted),
            Kind::Called => {
                let step = fields.text(Field::Step).unwrap_or_default();
                Called::named(step).map(Self::Called).ok_or(Unread::Newer)
            }
            Kind::Lost => lost(fields).map(Self::Lost),
        }
    }
}

fn rated(fields: &Fields) -> Result<Rated, Unread> {
    let invalid = |error: ScoreOutOfRange| Unread::Invalid(error.to_string());
    let faces = fields.needed_number(Field::Scale)?;
    let scale = Scale::with_faces(faces)
        .ok_or_else(|| Unread::Invalid(format!("scale {faces} is not 3, 4 or 5")))?;
    let score = scale.score(fields.needed_number(Field::Score)?).map_err(invalid)?;
    let question = fields.wording()?;
    let input = fields.needed_text(Field::Input)?;
    // A word that only a newer version knows does not make a rating invalid.
    let misuse = match fields.text(Field::Misuse) {
        Some(name) => Some(Reason::named(name).ok_or(Unread::Newer)?),
        None => None,
    };
    let input = Input::named(input).ok_or(Unread::Newer)?;
    // Kiosks before the second version of the rules wrote it only for a press that did not count.
    let rule = fields.number(Field::MisuseRule).unwrap_or(1);
    let rule = u16::try_from(rule).map_err(|_| out_of_range(Field::MisuseRule, rule))?;
    let verdict = Verdict { misuse, rule };
    Ok(Rated { score, input, question, verdict, replaces: fields.number(Field::Replaces) })
}

fn answered(fields: &Fields) -> Result<Answered, Unread> {
    // A follow-up or outcome that only a newer version knows does not make an answer invalid.
    let outcome = fields.text(Field::Outcome).unwrap_or_default();
    if !Answer::OUTCOMES.contains(&outcome) {
        return Err(Unread::Newer);
    }
    let follow_up = fields.text(Field::FollowUp).unwrap_or_default();
    let follow_up = FollowUp::named(follow_up).ok_or(Unread::Newer)?;
    let question = fields.wording()?;
    let text = fields.text(Field::Answer);
    let answer = Answer::read(follow_up, outcome, text).ok_or_else(|| {
        // A shopper's own words must not get into a log.
        let chars = text.map_or(0, |text| text.chars().count());
        let name = follow_up.name();
        Unread::Invalid(format!("{chars} characters ({outcome}) are not a valid answer to {name}"))
    })?;
    Ok(Answered { to: fields.number(Field::To), answer, question })
}

fn noted(fields: &Fields) -> Result<Noted, Unread> {
    let about = fields.text(Field::About).unwrap_or_default();
    let about = About::named(about).ok_or(Unread::Newer)?;
    let text = fields.needed_text(Field::Text)?;
    let mends = match (fields.text(Field::MendsRun), fields.number(Field::MendsN)) {
        (None, None) => None,
        (Some(run), Some(n)) => {
            let invalid = |error| Unread::Invalid(format!("mends_run {run:?}: {error}"));
            Some(RatingId { run: run.parse().map_err(invalid)?, n })
        }
        _ => return Err(Unread::Invalid("mends_run and mends_n must name a note".to_owned())),
    };
    match (about, mends) {
        (About::Withdrawn, Some(earlier)) => Ok(Noted::withdrawing(earlier)),
        (_, mends) => {
            let said = fields.text(Field::Said).unwrap_or_default();
            let noted = Noted::new(about, text).and_then(|noted| noted.saying(said));
            let noted = noted.map_err(|error| Unread::Invalid(error.to_string()))?;
            Ok(match mends {
                Some(earlier) => noted.mending(earlier),
                None => noted,
            })
        }
    }
}

fn lost(fields: &Fields) -> Result<Loss, Unread> {
    let run = fields.text(Field::LostRun);
    match (run, fields.number(Field::LostFirst), fields.number(Field::LostLast)) {
        (None, None, None) => Ok(Loss::Unknown),
        (Some(run), Some(first), Some(last)) if first >= 1 && first <= last => {
            let run = run
                .parse()
                .map_err(|error| Unread::Invalid(format!("lost_run {run:?}: {error}")))?;
            Ok(Loss::Range { run, first, last })
        }
        _ => {
            let why = "lost_run, lost_first and lost_last must name a range".to_owned();
            Err(Unread::Invalid(why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::answer::Reply;
    use crate::feedback::rating::RunId;

    fn wording() -> Wording {
        Wording { id: "checkout".to_owned(), version: 3, language: "fi".to_owned() }
    }

    fn one_of_each() -> Vec<Event> {
        let verdict = Verdict { misuse: Some(Reason::Bounce), rule: 2 };
        let score = Scale::Four.score(2).unwrap();
        let rated =
            Rated { score, input: Input::Touch, question: wording(), verdict, replaces: Some(6) };
        let answer = Answer::new(FollowUp::Nps, Reply::Nps(9)).unwrap();
        let skipped = Answer::new(FollowUp::Comment, Reply::Skipped).unwrap();
        vec![
            Event::Rated(rated),
            Event::Answered(Answered { to: Some(6), answer, question: wording() }),
            Event::Answered(Answered { to: None, answer: skipped, question: wording() }),
            Event::Noted(Noted::new(About::Day, "opened a till").unwrap()),
            Event::Noted(Noted::new(About::Alert, "").unwrap()),
            Event::Noted(Noted::notice("long queues", "a fourth till").unwrap()),
            Event::Noted(
                Noted::new(About::Day, "opened two")
                    .unwrap()
                    .mending(RatingId { run: RunId([7; 16]), n: 4 }),
            ),
            Event::Noted(Noted::withdrawing(RatingId { run: RunId([7; 16]), n: 5 })),
            Event::Called(Called::Missed),
            Event::Lost(Loss::Range { run: RunId([7; 16]), first: 3, last: 9 }),
            Event::Lost(Loss::Unknown),
        ]
    }

    #[test]
    fn an_event_is_read_back_from_its_kind_and_fields() {
        for event in one_of_each() {
            let fields = event.fields();
            assert_eq!(Event::read(event.kind(), &fields), Ok(event.clone()));
            for (field, value) in fields.each() {
                assert!(event.kind().fields().contains(&field), "{event:?} {field:?}");
                assert_eq!(field.is_number(), matches!(value, Value::Number(_)), "{field:?}");
            }
        }
    }

    #[test]
    fn every_field_belongs_to_a_kind_and_every_kind_is_among_the_examples() {
        let of_a_kind = |field: &Field| Kind::ALL.iter().any(|kind| kind.fields().contains(field));
        assert!(Field::ALL.iter().all(of_a_kind));
        let kinds: std::collections::BTreeSet<&str> =
            one_of_each().iter().map(|event| event.kind().name()).collect();
        assert_eq!(kinds.len(), Kind::ALL.len());
    }

    #[test]
    fn a_word_of_a_newer_version_is_told_from_an_invalid_field() {
        for event in one_of_each() {
            for field in [Field::Misuse, Field::Input, Field::FollowUp, Field::About, Field::Step] {
                let mut fields = event.fields();
                if fields.get(field).is_some() {
                    fields.set_text(field, Some("from the future"));
                    assert_eq!(Event::read(event.kind(), &fields), Err(Unread::Newer), "{field:?}");
                }
            }
        }
        let mut fields = one_of_each()[0].fields();
        fields.set_number(Field::Score, Some(5));
        let why = "score 5 is not between 1 and 4".to_owned();
        assert_eq!(Event::read(Kind::Rated, &fields), Err(Unread::Invalid(why)));
        fields.set_number(Field::Score, None);
        let why = "score is missing".to_owned();
        assert_eq!(Event::read(Kind::Rated, &fields), Err(Unread::Invalid(why)));
    }
}
