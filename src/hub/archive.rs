//! What head office keeps for ever: shops, kiosks, and every event once.
//!
//! [`Archive`] is what the rest of the hub knows; [`sqlite`] is the implementation for one machine.
//! Whatever an implementation is made of, when a method returns, what it wrote is durable.

pub mod sqlite;

use std::fmt;

use super::secrets::{Hash, Token};
use crate::carried::seal::PublicKey;
use crate::feedback::call::Called;
use crate::feedback::moment::Anchor;
use crate::feedback::note::About;
use crate::feedback::rating::{BootId, RatingId, RunId};
use crate::feedback::tally::Lines;
use crate::wire::delivery::{Counters, Received};
use crate::wire::receipt::Pin;
use crate::wire::report::{Reconciled, Reported};

/// The archive failed at a step.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action}")]
pub struct Error {
    action: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Error {
    /// An error at a step, with its cause.
    pub fn new(
        action: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { action, source: source.into() }
    }
}

/// Whose desk is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PinScope {
    /// That of one kiosk.
    Kiosk(String),
    /// Those of all kiosks of a shop.
    Shop(String),
}

/// A good token that a carried delivery may have been signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// What it is known by.
    pub token: Hash,
    /// What verifies its signatures.
    pub key: PublicKey,
    /// Whether it was given out to follow others and was not used yet.
    pub is_next: bool,
}

/// A shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shop {
    /// Its short name, made of its name.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its IANA time zone.
    pub zone: String,
    /// The group of shops that it belongs to, if any.
    pub group: Option<String>,
}

/// Which kiosks a survey is meant for: those of every place that is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// A group of shops.
    pub group: Option<String>,
    /// The short name of a shop.
    pub shop: Option<String>,
    /// A touchpoint, in whatever shop.
    pub touchpoint: Option<String>,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places =
            [("group", &self.group), ("shop", &self.shop), ("touchpoint", &self.touchpoint)];
        let named = places.iter().filter_map(|(what, name)| Some((what, name.as_ref()?)));
        let named: Vec<String> = named.map(|(what, name)| format!("{what} {name}")).collect();
        f.write_str(&if named.is_empty() { "all".to_owned() } else { named.join(", ") })
    }
}

/// A survey as it was published, or withdrawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Its number, which counts up; 0 is none.
    pub number: u64,
    /// When, in milliseconds since 1970 UTC.
    pub published_ms: i64,
    /// Whom it is meant for.
    pub scope: Scope,
    /// The survey as JSON; none where it was withdrawn.
    pub content: Option<String>,
}

/// A kiosk, as it is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kiosk {
    /// Its short name.
    pub id: String,
    /// The short name of its shop.
    pub shop: String,
    /// Where in the shop it stands.
    pub touchpoint: String,
}

/// A kiosk and what was last heard of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The kiosk.
    pub kiosk: Kiosk,
    /// When it last delivered, in milliseconds since 1970 UTC.
    pub last_contact_ms: Option<i64>,
    /// What it runs.
    pub app: Option<String>,
    /// How many events it still held then.
    pub waiting: u64,
    /// How many events it has set aside.
    pub set_aside: u64,
    /// How many events its card lost, as far as they are known.
    pub lost: u64,
    /// Whether two devices use its token.
    pub is_cloned: bool,
    /// Whether a token lets it in.
    pub is_enrolled: bool,
    /// The number of the survey that it has kept.
    pub publication: Option<u64>,
    /// Why it does not ask the survey that it was given.
    pub survey_complaint: Option<String>,
}

/// Who a token lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The kiosk's short name.
    pub kiosk: String,
    /// Whether the token was given out to follow another and is used for the first time.
    pub is_next: bool,
    /// Whether it is to be renewed, by its age or by somebody's wish.
    pub is_old: bool,
    /// Whether it is known what verifies a delivery that was signed with it.
    pub has_key: bool,
}

/// A run that spoke this often after another one of the same kiosk did is a second device. One such
/// word can be a delivery that was under way when the kiosk restarted.
pub const RETURNS_OF_A_CLONE: i64 = 3;

/// One event on its way into the archive.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// The event as read.
    pub event: Received,
    /// What tells the same content from other content.
    pub digest: [u8; 16],
    /// The content as it came, for a conflict.
    pub content: String,
}

/// How a delivery came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Over the network, just now.
    Sent,
    /// By hand: it may be old, and the kiosk may have been heard of since.
    Carried,
}

/// A delivery on its way into the archive, with everything in it checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Shipment {
    /// Who sent it.
    pub kiosk: String,
    /// How it came.
    pub way: Way,
    /// When it came, in milliseconds since 1970 UTC.
    pub received_ms: i64,
    /// What the kiosk runs.
    pub app: String,
    /// What it tells of the time of boots.
    pub anchors: Vec<(BootId, Anchor)>,
    /// The run that sent it.
    pub live: Option<RunId>,
    /// How many of its events the kiosk knows that the archive held.
    pub known: Option<u64>,
    /// Its events by run.
    pub runs: Vec<Arrived>,
    /// How the kiosk's books stood when it sent this.
    pub counters: Counters,
    /// The number of the survey that it has kept.
    pub publication: Option<u64>,
    /// Why it does not ask the survey that it was given.
    pub survey_complaint: Option<String>,
    /// The number of what was said last of the desk's PIN, as the kiosk keeps it.
    pub pin: Option<u64>,
    /// Which of its events were refused before they came here, and why.
    pub refused: Vec<(RatingId, String)>,
}

