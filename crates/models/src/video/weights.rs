//! A view of a safetensors file while a network is loaded from it: shapes are checked, errors name what is wrong.

use crate::{ModelError, Result};
use kinora_formats::{SafeTensorsFile, TensorSource, TensorView};
use kinora_tensor::{Conv2d, Device, Tensor};
use serde::de::DeserializeOwned;

pub(super) struct Weights<'a> {
    pub src: &'a SafeTensorsFile,
    pub device: &'a Device,
    /// What the file is, for errors: "motion" or "paint".
    pub model: &'static str,
}

/// A size that a config names, at most: products of two do not overflow.
const MOST: usize = 4096;

impl Weights<'_> {
    /// Checks the sizes that a config names, each within 1..=[`MOST`].
    pub fn sizes(&self, named: &[(&str, usize)]) -> Result<()> {
        match named.iter().find(|(_, size)| !(1..=MOST).contains(size)) {
            Some((name, size)) => Err(self.error(format!("{name} is {size}, and must be within 1..={MOST}"))),
            None => Ok(()),
        }
    }

    /// The JSON under `key` in the file's metadata.
    pub fn json<T: DeserializeOwned>(&self, key: &str) -> Result<T> {
        let text = self.src.metadata(key).ok_or_else(|| self.error(format!("its metadata has no \"{key}\"")))?;
        serde_json::from_str(text).map_err(|e| self.error(format!("its metadata \"{key}\" cannot be read: {e}")))
    }

    /// A matrix in the file's own type.
    pub fn matrix(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        Ok(Tensor::weight(self.device, &self.view(name, shape)?)?)
    }

    /// A tensor as f32.
    pub fn float(&self, name: &str, shape: &[usize]) -> Result<Tensor> {
        Ok(Tensor::from_f32(self.device, shape, &self.view(name, shape)?.to_f32()?)?)
    }

    /// A tensor's numbers, for work that no operation does.
    pub fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        Ok(self.view(name, shape)?.to_f32()?)
    }

    pub fn linear(&self, name: &str, from: usize, to: usize) -> Result<Linear> {
        let weight = self.matrix(&format!("{name}.weight"), &[to, from])?;
        Ok(Linear { weight, bias: self.float(&format!("{name}.bias"), &[to])? })
    }

    /// A convolution with a square kernel of `side` pixels, an odd number.
    pub fn conv(&self, name: &str, from: usize, to: usize, side: usize) -> Result<Conv> {
        let weight = self.float(&format!("{name}.weight"), &[to, from, side, side])?;
        Ok(Conv { weight, bias: self.float(&format!("{name}.bias"), &[to])?, padding: side / 2 })
    }

    pub fn error(&self, problem: String) -> ModelError {
        ModelError::Config(format!("the {} model does not fit: {problem}", self.model))
    }

    fn view(&self, name: &str, shape: &[usize]) -> Result<TensorView<'_>> {
        let view = self.src.tensor(name)?;
        if view.shape != shape {
            return Err(self.error(format!("{name} is {:?}, the config says {shape:?}", view.shape)));
        }
        Ok(view)
    }
}

/// `x · weightᵀ + bias`.
pub(super) struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// `x` [.., from] → [.., to]
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.linear(&self.weight, Some(&self.bias))?)
    }
}

/// A convolution that keeps the picture's size.
pub(super) struct Conv {
    pub weight: Tensor,
    pub bias: Tensor,
    pub padding: usize,
}

impl Conv {
    /// `x` [N, from, H, W] → [N, to, H, W]
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.conv2d(&self.weight, Some(&self.bias), &Conv2d { padding: self.padding, ..Conv2d::default() })?)
    }
}

/// Checks that `load` refuses a file whose config has other text in it, `[from, to, what the error names]`.
#[cfg(test)]
pub(super) fn refuses<T>(file: &[u8], cases: &[[&str; 3]], load: impl Fn(&SafeTensorsFile) -> Result<T>) {
    for [from, to, what] in cases {
        let error = load(&with_config(file, from, to)).err().map(|e| e.to_string());
        assert!(error.as_ref().is_some_and(|e| e.contains(what)), "{error:?} names {what}");
    }
}

#[cfg(test)]
fn with_config(file: &[u8], from: &str, to: &str) -> SafeTensorsFile {
    let (length, rest) = file.split_first_chunk().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let mut header: serde_json::Value = serde_json::from_slice(header).unwrap();
    let config = &mut header["__metadata__"]["config"];
    assert!(config.as_str().unwrap().contains(from), "{from} is in {config}");
    *config = config.as_str().unwrap().replacen(from, to, 1).into();
    let header = header.to_string();
    SafeTensorsFile::from_bytes([&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()).unwrap()
}
