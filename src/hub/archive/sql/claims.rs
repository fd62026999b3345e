//! Claims, and what else a delivery names that is kept once for all kiosks: questions and choices.
//!
//! All of it is written in a transaction of its own before the delivery's, so that the delivery
//! waits for no other kiosk's while it holds the lock of its own, and takes the numbers with it.

use std::collections::{BTreeMap, BTreeSet};

use super::kiosks;
use super::lines::{self, Asked, Choice};
use crate::feedback::answer::Answered;
use crate::feedback::event::{Event, Loss};
use crate::feedback::rating::RunId;
use crate::hub::archive::error::Failure;
use crate::hub::archive::events::{Arrived, Shipment};
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Value, values};
use crate::hub::rules::claims::{self, Claim};
use crate::hub::rules::tallying;

/// So many runs are looked up by one statement.
const AT_ONCE: usize = 16;

/// The numbers of what a delivery names.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// The kiosk.
    pub(super) kiosk: i64,
    /// The runs that are its own: those that arrived, and those of which it reports a loss.
    pub(super) own: BTreeMap<RunId, i64>,
    pub(super) lines: BTreeMap<Asked, i64>,
    pub(super) choices: BTreeMap<Choice, i64>,
}

/// The numbers of everything that a delivery names, if somebody has named all of it before. Nothing
/// is written for it: what has a number keeps it.
pub(super) async fn known(tx: &mut dyn Tx, shipment: &Shipment) -> Result<Option<Named>, Failure> {
    let said = || {
        let events = shipment.runs.iter().flat_map(|arrived| &arrived.events);
        events.filter_map(|incoming| incoming.event.said.as_ref())
    };
    let runs = shipment.runs.iter().map(|arrived| arrived.run).chain(said().filter_map(lost_run));
    let runs: BTreeSet<RunId> = runs.collect();
    if runs.len() > AT_ONCE {
        return Ok(None);
    }
    let runs: Vec<RunId> = runs.into_iter().collect();
    let asked: BTreeSet<Asked> = said().filter_map(line_of).collect();
    let chosen: BTreeSet<Choice> = said().filter_map(choice_of).collect();
    let (asked, chosen) = (Vec::from_iter(asked), Vec::from_iter(chosen));
    for some in runs.chunks(AT_ONCE) {
        let (sql, values) = question(some);
        tx.ask_ahead(&sql, values);
    }
    lines::ask_ahead(tx, &asked, &chosen);
    let kiosk = number_of(tx, &shipment.kiosk).await?;
    let owners = look(tx, &runs).await?;
    let (lines, choices) = lines::known(tx, &asked, &chosen).await?;
    let are_all =
        (owners.len(), lines.len(), choices.len()) == (runs.len(), asked.len(), chosen.len());
    let own = own(owners, kiosk);
    Ok(are_all.then_some(Named { kiosk, own, lines, choices }))
}

/// Claims the runs that a delivery names and nobody has named before; returns the numbers of
/// everything in it.
pub(super) async fn name(tx: &mut dyn Tx, shipment: &Shipment) -> Result<Named, Failure> {
    let kiosk = number_of(tx, &shipment.kiosk).await?;
    let arrived: Vec<RunId> = shipment.runs.iter().map(|arrived| arrived.run).collect();
    let mut own = own_of(tx, kiosk, &arrived).await?;
    // What comes with another kiosk's run is not looked at: it claims nothing either.
    let is_own = |arrived: &&Arrived| own.contains_key(&arrived.run);
    let events = || shipment.runs.iter().filter(is_own).flat_map(|arrived| &arrived.events);
    let said = || events().filter_map(|incoming| incoming.event.said.as_ref());
    let lost: Vec<RunId> = said().filter_map(lost_run).collect();
    let (asked, chosen): (Vec<Asked>, Vec<Choice>) =
        (said().filter_map(line_of).collect(), said().filter_map(choice_of).collect());
    own.extend(own_of(tx, kiosk, &lost).await?);
    let lines = lines::lines(tx, &asked).await?;
    let choices = lines::choices(tx, &chosen).await?;
    Ok(Named { kiosk, own, lines, choices })
}

