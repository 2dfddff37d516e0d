//! The checked reader: length, JSON header, then where the tensors lie.

use std::collections::{BTreeMap, HashMap};

use super::json::Json;
use super::{Dtype, SafeTensors, TensorInfo};
use crate::cursor::{Cursor, Stop};
use crate::error::{FormatError, shown};
use crate::view::HeaderRead;

/// Published headers stay far below; the reference allows 100 MB.
const MAX_HEADER: u64 = 16 << 20;
const MAX_TENSORS: usize = 65_536;
pub(super) const MAX_DIMS: usize = 8;
pub(super) const MAX_NAME: usize = 4096;

pub(super) fn parse(head: &[u8], file_len: u64) -> Result<HeaderRead<SafeTensors>, FormatError> {
    match header(&mut Cursor::new(head, file_len)) {
        Ok(header) => Ok(HeaderRead::Done(header)),
        Err(Stop::Refused(e)) => Err(e),
        Err(Stop::More(n)) => Ok(HeaderRead::More(n)),
    }
}

fn header(c: &mut Cursor) -> Result<SafeTensors, Stop> {
    let len = c.count(MAX_HEADER, 1, "the header's length")?;
    let base = c.at();
    let bytes = c.take(len, "the header")?;
    let text = std::str::from_utf8(bytes).map_err(|e| {
        let at = base.saturating_add(e.valid_up_to() as u64);
        FormatError::Utf8 { at, what: shown("the header") }
    })?;
    let mut json = Json::new(text, base);
    if !text.starts_with('{') {
        return Err(json.error("the header must begin with '{'").into());
    }
    let mut out = SafeTensors { meta: BTreeMap::new(), tensors: Vec::new(), index: HashMap::new() };
    let mut has_meta = false;
    json.expect('{')?;
    let mut more = !json.try_char('}');
    while more {
        let at = json.at();
        let name = json.string()?;
        json.expect(':')?;
        if name == "__metadata__" {
            if std::mem::replace(&mut has_meta, true) {
                return Err(FormatError::Duplicate { at, what: shown(name) }.into());
            }
            metadata(&mut json, &mut out.meta)?;
        } else {
            tensor(&mut json, at, name, &mut out)?;
        }
        more = json.next_item('}')?;
    }
    json.end()?;
    let start = c.at();
    place(&mut out.tensors, start, start.saturating_add(c.remaining()))?;
    Ok(out)
}

fn metadata(json: &mut Json, meta: &mut BTreeMap<String, String>) -> Result<(), FormatError> {
    json.expect('{')?;
    let mut more = !json.try_char('}');
    while more {
        let at = json.at();
        let key = json.string()?;
        json.expect(':')?;
        let value = json.string()?;
        if meta.contains_key(&key) {
            return Err(FormatError::Duplicate { at, what: shown(format!("the metadata key {key}")) });
        }
        meta.insert(key, value);
        more = json.next_item('}')?;
    }
    Ok(())
}

fn limit(at: u64, what: impl AsRef<str>, got: usize, max: usize) -> FormatError {
    FormatError::Limit { at, what: shown(what), got: got as u64, max: max as u64 }
}

