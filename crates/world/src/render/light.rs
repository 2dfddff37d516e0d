//! The light of a place at a time in a weather: every colour of the background passes through it.

use super::canvas::{Rgb, hex, mix, times};
use crate::spec::{Color, Place, ShotSpec, Time, Weather};

/// The colours of a scene.
#[derive(Clone, Copy, Debug)]
pub struct Light {
    pub time: Time,
    pub weather: Weather,
    /// The sky from its top over its middle to the horizon.
    pub sky: [Rgb; 3],
    /// What paper is multiplied with.
    tint: Rgb,
    /// What characters and props are multiplied with: gentler, so that colours keep their names.
    gentle: Rgb,
    /// What distance fades into.
    haze: Rgb,
}

const GRAY: Rgb = [0.62, 0.67, 0.74];

impl Light {
    /// The light of a shot.
    #[must_use]
    pub fn new(shot: &ShotSpec) -> Light {
        let sky = sky(shot.place, shot.time);
        let tint = match shot.time {
            Time::Day => [1.0, 1.0, 1.0],
            Time::Sunset => [1.04, 0.80, 0.70],
            Time::Night => [0.40, 0.47, 0.76],
            Time::Dawn => [1.0, 0.90, 0.94],
        };
        let (sky, tint) = match shot.weather {
            Weather::Clear => (sky, tint),
            _ if matches!(shot.place, Place::Moon | Place::Sea) => (sky, tint),
            weather => {
                let cover = match weather {
                    Weather::Rain => 0.55,
                    Weather::Snow => 0.42,
                    _ => 0.48,
                };
                let dim = if weather == Weather::Rain { 0.86 } else { 0.95 };
                let gray = times(GRAY, mix(tint, [1.0; 3], 0.12));
                (sky.map(|c| mix(c, gray, cover)), mix(times(tint, [dim, dim, dim + 0.03]), gray, 0.10))
            }
        };
        Light {
            time: shot.time,
            weather: shot.weather,
            sky,
            tint,
            gentle: mix(tint, [1.0; 3], 0.62),
            haze: mix(sky[2], sky[1], 0.3),
        }
    }

    /// Night outside.
    #[must_use]
    pub fn dark(&self) -> bool {
        self.time == Time::Night
    }

    /// Windows and lamps burn.
    #[must_use]
    pub fn lamps(&self) -> bool {
        matches!(self.time, Time::Night | Time::Sunset)
    }

    /// A colour of the background.
    #[must_use]
    pub fn on(&self, color: u32) -> Rgb {
        times(hex(color), self.tint)
    }

    /// A colour of the background, `far` (0..1) away.
    #[must_use]
    pub fn afar(&self, color: u32, far: f32) -> Rgb {
        mix(self.on(color), self.haze, far)
    }

    /// A colour of a character or a prop.
    #[must_use]
    pub fn figure(&self, color: Rgb) -> Rgb {
        times(color, self.gentle)
    }

    /// The sky at the height `y` of the screen.
    #[must_use]
    pub fn sky_at(&self, y: f32) -> Rgb {
        let t = ((y + 0.5) / 0.72).clamp(0.0, 1.0);
        if t < 0.5 { mix(self.sky[0], self.sky[1], t * 2.0) } else { mix(self.sky[1], self.sky[2], t * 2.0 - 1.0) }
    }

    /// What lies in the air: the colour of fog.
    #[must_use]
    pub fn air(&self) -> Rgb {
        mix(self.haze, times(hex(0xe8edf2), mix(self.tint, [1.0; 3], 0.25)), 0.6)
    }
}

fn sky(place: Place, time: Time) -> [Rgb; 3] {
    let three = |a, b, c| [hex(a), hex(b), hex(c)];
    match (place, time) {
        (Place::Moon, Time::Day) => three(0x1a1d4d, 0x2d2f72, 0x514c9c),
        (Place::Moon, Time::Sunset) => three(0x2b1245, 0x64296a, 0xc0587a),
        (Place::Moon, Time::Night) => three(0x05071f, 0x0d1036, 0x1f1f55),
        (Place::Moon, Time::Dawn) => three(0x1b2a58, 0x4d4f90, 0xb07fae),
        (Place::Sea, Time::Day) => three(0x8be9ec, 0x35b4d8, 0x1672b4),
        (Place::Sea, Time::Sunset) => three(0xffb37c, 0xa56a92, 0x3d3f86),
        (Place::Sea, Time::Night) => three(0x1f4d86, 0x10306a, 0x081a44),
        (Place::Sea, Time::Dawn) => three(0xf9cfd2, 0x86b6d8, 0x3a7db8),
        (Place::Desert, Time::Day) => three(0x5fb8ea, 0xb4dcec, 0xfbe8c6),
        (Place::Snow, Time::Day) => three(0x6fb9ee, 0xb5dcf5, 0xeaf5fc),
        (_, Time::Day) => three(0x55b2f0, 0x9bd6f8, 0xe0f5fc),
        (_, Time::Sunset) => three(0x5a4a9e, 0xe8786c, 0xffcf7d),
        (_, Time::Night) => three(0x0c1240, 0x1e2b6b, 0x41488f),
        (_, Time::Dawn) => three(0x86aee6, 0xf3bdd0, 0xffe6c2),
    }
}

/// The paint of a character's colour.
#[must_use]
pub fn paint(color: Color) -> Rgb {
    hex(match color {
        Color::Red => 0xe2383f,
        Color::Orange => 0xf68b25,
        Color::Yellow => 0xfbd23c,
        Color::Green => 0x54b64f,
        Color::Teal => 0x1fb3aa,
        Color::Blue => 0x3f76e6,
        Color::Purple => 0x8c52d4,
        Color::Pink => 0xf788b6,
        Color::Brown => 0x93603b,
        Color::Gray => 0x98a2ae,
    })
}
