//! The one place where bytes are read.

use crate::error::{FormatError, shown};

/// Why reading stopped: refused for good, or the part of the file at hand ends here.
#[derive(Debug)]
pub(crate) enum Stop {
    Refused(FormatError),
    /// This many bytes from the file's beginning are needed to go on.
    More(u64),
}

impl From<FormatError> for Stop {
    fn from(e: FormatError) -> Self {
        Self::Refused(e)
    }
}

/// Reads little-endian fields off the beginning of a file of `file_len` bytes, of which `rest` is at hand.
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    at: u64,
    file_len: u64,
}

impl<'a> Cursor<'a> {
    /// `head` is the beginning of a file that has `file_len` bytes.
    pub fn new(head: &'a [u8], file_len: u64) -> Self {
        Self { rest: head, at: 0, file_len: file_len.max(head.len() as u64) }
    }

    /// Offset of the next byte.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Bytes from here to the end of the file.
    pub fn remaining(&self) -> u64 {
        self.file_len.saturating_sub(self.at)
    }

    /// What is at hand from here on.
    pub fn peek(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `n` bytes; `what` names the field for the error.
    pub fn take(&mut self, n: u64, what: &str) -> Result<&'a [u8], Stop> {
        if n > self.remaining() {
            let have = self.remaining();
            return Err(FormatError::Truncated { at: self.at, what: shown(what), need: n, have }.into());
        }
        let end = self.at.saturating_add(n);
        let split = usize::try_from(n).ok().and_then(|n| self.rest.split_at_checked(n));
        let (head, rest) = split.ok_or(Stop::More(end))?;
        (self.rest, self.at) = (rest, end);
        Ok(head)
    }

    /// The next little-endian number.
    pub fn le<T: Le>(&mut self, what: &str) -> Result<T, Stop> {
        let at = self.at;
        let bytes = self.take(T::SIZE, what)?;
        T::read(bytes).ok_or_else(|| FormatError::Overflow { at, what: shown(what) }.into())
    }

    pub fn u8(&mut self, what: &str) -> Result<u8, Stop> {
        self.le(what)
    }

    pub fn u32(&mut self, what: &str) -> Result<u32, Stop> {
        self.le(what)
    }

    pub fn u64(&mut self, what: &str) -> Result<u64, Stop> {
        self.le(what)
    }

    /// A count from the file, at most `max`; each item takes at least `min` bytes, which the file must still hold.
    pub fn count(&mut self, max: u64, min: u64, what: &str) -> Result<u64, Stop> {
        let at = self.at;
        let n = self.u64(what)?;
        let fits = self.remaining().checked_div(min).unwrap_or(max);
        let max = max.min(fits);
        if n > max {
            return Err(FormatError::Limit { at, what: shown(what), got: n, max }.into());
        }
        Ok(n)
    }

    /// A length-prefixed UTF-8 string of at most `max` bytes.
    pub fn string(&mut self, max: u64, what: &str) -> Result<&'a str, Stop> {
        let n = self.count(max, 1, what)?;
        let at = self.at;
        let bytes = self.take(n, what)?;
        std::str::from_utf8(bytes).map_err(|_| FormatError::Utf8 { at, what: shown(what) }.into())
    }
}

/// A number that is stored little-endian.
pub(crate) trait Le: Sized {
    /// Bytes it takes.
    const SIZE: u64;
    /// `None` unless `bytes` has exactly that length.
    fn read(bytes: &[u8]) -> Option<Self>;
    /// All of them, a shorter rest ignored.
    fn all(bytes: &[u8]) -> Vec<Self>;
}

macro_rules! le {
    ($($t:ty)*) => {$(
        impl Le for $t {
            const SIZE: u64 = size_of::<$t>() as u64;
            fn read(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(<$t>::from_le_bytes)
            }
            fn all(bytes: &[u8]) -> Vec<Self> {
                bytes.as_chunks().0.iter().map(|b| <$t>::from_le_bytes(*b)).collect()
            }
        }
    )*};
}
le!(u8 i8 u16 i16 u32 i32 u64 i64 f32 f64);