/// One `"name": {"dtype": …, "shape": …, "data_offsets": …}`; the offset is still relative to the data part.
fn tensor(json: &mut Json, at: u64, name: String, out: &mut SafeTensors) -> Result<(), FormatError> {
    if name.len() > MAX_NAME {
        return Err(limit(at, "the length of a tensor name", name.len(), MAX_NAME));
    }
    if out.tensors.len() >= MAX_TENSORS {
        return Err(limit(at, "the number of tensors", out.tensors.len().saturating_add(1), MAX_TENSORS));
    }
    let (mut dtype, mut shape, mut range) = (None, None, None);
    json.expect('{')?;
    let mut more = !json.try_char('}');
    while more {
        let field_at = json.at();
        let field = json.string()?;
        json.expect(':')?;
        let again = match field.as_str() {
            "dtype" => dtype.replace(json.string()?).is_some(),
            "shape" => shape.replace(numbers(json, MAX_DIMS, &name)?).is_some(),
            "data_offsets" => range.replace(numbers(json, 2, &name)?).is_some(),
            _ => return Err(json.error(format!("the unknown field {field}"))),
        };
        if again {
            return Err(FormatError::Duplicate { at: field_at, what: shown(format!("{field} of {name}")) });
        }
        more = json.next_item('}')?;
    }
    let (Some(dtype), Some(shape), Some(range)) = (dtype, shape, range) else {
        return Err(json.error(format!("{name} lacks dtype, shape or data_offsets")));
    };
    let [begin, end] = *range.as_slice() else {
        return Err(json.error(format!("data_offsets of {name} must be two numbers")));
    };
    let dtype = Dtype::from_name(&dtype).ok_or_else(|| FormatError::Type {
        at,
        what: shown(&name),
        found: shown(format!("the unknown dtype {dtype}")),
    })?;
    let expected = size(&name, &shape, dtype, at)?;
    // Checked before anything is compared: an end that wraps could agree with a wrapped size.
    let overflow = || FormatError::Overflow { at, what: shown(&name) };
    json.at().checked_add(MAX_HEADER).and_then(|n| n.checked_add(end)).ok_or_else(overflow)?;
    let bytes = end.checked_sub(begin);
    let Some(bytes) = bytes.filter(|b| *b == expected) else {
        let got = end.saturating_sub(begin);
        return Err(FormatError::Offset { what: shown(format!("the size of {name}")), offset: got, expected });
    };
    if out.index.insert(name.clone(), out.tensors.len()).is_some() {
        return Err(FormatError::Duplicate { at, what: shown(format!("the tensor {name}")) });
    }
    out.tensors.push(TensorInfo { name, shape, dtype, offset: begin, bytes });
    Ok(())
}

fn numbers(json: &mut Json, max: usize, name: &str) -> Result<Vec<u64>, FormatError> {
    json.expect('[')?;
    let mut out = Vec::new();
    let mut more = !json.try_char(']');
    while more {
        if out.len() >= max {
            return Err(limit(
                json.at(),
                format!("the number of dimensions or offsets of {name}"),
                max.saturating_add(1),
                max,
            ));
        }
        out.push(json.unsigned()?);
        more = json.next_item(']')?;
    }
    Ok(out)
}

/// Bytes of a tensor.
pub(super) fn size(name: &str, shape: &[u64], dtype: Dtype, at: u64) -> Result<u64, FormatError> {
    let bits = shape.iter().try_fold(dtype.bits(), |n, &d| n.checked_mul(d));
    let bits = bits.ok_or_else(|| FormatError::Overflow { at, what: shown(name) })?;
    if !bits.is_multiple_of(8) {
        return Err(FormatError::shape(name, shape, format!("whole bytes of {}", dtype.name())));
    }
    Ok(bits >> 3)
}

/// Makes the offsets absolute and checks that the tensors fill the data part without overlap, hole or rest.
fn place(tensors: &mut [TensorInfo], start: u64, file_len: u64) -> Result<(), FormatError> {
    let mut order: Vec<&mut TensorInfo> = tensors.iter_mut().collect();
    order.sort_by_key(|t| (t.offset, t.bytes));
    let mut expected = 0;
    let mut end = start;
    for t in order {
        if t.offset < expected {
            return Err(FormatError::Overlap { what: shown(&t.name), offset: t.offset });
        }
        if t.offset > expected {
            return Err(FormatError::Offset { what: shown(&t.name), offset: t.offset, expected });
        }
        expected = t.offset.saturating_add(t.bytes);
        t.offset = start.saturating_add(t.offset);
        end = t.offset.saturating_add(t.bytes);
        if end > file_len {
            let have = file_len.saturating_sub(t.offset);
            return Err(FormatError::Truncated { at: t.offset, what: shown(&t.name), need: t.bytes, have });
        }
    }
    if file_len > end {
        return Err(FormatError::Trailing { at: end, bytes: file_len.saturating_sub(end) });
    }
    Ok(())
}
