//! The statements about codes and tokens.

use super::{guesses, kiosks};
use crate::hub::archive::Archive;
use crate::hub::archive::credentials::{Bearer, Retired, Seal, Spending};
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::places::{Kiosk, Shop};
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, values};
use crate::hub::rules::budget::{LINE_BYTES, ROW_BYTES, Spent};
use crate::hub::secrets::{Hash, Token};

impl Archive {
    /// Adds a one-time code for a kiosk; false when the kiosk is unknown.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn add_code(
        &self,
        kiosk: String,
        code: Hash,
        expires_ms: i64,
    ) -> Result<bool, Error> {
        self.write("add a code", move |tx| {
            Box::pin(async move {
                let Some(kiosk) = kiosks::number(tx, &kiosk).await? else {
                    return Ok(false);
                };
                let sql = "insert into code (hash, kiosk, expires_ms) values ($1, $2, $3)";
                tx.execute(sql, &values![code, kiosk, expires_ms]).await?;
                Ok(true)
            })
        })
        .await
    }

    /// Spends a code that came from this network, and gives its kiosk this token. Wrong codes are
    /// counted by network, and of one that has tried too many no further one is; a right one passes
    /// from everywhere.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn spend_code(
        &self,
        code: Hash,
        token: Token,
        net: String,
        now_ms: i64,
    ) -> Result<Spending, Error> {
        self.write("spend a code", move |tx| {
            Box::pin(async move { spend_code(tx, code, &token, &net, now_ms).await })
        })
        .await
    }

    /// Gives a kiosk this token without a code; none when the kiosk is unknown.
    ///
    /// The tokens before it stay valid until it is used.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn give_token(
        &self,
        kiosk: String,
        token: Token,
        now_ms: i64,
    ) -> Result<Option<(Kiosk, Shop)>, Error> {
        self.write("give a token to a kiosk", move |tx| {
            Box::pin(async move {
                let Some(number) = kiosks::number(tx, &kiosk).await? else {
                    return Ok(None);
                };
                give(tx, number, &token, now_ms).await
            })
        })
        .await
    }

    /// The kiosk that a valid token belongs to; a token that was made before `old_ms`, in
    /// milliseconds since 1970 UTC, is old.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn bearer(&self, token: Hash, old_ms: i64) -> Result<Option<Bearer>, Error> {
        self.look("look up a token", move |tx| {
            Box::pin(async move {
                let sql = "select kiosk.id, token.is_next, token.made_ms, token.verify_key, \
                           kiosk.wants_token, kiosk.retired_ms, shop.zone as shop_zone, \
                           book.spent_day, book.spent_bytes \
                           from token join kiosk on kiosk.no = token.kiosk \
                           join shop on shop.no = kiosk.shop join book on book.kiosk = kiosk.no \
                           where token.hash = $1 and token.revoked_ms is null";
                let row = tx.row(sql, &values![token]).await?;
                row.map(|row| bearer(&row, old_ms)).transpose()
            })
        })
        .await
    }

    /// Adds a token that is to follow a kiosk's present one, in place of any other that was to.
    ///
    /// # Errors
    /// When the kiosk is unknown, or the archive fails.
    pub async fn add_next_token(
        &self,
        kiosk: String,
        present: Hash,
        token: Token,
        now_ms: i64,
    ) -> Result<(), Error> {
        self.write("add a token", move |tx| {
            Box::pin(async move {
                let kiosk = known(tx, &kiosk).await?;
                let sql = "select spent_day, spent_bytes from book where kiosk = $1";
                let book = tx.lock(sql, &values![kiosk]).await?;
                let before = book.map(|row| spent(&row)).transpose()?.unwrap_or_default();
                let Spent { day, bytes } = before.and(ROW_BYTES + LINE_BYTES, now_ms);
                let sql = "update book set spent_day = $1, spent_bytes = $2 where kiosk = $3";
                tx.execute(sql, &values![day, bytes, kiosk]).await?;
                let sql = "delete from token where is_next = 1 and follows = $1";
                tx.execute(sql, &values![present]).await?;
                let sql = "insert into token (hash, kiosk, made_ms, is_next, follows, verify_key) \
                           values ($1, $2, $3, 1, $4, $5)";
                let Token { hash, key } = token;
                tx.execute(sql, &values![hash, kiosk, now_ms, present, key]).await.map(drop)
            })
        })
        .await
    }

    /// Notes that a token that was to follow another is in use and supersedes the other; one that
    /// was given at an enrolment supersedes all others of its kiosk. They let nobody in any more.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn confirm_token(&self, token: Hash, now_ms: i64) -> Result<(), Error> {
        self.write("confirm a token", move |tx| {
            Box::pin(async move {
                let sql = "select kiosk from token where hash = $1";
                let Some(row) = tx.row(sql, &values![token]).await? else {
                    return Ok(());
                };
                let kiosk: i64 = row.get("kiosk")?;
                // Whoever else gives or takes tokens of this kiosk waits here.
                lock(tx, kiosk).await?;
                let sql = "update token set revoked_ms = $1, is_superseded = 1 \
                           from token as used where used.hash = $2 \
                           and token.kiosk = used.kiosk and token.hash <> used.hash \
                           and token.revoked_ms is null \
                           and (used.follows is null or token.hash = used.follows)";
                tx.execute(sql, &values![now_ms, token]).await?;
                let sql = "update token set is_next = 0 where hash = $1";
                tx.execute(sql, &values![token]).await?;
                let sql = "update kiosk set wants_token = 0 where no = $1";
                tx.execute(sql, &values![kiosk]).await.map(drop)
            })
        })
        .await
    }

    /// Asks a kiosk to renew its token at its next delivery; false when the kiosk is unknown.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn want_token(&self, kiosk: String) -> Result<bool, Error> {
        self.write("ask for a new token", move |tx| {
            Box::pin(async move {
                let sql = "update kiosk set wants_token = 1 where id = $1";
                Ok(tx.execute(sql, &values![kiosk]).await? == 1)
            })
        })
        .await
    }

    /// Revokes every token and code of a kiosk, and what superseded tokens have signed; returns how
    /// many tokens were valid.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn revoke(&self, kiosk: String, now_ms: i64) -> Result<usize, Error> {
        self.write("revoke a kiosk's tokens", move |tx| {
            Box::pin(async move {
                let Some(kiosk) = kiosks::number(tx, &kiosk).await? else {
                    return Ok(0);
                };
                forget_runs(tx, kiosk).await?;
                let sql = "update code set spent_ms = $1 where kiosk = $2 and spent_ms is null";
                tx.execute(sql, &values![now_ms, kiosk]).await?;
                // What another token took the place of signs nothing any more, either.
                let sql = "update token set is_superseded = 0 where kiosk = $1";
                tx.execute(sql, &values![kiosk]).await?;
                let sql = "update token set revoked_ms = $1 \
                           where kiosk = $2 and revoked_ms is null";
                let revoked = tx.execute(sql, &values![now_ms, kiosk]).await?;
                Ok(usize::try_from(revoked).unwrap_or(usize::MAX))
            })
        })
        .await
    }

    /// Notes the key that verifies a token's signatures, where it is not known yet.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn note_key(&self, token: Token) -> Result<(), Error> {
        self.write("note a key", move |tx| {
            Box::pin(async move {
                let sql = "update token set verify_key = $1 \
                           where hash = $2 and verify_key is null";
                tx.execute(sql, &values![token.key, token.hash]).await.map(drop)
            })
        })
        .await
    }

    /// The tokens of a kiosk whose signatures are good: valid ones first, then superseded ones, the
    /// newest first.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn seals(&self, kiosk: String) -> Result<Vec<Seal>, Error> {
        self.read("look up keys", move |tx| {
            Box::pin(async move {
                let sql = "select hash, verify_key, is_next, is_superseded \
                           from token join kiosk on kiosk.no = token.kiosk \
                           where kiosk.id = $1 and (revoked_ms is null or is_superseded = 1) \
                           and verify_key is not null order by is_superseded, made_ms desc, hash";
                tx.rows(sql, &values![kiosk]).await?.iter().map(seal).collect()
            })
        })
        .await
    }
}

