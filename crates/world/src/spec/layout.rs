//! The layout of a frame: 47 numbers that, with the shot's words, say everything about the picture.
//!
//! World units: the frame's height is 1, y points down, the origin is the frame's centre, x runs over ± half the aspect.

/// Characters a shot can hold.
pub const CHARACTERS: usize = 2;
/// Numbers a character.
pub const CHARACTER_LEN: usize = 18;
/// Numbers a frame.
pub const FRAME_LEN: usize = 5 + CHARACTERS * CHARACTER_LEN + 6;

/// One character's pose in one frame.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pose {
    /// 1 when the character is in the shot, 0 when not.
    pub present: f32,
    /// The centre of its box, whose height is `height`; the feet stand at `y + height / 2`, whatever `lift` is.
    pub x: f32,
    /// See `x`.
    pub y: f32,
    /// Its height in frame heights.
    pub height: f32,
    /// Radians, clockwise on the screen, about the centre.
    pub rot: f32,
    /// 1 facing right, −1 facing left; between the two a paper figure turning, drawn narrower.
    pub flip: f32,
    /// Legs and arms to and fro, −1..1: at 1 the leg on the facing side is forward.
    pub swing: f32,
    /// How far the feet are above the ground, in frame heights: the shadow lies at `y + height / 2 + lift`.
    pub lift: f32,
    /// The arm on the facing side: 0 hangs, 1 is stretched up. Wings open with it.
    pub wave: f32,
    /// Above 0 flatter and wider, below 0 longer and thinner, −1..1; the feet stay.
    pub squash: f32,
    /// 0 stands, 1 sits on the ground.
    pub sit: f32,
    /// Where the pupils point, −1..1, x towards the facing side, y down.
    pub gaze_x: f32,
    /// See `gaze_x`.
    pub gaze_y: f32,
    /// 0 eyes open, 1 closed.
    pub blink: f32,
    /// How far the mouth is open, 0..1.
    pub mouth_open: f32,
    /// How wide it is, −1 narrow .. 1; above 0 smiling, below 0 its corners hang.
    pub mouth_wide: f32,
    /// How round it is, 0..1 (as in "oh").
    pub mouth_round: f32,
    /// Brows: above 0 raised, below 0 drawn down and together, −1..1.
    pub brow: f32,
}

/// One frame of a layout.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FrameLayout {
    /// The world point in the middle of the frame.
    pub cam_x: f32,
    /// See `cam_x`.
    pub cam_y: f32,
    /// 1 shows one frame height of the world; 2 shows half of it.
    pub cam_zoom: f32,
    /// Where the far background stands under the frame's centre; the background repeats.
    pub scroll_far: f32,
    /// The same for the ground and what stands on it.
    pub scroll_near: f32,
    /// The poses; one that is not present is zero.
    pub characters: [Pose; CHARACTERS],
    /// 1 when the shot has a prop.
    pub prop_present: f32,
    /// The middle of the prop's box.
    pub prop_x: f32,
    /// See `prop_x`.
    pub prop_y: f32,
    /// The height of its box in frame heights.
    pub prop_scale: f32,
    /// Radians, clockwise on the screen.
    pub prop_rot: f32,
    /// Cycles of the weather, water and small moving things; the picture has period 1 in it.
    pub weather_phase: f32,
}

const CAMERA: [&str; 5] = ["cam_x", "cam_y", "cam_zoom", "scroll_far", "scroll_near"];
const POSE: [&str; CHARACTER_LEN] = [
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
const TAIL: [&str; 6] = ["prop_present", "prop_x", "prop_y", "prop_scale", "prop_rot", "weather_phase"];

/// The names of the numbers, in order; a character's begin with `a_` or `b_`.
#[must_use]
pub fn field_names() -> Vec<String> {
    let mut names: Vec<String> = CAMERA.iter().map(|&n| n.to_owned()).collect();
    for who in ["a", "b"] {
        names.extend(POSE.iter().map(|n| format!("{who}_{n}")));
    }
    names.extend(TAIL.iter().map(|&n| n.to_owned()));
    names
}

impl Pose {
    /// The numbers in the order of [`field_names`].
    #[must_use]
    pub fn to_array(&self) -> [f32; CHARACTER_LEN] {
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

    /// A pose from its numbers.
    #[must_use]
    pub fn from_array(v: &[f32; CHARACTER_LEN]) -> Pose {
        let &[
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
        ] = v;
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
}

impl FrameLayout {
    /// The numbers in the order of [`field_names`].
    #[must_use]
    pub fn to_array(&self) -> [f32; FRAME_LEN] {
        let mut v = [0.0; FRAME_LEN];
        v[..5].copy_from_slice(&[self.cam_x, self.cam_y, self.cam_zoom, self.scroll_far, self.scroll_near]);
        for (i, pose) in self.characters.iter().enumerate() {
            v[5 + i * CHARACTER_LEN..5 + (i + 1) * CHARACTER_LEN].copy_from_slice(&pose.to_array());
        }
        let tail = [self.prop_present, self.prop_x, self.prop_y, self.prop_scale, self.prop_rot, self.weather_phase];
        v[5 + CHARACTERS * CHARACTER_LEN..].copy_from_slice(&tail);
        v
    }

    /// A frame from its numbers; `None` when there are not [`FRAME_LEN`] of them or one is not finite.
    #[must_use]
    pub fn from_values(values: &[f32]) -> Option<FrameLayout> {
        if values.len() != FRAME_LEN || !values.iter().all(|v| v.is_finite()) {
            return None;
        }
        let (&[cam_x, cam_y, cam_zoom, scroll_far, scroll_near], rest) = values.split_first_chunk::<5>()?;
        let (a, rest) = rest.split_first_chunk::<CHARACTER_LEN>()?;
        let (b, rest) = rest.split_first_chunk::<CHARACTER_LEN>()?;
        let &[prop_present, prop_x, prop_y, prop_scale, prop_rot, weather_phase] = rest.first_chunk::<6>()?;
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_survives_the_way_to_numbers_and_back() {
        let values: Vec<f32> = (0..FRAME_LEN).map(|i| i as f32 * 0.5 - 3.0).collect();
        let frame = FrameLayout::from_values(&values).unwrap();
        assert_eq!(frame.to_array().to_vec(), values);
        let names = field_names();
        assert_eq!(names.len(), FRAME_LEN);
        let at = |name: &str| values[names.iter().position(|n| n == name).unwrap()];
        assert_eq!(frame.characters[1].brow, at("b_brow"));
        assert_eq!(frame.prop_x, at("prop_x"));
        assert_eq!(frame.weather_phase, at("weather_phase"));
        assert!(FrameLayout::from_values(&values[1..]).is_none());
        assert!(FrameLayout::from_values(&[f32::NAN; FRAME_LEN]).is_none());
    }
}
