//! The refiner: gives a painted frame its texture, light and style in one step from noise.
//!
//! A small U-Net says for each pixel what is sure and how much of each texture is added ([`unet`]); textures are mixed from noise,
//! and smooth noise moves the picture a little ([`surface`]). So a frame is a sample: it was trained by a proper score of its samples
//! (Gneiting and Raftery 2007), not towards their mean, and one step is enough. A frame is refined alone; what keeps texture still
//! from frame to frame is the noise, most of which belongs to the shot.

mod config;
mod surface;
#[cfg(test)]
mod tests;
mod unet;

pub use config::Config;

use std::borrow::Cow;

use super::layout::{ShotIds, Vocabulary};
use super::noise::Noise;
use super::weights;
use crate::{ModelError, Result};
use kinora_formats::SafeTensorsFile;
use kinora_tensor::{Device, Tensor};
use surface::{COLORS, Moves, Surfaces, Textures, drawn};
use unet::{Look, UNet};

/// Streams of the shot's seed: the noise of all frames, one for each frame of its own, one for each time that the picture is moved
/// anew. Stream 0 is motion's.
const SHARED: u64 = 1;
const OWN: u64 = 2;
const MOVE: u64 = 1 << 32;

/// The network that refines frames.
pub struct Refiner {
    config: Config,
    vocabulary: Vocabulary,
    device: Device,
    words: Tensor,
    net: UNet,
    surfaces: Surfaces,
}

/// What the frames of a shot share: the words' part of the weights, the noise that stays with the page, where pixels are.
pub struct RefineShot {
    look: Look,
    seed: u64,
    style: usize,
    scale: f32,
    fresh: f32,
    boil: usize,
    width: usize,
    height: usize,
    /// White noise, H × W.
    white: Vec<f32>,
    textures: Textures,
    /// All textures, where no frame has noise of its own.
    still: Option<Vec<f32>>,
    /// How often the picture was moved anew before, and how it is now.
    moved: (usize, Option<Moves>),
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
        let [a, b, c] = config.channels.map(|n| ("channels", n));
        w.sizes(&[a, b, c, ("embedding", config.embedding), ("film_hidden", config.film_hidden)])?;
        let words = w.float("words.weight", &[config.rows(&vocabulary), config.embedding])?;
        let net = UNet::load(&w, &config)?;
        let surfaces = Surfaces::load(&w, vocabulary.style.len())?;
        Ok(Refiner { config, vocabulary, device: device.clone(), words, net, surfaces })
    }

    /// The words that the refiner knows.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Prepares a shot of frames of `width` × `height` pixels; the seed chooses its texture.
    ///
    /// # Errors
    /// `Vocabulary` when the shot has a word that the refiner does not know, `Config` for a picture without pixels.
    pub async fn shot(&self, shot: &ShotIds, seed: u64, width: usize, height: usize) -> Result<RefineShot> {
        self.vocabulary.check(shot)?;
        if width == 0 || height == 0 {
            return Err(ModelError::Config(format!("a picture of {width}×{height} pixels cannot be refined")));
        }
        let c = &self.config;
        let style = shot.style as usize;
        let rows = c.word_rows(shot, &self.vocabulary);
        let words = Tensor::embedding(&self.words, &Tensor::from_u32(&self.device, &[rows.len()], &rows)?)?;
        let of = |list: &[f32]| list.get(style).copied().unwrap_or(0.0);
        let along = |at: usize, side: usize| ((at as f64 + 0.5) / side as f64 * 2.0 - 1.0) as f32;
        let across = (0..width * height).map(|i| along(i % width, width));
        let place: Vec<f32> = across.chain((0..width * height).map(|i| along(i / width, height))).collect();
        let mut noise = Noise::stream(seed, SHARED);
        let white = noise.normal(width * height);
        let mut made = RefineShot {
            look: self.net.look(&words.reshape(&[1, rows.len() * c.embedding])?)?,
            seed,
            style,
            scale: of(&c.scale),
            fresh: of(&c.fresh_noise),
            boil: c.boil.get(style).copied().unwrap_or(0),
            width,
            height,
            white,
            textures: self.surfaces.textures(style, &mut noise, width, height).await?,
            still: None,
            moved: (0, self.moves(style, seed, 0, width, height).await?),
            place: Tensor::from_f32(&self.device, &[2, height, width], &place)?,
        };
        if made.fresh <= 0.0 {
            made.still = Some(made.textures.under(&made.white));
        }
        Ok(made)
    }

    /// Frame `index` of a shot: `draft` [3, H, W] in 0..1, as it was painted → [3, H, W] in 0..1.
    ///
    /// # Errors
    /// `Shape` when the draft has another size than the shot; `Tensor`.
    pub async fn refine(&self, shot: &mut RefineShot, draft: &[f32], index: usize) -> Result<Vec<f32>> {
        let shape = [COLORS, shot.height, shot.width];
        if draft.len() != shape.iter().product::<usize>() {
            return Err(ModelError::shape("draft", &[draft.len()], format!("{shape:?}")));
        }
        let times = index.checked_div(shot.boil).unwrap_or(0);
        if shot.moved.0 != times {
            shot.moved = (times, self.moves(shot.style, shot.seed, times, shot.width, shot.height).await?);
        }
        let look = Tensor::from_f32(&self.device, &shape, draft)?.scale(2.0)?.add_scalar(-1.0)?; // −1..1
        let parts = self.net.parts(&look, &shot.place, &shot.look)?.to_vec().await?;
        let textures = match &shot.still {
            Some(still) => Cow::Borrowed(still),
            None => Cow::Owned(shot.textures.under(&shot.white(index))),
        };
        Ok(drawn(draft, &parts, &textures, shot.moved.1.as_ref(), shot.scale))
    }

    /// How the picture is moved after it was moved anew `times`.
    async fn moves(&self, style: usize, seed: u64, times: usize, width: usize, height: usize) -> Result<Option<Moves>> {
        self.surfaces.moves(style, &mut Noise::stream(seed, MOVE + times as u64), width, height).await
    }
}

impl RefineShot {
    /// A frame's white noise, √(1 − f) · shared + √f · own: the variance stays 1.
    fn white(&self, index: usize) -> Vec<f32> {
        let own = Noise::stream(self.seed, OWN + index as u64).normal(self.white.len());
        let (a, b) = ((1.0 - self.fresh).sqrt(), self.fresh.sqrt());
        self.white.iter().zip(&own).map(|(s, o)| a * s + b * o).collect()
    }
}
