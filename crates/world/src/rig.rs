//! The joints that motion and picture share: where a hand is.

use crate::spec::Pose;

/// The shoulder of the arm on the facing side, in the character's own units (box of height 1, centre 0, v down).
pub const SHOULDER: (f32, f32) = (0.17, 0.10);
/// The arm's length from shoulder to palm.
pub const ARM: f32 = 0.21;
/// How far a sitting body sinks.
pub const SIT_DROP: f32 = 0.13;

/// The angle of the waving arm from hanging down (0) towards the facing side and up (π).
#[must_use]
pub fn arm_angle(pose: &Pose) -> f32 {
    0.42 + 2.35 * pose.wave + 0.55 * pose.swing * (1.0 - pose.wave)
}

/// The palm of the facing side in the character's own units.
#[must_use]
pub fn palm(pose: &Pose) -> (f32, f32) {
    let a = arm_angle(pose);
    (SHOULDER.0 + ARM * a.sin(), SHOULDER.1 + ARM * a.cos() + SIT_DROP * pose.sit)
}

/// The width factor of a turning paper figure: never 0.
#[must_use]
pub fn turn(flip: f32) -> f32 {
    if flip < 0.0 { flip.min(-0.15) } else { flip.max(0.15) }
}

/// A point in the character's own units, in the world.
#[must_use]
pub fn to_world(pose: &Pose, (u, v): (f32, f32)) -> (f32, f32) {
    let q = pose.squash;
    let v = 0.5 - (0.5 - v) * (1.0 - 0.3 * q);
    let u = u * (1.0 + 0.3 * q) * turn(pose.flip);
    let (s, c) = pose.rot.sin_cos();
    (pose.x + pose.height * (c * u - s * v), pose.y + pose.height * (s * u + c * v))
}

/// The palm of the facing side in the world.
#[must_use]
pub fn hand(pose: &Pose) -> (f32, f32) {
    to_world(pose, palm(pose))
}
