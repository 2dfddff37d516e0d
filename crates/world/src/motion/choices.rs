//! What chance decides of a shot's motion, as numbers of known distributions: the motion model is given the same numbers as
//! its noise, so that it can learn what follows from them and draw its own afterwards.

use std::f32::consts::{SQRT_2, TAU};

use super::face::{Cell, PLAN_CELLS};
use crate::chance::Chance;
use crate::spec::CHARACTERS;

/// How a choice is distributed, and how the model is told: every number it sees has mean 0 and variance about 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Evenly in 0..1, told as one number.
    Uniform,
    /// Yes with this probability, told as ±1.
    Coin(f32),
    /// The start of a cycle, evenly, told as its cosine and sine.
    Phase,
}

impl Kind {
    /// A draw in 0..1; of a coin 1 or 0.
    pub(super) fn draw(self, chance: &mut Chance) -> f32 {
        match self {
            Self::Coin(p) => f32::from(chance.happens(p)),
            Self::Uniform | Self::Phase => chance.unit(),
        }
    }

    pub(super) fn tell(self, u: f32, out: &mut Vec<f32>) {
        match self {
            Self::Uniform => out.push((2.0 * u - 1.0) * 3f32.sqrt()),
            Self::Coin(_) => out.push(2.0 * u - 1.0),
            Self::Phase => out.extend([SQRT_2 * (TAU * u).cos(), SQRT_2 * (TAU * u).sin()]),
        }
    }
}

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:expr,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub struct $name { $($(#[$field_doc])* pub $field: f32,)* }

        impl $name {
            /// The choices' distributions, in the order in which they are drawn and told.
            pub const KINDS: &[Kind] = &[$($kind),*];
            /// Their names.
            pub const NAMES: &[&str] = &[$(stringify!($field)),*];

            /// One draw of each.
            pub fn draw(chance: &mut Chance) -> Self {
                Self { $($field: ($kind).draw(chance),)* }
            }

            /// Adds the numbers that the model is told.
            pub fn tell(&self, out: &mut Vec<f32>) {
                for (kind, u) in Self::KINDS.iter().zip([$(self.$field),*]) {
                    kind.tell(u, out);
                }
            }
        }
    };
}

choices! {
    /// What is decided for a whole shot.
    ShotChoices {
        ground: Kind::Uniform,
        /// Travellers stay in the frame and the world goes by.
        treadmill: Kind::Coin(0.6),
        /// Which way they all go.
        together: Kind::Coin(0.5),
        /// The first of two stands on the left.
        first_left: Kind::Coin(0.5),
        /// The side that is left for the prop.
        free_side: Kind::Coin(0.5),
        spread: Kind::Uniform,
        tempo: Kind::Uniform,
        talk_turn: Kind::Uniform,
        /// Two look at each other.
        meet: Kind::Coin(0.7),
        prop_scale: Kind::Uniform,
        prop_x: Kind::Uniform,
        prop_held: Kind::Coin(0.45),
        prop_bounces: Kind::Coin(0.4),
        prop_phase: Kind::Phase,
        shake_phase: Kind::Phase,
    }
}

choices! {
    /// What is decided for each character.
    ActorChoices {
        x: Kind::Uniform,
        height: Kind::Uniform,
        tempo: Kind::Uniform,
        facing: Kind::Coin(0.5),
        /// The action is seen to begin.
        starts: Kind::Coin(0.3),
        /// It looks at the prop.
        notices: Kind::Coin(0.6),
        phase: Kind::Phase,
    }
}

/// `u` in 0..1, taken to `low..high`.
pub fn range(u: f32, low: f32, high: f32) -> f32 {
    low + (high - low) * u
}

/// Whether a coin says yes.
pub fn yes(coin: f32) -> bool {
    coin > 0.5
}

/// 1 where a coin says yes, else −1.
pub fn sign(coin: f32) -> f32 {
    if yes(coin) { 1.0 } else { -1.0 }
}

/// Everything that chance decides of a shot's motion but where the backgrounds stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Choices {
    pub shot: ShotChoices,
    pub actors: [ActorChoices; CHARACTERS],
    /// What each face does in each half second.
    pub faces: [Vec<Cell>; CHARACTERS],
}

