//! The requests of the shop manager's tools to the running kiosk's socket, and its answers.
//!
//! A request is one line of JSON. The answer is one line; to an export it is one line for each
//! event, and an empty line at the end.

mod books;

use serde::de::Error as _;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

pub use self::books::{FormerSums, RunSums, SetAside, Sums, Verified};
use super::delivery::ClocksApart;
use super::export;
use crate::feedback::event::fields::Fields;

/// A request to the running kiosk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// A summary of the shop's day, or of several.
    Summary {
        /// The first day, `YYYY-MM-DD`; today by the shop's time zone when missing.
        date: Option<String>,
        /// The last day, `YYYY-MM-DD`; the first when missing.
        #[serde(default)]
        until: Option<String>,
        /// Whether small counts are shown too, and the present day press by press.
        #[serde(default)]
        exact: bool,
    },
    /// Every event of some days, or of all.
    Export {
        /// The first day, `YYYY-MM-DD`.
        from: Option<String>,
        /// The last day, `YYYY-MM-DD`.
        to: Option<String>,
    },
    /// What was last heard of head office.
    Office,
    /// As `Summary`, with the journals of former places and trials too.
    SummaryOfAll {
        /// See `Summary`.
        date: Option<String>,
        /// See `Summary`.
        until: Option<String>,
        /// See `Summary`.
        #[serde(default)]
        exact: bool,
    },
    /// As `Export`, with the journals of former places and trials too.
    ExportOfAll {
        /// See `Export`.
        from: Option<String>,
        /// See `Export`.
        to: Option<String>,
    },
    /// What the books say, without a look at the rows.
    Books,
    /// How the kiosk is.
    Standing,
    /// Check whether the books hold.
    Verify,
    /// Send the events that are set aside again.
    Retry,
    /// Write a stick.
    Carry {
        /// The folder on it.
        folder: std::path::PathBuf,
    },
    /// Set the time that a person typed in.
    Clock {
        /// Milliseconds since 1970 UTC.
        utc_ms: i64,
        /// How far off it may be, in milliseconds.
        error_ms: u32,
    },
}

/// What a running kiosk last heard of head office.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Office {
    /// Why ratings cannot be delivered; none if they can.
    #[serde(default)]
    pub trouble: Option<String>,
    /// How long ago head office last answered as it should, in milliseconds; none if it has not
    /// since the start.
    #[serde(default)]
    pub confirmed_ago_ms: Option<u64>,
    /// What contradicts head office's clock here.
    #[serde(default)]
    pub clocks_apart: Option<ClocksApart>,
    /// The time zone by which head office counts, if it is another than here.
    #[serde(default)]
    pub other_zone: Option<String>,
    /// Why this kiosk does not go to the address to which head office moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub move_complaint: Option<String>,
}

/// How the running kiosk is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Whether ratings are taken.
    pub is_recording: bool,
    /// Whether this boot has a time that somebody vouches for.
    pub is_clock_known: bool,
    /// Why ratings cannot be delivered to head office; nothing if they can, or never were.
    pub trouble: Option<String>,
    /// How long ago head office last answered as it should, in seconds.
    pub heard_s: Option<u64>,
    /// Where the desk's page for phones is.
    pub page: Option<String>,
    /// What the kiosk goes on without, and why: a sentence by part, such as `screen`.
    pub away: std::collections::BTreeMap<String, String>,
    /// Whether it shows its question on a screen.
    #[serde(default)]
    pub screen: Screen,
}

/// Whether a running kiosk shows its question on a screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Screen {
    /// It does.
    Shown,
    /// It was started without one.
    Unwanted,
    /// It wants one and has none, or is of another version and does not say.
    #[default]
    #[serde(other)]
    Unknown,
}

/// A request could not be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanswered {
    /// Why, as a sentence.
    pub error: String,
}

