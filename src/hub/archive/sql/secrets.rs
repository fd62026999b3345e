//! The statements about what all hubs of an archive share and nobody else may know.

use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::values;
use crate::hub::archive::{Archive, Engine};

impl Archive {
    /// Whether several hubs may have this archive, each with a data folder of its own.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        matches!(self.0, Engine::Postgres(_))
    }

    /// What is kept under this name, if anything is.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn secret(&self, name: &'static str) -> Result<Option<Vec<u8>>, Error> {
        self.read("read what hubs share", move |tx| Box::pin(kept(tx, name))).await
    }

    /// Keeps something under this name unless something is kept there already; returns what is.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn keep_secret(
        &self,
        name: &'static str,
        content: Vec<u8>,
    ) -> Result<Vec<u8>, Error> {
        self.write("keep what hubs share", move |tx| {
            Box::pin(async move {
                let sql = "insert into secret (name, content) values ($1, $2) \
                           on conflict (name) do nothing";
                tx.execute(sql, &values![name, content]).await?;
                let gone = || Failure::Content(format!("{name} is not there any more"));
                kept(tx, name).await?.ok_or_else(gone)
            })
        })
        .await
    }
}

async fn kept(tx: &mut dyn Tx, name: &str) -> Result<Option<Vec<u8>>, Failure> {
    let row = tx.row("select content from secret where name = $1", &values![name]).await?;
    row.map(|row| row.get("content")).transpose()
}
