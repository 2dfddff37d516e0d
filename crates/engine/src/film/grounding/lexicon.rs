//! The words that an idea may hold: a lexicon, the simpler forms of English words, and slips of the finger.

use std::collections::{HashMap, HashSet};

use kinora_models::video::layout::Vocabulary;

/// Words shorter than this are read as another only where a letter is missing or two are swapped.
const SHORTEST_SLIP: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Character,
    /// Someone, where the idea names no other character.
    Vague,
    /// A first name: someone, unless it is what a character is called.
    Name,
    /// Someone, where the idea names nobody.
    Pronoun,
    /// Several people in one word; the concept holds their words.
    Several,
    Place,
    Time,
    Weather,
    Color,
    Action,
    Prop,
    Mood,
    /// How many.
    Count,
    /// Says what something is like, without changing the picture.
    Like,
    /// What a character wears: its colour is the character's.
    Worn,
    /// What follows is not meant.
    Not,
    /// What follows is only looked like.
    As,
    /// A word that the world does not have, and that is no slip of another.
    Foreign,
    Known,
}

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "character" => Self::Character,
            "vague" => Self::Vague,
            "name" => Self::Name,
            "pronoun" => Self::Pronoun,
            "several" => Self::Several,
            "place" => Self::Place,
            "time" => Self::Time,
            "weather" => Self::Weather,
            "color" => Self::Color,
            "action" => Self::Action,
            "prop" => Self::Prop,
            "mood" => Self::Mood,
            "count" => Self::Count,
            "like" => Self::Like,
            "worn" => Self::Worn,
            "not" => Self::Not,
            "as" => Self::As,
            "foreign" => Self::Foreign,
            _ => Self::Known,
        }
    }

    /// Whether the video model can draw `concept`; words that change nothing in the picture always pass.
    pub(super) fn is_known_to(self, vocabulary: &Vocabulary, concept: &str) -> bool {
        let list = match self {
            Self::Character | Self::Vague | Self::Name | Self::Pronoun => &vocabulary.character,
            Self::Place => &vocabulary.place,
            Self::Time => &vocabulary.time,
            Self::Weather => &vocabulary.weather,
            Self::Color => &vocabulary.color,
            Self::Action => &vocabulary.action,
            Self::Prop => &vocabulary.prop,
            Self::Mood => &vocabulary.mood,
            Self::Foreign => return false,
            _ => return true,
        };
        list.iter().any(|word| word == concept)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) concept: &'static str,
    /// How the text model reads it, where neither the person's words nor the concept's name will do.
    pub(super) read: Option<String>,
    pub(super) nearest: bool,
}

/// Word or phrase (lower case, joined by one space) → concept.
pub(super) struct Lexicon {
    entries: HashMap<String, Entry>,
    /// What a colour's word is where it is a thing: "eats an orange".
    things: HashMap<&'static str, &'static str>,
    /// The words of its phrases.
    parts: HashSet<&'static str>,
}

