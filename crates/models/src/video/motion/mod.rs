//! Motion: a shot's words and noise become the layout of each of its frames, in one pass.
//!
//! A transformer over time. Its noise is what chance decides: choices of a shot (who stands where, when a cycle begins) and of
//! each half second (a blink, a glance, a syllable). Steps, wing beats and breath are cycles: the shot's vector sets the
//! frequency, amplitude and phase of oscillators that every frame sees (Starke et al. 2022). Words and the shot's vector
//! modulate each block. Each frame may hear a sound: mouths follow the voice in it, dancers its beat.

mod block;
mod config;
mod decode;
#[cfg(test)]
mod tests;

pub use config::{Choice, Config};

use super::layout::{CHARACTERS, FRAME_LEN, FrameLayout, Layout, ShotIds, Vocabulary};
use super::noise::Noise;
use super::weights::{Linear, Weights};
use crate::{ModelError, Result};
use block::Block;
use decode::Shot;
use kinora_formats::SafeTensorsFile;
use kinora_tensor::{Device, Tensor};
use std::f32::consts::{PI, TAU};

const EPS: f32 = 1e-5;
/// Numbers of a frame's sound: 12 mel levels (log10 of the power / 5 + 1), energy ((dB + 60) / 60), pitch (log2 of hertz / 150,
/// 0 where there is no voice), the mouth's open, wide and round by the visemes of a voice (0 where nobody speaks), and onset;
/// each the mean over the frame.
pub const HEARD: usize = 18;
/// The sound of one frame.
pub type Heard = [f32; HEARD];
/// The sound of a frame in which nothing is heard, as quiet as the network has heard it: only its levels are not 0.
const SILENCE: Heard = {
    let (mut silence, mut band) = ([0.0; HEARD], 0);
    while band < BANDS {
        silence[band] = -0.9;
        band += 1;
    }
    silence
};
/// Mel levels, which come first.
const BANDS: usize = 12;
/// Frames in one shot at most.
const MAX_FRAMES: usize = 4096;
/// Frames of the shots that the network was trained on, and their seconds; a longer shot has more at the same distance.
const FRAMES: usize = 33;
const SHORTEST: f32 = 2.2;
const LONGEST: f32 = 4.125;
const MAX_SECONDS: f32 = 60.0;

/// How a shot is taken.
#[derive(Clone, Copy, Debug)]
pub struct Take<'a> {
    pub n_frames: usize,
    /// Frames a second.
    pub fps: f32,
    /// Of all that chance decides in the shot …
    pub seed: u64,
    /// … but what the shots of a film have in common: on which side who stands, how tall everybody is.
    pub film: u64,
    /// How tall each character is, of its usual height: about 0.7 to 1.25 fits the frame.
    pub sizes: [f32; CHARACTERS],
    /// What is heard in each of the frames, if anything is: who talks, else the first who is awake, moves the mouth with the
    /// voice in it.
    pub sound: Option<&'a [Heard]>,
}

/// The network that moves characters, prop and camera.
pub struct Motion {
    config: Config,
    vocabulary: Vocabulary,
    device: Device,
    words: Vec<Tensor>,
    shot_0: Linear,
    shot_1: Linear,
    shot_2: Linear,
    audio_0: Linear,
    audio_1: Linear,
    audio_null: Tensor,
    time: Linear,
    cell: Linear,
    frequency: Linear,
    phase: Linear,
    cycle: Linear,
    base: Tensor,
    blocks: Vec<Block>,
    output: Linear,
    mean: Tensor,
    deviation: Tensor,
}

impl Motion {
    /// The motion model of a safetensors file, with its config and vocabulary from the metadata.
    ///
    /// # Errors
    /// `Config`, `Format`, `Tensor`: they name what is missing or of another shape.
    pub fn load(src: &SafeTensorsFile, device: &Device) -> Result<Motion> {
        let w = Weights { src, device, model: "motion" };
        let config: Config = w.json("config")?;
        let c = &config;
        let vocabulary: Vocabulary = w.json("vocabulary")?;
        w.sizes(&[("dim", c.dim), ("heads", c.heads), ("layers", c.layers), ("ffn", c.ffn)])?;
        w.sizes(&[("embedding", c.embedding), ("octaves", c.octaves), ("oscillators", c.oscillators)])?;
        if let Some(problem) = c.problem(&vocabulary) {
            return Err(w.error(problem));
        }
        let table = |(i, n): (usize, &usize)| w.float(&format!("words.{i}.weight"), &[*n, c.embedding]);
        let from = c.words.len() * c.embedding + Choice::width(&c.choices);
        Ok(Motion {
            words: c.words.iter().enumerate().map(table).collect::<Result<_>>()?,
            shot_0: w.linear("shot_0", from, 3 * c.dim)?,
            shot_1: w.linear("shot_1", 3 * c.dim, 3 * c.dim)?,
            shot_2: w.linear("shot_2", 3 * c.dim, c.dim)?,
            audio_0: w.linear("audio_0", c.audio, c.dim)?,
            audio_1: w.linear("audio_1", c.dim, c.dim)?,
            audio_null: w.float("audio_null", &[c.dim])?,
            time: w.linear("time", 3 + 2 * c.octaves, c.dim)?,
            cell: w.linear("cell", 2 * Choice::width(&c.cell_choices), c.dim)?,
            frequency: w.linear("frequency", c.dim, c.oscillators)?,
            phase: w.linear("phase", c.dim, 2 * c.oscillators)?,
            cycle: w.linear("cycle", 2 * c.oscillators, c.dim)?,
            base: w.float("base", &[c.oscillators])?,
            blocks: (0..c.layers).map(|i| Block::load(&w, c, i)).collect::<Result<_>>()?,
            output: w.linear("output", c.dim, c.outputs)?,
            mean: w.float("mean", &[c.outputs])?,
            deviation: w.float("deviation", &[c.outputs])?,
            vocabulary,
            device: device.clone(),
            config,
        })
    }

