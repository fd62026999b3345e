//! The statements about surveys: what was published for whom, and which of it a kiosk is given.

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::super::{Publication, Scope};

const COLUMNS: &str = "survey.publication, published_ms, survey.shop_group, survey.shop, \
     survey.touchpoint, content";

pub(super) fn publish(
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
    Ok(Some(number.cast_unsigned()))
}

/// The survey that is meant for a kiosk. Of each scope only the newest counts, and where that one
/// was withdrawn the next wider scope does.
pub(super) fn of_kiosk(
    connection: &Connection,
    kiosk: &str,
) -> rusqlite::Result<Option<Publication>> {
    let sql = format!(
        "select {COLUMNS} from survey join kiosk on kiosk.id = ? \
         join shop on shop.id = kiosk.shop \
         where (survey.shop_group is null or survey.shop_group = shop.shop_group) \
         and (survey.shop is null or survey.shop = shop.id) \
         and (survey.touchpoint is null or survey.touchpoint = kiosk.touchpoint) \
         and content is not null and survey.publication in (select max(publication) from survey \
         group by shop_group, shop, touchpoint) \
         order by survey.touchpoint is null, survey.shop is null, survey.shop_group is null \
         limit 1"
    );
    connection.prepare_cached(&sql)?.query_row([kiosk], publication).optional()
}

pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Publication>> {
    let sql = format!("select {COLUMNS} from survey order by survey.publication desc");
    connection.prepare_cached(&sql)?.query_map([], publication)?.collect()
}

fn publication(row: &Row<'_>) -> rusqlite::Result<Publication> {
    Ok(Publication {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        published_ms: row.get(1)?,
        scope: Scope { group: row.get(2)?, shop: row.get(3)?, touchpoint: row.get(4)? },
        content: row.get(5)?,
    })
}