/// One run's part of a [`Shipment`].
#[derive(Clone, Debug, PartialEq)]
pub struct Arrived {
    /// The run.
    pub run: RunId,
    /// The boot that it lived in.
    pub boot: BootId,
    /// The highest number given out in it.
    pub taken: u32,
    /// Its events.
    pub events: Vec<Incoming>,
}

/// What became of a shipment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// What is in the archive now, whether it was before or not.
    pub settled: Vec<RatingId>,
    /// What has the identity of another event with other content.
    pub conflicts: Vec<RatingId>,
    /// How many events of this kiosk the archive holds.
    pub stored: u64,
    /// How many of these came with this shipment.
    pub added: u64,
    /// The archive's epoch.
    pub epoch: u64,
    /// The number of the survey that is meant for this kiosk; 0 is none.
    pub publication: u64,
    /// Whether this was the word of a second device with the same token.
    pub is_clone: bool,
    /// What is said of the desk's PIN, if the kiosk knows something else.
    pub pin: Option<Pin>,
    /// Whether the archive was found to have gone back in time, and has a new epoch now.
    pub is_restored: bool,
}

/// A shop and a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The shop's short name.
    pub shop: String,
    /// When it begins, in milliseconds since 1970 UTC.
    pub from_ms: i64,
    /// When it has ended, in milliseconds since 1970 UTC.
    pub to_ms: i64,
}

/// A shop's day, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// What counts, by question, wording and scale.
    pub lines: Lines,
    /// Presses kept but not counted.
    pub misuse: u32,
    /// Presses that the shopper took back.
    pub replaced: u32,
    /// Ratings whose time is not exact: bounded, or only a wall clock's word.
    pub uncertain: u32,
    /// Of these, those whose time is known between two limits.
    pub bounded: u32,
    /// Events that this version cannot read yet.
    pub unread: u32,
}

/// What a shop has to tell beside its ratings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallsAndNotes {
    /// How often a shopper asked for somebody.
    pub asked: u32,
    /// How often somebody came.
    pub coming: u32,
    /// How often nobody answered.
    pub missed: u32,
    /// The newest step of each kiosk at which anybody asked.
    pub newest: Vec<Step>,
    /// The newest notes that have words, in the order in which they were written.
    pub notes: Vec<Note>,
    /// How many older notes there are.
    pub notes_before: u32,
}

/// What became last of a shopper's wish at a kiosk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where in the shop the kiosk stands.
    pub touchpoint: String,
    /// When, in milliseconds since 1970 UTC.
    pub utc_ms: i64,
    /// What became of it.
    pub called: Called,
}

/// A note of the shop manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where in the shop it was written.
    pub touchpoint: String,
    /// When, in milliseconds since 1970 UTC.
    pub utc_ms: i64,
    /// What it is about.
    pub about: About,
    /// Its words.
    pub text: String,
}

/// Where an export goes on: after this run's key and number.
pub type Cursor = (i64, u32);

