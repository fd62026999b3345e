//! The statements about events, but those that store them.

use std::sync::Arc;

use super::claims::Named;
use super::deliveries::Change;
use super::identity::prove;
use super::{claims, dating, event_rows, ingest, judging, upkeep};
use crate::feedback::misuse::RULE_VERSION;
use crate::hub::archive::Archive;
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::events::{Cursor, Shipment, Stored};
use crate::hub::archive::replica::Identity;
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::values;
use crate::wire::report::Reported;

/// Under which key the archive notes the rules by which it last judged every press.
const RULE: &str = "rule";

impl Archive {
    /// Stores a shipment: each event once, and none over another.
    ///
    /// # Errors
    /// When the kiosk is unknown, or the archive cannot be written in time.
    pub async fn store(&self, shipment: Shipment) -> Result<Stored, Error> {
        let shipment = Arc::new(shipment);
        let named = self.named(&shipment).await?;
        self.1.look();
        let zones = self.1.clone();
        self.write_delivery("store a delivery", move |tx| {
            Box::pin(async move { ingest::store(tx, &shipment, &named, &zones).await })
        })
        .await
    }

    /// The numbers of everything that a delivery names. Mostly all of it is known, and no other
    /// delivery is waited for.
    async fn named(&self, shipment: &Arc<Shipment>) -> Result<Named, Error> {
        let (to_look, to_name) = (Arc::clone(shipment), Arc::clone(shipment));
        let known = self.look("look up what a delivery names", move |tx| {
            Box::pin(async move { claims::known(tx, &to_look).await })
        });
        if let Some(known) = known.await? {
            return Ok(known);
        }
        self.write_delivery("note what a delivery names", move |tx| {
            Box::pin(async move { claims::name(tx, &to_name).await })
        })
        .await
    }

    /// The events after a cursor, at most so many, each with its own cursor.
    ///
    /// # Errors
    /// When the archive cannot be read.
    pub async fn page(
        &self,
        after: Cursor,
        events_max: usize,
    ) -> Result<Vec<(Cursor, Reported)>, Error> {
        self.read("read events", move |tx| {
            Box::pin(async move { page(tx, after, events_max).await })
        })
        .await
    }

    /// The same of a replica, if it shows the archive of this identity.
    pub(in crate::hub::archive) async fn page_of(
        &self,
        identity: Identity,
        after: Cursor,
        events_max: usize,
    ) -> Result<Vec<(Cursor, Reported)>, Error> {
        self.read("read events", move |tx| {
            Box::pin(async move {
                prove(tx, identity).await?;
                page(tx, after, events_max).await
            })
        })
        .await
    }

    /// Dates some of those stored events again of whose time a delivery has told more than it could
    /// do at once. They are one kiosk's: the next after this one, by short name; returns which.
    ///
    /// # Errors
    /// When the archive cannot be read or written.
    pub async fn date_more(&self, after: String) -> Result<Option<String>, Error> {
        let next = self
            .read("look for events to date", move |tx| {
                Box::pin(async move { dating::waiting(tx, &after).await })
            })
            .await?;
        let Some((kiosk, id)) = next else {
            return Ok(None);
        };
        self.1.look();
        let zones = self.1.clone();
        self.write("date events again", move |tx| {
            Box::pin(async move {
                let mut change = Change::begin(tx, kiosk, &zones).await?;
                dating::more(&mut change).await?;
                change.finish(0).await
            })
        })
        .await?;
        Ok(Some(id))
    }

    /// Judges every press again that older rules have judged, once after the rules have changed.
    ///
    /// # Errors
    /// When the archive cannot be read or written.
    pub async fn judge_again(&self) -> Result<(), Error> {
        let mut reached = None;
        while let Some(further) = self.judge_more(reached).await? {
            reached = Some(further);
        }
        Ok(())
    }

    /// Does a bit of that, after the event that was reached; returns which is reached now, or none
    /// when all is done: it is noted by which rules. A number 0 is the end of its run.
    ///
    /// # Errors
    /// When the archive cannot be read or written; what was judged until then stays judged.
    pub async fn judge_more(&self, reached: Option<Cursor>) -> Result<Option<Cursor>, Error> {
        let next = self.read("look for presses to judge", move |tx| {
            Box::pin(async move {
                match reached {
                    Some((kiosk, run, n)) if n > 0 => Ok(Some((kiosk, run, n))),
                    Some((kiosk, run, _)) => next_run(tx, (kiosk, run)).await,
                    None if upkeep::noted(tx, RULE).await? == Some(RULE_VERSION.into()) => Ok(None),
                    None => next_run(tx, (0, 0)).await,
                }
            })
        });
        let Some((kiosk, run, after)) = next.await? else {
            return self.note_rules().await.map(|()| None);
        };
        self.1.look();
        let zones = self.1.clone();
        self.write("judge presses again", move |tx| {
            Box::pin(async move {
                let mut change = Change::begin(tx, kiosk, &zones).await?;
                let last = judging::judge_more(&mut change, run, after).await?;
                change.finish(0).await?;
                Ok(Some((kiosk, run, last.unwrap_or(0))))
            })
        })
        .await
    }

    async fn note_rules(&self) -> Result<(), Error> {
        self.write("note the rules", |tx| {
            Box::pin(async move { upkeep::note(tx, RULE, RULE_VERSION.into()).await })
        })
        .await
    }
}

/// The next run after this one, by kiosk and number, before its first event.
async fn next_run(tx: &mut dyn Tx, after: (i64, i64)) -> Result<Option<Cursor>, Failure> {
    let sql = "select kiosk, no from run where (kiosk, no) > ($1, $2) order by kiosk, no limit 1";
    let row = tx.row(sql, &values![after.0, after.1]).await?;
    row.map(|row| Ok((row.get("kiosk")?, row.get("no")?, 0))).transpose()
}

async fn page(
    tx: &mut dyn Tx,
    (kiosk, run, n): Cursor,
    events_max: usize,
) -> Result<Vec<(Cursor, Reported)>, Failure> {
    let (columns, from) = (event_rows::reported_columns(), event_rows::REPORTED);
    let sql = format!(
        "select {columns} from {from} \
         where (event.kiosk, event.run, event.n) > ($1, $2, $3) \
         order by event.kiosk, event.run, event.n limit $4"
    );
    let rows = tx.rows(&sql, &values![kiosk, run, n, events_max]).await?;
    event_rows::reported(tx, &rows).await
}
