//! The motions of the world: from a shot's words and a seed to the layout of every frame. This is the truth that the
//! motion model learns: ease in and out, anticipation, follow-through, squash and stretch.

mod actor;
mod choices;
pub mod ease;
mod face;
mod sound;
mod stage;

pub use choices::{Choices, Kind as ChoiceKind};
pub use face::CELL;
pub use sound::{HEARD, MOUTH, Sound};
pub use stage::{FAR, can_hold, prop_height};

use crate::chance::Chance;
use crate::spec::{Action, FrameLayout, Kind, Mood, ShotSpec};
use actor::{Actor, Travel};
use choices::{range, sign, yes};
use face::{Face, Speech};
use stage::{CameraPlan, plan_prop};

/// The background repeats after this many world units; the scrolls start anywhere in it.
pub const PERIOD: f32 = 2.4;

/// Acts `shot` out: the layout of `frames` frames, `fps` a second. The same arguments give the same layouts.
#[must_use]
pub fn animate(shot: &ShotSpec, seed: u64, frames: usize, fps: f32) -> Vec<FrameLayout> {
    animate_to(shot, None, seed, frames, fps)
}

/// [`animate`] to a sound: who has the voice moves the mouth with it, and dancers keep the beat.
#[must_use]
pub fn animate_to(shot: &ShotSpec, sound: Option<&Sound>, seed: u64, frames: usize, fps: f32) -> Vec<FrameLayout> {
    let mut chance = Chance::new(seed, 1);
    act(shot, &Choices::draw(&mut chance), sound, &mut chance, frames, fps)
}

/// Who has the voice that is heard: the first who talks, else the first who is awake.
#[must_use]
pub fn speaker(shot: &ShotSpec) -> Option<usize> {
    let first = |does: &dyn Fn(Action) -> bool| shot.characters.iter().position(|c| does(c.action));
    first(&|a| a == Action::Talk).or_else(|| first(&|a| a != Action::Sleep))
}

/// What chance decides of the motion that [`animate`] gives for `seed`.
#[must_use]
pub fn choices(seed: u64) -> Choices {
    Choices::draw(&mut Chance::new(seed, 1))
}

fn act(
    shot: &ShotSpec,
    choices: &Choices,
    sound: Option<&Sound>,
    chance: &mut Chance,
    frames: usize,
    fps: f32,
) -> Vec<FrameLayout> {
    let fps = if fps.is_finite() && fps > 0.0 { fps } else { 12.0 };
    let length = frames as f32 / fps;
    let mut actors = cast(shot, choices, sound);
    let free_side = sign(choices.shot.free_side);
    if let [one] = actors.as_mut_slice()
        && shot.prop != crate::spec::Prop::None
        && one.speed() > 0.0
        && !stage::can_hold(shot.prop)
    {
        // someone who comes and goes leaves the prop its own corner
        one.travel = apart_from(free_side);
    }
    let prop = plan_prop(shot.prop, &mut actors, free_side, &choices.shot);
    if prop.held_by.is_none() && shot.prop != crate::spec::Prop::None {
        for (actor, choice) in actors.iter_mut().zip(&choices.actors) {
            if let Travel::Treadmill = actor.travel {
                actor.travel = apart_from(free_side);
            }
            if actor.target.is_none() && yes(choice.notices) {
                actor.target = Some((prop.x, prop.ground - 0.5 * prop.scale));
            }
        }
    }
    let scroll = actors.iter().find(|a| a.travel == Travel::Treadmill).map_or(0.0, |a| a.speed() * a.facing);
    let middle = actors.iter().map(|a| a.x).sum::<f32>() / actors.len().max(1) as f32;
    let tall = actors.iter().map(|a| a.height).fold(0.4, f32::max);
    let flies = actors.iter().any(|a| matches!(a.spec.action, Action::Fly | Action::Jump));
    let camera = CameraPlan {
        camera: shot.camera,
        far: chance.range(0.0, PERIOD),
        near: chance.range(0.0, PERIOD),
        scroll,
        focus: (middle * 0.8, if flies { -0.05 } else { (0.38 - tall * 0.55).min(0.14) }),
        weather: shot.weather,
        phase: choices.shot.shake_phase,
        length,
    };
    (0..frames)
        .map(|i| {
            let t = i as f32 / fps;
            let mut frame = FrameLayout::default();
            let poses: Vec<_> = actors.iter().map(|a| a.pose(t)).collect();
            let before: Vec<_> = actors.iter().map(|a| a.pose(t - 0.18)).collect();
            for (slot, pose) in frame.characters.iter_mut().zip(&poses) {
                *slot = *pose;
            }
            camera.act(t, &mut frame);
            prop.act(t, &poses, &before, &mut frame);
            frame
        })
        .collect()
}

