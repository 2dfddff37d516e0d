//! The refiner: gives a painted frame its texture, light and style in one step from noise.
//!
//! A small U-Net that draws a sample of the residual between the painted frame and the picture in the style: it was trained by a
//! proper score of its samples (Gneiting and Raftery 2007), not towards their mean, so one step is enough. A frame is refined
//! alone; what keeps texture still from frame to frame is the noise, most of which belongs to the shot.

mod config;
#[cfg(test)]
mod tests;
mod unet;

pub use config::Config;

use super::layout::{ShotIds, Vocabulary};
use super::noise::Noise;
use super::weights;
use crate::{ModelError, Result};
use kinora_formats::SafeTensorsFile;
use kinora_tensor::{Device, Tensor};
use unet::{COLORS, FILTERS, Look, REACH, UNet};

/// Streams of the shot's seed: the noise of all frames, then one for each frame. Stream 0 is motion's.
const SHARED: u64 = 1;
const OWN: u64 = 2;

/// The network that refines frames.
pub struct Refiner {
    config: Config,
    vocabulary: Vocabulary,
    device: Device,
    words: Tensor,
    net: UNet,
}

/// What the frames of a shot share: the words' part of the weights, the noise that stays with the page, where pixels are.
pub struct RefineShot {
    look: Look,
    seed: u64,
    scale: f32,
    fresh: f32,
    width: usize,
    height: usize,
    /// White noise, H × W.
    white: Vec<f32>,
    /// The other kinds of noise, [FILTERS, H, W].
    filtered: Tensor,
    /// All of it, [GRAINS, H, W], where no frame has noise of its own.
    still: Option<Tensor>,
    /// [2, H, W]: −1..1 over the frame.
    place: Tensor,
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
        let words = w.float("words.weight", &[config.rows(&vocabulary), config.embedding])?;
        let net = UNet::load(&w, &config)?;
        Ok(Refiner { config, vocabulary, device: device.clone(), words, net })
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
        let words = Tensor::embedding(&self.words, &Tensor::from_u32(&self.device, &[rows.len()], &rows)?)?;
        let of = |list: &[f32]| list.get(shot.style as usize).copied().unwrap_or(0.0);
        let along = |at: usize, side: usize| ((at as f64 + 0.5) / side as f64 * 2.0 - 1.0) as f32;
        let across = (0..width * height).map(|i| along(i % width, width));
        let place: Vec<f32> = across.chain((0..width * height).map(|i| along(i / width, height))).collect();
        let mut noise = Noise::stream(seed, SHARED);
        let white = noise.normal(width * height);
        let field = [FILTERS, height + 2 * REACH, width + 2 * REACH];
        let field = Tensor::from_f32(&self.device, &field, &noise.normal(field.iter().product()))?;
        let mut made = RefineShot {
            look: self.net.look(&words.reshape(&[1, rows.len() * c.embedding])?)?,
            seed,
            scale: of(&c.scale),
            fresh: of(&c.fresh_noise),
            width,
            height,
            white,
            filtered: self.net.filtered(&field)?,
            still: None,
            place: Tensor::from_f32(&self.device, &[2, height, width], &place)?,
        };
        if made.fresh <= 0.0 {
            made.still = Some(made.texture(0)?);
        }
        Ok(made)
    }

    /// Frame `index` of a shot: `draft` [3, H, W] in 0..1, as it was painted → [3, H, W] in 0..1.
    ///
    /// # Errors
    /// `Shape` when the draft has another size than the shot; `Tensor`.
    pub fn refine(&self, shot: &RefineShot, draft: &Tensor, index: usize) -> Result<Tensor> {
        let shape = [COLORS, shot.height, shot.width];
        if draft.shape() != shape {
            return Err(ModelError::shape("draft", draft.shape(), format!("{shape:?}")));
        }
        let texture = shot.texture(index)?;
        let look = draft.scale(2.0)?.add_scalar(-1.0)?; // [3, H, W] in −1..1
        let residual = self.net.residual(&texture, &look, &shot.place, &shot.look)?;
        Ok(draft.add(&residual.scale(shot.scale)?)?.clamp(0.0, 1.0)?)
    }
}

impl RefineShot {
    /// A frame's noise of all kinds, [GRAINS, H, W].
    fn texture(&self, index: usize) -> Result<Tensor> {
        if let Some(still) = &self.still {
            return Ok(still.clone());
        }
        let white = Tensor::from_f32(self.place.device(), &[1, self.height, self.width], &self.white(index))?;
        Ok(Tensor::concat(&[&white, &self.filtered], 0)?)
    }

    /// A frame's white noise, √(1 − f) · shared + √f · own: the variance stays 1.
    fn white(&self, index: usize) -> Vec<f32> {
        if self.fresh <= 0.0 {
            return self.white.clone();
        }
        let own = Noise::stream(self.seed, OWN + index as u64).normal(self.white.len());
        let (a, b) = ((1.0 - self.fresh).sqrt(), self.fresh.sqrt());
        self.white.iter().zip(&own).map(|(s, o)| a * s + b * o).collect()
    }
}
