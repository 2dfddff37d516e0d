//! What is not a character: the camera, the scrolling world, and the prop.

use super::actor::{Actor, Travel};
use super::choices::{ShotChoices, range, yes};
use super::ease::{mix, smooth, wave};
use crate::rig;
use crate::spec::{Camera, FrameLayout, Pose, Prop, Weather};

/// How much slower the far background goes by than the ground.
pub const FAR: f32 = 0.35;

/// The height of a prop's box in frame heights.
#[must_use]
pub fn prop_height(prop: Prop) -> f32 {
    match prop {
        Prop::None => 0.0,
        Prop::Ball => 0.19,
        Prop::Flower => 0.27,
        Prop::Gift => 0.23,
        Prop::Balloon => 0.24,
        Prop::Mushroom => 0.24,
        Prop::Star => 0.22,
        Prop::Book => 0.19,
        Prop::Apple => 0.18,
        Prop::Umbrella => 0.36,
        Prop::Lantern => 0.26,
        Prop::Cake => 0.25,
        Prop::Kite => 0.27,
    }
}

/// Whether a character can walk about with it.
#[must_use]
pub fn can_hold(prop: Prop) -> bool {
    matches!(
        prop,
        Prop::Flower
            | Prop::Balloon
            | Prop::Star
            | Prop::Book
            | Prop::Apple
            | Prop::Umbrella
            | Prop::Lantern
            | Prop::Kite
    )
}

/// Where the prop is.
#[derive(Clone, Copy, Debug)]
pub struct PropPlan {
    pub prop: Prop,
    /// Its place when nobody holds it.
    pub x: f32,
    pub ground: f32,
    pub scale: f32,
    pub phase: f32,
    /// Which character holds it.
    pub held_by: Option<usize>,
    /// A ball that bounces.
    pub bounces: bool,
}

impl PropPlan {
    /// Fills the prop's fields. `before` are the poses a moment ago: what hangs on a hand lags behind it.
    pub fn act(&self, t: f32, now: &[Pose], before: &[Pose], frame: &mut FrameLayout) {
        if self.prop == Prop::None {
            return;
        }
        frame.prop_present = 1.0;
        frame.prop_scale = self.scale;
        let sway = wave(0.45 * t + self.phase);
        if let Some((hand, lagged)) =
            self.held_by.and_then(|i| Some((rig::hand(now.get(i)?), rig::hand(before.get(i)?))))
        {
            let lag = (lagged.0 - hand.0).clamp(-0.08, 0.08);
            // held out in front, so that it hides nobody's face
            let out = rig::turn(now.get(self.held_by.unwrap_or(0)).map_or(1.0, |p| p.flip));
            let (dx, dy) = match self.prop {
                Prop::Balloon => (0.09 * out + 0.02 * sway + 1.2 * lag, -0.85 * self.scale),
                Prop::Kite => (0.15 * out + 0.03 * sway + 1.5 * lag, -0.85 * self.scale),
                Prop::Umbrella => (0.05 * out, -0.40 * self.scale),
                Prop::Flower => (0.02 * out, -0.20 * self.scale),
                Prop::Lantern => (0.03 * out + 0.5 * lag, 0.30 * self.scale),
                _ => (0.05 * out, -0.10 * self.scale),
            };
            frame.prop_x = hand.0 + dx;
            frame.prop_y = hand.1 + dy;
            frame.prop_rot = 1.5 * lag + 0.05 * sway;
            return;
        }
        frame.prop_x = self.x;
        let stands = self.ground - self.scale / 2.0;
        frame.prop_y = match self.prop {
            Prop::Balloon => self.ground - 0.52 + 0.02 * sway,
            Prop::Kite => -0.17 + 0.03 * wave(0.6 * t + self.phase + 0.2),
            Prop::Star => self.ground - 0.34 + 0.025 * sway,
            _ => stands,
        };
        frame.prop_rot = match self.prop {
            Prop::Balloon | Prop::Star => 0.08 * sway,
            Prop::Kite => 0.22 * wave(0.6 * t + self.phase),
            Prop::Flower | Prop::Lantern => 0.06 * sway,
            Prop::Umbrella => 0.03 * sway,
            _ => 0.0,
        };
        if self.prop == Prop::Kite {
            frame.prop_x += 0.03 * sway;
        }
        if self.bounces {
            let c = (1.1 * t + self.phase).rem_euclid(1.0);
            frame.prop_y -= 0.55 * c * (1.0 - c);
            frame.prop_rot = 0.3 * sway;
        }
    }
}

