//! The cryptography of carried deliveries: a kiosk seals them to its hub and signs them, and the
//! hub signs their receipts.
//!
//! Sealing is HPKE (RFC 9180) with X25519, HKDF-SHA256 and ChaCha20-Poly1305; signing is Ed25519.
//! Both come from well-known libraries, which only this file names. The kiosk's key is derived from
//! its token, so no further secret has to be distributed or stored. The hub keeps only the public
//! key, so whoever steals its archive cannot forge a delivery.

use std::path::Path;

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};

/// The file of the hub's keys in its data folder.
pub const KEYS_FILE: &str = "hub.key";

/// The length of every key, in bytes.
pub const KEY_BYTES: usize = 32;

/// The length of what a kiosk draws to know a fresh signature by, in bytes.
pub const NONCE_BYTES: usize = 32;

/// The length of the encapsulated key, which precedes each sealed text, in bytes.
const ENCAPPED_BYTES: usize = 32;

/// Separates these sealed texts from any other use of the same keys.
const INFO: &[u8] = b"smilepost carried delivery 1";

/// A public key.
pub type PublicKey = [u8; KEY_BYTES];

type Kem = X25519HkdfSha256;

/// Something cannot be sealed, opened or signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It was sealed to another hub or in another context, or was changed.
    #[error("it was sealed to another hub, or was changed on its way")]
    Unopenable,
    /// The key is invalid.
    #[error("invalid hub key")]
    Key,
}

/// The hub's secret, from which both its keys are derived.
#[derive(Clone)]
pub struct HubKeys {
    secret: [u8; KEY_BYTES],
}

impl std::fmt::Debug for HubKeys {
    /// Leaves out the secret, so that no log holds it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HubKeys").finish_non_exhaustive()
    }
}

/// The hub's public keys: a kiosk seals deliveries to one and verifies receipts by the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HubPublic {
    /// Only the hub can open what is sealed to this key.
    pub seal: PublicKey,
    /// Anybody can verify by this key what the hub has signed.
    pub verify: PublicKey,
}

impl HubKeys {
    /// The keys that are derived from a secret.
    #[must_use]
    pub const fn of_secret(secret: [u8; KEY_BYTES]) -> Self {
        Self { secret }
    }

    /// Reads a hub's keys from its data folder; makes them if there are none yet.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is invalid. An existing file is never
    /// overwritten, since nothing else opens what was sealed to its keys.
    pub fn read_or_make(folder: &Path) -> std::io::Result<Self> {
        let file = folder.join(KEYS_FILE);
        match std::fs::read_to_string(&file) {
            Ok(text) => {
                let what = format!("{} does not contain valid hub keys", file.display());
                let secret = from_hex(text.trim()).ok_or_else(|| std::io::Error::other(what))?;
                Ok(Self { secret })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let secret: [u8; KEY_BYTES] = rand::random();
                write_once(folder, &file, &format!("{}\n", hex(&secret)))?;
                Ok(Self { secret })
            }
            Err(error) => Err(error),
        }
    }

    /// The public keys, which kiosks get.
    ///
    /// # Errors
    /// [`Error::Key`] never, as long as a secret has its length.
    pub fn public(&self) -> Result<HubPublic, Error> {
        let (_, public) = Kem::derive_keypair(&self.secret);
        let seal = public.to_bytes().as_slice().try_into().map_err(|_| Error::Key)?;
        let verify = public_of(&self.signer()?)?;
        Ok(HubPublic { seal, verify })
    }

