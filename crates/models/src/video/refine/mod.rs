//! The refiner: few-step diffusion that gives a painted frame its texture, light and style.
//!
//! A Wan DiT in the original tensor names on patches of pixels, without an autoencoder. It sees the noisy residual, the painted
//! frame and each pixel's place, is told the shot's words, and predicts the clean residual: r₀, not the velocity. A frame is
//! refined alone; what keeps texture still from frame to frame is the noise, most of which belongs to the shot. In every other
//! step the grid of patches moves by half a patch, so that no seam stays where another step can mend it.

mod config;
mod grid;
#[cfg(test)]
mod tests;

pub use config::Config;

use super::layout::{ShotIds, Vocabulary};
use super::noise::Noise;
use super::wan::{Text, Wan};
use super::weights;
use crate::{ModelError, Result, Weights};
use grid::Grid;
use kinora_formats::SafeTensorsFile;
use kinora_tensor::{Device, Tensor};

/// Residual, painted frame, place.
const INPUTS: usize = 8;
const COLORS: usize = 3;
/// Streams of the shot's seed: the noise of all frames, then one for each frame. Stream 0 is motion's.
const SHARED: u64 = 1;
const OWN: u64 = 2;

/// The network that refines frames.
pub struct Refiner {
    config: Config,
    vocabulary: Vocabulary,
    device: Device,
    context: Tensor,
    wan: Wan,
}

/// What the frames of a shot share: the words' keys and values, the noise that stays with the page, the grids.
pub struct RefineShot {
    text: Text,
    seed: u64,
    sigmas: Vec<f64>,
    scale: f32,
    fresh: f32,
    width: usize,
    height: usize,
    shared: Vec<f32>,
    grids: [Grid; 2],
}

/// A frame between two steps.
pub struct Refining {
    draft: Tensor,
    residual: Tensor,
    step: usize,
}

impl Refiner {
    /// The refiner of a safetensors file, with its config and vocabulary from the metadata.
    ///
    /// # Errors
    /// `Config`, `Shape`, `Format`, `Tensor`: they name what is missing or does not fit.
    pub fn load(src: &SafeTensorsFile, device: &Device) -> Result<Refiner> {
        let w = weights::Weights { src, device, model: "refine" };
        let config: Config = w.json("config")?;
        let vocabulary: Vocabulary = w.json("vocabulary")?;
        if let Some(problem) = config.problem(&vocabulary) {
            return Err(w.error(problem));
        }
        let wan = Wan::load(&Weights::new(src), Some(config.heads), device)?;
        let c = wan.config();
        if c.patch != [1, Config::PATCH, Config::PATCH] || c.in_channels != INPUTS || c.out_channels != COLORS {
            let got = format!("{} channels in, {} out, patches {:?}", c.in_channels, c.out_channels, c.patch);
            return Err(w.error(format!("its tensors have {got}; it takes {INPUTS}, {COLORS} and [1, 8, 8]")));
        }
        let context = w.float("context.weight", &[config.rows(&vocabulary), c.text_dim])?;
        Ok(Refiner { config, vocabulary, device: device.clone(), context, wan })
    }

    /// The words that the refiner knows.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Prepares a shot of frames of `width` × `height` pixels; the seed chooses its texture.
    ///
    /// # Errors
    /// `Vocabulary` when the shot has a word that the refiner does not know, `Config` for a picture without pixels.
    pub fn shot(&self, shot: &ShotIds, seed: u64, width: usize, height: usize) -> Result<RefineShot> {
        self.vocabulary.check(shot)?;
        if width == 0 || height == 0 {
            return Err(ModelError::Config(format!("a picture of {width}×{height} pixels cannot be refined")));
        }
        let c = &self.config;
        let rows = c.word_rows(shot, &self.vocabulary);
        let words = Tensor::embedding(&self.context, &Tensor::from_u32(&self.device, &[rows.len()], &rows)?)?;
        let of = |list: &[f32]| list.get(shot.style as usize).copied().unwrap_or(0.0);
        let grid = |before| Grid::new(&self.device, width, height, c.patch, before);
        Ok(RefineShot {
            text: self.wan.text(&words, rows.len())?,
            seed,
            sigmas: c.sigmas.get(shot.style as usize).cloned().unwrap_or_default(),
            scale: of(&c.scale),
            fresh: of(&c.fresh_noise),
            width,
            height,
            shared: Noise::stream(seed, SHARED).normal(COLORS * width * height),
            grids: [grid(0)?, grid(c.patch / 2)?],
        })
    }