async fn spend_code(
    tx: &mut dyn Tx,
    code: Hash,
    token: &Token,
    net: &str,
    now_ms: i64,
) -> Result<Spending, Failure> {
    // Of two devices with one code, one changes the row.
    let sql = "update code set spent_ms = $1 \
               where hash = $2 and spent_ms is null and expires_ms > $1 returning kiosk";
    let Some(spent) = tx.row(sql, &values![now_ms, code]).await? else {
        let wait_s = guesses::count(tx, net, now_ms).await?;
        return Ok(wait_s.map_or(Spending::Wrong, Spending::Wait));
    };
    let number: i64 = spent.get("kiosk")?;
    let sql = "select retired_ms, shop.zone as shop_zone from kiosk \
               join shop on shop.no = kiosk.shop where kiosk.no = $1";
    let row = tx.row(sql, &values![number]).await?;
    let retired = row.map(|row| retired(&row)).transpose()?.flatten();
    if let Some(retired) = retired.filter(|retired| retired.at_ms <= now_ms) {
        return Ok(Spending::Retired(retired));
    }
    let given = give(tx, number, token, now_ms).await?;
    Ok(given.map_or(Spending::Wrong, |(kiosk, shop)| Spending::Good(kiosk, shop)))
}

/// Gives a kiosk a token; none when the kiosk is unknown.
async fn give(
    tx: &mut dyn Tx,
    number: i64,
    token: &Token,
    now_ms: i64,
) -> Result<Option<(Kiosk, Shop)>, Failure> {
    forget_runs(tx, number).await?;
    let sql = "select kiosk.id, kiosk.touchpoint, shop.id as shop_id, shop.name, shop.zone, \
               shop.shop_group from kiosk join shop on shop.no = kiosk.shop where kiosk.no = $1";
    let Some(row) = tx.row(sql, &values![number]).await? else {
        return Ok(None);
    };
    // The tokens before it are valid until it is used, since its way to the kiosk is long.
    let sql = "insert into token (hash, kiosk, made_ms, is_next, verify_key) \
               values ($1, $2, $3, 1, $4)";
    tx.execute(sql, &values![token.hash, number, now_ms, token.key]).await?;
    let shop = Shop {
        id: row.get("shop_id")?,
        name: row.get("name")?,
        zone: row.get("zone")?,
        group: row.get("shop_group")?,
    };
    let (id, touchpoint) = (row.get("id")?, row.get("touchpoint")?);
    Ok(Some((Kiosk { id, shop: shop.id.clone(), touchpoint }, shop)))
}

