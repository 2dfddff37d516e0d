//! The painter: draws each 4×4-pixel cell of a frame from the frame's layout. Frames are independent of each other, so any
//! frame of a shot can be drawn at any time.
//!
//! Features of a cell → linear → FiLM → layers × (norm, FiLM, linear, GELU, linear, residual), with a depthwise 3×3 over
//! the grid of cells after some → norm, linear → the cell's pixels, the detail on top, and over all what falls. FiLM (Perez et al. 2018) comes
//! from the shot's words: three rows a shot, for cells near nobody, the first and the second character.

mod backdrop;
mod config;
mod detail;
pub mod falling;
pub mod features;
#[cfg(test)]
mod tests;

pub use config::{Config, Grid};

use super::layout::{FrameLayout, ShotIds, Vocabulary};
use super::weights::{Linear, Weights};
use crate::{ModelError, Result};
use backdrop::Backdrop;
use detail::Detail;
use features::{CELL, FEATURES, Window};
use kinora_formats::SafeTensorsFile;
use kinora_tensor::{Conv2d, Device, Tensor};

/// FiLM rows of a shot.
const ROWS: usize = 3;
const EPS: f32 = 1e-5;

/// Depthwise 3×3 over the cells, with a residual.
struct Mix {
    weight: Tensor,
    bias: Tensor,
}

struct Layer {
    up: Linear,
    down: Linear,
    mix: Option<Mix>,
}

/// The network that draws frames.
pub struct Painter {
    config: Config,
    vocabulary: Vocabulary,
    device: Device,
    kind: Tensor,
    color: Tensor,
    mood: Tensor,
    place: Tensor,
    time: Tensor,
    weather: Tensor,
    prop: Tensor,
    film_0: Linear,
    film_2: Linear,
    backdrop: Backdrop,
    input: Linear,
    layers: Vec<Layer>,
    output: Linear,
    detail: Detail,
    falling: Linear,
}

impl Painter {
    /// The painter of a safetensors file, with its config and vocabulary from the metadata. Errors name what is missing, of
    /// another shape, or made for other features than this engine computes.
    pub fn load(src: &SafeTensorsFile, device: &Device) -> Result<Painter> {
        let w = Weights { src, device, model: "paint" };
        let config: Config = w.json("config")?;
        let c = &config;
        if c.architecture != Config::ARCHITECTURE {
            return Err(w.error(format!("its architecture is \"{}\"", c.architecture)));
        }
        let Grid { columns, rows, channels } = c.backdrop;
        w.sizes(&[("dim", c.dim), ("layers", c.layers), ("detail", c.detail), ("embedding", c.embedding)])?;
        w.sizes(&[("film_hidden", c.film_hidden), ("columns", columns), ("rows", rows), ("channels", channels)])?;
        if c.features != FEATURES || c.cell != CELL {
            return Err(w.error(format!(
                "it was trained on {} features of {}-pixel cells, this engine computes {FEATURES} of {CELL}",
                c.features, c.cell
            )));
        }
        let version: u32 = w.json("features_version")?;
        if version != features::FEATURES_VERSION {
            let ours = features::FEATURES_VERSION;
            return Err(w.error(format!("its features are of version {version}, this engine's of {ours}")));
        }
        let vocabulary: Vocabulary = w.json("vocabulary")?;
        let v = &vocabulary;
        let known = [&v.character, &v.color, &v.mood, &v.place, &v.time, &v.weather, &v.prop].map(Vec::len);
        let words = [c.kinds, c.colors, c.moods, c.places, c.times, c.weathers, c.props];
        if words != known {
            return Err(w.error(format!("it knows {words:?} words, its vocabulary has {known:?}")));
        }
        let backdrop = Backdrop::load(&w, c.places, c.times, &c.backdrop)?;
        let layers = (0..c.layers).map(|i| Layer::load(&w, c, i)).collect::<Result<_>>()?;
        Ok(Painter {
            kind: w.float("kind.weight", &[c.kinds + 1, c.embedding])?,
            color: w.float("color.weight", &[c.colors + 1, c.embedding])?,
            mood: w.float("mood.weight", &[c.moods + 1, c.embedding])?,
            place: w.float("place.weight", &[c.places, c.embedding])?,
            time: w.float("time.weight", &[c.times, c.embedding])?,
            weather: w.float("weather.weight", &[c.weathers, c.embedding])?,
            prop: w.float("prop.weight", &[c.props, c.embedding])?,
            film_0: w.linear("film_0", 9 * c.embedding, c.film_hidden)?,
            film_2: w.linear("film_2", c.film_hidden, 2 * c.dim * (c.layers + 1))?,
            input: w.linear("input", c.features + backdrop.width(), c.dim)?,
            backdrop,
            layers,
            output: w.linear("output", c.dim, 3 * c.cell * c.cell)?,
            detail: Detail::load(&w, c.dim, c.detail)?,
            falling: w.linear("falling", c.film_hidden, 6)?,
            device: device.clone(),
            vocabulary,
            config,
        })
    }