    /// The words that the model knows.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The layout of each frame of a take: the same for the same take on the same device.
    ///
    /// # Errors
    /// `Config` when the shot has a word that the model does not know, more frames or seconds than a shot may have, or a sound
    /// of another length or of numbers that are not finite.
    pub async fn generate(&self, shot: &ShotIds, take: &Take<'_>) -> Result<Layout> {
        self.vocabulary.check(shot)?;
        let Take { n_frames, fps, seed, film, sizes, sound } = *take;
        let length = n_frames as f32 / fps;
        if n_frames == 0 || n_frames > MAX_FRAMES || !(fps > 0.0 && length <= MAX_SECONDS) {
            return Err(ModelError::Config(format!("a shot of {n_frames} frames at {fps} a second cannot be moved")));
        }
        if sound.is_some_and(|s| s.len() != n_frames || !s.iter().flatten().all(|v| v.is_finite())) {
            let message = format!("the sound of a shot is {HEARD} finite numbers for each of its {n_frames} frames");
            return Err(ModelError::Config(message));
        }
        let c = &self.config;
        let mut noise = Noise::new(seed);
        let mut drawn = Choice::draw(&c.choices, &mut noise);
        let whole_film = Choice::draw(&c.choices, &mut Noise::new(film));
        for &i in &c.lasting {
            if let (Some(own), Some(kept)) = (drawn.get_mut(i), whole_film.get(i)) {
                *own = *kept;
            }
        }
        let choices = Choice::tell(&c.choices, &drawn);
        let no_prop = self.vocabulary.prop("none").ok();
        let whole = Shot::new(shot, no_prop, self.vocabulary.action("spin").ok(), sizes, &mut noise);
        let acted = length.max(SHORTEST);
        let frames = (FRAMES as f32 * (acted / LONGEST).max(1.0)).ceil() as usize;
        let seconds: Vec<f32> = (0..frames).map(|i| i as f32 * acted / frames as f32).collect();
        let count = (acted / c.cell_seconds) as usize + 1;
        let cells: Vec<Vec<f32>> =
            (0..count).map(|_| Choice::tell(&c.cell_choices, &Choice::draw(&c.cell_choices, &mut noise))).collect();
        let cells = held(&cells, &seconds, c.cell_seconds);
        let heard = sound.map(|sound| heard(sound, fps, &seconds));
        let made = self.forward(shot, &choices, &cells, &seconds, acted, heard.as_deref())?.to_vec().await?;
        let made: Option<Vec<FrameLayout>> = made.chunks(FRAME_LEN).map(FrameLayout::from_values).collect();
        let made = made.ok_or_else(|| ModelError::Config("motion gave numbers that are not finite".to_owned()))?;
        let step = frames as f32 / acted / fps;
        Ok(Layout::from_frames(&decode::resample(&decode::frames(&made, &whole), step, n_frames)))
    }

