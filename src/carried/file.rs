//! The file of a carried delivery, on the stick of a shop without a network.
//!
//! It holds ordinary deliveries, so a rating that arrives both ways is the same rating. Each frame
//! is signed together with its place in the file, so nobody can remove it, move it or replay it in
//! another file unnoticed. Only the hub can read its content.

use std::io::{self, BufRead, Read as _, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::carried::seal::{self, HubKeys, HubPublic, PublicKey, Signer, from_hex, hex, is_signed};
use crate::wire::carried::{DELIVERY, End, Frame, Header, Line, RECEIPT, Receipt, Signed, VERSION};
use crate::wire::delivery::Delivery;
use crate::wire::enrolment::Keys;
use crate::wire::{BODY_BYTES_MAX, gzip};
use crate::words::json;

/// How a file's name ends.
pub const ENDING: &str = "smilepost";

/// How a receipt's name ends, after the file's.
pub const RECEIPT_ENDING: &str = "receipt";

/// The longest line that is read, in bytes: a delivery that cannot be compressed, in base64.
pub const LINE_BYTES_MAX: usize = 2 * BODY_BYTES_MAX;

/// The largest receipt that is read, in bytes.
pub const RECEIPT_BYTES_MAX: u64 = 16 * 1_024 * 1_024;

/// Why a file, or a part of it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read or written.
    #[error("the file cannot be read or written")]
    Io(#[from] io::Error),
    /// It is not a delivery that a kiosk has written.
    #[error("this is not a delivery written by a kiosk")]
    Foreign,
    /// It was written by a newer program.
    #[error("this was written by a newer version ({0}): install that version here too")]
    Newer(u32),
    /// A line is invalid, or was changed.
    #[error("line {line}: {why}")]
    Line {
        /// Its number, from 1.
        line: u32,
        /// What is wrong with it.
        why: String,
    },
    /// A frame cannot be sealed, or a key is invalid.
    #[error(transparent)]
    Sealed(#[from] seal::Error),
}

/// Writes a file, delivery by delivery.
pub struct Writer<W> {
    out: W,
    signer: Signer,
    hub: HubPublic,
    header: Header,
    frames: u32,
    events: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a file; every file needs a nonce of its own.
    ///
    /// # Errors
    /// When the header cannot be written.
    pub fn begin(
        mut out: W,
        signer: Signer,
        hub: HubPublic,
        kiosk: &str,
        nonce: &str,
    ) -> Result<Self, Error> {
        let (smilepost, version) = (DELIVERY.to_owned(), VERSION);
        let (kiosk, nonce) = (kiosk.to_owned(), nonce.to_owned());
        let header = Header { smilepost, version, kiosk, nonce };
        write_line(&mut out, &header)?;
        Ok(Self { out, signer, hub, header, frames: 0, events: 0 })
    }

    /// Adds a delivery.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, delivery: &Delivery) -> Result<(), Error> {
        self.frames += 1;
        let events: usize = delivery.runs.iter().map(|run| run.events.len()).sum();
        self.events += u64::try_from(events).unwrap_or(u64::MAX);
        let context = context(&self.header, self.frames);
        let json = serde_json::to_vec(delivery).map_err(io::Error::from)?;
        let sealed = seal::seal(&self.hub, context.as_bytes(), &gzip::pack(&json)?)?;
        let signature = hex(&self.signer.sign(&signed_part(&context, &sealed)));
        let sealed = STANDARD.encode(sealed);
        write_line(&mut self.out, &Frame { frame: self.frames, sealed, signature })
    }

    /// Ends the file; returns what it was written to, and how many events are in it.
    ///
    /// # Errors
    /// When the end cannot be written.
    pub fn end(mut self) -> Result<(W, u64), Error> {
        let (frames, events) = (self.frames, self.events);
        let message = end_part(&self.header, frames, events);
        let signature = hex(&self.signer.sign(message.as_bytes()));
        write_line(&mut self.out, &End { frames, events, signature })?;
        self.out.flush()?;
        Ok((self.out, events))
    }
}

/// Reads a file, delivery by delivery.
pub struct Reader<R> {
    input: R,
    header: Header,
    line: u32,
    signer: Option<PublicKey>,
}

/// What comes next in a file.
#[derive(Debug)]
pub enum Next {
    /// A delivery.
    Delivery(Box<Delivery>),
    /// The end of a complete file.
    End,
    /// The file is incomplete.
    Cut,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header of a file.
    ///
    /// # Errors
    /// [`Error::Foreign`] or [`Error::Newer`] when the file is something else, [`Error::Line`] when
    /// its nonce is invalid.
    pub fn begin(mut input: R) -> Result<Self, Error> {
        let line = read_line(&mut input, 1)?.ok_or(Error::Foreign)?;
        let header: Header = serde_json::from_slice(&line).map_err(|_| Error::Foreign)?;
        if header.smilepost != DELIVERY {
            return Err(Error::Foreign);
        }
        if header.version != VERSION {
            return Err(Error::Newer(header.version));
        }
        if from_hex::<16>(&header.nonce).is_none() {
            let why = "the nonce is not 32 hexadecimal digits".to_owned();
            return Err(Error::Line { line: 1, why });
        }
        Ok(Self { input, header, line: 1, signer: None })
    }

    /// The header of the file.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The key that signed the last delivery that was read.
    pub const fn signer(&self) -> Option<PublicKey> {
        self.signer
    }

    /// Reads the next delivery, which one of these keys must have signed. Call it again after an
    /// invalid line.
    ///
    /// # Errors
    /// [`Error::Line`] names the line and what is wrong with it; the lines after it may be valid.
    pub fn next(&mut self, keys: &HubKeys, signers: &[PublicKey]) -> Result<Next, Error> {
        self.line += 1;
        let Some(line) = read_line(&mut self.input, self.line)? else {
            return Ok(Next::Cut);
        };
        let bad = |why: &str| Error::Line { line: self.line, why: why.to_owned() };
        match serde_json::from_slice(&line) {
            Ok(Line::Frame(frame)) => {
                let opened = self.open(&frame, keys, signers);
                let (delivery, signer) = opened.map_err(|why| bad(&why))?;
                self.signer = Some(signer);
                Ok(Next::Delivery(Box::new(delivery)))
            }
            Ok(Line::End(End { frames, events, signature })) => {
                let message = end_part(&self.header, frames, events);
                let signature = from_hex::<64>(&signature).unwrap_or([0; 64]);
                let is_good = |key: &PublicKey| is_signed(key, message.as_bytes(), &signature);
                if !signers.iter().any(is_good) {
                    return Err(bad("the end was not signed by this kiosk"));
                }
                // A frame that could not be read was reported already.
                Ok(if frames + 2 == self.line { Next::End } else { Next::Cut })
            }
            Err(_) => Err(bad("is neither a frame nor an end: it was changed or cut on its way")),
        }
    }

    fn open(
        &self,
        frame: &Frame,
        keys: &HubKeys,
        signers: &[PublicKey],
    ) -> Result<(Delivery, PublicKey), String> {
        let context = context(&self.header, self.line - 1);
        let sealed = STANDARD.decode(&frame.sealed).map_err(|_| "is no base64".to_owned())?;
        let signature = from_hex::<64>(&frame.signature).unwrap_or([0; 64]);
        // The signature is checked before anything in the frame is read.
        let message = signed_part(&context, &sealed);
        let signer = signers.iter().find(|key| is_signed(key, &message, &signature));
        let Some(signer) = signer else {
            return Err("was not signed by this kiosk in this place: it was changed, moved, or \
                        written with a token that is no longer valid"
                .to_owned());
        };
        let packed = keys.open(context.as_bytes(), &sealed).map_err(|error| error.to_string())?;
        let text = gzip::unpack(&packed, BODY_BYTES_MAX).map_err(|error| match error {
            gzip::Error::TooLarge(most) => format!("the delivery is larger than {most} bytes"),
            gzip::Error::Invalid(_) => "the delivery is damaged: write the stick again".to_owned(),
        })?;
        let delivery: Delivery = json::read(&text).map_err(|why| {
            format!(
                "the delivery has another form than this version reads ({why}): install the newer \
                 of both programs here too"
            )
        })?;
        match delivery.nonce == self.header.nonce {
            true => Ok((delivery, *signer)),
            false => Err("the delivery belongs to another file".to_owned()),
        }
    }
}

/// The context in which a frame is sealed and signed: its file and its place there.
fn context(header: &Header, frame: u32) -> String {
    format!("{DELIVERY}\n{}\n{}\n{frame}\n", header.kiosk, header.nonce)
}

fn signed_part(context: &str, sealed: &[u8]) -> Vec<u8> {
    [context.as_bytes(), sealed].concat()
}

fn end_part(header: &Header, frames: u32, events: u64) -> String {
    format!("end of {DELIVERY}\n{}\n{}\n{frames}\n{events}\n", header.kiosk, header.nonce)
}

/// Writes and signs a receipt.
///
/// # Errors
/// When the keys are invalid.
pub fn sign_receipt(receipt: &Receipt, keys: &HubKeys) -> Result<String, Error> {
    let body = serde_json::to_string(receipt).map_err(io::Error::from)?;
    let signature = hex(&keys.sign(&receipt_part(&body))?);
    Ok(serde_json::to_string(&Signed { body, signature }).map_err(io::Error::from)?)
}

/// Reads a receipt; none if it is invalid, or if this hub has not signed it.
#[must_use]
pub fn read_receipt(text: &[u8], hub: &HubPublic) -> Option<Receipt> {
    let Signed { body, signature } = serde_json::from_slice(text).ok()?;
    let signature = from_hex::<64>(&signature)?;
    if !is_signed(&hub.verify, &receipt_part(&body), &signature) {
        return None;
    }
    let receipt: Receipt = serde_json::from_str(&body).ok()?;
    (receipt.smilepost == RECEIPT && receipt.version == VERSION).then_some(receipt)
}

fn receipt_part(body: &str) -> Vec<u8> {
    [RECEIPT.as_bytes(), b"\n", body.as_bytes()].concat()
}

/// The hub's keys as they go to a kiosk.
#[must_use]
pub fn write_keys(public: &HubPublic) -> Keys {
    Keys { seal: hex(&public.seal), verify: hex(&public.verify) }
}

/// The hub's keys as a kiosk got them.
#[must_use]
pub fn read_keys(keys: &Keys) -> Option<HubPublic> {
    Some(HubPublic { seal: from_hex(&keys.seal)?, verify: from_hex(&keys.verify)? })
}

fn write_line(out: &mut impl Write, line: &impl serde::Serialize) -> Result<(), Error> {
    serde_json::to_writer(&mut *out, line).map_err(io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}

/// The next line, up to its limit; none at the end of the file, or if the last line was cut off.
fn read_line(input: &mut impl BufRead, line: u32) -> Result<Option<Vec<u8>>, Error> {
    let mut text = Vec::new();
    let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    input.by_ref().take(limit).read_until(b'\n', &mut text)?;
    match text.last() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(text)),
        Some(_) if text.len() == LINE_BYTES_MAX => {
            let why = format!("is longer than {LINE_BYTES_MAX} bytes");
            Err(Error::Line { line, why })
        }
        Some(_) => Ok(None),
    }
}
