//! A GGUF file, or all parts of a split one, with its tensors.

use std::sync::Arc;

use super::Gguf;
use crate::error::shown;
use crate::{FormatError, HeaderRead, ReadAt, TensorSource, TensorView};

/// Bytes of a header that are read at first. Vocabularies take most of it: some hundred kilobytes to some megabytes.
const FIRST_READ: u64 = 1 << 20;
/// No header is longer.
const MAX_HEADER: u64 = 64 << 20;

/// A GGUF file whose tensors are read when they are asked for, out of one part or several.
#[derive(Clone, Debug)]
pub struct GgufFile {
    /// Keys of the first part, tensors of all; offsets count within their part.
    gguf: Gguf,
    parts: Vec<Arc<dyn ReadAt>>,
    /// The part of each tensor, in the order of `gguf`.
    part_of: Vec<usize>,
}

impl GgufFile {
    /// A file that lies in memory.
    ///
    /// # Errors
    /// As [`Gguf::parse`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, FormatError> {
        Self::open(vec![Arc::new(bytes)])
    }

    /// A file in one part, or in all parts that llama.cpp's gguf-split made of it, in their order. Only headers are read.
    ///
    /// # Errors
    /// As [`Gguf::parse`]; `Config` where parts are missing, in another order or of another model; `Duplicate` where two
    /// parts have the same tensor.
    pub fn open(parts: Vec<Arc<dyn ReadAt>>) -> Result<Self, FormatError> {
        let mut headers = parts.iter().map(|part| header(part.as_ref()));
        let mut gguf = headers.next().ok_or_else(|| FormatError::config("split.count", "no part was given"))??;
        let split = |key: &str, of: &Gguf| of.get_u32(key).map(|n| n.map(u64::from));
        let (count, given) = (split("split.count", &gguf)?.unwrap_or(1), parts.len() as u64);
        if count.max(1) != given {
            let message = format!("the model is split into {count} files and {given} came. Give all of them");
            return Err(FormatError::config("split.count", message));
        }
        let mut part_of = vec![0; gguf.tensors.len()];
        if count > 1 {
            numbered(&gguf, 0, count)?;
        }
        for (at, part) in headers.enumerate() {
            let (part, at) = (part?, at.saturating_add(1));
            numbered(&part, at as u64, count)?;
            for tensor in part.tensors {
                if gguf.index.insert(tensor.name.clone(), gguf.tensors.len()).is_some() {
                    return Err(FormatError::Duplicate { at: tensor.offset, what: shown(tensor.name) });
                }
                gguf.tensors.push(tensor);
                part_of.push(at);
            }
            gguf.total = gguf.total.saturating_add(part.total);
        }
        let (declared, found) = (split("split.tensors.count", &gguf)?, gguf.tensors.len() as u64);
        if count > 1 && declared.is_some_and(|n| n != found) {
            let message = format!("it should have {} tensors and its parts have {found}", declared.unwrap_or(0));
            return Err(FormatError::config("split.tensors.count", message));
        }
        Ok(Self { gguf, parts, part_of })
    }

    /// The header: the keys of the first part and the tensors of all.
    pub fn gguf(&self) -> &Gguf {
        &self.gguf
    }
}

/// The header of one part, read in growing pieces.
fn header(part: &dyn ReadAt) -> Result<Gguf, FormatError> {
    if let Some(bytes) = part.bytes() {
        return Gguf::parse(bytes);
    }
    let size = part.size();
    let mut head = Vec::new();
    let mut want = FIRST_READ.min(size);
    loop {
        let have = head.len();
        if want > MAX_HEADER {
            return Err(FormatError::Limit { at: 0, what: shown("the header"), got: want, max: MAX_HEADER });
        }
        head.resize(usize::try_from(want).unwrap_or(usize::MAX), 0);
        part.read_at(have as u64, head.get_mut(have..).unwrap_or_default())?;
        match Gguf::parse_header(&head, size)? {
            HeaderRead::Done(gguf) => return Ok(gguf),
            HeaderRead::More(need) if need > want => want = need.max(want.saturating_mul(2)).min(size),
            HeaderRead::More(need) => {
                return Err(FormatError::Truncated { at: want, what: shown("the header"), need, have: want });
            }
        }
    }
}

/// Checks that `part` is number `at`, from 0, of `count`.
fn numbered(part: &Gguf, at: u64, count: u64) -> Result<(), FormatError> {
    let (no, of) = (part.get_u32("split.no")?.map(u64::from), part.get_u32("split.count")?.map(u64::from));
    if no == Some(at) && of == Some(count) {
        return Ok(());
    }
    let said = |n: Option<u64>| n.map_or("nothing".to_string(), |n| n.to_string());
    let message = format!("file {at} of {count} calls itself {} of {}. Give the parts in order", said(no), said(of));
    Err(FormatError::config("split.no", message))
}

