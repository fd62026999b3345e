//! The statements about events, but those that store them.

use std::sync::Arc;

use super::deliveries::Change;
use super::{claims, dating, event_rows, ingest, judging, upkeep};
use crate::feedback::misuse::RULE_VERSION;
use crate::hub::archive::Archive;
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::events::{Cursor, Shipment, Stored};
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
        let named = Arc::clone(&shipment);
        let name = "note what a delivery names";
        let named = self
            .write_delivery(name, move |tx| Box::pin(async move { claims::name(tx, &named).await }))
            .await?;
        self.1.look();
        let zones = self.1.clone();
        self.write_delivery("store a delivery", move |tx| {
            Box::pin(async move { ingest::store(tx, &shipment, &named, &zones).await })
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
            Box::pin(async move {
                let (columns, from) = (event_rows::reported_columns(), event_rows::REPORTED);
                let sql = format!(
                    "select {columns} from {from} \
                     where (event.kiosk, event.run, event.n) > ($1, $2, $3) \
                     order by event.kiosk, event.run, event.n limit $4"
                );
                let (kiosk, run, n) = after;
                let rows = tx.rows(&sql, &values![kiosk, run, n, events_max]).await?;
                rows.iter().map(event_rows::reported).collect()
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
        let judged = self.read("look up the rules", |tx| {
            Box::pin(async move { Ok((upkeep::noted(tx, RULE).await?, runs(tx).await?)) })
        });
        let (rule, runs) = judged.await?;
        if rule == Some(RULE_VERSION.into()) {
            return Ok(());
        }
        self.1.look();
        // One by one, so that no delivery waits for long.
        for (kiosk, run) in runs {
            let zones = self.1.clone();
            self.write("judge a run again", move |tx| {
                Box::pin(async move {
                    let mut change = Change::begin(tx, kiosk, &zones).await?;
                    judging::judge_again(&mut change, run).await?;
                    change.finish(0).await
                })
            })
            .await?;
        }
        self.write("note the rules", |tx| {
            Box::pin(async move { upkeep::note(tx, RULE, RULE_VERSION.into()).await })
        })
        .await
    }
}

/// Every run, with its kiosk.
async fn runs(tx: &mut dyn Tx) -> Result<Vec<(i64, i64)>, Failure> {
    let rows = tx.rows("select kiosk, no from run order by kiosk, no", &[]).await?;
    rows.iter().map(|row| Ok((row.get("kiosk")?, row.get("no")?))).collect()
}
