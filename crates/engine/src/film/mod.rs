//! The director: an idea becomes a script, a storyboard, drafts of every shot, refined frames, and a film with captions.

mod agreement;
mod director;
mod event;
mod grounding;
mod pairs;
mod refine;
mod size;
mod storyboard;
mod wording;

pub use director::FilmStream;
pub use event::{Character, Cue, FilmEvent, Frame, Script, Shot, Storyboard};
pub use grounding::{Grounded, GroundingNotice, MAX_WORDS, ground};
use serde::Deserialize;
pub use size::Size;
pub use storyboard::{keep_promises, make_consistent, schema, shot_ids};

use crate::EngineError;

/// Cells of the painter are this many pixels wide and high: a film's sides are multiples of it.
const CELL: u32 = 4;

/// What a film is made from. Every field but `idea` has a default.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilmRequest {
    /// What the film is about, in the person's words.
    pub idea: String,
    /// Same seed, same film on the same device.
    pub seed: u64,
    /// Shots, 1 to 6.
    pub shots: usize,
    /// Seconds a shot, 0.25 to 20.
    pub seconds_per_shot: f32,
    /// Frames a second, 1 to 30.
    pub fps: f32,
    /// Pixels, multiples of 4 between 32 and 640.
    pub width: u32,
    pub height: u32,
    /// A style of the video model's vocabulary.
    pub style: String,
    /// Whether drafts are refined, where a refiner is loaded: a style other than `flat` needs it.
    pub refine: bool,
}

impl Default for FilmRequest {
    fn default() -> Self {
        Self {
            idea: String::new(),
            seed: 0,
            shots: 3,
            seconds_per_shot: 2.75,
            fps: 12.0,
            width: 192,
            height: 112,
            style: "flat".to_string(),
            refine: true,
        }
    }
}

impl FilmRequest {
    /// Frames of each shot.
    pub fn frames_per_shot(&self) -> usize {
        (self.seconds_per_shot * self.fps).round().max(2.0) as usize
    }

    fn check(&self) -> Result<(), EngineError> {
        let refuse = |message: String| Err(EngineError::invalid_request("film", message));
        if self.idea.trim().is_empty() {
            return refuse(
                "the idea is empty: type what the film should be about, for example “a cat on the moon”".into(),
            );
        }
        if !(1..=6).contains(&self.shots) {
            return refuse(format!("a film has 1 to 6 shots, not {}", self.shots));
        }
        if !(0.25..=20.0).contains(&self.seconds_per_shot) {
            return refuse(format!("a shot lasts 0.25 to 20 seconds, not {}", self.seconds_per_shot));
        }
        if !(1.0..=30.0).contains(&self.fps) {
            return refuse(format!("a film plays 1 to 30 frames a second, not {}", self.fps));
        }
        for (name, side) in [("width", self.width), ("height", self.height)] {
            if !(32..=640).contains(&side) || !side.is_multiple_of(CELL) {
                return refuse(format!("{name} must be a multiple of {CELL} between 32 and 640, not {side}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) fn cartoon_vocabulary() -> kinora_models::video::layout::Vocabulary {
    kinora_models::video::layout::Vocabulary::from_json(include_str!("../../tests/vocabulary.json")).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_out_of_range_is_refused_by_name() {
        let good = FilmRequest { idea: "a cat".into(), ..Default::default() };
        assert!(good.check().is_ok());
        assert_eq!(good.frames_per_shot(), 33);
        let bad = [
            (FilmRequest { idea: " \n".into(), ..good.clone() }, "idea"),
            (FilmRequest { shots: 0, ..good.clone() }, "shots"),
            (FilmRequest { shots: 7, ..good.clone() }, "shots"),
            (FilmRequest { seconds_per_shot: f32::NAN, ..good.clone() }, "seconds"),
            (FilmRequest { fps: 1000.0, ..good.clone() }, "frames a second"),
            (FilmRequest { width: 193, ..good.clone() }, "width"),
            (FilmRequest { height: 100_000, ..good }, "height"),
        ];
        for (request, word) in bad {
            let message = request.check().unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }
}
