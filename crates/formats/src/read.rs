//! Files that are read piece by piece, so that one of gigabytes never lies in memory whole.

use crate::FormatError;
use crate::error::shown;

/// Bytes at offsets. Offsets are 64 bits wide on every platform: a file may be larger than the memory that can be addressed.
pub trait ReadAt: std::fmt::Debug + Send + Sync {
    /// Bytes of the file.
    fn size(&self) -> u64;

    /// Fills `out` with the bytes from `offset` on.
    ///
    /// # Errors
    /// `Truncated` where the file ends before; `Read` where it cannot be read.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), FormatError>;

    /// All of it, where it lies in memory anyway.
    fn bytes(&self) -> Option<&[u8]> {
        None
    }
}

impl ReadAt for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), FormatError> {
        let from = usize::try_from(offset).ok();
        let found = from.and_then(|from| self.get(from..)).and_then(|rest| rest.get(..out.len()));
        let Some(found) = found else {
            let have = self.size().saturating_sub(offset);
            return Err(FormatError::Truncated { at: offset, what: shown("the file"), need: out.len() as u64, have });
        };
        out.copy_from_slice(found);
        Ok(())
    }

    fn bytes(&self) -> Option<&[u8]> {
        Some(self)
    }
}
