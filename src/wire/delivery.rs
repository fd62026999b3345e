//! A delivery: what a kiosk sends, and how an event is written and read.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::feedback::event::fields::{self, Field, Fields, Unread};
use crate::feedback::event::{self, Kind};
use crate::feedback::moment::{Anchor, Reading, Source};
use crate::feedback::rating::{BootId, RunId};

/// Everything in one request to `/v1/deliveries`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// 128 random bits in hexadecimal; only a receipt that repeats it settles anything.
    pub nonce: String,
    /// What the kiosk runs, such as `smilepost-kiosk 0.1.0 (1a2b3c4)`.
    pub app: String,
    /// The run that sends this, 32 hexadecimal digits: when an older run sends again after a newer
    /// one did, a second kiosk has the same token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<String>,
    /// How many events of this kiosk the hub held by its last receipt. A hub that holds fewer was
    /// restored from a backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<u64>,
    /// The number of the survey that the kiosk has kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publication: Option<u64>,
    /// Why the kiosk does not ask the survey that head office published for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey_complaint: Option<String>,
    /// The number of the last change of the desk's PIN by head office that the kiosk has kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<u64>,
    /// The IANA time zone by whose days the kiosk counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The tag of what the kiosk knows of its place; empty where head office has told it nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The opening hours of the kiosk's own configuration, such as `mon-fri 08:00-20:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// The release of the time-zone rules that count there, such as `2026f`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone_rules: Option<String>,
    /// What contradicts the hub's clock there, if anything did at the last receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clocks_apart: Option<ClocksApart>,
    /// The address of the hub by which the kiosk sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Why the kiosk does not go to the address to which the hub moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub move_complaint: Option<String>,
    /// What is wrong or worth knowing there, the worst first, where that is news: what the kiosk
    /// found when it examined itself, at most [`FINDINGS_MAX`] of them. An empty list says that
    /// nothing is any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<Vec<Finding>>,
    /// The number up to which the kiosk has let go of what head office deleted, 0 where it was told
    /// of nothing yet; none from a kiosk that cannot let go. See [`super::receipt::Gone`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<u64>,
    /// What has become known of the time of boots since the last settled delivery.
    #[serde(default)]
    pub boots: Vec<Boot>,
    /// The runs with something to send, in the order of the journal.
    pub runs: Vec<Run>,
    /// How the kiosk's books stand.
    pub counters: Counters,
}

/// How many findings are told at most.
pub const FINDINGS_MAX: usize = 16;

/// How long one is at most, in characters.
pub const FINDING_CHARS_MAX: usize = 300;

/// One thing that a kiosk found when it examined itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Whether something that is configured does not work; else it is worth knowing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_wrong: bool,
    /// What was found and what cures it, as `smilepost-kiosk doctor` says it.
    pub text: String,
}

impl Finding {
    /// A text that is short enough.
    #[must_use]
    pub fn cut(text: &str) -> String {
        match text.char_indices().nth(FINDING_CHARS_MAX) {
            None => text.to_owned(),
            Some(_) => text.chars().take(FINDING_CHARS_MAX - 1).chain(['…']).collect(),
        }
    }
}

/// The hub's clock and a kiosk's contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClocksApart {
    /// How far the hub's is ahead, in milliseconds.
    pub ahead_ms: i64,
    /// Whether a time service vouches for the kiosk's; else the hub's time has come to it as a
    /// surprise, and waits for somebody who says the same.
    pub is_by_ntp: bool,
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
    /// The source of the time: `ntp`, `hub`, `operator` or `rtc`.
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

/// How the kiosk's books stand: `taken = settled + set_aside + waiting + lost + given_up`.
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
    /// Of these, those that were given up when the board left for another place.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub given_up: u64,
}

/// Nothing is written of what almost no kiosk has.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// One event as read: its number, and its content if this version can read it.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// Its number in the run.
    pub n: u32,
    /// When, by the board's clocks.
    pub reading: Reading,
    /// What kind of event it is.
    pub kind: String,
    /// Its content, if this version can read it.
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

/// Writes an event: its number, its kind, the clocks, and the fields that its kind has.
#[must_use]
pub fn write(n: u32, reading: Reading, event: &event::Event) -> Value {
    let mut fields = event.fields();
    // A rating that the first rules let count is written as it was then, so that the same event
    // stays the same text for ever.
    let is_of_first_rules = fields.number(Field::MisuseRule) == Some(1);
    if is_of_first_rules && fields.get(Field::Misuse).is_none() {
        fields.set_number(Field::MisuseRule, None);
    }
    let mut object = Map::new();
    object.insert("n".to_owned(), n.into());
    object.insert("kind".to_owned(), event.kind().name().into());
    object.insert("boot_ms".to_owned(), reading.boot_ms.into());
    object.insert("wall_ms".to_owned(), reading.wall_ms.into());
    for (field, value) in fields.each() {
        let value = match value {
            fields::Value::Number(number) => (*number).into(),
            fields::Value::Text(text) => text.as_str().into(),
        };
        object.insert(field.name().to_owned(), value);
    }
    Value::Object(object)
}

