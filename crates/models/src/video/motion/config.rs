use std::f32::consts::{SQRT_2, TAU};

use serde::Deserialize;

use super::super::noise::Noise;

use super::super::layout::{FRAME_LEN, Vocabulary};
use super::HEARD;

/// Sizes of the motion network, from its file's metadata.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Config {
    pub architecture: String,
    /// Frames of the shots that it was trained on.
    pub frames: usize,
    pub dim: usize,
    pub heads: usize,
    pub layers: usize,
    pub ffn: usize,
    /// Width of a word's embedding.
    pub embedding: usize,
    /// The number of words of each list: place, time, weather, prop, camera; kind, action and mood of each character.
    pub words: Vec<usize>,
    /// What chance decides of a shot, and of each cell of time.
    pub choices: Vec<Choice>,
    /// Which of `choices` a film keeps from shot to shot: on which side who stands, how tall everybody is.
    pub lasting: Vec<usize>,
    pub cell_choices: Vec<Choice>,
    /// Seconds of a cell.
    pub cell_seconds: f32,
    /// Waves that tell the time.
    pub octaves: usize,
    /// Sines whose frequency and phase the shot chooses: steps, wing beats, syllables.
    pub oscillators: usize,
    /// Numbers of a frame's sound.
    pub audio: usize,
    pub outputs: usize,
}

/// How something is distributed that chance decides. The network is told numbers of mean square 1.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// Evenly; one number.
    Uniform,
    /// Yes with this probability; ±1.
    Coin(f32),
    /// The start of a cycle, evenly; its cosine and sine.
    Phase,
}

impl Choice {
    /// How many numbers `choices` are told as.
    pub fn width(choices: &[Choice]) -> usize {
        choices.iter().map(|c| if *c == Choice::Phase { 2 } else { 1 }).sum()
    }

    /// Draws each of `choices`: evenly in 0..1.
    pub(super) fn draw(choices: &[Choice], noise: &mut Noise) -> Vec<f32> {
        choices.iter().map(|_| noise.unit() as f32).collect()
    }

    /// What is told of `drawn`.
    pub(super) fn tell(choices: &[Choice], drawn: &[f32]) -> Vec<f32> {
        let mut out = Vec::with_capacity(Self::width(choices));
        for (choice, &u) in choices.iter().zip(drawn) {
            match choice {
                Choice::Uniform => out.push((2.0 * u - 1.0) * 3f32.sqrt()),
                Choice::Coin(p) => out.push(if u < *p { 1.0 } else { -1.0 }),
                Choice::Phase => out.extend([SQRT_2 * (TAU * u).cos(), SQRT_2 * (TAU * u).sin()]),
            }
        }
        out
    }
}

impl Config {
    pub(super) const ARCHITECTURE: &'static str = "kinora-motion";

    /// What does not fit, in words.
    pub(super) fn problem(&self, vocabulary: &Vocabulary) -> Option<String> {
        let v = vocabulary;
        let who = [v.character.len() + 1, v.action.len() + 1, v.mood.len() + 1];
        let shot = [v.place.len(), v.time.len(), v.weather.len(), v.prop.len(), v.camera.len()];
        let words: Vec<usize> = shot.into_iter().chain(who).chain(who).collect();
        if self.architecture != Self::ARCHITECTURE {
            return Some(format!("its architecture is \"{}\"", self.architecture));
        }
        if self.words != words {
            return Some(format!("it knows {:?} words, its vocabulary has {words:?}", self.words));
        }
        if self.outputs != FRAME_LEN {
            return Some(format!("it gives {} numbers a frame, a layout has {FRAME_LEN}", self.outputs));
        }
        if let Some(&i) = self.lasting.iter().find(|&&i| i >= self.choices.len()) {
            return Some(format!("choice {i} lasts, of {} that there are", self.choices.len()));
        }
        if self.audio != HEARD {
            return Some(format!("it hears {} numbers a frame, a sound has {HEARD}", self.audio));
        }
        let even_heads = self.heads > 0 && self.dim.is_multiple_of(2 * self.heads);
        let cells = self.cell_seconds.is_finite() && self.cell_seconds > 0.0;
        if !even_heads || self.oscillators < 2 || self.frames < 2 || !cells {
            return Some("heads, oscillators, frames or cells are out of range".to_owned());
        }
        None
    }
}
