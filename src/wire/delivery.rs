//! A delivery: what a kiosk sends, and how an event is written and read.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::feedback::answer::{Answer, Answered, FollowUp};
use crate::feedback::call::Called;
use crate::feedback::event::{self, Loss};
use crate::feedback::misuse::{Reason, Verdict};
use crate::feedback::moment::{Anchor, Reading, Source};
use crate::feedback::note::{About, Noted};
use crate::feedback::rating::{BootId, Input, Rated, RunId, Scale, ScoreOutOfRange, Wording};

/// Everything in one request to `/v1/deliveries`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// 128 random bits in hexadecimal; only a receipt that repeats it settles anything.
    pub nonce: String,
    /// What the kiosk runs, such as `smilepost-kiosk 0.1.0 (1a2b3c4)`.
    pub app: String,
    /// The run that is alive and sends this, 32 hexadecimal digits: a run that speaks again after
    /// another one did is a second kiosk with the same token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<String>,
    /// How many events of this kiosk the hub held by its last receipt. A hub that holds fewer was
    /// restored from a backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<u64>,
    /// The number of the survey that the kiosk has kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publication: Option<u64>,
    /// Why the kiosk does not ask the survey that it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey_complaint: Option<String>,
    /// The number of what head office said last of the desk's PIN, as the kiosk keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<u64>,
    /// What has become known of the time of boots since the last settled delivery.
    #[serde(default)]
    pub boots: Vec<Boot>,
    /// The runs that have something to tell, in the order of the journal.
    pub runs: Vec<Run>,
    /// How the kiosk's books stand.
    pub counters: Counters,
}

/// What is known of the time of one boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boot {
    /// The boot, 32 hexadecimal digits.
    pub boot: String,
    /// Its anchors.
    pub anchors: Vec<Tie>,
}

/// One run's part of a delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The run, 32 hexadecimal digits.
    pub run: String,
    /// The boot that the run lived in, 32 hexadecimal digits.
    pub boot: String,
    /// The highest number given out in this run so far.
    pub taken: u32,
    /// The events, in the order of their numbers. Each is read on its own, so that one that is
    /// damaged does not take the others with it.
    pub events: Vec<Value>,
}

/// An [`Anchor`] on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tie {
    /// Milliseconds since boot.
    pub boot_ms: u64,
    /// The same instant in milliseconds since 1970 UTC.
    pub utc_ms: i64,
    /// How far off it may be, in milliseconds.
    pub error_ms: u32,
    /// Who said so: `ntp`, `hub`, `operator` or `rtc`.
    pub source: String,
}

impl From<&Anchor> for Tie {
    fn from(anchor: &Anchor) -> Self {
        let Anchor { boot_ms, utc_ms, error_ms, source } = *anchor;
        Self { boot_ms, utc_ms, error_ms, source: source.name().to_owned() }
    }
}

impl Tie {
    /// The anchor, unless its source is one that this version does not know.
    #[must_use]
    pub fn anchor(&self) -> Option<Anchor> {
        let Self { boot_ms, utc_ms, error_ms, .. } = *self;
        Some(Anchor { boot_ms, utc_ms, error_ms, source: Source::named(&self.source)? })
    }
}

/// How the kiosk's books stand: `taken = settled + set_aside + waiting + lost`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Events taken since the journal was made.
    pub taken: u64,
    /// Of these, those that the hub has confirmed.
    pub settled: u64,
    /// Of these, those that the hub or the kiosk could not use; kept, with the reason.
    pub set_aside: u64,
    /// Of these, those still to be delivered, with the ones in this delivery.
    pub waiting: u64,
    /// Of these, those that the card lost, as far as they are known.
    #[serde(default)]
    pub lost: u64,
}

/// The kind of event that is a rating.
pub const RATED: &str = "rated";

/// The kind of event that says what came of a follow-up.
pub const ANSWERED: &str = "answered";

/// The kind of event that is a note of the shop manager.
pub const NOTED: &str = "noted";

/// The kind of event that says that a shopper asked for somebody, or what became of it.
pub const CALLED: &str = "called";

/// The kind of event that says what a card lost.
pub const LOST: &str = "lost";

