//! The teller: which shots a story has, and in which words.

use super::beats::{ENDINGS, Line, OPENINGS, SPEECH, TURNS};
use super::grammar::{article, number, plural};
use super::idea::{Actor, Facts};
use super::rng::Rng;
use super::story::{Role, Shot};
use super::verbs::{ALONE, Object, Verb, WITH_PROP};
use super::words::{Place, TIMES, WEATHER};

/// What the story has decided, and what it has told so far.
pub(super) struct Teller<'r> {
    pub(super) r: &'r mut Rng,
    pub(super) cast: Vec<Actor>,
    pub(super) colors: Vec<&'static str>,
    pub(super) place: &'static Place,
    pub(super) time: &'static str,
    pub(super) weather: &'static str,
    pub(super) prop: &'static str,
    pub(super) prop_seen: bool,
    pub(super) introduced: bool,
    pub(super) twins: bool,
}

fn capital(text: &str) -> String {
    let mut c = text.chars();
    c.next().map(|f| f.to_uppercase().chain(c).collect()).unwrap_or_default()
}

impl Teller<'_> {
    fn many(&self) -> bool {
        self.cast.len() > 1
    }

    fn full(&self, i: usize) -> String {
        let a = &self.cast[i];
        let mood = a.mood.as_ref().map(|m| format!("{} ", m.1)).unwrap_or_default();
        let words = format!("{mood}{} {}", self.colors[i], a.kind);
        match &a.name {
            Some(name) => format!("{name} the {words}"),
            None => format!("{} {words}", article(&words)),
        }
    }

    fn short(&mut self, i: usize) -> String {
        let color = self.r.chance(0.3);
        let a = &self.cast[i];
        match &a.name {
            Some(name) => name.clone(),
            None if color => format!("the {} {}", self.colors[i], a.kind),
            None => format!("the {}", a.kind),
        }
    }

    /// Who acts, in full at the first time.
    fn who(&mut self, i: usize) -> String {
        if self.introduced { self.short(i) } else { self.full(i) }
    }

    fn all(&mut self) -> String {
        if self.twins {
            let known = std::mem::replace(&mut self.introduced, true);
            let a = &self.cast[0];
            let mood = a.mood.as_ref().map(|m| format!("{} ", m.1)).unwrap_or_default();
            return match known {
                false => format!("two {mood}{} {}", self.colors[0], plural(a.kind)),
                true => format!("the {}", plural(a.kind)),
            };
        }
        let first = self.who(0);
        let text = if self.many() { format!("{first} and {}", self.who(1)) } else { first };
        self.introduced = true;
        text
    }

    fn the_prop(&mut self) -> String {
        let seen = std::mem::replace(&mut self.prop_seen, true);
        if seen { format!("the {}", self.prop) } else { format!("{} {}", article(self.prop), self.prop) }
    }

    fn at(&mut self) -> String {
        let mut text = format!(" {}", self.r.word(self.place.at));
        if self.weather == "rain" || self.weather == "fog" {
            let w = WEATHER.iter().find(|w| w.0 == self.weather).map_or("", |w| w.2);
            text = format!(" {}{text}", self.r.word(w));
        } else if self.time != "day" && self.r.chance(0.6) {
            let t = TIMES.iter().find(|t| t.0 == self.time).map_or("", |t| t.2);
            text = format!("{text} {}", self.r.word(t));
        }
        text
    }

    /// The idea's own mood, else the one of the line.
    fn mood(&self, i: usize, line: &'static str) -> &'static str {
        match self.cast.get(i).and_then(|a| a.mood.as_ref()) {
            Some((name, _)) if *name != "neutral" => name,
            _ if line.is_empty() => "neutral",
            _ => line,
        }
    }

    fn camera(&mut self, action: &str, place_in_story: usize) -> &'static str {
        let list = match (action, place_in_story) {
            ("run", _) => "pan_right|pan_right|pan_left",
            ("walk", _) => "pan_right|static",
            ("fly", _) => "zoom_out|pan_left",
            ("look", _) => "zoom_in",
            ("talk", _) => "zoom_in|static",
            ("sleep", _) => "zoom_out",
            ("jump", 1) => "shake|static",
            (_, 2) => "zoom_out|static",
            _ => "static",
        };
        self.r.word(list)
    }

    fn speech(&mut self, i: usize, action: &str, prop: bool) -> String {
        let key = format!("{action}{}", if prop { "+" } else { "" });
        let found = SPEECH.iter().find(|s| s.0 == key).or_else(|| SPEECH.iter().find(|s| s.0 == action));
        let the = format!("{} {}", article(self.prop), self.prop);
        let line = found.map_or("Hello!", |s| self.r.word(s.1)).replace(" a {p}", &format!(" {the}"));
        let line = line.replace("A {p}", &capital(&the)).replace("{p}", self.prop);
        format!(" {}: \"{line}\"", self.cast[i].kind.to_uppercase())
    }

    fn roles(&self, actions: [&'static str; 2], moods: [&'static str; 2]) -> Vec<Role> {
        let role =
            |i: usize| Role { kind: self.cast[i].kind, color: self.colors[i], action: actions[i], mood: moods[i] };
        (0..self.cast.len()).map(role).collect()
    }

    fn shot(
        &mut self,
        sentence: &str,
        actions: [&'static str; 2],
        moods: [&'static str; 2],
        with_prop: bool,
        at: usize,
    ) -> Shot {
        let mut sentence = capital(sentence);
        if !sentence.ends_with(['.', '!', '?']) {
            sentence.push('.');
        }
        let extra =
            if at == 0 && self.r.chance(0.3) { format!(" {}", self.r.word(self.place.air)) } else { String::new() };
        let speaker = self.r.below(self.cast.len());
        let speech =
            if self.r.chance(0.45) { self.speech(speaker, actions[speaker], with_prop) } else { String::new() };
        Shot {
            roles: self.roles(actions, moods),
            prop: if with_prop { self.prop } else { "none" },
            camera: self.camera(actions[0], at),
            caption: sentence.clone(),
            sentence,
            extra,
            speech,
        }
    }

    fn line(&mut self, line: &'static Line, at: usize) -> Shot {
        let has_prop = self.prop != "none" && !line.prop.is_empty() && (self.prop_seen || at > 0);
        let who = self.all();
        let many = self.many();
        let prop = if has_prop { self.the_prop() } else { String::new() };
        let text =
            number(if has_prop { line.prop } else { line.plain }, many).replace("{N}", &who).replace("{P}", &prop);
        let text = match at {
            0 => format!("{text}{}", self.at()),
            1 if self.r.chance(0.35) => format!("{} {text}", self.r.word("Then|Suddenly|Soon|Now|After a while,")),
            2 if self.r.chance(0.35) => format!("{} {text}", self.r.word("At last|In the end|Then|Finally")),
            _ => text,
        };
        let moods = if at == 2 { [line.mood; 2] } else { [self.mood(0, line.mood), self.mood(1, line.mood)] };
        self.shot(&text, [line.action, line.action], moods, has_prop, at)
    }

    /// The shot in which the idea's verb happens.
    fn main(&mut self, facts: &Facts, verb: &Verb, first: bool) -> Shot {
        let joint = facts.joint && self.many();
        let full = !self.introduced;
        let who = if joint { self.all() } else { self.who(0) };
        let mut text = format!("{who} {}", verb.form(usize::from(!joint)));
        if matches!(verb.object, Object::Other | Object::Gift) && self.many() {
            text = format!("{text} {}", self.who(1));
        }
        self.introduced = true;
        let with_prop = matches!(verb.object, Object::Prop | Object::Gift);
        if with_prop {
            text = format!("{text} {}", self.the_prop());
        }
        if full || self.r.chance(0.3) {
            text = format!("{text}{}", self.at());
        } else if verb.object == Object::None && self.r.chance(0.4) {
            text = format!(
                "{text} {}",
                self.r.word("all day long|again and again|with a big smile|for a long time|very quietly")
            );
        } else if self.r.chance(0.3) {
            text = format!("{} {text}", self.r.word("Then|Suddenly|Soon|One day|Now"));
        }
        let other = if verb.other.is_empty() { verb.action } else { verb.other };
        let line = match verb.forms.split(' ').next().unwrap_or("") {
            "find" | "discover" | "spot" | "see" => "surprised",
            "lose" | "search" => "sad",
            "argue" => "angry",
            _ if matches!(verb.action, "dance" | "jump" | "wave" | "spin" | "fly" | "talk") => "happy",
            _ => "neutral",
        };
        let moods = [self.mood(0, line), self.mood(1, line)];
        self.shot(&text, [verb.action, other], moods, with_prop, if first { 0 } else { 1 })
    }

    /// The shots, in their order.
    pub(super) fn shots(&mut self, facts: &Facts, n: usize) -> Vec<Shot> {
        let fallback = if facts.prop.is_some() { &WITH_PROP[0] } else { self.r.pick(&ALONE) };
        let verb = facts.verb.unwrap_or(*fallback);
        let facts = &Facts {
            joint: facts.joint || (self.many() && matches!(verb.object, Object::None | Object::Prop)),
            ..facts.clone()
        };
        let main_first = n < 3 || facts.then.is_some() || self.r.chance(0.35);
        let mut out = Vec::new();
        let far = self.cast[0].near && self.cast[0].name.is_none();
        if !main_first {
            let action = verb.action;
            if far {
                let at = self.at();
                let text = format!("{} plays the {}{at}", self.full(0), self.cast[0].word);
                if self.cast.len() == 1 {
                    self.introduced = true;
                    out.push(self.shot(&text, ["stand", "stand"], [self.mood(0, ""), "neutral"], false, 0));
                }
            }
            if out.is_empty() {
                let fit: Vec<&'static Line> = OPENINGS.iter().filter(|l| l.action != action).collect();
                let line = *self.r.pick(&fit);
                out.push(self.line(line, 0));
            }
        }
        let first = out.is_empty();
        out.push(self.main(facts, &verb, first));
        let mut used = vec![verb.action];
        if let Some(then) = &facts.then {
            out.push(self.main(facts, then, false));
            used.push(then.action);
        }
        while out.len() + 1 < n {
            let fit: Vec<&'static Line> = TURNS.iter().filter(|l| !used.contains(&l.action)).collect();
            let line = *self.r.pick(&fit);
            used.push(line.action);
            out.push(self.line(line, 1));
        }
        if out.len() < n {
            let flyer = matches!(self.cast[0].kind, "bird" | "dragon" | "ghost");
            let fit: Vec<&'static Line> =
                ENDINGS.iter().filter(|l| !used.contains(&l.action) && (l.action != "fly" || flyer)).collect();
            let line = *self.r.pick(&fit);
            out.push(self.line(line, 2));
        }
        out.truncate(n);
        out
    }

    /// The title.
    pub(super) fn title(&mut self, facts: &Facts) -> String {
        let a = &self.cast[0];
        let kind = capital(a.kind);
        let hero = a.name.clone().unwrap_or_else(|| format!("The {kind}"));
        let mood = a.mood.as_ref().map(|m| capital(&m.1));
        let place = capital(self.place.name);
        let mut all = vec![format!("{hero}'s Day"), format!("{hero} and the {place}")];
        if let Some(mood) = mood {
            all.push(format!("The {mood} {kind}"));
            all.push(format!("The {mood} {kind}"));
        }
        if let Some(b) = self.cast.get(1) {
            let other = b.name.clone().unwrap_or_else(|| format!("the {}", capital(b.kind)));
            all = vec![if facts.twins {
                format!("The Two {}", capital(plural(a.kind)))
            } else {
                format!("{hero} and {other}")
            }];
        }
        if facts.prop.is_some() {
            all.push(format!("{hero} and the {}", capital(self.prop)));
        }
        if let Some(verb) = facts.verb.filter(|v| v.object == Object::None && v.tail.is_empty()) {
            all.push(format!("The {} {kind}", capital(&verb.form(3))));
        }
        self.r.pick(&all).clone()
    }
}