/// Reads an event of any kind.
///
/// An event of a kind, or with words, that this version does not know is kept whole in
/// [`Received::extra`], so that a hub older than its kiosks loses nothing.
///
/// # Errors
/// [`Unusable`] when it has no number, or is of a known kind with something missing or out of
/// range.
pub fn read(event: &Value) -> Result<Received, Unusable> {
    let number = event.get("n").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let n = number.filter(|&n| n > 0).ok_or(Unusable::Nameless)?;
    let malformed = |why: String| Unusable::Malformed { n, why };
    let kind = event.get("kind").and_then(Value::as_str).unwrap_or_default();
    if kind.is_empty() || kind.len() > 20 {
        return Err(malformed("kind must be a word of 1 to 20 letters".to_owned()));
    }
    match Kind::named(kind) {
        Some(known) => read_known(n, known, event).map_err(malformed),
        None => Ok(foreign(n, kind, event)),
    }
}

fn read_known(n: u32, kind: Kind, event: &Value) -> Result<Received, String> {
    let mut extra = event.as_object().cloned().unwrap_or_default();
    extra.remove("n");
    extra.remove("kind");
    let boot_ms = extra.remove("boot_ms");
    let wall_ms = extra.remove("wall_ms");
    let mut fields = Fields::default();
    let mut wrong_form = None;
    for &field in kind.fields() {
        match extra.remove(field.name()).map(|value| value_of(field, value)) {
            Some(Ok(value)) => fields.set(field, value),
            Some(Err(why)) => wrong_form = wrong_form.or(Some(why)),
            None => {}
        }
    }
    let said = match event::Event::read(kind, &fields) {
        // A field that only a newer version knows may have another form.
        Err(Unread::Newer) => return Ok(foreign(n, kind.name(), event)),
        said => wrong_form.map_or(said, |why| Err(Unread::Invalid(why))),
    };
    let said = said.map_err(|unread| unread.to_string())?;
    check(n, &fields)?;
    let boot_ms = boot_ms.as_ref().and_then(Value::as_u64).ok_or("boot_ms is missing")?;
    let wall_ms = wall_ms.as_ref().and_then(Value::as_i64).ok_or("wall_ms is missing")?;
    let reading = Reading { boot_ms, wall_ms };
    Ok(Received { n, reading, kind: kind.name().to_owned(), said: Some(said), extra })
}

/// A field's value on the wire; null is the same as absent.
fn value_of(field: Field, value: Value) -> Result<Option<fields::Value>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if !field.is_number() => Ok(Some(fields::Value::Text(text))),
        value if field.is_number() => {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            let wrong = || format!("{} must be a number from 0 to {}", field.name(), u32::MAX);
            number.map(|number| Some(fields::Value::Number(number))).ok_or_else(wrong)
        }
        _ => Err(format!("{} must be a text", field.name())),
    }
}

/// Checks what only the wire has to check: an event names only earlier events, and no text in it is
/// longer than the archive keeps.
fn check(n: u32, fields: &Fields) -> Result<(), String> {
    for field in [Field::Replaces, Field::To] {
        if fields.number(field).is_some_and(|earlier| earlier == 0 || earlier >= n) {
            return Err(format!("{} must be the number of an earlier event", field.name()));
        }
    }
    let is_longer = |field, bytes| fields.text(field).is_some_and(|text: &str| text.len() > bytes);
    if is_longer(Field::Question, 40) || is_longer(Field::Language, 12) {
        return Err("question or language is too long".to_owned());
    }
    Ok(())
}

/// An event as text that is the same for the same content, whatever the order of its fields.
#[must_use]
pub fn canonical(event: &Value) -> String {
    let mut event = event.clone();
    event.sort_all_objects();
    event.to_string()
}

fn foreign(n: u32, kind: &str, event: &Value) -> Received {
    let reading = Reading {
        boot_ms: event.get("boot_ms").and_then(Value::as_u64).unwrap_or(0),
        wall_ms: event.get("wall_ms").and_then(Value::as_i64).unwrap_or(0),
    };
    let extra = event.as_object().cloned().unwrap_or_default();
    Received { n, reading, kind: kind.to_owned(), said: None, extra }
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
