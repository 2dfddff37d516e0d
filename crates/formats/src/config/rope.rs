//! Rotary frequencies: base, scaling to longer contexts.

use super::family::Family;
use super::keys::Keys;
use super::{MAX_CONTEXT, MAX_WIDTH};
use crate::error::{FormatError, shown};

/// How angles come from positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RopeConfig {
    /// Channels of a head that are rotated; even, at most the head's.
    pub n_rot: usize,
    /// Pairs are (2i, 2i + 1) rather than (i, i + R/2).
    pub interleaved: bool,
    /// Base of the frequencies.
    pub base: f32,
    /// Base in layers that see a window ([`LayerRope::Local`](super::LayerRope)), where nothing is scaled.
    pub local_base: f32,
    /// How frequencies are stretched in the other layers.
    pub scaling: RopeScaling,
    /// Tokens that the model was trained for before its context was extended.
    pub original_context: usize,
    /// Factor of cosines and sines (of q·k twice) in layers that scale.
    pub attention_factor: f32,
}

/// Stretching of rotary frequencies. Divisors from the file (`rope_freqs`, `rope_factors_*`) come on top.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RopeScaling {
    /// As trained; or by the file's divisors alone.
    None,
    /// All frequencies divided by a factor (Chen et al. 2023).
    Linear {
        /// The divisor.
        factor: f32,
    },
    /// Slow frequencies divided by a factor, fast ones kept, a ramp between (Peng et al. 2023).
    Yarn {
        /// The divisor of slow frequencies.
        factor: f32,
        /// Turns over the original context from which on a frequency is kept.
        beta_fast: f32,
        /// Turns over the original context up to which a frequency is divided.
        beta_slow: f32,
    },
}

impl RopeConfig {
    pub(super) fn read(keys: &Keys, family: Family, head_dim: usize, context: usize) -> Result<Self, FormatError> {
        let n_rot = keys.number_or("rope.dimension_count", 1..=MAX_WIDTH, head_dim)?;
        if !n_rot.is_multiple_of(2) || n_rot > head_dim {
            return Err(
                keys.wrong("rope.dimension_count", format!("{n_rot} is odd or more than the head size {head_dim}"))
            );
        }
        let base = keys.float("rope.freq_base", Some(10_000.0))?;
        let local_default = if family == Family::Gemma3 { 10_000.0 } else { base };
        let local_key = if keys.has("rope.freq_base_swa") { "rope.freq_base_swa" } else { "rope.local.freq_base" };
        let local_base = keys.float(local_key, Some(local_default))?;
        let original_context = keys.number_or("rope.scaling.original_context_length", 1..=MAX_CONTEXT, context)?;
        let (scaling, stretch) = scaling(keys)?;
        let mut attention_factor = keys.float_or_none("rope.scaling.attn_factor")?.unwrap_or(1.0);
        if let RopeScaling::Yarn { .. } = scaling {
            attention_factor *= keys.float_or_none("rope.scaling.yarn_attn_factor")?.unwrap_or(1.0);
            attention_factor *= 1.0 + 0.1 * stretch.ln();
        }
        Ok(Self {
            n_rot,
            interleaved: family.rope_is_interleaved(),
            base,
            local_base,
            scaling,
            original_context,
            attention_factor,
        })
    }
}

/// The scaling and its factor.
fn scaling(keys: &Keys) -> Result<(RopeScaling, f32), FormatError> {
    let kind = keys.gguf.get_str(&keys.name("rope.scaling.type"))?;
    let factor = match keys.float_or_none("rope.scaling.factor")? {
        Some(factor) => factor,
        None => keys.float_or_none("rope.scale_linear")?.unwrap_or(1.0), // the key of files before 2023-10
    };
    let scaling = match kind {
        Some("yarn") => {
            if keys.float_or_none("rope.scaling.yarn_ext_factor")?.is_some_and(|f| f != 1.0) {
                return Err(FormatError::Unsupported {
                    what: shown(format!("a {} other than 1", keys.name("rope.scaling.yarn_ext_factor"))),
                    hint: shown("Take a model with plain YaRN scaling"),
                });
            }
            RopeScaling::Yarn {
                factor,
                beta_fast: keys.float_or_none("rope.scaling.yarn_beta_fast")?.unwrap_or(32.0),
                beta_slow: keys.float_or_none("rope.scaling.yarn_beta_slow")?.unwrap_or(1.0),
            }
        }
        // llama.cpp takes a factor without a type as linear
        None | Some("linear") if factor != 1.0 => RopeScaling::Linear { factor },
        None | Some("none" | "linear" | "longrope") => RopeScaling::None,
        Some(other) => {
            return Err(FormatError::Unsupported {
                what: shown(format!("rotary scaling of the type {other}")),
                hint: shown("Take a model with linear, yarn or longrope scaling, or none"),
            });
        }
    };
    Ok((scaling, factor))
}
