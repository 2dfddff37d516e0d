//! Reading hyper-parameters below `<architecture>.`, each within its range.

use std::ops::RangeInclusive;

use crate::error::{FormatError, shown};
use crate::gguf::{Gguf, MetaArray, MetaValue};

pub(super) struct Keys<'a> {
    pub gguf: &'a Gguf,
    pub arch: &'a str,
}

impl Keys<'_> {
    pub fn name(&self, key: &str) -> String {
        format!("{}.{key}", self.arch)
    }

    pub fn wrong(&self, key: &str, message: String) -> FormatError {
        FormatError::config(self.name(key), message)
    }

    fn within(&self, key: &str, range: &RangeInclusive<u32>, n: u32) -> Result<usize, FormatError> {
        if range.contains(&n) {
            return Ok(n as usize);
        }
        Err(self.wrong(key, format!("{n} is not between {} and {}", range.start(), range.end())))
    }

    pub fn number(&self, key: &str, range: RangeInclusive<u32>) -> Result<usize, FormatError> {
        match self.gguf.get_u32(&self.name(key))? {
            None => Err(self.wrong(key, "it is missing".into())),
            Some(n) => self.within(key, &range, n),
        }
    }

    pub fn number_or(&self, key: &str, range: RangeInclusive<u32>, default: usize) -> Result<usize, FormatError> {
        if self.has(key) { self.number(key, range) } else { Ok(default) }
    }

    pub fn has(&self, key: &str) -> bool {
        self.gguf.metadata(&self.name(key)).is_some()
    }

    /// A number for each of `layers` layers: an array of as many, or one for all.
    pub fn per_layer(&self, key: &str, range: RangeInclusive<u32>, layers: usize) -> Result<Vec<usize>, FormatError> {
        let Some(MetaValue::Array(array)) = self.gguf.metadata(&self.name(key)) else {
            return Ok(vec![self.number(key, range)?; layers]);
        };
        let numbers: Option<Vec<u32>> = match array {
            MetaArray::I32(a) => a.iter().map(|&n| u32::try_from(n).ok()).collect(),
            MetaArray::U32(a) => Some(a.clone()),
            _ => None,
        };
        let Some(numbers) = numbers.filter(|n| n.len() == layers) else {
            return Err(self.wrong(key, format!("an array there must hold a number for each of the {layers} layers")));
        };
        numbers.into_iter().map(|n| self.within(key, &range, n)).collect()
    }

    /// As [`Keys::per_layer`], where all layers must agree.
    pub fn for_all(&self, key: &str, range: RangeInclusive<u32>, layers: usize) -> Result<usize, FormatError> {
        let numbers = self.per_layer(key, range, layers)?;
        let first = numbers.first().copied().unwrap_or_default();
        if numbers.iter().any(|n| *n != first) {
            let what = shown(format!("a model whose layers differ in {}", self.name(key)));
            return Err(FormatError::Unsupported { what, hint: shown("Take a model whose layers are alike") });
        }
        Ok(first)
    }

    /// A positive, finite float.
    pub fn float(&self, key: &str, default: Option<f32>) -> Result<f32, FormatError> {
        match self.gguf.get_f32(&self.name(key))?.or(default) {
            None => Err(self.wrong(key, "it is missing".into())),
            Some(x) if x.is_finite() && x > 0.0 => Ok(x),
            Some(x) => Err(self.wrong(key, format!("{x} is not a positive number"))),
        }
    }

    /// A positive, finite float where there is one; converters write 0 for "none".
    pub fn float_or_none(&self, key: &str) -> Result<Option<f32>, FormatError> {
        match self.gguf.get_f32(&self.name(key))? {
            None | Some(0.0) => Ok(None),
            Some(_) => self.float(key, None).map(Some),
        }
    }
}
