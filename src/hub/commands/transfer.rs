//! Moving the archive from the file into PostgreSQL, or back.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::carried::seal::KEYS_FILE;
use crate::escape::Plain;
use crate::file;
use crate::hub::archive::postgres::{ArchiveAddress, Postgres};
use crate::hub::archive::sqlite::{FILE, backup, look};
use crate::hub::archive::transfer::{self, Gone, Hearer, Manner, ROWS_AT_ONCE};
use crate::hub::archive::{self, Archive, ArchiveSettings};
use crate::hub::carried::keys;

/// Where the archive is to go, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The address of a database, or `sqlite`.
    pub to: String,
    /// The folder of the file; the data folder without it.
    pub folder: Option<PathBuf>,
    /// As in `hub.toml`.
    pub password_file: Option<PathBuf>,
    /// As in `hub.toml`.
    pub ca_file: Option<PathBuf>,
    /// As in `hub.toml`.
    pub is_pooled: bool,
}

/// Why the archive cannot be moved.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was asked for makes no sense; why, and what would.
    #[error("{0}")]
    Invalid(String),
    /// The move failed.
    #[error(transparent)]
    Transfer(#[from] transfer::Error),
    /// The new place cannot be opened.
    #[error(
        "the archive cannot go there, and stays where it is (a key of [archive] that is named here \
         stands for an option of `move`, such as --password-file)"
    )]
    There(#[source] archive::Error),
    /// The old one cannot be opened.
    #[error(transparent)]
    Archive(#[from] archive::Error),
    /// The keys cannot come with it.
    #[error(
        "cannot copy {} to {}, which belongs to the archive; the same command goes on with that",
        from.display(),
        to.display()
    )]
    Key {
        /// The file of the keys.
        from: PathBuf,
        /// Where it has to be.
        to: PathBuf,
        /// Why it was not copied.
        #[source]
        source: std::io::Error,
    },
    /// The keys cannot be read or given.
    #[error(transparent)]
    Keys(#[from] keys::Error),
}

/// Where the archive goes.
struct Place {
    folder: PathBuf,
    settings: ArchiveSettings,
}

impl Place {
    /// The place in words.
    fn told(&self) -> String {
        match &self.settings.postgres {
            Some(address) => format!("the database {}", address.shown()),
            None => format!("the file {}", Plain(self.folder.join(FILE).display())),
        }
    }

    fn asked(asked: &Asked, data_dir: &Path) -> Result<Self, Error> {
        let invalid = |what: String| Err(Error::Invalid(what));
        if asked.to == "sqlite" {
            if asked.password_file.is_some() || asked.ca_file.is_some() || asked.is_pooled {
                return invalid("a file needs no password, no ca_file and no pooler".to_owned());
            }
            let folder = asked.folder.clone().unwrap_or_else(|| data_dir.to_owned());
            return Ok(Self { folder, settings: ArchiveSettings::default() });
        }
        if asked.folder.is_some() {
            return invalid("--folder is for --to sqlite".to_owned());
        }
        let address = match ArchiveAddress::read(&asked.to) {
            Ok(address) => address,
            Err(what) => {
                return invalid(format!(
                    "the archive can go to `sqlite` or to a database, and what stands after --to \
                     {what}"
                ));
            }
        };
        let address = address
            .with_password_file(asked.password_file.clone())
            .vouched_by(asked.ca_file.clone())
            .pooled(asked.is_pooled);
        let settings = ArchiveSettings { postgres: Some(address), replica: None };
        Ok(Self { folder: data_dir.to_owned(), settings })
    }
}

/// Moves the archive that these settings name, or goes on with that; returns what was done and what
/// is left to do, in sentences.
///
/// # Errors
/// When it may not go there, or fails on the way: then the same command goes on with it.
pub async fn to(
    data_dir: &Path,
    now: &ArchiveSettings,
    asked: &Asked,
    hearer: Hearer,
) -> Result<Vec<String>, Error> {
    let from = Place { folder: data_dir.to_owned(), settings: now.clone() };
    let to = Place::asked(asked, data_dir)?;
    if from.settings.postgres.is_none() && to.settings.postgres.is_none() {
        return Err(Error::Invalid(
            "the archive is in a file already by hub.toml, which has to name the place that it \
             leaves; `smilepost-hub backup` and `restore` take it to another folder"
                .to_owned(),
        ));
    }
    if from.told() == to.told() {
        return Err(Error::Invalid(transfer::here_already(&to.told())));
    }
    // A making that was killed has left one without anything in it, and is gone on with.
    let is_older = || look::is_older(&to.folder) && !look::is_empty(&to.folder);
    if to.settings.postgres.is_none() && is_older() {
        return Err(Error::Invalid(format!(
            "{} is there already, an archive of an older version: nothing was touched",
            to.told()
        )));
    }
    let source = leave(&from).await?;
    // They are made here where there are none yet.
    keys::of_archive(&source, data_dir).await?;
    no_other_key(data_dir, &to.folder)?;
    let target = Archive::open_to_move(&to.folder, &to.settings).await.map_err(Error::There)?;
    let manner = Manner {
        from: from.told(),
        to: to.told(),
        rows_at_once: ROWS_AT_ONCE,
        hearer,
        goes_on: Arc::new(|| true),
    };
    let gone = take((&source, &target), &manner, (data_dir, &to.folder)).await;
    source.close().await;
    target.close().await;
    Ok(sentences(&gone?, &to, asked, data_dir))
}

