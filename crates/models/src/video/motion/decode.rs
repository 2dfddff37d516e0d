//! From the network's numbers to layouts: what `models/motion/codec.py` does to the world's layouts, undone.

use super::super::layout::{CHARACTERS, FrameLayout, Pose, ShotIds};
use super::super::noise::Noise;

/// The backgrounds repeat after this many world units.
const PERIOD: f32 = 2.4;

/// What a shot has for all its frames: who and what is there, and where its cycles begin.
pub(super) struct Shot {
    pub characters: [bool; CHARACTERS],
    /// Who turns on the spot all the time.
    pub spins: [bool; CHARACTERS],
    /// How tall each is, of the height that the network gives.
    pub sizes: [f32; CHARACTERS],
    pub prop: bool,
    pub far: f32,
    pub near: f32,
    pub phase: f32,
}

impl Shot {
    pub fn new(
        shot: &ShotIds,
        no_prop: Option<u32>,
        spin: Option<u32>,
        sizes: [f32; CHARACTERS],
        noise: &mut Noise,
    ) -> Shot {
        Shot {
            characters: shot.characters.map(|c| c.is_some()),
            spins: shot.characters.map(|c| c.is_some_and(|c| Some(c.action) == spin)),
            sizes,
            prop: Some(shot.prop) != no_prop,
            far: PERIOD * noise.unit() as f32,
            near: PERIOD * noise.unit() as f32,
            phase: noise.unit() as f32,
        }
    }
}

/// The frames of a shot from the network's numbers, in the units of the world. Heights and grounds are constant: their means.
pub(super) fn frames(made: &[FrameLayout], shot: &Shot) -> Vec<FrameLayout> {
    let Some(first) = made.first().copied() else { return Vec::new() };
    let mean = |of: &dyn Fn(&FrameLayout) -> f32| made.iter().map(of).sum::<f32>() / made.len() as f32;
    let usual: [f32; CHARACTERS] = std::array::from_fn(|i| mean(&|f| f.characters[i].height).clamp(0.3, 0.65));
    let heights: [f32; CHARACTERS] = std::array::from_fn(|i| (usual[i] * shot.sizes[i]).clamp(0.3, 0.65));
    let grounds: [f32; CHARACTERS] = std::array::from_fn(|i| mean(&|f| f.characters[i].y).clamp(0.25, 0.48));
    let scale = mean(&|f| f.prop_scale).clamp(0.1, 0.5);
    let flips: [Vec<f32>; CHARACTERS] = std::array::from_fn(|i| {
        let made: Vec<f32> = made.iter().map(|f| f.characters[i].flip).collect();
        if shot.spins[i] { spinning(&made) } else { facing(&made) }
    });
    let one = |(at, f): (usize, &FrameLayout)| {
        let mut frame = FrameLayout {
            cam_zoom: f.cam_zoom.clamp(0.8, 2.0),
            scroll_far: shot.far + f.scroll_far - first.scroll_far,
            scroll_near: shot.near + f.scroll_near - first.scroll_near,
            weather_phase: shot.phase + f.weather_phase - first.weather_phase,
            characters: std::array::from_fn(|i| match shot.characters[i] {
                true => Pose {
                    flip: flips[i].get(at).copied().unwrap_or(1.0),
                    ..pose(&f.characters[i], heights[i], grounds[i])
                },
                false => Pose::default(),
            }),
            ..*f
        };
        if shot.prop {
            (frame.prop_present, frame.prop_scale) = (1.0, scale);
            for i in (0..CHARACTERS).filter(|&i| shot.characters[i] && heights[i] != usual[i]) {
                hold(&mut frame, i, grounds[i], heights[i] / usual[i]);
            }
        } else {
            (frame.prop_present, frame.prop_x, frame.prop_y, frame.prop_scale, frame.prop_rot) =
                (0.0, 0.0, 0.0, 0.0, 0.0);
        }
        frame
    };
    made.iter().enumerate().map(one).collect()
}

/// What character `i` holds stays in its hand when it is `size` times as tall as the network made it.
fn hold(frame: &mut FrameLayout, i: usize, ground: f32, size: f32) {
    let p = &frame.characters[i];
    let lies = frame.prop_y + frame.prop_scale / 2.0 > ground - 0.04;
    let beside = (frame.prop_x - p.x).abs() < 0.6 * p.height / size;
    if beside && !lies {
        frame.prop_x = p.x + (frame.prop_x - p.x) * size;
        frame.prop_y = ground + (frame.prop_y - ground) * size;
    }
}

/// A figure faces one side or the other, and turns within three frames: it changes its side only when the network is sure.
fn facing(made: &[f32]) -> Vec<f32> {
    const SURE: f32 = 0.3;
    const TURN: f32 = 0.7;
    let mut side = if made.iter().take(3).sum::<f32>() < 0.0 { -1.0 } else { 1.0 };
    let mut flip = side;
    made.iter()
        .map(|&f| {
            if f * side < -SURE {
                side = -side;
            }
            flip += (side - flip).clamp(-TURN, TURN);
            flip
        })
        .collect()
}

