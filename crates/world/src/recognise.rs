//! Recognition by synthesis: which word of a list explains the pictures best, everything else being as it was asked.
//!
//! Each alternative is drawn with the true layout's nuisance (position, camera, scroll) and compared with the pictures; the
//! nearest wins. For actions every alternative acts with the same seed, so the layouts differ as the actions do.

use crate::motion::animate;
use crate::render::{Image, render};
use crate::spec::{Action, Color, FrameLayout, Kind, Place, Prop, ShotSpec, Time, Weather};

/// What is to be recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Attribute {
    Character,
    Color,
    Place,
    Time,
    Weather,
    Prop,
}

impl Attribute {
    /// Every attribute that a picture is asked for.
    pub const ALL: [Attribute; 6] = [
        Attribute::Character,
        Attribute::Color,
        Attribute::Place,
        Attribute::Time,
        Attribute::Weather,
        Attribute::Prop,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Attribute::Character => "character",
            Attribute::Color => "color",
            Attribute::Place => "place",
            Attribute::Time => "time",
            Attribute::Weather => "weather",
            Attribute::Prop => "prop",
        }
    }

    /// The index of the true word in its list.
    #[must_use]
    pub fn truth(self, shot: &ShotSpec) -> usize {
        let first = shot.characters.first();
        match self {
            Attribute::Character => first.map_or(0, |c| c.kind.id() as usize),
            Attribute::Color => first.map_or(0, |c| c.color.id() as usize),
            Attribute::Place => shot.place.id() as usize,
            Attribute::Time => shot.time.id() as usize,
            Attribute::Weather => shot.weather.id() as usize,
            Attribute::Prop => shot.prop.id() as usize,
        }
    }

    /// The shot with each word of the list in place of its own.
    #[must_use]
    pub fn alternatives(self, shot: &ShotSpec) -> Vec<ShotSpec> {
        fn with<T: Copy>(shot: &ShotSpec, all: &[T], set: impl Fn(&mut ShotSpec, T)) -> Vec<ShotSpec> {
            let put = |&word: &T| {
                let mut s = shot.clone();
                set(&mut s, word);
                s
            };
            all.iter().map(put).collect()
        }
        match self {
            Attribute::Character => {
                with(shot, Kind::ALL, |s, w| s.characters.iter_mut().take(1).for_each(|c| c.kind = w))
            }
            Attribute::Color => {
                with(shot, Color::ALL, |s, w| s.characters.iter_mut().take(1).for_each(|c| c.color = w))
            }
            Attribute::Place => with(shot, Place::ALL, |s, w| s.place = w),
            Attribute::Time => with(shot, Time::ALL, |s, w| s.time = w),
            Attribute::Weather => with(shot, Weather::ALL, |s, w| s.weather = w),
            Attribute::Prop => with(shot, Prop::ALL, |s, w| s.prop = w),
        }
    }
}

/// Mean absolute difference of two pictures of one size, in 0..255; infinite when the sizes differ.
#[must_use]
pub fn difference(a: &Image, b: &Image) -> f64 {
    if a.rgb.len() != b.rgb.len() || a.rgb.is_empty() {
        return f64::INFINITY;
    }
    let sum: u64 = a.rgb.iter().zip(&b.rgb).map(|(&p, &q)| u64::from(p.abs_diff(q))).sum();
    sum as f64 / a.rgb.len() as f64
}

/// Peak signal-to-noise ratio in dB over the pixels where `mask` is at least `least` (0: all of them).
#[must_use]
pub fn psnr(a: &Image, b: &Image, mask: &[u8], least: u8) -> f64 {
    let (mut sum, mut n) = (0.0_f64, 0_u64);
    for ((p, q), &m) in a.rgb.chunks_exact(3).zip(b.rgb.chunks_exact(3)).zip(mask) {
        if m >= least {
            sum += p.iter().zip(q).map(|(&x, &y)| f64::from(x.abs_diff(y)).powi(2)).sum::<f64>();
            n += 3;
        }
    }
    if n == 0 { f64::INFINITY } else { 10.0 * (255.0_f64.powi(2) / (sum / n as f64).max(1e-10)).log10() }
}

/// The index of the word that explains the `pictures` best. Their layouts are `frames`, one each; `shot` is what was asked.
/// `None` when there are no pictures or the numbers differ.
#[must_use]
pub fn recognise(attribute: Attribute, shot: &ShotSpec, frames: &[FrameLayout], pictures: &[Image]) -> Option<usize> {
    if pictures.is_empty() || pictures.len() != frames.len() {
        return None;
    }
    let cost = |s: &ShotSpec| -> f64 {
        let one = |(f, p): (&FrameLayout, &Image)| {
            let mut f = *f;
            // where there is none, an imagined one would stand in the usual corner
            if attribute == Attribute::Prop && f.prop_present < 0.5 {
                (f.prop_present, f.prop_x, f.prop_y, f.prop_scale) = (1.0, 0.36, 0.27, 0.24);
            }
            difference(&render(s, &f, p.width, p.height), p)
        };
        frames.iter().zip(pictures).map(one).sum()
    };
    nearest(attribute.alternatives(shot).iter().map(cost))
}

/// The index of the action that explains the pictures of a shot acted with `seed` best.
#[must_use]
pub fn recognise_action(shot: &ShotSpec, seed: u64, fps: f32, pictures: &[Image]) -> Option<usize> {
    let cost = |&action: &Action| -> f64 {
        let mut s = shot.clone();
        s.characters.iter_mut().take(1).for_each(|c| c.action = action);
        let frames = animate(&s, seed, pictures.len(), fps);
        frames.iter().zip(pictures).map(|(f, p)| difference(&render(&s, f, p.width, p.height), p)).sum()
    };
    if pictures.is_empty() { None } else { nearest(Action::ALL.iter().map(cost)) }
}

fn nearest(costs: impl Iterator<Item = f64>) -> Option<usize> {
    costs.enumerate().min_by(|a, b| a.1.total_cmp(&b.1)).map(|(i, _)| i)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_world_recognises_its_own_pictures() {
        for seed in 0..12 {
            let shot = ShotSpec::sample(seed).with_style(crate::spec::Style::Flat);
            let frames = animate(&shot, seed, 3, 4.0);
            let pictures: Vec<_> = frames.iter().map(|f| render(&shot, f, 48, 32)).collect();
            for attribute in [Attribute::Character, Attribute::Color, Attribute::Place, Attribute::Time] {
                assert_eq!(
                    recognise(attribute, &shot, &frames, &pictures),
                    Some(attribute.truth(&shot)),
                    "{seed} {attribute:?}"
                );
            }
            if frames[0].prop_present > 0.5 {
                assert_eq!(recognise(Attribute::Prop, &shot, &frames, &pictures), Some(Attribute::Prop.truth(&shot)));
            }
            let action = shot.characters[0].action.id() as usize;
            assert_eq!(recognise_action(&shot, seed, 4.0, &pictures), Some(action), "{seed}");
        }
    }
}