    /// Opens what was sealed to this hub in this context.
    ///
    /// # Errors
    /// [`Error::Unopenable`] when it was sealed otherwise, or was changed.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let (encapped, text) = sealed.split_at_checked(ENCAPPED_BYTES).ok_or(Error::Unopenable)?;
        let (secret, _) = Kem::derive_keypair(&self.secret);
        let encapped = <Kem as hpke::Kem>::EncappedKey::from_bytes(encapped);
        let encapped = encapped.map_err(|_| Error::Unopenable)?;
        hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, Kem>(
            &OpModeR::Base,
            &secret,
            &encapped,
            INFO,
            text,
            context,
        )
        .map_err(|_| Error::Unopenable)
    }

    /// Signs a receipt.
    ///
    /// # Errors
    /// [`Error::Key`] never, as long as a secret has its length.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.signer()?.sign(message).as_ref().to_vec())
    }

    /// Signs that this hub is at an address, for whoever has drawn these random bytes.
    ///
    /// # Errors
    /// [`Error::Key`] never, as long as a secret has its length.
    pub fn vouch(&self, nonce: &[u8; NONCE_BYTES], address: &str) -> Result<Vec<u8>, Error> {
        self.sign(&address_part(nonce, address))
    }

    fn signer(&self) -> Result<Ed25519KeyPair, Error> {
        signer_of(b"smilepost hub's receipts", &self.secret)
    }
}

/// A kiosk's secret key, derived from its token.
#[derive(Debug)]
pub struct Signer(Ed25519KeyPair);

impl Signer {
    /// Derives the key from a token.
    ///
    /// # Errors
    /// [`Error::Key`] never: any text gives a key.
    pub fn of_token(token: &str) -> Result<Self, Error> {
        signer_of(b"smilepost kiosk's deliveries", token.as_bytes()).map(Self)
    }

    /// The public key, by which the hub knows who has signed.
    ///
    /// # Errors
    /// [`Error::Key`] never, as long as a key has its length.
    pub fn verify_key(&self) -> Result<PublicKey, Error> {
        public_of(&self.0)
    }

    /// Signs something.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }
}

/// Whether a message was signed with the secret key of this public key.
#[must_use]
pub fn is_signed(by: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, by).verify(message, signature).is_ok()
}

/// Whether the hub with this public key has signed that it is at this address.
#[must_use]
pub fn is_vouched(
    by: &PublicKey,
    nonce: &[u8; NONCE_BYTES],
    address: &str,
    signature: &[u8],
) -> bool {
    is_signed(by, &address_part(nonce, address), signature)
}

/// What is signed of an address. Nothing else that a hub signs begins like this.
fn address_part(nonce: &[u8; NONCE_BYTES], address: &str) -> Vec<u8> {
    [b"smilepost hub's address 1\n".as_slice(), nonce, address.as_bytes()].concat()
}

/// Seals a text to a hub; it can be opened in the same context only.
///
/// # Errors
/// [`Error::Key`] when the hub's key is invalid.
pub fn seal(to: &HubPublic, context: &[u8], text: &[u8]) -> Result<Vec<u8>, Error> {
    let key = <Kem as hpke::Kem>::PublicKey::from_bytes(&to.seal).map_err(|_| Error::Key)?;
    let sealed = hpke::single_shot_seal::<ChaCha20Poly1305, HkdfSha256, Kem>(
        &OpModeS::Base,
        &key,
        INFO,
        text,
        context,
    );
    let (encapped, sealed) = sealed.map_err(|_| Error::Key)?;
    Ok([encapped.to_bytes().as_slice(), &sealed].concat())
}

fn signer_of(purpose: &[u8], secret: &[u8]) -> Result<Ed25519KeyPair, Error> {
    let seed = Sha256::new().chain_update(purpose).chain_update([0]).chain_update(secret);
    Ed25519KeyPair::from_seed_unchecked(&seed.finalize()).map_err(|_| Error::Key)
}

fn public_of(pair: &Ed25519KeyPair) -> Result<PublicKey, Error> {
    pair.public_key().as_ref().try_into().map_err(|_| Error::Key)
}