/// One event as read: its number, and either what it says or something this version does not know.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its number in the run.
    pub n: u32,
    /// When, by the board's clocks.
    pub reading: Reading,
    /// What kind of event it is.
    pub kind: String,
    /// What it says, if this version knows.
    pub said: Option<event::Event>,
    /// Fields that this version does not know, to be kept.
    pub extra: Map<String, Value>,
}

/// Why an event cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Without its number it cannot even be named in a receipt.
    #[error("an event needs a number n of 1 or more")]
    Nameless,
    /// Something in it is missing or not allowed.
    #[error("event {n}: {why}")]
    Malformed {
        /// Its number.
        n: u32,
        /// What is wrong with it.
        why: String,
    },
}

/// The shape of a rating on the wire. Field names are a promise.
#[derive(Serialize, Deserialize)]
struct Shape {
    n: u32,
    kind: String,
    boot_ms: u64,
    wall_ms: i64,
    score: u8,
    scale: u8,
    input: String,
    question: String,
    question_version: u32,
    language: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    misuse: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    misuse_rule: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replaces: Option<u32>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// The shape of an answer on the wire; `to` is the number of its rating, if it is in the same run.
#[derive(Serialize, Deserialize)]
struct AnswerShape {
    n: u32,
    kind: String,
    boot_ms: u64,
    wall_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<u32>,
    follow_up: String,
    outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    question: String,
    question_version: u32,
    language: String,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// The shape of a note on the wire.
#[derive(Serialize, Deserialize)]
struct NoteShape {
    n: u32,
    kind: String,
    boot_ms: u64,
    wall_ms: i64,
    about: String,
    text: String,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// The shape of a shopper's wish for somebody on the wire; `step` is what became of it.
#[derive(Serialize, Deserialize)]
struct CallShape {
    n: u32,
    kind: String,
    boot_ms: u64,
    wall_ms: i64,
    step: String,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// The shape of a loss on the wire; without a run, nobody knows what was lost.
#[derive(Serialize, Deserialize)]
struct LossShape {
    n: u32,
    kind: String,
    boot_ms: u64,
    wall_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lost_run: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lost_first: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lost_last: Option<u32>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// Writes an event.
#[must_use]
pub fn write(n: u32, reading: Reading, event: &event::Event) -> Value {
    let Reading { boot_ms, wall_ms } = reading;
    let value = match event {
        event::Event::Rated(rated) => serde_json::to_value(Shape {
            n,
            kind: RATED.to_owned(),
            boot_ms,
            wall_ms,
            score: rated.score.value(),
            scale: rated.score.scale().faces(),
            input: rated.input.name().to_owned(),
            question: rated.question.id.clone(),
            question_version: rated.question.version,
            language: rated.question.language.clone(),
            misuse: rated.verdict.misuse.map(|reason| reason.name().to_owned()),
            // A rating is written as it was when the first rules let it pass, so that the same
            // event is the same text for ever.
            misuse_rule: match rated.verdict {
                Verdict { misuse: None, rule: 1 } => None,
                Verdict { rule, .. } => Some(rule),
            },
            replaces: rated.replaces,
            extra: Map::new(),
        }),
        event::Event::Answered(answered) => {
            let Wording { id, version, language } = answered.question.clone();
            serde_json::to_value(AnswerShape {
                n,
                kind: ANSWERED.to_owned(),
                boot_ms,
                wall_ms,
                to: answered.to,
                follow_up: answered.answer.follow_up().name().to_owned(),
                outcome: answered.answer.outcome().to_owned(),
                answer: answered.answer.text(),
                question: id,
                question_version: version,
                language,
                extra: Map::new(),
            })
        }
        event::Event::Noted(noted) => serde_json::to_value(NoteShape {
            n,
            kind: NOTED.to_owned(),
            boot_ms,
            wall_ms,
            about: noted.about().name().to_owned(),
            text: noted.text().to_owned(),
            extra: Map::new(),
        }),
        event::Event::Called(called) => serde_json::to_value(CallShape {
            n,
            kind: CALLED.to_owned(),
            boot_ms,
            wall_ms,
            step: called.name().to_owned(),
            extra: Map::new(),
        }),
        event::Event::Lost(loss) => {
            let range = match loss {
                Loss::Range { run, first, last } => Some((run.to_string(), *first, *last)),
                Loss::Unknown => None,
            };
            let (lost_run, ends) = range.map(|(run, first, last)| (run, (first, last))).unzip();
            let (lost_first, lost_last) = ends.unzip();
            let (kind, extra) = (LOST.to_owned(), Map::new());
            serde_json::to_value(LossShape {
                n,
                kind,
                boot_ms,
                wall_ms,
                lost_run,
                lost_first,
                lost_last,
                extra,
            })
        }
    };
    // A struct of numbers and strings always has a JSON form.
    value.unwrap_or(Value::Null)
}

/// Reads an event of any kind.
///
/// An event of a kind, or with words, that this version does not know is kept whole in
/// [`Event::extra`], so that a hub older than its kiosks loses nothing.
///
/// # Errors
/// [`Unusable`] when it has no number, or is of a known kind with something missing or out of
/// range.
pub fn read(event: &Value) -> Result<Event, Unusable> {
    let number = event.get("n").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let n = number.filter(|&n| n > 0).ok_or(Unusable::Nameless)?;
    let malformed = |why: String| Unusable::Malformed { n, why };
    let kind = event.get("kind").and_then(Value::as_str).unwrap_or_default();
    if kind.is_empty() || kind.len() > 20 {
        return Err(malformed("kind must be a word of 1 to 20 letters".to_owned()));
    }
    match kind {
        RATED => read_rated(n, event).map_err(malformed),
        ANSWERED => read_answered(n, event).map_err(malformed),
        NOTED => read_noted(n, event).map_err(malformed),
        CALLED => read_called(n, event).map_err(malformed),
        LOST => read_lost(n, event).map_err(malformed),
        _ => Ok(foreign(n, kind, event)),
    }
}

fn read_rated(n: u32, event: &Value) -> Result<Event, String> {
    let shape = Shape::deserialize(event).map_err(|error| error.to_string())?;
    let scale = Scale::with_faces(shape.scale)
        .ok_or_else(|| format!("scale {} is not 3, 4 or 5", shape.scale))?;
    let score = scale.score(shape.score).map_err(|error: ScoreOutOfRange| error.to_string())?;
    let question = wording(shape.question, shape.question_version, shape.language)?;
    if shape.replaces.is_some_and(|replaced| replaced == 0 || replaced >= n) {
        return Err("replaces must be the number of an earlier event".to_owned());
    }
    // A word that only a newer version knows is no reason to turn a rating away.
    let misuse = match shape.misuse.as_deref().map(Reason::named) {
        Some(None) => return Ok(foreign(n, RATED, event)),
        known => known.flatten(),
    };
    let Some(input) = Input::named(&shape.input) else {
        return Ok(foreign(n, RATED, event));
    };
    // Kiosks before the second version of the rules named it only where it struck.
    let verdict = Verdict { misuse, rule: shape.misuse_rule.unwrap_or(1) };
    let rated = Rated { score, input, question, verdict, replaces: shape.replaces };
    Ok(Event {
        n,
        reading: Reading { boot_ms: shape.boot_ms, wall_ms: shape.wall_ms },
        kind: shape.kind,
        said: Some(event::Event::Rated(rated)),
        extra: shape.extra,
    })
}

fn wording(id: String, version: u32, language: String) -> Result<Wording, String> {
    if id.len() > 40 || language.len() > 12 {
        return Err("question or language is too long".to_owned());
    }
    Ok(Wording { id, version, language })
}

fn read_answered(n: u32, event: &Value) -> Result<Event, String> {
    // What only a newer version asks, or knows as an outcome, is no reason to turn it away.
    let word = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
    let known = ["answered", "skipped", "timed_out"].contains(&word("outcome"));
    let Some(follow_up) = FollowUp::named(word("follow_up")).filter(|_| known) else {
        return Ok(foreign(n, ANSWERED, event));
    };
    let shape = AnswerShape::deserialize(event).map_err(|error| error.to_string())?;
    let question = wording(shape.question, shape.question_version, shape.language)?;
    if shape.to.is_some_and(|to| to == 0 || to >= n) {
        return Err("to must be the number of an earlier event".to_owned());
    }
    let answer = Answer::read(follow_up, &shape.outcome, shape.answer.as_deref());
    let answer = answer.ok_or_else(|| {
        // A shopper's own words have no place in a log.
        let chars = shape.answer.map_or(0, |answer| answer.chars().count());
        format!("{chars} characters ({}) are no answer to {}", shape.outcome, shape.follow_up)
    })?;
    let answered = Answered { to: shape.to, answer, question };
    Ok(Event {
        n,
        reading: Reading { boot_ms: shape.boot_ms, wall_ms: shape.wall_ms },
        kind: shape.kind,
        said: Some(event::Event::Answered(answered)),
        extra: shape.extra,
    })
}

fn read_noted(n: u32, event: &Value) -> Result<Event, String> {
    let about = event.get("about").and_then(Value::as_str).unwrap_or_default();
    let Some(about) = About::named(about) else {
        // What only a newer version takes notes about is no reason to turn it away.
        return Ok(foreign(n, NOTED, event));
    };
    let shape = NoteShape::deserialize(event).map_err(|error| error.to_string())?;
    let noted = Noted::new(about, &shape.text).map_err(|error| error.to_string())?;
    Ok(Event {
        n,
        reading: Reading { boot_ms: shape.boot_ms, wall_ms: shape.wall_ms },
        kind: shape.kind,
        said: Some(event::Event::Noted(noted)),
        extra: shape.extra,
    })
}

fn read_called(n: u32, event: &Value) -> Result<Event, String> {
    let step = event.get("step").and_then(Value::as_str).unwrap_or_default();
    let Some(called) = Called::named(step) else {
        // What only a newer version makes of it is no reason to turn it away.
        return Ok(foreign(n, CALLED, event));
    };
    let shape = CallShape::deserialize(event).map_err(|error| error.to_string())?;
    Ok(Event {
        n,
        reading: Reading { boot_ms: shape.boot_ms, wall_ms: shape.wall_ms },
        kind: shape.kind,
        said: Some(event::Event::Called(called)),
        extra: shape.extra,
    })
}

fn read_lost(n: u32, event: &Value) -> Result<Event, String> {
    let shape = LossShape::deserialize(event).map_err(|error| error.to_string())?;
    let loss = match (shape.lost_run, shape.lost_first, shape.lost_last) {
        (None, None, None) => Loss::Unknown,
        (Some(run), Some(first), Some(last)) if first >= 1 && first <= last => {
            let run = run.parse().map_err(|error| format!("lost_run {run:?}: {error}"))?;
            Loss::Range { run, first, last }
        }
        _ => return Err("lost_run, lost_first and lost_last must name a range".to_owned()),
    };
    Ok(Event {
        n,
        reading: Reading { boot_ms: shape.boot_ms, wall_ms: shape.wall_ms },
        kind: shape.kind,
        said: Some(event::Event::Lost(loss)),
        extra: shape.extra,
    })
}

/// An event as text that is the same for the same content, whatever the order of its fields.
#[must_use]
pub fn canonical(event: &Value) -> String {
    let mut event = event.clone();
    event.sort_all_objects();
    event.to_string()
}

fn foreign(n: u32, kind: &str, event: &Value) -> Event {
    let reading = Reading {
        boot_ms: event.get("boot_ms").and_then(Value::as_u64).unwrap_or(0),
        wall_ms: event.get("wall_ms").and_then(Value::as_i64).unwrap_or(0),
    };
    let extra = event.as_object().cloned().unwrap_or_default();
    Event { n, reading, kind: kind.to_owned(), said: None, extra }
}

impl Run {
    /// The run's identity.
    ///
    /// # Errors
    /// A sentence that names the field, when it is not an id.
    pub fn id(&self) -> Result<RunId, String> {
        self.run.parse().map_err(|error| format!("run {:?}: {error}", self.run))
    }

    /// The boot's identity.
    ///
    /// # Errors
    /// A sentence that names the field, when it is not an id.
    pub fn boot_id(&self) -> Result<BootId, String> {
        boot_id(&self.boot)
    }
}

impl Boot {
    /// The boot's identity.
    ///
    /// # Errors
    /// A sentence that names the field, when it is not an id.
    pub fn id(&self) -> Result<BootId, String> {
        boot_id(&self.boot)
    }
}

fn boot_id(text: &str) -> Result<BootId, String> {
    text.parse().map_err(|error| format!("boot {text:?}: {error}"))
}
