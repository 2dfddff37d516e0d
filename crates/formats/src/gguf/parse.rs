//! The checked reader: header, metadata, tensor declarations, then where the tensors lie.

use std::collections::{BTreeMap, HashMap};

use super::{GgmlType, Gguf, MetaArray, MetaValue, StrArray, TensorInfo};
use crate::cursor::{Cursor, Stop};
use crate::error::{FormatError, looks_like, shown};
use crate::view::HeaderRead;

/// Limits no honest file reaches.
pub(super) const MAX_ITEMS: u64 = 65_536;
pub(super) const MAX_KEY: u64 = 65_535;
pub(super) const MAX_STRING: u64 = 1 << 20;
pub(super) const MAX_NAME: usize = 63;
pub(super) const MAX_ARRAY: u64 = 1 << 22;
pub(super) const MAX_DIMS: u32 = 4;
const MAX_HEADER: u64 = 64 << 20;
const MAX_DEPTH: u32 = 4;
const MAX_INNER_ARRAYS: u64 = 1024;
/// A browser addresses tensors with 32 bits: what is larger cannot be used, wherever it is read.
const MAX_TENSOR_BYTES: u64 = 1 << 32;
const MAX_TENSOR_VALUES: u64 = u32::MAX as u64;

pub(super) fn parse(head: &[u8], file_len: u64) -> Result<HeaderRead<Gguf>, FormatError> {
    match header(&mut Cursor::new(head, file_len)) {
        Ok(gguf) => Ok(HeaderRead::Done(gguf)),
        Err(Stop::Refused(e)) => Err(e),
        Err(Stop::More(n)) if n > MAX_HEADER => {
            Err(FormatError::Limit { at: 0, what: shown("the header's length"), got: n, max: MAX_HEADER })
        }
        Err(Stop::More(n)) => Ok(HeaderRead::More(n)),
    }
}

fn header(c: &mut Cursor) -> Result<Gguf, Stop> {
    let head = c.peek();
    if c.take(4, "the magic number")? != b"GGUF" {
        return Err(FormatError::Magic { expected: "GGUF", found: shown(looks_like(head)) }.into());
    }
    let version = c.u32("the version")?;
    if !(2..=3).contains(&version) {
        return Err(FormatError::Version { format: "GGUF", version }.into());
    }
    // A tensor declaration takes at least 33 bytes less its name, a key and value at least 14.
    let n_tensors = c.count(MAX_ITEMS, 1, "the number of tensors")?;
    let n_kv = c.count(MAX_ITEMS, 1, "the number of keys")?;

    let mut meta = BTreeMap::new();
    for _ in 0..n_kv {
        let at = c.at();
        let key = c.string(MAX_KEY, "a key")?;
        if key.is_empty() {
            return Err(FormatError::Type { at, what: shown("a key"), found: shown("no text") }.into());
        }
        if key.contains('\0') {
            return Err(FormatError::Utf8 { at, what: shown("a key") }.into());
        }
        if meta.contains_key(key) {
            return Err(FormatError::Duplicate { at, what: shown(format!("the key {key}")) }.into());
        }
        let value = value(c, key)?;
        meta.insert(key.to_owned(), value);
    }
    let alignment = alignment(&meta, c.at())?;

    let mut tensors = Vec::new();
    let mut index = HashMap::new();
    for i in 0..n_tensors as usize {
        let info = tensor_info(c)?;
        if index.insert(info.name.clone(), i).is_some() {
            let what = shown(format!("the tensor {}", info.name));
            return Err(FormatError::Duplicate { at: c.at(), what }.into());
        }
        tensors.push(info);
    }
    let header_end = c.at();
    let file_len = header_end.saturating_add(c.remaining());
    let total = place(&mut tensors, header_end, alignment, file_len)?;
    // Padding hides nothing: a number of keys that is one short would leave a key here
    let padding = header_end.next_multiple_of(alignment).saturating_sub(header_end).min(c.remaining());
    if c.take(padding, "the padding before the data")?.iter().any(|b| *b != 0) {
        return Err(FormatError::Trailing { at: header_end, bytes: padding }.into());
    }
    Ok(Gguf { version, alignment, total, meta, tensors, index })
}

fn alignment(meta: &BTreeMap<String, MetaValue>, at: u64) -> Result<u64, FormatError> {
    let what = || shown("general.alignment");
    match meta.get("general.alignment") {
        None => Ok(32),
        Some(MetaValue::U32(a)) if a.is_power_of_two() && (8..=65_536).contains(a) => Ok((*a).into()),
        Some(MetaValue::U32(a)) => Err(FormatError::Align { at, what: what(), value: (*a).into() }),
        Some(other) => {
            let found = shown(format!("type {}, not u32", other.type_name()));
            Err(FormatError::Type { at, what: what(), found })
        }
    }
}

