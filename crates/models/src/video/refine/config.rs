use serde::Deserialize;

use super::super::layout::{ShotIds, Vocabulary};

/// What the refiner's file says beside its tensors.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Config {
    pub architecture: String,
    /// Channels at half the picture's size, a quarter and an eighth.
    pub channels: [usize; 3],
    /// Channels of a word's embedding.
    pub embedding: usize,
    /// Hidden channels of the network that gives FiLM.
    pub film_hidden: usize,
    /// The lists of the vocabulary whose words the network is told, in the order of the rows of `words.weight`.
    pub context: Vec<String>,
    /// A style's factor of the residual.
    pub scale: Vec<f32>,
    /// The part of a style's white noise that is new in each frame, 0..=1; the rest, and all coarser noise, stays with the page.
    pub fresh_noise: Vec<f32>,
    /// Frames until a style moves its picture anew, as lines boil that are drawn again and again; 0: never.
    pub boil: Vec<usize>,
}

impl Config {
    pub(super) const ARCHITECTURE: &'static str = "kinora-refine";

    /// What does not fit, in words.
    pub(super) fn problem(&self, vocabulary: &Vocabulary) -> Option<String> {
        if self.architecture != Self::ARCHITECTURE {
            return Some(format!("its architecture is \"{}\"", self.architecture));
        }
        let styles = vocabulary.style.len();
        let (scale, fresh, boil) = (self.scale.len(), self.fresh_noise.len(), self.boil.len());
        for (name, count) in [("scale", scale), ("fresh_noise", fresh), ("boil", boil)] {
            if count != styles {
                return Some(format!("{name} has {count} numbers for {styles} styles"));
            }
        }
        if !self.scale.iter().all(|s| s.is_finite()) || !self.fresh_noise.iter().all(|f| (0.0..=1.0).contains(f)) {
            return Some("scale or fresh_noise is out of range".to_owned());
        }
        let unknown = self.context.iter().find(|name| words(name, vocabulary).is_none());
        unknown.map(|name| format!("its context names \"{name}\", which is no list of a shot's words"))
    }

    /// Rows of `words.weight`.
    pub(super) fn rows(&self, vocabulary: &Vocabulary) -> usize {
        self.context.iter().filter_map(|name| words(name, vocabulary)).sum()
    }

    /// The rows of a shot's words, one for each list of [`Config::context`].
    pub(super) fn word_rows(&self, shot: &ShotIds, vocabulary: &Vocabulary) -> Vec<u32> {
        let mut first = 0;
        let mut row = |name: &String| {
            let row = first + word(name, shot)?;
            first += u32::try_from(words(name, vocabulary)?).ok()?;
            Some(row)
        };
        self.context.iter().filter_map(&mut row).collect()
    }
}

/// The number of words of a list.
fn words(list: &str, vocabulary: &Vocabulary) -> Option<usize> {
    let list = match list {
        "style" => &vocabulary.style,
        "place" => &vocabulary.place,
        "time" => &vocabulary.time,
        "weather" => &vocabulary.weather,
        "prop" => &vocabulary.prop,
        "camera" => &vocabulary.camera,
        _ => return None,
    };
    Some(list.len())
}

/// A shot's word of a list.
fn word(list: &str, shot: &ShotIds) -> Option<u32> {
    match list {
        "style" => Some(shot.style),
        "place" => Some(shot.place),
        "time" => Some(shot.time),
        "weather" => Some(shot.weather),
        "prop" => Some(shot.prop),
        "camera" => Some(shot.camera),
        _ => None,
    }
}
