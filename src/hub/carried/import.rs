//! Imports deliveries that were carried here by hand.
//!
//! What is in a file is treated like any delivery: checked, stored once, and answered by a receipt,
//! which is carried back. The signature of a frame is verified before the frame is opened. A file
//! that was imported is known by its nonce, so that importing it again gives the same receipt; and
//! since a rating is stored once whichever way it came, not even a forgotten nonce could count one
//! twice.

use std::io::BufRead;

use crate::carried::file::{self, Next, Reader, sign_receipt};
use crate::carried::seal::HubKeys;
use crate::feedback::moment::rfc3339;
use crate::feedback::rating::RatingId;
use crate::hub::archive::credentials::Seal;
use crate::hub::archive::{self, Archive, Way};
use crate::hub::intake;
use crate::wire::carried::{RECEIPT, Receipt, VERSION};
use crate::wire::delivery::Delivery;
use crate::wire::receipt::SetAside;

/// The most complaints about one file that are listed; that it is incomplete is said besides.
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
    /// How many were set aside.
    pub set_aside: u64,
    /// When the same file was imported before, as RFC 3339 in UTC, if it was.
    pub before: Option<String>,
    /// What is wrong with it, in sentences; none where all of it was stored.
    pub complaints: Vec<String>,
    /// The receipt to carry back; none where there is nothing to confirm.
    pub receipt: Option<String>,
}

/// Why nothing of a file can be imported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not a delivery, or cannot be read.
    #[error(transparent)]
    File(#[from] file::Error),
    /// No valid token is known that could have signed it.
    #[error(
        "kiosk {0:?} has no valid token here: enrol it again (`smilepost-hub kiosk letter`) and \
        let \
         it write the stick again; it still holds everything"
    )]
    Unknown(String),
    /// The archive failed.
    #[error("the archive cannot store it")]
    Archive(#[from] archive::Error),
}

/// Imports what is good in a file, at this time in milliseconds since 1970 UTC.
///
/// # Errors
/// When nothing of it can be imported; [`Imported::complaints`] says what is wrong with parts of
/// it.
pub async fn import(
    archive: &Archive,
    keys: &HubKeys,
    input: impl BufRead,
    now_ms: i64,
) -> Result<Imported, Error> {
    let mut reader = Reader::begin(input)?;
    let kiosk = reader.header().kiosk.clone();
    let nonce = reader.header().nonce.clone();
    let seals = archive.seals(kiosk.clone()).await?;
    if seals.is_empty() {
        return Err(Error::Unknown(kiosk));
    }
    let signers: Vec<_> = seals.iter().map(|seal| seal.key).collect();
    let mut import = Import::of(kiosk.clone(), now_ms);
    let is_whole = loop {
        match reader.next(keys, &signers) {
            Ok(Next::Delivery(delivery)) => {
                // A board whose place another one took says nothing of how the kiosk stands now.
                let signed = seals.iter().find(|seal| reader.signer() == Some(seal.key));
                let way = match signed.is_some_and(|seal| seal.is_superseded) {
                    true => Way::CarriedFromFormer,
                    false => Way::Carried,
                };
                import.store(archive, *delivery, way).await?;
            }
            Ok(Next::End) => break true,
            Ok(Next::Cut) => break false,
            // After a line that is too long or cannot be read, the next beginning is unknown.
            Err(error @ (file::Error::Io(_) | file::Error::Foreign)) => {
                import.complain(error.to_string());
                break false;
            }
            Err(error) => import.complain(error.to_string()),
        }
    };
    let Import { mut imported, settled, set_aside, epoch, .. } = import;
    if !is_whole {
        let sentence = "the file is incomplete: the kiosk still holds what is missing; let it \
            write \
                        the stick again";
        imported.complaints.push(sentence.to_owned());
    }
    // Anybody can write a header: without a frame that the kiosk signed there is no receipt.
    if reader.signer().is_none() {
        return Ok(imported);
    }
    if let Some((taken_ms, receipt)) = archive.carried(kiosk.clone(), nonce.clone()).await? {
        imported.before = Some(rfc3339(taken_ms));
        imported.receipt = Some(receipt);
        return Ok(imported);
    }
    if settled.is_empty() && set_aside.is_empty() {
        return Ok(imported);
    }
    // A kiosk that signs with a token that was carried to it uses that token from now on.
    let is_first_use = |seal: &&Seal| seal.is_next && !seal.is_superseded;
    let used = seals.iter().find(|seal| reader.signer() == Some(seal.key));
    if let Some(seal) = used.filter(is_first_use) {
        archive.confirm_token(seal.token, now_ms).await?;
    }
    let receipt = Receipt {
        smilepost: RECEIPT.to_owned(),
        version: VERSION,
        kiosk: kiosk.clone(),
        nonce: nonce.clone(),
        settled: intake::by_run(settled),
        set_aside,
        hub_epoch: epoch,
    };
    let receipt = sign_receipt(&receipt, keys)?;
    if is_whole && imported.complaints.is_empty() {
        archive.note_carried(nonce, kiosk, now_ms, receipt.clone()).await?;
    }
    imported.receipt = Some(receipt);
    Ok(imported)
}

/// An import under way, and what was stored so far.
struct Import {
    now_ms: i64,
    imported: Imported,
    settled: Vec<RatingId>,
    set_aside: Vec<SetAside>,
    epoch: u64,
}

impl Import {
    fn of(kiosk: String, now_ms: i64) -> Self {
        let imported = Imported { kiosk, ..Imported::default() };
        Self { now_ms, imported, settled: Vec::new(), set_aside: Vec::new(), epoch: 0 }
    }

    async fn store(
        &mut self,
        archive: &Archive,
        delivery: Delivery,
        way: Way,
    ) -> Result<(), Error> {
        let kiosk = self.imported.kiosk.clone();
        let (shipment, mut set_aside) = match intake::check(kiosk, delivery, way, self.now_ms) {
            Ok(checked) => checked,
            Err(unacceptable) => {
                self.complain(unacceptable.to_string());
                return Ok(());
            }
        };
        let stored = archive.store(shipment).await?;
        set_aside.extend(intake::not_taken(&stored));
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        self.epoch = stored.epoch;
        self.imported.added += stored.added;
        self.imported.known += count(stored.settled.len()).saturating_sub(stored.added);
        self.imported.set_aside += count(set_aside.len());
        self.settled.extend(stored.settled);
        self.set_aside.extend(set_aside);
        Ok(())
    }

    fn complain(&mut self, complaint: String) {
        if self.imported.complaints.len() < COMPLAINTS_MAX {
            self.imported.complaints.push(complaint);
        }
    }
}
