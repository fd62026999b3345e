//! Letters that enrol a kiosk without a network: a file with the kiosk's token in it, a secret.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::carried::seal::{self, HubKeys};
use crate::hub::archive::{self, Archive};
use crate::hub::intake;
use crate::hub::secrets::{self, Token};
use crate::wire::carried::{LETTER, Letter, VERSION};

/// A letter cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is there already, or cannot be written.
    #[error("cannot write {}", file.display())]
    File {
        /// The letter.
        file: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// There is no such kiosk.
    #[error("there is no kiosk {0:?}")]
    UnknownKiosk(String),
    /// The keys of the hub or of the token are not valid.
    #[error("cannot make the letter's keys")]
    Key(#[from] seal::Error),
    /// The archive failed.
    #[error(transparent)]
    Archive(#[from] archive::Error),
}

/// Enrols a kiosk at this time, in milliseconds since 1970 UTC, by a letter that only its owner can
/// read. A file that is there already is left as it is.
///
/// # Errors
/// When the letter cannot be written, or there is no such kiosk.
pub async fn write(
    archive: &Archive,
    keys: &HubKeys,
    kiosk: String,
    file: &Path,
    now_ms: i64,
) -> Result<(), Error> {
    let cannot_write = |source| Error::File { file: file.to_owned(), source };
    let mut options = std::fs::OpenOptions::new();
    let out = options.write(true).create_new(true).mode(0o600).open(file);
    let mut out = out.map_err(cannot_write)?;
    let seals = archive.seals(kiosk.clone()).await?;
    let token = secrets::new_token();
    let given = archive.give_token(kiosk.clone(), Token::of(&token)?, now_ms).await?;
    let Some((kiosk, shop)) = given else {
        drop(out);
        std::fs::remove_file(file).map_err(cannot_write)?;
        return Err(Error::UnknownKiosk(kiosk));
    };
    let letter = Letter {
        smilepost: LETTER.to_owned(),
        version: VERSION,
        enrolled: intake::enrolled(kiosk, shop, token, &keys.public()?, &seals),
    };
    let text = serde_json::to_vec_pretty(&letter).map_err(std::io::Error::from);
    text.and_then(|text| out.write_all(&text)).map_err(cannot_write)?;
    out.sync_all().map_err(cannot_write)
}
