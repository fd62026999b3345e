//! The statements about events, but those that store them.

use rusqlite::{Connection, Transaction, params};

use super::{Sqlite, dating, event_rows, ingest, judging, upkeep};
use crate::feedback::misuse::RULE_VERSION;
use crate::hub::archive::error::Error;
use crate::hub::archive::events::{Cursor, Events, Shipment, Stored};
use crate::wire::report::Reported;

/// Under which key the archive notes the rules by which it last judged every press.
const RULE: &str = "rule";

impl Events for Sqlite {
    async fn store(&self, shipment: Shipment) -> Result<Stored, Error> {
        self.write_delivery("store a delivery", move |transaction| {
            ingest::store(transaction, &shipment)
        })
        .await
    }

    async fn page(
        &self,
        after: Cursor,
        events_max: usize,
    ) -> Result<Vec<(Cursor, Reported)>, Error> {
        self.read("read events", move |connection| {
            let columns = event_rows::reported_columns();
            let sql = format!(
                "select {columns} from event join kiosk on kiosk.id = event.kiosk \
                 join run on run.id = event.run left join stay on stay.kiosk = event.kiosk \
                 and utc_ms >= stay.from_ms and utc_ms < stay.to_ms \
                 where (event.run, event.n) > (?, ?) order by event.run, event.n limit ?"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let limit = i64::try_from(events_max).unwrap_or(i64::MAX);
            let (run, n) = after;
            statement.query_map(params![run, n, limit], event_rows::reported)?.collect()
        })
        .await
    }

    async fn date_more(&self, after: String) -> Result<Option<String>, Error> {
        let next = move |connection: &Connection| dating::waiting(connection, &after);
        let Some(kiosk) = self.read("look for events to date", next).await? else {
            return Ok(None);
        };
        self.write("date events again", move |transaction| {
            dating::more(transaction, &kiosk)?;
            Ok(Some(kiosk))
        })
        .await
    }

    async fn judge_again(&self) -> Result<(), Error> {
        let judged = self.read("look up the rules", |connection| {
            let rule = upkeep::noted(connection, RULE)?;
            let mut statement = connection.prepare("select id from run order by id")?;
            let runs = statement.query_map([], |row| row.get(0))?;
            let runs: Vec<i64> = runs.collect::<rusqlite::Result<_>>()?;
            Ok((rule, runs))
        });
        let (rule, runs) = judged.await?;
        if rule == Some(RULE_VERSION.into()) {
            return Ok(());
        }
        // One by one, so that no delivery waits for long.
        for run in runs {
            let judge = move |transaction: &Transaction<'_>| judging::judge_again(transaction, run);
            self.write("judge a run again", judge).await?;
        }
        self.write("note the rules", |transaction| {
            upkeep::note(transaction, RULE, RULE_VERSION.into())
        })
        .await
    }
}
