//! From an idea to a script and a storyboard that agree with it and with each other.

use super::idea::{Actor, Facts};
use super::rng::Rng;
use super::teller::Teller;
use super::verbs::Object;
use super::words::{CHARACTERS, COLORS, PLACES, PROPS, Place, TIMES};

/// One character of a shot.
#[derive(Clone, Debug)]
pub struct Role {
    pub(super) kind: &'static str,
    pub(super) color: &'static str,
    pub(super) action: &'static str,
    pub(super) mood: &'static str,
}

/// One shot: the script's line and the storyboard's card.
#[derive(Clone, Debug)]
pub struct Shot {
    pub(super) roles: Vec<Role>,
    pub(super) prop: &'static str,
    pub(super) camera: &'static str,
    pub(super) sentence: String,
    pub(super) extra: String,
    pub(super) speech: String,
    pub(super) caption: String,
}

/// A finished story.
#[derive(Clone, Debug)]
pub struct Story {
    title: String,
    place: &'static Place,
    time: &'static str,
    weather: &'static str,
    shots: Vec<Shot>,
}

/// Who lives where when the idea does not say.
fn home(r: &mut Rng, kind: &str) -> &'static Place {
    let name = match kind {
        "fish" => "sea",
        "penguin" => "snow",
        "ghost" | "dragon" => "castle",
        "bear" => "forest",
        "robot" => r.word("city|moon"),
        "cat" => r.word("room|farm"),
        "dog" => r.word("meadow|farm"),
        "girl" | "boy" => r.word("classroom|beach|room"),
        _ => "meadow",
    };
    let at = if r.chance(0.6) { PLACES.iter().position(|p| p.name == name) } else { None };
    at.map_or_else(|| r.pick(&PLACES), |i| &PLACES[i])
}

fn usual_color(r: &mut Rng, kind: &str) -> &'static str {
    let list = match kind {
        "robot" => "blue|gray|teal",
        "cat" => "orange|gray|purple",
        "dog" | "bear" => "brown|orange|gray",
        "bird" => "yellow|red|blue",
        "rabbit" => "pink|gray|brown",
        "fish" => "orange|yellow|teal",
        "ghost" => "gray|blue|purple",
        "dragon" => "green|red|purple",
        "penguin" => "blue|gray|teal",
        "girl" => "pink|yellow|purple",
        _ => "blue|green|red",
    };
    let name = r.word(list);
    COLORS.iter().find(|c| c.name == name).map_or("blue", |c| c.name)
}

impl Story {
    /// Tells the story of `facts` in `n` shots.
    #[must_use]
    pub fn tell(r: &mut Rng, facts: &Facts, n: usize) -> Self {
        let mut cast: Vec<Actor> = facts.a.iter().chain(&facts.b).cloned().collect();
        if cast.is_empty() {
            let c = r.pick(&CHARACTERS);
            cast.push(Actor {
                kind: c.name,
                word: c.name.to_owned(),
                near: false,
                color: None,
                mood: None,
                name: None,
            });
        }
        let mut colors: Vec<&'static str> =
            cast.iter().map(|a| a.color.as_ref().map_or_else(|| usual_color(r, a.kind), |c| c.0)).collect();
        if facts.twins {
            colors = vec![colors[0]; 2];
        }
        let place = facts.place.as_ref().map_or_else(|| home(r, cast[0].kind), |p| p.0);
        let time = facts.time.as_ref().map_or_else(
            || match place.name {
                "moon" => "night",
                _ if r.chance(0.8) => "day",
                _ => r.pick(&TIMES).0,
            },
            |t| t.0,
        );
        let weather = facts.weather.as_ref().map_or(if place.name == "snow" { "snow" } else { "clear" }, |w| w.0);
        let prop = facts.prop.as_ref().map_or_else(
            || {
                if facts.verb.is_none_or(|v| v.object == Object::None) && r.chance(0.3) {
                    r.pick(&PROPS).name
                } else {
                    "none"
                }
            },
            |p| p.0,
        );
        let mut t = Teller {
            r,
            cast,
            colors,
            place,
            time,
            weather,
            prop,
            prop_seen: false,
            introduced: false,
            twins: facts.twins,
        };
        let shots = t.shots(facts, n);
        let title = t.title(facts);
        Self { title, place, time, weather, shots }
    }

    /// The script: a title, then a line a shot.
    #[must_use]
    pub fn script(&self) -> String {
        let mut out = self.title.clone();
        for (i, s) in self.shots.iter().enumerate() {
            let weather =
                if self.weather == "clear" { String::new() } else { format!(", {}", self.weather.to_uppercase()) };
            let head = format!(
                "{}. {} – {}{weather}.",
                self.place.side,
                self.place.name.to_uppercase(),
                self.time.to_uppercase()
            );
            out.push_str(&format!("\n{}. {head} {}{}{}", i + 1, s.sentence, s.extra, s.speech));
        }
        out
    }

    /// The storyboard: one compact line of JSON. Every string here is free of characters that JSON escapes.
    #[must_use]
    pub fn storyboard(&self) -> String {
        let shots: Vec<String> = self
            .shots
            .iter()
            .map(|s| {
                let roles: Vec<String> = s
                    .roles
                    .iter()
                    .map(|c| format!(r#"{{"kind":"{}","color":"{}","action":"{}","mood":"{}"}}"#, c.kind, c.color, c.action, c.mood))
                    .collect();
                format!(
                    r#"{{"place":"{}","time":"{}","weather":"{}","characters":[{}],"prop":"{}","camera":"{}","caption":"{}"}}"#,
                    self.place.name,
                    self.time,
                    self.weather,
                    roles.join(","),
                    s.prop,
                    s.camera,
                    s.caption
                )
            })
            .collect();
        format!(r#"{{"title":"{}","shots":[{}]}}"#, self.title, shots.join(","))
    }
}
