//! Metadata values.

/// A value of GGUF metadata.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum MetaValue {
    U8(u8),
    I8(i8),
    U16(u16),
    I16(i16),
    U32(u32),
    I32(i32),
    F32(f32),
    Bool(bool),
    Str(String),
    Array(MetaArray),
    U64(u64),
    I64(i64),
    F64(f64),
}

/// An array of GGUF metadata: flat, whatever its length.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum MetaArray {
    U8(Vec<u8>),
    I8(Vec<i8>),
    U16(Vec<u16>),
    I16(Vec<i16>),
    U32(Vec<u32>),
    I32(Vec<i32>),
    F32(Vec<f32>),
    Bool(Vec<bool>),
    Str(StrArray),
    Array(Vec<MetaArray>),
    U64(Vec<u64>),
    I64(Vec<i64>),
    F64(Vec<f64>),
}

/// Many strings in one blob, four bytes of bookkeeping each: a vocabulary takes no more memory than the file. The bytes
/// need not be UTF-8: vocabularies are checked where they are used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StrArray {
    blob: Vec<u8>,
    ends: Vec<u32>,
}

impl StrArray {
    /// Adds a string. `false` where 4 GiB are full.
    #[must_use]
    pub(super) fn push(&mut self, bytes: &[u8]) -> bool {
        let Ok(end) = u32::try_from(self.blob.len().saturating_add(bytes.len())) else { return false };
        self.blob.extend_from_slice(bytes);
        self.ends.push(end);
        true
    }

    /// Number of strings.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// String `i` as bytes.
    pub fn get(&self, i: usize) -> Option<&[u8]> {
        let end = *self.ends.get(i)?;
        let start = match i.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.blob.get(start as usize..end as usize)
    }

    /// All strings as bytes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.len()).map(|i| self.get(i).unwrap_or_default())
    }
}

impl<S: AsRef<[u8]>> FromIterator<S> for StrArray {
    /// Strings past 4 GiB in all are dropped.
    fn from_iter<I: IntoIterator<Item = S>>(strings: I) -> Self {
        let mut array = Self::default();
        for s in strings {
            if !array.push(s.as_ref()) {
                break;
            }
        }
        array
    }
}

impl MetaArray {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(a) => a.len(),
            Self::I8(a) => a.len(),
            Self::U16(a) => a.len(),
            Self::I16(a) => a.len(),
            Self::U32(a) => a.len(),
            Self::I32(a) => a.len(),
            Self::F32(a) => a.len(),
            Self::Bool(a) => a.len(),
            Self::Str(a) => a.len(),
            Self::Array(a) => a.len(),
            Self::U64(a) => a.len(),
            Self::I64(a) => a.len(),
            Self::F64(a) => a.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// GGUF's name of the element type.
    pub fn element_name(&self) -> &'static str {
        match self {
            Self::U8(_) => "u8",
            Self::I8(_) => "i8",
            Self::U16(_) => "u16",
            Self::I16(_) => "i16",
            Self::U32(_) => "u32",
            Self::I32(_) => "i32",
            Self::F32(_) => "f32",
            Self::Bool(_) => "bool",
            Self::Str(_) => "string",
            Self::Array(_) => "array",
            Self::U64(_) => "u64",
            Self::I64(_) => "i64",
            Self::F64(_) => "f64",
        }
    }

    pub(super) fn element_type(&self) -> u32 {
        match self {
            Self::U8(_) => 0,
            Self::I8(_) => 1,
            Self::U16(_) => 2,
            Self::I16(_) => 3,
            Self::U32(_) => 4,
            Self::I32(_) => 5,
            Self::F32(_) => 6,
            Self::Bool(_) => 7,
            Self::Str(_) => 8,
            Self::Array(_) => 9,
            Self::U64(_) => 10,
            Self::I64(_) => 11,
            Self::F64(_) => 12,
        }
    }
}

impl MetaValue {
    /// Any integer type as i128; `None` for everything else, bool too.
    pub fn as_integer(&self) -> Option<i128> {
        Some(match self {
            Self::U8(n) => (*n).into(),
            Self::I8(n) => (*n).into(),
            Self::U16(n) => (*n).into(),
            Self::I16(n) => (*n).into(),
            Self::U32(n) => (*n).into(),
            Self::I32(n) => (*n).into(),
            Self::U64(n) => (*n).into(),
            Self::I64(n) => (*n).into(),
            _ => return None,
        })
    }

    /// GGUF's name of the type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::U8(_) => "u8",
            Self::I8(_) => "i8",
            Self::U16(_) => "u16",
            Self::I16(_) => "i16",
            Self::U32(_) => "u32",
            Self::I32(_) => "i32",
            Self::F32(_) => "f32",
            Self::Bool(_) => "bool",
            Self::Str(_) => "string",
            Self::Array(_) => "array",
            Self::U64(_) => "u64",
            Self::I64(_) => "i64",
            Self::F64(_) => "f64",
        }
    }

    pub(super) fn type_number(&self) -> u32 {
        match self {
            Self::U8(_) => 0,
            Self::I8(_) => 1,
            Self::U16(_) => 2,
            Self::I16(_) => 3,
            Self::U32(_) => 4,
            Self::I32(_) => 5,
            Self::F32(_) => 6,
            Self::Bool(_) => 7,
            Self::Str(_) => 8,
            Self::Array(_) => 9,
            Self::U64(_) => 10,
            Self::I64(_) => 11,
            Self::F64(_) => 12,
        }
    }
}
