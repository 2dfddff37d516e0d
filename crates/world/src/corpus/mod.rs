//! The text corpus of the embedded language model: idea → script → storyboard, small talk, dialogues, lessons.
//!
//! Everything follows from a seed and an index, so that any part of the corpus can be made again anywhere. The held-out split
//! has combinations of character, verb and place, and of template, word and colour, that the training split never has
//! ([`idea::Facts::held_out`]).

pub mod beats;
pub mod chat;
pub mod grammar;
pub mod idea;
pub mod lesson;
pub mod rng;
pub mod story;
mod teller;
pub mod verbs;
pub mod words;

use idea::Facts;
use rng::Rng;
use story::Story;

/// The world's actions, in the order of the spec.
pub const ACTIONS: [&str; 12] =
    ["stand", "walk", "run", "jump", "wave", "dance", "spin", "fly", "sit", "sleep", "talk", "look"];

/// Which part of the corpus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// What the model is trained on.
    Train,
    /// What it is scored on.
    HeldOut,
}

/// What an idea asks for, in the spec's vocabulary; `None` where it leaves a thing open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// Characters, first one first.
    pub characters: Vec<&'static str>,
    /// Their colours.
    pub colors: Vec<Option<&'static str>>,
    /// Place.
    pub place: Option<&'static str>,
    /// Action of the first character.
    pub action: Option<&'static str>,
    /// Action that follows ("walks and finds a flower").
    pub then: Option<&'static str>,
    /// Prop.
    pub prop: Option<&'static str>,
    /// Time of day.
    pub time: Option<&'static str>,
    /// Weather.
    pub weather: Option<&'static str>,
    /// Mood of the first character, never "neutral".
    pub mood: Option<&'static str>,
    /// Every word is of the world's own vocabulary or a synonym of it.
    pub inside: bool,
}

/// One sample: messages of user and assistant in turn.
#[derive(Clone, Debug)]
pub struct Sample {
    /// "film", "chat", "dialogue" or "lesson".
    pub kind: &'static str,
    /// Question and answer, in turn.
    pub turns: Vec<(String, String)>,
    /// For films: the idea as typed.
    pub idea: String,
    /// For films: what it asks for.
    pub truth: Truth,
}

/// Number `index` of the corpus of `seed`.
#[must_use]
pub fn sample(seed: u64, index: u64, split: Split) -> Sample {
    let mut r = Rng::new(seed, index);
    let kind = r.below(100);
    let (kind, turns) = match kind {
        _ if split == Split::HeldOut => return film(&mut r, split),
        0..68 => return film(&mut r, split),
        68..80 => ("chat", (0..2 + r.below(4)).map(|_| chat::small_talk(&mut r)).collect()),
        80..90 => ("dialogue", vec![chat::dialogue(&mut r)]),
        _ => ("lesson", lesson::lesson(&mut r)),
    };
    Sample { kind, turns, idea: String::new(), truth: Truth::default() }
}

fn film(r: &mut Rng, split: Split) -> Sample {
    let facts = loop {
        let facts = Facts::draw(r, if split == Split::Train { 0.45 } else { 0.0 });
        if facts.held_out() == (split == Split::HeldOut) {
            break facts;
        }
    };
    let n = if r.chance(0.12) { [1, 2, 4, 4, 5, 6][r.below(6)] } else { 3 };
    let story = Story::tell(r, &facts, n);
    let ask = if n == 3 {
        format!("Write a script: {}", facts.text)
    } else {
        format!("Write a script in {n} shot{}: {}", if n == 1 { "" } else { "s" }, facts.text)
    };
    let turns = vec![(ask, story.script()), ("Storyboard".to_owned(), story.storyboard())];
    Sample { kind: "film", turns, idea: facts.text.clone(), truth: Truth::of(&facts) }
}

impl Truth {
    fn of(f: &Facts) -> Self {
        let actors = || f.a.iter().chain(&f.b);
        let listed = |words: &str, word: &str| words.split('|').any(|w| w == word);
        let place_inside = f.place.as_ref().is_none_or(|(p, w)| !listed(p.near, w));
        let prop_inside =
            f.prop.as_ref().is_none_or(|(name, w)| words::PROPS.iter().any(|p| p.name == *name && listed(p.words, w)));
        let verb_inside =
            f.verb.as_ref().is_none_or(|v| verbs::FAR.iter().all(|far| far.forms != v.forms || far.tail != v.tail));
        Self {
            characters: actors().map(|a| a.kind).collect(),
            colors: actors().map(|a| a.color.as_ref().map(|c| c.0)).collect(),
            place: f.place.as_ref().map(|p| p.0.name),
            action: f.verb.as_ref().map(|v| v.action),
            then: f.then.as_ref().map(|v| v.action),
            prop: f.prop.as_ref().map(|p| p.0),
            time: f.time.as_ref().map(|t| t.0),
            weather: f.weather.as_ref().map(|w| w.0),
            mood: f.a.as_ref().and_then(|a| a.mood.as_ref()).map(|m| m.0).filter(|m| *m != "neutral"),
            inside: actors().all(|a| !a.near) && place_inside && prop_inside && verb_inside,
        }
    }
}

/// The words of a script that its idea decides: who, which colour, where, when, what. In order, each once.
#[must_use]
pub fn decided_words() -> Vec<&'static str> {
    use words::{CHARACTERS, COLORS, MOODS, PLACES, PROPS, TIMES, WEATHER};
    let verbs =
        verbs::ALONE.iter().chain(&verbs::WITH_PROP).chain(&verbs::WITH_OTHER).chain(&verbs::FAR).chain(&verbs::GIFTS);
    let mut all: Vec<&'static str> = verbs.flat_map(|v| v.forms.split(' ').take(2)).collect();
    all.extend(CHARACTERS.iter().flat_map(|c| [c.name, grammar::plural(c.name)]));
    all.extend(COLORS.iter().chain(&PROPS).map(|c| c.name));
    all.extend(PLACES.iter().map(|p| p.name));
    all.extend(TIMES.iter().chain(&WEATHER[1..]).map(|t| t.0));
    all.extend(MOODS.iter().flat_map(|m| m.1.split('|')));
    // too common elsewhere to be told apart by the word alone
    all.retain(|w| !matches!(*w, "go" | "goes" | "do" | "does" | "have" | "has"));
    all.sort_unstable();
    all.dedup();
    all
}

/// A JSON string with its quotes.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl Sample {
    /// One line of JSON: kind, idea, truth, messages.
    #[must_use]
    pub fn to_json(&self) -> String {
        let word = |w: Option<&str>| w.map_or("null".to_owned(), quoted);
        let t = &self.truth;
        let kinds: Vec<String> = t.characters.iter().map(|k| quoted(k)).collect();
        let colors: Vec<String> = t.colors.iter().map(|c| word(*c)).collect();
        let turns: Vec<String> = self.turns.iter().map(|(q, a)| format!("[{},{}]", quoted(q), quoted(a))).collect();
        format!(
            r#"{{"kind":"{}","idea":{},"truth":{{"characters":[{}],"colors":[{}],"place":{},"action":{},"then":{},"prop":{},"time":{},"weather":{},"mood":{},"inside":{}}},"turns":[{}]}}"#,
            self.kind,
            quoted(&self.idea),
            kinds.join(","),
            colors.join(","),
            word(t.place),
            word(t.action),
            word(t.then),
            word(t.prop),
            word(t.time),
            word(t.weather),
            word(t.mood),
            t.inside,
            turns.join(",")
        )
    }
}

#[cfg(test)]
mod tests;