    /// Begins frame `index` of a shot: `draft` [3, H, W] in 0..1 is the painted frame.
    ///
    /// # Errors
    /// `Shape` when the draft has another size than the shot.
    pub fn begin(&self, shot: &RefineShot, draft: &Tensor, index: usize) -> Result<Refining> {
        let shape = [COLORS, shot.height, shot.width];
        if draft.shape() != shape {
            return Err(ModelError::shape("draft", draft.shape(), format!("{shape:?}")));
        }
        let first = shot.sigmas.first().copied().unwrap_or(0.0) as f32;
        let noise: Vec<f32> = shot.noise(index).iter().map(|e| first * e).collect();
        let residual = Tensor::from_f32(&self.device, &shape, &noise)?;
        Ok(Refining { draft: draft.clone(), residual, step: 0 })
    }

    /// One step: from a noise level to the next. `false` when there was none left to take.
    ///
    /// # Errors
    /// `Tensor`.
    pub fn step(&self, shot: &RefineShot, frame: &mut Refining) -> Result<bool> {
        let sigmas = &shot.sigmas;
        let Some(&sigma) = sigmas.get(frame.step) else { return Ok(false) };
        let grid = &shot.grids[frame.step % 2];
        let look = frame.draft.scale(2.0)?.add_scalar(-1.0)?; // [3, H, W] in −1..1
        let seen = grid.pad(&Tensor::concat(&[&frame.residual, &look], 0)?)?;
        let seen = Tensor::concat(&[&seen, &grid.position], 0)?; // [8, H', W']
        let (h, w) = (seen.dim(1), seen.dim(2));
        let clean = self.wan.forward(&seen.reshape(&[INPUTS, 1, h, w])?, &[1000.0 * sigma], &shot.text, None)?;
        let clean = grid.crop(&clean.reshape(&[COLORS, h, w])?)?;
        // v = (r − r₀) / σ and r + (σ' − σ) v
        let kept = (sigmas.get(frame.step + 1).copied().unwrap_or(0.0) / sigma) as f32;
        frame.residual = frame.residual.scale(kept)?.add(&clean.scale(1.0 - kept)?)?;
        frame.step += 1;
        Ok(true)
    }

    /// The picture after the steps taken, [3, H, W] in 0..1.
    ///
    /// # Errors
    /// `Tensor`.
    pub fn picture(&self, shot: &RefineShot, frame: &Refining) -> Result<Tensor> {
        Ok(frame.draft.add(&frame.residual.scale(shot.scale)?)?.clamp(0.0, 1.0)?)
    }

    /// All steps of frame `index`: `draft` [3, H, W] in 0..1 → [3, H, W] in 0..1.
    ///
    /// # Errors
    /// As [`Refiner::begin`] and [`Refiner::step`].
    pub fn refine(&self, shot: &RefineShot, draft: &Tensor, index: usize) -> Result<Tensor> {
        let mut frame = self.begin(shot, draft, index)?;
        while self.step(shot, &mut frame)? {}
        self.picture(shot, &frame)
    }
}

impl RefineShot {
    /// Steps of a frame.
    pub fn steps(&self) -> usize {
        self.sigmas.len()
    }

    /// √(1 − f) · shared + √f · own: the variance stays 1.
    fn noise(&self, index: usize) -> Vec<f32> {
        if self.fresh <= 0.0 {
            return self.shared.clone();
        }
        let own = Noise::stream(self.seed, OWN + index as u64).normal(self.shared.len());
        let (a, b) = ((1.0 - self.fresh).sqrt(), self.fresh.sqrt());
        self.shared.iter().zip(&own).map(|(s, o)| a * s + b * o).collect()
    }
}
