//! Deliveries that were carried here by hand, from shops without a network.
//!
//! What is in a file goes the way of any delivery: checked, stored once, and answered by a receipt,
//! which is carried back. Who has written a frame is verified before it is opened. A file that was
//! taken is known by its nonce, so that taking it again gives the same receipt; and since a rating
//! is stored once whatever it came by, not even a forgotten nonce could count one twice.

use std::io::BufRead;

use crate::carried::file::{self, Next, Reader, sign_receipt};
use crate::carried::seal::HubKeys;
use crate::clock;
use crate::feedback::moment::rfc3339;
use crate::hub::archive::{self, Archive, Stored, Way};
use crate::hub::kiosks::refusal::Refusal;
use crate::hub::kiosks::{self, by_run};
use crate::wire::carried::{RECEIPT, Receipt, VERSION};
use crate::wire::receipt::SetAside;

/// The most complaints about one file that are listed; that it is not whole is said besides.
const COMPLAINTS_MAX: usize = 20;

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The kiosk that has written it.
    pub kiosk: String,
    /// How many events were stored that were not here before.
    pub added: u64,
    /// How many were here already.
    pub known: u64,
    /// How many are set aside.
    pub set_aside: u64,
    /// When the same file was taken before, as RFC 3339 in UTC, if it was.
    pub before: Option<String>,
    /// What is wrong with it, in sentences; none where all of it was taken.
    pub complaints: Vec<String>,
    /// The receipt to be carried back; none where there is nothing to confirm.
    pub receipt: Option<String>,
}

/// Why nothing of a file can be taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no such file.
    #[error(transparent)]
    File(#[from] file::Error),
    /// Nobody is known who could have written it.
    #[error(
        "kiosk {0:?} has no token here that is good: enrol it anew (`kiosk letter`), and have it \
         write the stick again; it still holds everything"
    )]
    Unknown(String),
    /// The archive failed.
    #[error("the archive cannot store it")]
    Archive(#[from] archive::Error),
}

/// Takes what is good in a file.
///
/// # Errors
/// When nothing of it can be taken; what is wrong with parts of it is said in
/// [`Imported::complaints`].
pub async fn import<A: Archive>(
    archive: &A,
    keys: &HubKeys,
    input: impl BufRead,
) -> Result<Imported, Error> {
    let mut reader = Reader::begin(input)?;
    let (kiosk, nonce) = (reader.header().kiosk.clone(), reader.header().nonce.clone());
    let seals = archive.seals(kiosk.clone()).await?;
    if seals.is_empty() {
        return Err(Error::Unknown(kiosk));
    }
    let signers: Vec<_> = seals.iter().map(|seal| seal.key).collect();
    let mut taking = Taking { kiosk: kiosk.clone(), ..Taking::default() };
    let is_whole = loop {
        match reader.next(keys, &signers) {
            Ok(Next::Delivery(delivery)) => taking.store(archive, *delivery).await?,
            Ok(Next::End) => break true,
            Ok(Next::Cut) => break false,
            // What follows a line that is too long, or cannot be read, has no beginning.
            Err(error @ (file::Error::Io(_) | file::Error::Foreign)) => {
                taking.complain(error.to_string());
                break false;
            }
            Err(error) => taking.complain(error.to_string()),
        }
    };
    let Taking { mut imported, settled, set_aside, epoch, .. } = taking;
    if !is_whole {
        let sentence = "the file is not whole: what is missing still waits at the kiosk, which has \
                        to write the stick again";
        imported.complaints.push(sentence.to_owned());
    }
    if let Some((taken_ms, receipt)) = archive.carried(kiosk.clone(), nonce.clone()).await? {
        imported.before = Some(rfc3339(taken_ms));
        imported.receipt = Some(receipt);
        return Ok(imported);
    }
    if settled.is_empty() && set_aside.is_empty() {
        return Ok(imported);
    }
    // A token that was carried to its kiosk is in use now, and those before it are not.
    let used = seals.iter().find(|seal| reader.signer() == Some(seal.key) && seal.is_next);
    if let Some(seal) = used {
        archive.confirm_token(seal.token, clock::wall_ms()).await?;
    }
    let receipt = Receipt {
        smilepost: RECEIPT.to_owned(),
        version: VERSION,
        kiosk: kiosk.clone(),
        nonce: nonce.clone(),
        settled: by_run(settled),
        set_aside,
        hub_epoch: epoch,
    };
    let receipt = sign_receipt(&receipt, keys)?;
    if is_whole && imported.complaints.is_empty() {
        archive.note_carried(nonce, kiosk, clock::wall_ms(), receipt.clone()).await?;
    }
    imported.receipt = Some(receipt);
    Ok(imported)
}

/// What was taken so far.
#[derive(Default)]
struct Taking {
    kiosk: String,
    imported: Imported,
    settled: Vec<crate::feedback::rating::RatingId>,
    set_aside: Vec<SetAside>,
    epoch: u64,
}

impl Taking {
    async fn store<A: Archive>(
        &mut self,
        archive: &A,
        delivery: crate::wire::delivery::Delivery,
    ) -> Result<(), Error> {
        self.imported.kiosk.clone_from(&self.kiosk);
        let (shipment, mut set_aside) =
            match kiosks::check(self.kiosk.clone(), delivery, Way::Carried) {
                Ok(checked) => checked,
                Err(refusal @ Refusal::Archive(_)) => {
                    return Err(archive::Error::new("check a delivery", refusal).into());
                }
                Err(refusal) => {
                    self.complain(refusal.to_string());
                    return Ok(());
                }
            };
        let Stored { settled, conflicts, added, epoch, .. } = archive.store(shipment).await?;
        set_aside.extend(conflicts.into_iter().map(kiosks::in_conflict));
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        self.epoch = epoch;
        self.imported.added += added;
        self.imported.known += count(settled.len()).saturating_sub(added);
        self.imported.set_aside += count(set_aside.len());
        self.settled.extend(settled);
        self.set_aside.extend(set_aside);
        Ok(())
    }

    fn complain(&mut self, complaint: String) {
        self.imported.kiosk.clone_from(&self.kiosk);
        if self.imported.complaints.len() < COMPLAINTS_MAX {
            self.imported.complaints.push(complaint);
        }
    }
}
