//! Ideas: facts first (who, what, where), then a way to say them.

use super::grammar::{TEMPLATES, article, finish, number, plural};
use super::rng::{Rng, hash};
use super::verbs::{ALONE, FAR, GIFTS, Object, Verb, WITH_OTHER, WITH_PROP};
use super::words::{CHARACTERS, COLORS, Concept, MOODS, NAMES, PLACES, PROPS, Place, TIMES, WEATHER};

/// Who acts.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Name in the spec's vocabulary.
    pub kind: &'static str,
    /// The idea's word for it.
    pub word: String,
    /// The word is outside the vocabulary.
    pub near: bool,
    /// Colour in the spec's vocabulary, and the idea's word.
    pub color: Option<(&'static str, String)>,
    /// Mood in the spec's vocabulary, and the adjective; "neutral" has decorative adjectives.
    pub mood: Option<(&'static str, String)>,
    /// A name that the idea gives.
    pub name: Option<String>,
}

/// What an idea says. `None`: the idea leaves it open.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The first character, if the idea has one.
    pub a: Option<Actor>,
    /// The second one.
    pub b: Option<Actor>,
    /// Both do it: "a cat and a dog dance".
    pub joint: bool,
    /// The two are of one kind: "two cats".
    pub twins: bool,
    /// What happens.
    pub verb: Option<Verb>,
    /// What happens then; the first verb has no object in that case.
    pub then: Option<Verb>,
    /// Place and the idea's phrase.
    pub place: Option<(&'static Place, String)>,
    /// Time of day and phrase.
    pub time: Option<(&'static str, String)>,
    /// Weather and phrase.
    pub weather: Option<(&'static str, String)>,
    /// Prop and the idea's word.
    pub prop: Option<(&'static str, String)>,
    /// The idea as it is typed.
    pub text: String,
    /// Which template said it.
    pub template: usize,
}

fn word_of(r: &mut Rng, c: &'static Concept, near: f64) -> (String, bool) {
    if r.chance(near) {
        return (r.word(c.near).to_owned(), true);
    }
    let plain = c.words.split('|').next().unwrap_or(c.words);
    (if r.chance(0.55) { plain } else { r.word(c.words) }.to_owned(), false)
}

fn actor(r: &mut Rng, not: &str) -> Actor {
    let mut c = r.pick(&CHARACTERS);
    while c.name == not {
        c = r.pick(&CHARACTERS);
    }
    let (word, near) = word_of(r, c, 0.07);
    let color = r.chance(0.55).then(|| {
        let c = r.pick(&COLORS);
        (c.name, word_of(r, c, 0.03).0)
    });
    let mood = r.chance(0.45).then(|| {
        let (name, words) = if r.chance(0.4) { &MOODS[0] } else { r.pick(&MOODS[1..]) };
        (*name, r.word(words).to_owned())
    });
    let name = (!near && r.chance(0.06)).then(|| r.word(NAMES).to_owned());
    Actor { kind: c.name, word, near, color, mood, name }
}

impl Actor {
    /// "a shy blue robot", "Bolt the blue robot".
    #[must_use]
    pub fn phrase(&self, word: &str) -> String {
        let mut words: Vec<&str> = Vec::new();
        words.extend(self.mood.as_ref().map(|m| m.1.as_str()));
        words.extend(self.color.as_ref().map(|c| c.1.as_str()));
        words.push(word);
        let words = words.join(" ");
        match &self.name {
            Some(name) => format!("{name} the {words}"),
            None => format!("{} {words}", article(&words)),
        }
    }
}

impl Facts {
    /// Draws facts and says them, with probability `plain` in the words of the spec, without capitals and marks: as the
    /// engine's grounding hands an idea to the model.
    #[must_use]
    pub fn draw(r: &mut Rng, plain: f64) -> Self {
        let a = actor(r, "");
        let twins = !a.near && a.name.is_none() && r.chance(0.04);
        let b = (!twins && r.chance(0.3)).then(|| actor(r, a.kind));
        let b = if twins { Some(Actor { word: a.kind.to_owned(), ..a.clone() }) } else { b };
        let joint = twins || (b.is_some() && r.chance(0.35));
        let verb = match (&b, joint) {
            (Some(_), false) if r.chance(0.12) => r.pick(&GIFTS),
            (Some(_), false) => r.pick(&WITH_OTHER),
            _ if r.chance(0.42) => r.pick(&WITH_PROP),
            _ if r.chance(0.08) => r.pick(&FAR),
            // verbs differ in number from action to action: draw the action first
            _ => loop {
                let action = r.pick(&super::ACTIONS);
                let fit: Vec<&Verb> = ALONE.iter().filter(|v| v.action == *action).collect();
                if !fit.is_empty() {
                    break if r.chance(0.5) { fit[0] } else { *r.pick(&fit) };
                }
            },
        };
        let then = (verb.object == Object::None && r.chance(0.3)).then(|| {
            loop {
                let v = if r.chance(0.6) { r.pick(&WITH_PROP) } else { r.pick(&ALONE) };
                if v.action != verb.action {
                    break *v;
                }
            }
        });
        let needs = then.unwrap_or(*verb);
        let prop = matches!(needs.object, Object::Prop | Object::Gift).then(|| {
            let fit: Vec<&'static Concept> = PROPS
                .iter()
                .filter(|p| needs.props.is_empty() || needs.props.split('|').any(|n| n == p.name))
                .collect();
            let c = *r.pick(&fit);
            (c.name, word_of(r, c, 0.06).0)
        });
        let place = r.chance(0.86).then(|| {
            let p = r.pick(&PLACES);
            let list = if r.chance(0.06) {
                p.near
            } else if r.chance(0.4) {
                p.at
            } else {
                p.idea
            };
            (p, r.word(list).to_owned())
        });
        let inside = place.as_ref().is_some_and(|p| matches!(p.0.name, "room" | "sea" | "classroom" | "moon"));
        let time = r.chance(0.3).then(|| {
            let t = r.pick(&TIMES);
            (t.0, r.word(t.1).to_owned())
        });
        let weather = (!inside && r.chance(0.2)).then(|| {
            let w = r.pick(&WEATHER);
            (w.0, r.word(w.1).to_owned())
        });
        let mut facts = Self {
            a: Some(a),
            b,
            joint,
            twins,
            verb: Some(*verb),
            then,
            place,
            time,
            weather,
            prop,
            text: String::new(),
            template: 0,
        };
        let plain = r.chance(plain);
        if plain {
            facts.simplify();
        }
        facts.say(r);
        if plain {
            let kept = |c: char| if c.is_alphanumeric() || c == '\'' { c.to_ascii_lowercase() } else { ' ' };
            facts.text =
                facts.text.chars().map(kept).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
        }
        facts
    }

    /// Replaces synonyms and words outside the vocabulary by the spec's names.
    fn simplify(&mut self) {
        for x in self.a.iter_mut().chain(&mut self.b) {
            x.word = x.kind.to_owned();
            (x.near, x.name) = (false, None);
            if let Some(color) = &mut x.color {
                color.1 = color.0.to_owned();
            }
        }
        if let Some((place, phrase)) = &mut self.place
            && place.near.split('|').any(|p| p == phrase)
        {
            let before = phrase.split(' ').next().unwrap_or("in");
            *phrase = format!("{before} {}", place.name);
        }
        if let Some((name, word)) = &mut self.prop
            && PROPS.iter().any(|p| p.name == *name && p.near.split('|').any(|w| w == word))
        {
            *word = (*name).to_owned();
        }
    }

    fn say(&mut self, r: &mut Rng) {
        let text = match r.below(100) {
            0..=8 => self.list(r),
            9..=11 => self.open(r),
            _ => {
                self.template = r.below(TEMPLATES.len());
                self.fill(r, TEMPLATES[self.template])
            }
        };
        self.text = finish(r, text.trim().to_owned());
    }

    fn adverbs(&self, r: &mut Rng) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        all.extend(self.place.as_ref().map(|p| p.1.clone()));
        all.extend(self.weather.as_ref().map(|p| p.1.clone()));
        all.extend(self.time.as_ref().map(|p| p.1.clone()));
        if all.len() > 1 && r.chance(0.3) {
            all.rotate_left(1);
        }
        all
    }

    fn fill(&self, r: &mut Rng, template: &str) -> String {
        let (Some(a), Some(verb)) = (&self.a, &self.verb) else { return String::new() };
        let mut subject = a.phrase(&a.word);
        let mut object = String::new();
        let the = if r.chance(0.12) { "the" } else { "" };
        let thing =
            |word: &str| if the.is_empty() { format!("{} {word}", article(word)) } else { format!("the {word}") };
        if let Some(b) = &self.b {
            if self.twins {
                let words: Vec<&str> =
                    a.mood.iter().map(|m| m.1.as_str()).chain(a.color.iter().map(|c| c.1.as_str())).collect();
                subject = ["two", &words.join(" "), plural(a.kind)].join(" ").replace("  ", " ");
            } else if self.joint {
                subject = format!("{subject} and {}", b.phrase(&b.word));
            } else {
                object = format!(" {}", b.phrase(&b.word));
            }
        }
        if let Some((_, word)) = &self.prop {
            object = format!("{object} {}", thing(word));
        }
        let at = self.adverbs(r);
        let comma = if at.is_empty() { String::new() } else { format!("{}, ", at.join(" ")) };
        let mut at: String = at.iter().map(|p| format!(" {p}")).collect();
        if self.then.is_some() {
            let mut then = String::new();
            // "walks in the snow and finds a flower"
            if r.chance(0.5) && template.contains("{o}{at}") {
                then.push_str(&std::mem::take(&mut at));
            }
            then.push_str(r.word(" and | and | and then |, then "));
            object = format!("{then}{{then}}{object}");
        }
        let clause = |form: usize| {
            let second = self.then.map(|v| v.form(form)).unwrap_or_default();
            format!("{}{}", verb.form(form), object.replace("{then}", &second))
        };
        let present = usize::from(!self.joint);
        number(template, self.joint)
            .replace("{s}", &subject)
            .replace("{v}{o}", &clause(present))
            .replace("{b}{o}", &clause(0))
            .replace("{p}{o}", &clause(2))
            .replace("{g}{o}", &clause(3))
            .replace("{at}", &at)
            .replace("{c}", &comma)
    }

    /// Words in a row: "blue robot, flower, snow, dancing".
    fn list(&mut self, r: &mut Rng) -> String {
        self.template = 100;
        let (Some(a), Some(verb)) = (&self.a, &self.verb) else { return String::new() };
        let bare = |x: &Actor| {
            let mut words: Vec<&str> = x.mood.iter().map(|m| m.1.as_str()).collect();
            words.extend(x.color.iter().map(|c| c.1.as_str()));
            words.push(&x.word);
            words.join(" ")
        };
        let mut items = vec![bare(a)];
        if self.twins {
            items = vec![format!("two {}", plural(a.kind))];
        } else {
            items.extend(self.b.as_ref().map(bare));
        }
        let form = if r.chance(0.5) { 3 } else { 0 };
        items.push(verb.form(form));
        items.extend(self.then.map(|v| v.form(form)));
        items.extend(self.prop.as_ref().map(|p| p.1.clone()));
        if let Some(p) = &mut self.place {
            p.1 = r.word(p.0.noun).to_owned();
            items.push(p.1.clone());
        }
        if let Some(t) = &self.time {
            items.push(t.0.to_owned());
        }
        if let Some(w) = &mut self.weather {
            if w.0 == "clear" { self.weather = None } else { items.push(w.0.to_owned()) }
        }
        if let Some(a) = &mut self.a {
            a.name = None;
        }
        if let Some(b) = &mut self.b {
            b.name = None;
        }
        if self.twins {
            for x in self.a.iter_mut().chain(&mut self.b) {
                (x.color, x.mood) = (None, None);
            }
        }
        items.join(r.word(", |, | + | / |; | "))
    }

    /// Ideas that leave out who or what.
    fn open(&mut self, r: &mut Rng) -> String {
        self.template = 101;
        let at: String = self.adverbs(r).iter().map(|p| format!(" {p}")).collect();
        if r.chance(0.5) {
            // who and where, but not what
            (self.verb, self.then, self.prop) = (None, None, None);
            self.joint = true;
            let a = self.a.as_ref().map(|a| a.phrase(&a.word)).unwrap_or_default();
            if self.twins {
                for x in self.a.iter_mut().chain(&mut self.b) {
                    (x.color, x.mood) = (None, None);
                }
                return format!("two {}{at}", plural(self.a.as_ref().map_or("cat", |a| a.kind)));
            }
            let b = self.b.as_ref().map(|b| format!(" and {}", b.phrase(&b.word))).unwrap_or_default();
            return format!("{}{a}{b}{at}", r.word("|a film about |a story about |show me |please draw "));
        }
        (self.a, self.b, self.verb, self.then, self.prop) = (None, None, None, None, None);
        (self.joint, self.twins) = (false, false);
        if r.chance(0.5) {
            let p = r.pick(&PROPS);
            self.prop = Some((p.name, p.name.to_owned()));
            return format!("{}{} {}{at}", r.word("|a film about |a story about "), article(p.name), p.name);
        }
        if r.chance(0.4) || at.is_empty() {
            (self.place, self.time, self.weather) = (None, None, None);
            return r.word("surprise me|anything|something funny|a funny film|tell me a story|make a film|a story please|something nice|i don't know|you choose|asdf|hello|???|make a video for children|a bedtime story|an adventure|something sad|a happy story").to_owned();
        }
        format!("{}{at}", r.word("something|a story|a film|an adventure|a small story"))
    }

    /// True if this combination belongs to the evaluation and never to training.
    #[must_use]
    pub fn held_out(&self) -> bool {
        let (Some(a), Some(verb)) = (&self.a, &self.verb) else { return false };
        let place = self.place.as_ref().map_or("", |p| p.0.name);
        let color = a.color.as_ref().map_or("", |c| c.0);
        hash(&[a.kind, verb.forms, place]).is_multiple_of(12)
            || hash(&[&self.template.to_string(), &a.word, color]).is_multiple_of(16)
    }
}