    /// The words that the painter knows.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// One frame, [3, height, width] in 0..1; the sides are multiples of 4 pixels.
    pub fn paint_frame(&self, shot: &ShotIds, frame: &FrameLayout, width: usize, height: usize) -> Result<Tensor> {
        Ok(self.paint(shot, std::slice::from_ref(frame), width, height)?.reshape(&[3, height, width])?)
    }

    /// Frames, [F, 3, height, width] in 0..1, drawn in one batch; the sides are multiples of 4 pixels.
    pub fn paint(&self, shot: &ShotIds, frames: &[FrameLayout], width: usize, height: usize) -> Result<Tensor> {
        self.vocabulary.check(shot)?;
        if frames.is_empty() || width == 0 || height == 0 || !width.is_multiple_of(CELL) || !height.is_multiple_of(CELL)
        {
            let n = frames.len();
            return Err(ModelError::Config(format!(
                "{n} frames of {width}×{height}: the sides are multiples of {CELL} pixels"
            )));
        }
        let window = Window::whole(width, height);
        let (mut features, mut rows, mut cover) = (Vec::new(), Vec::new(), Vec::new());
        let weather = self.vocabulary.weather.get(shot.weather as usize).map_or("", String::as_str);
        for frame in frames {
            features::cells(frame, &window, &mut features, &mut rows);
            falling::cover(weather, frame, &window, &mut cover);
        }
        let (f, n) = (frames.len(), rows.len());
        let seen = self.backdrop.join(shot.place as usize, shot.time as usize, &features, window.columns);
        let seen = Tensor::from_f32(&self.device, &[n, FEATURES + self.backdrop.width()], &seen)?;
        let rows: Vec<u32> = rows.into_iter().map(u32::from).collect();
        let rows = Tensor::from_u32(&self.device, &[n], &rows)?;
        let look = self.look(shot)?;
        let picture = self.forward(&seen, &rows, &self.film(&look)?, [f, window.rows, window.columns])?;
        let picture = match cover.is_empty() {
            true => picture,
            false => {
                let cover = Tensor::from_f32(&self.device, &[f, 1, height, width], &cover)?;
                self.fall(&look, &picture, &cover)?
            }
        };
        Ok(picture.clamp(0.0, 1.0)?)
    }

    /// What a shot's words say together for each FiLM row, [3, hidden].
    fn look(&self, shot: &ShotIds) -> Result<Tensor> {
        let [a, b] = shot.characters.map(|who| who.map_or([0; 3], |w| [w.kind + 1, w.color + 1, w.mood + 1]));
        let look = |table: &Tensor, ids: [u32; ROWS]| -> Result<Tensor> {
            Ok(Tensor::embedding(table, &Tensor::from_u32(&self.device, &[ROWS], &ids)?)?) // [3, E]
        };
        let words = [
            look(&self.kind, [0, a[0], b[0]])?,
            look(&self.color, [0, a[1], b[1]])?,
            look(&self.mood, [0, a[2], b[2]])?,
            look(&self.kind, [0, b[0], a[0]])?,
            look(&self.color, [0, b[1], a[1]])?,
            look(&self.prop, [shot.prop; ROWS])?,
            look(&self.place, [shot.place; ROWS])?,
            look(&self.time, [shot.time; ROWS])?,
            look(&self.weather, [shot.weather; ROWS])?,
        ];
        let e = Tensor::concat(&words.each_ref(), 1)?; // [3, 9E]
        Ok(self.film_0.forward(&e)?.silu()?)
    }

