//! What motion gives and paint draws from: one frame of a shot as 47 numbers, and the shot's words as indices.
//!
//! World units: the frame is 1 high, y points down, the origin is the frame's centre at rest and x runs over ±aspect/2.

mod shot;

pub use shot::{CharacterIds, ShotIds, Vocabulary, VocabularyError};

/// Numbers in one frame of a layout.
pub const FRAME_LEN: usize = 47;
/// Characters a layout has room for.
pub const CHARACTERS: usize = 2;
/// Numbers of one character in a frame.
pub const CHARACTER_LEN: usize = 18;
/// Where the first character's numbers start.
pub const CHARACTERS_AT: usize = 5;
/// Where the prop's numbers start.
pub const PROP_AT: usize = CHARACTERS_AT + CHARACTERS * CHARACTER_LEN;

const CAMERA_FIELDS: [&str; CHARACTERS_AT] = ["cam_x", "cam_y", "cam_zoom", "scroll_far", "scroll_near"];
const CHARACTER_FIELDS: [&str; CHARACTER_LEN] = [
    "present",
    "x",
    "y",
    "height",
    "rot",
    "flip",
    "swing",
    "lift",
    "wave",
    "squash",
    "sit",
    "gaze_x",
    "gaze_y",
    "blink",
    "mouth_open",
    "mouth_wide",
    "mouth_round",
    "brow",
];
const PROP_FIELDS: [&str; FRAME_LEN - PROP_AT] =
    ["prop_present", "prop_x", "prop_y", "prop_scale", "prop_rot", "weather_phase"];

/// The names of a frame's numbers in order; a character's are prefixed `a_` and `b_`.
pub fn field_names() -> Vec<String> {
    let mut names: Vec<String> = CAMERA_FIELDS.iter().map(|f| f.to_string()).collect();
    for who in ["a", "b"] {
        names.extend(CHARACTER_FIELDS.iter().map(|f| format!("{who}_{f}")));
    }
    names.extend(PROP_FIELDS.iter().map(|f| f.to_string()));
    names
}

/// A shot's frames, oldest first, each [`FRAME_LEN`] numbers named by `fields`.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    pub fields: Vec<String>,
    pub frames: Vec<Vec<f32>>,
}

impl Layout {
    /// A layout of typed frames.
    pub fn from_frames(frames: &[FrameLayout]) -> Layout {
        Layout { fields: field_names(), frames: frames.iter().map(|f| f.to_array().to_vec()).collect() }
    }

    /// The frames typed; `None` when one has another length or a number that is not finite.
    pub fn typed(&self) -> Option<Vec<FrameLayout>> {
        self.frames.iter().map(|f| FrameLayout::from_values(f)).collect()
    }
}

/// Where one character is and what its body does.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pose {
    /// 1 when the character is in the frame, 0 when not.
    pub present: f32,
    /// Its centre, world units.
    pub x: f32,
    pub y: f32,
    /// Its height in frame heights.
    pub height: f32,
    /// Radians, clockwise on the screen.
    pub rot: f32,
    /// 1 facing right, −1 facing left; between, turning.
    pub flip: f32,
    /// Legs and arms to and fro, −1..1.
    pub swing: f32,
    pub lift: f32,
    pub wave: f32,
    pub squash: f32,
    pub sit: f32,
    pub gaze_x: f32,
    pub gaze_y: f32,
    pub blink: f32,
    pub mouth_open: f32,
    pub mouth_wide: f32,
    pub mouth_round: f32,
    pub brow: f32,
}

/// One frame of a layout, typed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FrameLayout {
    pub cam_x: f32,
    pub cam_y: f32,
    pub cam_zoom: f32,
    pub scroll_far: f32,
    pub scroll_near: f32,
    pub characters: [Pose; CHARACTERS],
    pub prop_present: f32,
    pub prop_x: f32,
    pub prop_y: f32,
    pub prop_scale: f32,
    pub prop_rot: f32,
    pub weather_phase: f32,
}

