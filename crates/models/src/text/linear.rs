//! Linear layers, and several that read the same input as few products.

mod fused;

use std::cell::RefCell;

use kinora_formats::TensorView;
use kinora_tensor::{Device, Tensor};

use super::adapter::Adapter;
use crate::source::constant;
use crate::{ModelError, Result, Weights};
pub(super) use fused::Norm;

/// Larger stacks stay apart: a GPU binds at least so much at once.
const MAX_STACK_BYTES: usize = 128 << 20;

/// `y = x · Wᵀ + b`, and what adapters add.
pub(super) struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
    /// The matrices of the file, one below the other: whole names without `.weight`, and rows.
    matrices: Vec<(String, usize)>,
    /// Behind a cell, so that all who share a decoder can switch.
    adapters: RefCell<Option<LowRank>>,
}

/// All adapters of a matrix at once: `A` [R, in] holds their rows, `B` [out, R] their columns times their scales.
struct LowRank {
    a: Tensor,
    b: Tensor,
}

impl Linear {
    /// `{name}.weight` [rows, cols] and, where the file has it, `{name}.bias`.
    pub fn load(w: &Weights, name: &str, rows: usize, cols: usize, device: &Device) -> Result<Self> {
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        let bias = if w.has(&bias) { Some(w.get(&bias, &[rows], device)?) } else { None };
        Ok(Self::new(w.get(&weight, &[rows, cols], device)?, bias, vec![(w.path(name), rows)]))
    }

    fn new(weight: Tensor, bias: Option<Tensor>, matrices: Vec<(String, usize)>) -> Self {
        Self { weight, bias, matrices, adapters: RefCell::new(None) }
    }

    /// `x` [T, cols] → [T, rows].
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = x.linear(&self.weight, self.bias.as_ref())?;
        match &*self.adapters.borrow() {
            Some(LowRank { a, b }) => Ok(y.add(&x.linear(a, None)?.linear(b, None)?)?),
            None => Ok(y),
        }
    }

    /// The matrices of the file that this is.
    pub fn matrices(&self) -> impl Iterator<Item = &str> {
        self.matrices.iter().map(|(name, _)| name.as_str())
    }

    /// Refuses factors that do not fit.
    pub fn check_adapter(&self, adapter: &Adapter) -> Result<()> {
        let cols = self.weight.dim(1);
        for (name, rows) in &self.matrices {
            if let Some(pair) = adapter.pair(name)
                && (pair.a.len() != pair.rank * cols || pair.b.len() != rows * pair.rank)
            {
                let got = [pair.b.len() / pair.rank, pair.a.len() / pair.rank];
                return Err(ModelError::shape(&format!("{name}.weight.lora"), &got, format!("[{rows}, {cols}]")));
            }
        }
        Ok(())
    }

    /// Adds `adapters` (which were checked), each times its weight, in place of those before.
    pub fn set_adapters(&self, adapters: &[(&Adapter, f32)]) -> Result<()> {
        let (out, cols) = (self.weight.dim(0), self.weight.dim(1));
        let (mut a, mut columns, mut first) = (Vec::new(), Vec::new(), 0);
        for (name, rows) in &self.matrices {
            for (pair, weight) in adapters.iter().filter_map(|(adapter, weight)| Some((adapter.pair(name)?, weight))) {
                a.extend_from_slice(&pair.a);
                for r in 0..pair.rank {
                    let mut column = vec![0.0; out];
                    for (i, value) in column[first..first + rows].iter_mut().enumerate() {
                        *value = weight * pair.scale * pair.b[i * pair.rank + r];
                    }
                    columns.push(column);
                }
            }
            first += rows;
        }
        let rank = columns.len();
        let device = self.weight.device();
        let low_rank = || -> Result<LowRank> {
            let b: Vec<f32> = (0..out).flat_map(|i| columns.iter().map(move |column| column[i])).collect();
            Ok(LowRank { a: constant(device, &[rank, cols], &a)?, b: constant(device, &[out, rank], &b)? })
        };
        *self.adapters.borrow_mut() = if rank == 0 { None } else { Some(low_rank()?) };
        Ok(())
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
                bytes += view.byte_len();
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

    /// The products.
    pub fn linears(&self) -> impl Iterator<Item = &Linear> {
        self.groups.iter().map(|(linear, _)| linear)
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
        parts.try_into().map_err(|_| ModelError::Config(format!("a stack of {N} layers has another number")))
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
    let weight = Tensor::weight_stacked(device, views)?;
    let matrices = layers.iter().map(|(name, rows)| (w.path(name), *rows)).collect();
    let bias_of = |name: &str| format!("{name}.bias");
    if !layers.iter().any(|(name, _)| w.has(&bias_of(name))) {
        return Ok(Linear::new(weight, None, matrices));
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
    Ok(Linear::new(weight, Some(constant(device, &[total], &bias)?), matrices))
}
