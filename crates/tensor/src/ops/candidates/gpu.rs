//! Sampling on the GPU.

use super::{Candidates, FORBIDDEN, LogitEdits};
use crate::gpu::{GpuBuffer, Kernel, Read, Variant, Write, params};
use crate::{GpuDevice, Result, Tensor};

mod edit {
    use super::*;

    params! { len: u32, edits: u32 }

    const fn variant(mask: bool) -> Variant {
        Variant::new([GpuDevice::ELEMENTS, mask as u32])
    }

    pub(super) static EDIT: Kernel = Kernel {
        name: "edit",
        wgsl: include_str!("edit.wgsl"),
        bindings: &[Read, Read, Read, Write],
        constants: &["WG", "MASK"],
        preludes: &[],
        weights: false,
        params: Params::LAYOUT,
        variants: &[variant(false), variant(true)],
    };

    pub(in super::super) fn edit(d: &GpuDevice, x: &Tensor, edits: &LogitEdits<'_>, y: &Tensor) -> Result<()> {
        let tokens = edits.tokens;
        let words: Vec<u32> = (tokens.iter().map(|t| t.id))
            .chain(tokens.iter().map(|t| t.repetition.to_bits()))
            .chain(tokens.iter().map(|t| t.add.to_bits()))
            .collect();
        let list = d.alloc_with(bytemuck::cast_slice(&words))?;
        let mask = edits.mask.map(|mask| d.alloc_with(bytemuck::cast_slice(mask))).transpose()?;
        d.launch(&EDIT, variant(mask.is_some()))
            .bind(&[x.gpu("edit")?, (&list, 0), (mask.as_ref().unwrap_or(&list), 0), y.gpu("edit")?])
            .params(&Params { len: x.len() as u32, edits: tokens.len() as u32 })
            .elements(x.len(), GpuDevice::ELEMENTS)
    }
}
pub(super) use edit::edit;

mod argmax {
    use super::*;

    params! { len: u32 }

    const fn variant(workgroup: u32, first: bool) -> Variant {
        Variant::new([workgroup, first as u32])
    }

    pub(super) static ARGMAX: Kernel = Kernel {
        name: "argmax",
        wgsl: include_str!("argmax.wgsl"),
        bindings: &[Read, Write],
        constants: &["WG", "FIRST"],
        preludes: &[],
        weights: false,
        params: Params::LAYOUT,
        variants: &[variant(256, true), variant(64, false), variant(1, true), variant(1, false)],
    };

    /// Workgroups that share the values.
    const PARTS: usize = 64;

    /// `y` u32 [2]: the id, the bits of the value.
    pub(in super::super) fn argmax(d: &GpuDevice, x: &Tensor, y: &Tensor) -> Result<()> {
        let workgroup = d.row_workgroup(x.len());
        let parts = x.len().div_ceil(workgroup as usize).min(PARTS);
        let found = d.alloc(parts * 8)?;
        d.launch(&ARGMAX, variant(workgroup, true))
            .bind(&[x.gpu("argmax")?, (&found, 0)])
            .params(&Params { len: x.len() as u32 })
            .grid(parts)?;
        d.launch(&ARGMAX, variant(d.row_workgroup(parts), false))
            .bind(&[(&found, 0), y.gpu("argmax")?])
            .params(&Params { len: parts as u32 })
            .grid(1)
    }
}
pub(super) use argmax::argmax;

mod log_sum {
    use super::*;

    params! { len: u32, y_at: u32, inverse: f32 }

    const fn variant(first: bool) -> Variant {
        Variant::new([256, first as u32])
    }

    pub(super) static LOG_SUM: Kernel = Kernel {
        name: "log_sum",
        wgsl: include_str!("log_sum.wgsl"),
        bindings: &[Read, Write],
        constants: &["WG", "FIRST"],
        preludes: &[],
        weights: false,
        params: Params::LAYOUT,
        variants: &[variant(true), variant(false)],
    };

    /// Workgroups that share the values.
    const PARTS: usize = 64;

    /// The highest logit over the temperature, and the sum of exponentials below it, into words `y_at` of `y`.
    pub(super) fn log_sum(d: &GpuDevice, x: &Tensor, temperature: f32, y: &GpuBuffer, y_at: usize) -> Result<()> {
        let parts = x.len().div_ceil(256).min(PARTS);
        let found = d.alloc(parts * 8)?;
        let inverse = temperature.recip();
        d.launch(&LOG_SUM, variant(true))
            .bind(&[x.gpu("log_sum")?, (&found, 0)])
            .params(&Params { len: x.len() as u32, y_at: 0, inverse })
            .grid(parts)?;
        d.launch(&LOG_SUM, variant(false))
            .bind(&[(&found, 0), (y, 0)])
            .params(&Params { len: parts as u32, y_at: y_at as u32, inverse })
            .grid(1)
    }
}

params! { len: u32, k: u32 }

/// Values that a workgroup sorts.
const SORTED: usize = 1024;

const fn variant(first: bool) -> Variant {
    Variant::new([first as u32])
}

static TOP: Kernel = Kernel {
    name: "top",
    wgsl: include_str!("top.wgsl"),
    bindings: &[Read, Write],
    constants: &["FIRST"],
    preludes: &[],
    weights: false,
    params: Params::LAYOUT,
    variants: &[variant(true), variant(false)],
};

/// Sorts parts of the logits and keeps the first of each, until one part is left: `k` pairs, and the two words of
/// `log_sum`.
pub(super) fn record_top(d: &GpuDevice, x: &Tensor, k: usize, temperature: f32) -> Result<GpuBuffer> {
    let mut from: Option<GpuBuffer> = None;
    let mut len = x.len();
    let found = loop {
        let parts = len.div_ceil(SORTED);
        // Behind the pairs, the two words of `log_sum`.
        let to = d.alloc((2 * parts * k + 2) * 4)?;
        let source = from.as_ref().map_or_else(|| x.gpu("top"), |from| Ok((from, 0)))?;
        d.launch(&TOP, variant(from.is_none()))
            .bind(&[source, (&to, 0)])
            .params(&Params { len: len as u32, k: k as u32 })
            .grid(parts)?;
        if parts == 1 {
            break to;
        }
        len = parts * k;
        from = Some(to);
    };
    log_sum::log_sum(d, x, temperature, &found, 2 * k)?;
    Ok(found)
}

pub(super) async fn top(d: &GpuDevice, x: &Tensor, k: usize, temperature: f32) -> Result<Candidates> {
    let found = record_top(d, x, k, temperature)?;
    let bytes = d.read(&found, 0, (2 * k + 2) * 4).await?;
    let words: Vec<u32> = bytemuck::pod_collect_to_vec(&bytes);
    let (pairs, sum) = words.split_at(2 * k);
    let pairs = pairs.as_chunks::<2>().0.iter().map(|&[id, value]| (id, f32::from_bits(value)));
    let (highest, sum) = (f32::from_bits(sum[0]), f32::from_bits(sum[1]));
    Ok(Candidates { top: pairs.filter(|c| c.1 > FORBIDDEN).collect(), log_sum: highest + sum.ln() })
}

#[cfg(test)]
#[test]
fn shaders_are_valid() {
    crate::gpu::check_shaders(&[&edit::EDIT, &argmax::ARGMAX, &log_sum::LOG_SUM, &TOP]);
}