impl TensorSource for GgufFile {
    fn tensor(&self, name: &str) -> Result<TensorView<'_>, FormatError> {
        let at = self.gguf.index.get(name).and_then(|i| self.part_of.get(*i));
        let Some(part) = at.and_then(|at| self.parts.get(*at)) else {
            return Err(FormatError::MissingTensor { name: shown(name) });
        };
        if let Some(bytes) = part.bytes() {
            return self.gguf.tensor(bytes, name);
        }
        let (info, block, shape) = self.gguf.declared(name)?;
        let overflow = || FormatError::Overflow { at: info.offset, what: shown(name) };
        let len = usize::try_from(info.bytes).map_err(|_| overflow())?;
        let mut bytes = Vec::new();
        // The header was checked against the file's size; memory may still be short.
        bytes.try_reserve_exact(len).map_err(|_| overflow())?;
        bytes.resize(len, 0);
        part.read_at(info.offset, &mut bytes)?;
        Ok(TensorView { shape, block, bytes: bytes.into() })
    }

    fn has(&self, name: &str) -> bool {
        self.gguf.tensor_info(name).is_some()
    }

    fn names(&self) -> Vec<String> {
        self.gguf.tensors().map(|t| t.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BlockType, GgufWriter, MetaValue};

    /// A file of which only the beginning is stored: what lies behind is made when it is read.
    #[derive(Debug)]
    struct Far {
        head: Vec<u8>,
        size: u64,
    }

    impl ReadAt for Far {
        fn size(&self) -> u64 {
            self.size
        }

        fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), FormatError> {
            assert!(offset + out.len() as u64 <= self.size);
            for (i, byte) in out.iter_mut().enumerate() {
                let at = offset + i as u64;
                *byte = usize::try_from(at).ok().and_then(|at| self.head.get(at).copied()).unwrap_or((at % 251) as u8);
            }
            Ok(())
        }
    }

    /// A header by hand: the writer wants the bytes, of which there are five gigabytes here.
    fn far() -> Far {
        let mut head = b"GGUF\x03\0\0\0".to_vec();
        let (each, last) = (1u64 << 30, 64u64);
        for n in [6u64, 0] {
            head.extend(n.to_le_bytes()); // tensors, keys
        }
        for (i, name) in ["a", "b", "c", "d", "e", "behind"].into_iter().enumerate() {
            let bytes = if name == "behind" { last } else { each };
            head.extend((name.len() as u64).to_le_bytes());
            head.extend(name.as_bytes());
            head.extend(1u32.to_le_bytes()); // dimensions
            head.extend((bytes / 4).to_le_bytes());
            head.extend(0u32.to_le_bytes()); // F32
            head.extend((i as u64 * each).to_le_bytes());
        }
        head.resize(head.len().next_multiple_of(32), 0);
        let size = head.len() as u64 + 5 * each + last;
        Far { head, size }
    }

    #[test]
    fn a_tensor_behind_four_gigabytes_is_read_without_what_lies_before_it() {
        let far = far();
        let begin = far.head.len() as u64 + (5 << 30);
        let file = GgufFile::open(vec![Arc::new(far)]).unwrap();
        let view = file.tensor("behind").unwrap();
        assert_eq!(view.shape, [16]);
        let expected: Vec<u8> = (0..64).map(|i| ((begin + i) % 251) as u8).collect();
        assert_eq!(view.bytes.as_ref(), expected);
    }

    fn part(no: u16, count: u16, tensors: i32, name: &str) -> Arc<dyn ReadAt> {
        let mut w = GgufWriter::new();
        w.meta("split.no", MetaValue::U16(no)).unwrap();
        w.meta("split.count", MetaValue::U16(count)).unwrap();
        w.meta("split.tensors.count", MetaValue::I32(tensors)).unwrap();
        w.tensor(name, &[8], BlockType::F32, &[no as u8 + 1; 32]).unwrap();
        Arc::new(w.finish().unwrap())
    }

    #[test]
    fn the_parts_of_a_split_file_are_one_model() {
        let file = GgufFile::open(vec![part(0, 2, 2, "a"), part(1, 2, 2, "b")]).unwrap();
        assert_eq!(file.names(), ["a", "b"]);
        assert_eq!(file.tensor("a").unwrap().bytes[0], 1);
        assert_eq!(file.tensor("b").unwrap().bytes[0], 2);
    }

    #[test]
    fn parts_that_do_not_belong_together_are_refused_by_name() {
        let refused = |parts| GgufFile::open(parts).unwrap_err();
        assert!(refused(vec![]).to_string().contains("no part"));
        assert!(refused(vec![part(0, 2, 2, "a")]).to_string().contains("split into 2 files and 1 came"));
        let order = refused(vec![part(1, 2, 2, "b"), part(0, 2, 2, "a")]);
        assert!(order.to_string().contains("calls itself 1 of 2"), "{order}");
        assert_eq!(refused(vec![part(0, 2, 2, "a"), part(1, 2, 2, "a")]).code(), "E_DUPLICATE");
        let count = refused(vec![part(0, 2, 3, "a"), part(1, 2, 3, "b")]);
        assert!(count.to_string().contains("should have 3 tensors"), "{count}");
        let mut plain = GgufWriter::new();
        plain.tensor("c", &[8], BlockType::F32, &[0; 32]).unwrap();
        let stranger: Arc<dyn ReadAt> = Arc::new(plain.finish().unwrap());
        assert!(refused(vec![part(0, 2, 2, "a"), stranger]).to_string().contains("nothing of nothing"));
    }
}
