use serde::Deserialize;

use super::super::layout::{FRAME_LEN, Vocabulary};

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
    /// Numbers of noise a shot, and an anchor.
    pub shot_noise: usize,
    pub anchor_noise: usize,
    /// Seconds from anchor to anchor.
    pub anchor_seconds: f32,
    /// Waves that tell the time.
    pub octaves: usize,
    /// Sines whose frequency and phase the shot chooses: steps, wing beats, syllables.
    pub oscillators: usize,
    pub outputs: usize,
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
        let even_heads = self.heads > 0 && self.dim.is_multiple_of(2 * self.heads);
        let anchors = self.anchor_seconds.is_finite() && self.anchor_seconds > 0.0;
        if !even_heads || self.oscillators < 2 || self.frames < 2 || !anchors {
            return Some("heads, oscillators, frames or anchors are out of range".to_owned());
        }
        None
    }
}