/// Forgets which runs a kiosk has had: one that was enrolled anew, or shut out, is no clone.
async fn forget_runs(tx: &mut dyn Tx, kiosk: i64) -> Result<(), Failure> {
    lock(tx, kiosk).await?;
    tx.execute("delete from past_run where kiosk = $1", &values![kiosk]).await?;
    let sql = "update book set returns = 0, live_run = null where kiosk = $1";
    tx.execute(sql, &values![kiosk]).await.map(drop)
}

async fn lock(tx: &mut dyn Tx, kiosk: i64) -> Result<(), Failure> {
    let sql = "select kiosk from book where kiosk = $1";
    tx.lock(sql, &values![kiosk]).await.map(drop)
}

/// The number of a kiosk that has to be there.
async fn known(tx: &mut dyn Tx, kiosk: &str) -> Result<i64, Failure> {
    let number = kiosks::number(tx, kiosk).await?;
    number.ok_or_else(|| Failure::Content(format!("there is no kiosk {kiosk}")))
}

fn bearer(row: &Row, old_ms: i64) -> Result<Bearer, Failure> {
    let made_ms: i64 = row.get("made_ms")?;
    let wants_token: bool = row.get("wants_token")?;
    let key: Option<Vec<u8>> = row.get("verify_key")?;
    Ok(Bearer {
        kiosk: row.get("id")?,
        is_next: row.get("is_next")?,
        is_old: made_ms < old_ms || wants_token,
        has_key: key.is_some(),
        spent: spent(row)?,
        retired: retired(row)?,
    })
}