    /// Each layer's FiLM of a shot, the input's first: scale and shift, each [3, C].
    fn film(&self, look: &Tensor) -> Result<Vec<(Tensor, Tensor)>> {
        let c = &self.config;
        let m = self.film_2.forward(look)?; // [3, (layers + 1)·2·C]
        let mut parts = m.chunk(2 * (c.layers + 1), 1)?.into_iter();
        let mut film = Vec::with_capacity(c.layers + 1);
        while let (Some(scale), Some(shift)) = (parts.next(), parts.next()) {
            film.push((scale, shift));
        }
        Ok(film)
    }

    /// `seen` [N, features + backdrop], `rows` [N] u32, N = F·H·W cells → [F, 3, cell·H, cell·W].
    fn forward(&self, seen: &Tensor, rows: &Tensor, film: &[(Tensor, Tensor)], grid: [usize; 3]) -> Result<Tensor> {
        let (c, [f, h, w]) = (&self.config, grid);
        let n = f * h * w;
        let mut film = film.iter();
        let mut modulate = |x: &Tensor| match film.next() {
            Some((scale, shift)) => Ok(x.film(scale, shift, rows)?),
            None => Err(ModelError::Config("a layer without FiLM".to_owned())),
        };
        let mut x = modulate(&self.input.forward(seen)?)?; // [N, C]
        for layer in &self.layers {
            let y = modulate(&x.layer_norm(None, EPS)?)?; // [N, C]
            x = x.add(&layer.down.forward(&layer.up.forward(&y)?.gelu_tanh()?)?)?;
            if let Some(mix) = &layer.mix {
                let y = x.reshape(&[f, h, w, c.dim])?.depthwise3x3(&mix.weight, Some(&mix.bias))?;
                x = x.add(&y.reshape(&[n, c.dim])?)?;
            }
        }
        let x = x.layer_norm(None, EPS)?;
        let y = self.output.forward(&x)?; // [N, 3·cell²]
        let y = y.reshape(&[f, h, w, 3 * c.cell * c.cell])?.permute(&[0, 3, 1, 2])?; // [F, 3·cell², H, W]
        let y = y.pixel_shuffle(c.cell)?.add(&self.detail.forward(&x, grid)?)?;
        Ok(y.scale(0.5)?.add_scalar(0.5)?)
    }

    /// `picture` [F, 3, H, W] with drops or flakes over it where `cover` [F, 1, H, W] says: how opaque they are in each colour,
    /// and their colour times that.
    fn fall(&self, look: &Tensor, picture: &Tensor, cover: &Tensor) -> Result<Tensor> {
        let over = self.falling.forward(&look.narrow(0, 0, 1)?)?.reshape(&[6, 1, 1, 1])?;
        let over = cover.conv2d(&over, None, &Conv2d::default())?; // [F, 6, H, W]
        let (opaque, color) = (over.narrow(1, 0, 3)?, over.narrow(1, 3, 3)?);
        Ok(picture.sub(&picture.mul(&opaque)?)?.add(&color)?)
    }
}

impl Layer {
    fn load(w: &Weights, c: &Config, i: usize) -> Result<Layer> {
        let mix = match c.mix_after.contains(&i) {
            true => Some(Mix {
                weight: w.float(&format!("mix.{i}.weight"), &[c.dim, 1, 3, 3])?.reshape(&[c.dim, 3, 3])?,
                bias: w.float(&format!("mix.{i}.bias"), &[c.dim])?,
            }),
            false => None,
        };
        let linear = |name: &str| w.linear(&format!("{name}.{i}"), c.dim, c.dim);
        Ok(Layer { up: linear("up")?, down: linear("down")?, mix })
    }
}
