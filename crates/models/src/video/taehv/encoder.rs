//! The encoder: RGB frames to latents, a whole clip at a time.

use kinora_tensor::{Device, Tensor};

use super::layer::{Conv, MemBlock};
use crate::{Result, Weights};

/// Where each stage of the encoder starts in the published numbering.
const STAGES: [usize; 3] = [2, 7, 12];

struct Stage {
    /// A 1×1 convolution that joins `stride` consecutive frames into one.
    pool: Conv,
    stride: usize,
    down: Conv,
    blocks: Vec<MemBlock>,
}

/// RGB frames [3, H, W] in 0..1 to latent frames [C, H/8, W/8].
pub struct Encoder {
    first: Conv,
    stages: Vec<Stage>,
    last: Conv,
}

impl Encoder {
    /// Loads the tensors `encoder.*`.
    ///
    /// # Errors
    /// A missing or misshapen tensor by name.
    pub fn load(w: &Weights, device: &Device) -> Result<Self> {
        let w = w.pp("encoder");
        let first = Conv::load(&w, "0", 1, device)?;
        let mut channels = first.channels_out();
        let mut stages = Vec::new();
        for at in STAGES {
            let pool = Conv::load(&w, &format!("{at}.conv"), 1, device)?;
            let stride = pool.channels_in() / channels.max(1);
            let down = Conv::load(&w, &(at + 1).to_string(), 2, device)?;
            let block = |i: usize| MemBlock::load(&w, &(at + 2 + i).to_string(), device);
            channels = down.channels_out();
            stages.push(Stage { pool, stride: stride.max(1), down, blocks: (0..3).map(block).collect::<Result<_>>()? });
        }
        Ok(Self { first, stages, last: Conv::load(&w, "17", 1, device)? })
    }

    /// Encodes a clip; its end is padded by repeating the last frame up to a multiple of the time scale.
    ///
    /// # Errors
    /// `Shape` when the frames do not fit.
    pub fn encode(&self, frames: &[Tensor]) -> Result<Vec<Tensor>> {
        let scale: usize = self.stages.iter().map(|s| s.stride).product();
        let mut frames = frames.to_vec();
        while let Some(last) = frames.last().filter(|_| !frames.len().is_multiple_of(scale)).cloned() {
            frames.push(last);
        }
        let mut x = frames.iter().map(|f| Ok(self.first.forward(f)?.relu()?)).collect::<Result<Vec<_>>>()?;
        for stage in &self.stages {
            let pooled = |group: &[Tensor]| {
                let joined = Tensor::concat(&group.iter().collect::<Vec<_>>(), 0)?;
                stage.down.forward(&stage.pool.forward(&joined)?)
            };
            x = x.chunks(stage.stride).map(pooled).collect::<Result<_>>()?;
            for block in &stage.blocks {
                x = with_memory(block, &x)?;
            }
        }
        x.iter().map(|f| self.last.forward(f)).collect()
    }
}

/// Runs a memory block over a clip: each frame sees the one before, the first sees zeros.
fn with_memory(block: &MemBlock, frames: &[Tensor]) -> Result<Vec<Tensor>> {
    let mut past = match frames.first() {
        Some(frame) => Tensor::zeros(frame.device(), frame.shape())?,
        None => return Ok(Vec::new()),
    };
    let mut out = Vec::with_capacity(frames.len());
    for frame in frames {
        out.push(block.forward(frame, &past)?);
        past = frame.clone();
    }
    Ok(out)
}
