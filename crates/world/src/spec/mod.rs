//! What a shot is: its words, and the layout of its frames.

mod layout;
mod words;

pub use layout::{CHARACTER_LEN, CHARACTERS, FRAME_LEN, FrameLayout, Pose, field_names};
pub use words::{Action, Camera, Color, Kind, Mood, Place, Prop, Style, Time, UnknownWord, Weather, vocabulary};

use crate::chance::Chance;
use serde::{Deserialize, Serialize};

/// One character of a shot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CharacterSpec {
    pub kind: Kind,
    pub color: Color,
    pub action: Action,
    pub mood: Mood,
}

/// One shot: everything that the picture shows, in words. One or two characters; more are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ShotSpec {
    pub place: Place,
    pub time: Time,
    pub weather: Weather,
    pub characters: Vec<CharacterSpec>,
    pub prop: Prop,
    pub camera: Camera,
    #[serde(default = "flat")]
    pub style: Style,
}

fn flat() -> Style {
    Style::Flat
}

/// A character as indices into the vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CharacterIds {
    pub kind: u32,
    pub color: u32,
    pub action: u32,
    pub mood: u32,
}

/// A shot as indices into the vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShotIds {
    pub place: u32,
    pub time: u32,
    pub weather: u32,
    pub characters: [Option<CharacterIds>; CHARACTERS],
    pub prop: u32,
    pub camera: u32,
    pub style: u32,
}

impl CharacterSpec {
    /// A random character.
    pub fn sample(chance: &mut Chance) -> CharacterSpec {
        CharacterSpec {
            kind: chance.pick(Kind::ALL),
            color: chance.pick(Color::ALL),
            action: chance.pick(Action::ALL),
            mood: chance.pick(Mood::ALL),
        }
    }

    /// The indices of its words.
    #[must_use]
    pub fn ids(&self) -> CharacterIds {
        CharacterIds { kind: self.kind.id(), color: self.color.id(), action: self.action.id(), mood: self.mood.id() }
    }
}

impl ShotSpec {
    /// A random shot: every list uniform, two characters in 35 % of shots (of different kind or colour), a prop in
    /// most. The style is uniform too; set it to flat for the painter's pictures.
    #[must_use]
    pub fn sample(seed: u64) -> ShotSpec {
        let chance = &mut Chance::new(seed, 0);
        let mut characters = vec![CharacterSpec::sample(chance)];
        if chance.happens(0.35) {
            let mut other = CharacterSpec::sample(chance);
            while other.kind == characters[0].kind && other.color == characters[0].color {
                other = CharacterSpec::sample(chance);
            }
            characters.push(other);
        }
        ShotSpec {
            place: chance.pick(Place::ALL),
            time: chance.pick(Time::ALL),
            weather: if chance.happens(0.4) { Weather::Clear } else { chance.pick(Weather::ALL) },
            characters,
            prop: chance.pick(Prop::ALL),
            camera: chance.pick(Camera::ALL),
            style: chance.pick(Style::ALL),
        }
    }

    /// The same shot in another style.
    #[must_use]
    pub fn with_style(mut self, style: Style) -> ShotSpec {
        self.style = style;
        self
    }

    /// The indices of its words.
    #[must_use]
    pub fn ids(&self) -> ShotIds {
        ShotIds {
            place: self.place.id(),
            time: self.time.id(),
            weather: self.weather.id(),
            characters: std::array::from_fn(|i| self.characters.get(i).map(CharacterSpec::ids)),
            prop: self.prop.id(),
            camera: self.camera.id(),
            style: self.style.id(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_the_way_to_json_and_back() {
        for &place in Place::ALL {
            assert_eq!(serde_json::to_string(&place).unwrap(), format!("\"{place}\""));
            assert_eq!(Place::from_name(place.name()), Ok(place));
            assert_eq!(Place::from_id(place.id()), Some(place));
        }
        for &camera in Camera::ALL {
            let text = serde_json::to_string(&camera).unwrap();
            assert_eq!(serde_json::from_str::<Camera>(&text).unwrap(), camera);
            assert_eq!(text, format!("\"{}\"", camera.name()));
        }
        assert_eq!(Kind::from_name("robot"), Ok(Kind::Robot));
        assert!(Kind::from_name("Robot").is_err());
        assert_eq!(Prop::from_id(99), None);
    }

    #[test]
    fn samples_depend_on_the_seed_alone_and_reach_every_word() {
        assert_eq!(ShotSpec::sample(7), ShotSpec::sample(7));
        let shots: Vec<_> = (0..400).map(ShotSpec::sample).collect();
        for &place in Place::ALL {
            assert!(shots.iter().any(|s| s.place == place), "{place}");
        }
        for &prop in Prop::ALL {
            assert!(shots.iter().any(|s| s.prop == prop), "{prop}");
        }
        let pairs = shots.iter().filter(|s| s.characters.len() == 2).count();
        assert!((80..200).contains(&pairs), "{pairs} pairs");
    }

    #[test]
    fn a_shot_reads_the_storyboard_json() {
        let text = r#"{"place":"snow","time":"day","weather":"snow","characters":[{"kind":"robot","color":"blue","action":"walk","mood":"shy"}],"prop":"flower","camera":"static"}"#;
        let shot: ShotSpec = serde_json::from_str(text).unwrap();
        assert_eq!(shot.style, Style::Flat);
        assert_eq!(shot.ids().characters[0].unwrap().color, 5);
        assert_eq!(shot.ids().characters[1], None);
    }
}