/// What the hub keeps its books in.
pub trait Archive: Clone + fmt::Debug + Send + Sync + 'static {
    /// Writes something of no meaning, to show that deliveries can be stored.
    fn touch(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// A number drawn when the archive was made, by which a kiosk can tell archives apart.
    fn epoch(&self) -> impl Future<Output = Result<u64, Error>> + Send;

    /// Adds a shop; false when its short name is taken.
    fn add_shop(&self, shop: Shop) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Every shop, by name.
    fn shops(&self) -> impl Future<Output = Result<Vec<Shop>, Error>> + Send;

    /// Adds a kiosk; false when its short name is taken.
    fn add_kiosk(&self, kiosk: Kiosk) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Every kiosk, by short name, with what was last heard of it.
    fn kiosks(&self) -> impl Future<Output = Result<Vec<Status>, Error>> + Send;

    /// Adds a one-time code for a kiosk; false when there is no such kiosk.
    fn add_code(
        &self,
        kiosk: String,
        code: Hash,
        expires_ms: i64,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Spends a code and lets its kiosk in by this token; none when the code is unknown, spent or
    /// expired.
    fn spend_code(
        &self,
        code: Hash,
        token: Token,
        now_ms: i64,
    ) -> impl Future<Output = Result<Option<(Kiosk, Shop)>, Error>> + Send;

    /// Lets a kiosk in by this token as a spent code does; none when there is no such kiosk.
    fn give_token(
        &self,
        kiosk: String,
        token: Token,
        now_ms: i64,
    ) -> impl Future<Output = Result<Option<(Kiosk, Shop)>, Error>> + Send;

    /// Sets the PIN of a kiosk's desk by its hash, or of all kiosks of a shop; none forgets it.
    /// Returns how many kiosks that were.
    fn set_pin(
        &self,
        place: PinScope,
        hash: Option<String>,
    ) -> impl Future<Output = Result<usize, Error>> + Send;

    /// Notes what verifies signatures made with a token, where that is not known yet.
    fn note_key(&self, token: Token) -> impl Future<Output = Result<(), Error>> + Send;

    /// The good tokens of a kiosk, for verifying what it has signed.
    fn seals(&self, kiosk: String) -> impl Future<Output = Result<Vec<Seal>, Error>> + Send;

    /// When a kiosk's carried delivery with this nonce was taken, in milliseconds since 1970 UTC,
    /// and the receipt that was given for it.
    fn carried(
        &self,
        kiosk: String,
        nonce: String,
    ) -> impl Future<Output = Result<Option<(i64, String)>, Error>> + Send;

    /// Writes down that a carried delivery was taken whole, with the receipt for it.
    fn note_carried(
        &self,
        nonce: String,
        kiosk: String,
        taken_ms: i64,
        receipt: String,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Draws a new epoch, so that every kiosk offers again what it still holds; after the archive
    /// was restored from a backup.
    fn renew_epoch(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Whom this token lets in, if anybody; `old_ms` is when a token must have been made to be of
    /// age, in milliseconds since 1970 UTC.
    fn bearer(
        &self,
        token: Hash,
        old_ms: i64,
    ) -> impl Future<Output = Result<Option<Bearer>, Error>> + Send;

    /// Adds a token that is to follow a kiosk's present one, in place of any other that was to.
    fn add_next_token(
        &self,
        kiosk: String,
        present: Hash,
        token: Token,
        now_ms: i64,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Takes a token that was to follow another for good, since it was used, and ends the other;
    /// one that came of an enrolment ends all others of its kiosk.
    fn confirm_token(
        &self,
        token: Hash,
        now_ms: i64,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Has a kiosk's token renewed at its next delivery; false when there is no such kiosk.
    fn want_token(&self, kiosk: String) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Judges every press again that older rules have judged, once after the rules have changed.
    fn judge_again(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// What became of everything that a kiosk has taken, by the archive's own count.
    fn reconcile(&self, kiosk: String) -> impl Future<Output = Result<Reconciled, Error>> + Send;

    /// Revokes every token and code of a kiosk; returns how many tokens.
    fn revoke(
        &self,
        kiosk: String,
        now_ms: i64,
    ) -> impl Future<Output = Result<usize, Error>> + Send;

    /// Stores a shipment: each event once, and nothing over another.
    fn store(&self, shipment: Shipment) -> impl Future<Output = Result<Stored, Error>> + Send;

    /// Counts a shop's ratings from one instant to before another, in milliseconds since 1970 UTC.
    fn day(
        &self,
        shop: String,
        from_ms: i64,
        to_ms: i64,
    ) -> impl Future<Output = Result<Day, Error>> + Send;

    /// What a shop has to tell beside its ratings, from one instant to before another, with no more
    /// than so many notes.
    fn aside(
        &self,
        shop: String,
        from_ms: i64,
        to_ms: i64,
        notes_max: usize,
    ) -> impl Future<Output = Result<CallsAndNotes, Error>> + Send;

    /// Counts the ratings of each of these spans; one query, however many they are.
    fn days(&self, spans: Vec<Span>) -> impl Future<Output = Result<Vec<Day>, Error>> + Send;

    /// The calls and notes of each of these spans, with no more than so many notes each; one query
    /// for calls and one for notes, however many spans they are.
    fn calls_and_notes(
        &self,
        spans: Vec<Span>,
        notes_max: usize,
    ) -> impl Future<Output = Result<Vec<CallsAndNotes>, Error>> + Send;

    /// The events after a cursor, up to a number of them, each with its own cursor.
    fn page(
        &self,
        after: Cursor,
        events_max: usize,
    ) -> impl Future<Output = Result<Vec<(Cursor, Reported)>, Error>> + Send;

    /// Puts a shop into a group, or into none; false when there is no such shop.
    fn group_shop(
        &self,
        shop: String,
        group: Option<String>,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Publishes a survey, as JSON, or withdraws that of a scope; returns its number, or none when
    /// the scope names a shop that there is not.
    fn publish(
        &self,
        scope: Scope,
        content: Option<String>,
        now_ms: i64,
    ) -> impl Future<Output = Result<Option<u64>, Error>> + Send;

    /// The survey that is meant for a kiosk: that of the narrowest scope, where a touchpoint is
    /// narrower than a shop, and a shop than a group; none when there is none.
    fn survey(
        &self,
        kiosk: String,
    ) -> impl Future<Output = Result<Option<Publication>, Error>> + Send;

    /// Every survey that was ever published, the newest first.
    fn surveys(&self) -> impl Future<Output = Result<Vec<Publication>, Error>> + Send;

    /// How many conflicts there are.
    fn conflicts(&self) -> impl Future<Output = Result<u64, Error>> + Send;
}