fn seal(row: &Row) -> Result<Seal, Failure> {
    Ok(Seal {
        token: row.get("hash")?,
        key: row.get("verify_key")?,
        is_next: row.get("is_next")?,
        is_superseded: row.get("is_superseded")?,
    })
}

fn spent(row: &Row) -> Result<Spent, Failure> {
    Ok(Spent { day: row.get("spent_day")?, bytes: row.get("spent_bytes")? })
}

fn retired(row: &Row) -> Result<Option<Retired>, Failure> {
    let at_ms: Option<i64> = row.get("retired_ms")?;
    let zone = row.get("shop_zone")?;
    Ok(at_ms.map(|at_ms| Retired { at_ms, zone }))
}

#[cfg(test)]
mod tests {
    use super::super::small_chain::SmallChain;
    use super::*;
    use crate::hub::rules::guesses::WRONG_MAX;

    const NOW: i64 = 1_795_176_000_000;

    fn token(seed: u8) -> Token {
        Token { hash: [seed; 32], key: [seed; 32] }
    }

    async fn lets_in(archive: &Archive, seed: u8) -> bool {
        archive.bearer([seed; 32], 0).await.unwrap().is_some()
    }

    async fn spend(archive: &Archive, code: u8, seed: u8, now_ms: i64) -> Spending {
        archive.spend_code([code; 32], token(seed), "192.0.2.7".to_owned(), now_ms).await.unwrap()
    }

