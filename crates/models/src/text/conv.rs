//! The short convolution of LFM2: a causal depthwise convolution between two gates.

use kinora_formats::FormatError;
use kinora_formats::config::TextConfig;
use kinora_tensor::{Device, Tensor};

use super::cache::Rows;
use super::linear::Linear;
use crate::source::constant;
use crate::{Result, Weights};

pub(super) struct ShortConv {
    in_proj: Linear,
    /// The kernel's taps [C], the oldest token's first.
    taps: Vec<Tensor>,
    out_proj: Linear,
}

impl ShortConv {
    /// `w` is the view at `blk.N.shortconv`.
    pub fn load(w: &Weights, c: &TextConfig, device: &Device) -> Result<Self> {
        let (width, len) = (c.n_embd, c.conv_len);
        let view = w.view("conv.weight")?;
        w.check_shape("conv.weight", &view, &[width, len])?;
        let kernel = view.to_f32()?; // [C, L]
        let tap = |i: usize| -> Vec<f32> { kernel.iter().skip(i).step_by(len).copied().collect() };
        let taps = (0..len).map(|i| constant(device, &[width], &tap(i))).collect::<Result<Vec<_>>>()?;
        if taps.is_empty() {
            return Err(FormatError::config("lfm2.shortconv.l_cache", "it is zero").into());
        }
        Ok(Self {
            in_proj: Linear::load(w, "in_proj", 3 * width, width, device)?,
            taps,
            out_proj: Linear::load(w, "out_proj", width, width, device)?,
        })
    }

    pub fn linears(&self) -> impl Iterator<Item = &Linear> {
        [&self.in_proj, &self.out_proj].into_iter()
    }

    /// `x` [T, C] at positions from `start`; what the next tokens look back at joins the cache.
    pub fn forward(&self, x: &Tensor, cache: &mut Rows, start: usize) -> Result<Tensor> {
        let t = x.rows();
        let [b, c, x] = self.in_proj.forward(x)?.chunk(3, 1)?.try_into().map_err(|_| wrong_parts())?; // 3 × [T, C]
        cache.append(start, &b.mul(&x)?)?;
        let past = cache.newest(self.taps.len() - 1 + t)?; // [L − 1 + T, C]
        let mut y: Option<Tensor> = None;
        for (i, tap) in self.taps.iter().enumerate() {
            let term = past.narrow(0, i, t)?.mul(tap)?;
            y = Some(match y {
                Some(sum) => sum.add(&term)?,
                None => term,
            });
        }
        let y = y.ok_or_else(wrong_parts)?;
        self.out_proj.forward(&c.mul(&y)?)
    }
}

fn wrong_parts() -> crate::ModelError {
    crate::ModelError::Config("a short convolution without taps or gates".into())
}
