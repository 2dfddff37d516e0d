//! Sampling where the logits lie: edits of single tokens, a mask, the most likely tokens, so that little is read back.

mod cpu;
mod gpu;
#[cfg(test)]
mod tests;

use crate::check::Check;
use crate::{DType, Device, Result, Tensor, TensorError};

/// The logit of a token that is not allowed: finite, because WGSL leaves infinities undefined, and below any real one.
pub const FORBIDDEN: f32 = -3e38;

/// What happens to the logit of one token: `l` becomes `l / repetition` above zero and `l · repetition` below, plus `add`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenEdit {
    /// The token.
    pub id: u32,
    /// The repetition penalty (Keskar et al. 2019); 1 changes nothing.
    pub repetition: f32,
    /// The bias, less the frequency and presence penalties.
    pub add: f32,
}

/// What happens to logits before tokens are drawn. Nothing by default.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogitEdits<'a> {
    /// Ascending by id, at most one a token.
    pub tokens: &'a [TokenEdit],
    /// Which tokens a grammar allows: bit i % 32 of word i / 32 for token i.
    pub mask: Option<&'a [u32]>,
}

impl LogitEdits<'_> {
    fn is_nothing(&self) -> bool {
        self.tokens.is_empty() && self.mask.is_none()
    }

    fn check(&self, vocab: usize) -> Result<()> {
        let bad = |expected: &str, got: usize| TensorError::Shape {
            op: "logit edits",
            arg: "edits",
            got: vec![got],
            expected: expected.to_owned(),
        };
        if !self.tokens.is_sorted_by(|a, b| a.id < b.id) {
            return Err(bad("ascending ids, each once", self.tokens.len()));
        }
        if let Some(last) = self.tokens.last().filter(|last| last.id as usize >= vocab) {
            return Err(bad("ids below the vocabulary's size", last.id as usize));
        }
        match self.mask {
            Some(mask) if mask.len() < vocab.div_ceil(32) => Err(bad("a bit for each token", mask.len())),
            _ => Ok(()),
        }
    }
}

/// The most likely tokens, and what is needed to know how much they leave out.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidates {
    /// Tokens and their edited logits, highest first, equal ones by id; none that is forbidden or not a number.
    pub top: Vec<(u32, f32)>,
    /// `ln Σ exp(logit / temperature)` over all tokens that are allowed: a candidate's probability is
    /// `exp(logit / temperature − log_sum)`.
    pub log_sum: f32,
}

/// Candidates that the GPU sorts, at most; more are found on the CPU.
pub const MAX_GPU_CANDIDATES: usize = 256;

impl Tensor {
    /// The logits after `edits`; tokens that the mask does not allow get [`FORBIDDEN`]. `self` f32, V logits.
    ///
    /// # Errors
    /// `Shape`, `DType`.
    pub fn edit_logits(&self, edits: &LogitEdits<'_>) -> Result<Tensor> {
        Check("edit_logits").f32("self", self)?;
        edits.check(self.len())?;
        if edits.is_nothing() {
            return Ok(self.clone());
        }
        let mut y = self.empty_like()?;
        match self.device() {
            Device::Cpu(_) => {
                let y = y.f32_mut()?;
                y.copy_from_slice(self.f32()?);
                cpu::edit(y, edits);
            }
            Device::Gpu(d) => gpu::edit(d, self, edits, &y)?,
        }
        Ok(y)
    }

    /// The token of the highest logit, the first of equal ones, as u32 [1]: it can go on into
    /// [`Tensor::embedding`] without leaving the device. Values that are not numbers are passed over. `self` f32, at
    /// least one logit.
    ///
    /// # Errors
    /// `Shape`, `DType`.
    pub fn argmax(&self) -> Result<Tensor> {
        let check = Check("argmax");
        check.f32("self", self)?;
        check.that(!self.is_empty(), "self", self, "at least one value")?;
        match self.device() {
            Device::Cpu(_) => Tensor::from_u32(self.device(), &[1], &[cpu::argmax(self.f32()?)]),
            Device::Gpu(d) => {
                let y = Tensor::empty(self.device(), &[2], DType::U32)?;
                gpu::argmax(d, self, &y)?;
                y.view(0, &[1])
            }
        }
    }

    /// The `k` most likely tokens after `edits`, with the sum of all at this temperature. On a hardware GPU and up to
    /// [`MAX_GPU_CANDIDATES`], `8 k + 8` bytes are read back, else all logits. `self` f32, V logits.
    ///
    /// What a sampler draws from them is exact where the candidates hold all that can be drawn: top-k with k at most
    /// theirs; top-p and min-p where the last candidate already lies behind the cut; greedy always.
    ///
    /// # Errors
    /// `Shape`, `DType`, `DeviceLost`.
    pub async fn top_candidates(&self, k: usize, edits: &LogitEdits<'_>, temperature: f32) -> Result<Candidates> {
        Check("top_candidates").f32("self", self)?;
        edits.check(self.len())?;
        let k = k.min(self.len());
        match self.device() {
            Device::Gpu(d) if d.has_fast_workgroup_memory() && (1..=MAX_GPU_CANDIDATES).contains(&k) => {
                gpu::top(d, &self.edit_logits(edits)?, k, temperature).await
            }
            _ => {
                let mut logits = self.to_vec().await?;
                cpu::edit(&mut logits, edits);
                Ok(cpu::top(&logits, k, temperature))
            }
        }
    }

    /// Launches what drawing from `self` may launch, for [`GpuDevice::warm_up`](crate::GpuDevice::warm_up): nothing
    /// is read. `self` f32, V logits.
    ///
    /// # Errors
    /// As [`Tensor::top_candidates`].
    pub fn plan_sampling(&self) -> Result<()> {
        let Device::Gpu(d) = self.device() else { return Ok(()) };
        let (tokens, mask) =
            ([TokenEdit { id: 0, repetition: 1.0, add: 0.0 }], vec![u32::MAX; self.len().div_ceil(32)]);
        self.edit_logits(&LogitEdits { tokens: &tokens, mask: None })?;
        self.edit_logits(&LogitEdits { tokens: &tokens, mask: Some(&mask) })?;
        self.argmax()?;
        if d.has_fast_workgroup_memory() {
            gpu::record_top(d, self, self.len().min(MAX_GPU_CANDIDATES), 1.0)?;
        }
        Ok(())
    }

    /// u32 values, row-major; waits for the device.
    ///
    /// # Errors
    /// `DType` unless u32, `DeviceLost`.
    pub async fn to_vec_u32(&self) -> Result<Vec<u32>> {
        Check("to_vec_u32").u32("self", self)?;
        match self.device() {
            Device::Cpu(_) => Ok(self.u32()?.to_vec()),
            Device::Gpu(d) => {
                let (buffer, offset) = self.gpu("to_vec_u32")?;
                Ok(bytemuck::pod_collect_to_vec(&d.read(buffer, offset * 4, self.len() * 4).await?))
            }
        }
    }
}