/// Writes a new file that only its owner can read; fails if the file exists.
fn write_once(folder: &Path, file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::create_dir_all(folder)?;
    let new = file.with_extension("key-new");
    let _ = std::fs::remove_file(&new);
    let mut options = std::fs::OpenOptions::new();
    let mut out = options.write(true).create_new(true).mode(0o600).open(&new)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    // Two programs may make keys at once: the first one to link wins.
    let linked = std::fs::hard_link(&new, file);
    std::fs::remove_file(&new)?;
    linked?;
    std::fs::File::open(folder)?.sync_all()
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads exactly `N` bytes of hexadecimal digits; none if the text is anything else.
#[must_use]
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let is_hex = text.len() == 2 * N && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = is_hex.then_some(text)?.as_bytes();
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_hub_opens_a_sealed_text_unchanged_and_in_its_context() {
        let (hub, other) = (HubKeys::of_secret([1; 32]), HubKeys::of_secret([2; 32]));
        let sealed = seal(&hub.public().unwrap(), b"frame 1", b"ratings").unwrap();
        assert_eq!(hub.open(b"frame 1", &sealed).unwrap(), b"ratings");
        assert_eq!(other.open(b"frame 1", &sealed), Err(Error::Unopenable));
        assert_eq!(hub.open(b"frame 2", &sealed), Err(Error::Unopenable));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(hub.open(b"frame 1", &changed), Err(Error::Unopenable), "byte {at}");
        }
        assert_eq!(hub.open(b"frame 1", &sealed[..20]), Err(Error::Unopenable));
        let again = seal(&hub.public().unwrap(), b"frame 1", b"ratings").unwrap();
        assert_ne!(again, sealed, "the same text is never sealed the same way twice");
    }

    #[test]
    fn a_signature_is_good_for_its_key_and_its_message_only() {
        let (one, two) = (Signer::of_token("a").unwrap(), Signer::of_token("b").unwrap());
        let (key, signature) = (one.verify_key().unwrap(), one.sign(b"hello"));
        assert!(is_signed(&key, b"hello", &signature));
        assert!(!is_signed(&key, b"hallo", &signature));
        assert!(!is_signed(&two.verify_key().unwrap(), b"hello", &signature));
        assert!(!is_signed(&key, b"hello", &[]));
        let hub = HubKeys::of_secret([1; 32]);
        let receipt = hub.sign(b"hello").unwrap();
        assert!(is_signed(&hub.public().unwrap().verify, b"hello", &receipt));
    }

    #[test]
    fn a_hub_vouches_for_one_address_to_one_asker() {
        let (hub, other) = (HubKeys::of_secret([1; 32]), HubKeys::of_secret([2; 32]));
        let (by, here) = (hub.public().unwrap().verify, "https://hub.example.com");
        let signature = hub.vouch(&[7; 32], here).unwrap();
        assert!(is_vouched(&by, &[7; 32], here, &signature));
        assert!(!is_vouched(&by, &[8; 32], here, &signature), "it was signed for another one");
        assert!(!is_vouched(&by, &[7; 32], "https://hub.example.co", &signature));
        assert!(!is_vouched(&by, &[7; 32], here, &other.vouch(&[7; 32], here).unwrap()));
        let receipt = hub.sign(&[[7; 32].as_slice(), here.as_bytes()].concat()).unwrap();
        assert!(!is_vouched(&by, &[7; 32], here, &receipt), "it was signed for something else");
    }

    #[test]
    fn keys_are_made_once_and_a_file_that_holds_none_is_not_overwritten() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let keys = || HubKeys::read_or_make(folder.path());
        let first = keys().unwrap().public().unwrap();
        assert_eq!(keys().unwrap().public().unwrap(), first);
        assert!(!format!("{:?}", keys()).contains(&hex(&keys().unwrap().secret)));
        let file = folder.path().join(KEYS_FILE);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&file, "nonsense").unwrap();
        assert!(keys().is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "nonsense");
    }

    #[test]
    fn hexadecimal_digits_are_read_back() {
        assert_eq!(from_hex::<2>(&hex(&[0x0a, 0xff])), Some([0x0a, 0xff]));
        for bad in ["", "0aff0", "0aff00", "0afg", "é0a"] {
            assert_eq!(from_hex::<2>(bad), None, "{bad}");
        }
    }
}