/// The number of a kiosk, by its short name.
async fn number_of(tx: &mut dyn Tx, kiosk: &str) -> Result<i64, Failure> {
    let number = kiosks::number(tx, kiosk).await?;
    number.ok_or_else(|| Failure::Content(format!("there is no kiosk {kiosk}")))
}

/// The question that an event belongs to. Where it is not said how many faces there were, they are
/// kept as 0. PostgreSQL has no text with a zero in it, and a word is found again by its text.
pub(super) fn line_of(event: &Event) -> Option<Asked> {
    let wording = event.question()?;
    let faces = event.rated().map_or(0, |rated| rated.score.scale().faces());
    Some((wording.id.replace('\0', "\u{FFFD}"), wording.version, faces))
}

/// What an event chose of the answers that were offered. A comment is no choice.
pub(super) fn choice_of(event: &Event) -> Option<Choice> {
    let Event::Answered(answered) = event else {
        return None;
    };
    let Answered { answer, .. } = answered;
    let (follow_up, answer) = tallying::choice(answer.follow_up().name(), &answer.text()?)?;
    Some((follow_up.to_owned(), answer))
}

fn lost_run(event: &Event) -> Option<RunId> {
    match event {
        Event::Lost(Loss::Range { run, .. }) => Some(*run),
        _ => None,
    }
}

/// Those of these runs that are the kiosk's own, with their numbers. What nobody has named before
/// becomes its own, in this order.
async fn own_of(
    tx: &mut dyn Tx,
    kiosk: i64,
    runs: &[RunId],
) -> Result<BTreeMap<RunId, i64>, Failure> {
    let mut known = look(tx, runs).await?;
    let mut named = BTreeSet::new();
    let is_new = |run: &&RunId| !known.contains_key(run) && named.insert(**run);
    let new: Vec<RunId> = runs.iter().filter(is_new).copied().collect();
    if !new.is_empty() {
        lines::lock_new(tx).await?;
        // Somebody else may name one at the same time, and be the first.
        let sql = "insert into claim (run, kiosk) values ($1, $2) on conflict (run) do nothing";
        let rows: Vec<Vec<Value>> = new.iter().map(|run| values![run.0, kiosk].into()).collect();
        tx.execute_each(sql, &rows).await?;
        known.extend(look(tx, &new).await?);
    }
    Ok(own(known, kiosk))
}

/// Those of these runs that are the kiosk's own.
fn own(known: BTreeMap<RunId, (i64, i64)>, kiosk: i64) -> BTreeMap<RunId, i64> {
    let own = known.into_iter().filter_map(|(run, (no, owner))| {
        (claims::claim(Some(owner), kiosk) == Claim::Own).then_some((run, no))
    });
    own.collect()
}

/// The number and the owner of each of these runs that has one. Nothing else of a run is looked at,
/// so that the answer takes as long whatever is stored of it.
async fn look(tx: &mut dyn Tx, runs: &[RunId]) -> Result<BTreeMap<RunId, (i64, i64)>, Failure> {
    let mut known = BTreeMap::new();
    for some in runs.chunks(AT_ONCE) {
        let (sql, values) = question(some);
        for row in tx.rows(&sql, &values).await? {
            known.insert(RunId(row.get("run")?), (row.get("no")?, row.get("kiosk")?));
        }
    }
    Ok(known)
}

/// The question for some runs.
fn question(some: &[RunId]) -> (String, Vec<Value>) {
    // As many parameters each time, so that there are two statements and not sixteen.
    let width = if some.len() == 1 { 1 } else { AT_ONCE };
    let places: Vec<String> = (1..=width).map(|place| format!("${place}")).collect();
    let values = some.iter().cycle().take(width).flat_map(|run| values![run.0]).collect();
    (format!("select run, no, kiosk from claim where run in ({})", places.join(", ")), values)
}
