//! Imports files from a stick, reports on each, and writes its receipt beside it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::carried::file::RECEIPT_ENDING;
use crate::carried::seal::HubKeys;
use crate::escape::Plain;
use crate::foreign::{self, Folder};
use crate::hub::archive::Archive;
use crate::hub::carried::import::{self, Imported};

/// A file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be opened.
    #[error("the file cannot be read")]
    Unreadable(#[source] foreign::Error),
    /// Nothing in it can be stored.
    #[error(transparent)]
    Import(#[from] import::Error),
}

/// The largest file that is read, in bytes: a journal of a gigabyte, sealed, has less than half.
pub const FILE_BYTES_MAX: u64 = 4 * 1_024 * 1_024 * 1_024;

/// A file that came by hand, in the folder that it lies in.
#[derive(Debug)]
pub struct Source {
    folder: Folder,
    name: OsString,
}

impl Source {
    /// Finds the file's folder, in which the receipt will be written too.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn open(file: &Path) -> Result<Self, Error> {
        let (folder, name) = Folder::around(file).map_err(Error::Unreadable)?;
        Ok(Self { folder, name })
    }

    /// Imports the file at this time, in milliseconds since 1970 UTC.
    ///
    /// # Errors
    /// When nothing of it can be stored.
    pub async fn import<A: Archive>(
        &self,
        archive: &A,
        keys: &HubKeys,
        now_ms: i64,
    ) -> Result<Imported, Error> {
        let input = self.folder.file(&self.name, FILE_BYTES_MAX).map_err(Error::Unreadable)?;
        Ok(import::import(archive, keys, input, now_ms).await?)
    }

    /// Writes the receipt beside the file, and returns where.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_receipt(&self, receipt: &str) -> Result<PathBuf, foreign::Error> {
        let mut name = self.name.clone();
        name.push(".");
        name.push(RECEIPT_ENDING);
        self.folder.write(&name, receipt.as_bytes())?;
        Ok(self.folder.path().join(name))
    }
}

/// The report on a file: the result and each complaint, a line each, beginning with its name.
#[must_use]
pub fn told(file: &Path, imported: &Imported) -> String {
    let name = Plain(file.display());
    let Imported { kiosk, added, known, set_aside, before, complaints, .. } = imported;
    let before = before.as_ref().map(|at| format!("; the file was imported before, on {at}"));
    let before = before.unwrap_or_default();
    let kiosk = Plain(kiosk);
    let mut lines = format!(
        "{name}: {kiosk}: {added} new events, {known} known events, {set_aside} set aside{before}\n"
    );
    for complaint in complaints {
        lines.push_str(&format!("{name}: {}\n", Plain(complaint)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_file_is_told_with_every_complaint() {
        let imported = Imported {
            kiosk: "kallio-exit".to_owned(),
            added: 3,
            known: 2,
            before: Some("2026-11-20T12:00:00Z".to_owned()),
            complaints: vec!["line 4: was changed".to_owned()],
            ..Imported::default()
        };
        let told = told(Path::new("a.smilepost"), &imported);
        assert_eq!(
            told,
            "a.smilepost: kallio-exit: 3 new events, 2 known events, 0 set aside; the file was \
             imported before, on 2026-11-20T12:00:00Z\na.smilepost: line 4: was changed\n"
        );
    }

    #[test]
    fn the_receipt_stands_beside_the_file_under_its_whole_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kallio.smilepost");
        let path = Source::open(&file).unwrap().write_receipt("text").unwrap();
        assert_eq!(path, folder.path().join("kallio.smilepost.receipt"));
        assert_eq!(std::fs::read_to_string(path).unwrap(), "text");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
    }
}
