//! The statements about the marks at both ends of a move, which say who may write where.

use super::tables::{MADE, OF_PLACE, TABLES, Table};
use super::{feed, upkeep};
use crate::hub::archive::Archive;
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, values};

/// A mark.
#[derive(Clone, Debug)]
pub(in crate::hub::archive) struct Mark {
    /// Where the archive goes, or where it comes from.
    pub(in crate::hub::archive) place: String,
    /// The same at both ends of a move.
    pub(in crate::hub::archive) mark: i64,
    /// Whether it has come there.
    pub(in crate::hub::archive) is_done: bool,
}

/// What is seen of an archive.
#[derive(Debug)]
pub(in crate::hub::archive) struct Seen {
    /// Where it goes.
    pub(in crate::hub::archive) to: Option<Mark>,
    /// Where it comes from.
    pub(in crate::hub::archive) from: Option<Mark>,
    /// The first table that holds something which no new archive has.
    pub(in crate::hub::archive) full: Option<&'static str>,
    /// What no two archives have alike, unless one is a copy of the other; a half may lack it.
    pub(in crate::hub::archive) epoch: Option<i64>,
}

impl Archive {
    /// The marks of an archive, and whether it is empty.
    pub(in crate::hub::archive) async fn seen(&self) -> Result<Seen, Error> {
        self.read("see what is there", |tx| {
            Box::pin(async move {
                let (to, from) = (mark(tx, "to").await?, mark(tx, "from").await?);
                let (full, epoch) = (full(tx).await?, upkeep::noted(tx, "epoch").await?);
                Ok(Seen { to, from, full, epoch })
            })
        })
        .await
    }

    /// Why no hub may use this archive, if so: it has gone, or has not come yet.
    pub(in crate::hub::archive) async fn unusable(&self) -> Result<Option<String>, Error> {
        self.look("see whether the archive has gone", |tx| {
            Box::pin(async move {
                let sql = "select way, place, mark, is_done from transfer order by way";
                let Some(row) = tx.row(sql, &[]).await? else { return Ok(None) };
                Ok(Some(told(&row.get::<String>("way")?, &read(&row)?)))
            })
        })
        .await
    }

    /// Marks the archive as one that goes to this place, after which nothing can be written into
    /// it; returns the mark.
    pub(in crate::hub::archive) async fn leave_for(&self, place: String) -> Result<i64, Error> {
        let mark: i64 = rand::random();
        self.write("hold the archive still", move |tx| {
            Box::pin(async move {
                let sql = "insert into transfer (way, place, mark) values ('to', $1, $2)";
                tx.execute(sql, &values![place, mark]).await?;
                tx.hold(&held()).await
            })
        })
        .await?;
        Ok(mark)
    }

    /// Notes where it goes that was held before, and whether it has come there.
    pub(in crate::hub::archive) async fn goes_to(
        &self,
        place: String,
        is_done: bool,
    ) -> Result<(), Error> {
        self.write("note where the archive goes", move |tx| {
            Box::pin(async move {
                let sql = "update transfer set place = $1, is_done = $2 where way = 'to'";
                tx.execute(sql, &values![place, is_done]).await.map(drop)
            })
        })
        .await
    }

    /// Lets an archive be used again; returns where it went, if it did.
    pub(in crate::hub::archive) async fn stay(&self) -> Result<Option<String>, Error> {
        self.write("let the archive be used again", |tx| {
            Box::pin(async move {
                let Some(mark) = mark(tx, "to").await? else { return Ok(None) };
                tx.release(&held()).await?;
                tx.execute("delete from transfer where way = 'to'", &[]).await?;
                Ok(Some(mark.place))
            })
        })
        .await
    }

    /// Marks an archive that was just made as the place of another one, and takes away what it was
    /// made with, and what a hub has put beside it.
    pub(in crate::hub::archive) async fn come_from(
        &self,
        place: String,
        mark: i64,
    ) -> Result<(), Error> {
        self.write("begin the copy", move |tx| {
            Box::pin(async move {
                let sql = "insert into transfer (way, place, mark) values ('from', $1, $2)";
                tx.execute(sql, &values![place, mark]).await?;
                tx.execute("delete from secret", &[]).await?;
                for table in TABLES.iter().filter(|table| MADE.contains(&table.name())) {
                    let only = table.only.map(|only| format!(" where {only}")).unwrap_or_default();
                    tx.execute(&format!("delete from {}{only}", table.name()), &[]).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Lets hubs open what has come whole.
    pub(in crate::hub::archive) async fn has_come(&self) -> Result<(), Error> {
        self.write("end the copy", |tx| {
            Box::pin(async move {
                for table in &TABLES {
                    if let Some(column) = table.rises {
                        tx.go_on(table.name(), column).await?;
                    }
                }
                if tx.stamps_at_once() {
                    // What was to be given its place where it was does not get it here.
                    feed::stamp_all(tx).await?;
                }
                tx.execute("delete from transfer where way = 'from'", &[]).await.map(drop)
            })
        })
        .await
    }
}

/// Refuses to copy into an archive that has come already, by another process that does the same.
pub(in crate::hub::archive) async fn may_come(tx: &mut dyn Tx) -> Result<(), Failure> {
    match tx.lock("select mark from transfer where way = 'from'", &[]).await? {
        Some(_) => Ok(()),
        None => Err(Failure::Content("another process has ended this move".to_owned())),
    }
}

/// Every table that a hub writes into.
fn held() -> Vec<&'static str> {
    TABLES.iter().map(Table::name).chain([OF_PLACE[0]]).collect()
}

async fn mark(tx: &mut dyn Tx, way: &str) -> Result<Option<Mark>, Failure> {
    let sql = "select place, mark, is_done from transfer where way = $1";
    tx.row(sql, &values![way]).await?.map(|row| read(&row)).transpose()
}

fn read(row: &Row) -> Result<Mark, Failure> {
    let (place, mark, is_done) = (row.get("place")?, row.get("mark")?, row.get("is_done")?);
    Ok(Mark { place, mark, is_done })
}

fn told(way: &str, mark: &Mark) -> String {
    let Mark { place, is_done, .. } = mark;
    match (way, is_done) {
        ("from", _) => format!(
            "it is only a part of the archive that comes here from {place}: the same \
             `smilepost-hub move` again goes on with that"
        ),
        (_, false) => format!(
            "it is on its way to {place}: the same `smilepost-hub move` again goes on with that, \
             and `smilepost-hub move --undo` gives it up"
        ),
        (_, true) => format!(
            "it has gone to {place}, which hub.toml is to name now; `smilepost-hub move --undo` \
             would have this one used again, without what has come there since"
        ),
    }
}

async fn full(tx: &mut dyn Tx) -> Result<Option<&'static str>, Failure> {
    for table in TABLES.iter().filter(|table| !MADE.contains(&table.name())) {
        let sql = format!("select 1 as one from {} limit 1", table.name());
        if tx.row(&sql, &[]).await?.is_some() {
            return Ok(Some(table.name()));
        }
    }
    Ok(None)
}