/// A shop's day, or several.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The day, or the first of several, `YYYY-MM-DD`.
    pub date: String,
    /// The last of several, `YYYY-MM-DD`.
    #[serde(default)]
    pub until: Option<String>,
    /// The shop's IANA time zone.
    pub zone: String,
    /// How many ratings count.
    pub n: u32,
    /// The score of the day's only line, 0 to 100; nothing where there is none, or more than one,
    /// since scores of different wordings do not compare.
    pub happy_index: Option<f64>,
    /// The 95 % interval of the score, of the day's only line.
    #[serde(default)]
    pub happy_index_interval: Option<(f64, f64)>,
    /// The share of happy faces in percent, of the day's only line.
    pub csat: Option<f64>,
    /// The 95 % interval of the CSAT, in percent, of the day's only line.
    pub csat_interval: Option<(f64, f64)>,
    /// The counted ratings, each question, wording and scale for itself.
    #[serde(alias = "faces")]
    pub lines: Vec<Line>,
    /// Counted and happy ratings for each hour of the day that has any.
    pub hours: Vec<Hour>,
    /// What shoppers said that it was about, the most frequent first.
    #[serde(default)]
    pub reasons: Vec<Said>,
    /// The Net Promoter Score, −100 to 100, or nothing when nobody was asked.
    #[serde(default)]
    pub nps: Option<f64>,
    /// Its 95 % interval.
    #[serde(default)]
    pub nps_interval: Option<(f64, f64)>,
    /// How many answers it is made of.
    #[serde(default)]
    pub nps_n: u32,
    /// How a single day compares with the same weekday of the weeks before.
    #[serde(default)]
    pub compared: Option<Against>,
    /// The days and weeks to hold a single day against.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Beside>,
    /// Each day for itself, where there are several.
    #[serde(default)]
    pub days: Vec<Day>,
    /// Whether ratings were left out because there are too few of them to be shown.
    #[serde(default)]
    pub hidden: bool,
    /// The shop's name at the end of these days.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shop: String,
    /// Where in the shop the kiosk was then; empty where nobody has said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub touchpoint: String,
    /// Presses that the shopper took back by pressing another face.
    pub replaced: u32,
    /// Presses kept but not counted, by reason.
    pub misuse: std::collections::BTreeMap<String, u32>,
    /// Ratings of the day whose time is not exact: bounded, or only by the wall clock.
    pub uncertain: u32,
    /// Of these, those whose time is known between two limits.
    #[serde(default)]
    pub bounded: u32,
    /// Ratings that were dated only after their day was over, so that its numbers changed then.
    #[serde(default)]
    pub late: u32,
    /// Events of any day still to be sent to head office.
    pub waiting: u64,
    /// Events of any day that the hub or the kiosk could not use.
    pub set_aside: u64,
    /// Events of any day that the card lost, as far as they are known.
    #[serde(default)]
    pub lost: u64,
    /// What somebody should look at, in sentences.
    #[serde(default)]
    pub notices: Vec<String>,
}

/// The counted ratings of one question in one wording on one scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The question's short name.
    #[serde(default)]
    pub question: String,
    /// The version of its wording.
    #[serde(default)]
    pub version: u32,
    /// The question itself, where the present survey has that wording.
    #[serde(default)]
    pub text: Option<String>,
    /// How many faces the scale has.
    pub scale: u8,
    /// The counts, worst face first.
    pub counts: Vec<u32>,
    /// How many ratings count.
    #[serde(default)]
    pub n: u32,
    /// 0 to 100, or nothing when n is 0.
    #[serde(default)]
    pub happy_index: Option<f64>,
    /// The 95 % interval of the Happy Index.
    #[serde(default)]
    pub happy_index_interval: Option<(f64, f64)>,
    /// The share of happy faces in percent, or nothing when n is 0.
    #[serde(default)]
    pub csat: Option<f64>,
    /// The 95 % interval of the CSAT, in percent.
    #[serde(default)]
    pub csat_interval: Option<(f64, f64)>,
    /// The words of the faces, worst first, where the present survey has that scale.
    #[serde(default)]
    pub words: Vec<String>,
}

/// One hour of the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// By the shop's clocks, 0 to 23.
    pub hour: u8,
    /// How many ratings count; nothing where they are too few to be told apart.
    pub n: Option<u32>,
    /// How many of them are happy; nothing where they are too few to be told apart.
    pub happy: Option<u32>,
    /// How many of them are unhappy; nothing where they are too few to be told apart, or an older
    /// kiosk says it. The others are neither.
    #[serde(default)]
    pub unhappy: Option<u32>,
}

/// A reason, and how often it was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// Its short name.
    pub reason: String,
    /// Its words, where the survey has words of its own for it.
    pub words: Option<String>,
    /// Whether happy shoppers gave it.
    pub is_happy: bool,
    /// How often.
    pub n: u32,
    /// Of all the reasons that happy, or unhappy, shoppers gave, in percent.
    pub share: f64,
    /// The 95 % interval of the share, in percent.
    pub share_interval: Option<(f64, f64)>,
    /// How often with each of the five pictures of faces, worst first.
    pub by_face: Vec<u32>,
    /// The hour, 0 to 23, in which it was given most often; nothing where that is too seldom to be
    /// shown.
    pub peak_hour: Option<u8>,
}

/// How a day's CSAT compares with other days'.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Against {
    /// The other days, `YYYY-MM-DD`.
    pub days: Vec<String>,
    /// How many of their ratings count.
    pub n: u32,
    /// Their CSAT, in percent.
    pub csat: Option<f64>,
    /// How much larger the day's CSAT is, in percentage points.
    pub difference: f64,
    /// The 95 % interval of the difference.
    pub interval: (f64, f64),
    /// `better`, `worse`, `about as usual` or `too few to tell`.
    pub verdict: String,
}

