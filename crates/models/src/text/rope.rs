//! Rotary positions in one dimension: which angles a file means, and their tables for a stretch of tokens.

use std::f64::consts::TAU;

use kinora_formats::config::{LayerRope, RopeConfig, RopeScaling};
use kinora_formats::{FormatError, GgufFile, TensorSource};
use kinora_tensor::{Device, RopeStyle, Tensor};

use crate::Result;

/// The angles per position that a file means.
pub(super) struct RopeTables {
    style: RopeStyle,
    /// For contexts up to the original one.
    global: Angles,
    /// For longer ones, where the file tells them apart (LongRoPE).
    global_long: Option<Angles>,
    local: Angles,
    /// Whether a layer reads the local ones.
    has_local: bool,
    original_context: usize,
}

/// The angle per position of each pair, and the factor of cosines and sines.
struct Angles {
    per_position: Vec<f64>,
    factor: f64,
}

/// Tables of consecutive positions, for each kind of layer.
pub(super) struct Rope {
    style: RopeStyle,
    global: Waves,
    local: Option<Waves>,
}

/// Cosines and sines [T, R / 2].
struct Waves {
    cos: Tensor,
    sin: Tensor,
}

impl RopeTables {
    /// Reads the divisors of the frequencies, where the file has any.
    pub fn load(file: &GgufFile, config: &RopeConfig, has_local: bool) -> Result<Self> {
        let divisors = |name| divisors(file, name, config.n_rot);
        let (all, short, long) = (
            divisors("rope_freqs.weight")?,
            divisors("rope_factors_short.weight")?,
            divisors("rope_factors_long.weight")?,
        );
        let global = |divisors: Option<&Vec<f32>>| Angles {
            per_position: scaled(config, divisors.map(Vec::as_slice)),
            factor: config.attention_factor.into(),
        };
        Ok(Self {
            style: if config.interleaved { RopeStyle::Interleaved } else { RopeStyle::NeoX },
            global: global(all.as_ref().or(short.as_ref())),
            global_long: if all.is_none() { long.as_ref().map(|long| global(Some(long))) } else { None },
            local: Angles { per_position: frequencies(config.n_rot, config.local_base), factor: 1.0 },
            has_local,
            original_context: config.original_context,
        })
    }

    /// Whether a context of `max_len` tokens takes the long divisors of LongRoPE.
    pub fn is_long(&self, max_len: usize) -> bool {
        self.global_long.is_some() && max_len > self.original_context
    }

    /// Tables for `len` positions from `start` of a context that may grow to `max_len`. The length decides between the
    /// short and the long divisors of LongRoPE as a whole: keys that were turned by the one are of no use to the other.
    pub fn at(&self, device: &Device, start: usize, len: usize, max_len: usize) -> Result<Rope> {
        let global = self.global_long.as_ref().filter(|_| self.is_long(max_len)).unwrap_or(&self.global);
        Ok(Rope {
            style: self.style,
            global: global.waves(device, start, len)?,
            local: if self.has_local { Some(self.local.waves(device, start, len)?) } else { None },
        })
    }
}

impl Angles {
    fn waves(&self, device: &Device, start: usize, len: usize) -> Result<Waves> {
        let table = |wave: fn(f64) -> f64| {
            let row = |p: usize| self.per_position.iter().map(move |f| (wave(p as f64 * f) * self.factor) as f32);
            let values: Vec<f32> = (start..start + len).flat_map(row).collect();
            Tensor::from_f32(device, &[len, self.per_position.len()], &values)
        };
        Ok(Waves { cos: table(f64::cos)?, sin: table(f64::sin)? })
    }
}

impl Rope {
    /// Rotates `x` [T, H, D] as a layer of this kind does.
    pub fn apply(&self, kind: LayerRope, x: Tensor) -> Result<Tensor> {
        match self.tables(kind) {
            Some((cos, sin, style)) => Ok(x.rope(cos, sin, style)?),
            None => Ok(x),
        }
    }

    /// Cosines, sines and style of a layer of this kind, where it rotates.
    pub fn tables(&self, kind: LayerRope) -> Option<(&Tensor, &Tensor, RopeStyle)> {
        let waves = match kind {
            LayerRope::None => return None,
            LayerRope::Global => &self.global,
            LayerRope::Local => self.local.as_ref().unwrap_or(&self.global),
        };
        Some((&waves.cos, &waves.sin, self.style))
    }
}

/// `base^(−2i / R)` (Su et al. 2021).
fn frequencies(n_rot: usize, base: f32) -> Vec<f64> {
    (0..n_rot / 2).map(|i| f64::from(base).powf(-2.0 * i as f64 / n_rot as f64)).collect()
}

/// The frequencies divided by `divisors` and stretched as the file says.
fn scaled(config: &RopeConfig, divisors: Option<&[f32]>) -> Vec<f64> {
    let mut frequencies = frequencies(config.n_rot, config.base);
    if let Some(divisors) = divisors {
        frequencies.iter_mut().zip(divisors).for_each(|(f, d)| *f /= f64::from(*d));
    }
    match config.scaling {
        RopeScaling::None => {}
        RopeScaling::Linear { factor } => frequencies.iter_mut().for_each(|f| *f /= f64::from(factor)),
        RopeScaling::Yarn { factor, beta_fast, beta_slow } => {
            let (low, high) = (turning(config, beta_fast).floor().max(0.0), turning(config, beta_slow).ceil());
            let high = high.min(config.n_rot as f64 - 1.0);
            for (i, f) in frequencies.iter_mut().enumerate() {
                // 1 for fast frequencies, which stay, 0 for slow ones
                let kept = 1.0 - ((i as f64 - low) / (high - low).max(0.001)).clamp(0.0, 1.0);
                *f *= kept + (1.0 - kept) / f64::from(factor);
            }
        }
    }
    frequencies
}

/// The pair that makes `turns` turns over the original context (Peng et al. 2023, eq. 20).
fn turning(config: &RopeConfig, turns: f32) -> f64 {
    let context = config.original_context as f64;
    config.n_rot as f64 * (context / (f64::from(turns) * TAU)).ln() / (2.0 * f64::from(config.base).ln())
}

/// Divisors of the rotary frequencies as converters store them (llama 3, LongRoPE), or none.
fn divisors(file: &GgufFile, name: &str, n_rot: usize) -> Result<Option<Vec<f32>>> {
    if !file.has(name) {
        return Ok(None);
    }
    let divisors = file.tensor(name)?.to_f32()?;
    if divisors.len() != n_rot / 2 || !divisors.iter().all(|f| f.is_finite() && *f > 0.0) {
        return Err(FormatError::config(name, format!("it needs {} positive divisors", n_rot / 2)).into());
    }
    Ok(Some(divisors))
}