impl Choices {
    /// Draws them all, whatever the shot needs.
    #[must_use]
    pub fn draw(chance: &mut Chance) -> Self {
        let shot = ShotChoices::draw(chance);
        let actors = std::array::from_fn(|_| ActorChoices::draw(chance));
        let faces = std::array::from_fn(|_| (0..PLAN_CELLS).map(|_| Cell::draw(chance)).collect());
        Self { shot, actors, faces }
    }

    /// The numbers of the shot that the model is told, as [`Choices::kinds`] lists them.
    #[must_use]
    pub fn shot_numbers(&self) -> Vec<f32> {
        let mut out = Vec::new();
        self.shot.tell(&mut out);
        for actor in &self.actors {
            actor.tell(&mut out);
        }
        out
    }

    /// The numbers of half second `cell` that the model is told, as [`Choices::cell_kinds`] lists them.
    #[must_use]
    pub fn cell_numbers(&self, cell: usize) -> Vec<f32> {
        let mut out = Vec::new();
        for face in &self.faces {
            face.get(cell % PLAN_CELLS).copied().unwrap_or_default().tell(&mut out);
        }
        out
    }

    /// The distributions behind [`Choices::shot_numbers`].
    #[must_use]
    pub fn kinds() -> Vec<Kind> {
        let actors = (0..CHARACTERS).flat_map(|_| ActorChoices::KINDS);
        ShotChoices::KINDS.iter().chain(actors).copied().collect()
    }

    /// Which of [`Choices::kinds`] a film keeps from shot to shot: sides, the way that everybody goes, how tall they and the prop
    /// are.
    #[must_use]
    pub fn lasting() -> Vec<usize> {
        const SHOT: [&str; 4] = ["together", "first_left", "free_side", "prop_scale"];
        let shot = ShotChoices::NAMES.iter().map(|name| SHOT.contains(name));
        let actors = (0..CHARACTERS).flat_map(|_| ActorChoices::NAMES.iter().map(|name| *name == "height"));
        shot.chain(actors).enumerate().filter_map(|(i, lasts)| lasts.then_some(i)).collect()
    }

    /// The distributions behind [`Choices::cell_numbers`].
    #[must_use]
    pub fn cell_kinds() -> Vec<Kind> {
        (0..CHARACTERS).flat_map(|_| Cell::KINDS).copied().collect()
    }
}

pub(super) use choices;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_model_is_told_has_mean_0_and_variance_1() {
        let all: Vec<Vec<f32>> = (0..4000)
            .map(|seed| {
                let c = Choices::draw(&mut Chance::new(seed, 1));
                let mut numbers = c.shot_numbers();
                numbers.extend(c.cell_numbers(3));
                numbers
            })
            .collect();
        let n = all.len() as f32;
        for k in 0..all[0].len() {
            let mean = all.iter().map(|v| v[k]).sum::<f32>() / n;
            let square = all.iter().map(|v| v[k] * v[k]).sum::<f32>() / n;
            // a coin is told as ±1, whatever its probability
            assert!(mean.abs() < 0.75 && (square - 1.0).abs() < 0.08, "{k}: {mean} {square}");
        }
    }

    #[test]
    fn what_lasts_is_found_by_its_name() {
        let lasting = Choices::lasting();
        assert_eq!(lasting.len(), 4 + CHARACTERS);
        assert_eq!(ShotChoices::NAMES[lasting[1]], "first_left");
        assert_eq!(ActorChoices::NAMES[lasting[4] - ShotChoices::NAMES.len()], "height");
    }

    #[test]
    fn as_many_numbers_are_told_as_the_kinds_say() {
        let width = |kinds: &[Kind]| kinds.iter().map(|k| if *k == Kind::Phase { 2 } else { 1 }).sum::<usize>();
        let c = Choices::draw(&mut Chance::new(1, 1));
        assert_eq!(c.shot_numbers().len(), width(&Choices::kinds()));
        assert_eq!(c.cell_numbers(0).len(), width(&Choices::cell_kinds()));
        assert_eq!(c.cell_numbers(0), c.cell_numbers(PLAN_CELLS));
    }
}