/// A figure that spins is as wide as it can be when it is widest.
fn spinning(made: &[f32]) -> Vec<f32> {
    let widest = made.iter().fold(0.2f32, |w, f| w.max(f.abs()));
    made.iter().map(|f| f / widest).collect()
}

/// A pose within the ranges that the painter has seen; `y` arrives as the height of the ground.
fn pose(p: &Pose, height: f32, ground: f32) -> Pose {
    let (part, sign) = (|v: f32| v.clamp(0.0, 1.0), |v: f32| v.clamp(-1.0, 1.0));
    let lift = p.lift.clamp(-0.3, 0.6);
    Pose {
        present: 1.0,
        x: sign(p.x),
        y: ground - height / 2.0 - lift,
        height,
        rot: p.rot.clamp(-3.2, 3.2),
        swing: sign(p.swing),
        lift,
        wave: part(p.wave),
        squash: sign(p.squash),
        sit: part(p.sit),
        gaze_x: sign(p.gaze_x),
        gaze_y: sign(p.gaze_y),
        blink: part(p.blink),
        mouth_open: part(p.mouth_open),
        mouth_wide: sign(p.mouth_wide),
        mouth_round: part(p.mouth_round),
        brow: sign(p.brow),
        ..Pose::default()
    }
}

/// `count` frames, frame i at `i · step` of the given ones, linearly between two.
pub(super) fn resample(frames: &[FrameLayout], step: f32, count: usize) -> Vec<FrameLayout> {
    let last = frames.len().saturating_sub(1);
    let at = |i: usize| {
        let place = (i as f32 * step).clamp(0.0, last as f32);
        let (a, b) = (frames.get(place as usize)?, frames.get((place as usize + 1).min(last))?);
        let (a, b, part) = (a.to_array(), b.to_array(), place.fract());
        let mixed: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a + (b - a) * part).collect();
        FrameLayout::from_values(&mixed)
    };
    (0..count).filter_map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shot(characters: [bool; 2], prop: bool) -> Shot {
        Shot { characters, spins: [false; 2], sizes: [1.0; 2], prop, far: 0.5, near: 1.0, phase: 0.25 }
    }

    #[test]
    fn feet_stand_where_the_ground_is_and_nobody_is_nothing() {
        let mut made = vec![FrameLayout::default(); 3];
        for (i, f) in made.iter_mut().enumerate() {
            f.characters[0] = Pose { y: 0.4, height: 0.5, lift: 0.1 * i as f32, wave: 7.0, ..Pose::default() };
            f.characters[1] = Pose { y: 0.4, height: 0.5, ..Pose::default() };
            (f.scroll_near, f.weather_phase) = (3.0 + i as f32, 9.0 + i as f32);
        }
        let frames = frames(&made, &shot([true, false], false));
        let p = frames[2].characters[0];
        assert!((p.y + p.height / 2.0 + p.lift - 0.4).abs() < 1e-6);
        assert_eq!((p.present, p.wave), (1.0, 1.0));
        assert_eq!(frames[2].characters[1], Pose::default());
        assert_eq!(frames[2].prop_present, 0.0);
        assert_eq!((frames[0].scroll_near, frames[2].scroll_near), (1.0, 3.0));
        assert_eq!(frames[1].weather_phase, 1.25);
    }

    #[test]
    fn the_small_stand_on_the_same_ground_with_what_they_hold() {
        let mut f = FrameLayout { prop_x: 0.1, prop_y: 0.1, prop_scale: 0.2, ..FrameLayout::default() };
        f.characters[0] = Pose { y: 0.4, height: 0.5, ..Pose::default() };
        let small = Shot { sizes: [0.8, 1.0], ..shot([true, false], true) };
        let made = frames(&[f], &small)[0];
        let p = made.characters[0];
        assert!((p.height - 0.4).abs() < 1e-6 && (p.y + p.height / 2.0 - 0.4).abs() < 1e-6);
        assert!((made.prop_x - 0.08).abs() < 1e-6 && (made.prop_y - 0.16).abs() < 1e-6);
        f.prop_y = 0.32;
        assert_eq!(frames(&[f], &small)[0].prop_y, 0.32, "what lies on the ground stays there");
    }

    #[test]
    fn a_resampled_shot_lies_between_its_frames() {
        let frame = |x: f32| FrameLayout { cam_x: x, ..FrameLayout::default() };
        let x: Vec<f32> = resample(&[frame(0.0), frame(1.0), frame(2.0)], 0.5, 6).iter().map(|f| f.cam_x).collect();
        assert_eq!(x, [0.0, 0.5, 1.0, 1.5, 2.0, 2.0]);
    }

    #[test]
    fn a_figure_is_not_seen_edge_on_but_while_it_turns() {
        let unsure = facing(&[0.2, -0.1, 0.1, -0.2, 0.0, -0.6, -0.5, 0.1, 0.2]);
        assert_eq!(unsure[..5], [1.0; 5]);
        assert_eq!(unsure[7..], [-1.0; 2]);
        assert!(spinning(&[0.1, -0.5, 0.25]).iter().zip([0.2, -1.0, 0.5]).all(|(a, b)| (a - b).abs() < 1e-6));
    }
}
