//! The statements about codes and tokens.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use super::{Sqlite, kiosks, places};
use crate::hub::archive::credentials::{Bearer, Credentials, Retired, Seal, Spending};
use crate::hub::archive::error::Error;
use crate::hub::archive::places::{Kiosk, Shop};
use crate::hub::rules::budget::{LINE_BYTES, ROW_BYTES};
use crate::hub::rules::guesses::{self, Guesses};
use crate::hub::secrets::{Hash, Token};

impl Credentials for Sqlite {
    async fn add_code(&self, kiosk: String, code: Hash, expires_ms: i64) -> Result<bool, Error> {
        self.write("add a code", move |transaction| {
            let sql = "insert into code (hash, kiosk, expires_ms) \
                       select ?, id, ? from kiosk where id = ?";
            Ok(transaction.execute(sql, params![code, expires_ms, kiosk])? == 1)
        })
        .await
    }

    async fn spend_code(
        &self,
        code: Hash,
        token: Token,
        net: String,
        now_ms: i64,
    ) -> Result<Spending, Error> {
        self.write("spend a code", move |transaction| {
            let sql = "update code set spent_ms = ?2 \
                       where hash = ?1 and spent_ms is null and expires_ms > ?2 returning kiosk";
            let spent = transaction.query_row(sql, params![code, now_ms], |row| row.get(0));
            let Some(id): Option<String> = spent.optional()? else {
                let guesses = guesses(transaction, &net)?;
                if let Some(wait_s) = guesses.wait_s(now_ms) {
                    return Ok(Spending::Wait(wait_s));
                }
                note_guess(transaction, &net, guesses.and_one(now_ms), now_ms)?;
                return Ok(Spending::Wrong);
            };
            let sql = "select retired_ms, shop.zone as shop_zone from kiosk \
                       join shop on shop.id = kiosk.shop where kiosk.id = ?";
            let retired = transaction.query_row(sql, [&id], retired).optional()?.flatten();
            if let Some(retired) = retired.filter(|retired| retired.at_ms <= now_ms) {
                return Ok(Spending::Retired(retired));
            }
            let given = give(transaction, &id, &token, now_ms)?;
            Ok(given.map_or(Spending::Wrong, |(kiosk, shop)| Spending::Good(kiosk, shop)))
        })
        .await
    }

    async fn give_token(
        &self,
        kiosk: String,
        token: Token,
        now_ms: i64,
    ) -> Result<Option<(Kiosk, Shop)>, Error> {
        self.write("give a token to a kiosk", move |transaction| {
            give(transaction, &kiosk, &token, now_ms)
        })
        .await
    }

    async fn bearer(&self, token: Hash, old_ms: i64) -> Result<Option<Bearer>, Error> {
        self.read_token("look up a token", move |connection| {
            let sql = "select kiosk, is_next, made_ms < ? or wants_token as is_old, \
                       verify_key is not null as has_key, spent_day, spent_bytes, \
                       retired_ms, shop.zone as shop_zone \
                       from token join kiosk on kiosk.id = token.kiosk \
                       join shop on shop.id = kiosk.shop where hash = ? and revoked_ms is null";
            let bearer = |row: &Row<'_>| {
                Ok(Bearer {
                    kiosk: row.get("kiosk")?,
                    is_next: row.get("is_next")?,
                    is_old: row.get("is_old")?,
                    has_key: row.get("has_key")?,
                    spent: kiosks::spent(row)?,
                    retired: retired(row)?,
                })
            };
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_row(params![old_ms, token], bearer).optional()
        })
        .await
    }

    async fn add_next_token(
        &self,
        kiosk: String,
        present: Hash,
        token: Token,
        now_ms: i64,
    ) -> Result<(), Error> {
        self.write("add a token", move |transaction| {
            let sql = "select spent_day, spent_bytes from kiosk where id = ?";
            let spent = transaction.query_row(sql, [&kiosk], kiosks::spent)?;
            kiosks::spend(transaction, &kiosk, spent, ROW_BYTES + LINE_BYTES, now_ms)?;
            let sql = "delete from token where is_next = 1 and follows = ?";
            transaction.execute(sql, [present])?;
            let sql = "insert into token (hash, kiosk, made_ms, is_next, follows, verify_key) \
                       values (?, ?, ?, 1, ?, ?)";
            transaction
                .execute(sql, params![token.hash, kiosk, now_ms, present, token.key])
                .map(drop)
        })
        .await
    }

    async fn confirm_token(&self, token: Hash, now_ms: i64) -> Result<(), Error> {
        self.write("confirm a token", move |transaction| {
            let sql = "update token set revoked_ms = ?1, is_superseded = 1 from token as used \
                       where used.hash = ?2 and token.kiosk = used.kiosk \
                       and token.hash <> used.hash and token.revoked_ms is null \
                       and (used.follows is null or token.hash = used.follows)";
            transaction.execute(sql, params![now_ms, token])?;
            transaction.execute("update token set is_next = 0 where hash = ?", [token])?;
            let sql = "update kiosk set wants_token = 0 \
                       where id = (select kiosk from token where hash = ?)";
            transaction.execute(sql, [token]).map(drop)
        })
        .await
    }

    async fn want_token(&self, kiosk: String) -> Result<bool, Error> {
        self.write("ask for a new token", move |transaction| {
            let sql = "update kiosk set wants_token = 1 where id = ?";
            Ok(transaction.execute(sql, [kiosk])? == 1)
        })
        .await
    }

    async fn revoke(&self, kiosk: String, now_ms: i64) -> Result<usize, Error> {
        self.write("revoke a kiosk's tokens", move |transaction| {
            let sql = "update code set spent_ms = ? where kiosk = ? and spent_ms is null";
            transaction.execute(sql, params![now_ms, kiosk])?;
            kiosks::forget_runs(transaction, &kiosk)?;
            // What another token took the place of signs nothing any more, either.
            let sql = "update token set is_superseded = 0 where kiosk = ?";
            transaction.execute(sql, [&kiosk])?;
            let sql = "update token set revoked_ms = ? where kiosk = ? and revoked_ms is null";
            transaction.execute(sql, params![now_ms, kiosk])
        })
        .await
    }

    async fn note_key(&self, token: Token) -> Result<(), Error> {
        self.write("note a key", move |transaction| {
            let sql = "update token set verify_key = ? where hash = ? and verify_key is null";
            transaction.execute(sql, params![token.key, token.hash]).map(drop)
        })
        .await
    }

    async fn seals(&self, kiosk: String) -> Result<Vec<Seal>, Error> {
        self.read("look up keys", move |connection| {
            let sql = "select hash, verify_key, is_next, is_superseded from token \
                       where kiosk = ? and (revoked_ms is null or is_superseded) \
                       and verify_key is not null order by is_superseded, made_ms desc";
            let seal = |row: &Row<'_>| {
                Ok(Seal {
                    token: row.get("hash")?,
                    key: row.get("verify_key")?,
                    is_next: row.get("is_next")?,
                    is_superseded: row.get("is_superseded")?,
                })
            };
            connection.prepare_cached(sql)?.query_map([kiosk], seal)?.collect()
        })
        .await
    }
}

