//! The states of a card after a power cut: everything flushed, and any part of the rest.

use std::collections::BTreeMap;
use std::path::Path;

use crate::chance::Chance;
use crate::vfs::Note;

/// The unit in which a card writes, in bytes; a longer write can be torn between two units.
const SECTOR: usize = 512;

#[derive(Clone, Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

#[derive(Clone, Debug, Default)]
struct File {
    /// What is certainly there; none while the file may not exist.
    flushed: Option<Vec<u8>>,
    pending: Vec<Change>,
    /// Deleted, but the folder was not flushed since.
    may_be_gone: bool,
}

/// The card after the notes up to some moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(BTreeMap<String, File>);

impl Disk {
    /// The files of a folder, all of them flushed.
    pub(crate) fn holding(folder: &Path) -> Self {
        let mut disk = Self::default();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            disk.put(&name, std::fs::read(&path).unwrap());
        }
        disk
    }

    /// A file that was written and flushed by itself.
    pub(crate) fn put(&mut self, name: &str, bytes: Vec<u8>) {
        let file = File { flushed: Some(bytes), ..File::default() };
        self.0.insert(name.to_owned(), file);
    }

    pub(crate) fn take<T>(&mut self, note: &Note<T>) {
        match note {
            Note::Write { file, at, bytes } => {
                let file = self.0.entry(file.clone()).or_default();
                file.pending.push(Change::Write(*at, bytes.clone()));
            }
            Note::Truncate { file, length } => {
                let file = self.0.entry(file.clone()).or_default();
                file.pending.push(Change::Truncate(*length));
            }
            Note::Flush { file } => {
                let file = self.0.entry(file.clone()).or_default();
                let mut bytes = file.flushed.take().unwrap_or_default();
                for change in file.pending.drain(..) {
                    apply(&mut bytes, &change);
                }
                (file.flushed, file.may_be_gone) = (Some(bytes), false);
            }
            Note::Delete { file, is_flushed: true } => drop(self.0.remove(file)),
            Note::Delete { file, is_flushed: false } => {
                if let Some(file) = self.0.get_mut(file) {
                    file.may_be_gone = true;
                }
            }
            Note::Said(_) => {}
        }
    }

    /// One of the states that a power cut can leave now.
    pub(crate) fn cut(&self, chance: &mut Chance, folder: &Path) {
        for (name, file) in &self.0 {
            let is_new = file.flushed.is_none();
            if (file.may_be_gone || is_new) && chance.one_in(2) {
                continue;
            }
            let mut bytes = file.flushed.clone().unwrap_or_default();
            match chance.below(4) {
                0 => {}
                1 => file.pending.iter().for_each(|change| apply(&mut bytes, change)),
                // Any of the pending writes, in any order.
                2 => torn(&mut bytes, file.pending.clone(), chance, true),
                _ => torn(&mut bytes, file.pending.clone(), chance, false),
            }
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }
}

fn torn(bytes: &mut Vec<u8>, mut pending: Vec<Change>, chance: &mut Chance, is_shuffled: bool) {
    if is_shuffled {
        for at in (1..pending.len()).rev() {
            pending.swap(at, chance.below(at + 1));
        }
    }
    for change in pending {
        match change {
            Change::Truncate(_) if chance.one_in(2) => {}
            Change::Truncate(_) => apply(bytes, &change),
            Change::Write(at, data) => {
                let mut offset = 0;
                while offset < data.len() {
                    let from = at + u64::try_from(offset).unwrap();
                    let left = SECTOR - usize::try_from(from).unwrap() % SECTOR;
                    let end = (offset + left).min(data.len());
                    if chance.one_in(2) {
                        apply(bytes, &Change::Write(from, data[offset..end].to_vec()));
                    }
                    offset = end;
                }
            }
        }
    }
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Truncate(length) => bytes.resize(usize::try_from(*length).unwrap(), 0),
        Change::Write(at, data) => {
            let at = usize::try_from(*at).unwrap();
            if bytes.len() < at + data.len() {
                bytes.resize(at + data.len(), 0);
            }
            bytes[at..at + data.len()].copy_from_slice(data);
        }
    }
}