/// To and fro on the other side of the stage.
fn apart_from(side: f32) -> Travel {
    let (a, b): (f32, f32) = (-side * 0.46, side * 0.14);
    Travel::Shuttle { from: a.min(b), to: a.max(b) }
}

/// Who stands where, facing which way, and how each gets along.
fn cast(shot: &ShotSpec, choices: &Choices, sound: Option<&Sound>) -> Vec<Actor> {
    let all = &choices.shot;
    let specs: Vec<_> = shot.characters.iter().take(crate::spec::CHARACTERS).copied().collect();
    let pair = specs.len() == 2;
    let ground = range(all.ground, 0.36, 0.42);
    let goes = |a: Action| matches!(a, Action::Walk | Action::Run | Action::Fly);
    let all_go =
        specs.iter().all(|c| goes(c.action)) && specs.first().map(|c| c.action) == specs.last().map(|c| c.action);
    let treadmill = all_go && yes(all.treadmill);
    let spread = range(all.spread, 0.31, 0.36);
    let first_left = sign(all.first_left);
    let spoken = specs.iter().filter(|c| c.action == Action::Talk).count();
    let talk_turn = range(all.talk_turn, 1.2, 2.0);
    let speaker = speaker(shot);
    let mut actors: Vec<Actor> = Vec::with_capacity(specs.len());
    for (i, ((spec, choice), cells)) in specs.iter().zip(&choices.actors).zip(&choices.faces).enumerate() {
        let side = if i == 0 { -first_left } else { first_left };
        let x = if pair { side * spread } else { range(choice.x, -0.24, 0.24) };
        let facing = match (pair, treadmill) {
            (_, true) => sign(all.together),
            (true, false) => -side,
            (false, false) => sign(choice.facing),
        };
        let height = if pair { range(choice.height, 0.39, 0.50) } else { range(choice.height, 0.43, 0.60) };
        let travel = if treadmill {
            Travel::Treadmill
        } else if goes(spec.action) {
            if pair {
                let (a, b) = (side * 0.24, side * 0.50);
                Travel::Shuttle { from: a.min(b), to: a.max(b) }
            } else {
                Travel::Shuttle { from: -0.46, to: 0.46 }
            }
        } else {
            Travel::Stay
        };
        let voice = sound.filter(|s| s.speaks());
        let speech = match (voice, spec.action == Action::Talk, spoken == 2) {
            (Some(voice), ..) if speaker == Some(i) => Speech::Heard(voice.clone()),
            (Some(_), ..) | (None, false, _) => Speech::Silent,
            (None, true, true) => Speech::Planned((i as f32 * talk_turn, talk_turn - 0.2, 2.0 * talk_turn)),
            (None, true, false) => Speech::Planned((0.0, talk_turn * 1.6, talk_turn * 1.6 + 0.4)),
        };
        let cap: f32 = if spec.action == Action::Fly || spec.action == Action::Jump { 0.52 } else { 0.60 };
        let tall = if spec.kind == Kind::Fish { 0.9 } else { 1.0 };
        let tempo = if treadmill || goes(spec.action) { all.tempo } else { choice.tempo };
        actors.push(Actor {
            spec: *spec,
            face: Face::new(spec.mood, speech, cells.clone()),
            height: (height * tall).clamp(0.38, cap),
            ground: ground + if pair { range(choice.x, -0.012, 0.012) } else { 0.0 },
            x,
            facing,
            travel,
            starts: yes(choice.starts),
            phase: choice.phase,
            tempo: range(tempo, 0.9, 1.12),
            holds: false,
            beat: sound.and_then(Sound::beat),
            target: None,
        });
    }
    if let [a, b] = actors.as_mut_slice() {
        let eyes = |c: &Actor| (c.x, c.ground - 0.7 * c.height);
        let shy = |m: Mood| m == Mood::Shy;
        if a.spec.action == Action::Talk || b.spec.action == Action::Talk || yes(all.meet) {
            let (ea, eb) = (eyes(a), eyes(b));
            a.target = (!shy(a.spec.mood)).then_some(eb);
            b.target = (!shy(b.spec.mood)).then_some(ea);
        }
    }
    actors
}

#[cfg(test)]
mod tests;
