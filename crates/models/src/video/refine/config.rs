use serde::Deserialize;

use super::super::layout::{ShotIds, Vocabulary};

/// What the refiner's file says beside its tensors' shapes.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Config {
    pub architecture: String,
    pub heads: usize,
    /// Pixels of a token's side.
    pub patch: usize,
    /// The lists of the vocabulary whose words the network is told, in the order of the rows of `context.weight`.
    pub context: Vec<String>,
    /// A style's noise levels, one for each step, falling, within 0..=1; the last step ends at 0.
    pub sigmas: Vec<Vec<f64>>,
    /// A style's factor of the residual.
    pub scale: Vec<f32>,
    /// The part of a style's noise that is new in each frame, 0..=1; the rest stays with the page.
    pub fresh_noise: Vec<f32>,
}

impl Config {
    pub(super) const ARCHITECTURE: &'static str = "kinora-refine";
    pub(super) const PATCH: usize = 8;

    /// What does not fit, in words.
    pub(super) fn problem(&self, vocabulary: &Vocabulary) -> Option<String> {
        if self.architecture != Self::ARCHITECTURE {
            return Some(format!("its architecture is \"{}\"", self.architecture));
        }
        if self.patch != Self::PATCH {
            return Some(format!("its tokens are {} pixels wide, this engine's {}", self.patch, Self::PATCH));
        }
        let falls = |list: &Vec<f64>| {
            let fall = list.windows(2).all(|pair| matches!(pair, [a, b] if a > b));
            !list.is_empty() && fall && list.iter().all(|s| *s > 0.0 && *s <= 1.0)
        };
        let styles = vocabulary.style.len();
        if self.sigmas.len() != styles || !self.sigmas.iter().all(falls) {
            return Some(format!("its sigmas {:?} do not fall within 0..=1 for each of {styles} styles", self.sigmas));
        }
        for (name, list) in [("scale", &self.scale), ("fresh_noise", &self.fresh_noise)] {
            if list.len() != styles {
                return Some(format!("{name} has {} numbers for {styles} styles", list.len()));
            }
        }
        if !self.scale.iter().all(|s| s.is_finite()) || !self.fresh_noise.iter().all(|f| (0.0..=1.0).contains(f)) {
            return Some("scale or fresh_noise is out of range".to_owned());
        }
        let unknown = self.context.iter().find(|name| words(name, vocabulary).is_none());
        unknown.map(|name| format!("its context names \"{name}\", which is no list of a shot's words"))
    }

    /// Rows of `context.weight`.
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