impl Lexicon {
    pub(super) fn load() -> Self {
        let (mut entries, mut things, mut parts) = (HashMap::new(), HashMap::new(), HashSet::new());
        for line in include_str!("lexicon.txt").lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()) {
            let Some((head, words)) = line.split_once(':') else { continue };
            let mut head = head.split_whitespace();
            let kind = head.next().unwrap_or("");
            let concept = head.next().unwrap_or("");
            if kind == "thing" {
                things.extend(words.split_whitespace().map(|word| (word, concept)));
                continue;
            }
            let kind = Kind::of(kind);
            let read = head.next().map(|words| words.replace('_', " "));
            for word in words.split_whitespace() {
                let (nearest, word) = word.strip_prefix('~').map_or((false, word), |w| (true, w));
                parts.extend(word.split('_'));
                let entry = Entry { kind, concept, read: read.clone(), nearest };
                entries.entry(word.replace('_', " ")).or_insert(entry);
            }
        }
        Self { entries, things, parts }
    }

    /// Whether a word is of the lexicon, alone or in a phrase.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.parts.contains(word) || self.get(word).is_some()
    }

    /// The prop that the word of a colour names as a noun.
    pub(super) fn thing(&self, color: &str) -> Option<&'static str> {
        self.things.get(color).copied()
    }

    /// The only known word that is one slip away from `word`: a letter too many, too few, wrong or swapped. Short words
    /// and wrong first letters (light, night) have too many neighbours.
    pub(super) fn respell(&self, word: &str) -> Option<String> {
        let len = word.chars().count();
        let slip = |known: &str| {
            let first = known.chars().next();
            let lost = || known.strip_prefix(|c| Some(c) == first).is_some_and(|rest| rest == word);
            let begins = word.chars().next() == first || word.chars().nth(1) == first || lost();
            let near = || match known.chars().count() {
                n if len >= SHORTEST_SLIP => n + 1 >= SHORTEST_SLIP,
                n if n == len => {
                    word.chars().filter(|c| known.contains(*c)).count() == len && strsim::hamming(word, known) == Ok(2)
                }
                n => n == len + 1,
            };
            begins && near() && known.chars().all(char::is_alphabetic) && strsim::osa_distance(word, known) == 1
        };
        if len + 1 < SHORTEST_SLIP || !word.chars().all(char::is_alphabetic) {
            return None;
        }
        let ending = ["ing", "ed", "s"].into_iter().find_map(|e| Some((word.strip_suffix(e)?, e)));
        let mut near: Vec<&String> = (self.entries.iter())
            .filter(|(known, entry)| entry.kind != Kind::Foreign && slip(known))
            .map(|(known, _)| known)
            .collect();
        // two letters swapped are likelier than another word, and a thing than a word without a picture
        let swapped = |known: &&String| known.len() == word.len() && strsim::hamming(word, known) == Ok(2);
        let seen =
            |known: &&String| self.entries.get(*known).is_some_and(|e| !matches!(e.kind, Kind::Known | Kind::Like));
        for likelier in [&swapped as &dyn Fn(&&String) -> bool, &seen] {
            if near.len() > 1 && near.iter().any(likelier) {
                near.retain(likelier);
            }
        }
        match near.as_slice() {
            [only] => Some((*only).clone()),
            [] => ending.and_then(|(stem, ending)| Some(format!("{}{ending}", self.respell(stem)?))),
            _ => None,
        }
    }

    /// Whether a word might be a slip of one that is seen: of several, or too short to tell.
    pub(super) fn resembles(&self, word: &str) -> bool {
        let seen = |kind| matches!(kind, Kind::Character | Kind::Color | Kind::Place | Kind::Prop);
        let near = |(known, entry): (&String, &Entry)| seen(entry.kind) && strsim::osa_distance(word, known) == 1;
        word.chars().count() > 2 && self.entries.iter().any(near)
    }

    /// The entry of a phrase, tried as it is and then by its simpler forms (plural, third person, -ing, -ed).
    pub(super) fn get(&self, phrase: &str) -> Option<&Entry> {
        self.entries.get(phrase).or_else(|| stems(phrase).into_iter().find_map(|stem| self.entries.get(&stem)))
    }

    /// The phrase as the lexicon has it.
    pub(super) fn base(&self, phrase: &str) -> String {
        let known = |w: &String| self.entries.contains_key(w);
        if known(&phrase.to_string()) {
            return phrase.to_string();
        }
        stems(phrase).into_iter().find(known).unwrap_or_else(|| phrase.to_string())
    }

    /// Whether a noun is said of more than one.
    pub(super) fn is_plural(&self, phrase: &str) -> bool {
        let ends = phrase.ends_with('s') && !phrase.ends_with("'s") && !phrase.ends_with("’s");
        !self.entries.contains_key(phrase) && (ends || irregular(phrase).is_some())
            || matches!(phrase, "people" | "they")
    }
}

/// Simpler forms of an English word, likeliest first.
fn stems(word: &str) -> Vec<String> {
    let mut out: Vec<String> = irregular(word).map(str::to_string).into_iter().collect();
    if let Some(w) = word.strip_suffix("ies") {
        out.push(format!("{w}y"));
    }
    for suffix in ["'s", "’s", "s", "es", "ing", "ed", "er", "ish"] {
        let Some(w) = word.strip_suffix(suffix) else { continue };
        if w.chars().count() < 2 {
            continue;
        }
        out.push(w.to_string());
        if matches!(suffix, "ing" | "ed" | "er" | "ish") {
            out.push(format!("{w}e"));
            let mut chars = w.chars().rev();
            if chars.next() == chars.next() {
                out.push(w.chars().take(w.chars().count() - 1).collect());
            }
        }
    }
    out
}

/// The simple form of words that follow no rule.
fn irregular(word: &str) -> Option<&'static str> {
    Some(match word {
        "found" => "find",
        "saw" | "seen" => "see",
        "flew" | "flown" => "fly",
        "ran" => "run",
        "sang" | "sung" => "sing",
        "slept" => "sleep",
        "sat" => "sit",
        "stood" => "stand",
        "spun" => "spin",
        "went" | "gone" => "go",
        "came" => "come",
        "met" => "meet",
        "told" => "tell",
        "said" => "say",
        "spoke" | "spoken" => "speak",
        "gave" | "given" => "give",
        "brought" => "bring",
        "swam" | "swum" => "swim",
        "ate" | "eaten" => "eat",
        "drank" => "drink",
        "drew" | "drawn" => "draw",
        "wrote" | "written" => "write",
        "caught" => "catch",
        "threw" | "thrown" => "throw",
        "rode" | "ridden" => "ride",
        "drove" | "driven" => "drive",
        "stole" | "stolen" => "steal",
        "lost" => "lose",
        "left" => "leave",
        "held" => "hold",
        "built" => "build",
        "taught" => "teach",
        "fell" | "fallen" => "fall",
        "dug" => "dig",
        "leapt" => "leap",
        "dreamt" => "dream",
        "men" => "man",
        "women" => "woman",
        "mice" => "mouse",
        "wolves" => "wolf",
        "geese" => "goose",
        "fishes" => "fish",
        "fairies" => "fairy",
        _ => return None,
    })
}
