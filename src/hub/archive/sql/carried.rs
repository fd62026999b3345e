//! The statements about files that were carried here and taken.

use super::kiosks;
use crate::hub::archive::Archive;
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::value::values;

impl Archive {
    /// When a kiosk's file with this nonce was taken, in milliseconds since 1970 UTC, and the
    /// receipt for it; none when it was not taken yet.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn carried(
        &self,
        kiosk: String,
        nonce: String,
    ) -> Result<Option<(i64, String)>, Error> {
        self.read("look up a carried delivery", move |tx| {
            Box::pin(async move {
                let sql = "select taken_ms, receipt from carried \
                           join kiosk on kiosk.no = carried.kiosk \
                           where kiosk.id = $1 and carried.nonce = $2";
                let file = tx.row(sql, &values![kiosk, nonce]).await?;
                file.map(|row| Ok((row.get("taken_ms")?, row.get("receipt")?))).transpose()
            })
        })
        .await
    }

    /// Notes that a file was taken whole, with the receipt for it.
    ///
    /// # Errors
    /// When the kiosk is unknown, or the archive fails.
    pub async fn note_carried(
        &self,
        nonce: String,
        kiosk: String,
        taken_ms: i64,
        receipt: String,
    ) -> Result<(), Error> {
        self.write("note a carried delivery", move |tx| {
            Box::pin(async move {
                let number = kiosks::number(tx, &kiosk).await?;
                let number =
                    number.ok_or_else(|| Failure::Content(format!("there is no kiosk {kiosk}")))?;
                let sql = "insert into carried (kiosk, nonce, taken_ms, receipt) \
                           values ($1, $2, $3, $4) on conflict (kiosk, nonce) do nothing";
                tx.execute(sql, &values![number, nonce, taken_ms, receipt]).await.map(drop)
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::super::small_chain::SmallChain;

    #[tokio::test]
    async fn a_file_is_noted_once_and_under_its_kiosk() {
        let SmallChain { archive, .. } = &SmallChain::new().await;
        let find =
            async |kiosk: &str| archive.carried(kiosk.to_owned(), "n".to_owned()).await.unwrap();
        assert_eq!(find("k").await, None);
        for (taken_ms, receipt) in [(5, "first"), (6, "second")] {
            let (nonce, kiosk) = ("n".to_owned(), "k".to_owned());
            archive.note_carried(nonce, kiosk, taken_ms, receipt.to_owned()).await.unwrap();
        }
        assert_eq!(find("k").await, Some((5, "first".to_owned())));
        assert_eq!(find("l").await, None);
        let noted = archive.note_carried("n".to_owned(), "nobody".to_owned(), 5, String::new());
        assert!(noted.await.is_err());
    }
}