/// How many networks are remembered for their wrong codes; of more, the oldest are forgotten.
const NETS_MAX: u32 = 10_000;

/// The wrong codes that came from a network.
fn guesses(transaction: &Transaction<'_>, net: &str) -> rusqlite::Result<Guesses> {
    let sql = "select wrong, since_ms from guess where net = ?";
    let guesses =
        |row: &Row<'_>| Ok(Guesses { wrong: row.get("wrong")?, since_ms: row.get("since_ms")? });
    Ok(transaction.query_row(sql, [net], guesses).optional()?.unwrap_or_default())
}

fn note_guess(
    transaction: &Transaction<'_>,
    net: &str,
    guesses: Guesses,
    now_ms: i64,
) -> rusqlite::Result<()> {
    let sql = "delete from guess where since_ms < ?";
    transaction.execute(sql, [guesses::forgotten_before_ms(now_ms)])?;
    let sql = "insert into guess (net, wrong, since_ms) values (?1, ?2, ?3) \
               on conflict (net) do update set wrong = ?2, since_ms = ?3";
    transaction.execute(sql, params![net, guesses.wrong, guesses.since_ms])?;
    let sql = "delete from guess where net in (select net from guess order by since_ms desc \
               limit -1 offset ?)";
    transaction.execute(sql, [NETS_MAX]).map(drop)
}

fn retired(row: &Row<'_>) -> rusqlite::Result<Option<Retired>> {
    let zone = row.get("shop_zone")?;
    Ok(row.get::<_, Option<i64>>("retired_ms")?.map(|at_ms| Retired { at_ms, zone }))
}

/// Gives a kiosk a token; none when the kiosk is unknown.
fn give(
    transaction: &Transaction<'_>,
    id: &str,
    token: &Token,
    now_ms: i64,
) -> rusqlite::Result<Option<(Kiosk, Shop)>> {
    let sql = "select kiosk.id, kiosk.shop, kiosk.touchpoint, shop.id, shop.name, \
               shop.zone, shop.shop_group from kiosk \
               join shop on shop.id = kiosk.shop where kiosk.id = ?";
    let found = transaction
        .query_row(sql, [id], |row| Ok((places::kiosk(row)?, places::shop(row, 3)?)))
        .optional()?;
    if found.is_some() {
        // The tokens before it are valid until it is used, since its way to the kiosk is long.
        let sql = "insert into token (hash, kiosk, made_ms, is_next, verify_key) \
                   values (?, ?, ?, 1, ?)";
        transaction.execute(sql, params![token.hash, id, now_ms, token.key])?;
        kiosks::forget_runs(transaction, id)?;
    }
    Ok(found)
}