/// The camera and the scrolling of the world.
#[derive(Clone, Copy, Debug)]
pub struct CameraPlan {
    pub camera: Camera,
    /// Where the backgrounds stand at the start.
    pub far: f32,
    pub near: f32,
    /// World units a second that the world goes by (a treadmill).
    pub scroll: f32,
    /// The point that a zoom keeps still.
    pub focus: (f32, f32),
    pub weather: Weather,
    pub phase: f32,
    /// Length of the shot in seconds.
    pub length: f32,
}

impl CameraPlan {
    /// Fills the camera's fields.
    pub fn act(&self, t: f32, frame: &mut FrameLayout) {
        let length = self.length.max(0.1);
        // the first and the last moments are slow
        let s = mix(t / length, smooth(t / length), 0.5) - 0.5;
        let pan = (0.15 * length).min(0.36);
        let zoom = 1.0 + (0.16 * length).min(0.38) * (s + 0.5);
        let end = 1.0 + (0.16 * length).min(0.38);
        let (x, y, z) = match self.camera {
            Camera::Static => (0.0, 0.0, 1.0),
            Camera::PanLeft => (-pan * s, 0.0, 1.0),
            Camera::PanRight => (pan * s, 0.0, 1.0),
            Camera::ZoomIn => (0.0, 0.0, zoom),
            Camera::ZoomOut => (0.0, 0.0, end + 1.0 - zoom),
            Camera::Shake => (
                0.010 * wave(5.3 * t + self.phase) + 0.007 * wave(8.7 * t),
                0.009 * wave(6.1 * t + self.phase) + 0.006 * wave(9.3 * t + 0.3),
                1.02,
            ),
        };
        frame.cam_zoom = z;
        frame.cam_x = x + self.focus.0 * (1.0 - 1.0 / z);
        frame.cam_y = y + self.focus.1 * (1.0 - 1.0 / z);
        frame.scroll_near = self.near + frame.cam_x + self.scroll * t;
        frame.scroll_far = self.far + FAR * (frame.cam_x + self.scroll * t);
        frame.weather_phase = self.phase
            + t * match self.weather {
                Weather::Clear => 0.3,
                Weather::Rain => 1.7,
                Weather::Snow => 0.4,
                Weather::Fog => 0.25,
            };
    }
}

/// Plans the prop: where everyone can reach it and nobody hides it.
pub fn plan_prop(prop: Prop, actors: &mut [Actor], free_side: f32, chance: &ShotChoices) -> PropPlan {
    use crate::spec::Action;
    let scale = prop_height(prop) * range(chance.prop_scale, 0.94, 1.08);
    let ground = actors.iter().map(|a| a.ground).fold(0.3, f32::max) - 0.01;
    let mut plan = PropPlan { prop, x: 0.0, ground, scale, phase: chance.prop_phase, held_by: None, bounces: false };
    let holder = actors.iter().position(|a| {
        matches!(a.spec.action, Action::Stand | Action::Walk | Action::Run | Action::Jump | Action::Talk | Action::Sit)
    });
    let treadmill = actors.iter().any(|a| matches!(a.travel, Travel::Treadmill));
    if let Some(i) = holder
        && can_hold(prop)
        && (treadmill || yes(chance.prop_held))
    {
        plan.held_by = Some(i);
        actors[i].holds = true;
        return plan;
    }
    plan.x = match actors {
        [one] => match one.travel {
            Travel::Stay => {
                let gap = one.height * 0.5 + scale * 0.5 + range(chance.prop_x, 0.0, 0.06);
                let side = if matches!(one.spec.action, Action::Sleep) { free_side } else { one.facing };
                let x = one.x + side * gap;
                if x.abs() < 0.5 { x } else { one.x - side * gap }
            }
            _ => free_side * 0.47,
        },
        _ => range(chance.prop_x, -0.02, 0.02),
    };
    plan.bounces = prop == Prop::Ball && yes(chance.prop_bounces);
    plan
}
