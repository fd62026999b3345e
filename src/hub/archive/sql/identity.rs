//! The statements that say which archive it is that is read, and that it is whole.

use super::upkeep;
use crate::hub::archive::Archive;
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::replica::Identity;
use crate::hub::archive::tx::Tx;

impl Archive {
    /// What the archive shows of itself.
    pub(in crate::hub::archive) async fn identity(&self) -> Result<Identity, Error> {
        self.read("see which archive it is", |tx| Box::pin(identity(tx))).await
    }

    /// Whether this is the whole archive of such an identity.
    pub(in crate::hub::archive) async fn prove(&self, wanted: Identity) -> Result<(), Error> {
        let action = "see whether the replica shows the archive";
        self.read(action, move |tx| Box::pin(async move { prove(tx, wanted).await })).await
    }
}

async fn identity(tx: &mut dyn Tx) -> Result<Identity, Failure> {
    let schema = upkeep::noted(tx, "schema").await?.unwrap_or_default().cast_unsigned();
    Ok(Identity { epoch: upkeep::epoch(tx).await?, schema })
}

/// Fails unless this is a state of the whole archive with this identity.
pub(super) async fn prove(tx: &mut dyn Tx, wanted: Identity) -> Result<(), Failure> {
    let content = |what: String| Err(Failure::Content(what));
    if tx.row("select way from transfer", &[]).await?.is_some() {
        return content("it shows an archive that has not come there whole yet".to_owned());
    }
    let Identity { epoch, schema } = identity(tx).await?;
    if schema != wanted.schema {
        let wanted = wanted.schema;
        return content(format!("it has schema {schema} still, and the archive {wanted}"));
    }
    if epoch != wanted.epoch {
        return content(
            "it shows another archive, or has not heard yet that this one was restored: does \
             archive.replica name a standby of archive.url?"
                .to_owned(),
        );
    }
    Ok(())
}