/// Other days, to hold a day against; by the main line of that day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beside {
    /// Which: `yesterday`, `day before`, `week before`, `this week` or `last week`.
    pub which: String,
    /// The first of them, `YYYY-MM-DD`.
    pub from: String,
    /// The last of them, `YYYY-MM-DD`.
    pub until: String,
    /// How many ratings count; nothing where they are too few to be shown.
    pub n: Option<u32>,
    /// 0 to 100, or nothing where there are none, or too few.
    pub happy_index: Option<f64>,
}

/// One of several days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Day {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// How many ratings count.
    pub n: u32,
    /// The counted ratings, each question, wording and scale for itself; none of a day without any.
    pub lines: Vec<Line>,
    /// Ratings that were dated only after the day was over.
    pub late: u32,
    /// What the shop manager wrote down.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Whether ratings were left out because there are too few of them to be shown.
    #[serde(default)]
    pub hidden: bool,
}

/// One event in an export. The CSV has its parts as columns: up to `quality` as they stand here,
/// the first of the event's fields, then the others from `state` on, and the rest of the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// The run, 32 hexadecimal digits.
    pub run: String,
    /// Its number in the run.
    pub n: u32,
    /// The kind of event; `rated` is a rating.
    pub kind: String,
    /// The time as RFC 3339 in UTC, with milliseconds.
    pub utc: String,
    /// `exact`, `bounded` or `unknown`.
    pub quality: String,
    /// What it says; `misuse` is by the present rules.
    pub fields: Fields,
    /// `settled`, `waiting` or `set aside`; `given up` or `trial` where nothing in the journal is
    /// sent any more.
    pub state: String,
    /// For a bounded time, the earliest that it can have been, as RFC 3339 in UTC.
    pub earliest: Option<String>,
    /// For a bounded time, the latest that it can have been, as RFC 3339 in UTC.
    pub latest: Option<String>,
    /// Where it was taken, and when by the clocks there.
    pub place: Place,
}

/// Where an exported event was taken, and when by the clocks there. Each part is a column of its
/// own, the last ones; all are empty where an older kiosk says nothing of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// `YYYY-MM-DD HH:MM:SS` in the shop's time zone; empty where no zone is known.
    pub local: String,
    /// The shop's IANA time zone.
    pub zone: String,
    /// The shop's name.
    pub shop: String,
    /// The kiosk's short name at head office; empty where it is not enrolled.
    pub kiosk: String,
    /// Where in the shop it stands.
    pub touchpoint: String,
}

impl Serialize for Exported {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Exported", 34)?;
        out.serialize_field("run", &self.run)?;
        out.serialize_field("n", &self.n)?;
        out.serialize_field("kind", &self.kind)?;
        out.serialize_field("utc", &self.utc)?;
        out.serialize_field("quality", &self.quality)?;
        export::write(&mut out, &self.fields, export::FIRST)?;
        out.serialize_field("state", &self.state)?;
        out.serialize_field("earliest", &self.earliest)?;
        out.serialize_field("latest", &self.latest)?;
        export::write(&mut out, &self.fields, export::rest())?;
        let Place { local, zone, shop, kiosk, touchpoint } = &self.place;
        out.serialize_field("local", local)?;
        out.serialize_field("zone", zone)?;
        out.serialize_field("shop", shop)?;
        out.serialize_field("kiosk", kiosk)?;
        out.serialize_field("touchpoint", touchpoint)?;
        out.end()
    }
}

impl<'de> Deserialize<'de> for Exported {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Map::<String, Value>::deserialize(deserializer)?;
        let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
        let needed = |key: &'static str| text(key).ok_or_else(|| D::Error::missing_field(key));
        let n = object.get("n").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
        Ok(Self {
            run: needed("run")?,
            n: n.ok_or_else(|| D::Error::missing_field("n"))?,
            kind: needed("kind")?,
            utc: needed("utc")?,
            quality: needed("quality")?,
            fields: export::read(&object),
            state: needed("state")?,
            earliest: text("earliest"),
            latest: text("latest"),
            place: Place {
                local: text("local").unwrap_or_default(),
                zone: text("zone").unwrap_or_default(),
                shop: text("shop").unwrap_or_default(),
                kiosk: text("kiosk").unwrap_or_default(),
                touchpoint: text("touchpoint").unwrap_or_default(),
            },
        })
    }
}

/// What was done with a stick.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The files that were written, by their paths beneath the stick's folder.
    pub files: Vec<String>,
    /// How many events for head office are in them.
    pub events: u64,
    /// How many events head office has confirmed by receipts that were on the stick.
    pub confirmed: u64,
}

/// The request has been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// How many events it changed.
    pub done: u64,
}
