//! The words that an idea may hold: a lexicon, the simpler forms of English words, and slips of the finger.

use std::collections::{HashMap, HashSet};

use kinora_models::video::layout::Vocabulary;

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
    /// A thing that is seen only as the place where it is.
    Scene,
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
            "scene" => Self::Scene,
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
            Self::Place | Self::Scene => &vocabulary.place,
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
    /// What words tell besides: kind, concept, word.
    facts: Vec<(&'static str, &'static str, &'static str)>,
    /// The words of its phrases.
    parts: HashSet<&'static str>,
}

impl Lexicon {
    pub(super) fn load() -> Self {
        let (mut entries, mut facts, mut parts) = (HashMap::new(), Vec::new(), HashSet::new());
        for line in include_str!("lexicon.txt").lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()) {
            let Some((head, words)) = line.split_once(':') else { continue };
            let mut head = head.split_whitespace();
            let kind = head.next().unwrap_or("");
            let concept = head.next().unwrap_or("");
            if matches!(kind, "thing" | "part" | "own" | "image" | "told" | "kin" | "vehicle") {
                facts.extend(words.split_whitespace().map(|word| (kind, concept, word)));
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
        for (_, _, word) in &facts {
            let foreign = Entry { kind: Kind::Foreign, concept: "", read: None, nearest: false };
            entries.entry(word.to_string()).or_insert(foreign);
        }
        Self { entries, facts, parts }
    }

    /// Whether a word is of the lexicon, alone or in a phrase.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.parts.contains(word) || self.get(word).is_some()
    }

    /// The prop that the word of a colour names as a noun: "eats an orange".
    pub(super) fn thing(&self, color: &str) -> Option<&'static str> {
        self.fact("thing", color)
    }

    /// The character that plays the part of a thing.
    pub(super) fn part(&self, thing: &str) -> Option<&'static str> {
        self.fact("part", thing)
    }

    /// Whether `concept` is of this colour by itself.
    pub(super) fn owns(&self, concept: &str, color: &str) -> bool {
        self.facts.contains(&("own", color, concept))
    }

    /// Whether a word is of a list: what shows somebody ("image"), what tells of somebody ("told"), what somebody is to
    /// others of a kind ("kin"), what carries somebody ("vehicle").
    pub(super) fn lists(&self, list: &str, word: &str) -> bool {
        self.fact(list, word).is_some()
    }

    fn fact(&self, kind: &str, word: &str) -> Option<&'static str> {
        self.facts.iter().find(|(k, _, w)| *k == kind && *w == word).map(|(_, concept, _)| *concept)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&String, &Entry)> {
        self.entries.iter()
    }

    /// The entry of a phrase, tried as it is and then by its simpler forms (plural, third person, -ing, -ed).
    pub(super) fn get(&self, phrase: &str) -> Option<&Entry> {
        let stem = || self.stem(phrase).and_then(|stem| self.entries.get(&stem));
        self.entries.get(phrase).or_else(stem)
    }

    /// The phrase as the lexicon has it.
    pub(super) fn base(&self, phrase: &str) -> String {
        if self.entries.contains_key(phrase) {
            return phrase.to_string();
        }
        self.stem(phrase).unwrap_or_else(|| phrase.to_string())
    }

    /// The known word of which `phrase` is a form. Only what can be done has forms of verbs: "caring" is no car.
    fn stem(&self, phrase: &str) -> Option<String> {
        let verbal = |kind| {
            matches!(
                kind,
                Kind::Action | Kind::Known | Kind::Like | Kind::Mood | Kind::Color | Kind::Weather | Kind::Foreign
            )
        };
        let is_form = |(stem, of_verb): &(String, bool)| {
            self.entries.get(stem).is_some_and(|entry| !of_verb || verbal(entry.kind))
        };
        // "plays football"
        let (first, rest) = phrase.split_once(' ').unwrap_or((phrase, ""));
        let of_first = stems(first).into_iter().filter(|_| !rest.is_empty());
        let of_first = of_first.map(|(stem, of_verb)| (format!("{stem} {rest}"), of_verb));
        stems(phrase).into_iter().chain(of_first).find(is_form).map(|(stem, _)| stem)
    }

    /// Whether a noun is said of more than one.
    pub(super) fn is_plural(&self, phrase: &str) -> bool {
        let ends = phrase.ends_with('s') && !phrase.ends_with("'s") && !phrase.ends_with("’s");
        !self.entries.contains_key(phrase) && (ends || irregular(phrase).is_some())
            || matches!(phrase, "people" | "they")
    }
}

/// Simpler forms of an English word, likeliest first, and whether they are a verb's or an adjective's.
fn stems(word: &str) -> Vec<(String, bool)> {
    let mut out: Vec<(String, bool)> = irregular(word).map(|w| (w.to_string(), false)).into_iter().collect();
    for (suffix, end) in [("ies", "y"), ("ied", "y"), ("ily", "y")] {
        out.extend(word.strip_suffix(suffix).map(|w| (format!("{w}{end}"), suffix != "ies")));
    }
    for suffix in ["'s", "’s", "s", "es", "ing", "ed", "er", "ish", "ly"] {
        let Some(w) = word.strip_suffix(suffix) else { continue };
        // "rates" are no rats
        let hisses = || ["s", "x", "z", "ch", "sh", "o"].iter().any(|end| w.ends_with(end));
        if w.chars().count() < 2 || suffix == "es" && !hisses() {
            continue;
        }
        let of_verb = matches!(suffix, "ing" | "ed" | "er" | "ish" | "ly");
        out.push((w.to_string(), of_verb));
        if of_verb {
            out.push((format!("{w}e"), true));
            let mut chars = w.chars().rev();
            if chars.next() == chars.next() {
                out.push((w.chars().take(w.chars().count() - 1).collect(), true));
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
        "swung" => "swing",
        "woke" => "wake",
        "made" => "make",
        "has" | "had" => "have",
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