    #[tokio::test]
    async fn a_code_lets_one_device_in_and_supersedes_the_tokens_before_once_it_is_used() {
        let SmallChain { archive, .. } = &SmallChain::new().await;
        assert!(!archive.add_code("nobody".to_owned(), [1; 32], NOW + 1).await.unwrap());
        for code in [1, 2, 3] {
            assert!(archive.add_code("k".to_owned(), [code; 32], NOW + 1).await.unwrap());
        }
        let Spending::Good(kiosk, shop) = spend(archive, 1, 11, NOW).await else {
            panic!("the code is good");
        };
        assert_eq!((kiosk.id.as_str(), kiosk.shop.as_str(), shop.name.as_str()), ("k", "s", "S"));
        assert_eq!(spend(archive, 1, 12, NOW).await, Spending::Wrong, "it is spent");
        assert_eq!(spend(archive, 3, 12, NOW + 1).await, Spending::Wrong, "it has expired");
        archive.confirm_token([11; 32], NOW).await.unwrap();
        assert!(matches!(spend(archive, 2, 12, NOW).await, Spending::Good(..)));
        assert!(lets_in(archive, 11).await && lets_in(archive, 12).await);
        archive.confirm_token([12; 32], NOW).await.unwrap();
        assert!(!lets_in(archive, 11).await && lets_in(archive, 12).await);
        let seals = archive.seals("k".to_owned()).await.unwrap();
        let told: Vec<_> = seals.iter().map(|seal| (seal.token[0], seal.is_superseded)).collect();
        assert_eq!(told, [(12, false), (11, true)]);
        assert_eq!(archive.revoke("k".to_owned(), NOW).await.unwrap(), 1);
        assert!(!lets_in(archive, 12).await);
        assert_eq!(archive.seals("k".to_owned()).await.unwrap(), []);
        assert_eq!(archive.revoke("nobody".to_owned(), NOW).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_token_that_follows_another_takes_its_place_when_it_is_used() {
        let SmallChain { archive, .. } = &SmallChain::new().await;
        archive.give_token("k".to_owned(), token(1), NOW).await.unwrap().unwrap();
        assert_eq!(archive.give_token("nobody".to_owned(), token(9), NOW).await.unwrap(), None);
        archive.confirm_token([1; 32], NOW).await.unwrap();
        assert!(archive.want_token("k".to_owned()).await.unwrap());
        assert!(archive.bearer([1; 32], 0).await.unwrap().unwrap().is_old);
        for seed in [2, 3] {
            archive.add_next_token("k".to_owned(), [1; 32], token(seed), NOW).await.unwrap();
        }
        assert!(!lets_in(archive, 2).await, "the third is in place of it");
        let bearer = archive.bearer([3; 32], NOW + 1).await.unwrap().unwrap();
        let bytes = 2 * (ROW_BYTES + LINE_BYTES);
        let spent = Spent::default().and(bytes, NOW);
        let expected = Bearer {
            kiosk: "k".to_owned(),
            is_next: true,
            is_old: true,
            has_key: true,
            spent,
            retired: None,
        };
        assert_eq!(bearer, expected);
        archive.confirm_token([3; 32], NOW).await.unwrap();
        assert!(!lets_in(archive, 1).await);
        let bearer = archive.bearer([3; 32], 0).await.unwrap().unwrap();
        assert!(!bearer.is_next && !bearer.is_old, "{bearer:?}");
    }

    #[tokio::test]
    async fn a_key_is_noted_once_and_a_kiosk_forgets_its_runs_when_it_is_enrolled() {
        let chain = SmallChain::new().await;
        chain.write("insert into past_run (kiosk, run) values (1, x'01'), (2, x'02')").await;
        chain.write("update book set returns = 3, live_run = x'01'").await;
        chain.archive.give_token("k".to_owned(), token(1), NOW).await.unwrap();
        let past = chain.rows("select kiosk from past_run").await;
        assert_eq!(past.iter().map(|row| row.get(0).unwrap()).collect::<Vec<i64>>(), [2]);
        let returns = chain.rows("select returns from book where live_run is null").await;
        assert_eq!(returns.iter().map(|row| row.get(0).unwrap()).collect::<Vec<i64>>(), [0]);
        chain.write("update token set verify_key = null").await;
        for key in [7, 8] {
            let token = Token { key: [key; 32], ..token(1) };
            chain.archive.note_key(token).await.unwrap();
        }
        assert_eq!(chain.archive.seals("k".to_owned()).await.unwrap()[0].key, [7; 32]);
    }

    #[tokio::test]
    async fn wrong_codes_are_counted_by_network_and_a_right_one_passes_all_the_same() {
        let chain = SmallChain::new().await;
        let archive = &chain.archive;
        archive.add_code("k".to_owned(), [1; 32], NOW + 9).await.unwrap();
        for _ in 0..WRONG_MAX {
            assert_eq!(spend(archive, 9, 9, NOW).await, Spending::Wrong);
        }
        assert!(matches!(spend(archive, 9, 9, NOW + 1).await, Spending::Wait(_)));
        let wrong = chain.rows("select wrong from guess").await;
        assert_eq!(wrong[0].get::<u32>(0).unwrap(), WRONG_MAX);
        assert!(matches!(spend(archive, 1, 1, NOW + 1).await, Spending::Good(..)));
    }

    #[tokio::test]
    async fn a_code_of_a_kiosk_that_was_retired_says_so() {
        let chain = SmallChain::new().await;
        chain.write(&format!("update kiosk set retired_ms = {NOW}")).await;
        chain.archive.add_code("k".to_owned(), [1; 32], NOW + 9).await.unwrap();
        let retired = Retired { at_ms: NOW, zone: "Europe/Berlin".to_owned() };
        assert_eq!(spend(&chain.archive, 1, 1, NOW).await, Spending::Retired(retired));
    }
}
