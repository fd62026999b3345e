//! The statements about surveys: what was published for whom.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::Sqlite;
use crate::hub::archive::error::Error;
use crate::hub::archive::surveys::{Publication, Surveys};
use crate::hub::rules::scope::{self, Newest, Place, Scope};

const COLUMNS: &str = "publication, published_ms, shop_group, shop, touchpoint, content";

impl Surveys for Sqlite {
    async fn publish(
        &self,
        scope: Scope,
        content: Option<String>,
        now_ms: i64,
    ) -> Result<Option<u64>, Error> {
        self.write("publish a survey", move |transaction| {
            publish(transaction, &scope, content.as_deref(), now_ms)
        })
        .await
    }

    async fn survey(&self, kiosk: String) -> Result<Option<Publication>, Error> {
        self.read("look up a survey", move |connection| {
            let connection = &*connection.unchecked_transaction()?;
            let Some(place) = place(connection, &kiosk)? else {
                return Ok(None);
            };
            let Some(number) = of_place(connection, &place)? else {
                return Ok(None);
            };
            let sql = format!("select {COLUMNS} from survey where publication = ?");
            let mut statement = connection.prepare_cached(&sql)?;
            statement.query_row([number.cast_signed()], publication).optional()
        })
        .await
    }

    async fn surveys(&self) -> Result<Vec<Publication>, Error> {
        self.read("list the surveys", |connection| {
            let sql = format!("select {COLUMNS} from survey order by publication desc");
            connection.prepare_cached(&sql)?.query_map([], publication)?.collect()
        })
        .await
    }
}

fn publish(
    transaction: &Transaction<'_>,
    scope: &Scope,
    content: Option<&str>,
    now_ms: i64,
) -> rusqlite::Result<Option<u64>> {
    let Scope { group, shop, touchpoint } = scope;
    let sql = "select 1 from shop where id = ?";
    if let Some(shop) = shop
        && !transaction.prepare_cached(sql)?.exists([shop])?
    {
        return Ok(None);
    }
    let sql = "insert into survey (published_ms, shop_group, shop, touchpoint, content) \
               values (?, ?, ?, ?, ?) returning publication";
    let values = params![now_ms, group, shop, touchpoint, content];
    let number = transaction.query_row(sql, values, |row| row.get::<_, i64>(0))?;
    let sql = "insert or ignore into published (publication, question, version, scale) \
               select publication, asked.value ->> 'id', asked.value ->> 'version', \
               asked.value ->> 'scale' from survey, json_each(content, '$.questions') as asked \
               where publication = ?";
    transaction.execute(sql, [number])?;
    Ok(Some(number.cast_unsigned()))
}

/// Notes that a kiosk was told to ask a publication.
pub(super) fn note_given(
    transaction: &Transaction<'_>,
    kiosk: &str,
    publication: u64,
) -> rusqlite::Result<()> {
    let sql = "insert into given (kiosk, publication) values (?, ?) on conflict do nothing";
    transaction.prepare_cached(sql)?.execute(params![kiosk, publication.cast_signed()]).map(drop)
}

fn place(connection: &Connection, kiosk: &str) -> rusqlite::Result<Option<Place>> {
    let sql = "select shop_group, shop, touchpoint from kiosk join shop on shop.id = kiosk.shop \
               where kiosk.id = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let place = |row: &Row<'_>| {
        Ok(Place {
            group: row.get("shop_group")?,
            shop: row.get("shop")?,
            touchpoint: row.get("touchpoint")?,
        })
    };
    statement.query_row([kiosk], place).optional()
}

/// The number of the survey that is meant for a kiosk in this place.
pub(super) fn of_place(connection: &Connection, place: &Place) -> rusqlite::Result<Option<u64>> {
    let sql = "select publication, content is null as is_withdrawn from survey \
               indexed by survey_by_scope \
               where shop_group is ? and shop is ? and touchpoint is ? \
               order by publication desc limit 1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut newest = Vec::new();
    for scope in scope::around(place) {
        let Scope { group, shop, touchpoint } = &scope;
        let found = statement.query_row(params![group, shop, touchpoint], |row| {
            Ok((row.get::<_, i64>("publication")?.cast_unsigned(), row.get("is_withdrawn")?))
        });
        let found = found.optional()?;
        newest.extend(found.map(|(number, is_withdrawn)| Newest { number, scope, is_withdrawn }));
    }
    Ok(scope::choose(&newest, place))
}

fn publication(row: &Row<'_>) -> rusqlite::Result<Publication> {
    Ok(Publication {
        number: row.get::<_, i64>("publication")?.cast_unsigned(),
        published_ms: row.get("published_ms")?,
        scope: scope(row)?,
        content: row.get("content")?,
    })
}

fn scope(row: &Row<'_>) -> rusqlite::Result<Scope> {
    Ok(Scope {
        group: row.get("shop_group")?,
        shop: row.get("shop")?,
        touchpoint: row.get("touchpoint")?,
    })
}