fn value(c: &mut Cursor, key: &str) -> Result<MetaValue, Stop> {
    let at = c.at();
    let ty = c.u32(key)?;
    Ok(match ty {
        0 => MetaValue::U8(c.u8(key)?),
        1 => MetaValue::I8(c.u8(key)? as i8),
        2 => MetaValue::U16(c.le(key)?),
        3 => MetaValue::I16(c.le(key)?),
        4 => MetaValue::U32(c.le(key)?),
        5 => MetaValue::I32(c.le(key)?),
        6 => MetaValue::F32(c.le(key)?),
        7 => MetaValue::Bool(bool_of(c.u8(key)?, at, key)?),
        8 => match c.string(MAX_STRING, key) {
            // Hostile templates are known by this code wherever they are refused
            Err(Stop::Refused(FormatError::Limit { got, .. })) if key == "tokenizer.chat_template" => {
                let message = shown(format!("it declares {got} bytes"));
                return Err(FormatError::Template { message }.into());
            }
            text => MetaValue::Str(text?.to_owned()),
        },
        9 => MetaValue::Array(array(c, key, 1)?),
        10 => MetaValue::U64(c.le(key)?),
        11 => MetaValue::I64(c.le(key)?),
        12 => MetaValue::F64(c.le(key)?),
        _ => return Err(unknown_type(at, key, ty)),
    })
}

fn array(c: &mut Cursor, key: &str, depth: u32) -> Result<MetaArray, Stop> {
    let at = c.at();
    if depth > MAX_DEPTH {
        let (got, max) = (depth.into(), MAX_DEPTH.into());
        return Err(FormatError::Limit { at, what: shown(format!("the nesting of {key}")), got, max }.into());
    }
    let ty = c.u32(key)?;
    Ok(match ty {
        0 => MetaArray::U8(items(c, key)?),
        1 => MetaArray::I8(items(c, key)?),
        2 => MetaArray::U16(items(c, key)?),
        3 => MetaArray::I16(items(c, key)?),
        4 => MetaArray::U32(items(c, key)?),
        5 => MetaArray::I32(items(c, key)?),
        6 => MetaArray::F32(items(c, key)?),
        7 => MetaArray::Bool(items::<u8>(c, key)?.into_iter().map(|b| bool_of(b, at, key)).collect::<Result<_, _>>()?),
        8 => MetaArray::Str(strings(c, key)?),
        9 => {
            let n = c.count(MAX_INNER_ARRAYS, 12, key)?;
            let mut inner = Vec::new();
            for _ in 0..n {
                inner.push(array(c, key, depth.saturating_add(1))?);
            }
            MetaArray::Array(inner)
        }
        10 => MetaArray::U64(items(c, key)?),
        11 => MetaArray::I64(items(c, key)?),
        12 => MetaArray::F64(items(c, key)?),
        _ => return Err(unknown_type(at, key, ty)),
    })
}

/// Strings of an array may be any bytes: [`super::StrArray`].
fn strings(c: &mut Cursor, key: &str) -> Result<StrArray, Stop> {
    let n = c.count(MAX_ARRAY, 8, key)?;
    let mut out = StrArray::default();
    for _ in 0..n {
        let at = c.at();
        let len = c.count(MAX_HEADER, 1, key)?;
        if !out.push(c.take(len, key)?) {
            return Err(FormatError::Overflow { at, what: shown(key) }.into());
        }
    }
    Ok(out)
}

fn items<T: crate::cursor::Le>(c: &mut Cursor, key: &str) -> Result<Vec<T>, Stop> {
    let n = c.count(MAX_ARRAY, T::SIZE, key)?;
    let bytes = c.take(n.saturating_mul(T::SIZE), key)?;
    Ok(T::all(bytes))
}

fn bool_of(byte: u8, at: u64, key: &str) -> Result<bool, Stop> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(FormatError::Type { at, what: shown(key), found: shown(format!("the bool {byte}")) }.into()),
    }
}

fn unknown_type(at: u64, key: &str, ty: u32) -> Stop {
    FormatError::Type { at, what: shown(key), found: shown(format!("the unknown type {ty}")) }.into()
}