    /// `choices` [K], `cells` [T, 2Z], `heard` [T, 18] → [T, outputs], in the units of `models/motion/codec.py`
    fn forward(
        &self,
        shot: &ShotIds,
        choices: &[f32],
        cells: &[f32],
        seconds: &[f32],
        length: f32,
        heard: Option<&[f32]>,
    ) -> Result<Tensor> {
        let (c, t) = (&self.config, seconds.len());
        let put = |shape: &[usize], data: &[f32]| Tensor::from_f32(&self.device, shape, data);
        let mut words = Vec::with_capacity(c.words.len() + 1);
        for (table, id) in self.words.iter().zip(word_ids(shot)) {
            words.push(Tensor::embedding(table, &Tensor::from_u32(&self.device, &[1], &[id])?)?); // [1, E]
        }
        words.push(put(&[1, choices.len()], choices)?);
        let e = Tensor::concat(&words.iter().collect::<Vec<_>>(), 1)?;
        let hidden = self.shot_1.forward(&self.shot_0.forward(&e)?.silu()?)?.silu()?;
        let vector = self.shot_2.forward(&hidden)?; // [1, C]

        let time = put(&[t, 3 + 2 * c.octaves], &time_features(seconds, length, c.octaves))?;
        let cells = put(&[t, cells.len() / t.max(1)], cells)?;
        let x = self.time.forward(&time)?.add(&vector.reshape(&[c.dim])?)?; // [T, C]
        let x = x.add(&self.cell.forward(&cells)?)?;
        let x = match heard {
            Some(heard) => {
                let heard = self.audio_0.forward(&put(&[t, c.audio], heard)?)?.silu()?;
                x.add(&self.audio_1.forward(&heard)?)?
            }
            None => x.add(&self.audio_null)?,
        };
        let mut x = x.add(&self.cycle.forward(&self.oscillators(&vector, &put(&[t, 1], seconds)?)?)?)?;

        let half = c.dim / c.heads / 2;
        let angle = |i: usize| seconds[i / half] * 12.0 / 100f32.powf((i % half) as f32 / half as f32);
        let angles: Vec<f32> = (0..t * half).map(angle).collect();
        let of = |f: fn(f32) -> f32| put(&[t, half], &angles.iter().map(|&a| f(a)).collect::<Vec<_>>());
        let (cos, sin) = (of(f32::cos)?, of(f32::sin)?);
        let vector = vector.silu()?;
        for block in &self.blocks {
            x = block.forward(&x, &vector, (&cos, &sin))?;
        }
        let y = self.output.forward(&x.layer_norm(None, EPS)?)?; // [T, outputs]
        Ok(y.mul(&self.deviation)?.add(&self.mean)?)
    }

    /// `vector` [1, C], `seconds` [T, 1] → [T, 2K]: a·sin + b·cos and a·cos − b·sin of each oscillator's angle.
    fn oscillators(&self, vector: &Tensor, seconds: &Tensor) -> Result<Tensor> {
        let k = self.config.oscillators;
        let hertz = self.frequency.forward(vector)?.tanh()?.scale(0.4)?.exp()?.mul(&self.base)?; // [1, K]
        let angle = seconds.matmul(&hertz)?.scale(TAU)?; // [T, K]
        let phase = self.phase.forward(vector)?; // [1, 2K]
        let (a, b) = (phase.narrow(1, 0, k)?.reshape(&[k])?, phase.narrow(1, k, k)?.reshape(&[k])?);
        let (sin, cos) = (angle.sin()?, angle.cos()?);
        let first = sin.mul(&a)?.add(&cos.mul(&b)?)?;
        let second = cos.mul(&a)?.sub(&sin.mul(&b)?)?;
        Ok(Tensor::concat(&[&first, &second], 1)?)
    }
}

/// The shot's words in the order of [`Config::words`]; a character's count from 1, 0 is nobody.
fn word_ids(shot: &ShotIds) -> Vec<u32> {
    let mut ids = vec![shot.place, shot.time, shot.weather, shot.prop, shot.camera];
    for who in shot.characters {
        ids.extend(who.map_or([0; 3], |c| [c.kind + 1, c.action + 1, c.mood + 1]));
    }
    ids
}

/// [T, 3 + 2·octaves]: seconds / 4, the part that is over, length / 4, then sin and cos of 2π·seconds·2^i / 8.
fn time_features(seconds: &[f32], length: f32, octaves: usize) -> Vec<f32> {
    let mut features = Vec::with_capacity(seconds.len() * (3 + 2 * octaves));
    for &s in seconds {
        features.extend([s / 4.0, s / length, length.min(LONGEST) / 4.0]);
        for i in 0..octaves {
            let (sin, cos) = (2.0 * PI * s * (1u32 << i.min(31)) as f32 / 8.0).sin_cos();
            features.extend([sin, cos]);
        }
    }
    features
}

/// What is heard at each of `seconds` → [T, 18]: linearly between the frames of `sound`, silence after its end.
fn heard(sound: &[Heard], fps: f32, seconds: &[f32]) -> Vec<f32> {
    let frame = |i: usize| sound.get(i).copied().unwrap_or(SILENCE);
    let at = |s: &f32| {
        let (i, part) = ((s * fps) as usize, (s * fps).fract());
        let (a, b) = (frame(i), frame(i + 1));
        std::array::from_fn::<f32, HEARD, _>(|k| a[k] + (b[k] - a[k]) * part)
    };
    seconds.iter().flat_map(at).collect()
}

/// `cells` of Z numbers, `spacing` seconds each → [T, 2Z]: the cell before each moment's and its own; zeros before the first.
fn held(cells: &[Vec<f32>], seconds: &[f32], spacing: f32) -> Vec<f32> {
    let none = vec![0.0; cells.first().map_or(0, Vec::len)];
    let at = |s: &f32| {
        let own = ((s / spacing + 1e-4) as usize).min(cells.len().saturating_sub(1));
        let before = own.checked_sub(1).and_then(|b| cells.get(b)).unwrap_or(&none);
        before.iter().chain(cells.get(own).unwrap_or(&none)).copied().collect::<Vec<_>>()
    };
    seconds.iter().flat_map(at).collect()
}
