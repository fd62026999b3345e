//! Compression of a body by gzip (RFC 1952), with a limit on the size after decompression.

use std::io::{self, Read as _, Write as _};

/// Compresses a body.
///
/// # Errors
/// Never in practice: the body is written into memory.
pub fn pack(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body)?;
    encoder.finish()
}

/// Why a body cannot be decompressed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is larger than the limit; decompression stopped there.
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
    /// It is cut off, or is not gzip.
    #[error("it is not valid gzip: {0}")]
    Invalid(#[source] io::Error),
}

/// Decompresses a body of at most `bytes_max` bytes. Several gzip members in a row count as one, as
/// the standard says.
///
/// # Errors
/// When the body is larger, cut off, or not gzip.
pub fn unpack(packed: &[u8], bytes_max: usize) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    flate2::read::MultiGzDecoder::new(packed)
        .take(limit)
        .read_to_end(&mut body)
        .map_err(Error::Invalid)?;
    if body.len() > bytes_max {
        return Err(Error::TooLarge(bytes_max));
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::{Error, pack, unpack};

    #[test]
    fn what_was_packed_comes_back_and_no_more_than_the_limit() {
        let packed = pack(&[7; 1_000]).unwrap();
        assert_eq!(unpack(&packed, 1_000).unwrap(), [7; 1_000]);
        assert!(matches!(unpack(&packed, 999), Err(Error::TooLarge(999))));
        let cut = packed.get(..packed.len() - 1).unwrap();
        assert!(matches!(unpack(cut, 1_000), Err(Error::Invalid(_))));
        assert!(matches!(unpack(b"no gzip", 1_000), Err(Error::Invalid(_))));
        let twice = [packed.clone(), packed].concat();
        assert_eq!(unpack(&twice, 2_000).unwrap().len(), 2_000);
    }
}