/// Takes the keys there and then the archive: no hub can open it before both have come.
async fn take(
    (source, target): (&Archive, &Archive),
    manner: &Manner,
    (data_dir, folder): (&Path, &Path),
) -> Result<Gone, Error> {
    transfer::begin(source, target, manner).await?;
    (manner.hearer.tell)(&format!(
        "the archive goes from {} to {}: from now on nothing is written into it, so stop every \
         hub; kiosks keep what they have meanwhile. Stopping this does no harm: the same command \
         goes on where it was",
        manner.from, manner.to
    ));
    if target.is_shared() {
        keys::of_archive(target, data_dir).await?;
    }
    bring_key(data_dir, folder)?;
    Ok(transfer::move_all(source, target, manner).await?)
}

/// Has the archive that these settings name used again after it has gone; returns that as a
/// sentence.
///
/// # Errors
/// When the archive fails.
pub async fn undo(data_dir: &Path, now: &ArchiveSettings) -> Result<String, Error> {
    let here = Place { folder: data_dir.to_owned(), settings: now.clone() };
    let archive = leave(&here).await?;
    let undone = transfer::undo(&archive).await;
    archive.close().await;
    Ok(match undone? {
        None => format!(
            "the archive in {} was never moved: to have it used again where it was, hub.toml has \
             to name that place",
            here.told()
        ),
        Some(to) => format!(
            "the archive in {} can be used again; what is in {to} is a copy that must not be used \
             beside it: delete it. Should a hub have used it already, run `smilepost-hub restored` \
             here, so that kiosks send again what they still hold",
            here.told()
        ),
    })
}

/// Opens the archive that is to go. One that is not there is not made.
async fn leave(from: &Place) -> Result<Archive, Error> {
    if let Some(address) = &from.settings.postgres {
        if !Postgres::has_archive(address).await? {
            return Err(Error::Invalid(format!(
                "there is no archive in {}: does hub.toml name the place that it leaves?",
                from.told()
            )));
        }
    } else {
        let is_there = backup::is_there(&from.folder.join(FILE));
        if !is_there.map_err(|error| Error::Invalid(error.to_string()))? {
            return Err(Error::Invalid(format!(
                "there is no archive in {}: is data_dir right?",
                Plain(from.folder.display())
            )));
        }
    }
    Ok(Archive::open_to_move(&from.folder, &from.settings).await?)
}

/// Refuses a folder with the keys of another hub: the archive would have the wrong ones there.
fn no_other_key(data_dir: &Path, folder: &Path) -> Result<(), Error> {
    let (from, to) = (data_dir.join(KEYS_FILE), folder.join(KEYS_FILE));
    let is_other = || match std::fs::read(&to) {
        Ok(there) => Ok(there.trim_ascii() != std::fs::read(&from)?.trim_ascii()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    };
    match is_other() {
        Ok(false) => Ok(()),
        Ok(true) => Err(Error::Invalid(format!(
            "{} is the key of another hub, and nothing was touched: choose an empty folder",
            Plain(to.display())
        ))),
        Err(source) => Err(Error::Key { from, to, source }),
    }
}

/// Brings the keys to the folder of the archive.
fn bring_key(data_dir: &Path, folder: &Path) -> Result<(), Error> {
    let (from, to) = (data_dir.join(KEYS_FILE), folder.join(KEYS_FILE));
    let copy = || {
        if to.try_exists()? {
            return Ok(());
        }
        file::write(&to, &std::fs::read(&from)?)
    };
    copy().map_err(|source| Error::Key { from, to, source })
}

fn sentences(gone: &Gone, to: &Place, asked: &Asked, data_dir: &Path) -> Vec<String> {
    let Gone { rows, kiosks, events, unsettled } = gone;
    let mut said = vec![format!(
        "done: the archive is in {}. Read again and compared: rows: {rows}, events: {events}, \
         kiosks: {kiosks}; every account and every tally is the same",
        to.told()
    )];
    if !unsettled.is_empty() {
        said.push(format!(
            "accounts that do not add up, as before: {} (`smilepost-hub reconcile`)",
            Plain(unsettled.join(", "))
        ));
    }
    said.push(match &to.settings.postgres {
        None if to.folder == data_dir => "now delete [archive] in hub.toml".to_owned(),
        None => format!(
            "now delete [archive] in hub.toml, and let data_dir be {}",
            Plain(to.folder.display())
        ),
        Some(address) => {
            let url = if address.has_password() {
                "the address as you have typed it".to_owned()
            } else {
                format!("\"{}\"", Plain(&asked.to))
            };
            let mut lines = format!("now hub.toml must have:\n[archive]\nurl = {url}");
            for (key, file) in
                [("password_file", &asked.password_file), ("ca_file", &asked.ca_file)]
            {
                if let Some(file) = file {
                    lines.push_str(&format!("\n{key} = \"{}\"", Plain(file.display())));
                }
            }
            if asked.is_pooled {
                lines.push_str("\npooled = true");
            }
            lines
        }
    });
    said.push(
        "then start the hub; `smilepost-hub doctor` proves it. What is left in the old place takes \
         nothing any more: delete it when you have a backup of the new one"
            .to_owned(),
    );
    said
}