/// One tensor declaration; `offset` is still relative to the data part.
fn tensor_info(c: &mut Cursor) -> Result<TensorInfo, Stop> {
    let at = c.at();
    let name = c.string(MAX_NAME as u64, "a tensor name")?;
    if name.is_empty() {
        return Err(FormatError::Type { at, what: shown("a tensor name"), found: shown("no text") }.into());
    }
    if name.contains('\0') {
        return Err(FormatError::Utf8 { at, what: shown("a tensor name") }.into());
    }
    let n_dims = c.u32(name)?;
    if !(1..=MAX_DIMS).contains(&n_dims) {
        let found = shown(format!("{n_dims} dimensions"));
        return Err(FormatError::Shape { what: shown(name), found, expected: shown("1 to 4 dimensions") }.into());
    }
    let mut dims = Vec::new();
    for _ in 0..n_dims {
        dims.push(c.u64(name)?);
    }
    let ty_at = c.at();
    let number = c.u32(name)?;
    let ty = GgmlType::from_number(number).ok_or_else(|| {
        let found = shown(format!("the unknown tensor type {number}"));
        FormatError::Type { at: ty_at, what: shown(name), found }
    })?;
    let bytes = size(name, &dims, ty, at)?;
    let offset = c.u64(name)?;
    dims.reverse();
    Ok(TensorInfo { name: name.to_owned(), shape: dims, ty, offset, bytes, part: 0 })
}

/// Bytes of a tensor with GGUF dimensions `dims` (the first is the row length).
pub(super) fn size(name: &str, dims: &[u64], ty: GgmlType, at: u64) -> Result<u64, FormatError> {
    let overflow = || FormatError::Overflow { at, what: shown(name) };
    let values = dims.iter().try_fold(1u64, |n, &d| n.checked_mul(d)).ok_or_else(overflow)?;
    if dims.iter().any(|&d| d == 0 || d > i64::MAX as u64) {
        return Err(FormatError::shape(name, dims, "dimensions between 1 and 2^63"));
    }
    let row = dims.first().copied().unwrap_or(1);
    if !row.is_multiple_of(ty.block_len()) {
        let rule = format!("rows of whole {} blocks ({} values)", ty.name(), ty.block_len());
        return Err(FormatError::shape(name, dims, rule));
    }
    let blocks = values.checked_div(ty.block_len()).ok_or_else(overflow)?;
    let bytes = blocks.checked_mul(ty.block_bytes()).ok_or_else(overflow)?;
    let fits_64_bit = bytes.checked_next_multiple_of(65_536).is_some();
    let listed_only = ty.block().is_none();
    if !fits_64_bit || (!listed_only && (bytes > MAX_TENSOR_BYTES || values > MAX_TENSOR_VALUES)) {
        return Err(overflow());
    }
    Ok(bytes)
}

/// Makes the offsets absolute and checks that the tensors fill the data part in order. Returns the end of the last one.
fn place(tensors: &mut [TensorInfo], header_end: u64, alignment: u64, file_len: u64) -> Result<u64, FormatError> {
    let pad = |n: u64, what: &str| {
        n.checked_next_multiple_of(alignment).ok_or_else(|| FormatError::Overflow { at: header_end, what: shown(what) })
    };
    let start = pad(header_end, "the header")?;
    for t in tensors.iter() {
        let end = start.checked_add(t.offset).and_then(|s| s.checked_add(t.bytes));
        pad(end.unwrap_or(u64::MAX), &t.name)?;
    }
    let mut order: Vec<&mut TensorInfo> = tensors.iter_mut().collect();
    order.sort_by_key(|t| t.offset);
    let mut expected = 0;
    let mut end = header_end;
    for t in order {
        if !t.offset.is_multiple_of(alignment) {
            return Err(FormatError::Align {
                at: start,
                what: shown(format!("the offset of {}", t.name)),
                value: t.offset,
            });
        }
        if t.offset < expected {
            return Err(FormatError::Overlap { what: shown(&t.name), offset: t.offset });
        }
        if t.offset > expected {
            return Err(FormatError::Offset { what: shown(&t.name), offset: t.offset, expected });
        }
        expected = pad(t.offset.saturating_add(t.bytes), &t.name)?;
        t.offset = start.saturating_add(t.offset);
        end = t.offset.saturating_add(t.bytes);
        if end > file_len {
            let have = file_len.saturating_sub(t.offset);
            return Err(FormatError::Truncated { at: t.offset, what: shown(&t.name), need: t.bytes, have });
        }
    }
    let padded = pad(end, "the last tensor")?;
    if file_len > padded {
        return Err(FormatError::Trailing { at: padded, bytes: file_len.saturating_sub(padded) });
    }
    Ok(end)
}