impl Pose {
    fn from_array(v: &[f32; CHARACTER_LEN]) -> Pose {
        let [
            present,
            x,
            y,
            height,
            rot,
            flip,
            swing,
            lift,
            wave,
            squash,
            sit,
            gaze_x,
            gaze_y,
            blink,
            mouth_open,
            mouth_wide,
            mouth_round,
            brow,
        ] = *v;
        Pose {
            present,
            x,
            y,
            height,
            rot,
            flip,
            swing,
            lift,
            wave,
            squash,
            sit,
            gaze_x,
            gaze_y,
            blink,
            mouth_open,
            mouth_wide,
            mouth_round,
            brow,
        }
    }

    fn to_array(self) -> [f32; CHARACTER_LEN] {
        [
            self.present,
            self.x,
            self.y,
            self.height,
            self.rot,
            self.flip,
            self.swing,
            self.lift,
            self.wave,
            self.squash,
            self.sit,
            self.gaze_x,
            self.gaze_y,
            self.blink,
            self.mouth_open,
            self.mouth_wide,
            self.mouth_round,
            self.brow,
        ]
    }
}

impl FrameLayout {
    /// A frame from its [`FRAME_LEN`] numbers; `None` when there are more or fewer, or one is not finite.
    pub fn from_values(values: &[f32]) -> Option<FrameLayout> {
        if values.len() != FRAME_LEN || !values.iter().all(|v| v.is_finite()) {
            return None;
        }
        let (camera, rest) = values.split_first_chunk::<CHARACTERS_AT>()?;
        let (a, rest) = rest.split_first_chunk::<CHARACTER_LEN>()?;
        let (b, rest) = rest.split_first_chunk::<CHARACTER_LEN>()?;
        let [cam_x, cam_y, cam_zoom, scroll_far, scroll_near] = *camera;
        let [prop_present, prop_x, prop_y, prop_scale, prop_rot, weather_phase] = *rest.first_chunk()?;
        Some(FrameLayout {
            cam_x,
            cam_y,
            cam_zoom,
            scroll_far,
            scroll_near,
            characters: [Pose::from_array(a), Pose::from_array(b)],
            prop_present,
            prop_x,
            prop_y,
            prop_scale,
            prop_rot,
            weather_phase,
        })
    }

    /// The frame's numbers in the order of [`field_names`].
    pub fn to_array(&self) -> [f32; FRAME_LEN] {
        let mut values = [0.0; FRAME_LEN];
        let (camera, rest) = values.split_at_mut(CHARACTERS_AT);
        camera.copy_from_slice(&[self.cam_x, self.cam_y, self.cam_zoom, self.scroll_far, self.scroll_near]);
        let (poses, prop) = rest.split_at_mut(CHARACTERS * CHARACTER_LEN);
        for (chunk, pose) in poses.chunks_exact_mut(CHARACTER_LEN).zip(self.characters) {
            chunk.copy_from_slice(&pose.to_array());
        }
        prop.copy_from_slice(&[
            self.prop_present,
            self.prop_x,
            self.prop_y,
            self.prop_scale,
            self.prop_rot,
            self.weather_phase,
        ]);
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_survives_the_way_to_numbers_and_back() {
        let values: Vec<f32> = (0..FRAME_LEN).map(|i| i as f32 * 0.5 - 3.0).collect();
        let frame = FrameLayout::from_values(&values).unwrap();
        assert_eq!(frame.to_array().to_vec(), values);
        let at = |name: &str| values[field_names().iter().position(|f| f == name).unwrap()];
        assert_eq!(frame.characters[1].brow, at("b_brow"));
        assert_eq!(frame.characters[0].rot, at("a_rot"));
        assert_eq!(frame.prop_rot, at("prop_rot"));
        assert_eq!(frame.scroll_near, at("scroll_near"));
    }

    #[test]
    fn a_frame_of_another_length_or_with_a_nan_is_none() {
        assert!(FrameLayout::from_values(&[0.0; FRAME_LEN - 1]).is_none());
        assert!(FrameLayout::from_values(&[0.0; FRAME_LEN + 1]).is_none());
        let mut values = [0.0; FRAME_LEN];
        values[9] = f32::NAN;
        assert!(FrameLayout::from_values(&values).is_none());
    }
}
