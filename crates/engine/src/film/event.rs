//! What a film in the making tells its reader, in order: script, storyboard, captions, drafts, refined frames, done.

use serde::{Deserialize, Serialize};

use super::Size;
use crate::EngineError;

/// One picture, rows from the top, 4 bytes a pixel: red, green, blue, 255.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub width: u32,
    pub height: u32,
    /// `width × height × 4` bytes.
    pub rgba: Vec<u8>,
}

impl Frame {
    /// A picture from planes [3, height, width] in 0..1.
    ///
    /// # Errors
    /// `internal` when there are more or fewer numbers.
    pub(super) fn from_planes(width: u32, height: u32, planes: &[f32]) -> Result<Self, EngineError> {
        let pixels = width as usize * height as usize;
        if planes.len() != 3 * pixels {
            let message = format!("a network gave {} numbers for {width}×{height} pixels", planes.len());
            return Err(EngineError::new("internal", "film", message));
        }
        let byte = |v: f32| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        let (red, rest) = planes.split_at(pixels);
        let (green, blue) = rest.split_at(pixels);
        let mut rgba = Vec::with_capacity(4 * pixels);
        for ((r, g), b) in red.iter().zip(green).zip(blue) {
            rgba.extend_from_slice(&[byte(*r), byte(*g), byte(*b), 255]);
        }
        Ok(Self { width, height, rgba })
    }

    /// Planes [3, height, width] in 0..1.
    pub(super) fn planes(&self) -> Vec<f32> {
        let plane = |c: usize| self.rgba.iter().skip(c).step_by(4).map(|&v| f32::from(v) / 255.0);
        plane(0).chain(plane(1)).chain(plane(2)).collect()
    }
}

/// The script as written: a title and one line a shot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Script {
    pub title: String,
    pub lines: Vec<String>,
    /// Everything the text model wrote.
    pub text: String,
}

impl Script {
    /// Reads a script: the first line that is not empty is the title, the others are the shots.
    pub fn parse(text: &str) -> Self {
        let mut lines = text.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_string);
        let title = lines.next().unwrap_or_default();
        let title = title.trim_start_matches(['#', ' ']).trim_start_matches("Title:").trim().to_string();
        Self { title, lines: lines.collect(), text: text.to_string() }
    }
}

/// A character of a shot, in the vocabulary of the video model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Character {
    pub kind: String,
    pub color: String,
    pub action: String,
    pub mood: String,
    /// Where the idea names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
}

/// One shot of the storyboard, in the vocabulary of the video model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shot {
    pub place: String,
    pub time: String,
    pub weather: String,
    pub characters: Vec<Character>,
    pub prop: String,
    pub camera: String,
    pub caption: String,
}

/// The storyboard as the text model writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storyboard {
    pub title: String,
    pub shots: Vec<Shot>,
}

/// A caption and when it shows, in seconds from the film's start.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cue {
    pub start: f32,
    pub end: f32,
    pub text: String,
}

/// An event of a film in the making. `shot` and `index` count from 0.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FilmEvent {
    /// Something the person should know: a word taken for its nearest, a stage that is not available.
    Notice { code: String, text: String },
    /// The script's next words.
    ScriptDelta { text: String },
    /// The script is complete; once more before the storyboard's end where a shot had to change, and with it its line.
    Script { script: Script },
    /// A part of the storyboard: the shots written so far; `done` with the last. `refines`: each frame will come a second
    /// time, refined.
    Storyboard {
        title: String,
        shots: Vec<Shot>,
        of: usize,
        done: bool,
        frames_per_shot: usize,
        fps: f32,
        refines: bool,
    },
    /// One frame of each shot before all others, for its card.
    Thumbnail {
        shot: usize,
        #[serde(skip)]
        frame: Frame,
    },
    /// A painted frame, `index` of `of`.
    Draft {
        shot: usize,
        index: usize,
        of: usize,
        #[serde(skip)]
        frame: Frame,
    },
    /// A frame with texture, light and style, in the place of its draft; after all drafts, shot by shot.
    Refined {
        shot: usize,
        index: usize,
        of: usize,
        #[serde(skip)]
        frame: Frame,
    },
    /// The film's captions.
    Captions { cues: Vec<Cue> },
    /// The film is complete.
    Done,
}

impl FilmEvent {
    /// The picture of an event that has one (serialisation leaves it out: it crosses as bytes).
    pub fn frame(&self) -> Option<&Frame> {
        match self {
            Self::Thumbnail { frame, .. } | Self::Draft { frame, .. } | Self::Refined { frame, .. } => Some(frame),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_its_title_and_its_lines() {
        let script = Script::parse("\n# The Lost Star\n\n1. EXT. MOON – NIGHT. A robot walks.\n2. It waves.\n");
        assert_eq!(script.title, "The Lost Star");
        assert_eq!(script.lines.len(), 2);
        assert_eq!(Script::parse("").title, "");
    }

    #[test]
    fn a_frame_survives_the_way_to_planes_and_back() {
        let frame = Frame { width: 2, height: 1, rgba: vec![1, 2, 3, 255, 250, 128, 0, 255] };
        assert_eq!(Frame::from_planes(2, 1, &frame.planes()), Ok(frame));
        assert_eq!(Frame::from_planes(2, 1, &[0.0; 5]).unwrap_err().code, "internal");
    }

    #[test]
    fn events_serialise_by_type_without_their_pixels() {
        let frame = Frame { width: 1, height: 1, rgba: vec![0; 4] };
        let event = FilmEvent::Draft { shot: 1, index: 2, of: 3, frame };
        assert_eq!(serde_json::to_string(&event).unwrap(), r#"{"type":"draft","shot":1,"index":2,"of":3}"#);
    }
}
