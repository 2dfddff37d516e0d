//! Linear layers, and several that read the same input as few products.

use kinora_formats::{BlockType, TensorView};
use kinora_tensor::{Device, Tensor};

use crate::source::constant;
use crate::{Result, Weights};

/// Larger stacks stay apart: a device binds at least 128 MiB at once, and a copy of the rows is made at load.
const MAX_STACK_BYTES: usize = 64 << 20;

/// `y = x · Wᵀ + b`.
pub(super) struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    /// `{name}.weight` [rows, cols] and, where the file has it, `{name}.bias`.
    pub fn load(w: &Weights, name: &str, rows: usize, cols: usize, device: &Device) -> Result<Self> {
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        Ok(Self {
            weight: w.get(&weight, &[rows, cols], device)?,
            bias: if w.has(&bias) { Some(w.get(&bias, &[rows], device)?) } else { None },
        })
    }

    /// `x` [T, cols] → [T, rows].
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.linear(&self.weight, self.bias.as_ref())?)
    }
}

/// Layers that read the same input (q, k and v; gate and up). Neighbours whose rows have the same block type lie in one
/// matrix, so that one product makes them.
pub(super) struct Stack {
    groups: Vec<(Linear, Vec<usize>)>,
}

impl Stack {
    /// The layers `(name, rows)` in this order.
    pub fn load(w: &Weights, layers: &[(&str, usize)], cols: usize, device: &Device) -> Result<Self> {
        let views = layers.iter().map(|(name, _)| w.view(&format!("{name}.weight"))).collect::<Result<Vec<_>>>()?;
        let mut groups = Vec::new();
        let mut first = 0;
        while first < layers.len() {
            let mut bytes = 0;
            let fits = |view: &&TensorView| {
                bytes += view.bytes.len();
                view.block == views[first].block && bytes <= MAX_STACK_BYTES
            };
            let count = views[first..].iter().take_while(fits).count().max(1);
            let (part, rows) =
                (&layers[first..first + count], layers[first..first + count].iter().map(|l| l.1).collect());
            let linear = match part {
                [(name, rows)] => Linear::load(w, name, *rows, cols, device)?,
                _ => stacked(w, part, &views[first..first + count], cols, device)?,
            };
            groups.push((linear, rows));
            first += count;
        }
        Ok(Self { groups })
    }

    /// One matrix of the file that holds all layers.
    pub fn fused(w: &Weights, name: &str, rows: &[usize], cols: usize, device: &Device) -> Result<Self> {
        let linear = Linear::load(w, name, rows.iter().sum(), cols, device)?;
        Ok(Self { groups: vec![(linear, rows.to_vec())] })
    }

    /// `x` [T, cols] → [T, rows] of each layer.
    pub fn forward<const N: usize>(&self, x: &Tensor) -> Result<[Tensor; N]> {
        let mut parts = Vec::with_capacity(N);
        for (linear, rows) in &self.groups {
            let y = linear.forward(x)?;
            if let [_] = rows[..] {
                parts.push(y);
                continue;
            }
            let mut at = 0;
            for rows in rows {
                parts.push(y.narrow(1, at, *rows)?);
                at += rows;
            }
        }
        parts.try_into().map_err(|_| crate::ModelError::Config(format!("a stack of {N} layers has another number")))
    }
}

/// The rows of all `layers` below one another.
fn stacked(
    w: &Weights,
    layers: &[(&str, usize)],
    views: &[TensorView],
    cols: usize,
    device: &Device,
) -> Result<Linear> {
    for ((name, rows), view) in layers.iter().zip(views) {
        w.check_shape(&format!("{name}.weight"), view, &[*rows, cols])?;
    }
    let total = layers.iter().map(|(_, rows)| rows).sum();
    let bytes: Vec<u8> = views.iter().flat_map(|view| view.bytes.iter()).copied().collect();
    let block = views.first().map_or(BlockType::F32, |view| view.block);
    let weight = Tensor::weight(device, &TensorView { shape: vec![total, cols], block, bytes: bytes.into() })?;
    let bias_of = |name: &str| format!("{name}.bias");
    if !layers.iter().any(|(name, _)| w.has(&bias_of(name))) {
        return Ok(Linear { weight, bias: None });
    }
    let mut bias = Vec::with_capacity(total);
    for (name, rows) in layers {
        if w.has(&bias_of(name)) {
            let view = w.view(&bias_of(name))?;
            w.check_shape(&bias_of(name), &view, &[*rows])?;
            bias.extend(view.to_f32()?);
        } else {
            bias.resize(bias.len() + rows, 0.0);
        }
    }
    Ok(Linear { weight, bias: Some(constant(device, &[total], &bias)?) })
}
