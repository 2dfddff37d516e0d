//! The words that an idea may hold, and the simpler forms of English words.
//!
//! `lexicon.txt` maps words of an idea to concepts of the video model (what it means is said here: the file is part of the
//! engine as it is). One line a concept: kind, name, colon, words or phrases (joined by _).
//! A word after ~ is only the nearest thing the world has: the person is told so, and the idea is read with the concept's name.
//! A third word in the head is how the text model reads all words of the line.
//!
//! * `vague` names someone only where the idea names no other character, `name` unless it is what a character is called,
//!   `pronoun` where nobody is named; `several` is read as the words that it names.
//! * `count` says how many, `like` what something is like; of what is `worn` the colour is the wearer's; what stands after
//!   `not` is not in the film, and after `as` it is only looked like.
//! * A `scene` is a thing that is seen only as the place where it is.
//! * `known` lists words that an idea may hold without changing the picture's contents; `foreign` words that are no slip of
//!   another.
//! * What a word tells besides: `thing` what a colour's word means as a noun, `part` who plays a thing where nobody else is
//!   named, `tint` the colour and `home` the place of somebody who is only played by the nearest, `own` the colours that
//!   things and places have anyway, `image` what shows somebody, `told` what tells of somebody, `kin` what somebody is to
//!   others of a kind, `family` who is of the kind of whose they are, `vehicle` what carries somebody.

use std::collections::HashMap;

use kinora_models::video::layout::Vocabulary;

/// Endings of words, and what stands in their place in simpler forms.
const SUFFIXES: [(&str, &str); 12] = [
    ("ies", "y"),
    ("ied", "y"),
    ("ily", "y"),
    ("'s", ""),
    ("’s", ""),
    ("s", ""),
    ("es", ""),
    ("ing", ""),
    ("ed", ""),
    ("er", ""),
    ("ish", ""),
    ("ly", ""),
];

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

#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) concept: &'static str,
    /// How the text model reads it (words joined by _), where neither the person's words nor the concept's name will do.
    pub(super) read: Option<&'static str>,
    pub(super) nearest: bool,
}

impl Entry {
    /// The words that the text model reads, where the lexicon gives them.
    pub(super) fn words(&self) -> Option<String> {
        self.read.map(|words| words.replace('_', " "))
    }
}

/// Word or phrase (lower case) → concept.
pub(super) struct Lexicon {
    /// Phrases are joined by _.
    entries: HashMap<&'static str, Entry>,
    /// What words tell besides: kind, concept, word.
    facts: Vec<(&'static str, &'static str, &'static str)>,
}

impl Lexicon {
    pub(super) fn load() -> Self {
        let (mut entries, mut facts) = (HashMap::new(), Vec::new());
        for line in include_str!("lexicon.txt").lines() {
            let Some((head, words)) = line.split_once(':') else { continue };
            let mut head = head.split_whitespace();
            let kind = head.next().unwrap_or("");
            let concept = head.next().unwrap_or("");
            if matches!(
                kind,
                "thing" | "part" | "tint" | "home" | "own" | "image" | "told" | "kin" | "family" | "vehicle"
            ) {
                facts.extend(words.split_whitespace().map(|word| (kind, concept, word)));
                continue;
            }
            let kind = Kind::of(kind);
            let read = head.next();
            for word in words.split_whitespace() {
                let (nearest, word) = word.strip_prefix('~').map_or((false, word), |w| (true, w));
                entries.entry(word).or_insert(Entry { kind, concept, read, nearest });
            }
        }
        for &(_, _, word) in &facts {
            let foreign = Entry { kind: Kind::Foreign, concept: "", read: None, nearest: false };
            entries.entry(word).or_insert(foreign);
        }
        Self { entries, facts }
    }

    /// Whether a word is of the lexicon, alone or in a phrase.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.get(word).is_some() || self.entries.keys().any(|known| known.split('_').any(|part| part == word))
    }

    /// The prop that the word of a colour names as a noun: "eats an orange".
    pub(super) fn thing(&self, color: &str) -> Option<&'static str> {
        self.fact("thing", color)
    }

    /// The character that plays the part of a thing.
    pub(super) fn part(&self, thing: &str) -> Option<&'static str> {
        self.fact("part", thing)
    }

    /// The colour of somebody who is played by the nearest character.
    pub(super) fn tint(&self, word: &str) -> Option<&'static str> {
        self.fact("tint", &word.replace(' ', "_"))
    }

    /// Where such a one lives.
    pub(super) fn home(&self, word: &str) -> Option<&'static str> {
        self.fact("home", &word.replace(' ', "_"))
    }

    /// What somebody does by trade, the verb and what it means: a dancer dances.
    pub(super) fn trade(&self, word: &str) -> Option<(String, &Entry)> {
        let deed = |stem: &str| self.get_known(stem).filter(|entry| entry.kind == Kind::Action);
        let verb = find_stem(word, "", &|stem, of_verb| of_verb && deed(stem).is_some())?;
        deed(&verb).filter(|_| word.ends_with("er")).map(|entry| (verb.clone(), entry))
    }

    /// Whether `concept` is of this colour by itself.
    pub(super) fn owns(&self, concept: &str, color: &str) -> bool {
        self.facts.contains(&("own", color, concept))
    }

    /// Whether a word is of a list: what shows somebody ("image"), what tells of somebody ("told"), what somebody is to
    /// others of a kind ("kin"), who is of the kind of whose they are ("family"), what carries somebody ("vehicle").
    pub(super) fn lists(&self, list: &str, word: &str) -> bool {
        self.fact(list, word).is_some()
    }

    fn fact(&self, kind: &str, word: &str) -> Option<&'static str> {
        self.facts.iter().find(|(k, _, w)| *k == kind && *w == word).map(|(_, concept, _)| *concept)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&'static str, Entry)> {
        self.entries.iter().map(|(word, entry)| (*word, *entry))
    }

    fn get_known(&self, phrase: &str) -> Option<&Entry> {
        self.entries.get(phrase.replace(' ', "_").as_str())
    }

    /// The entry of a phrase, tried as it is and then by its simpler forms (plural, third person, -ing, -ed).
    pub(super) fn get(&self, phrase: &str) -> Option<&Entry> {
        self.get_known(phrase).or_else(|| self.get_known(&self.stem(phrase)?))
    }

    /// The phrase as the lexicon has it.
    pub(super) fn base(&self, phrase: &str) -> String {
        if self.get_known(phrase).is_some() {
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
        let is_form =
            |stem: &str, of_verb: bool| self.get_known(stem).is_some_and(|entry| !of_verb || verbal(entry.kind));
        // "plays football"
        let first = phrase.find(' ').map(|end| phrase.split_at(end));
        find_stem(phrase, "", &is_form).or_else(|| first.and_then(|(first, rest)| find_stem(first, rest, &is_form)))
    }

    /// Whether a noun is said of more than one.
    pub(super) fn is_plural(&self, phrase: &str) -> bool {
        let ends = phrase.ends_with('s') && !phrase.ends_with("'s") && !phrase.ends_with("’s");
        self.get_known(phrase).is_none() && (ends || irregular(phrase).is_some()) || matches!(phrase, "people" | "they")
    }
}

/// The simpler form of an English word, likeliest first, that with `rest` behind it is one. `is_form` is told whether it is a
/// verb's or an adjective's.
fn find_stem(word: &str, rest: &str, is_form: &dyn Fn(&str, bool) -> bool) -> Option<String> {
    let found = |stem: &str, end: &str, of_verb| {
        let form = [stem, end, rest].concat();
        is_form(&form, of_verb).then_some(form)
    };
    if let Some(form) = irregular(word).and_then(|stem| found(stem, "", false)) {
        return Some(form);
    }
    for (suffix, end) in SUFFIXES {
        let Some(stem) = word.strip_suffix(suffix) else { continue };
        // "rates" are no rats
        let hisses = || ["s", "x", "z", "ch", "sh", "o"].iter().any(|end| stem.ends_with(end));
        if stem.len() < 2 || suffix == "es" && !hisses() {
            continue;
        }
        let of_verb = matches!(suffix, "ied" | "ily" | "ing" | "ed" | "er" | "ish" | "ly");
        // "running"
        let short =
            stem.get(..stem.len() - 1).filter(|short| of_verb && stem.as_bytes().last() == short.as_bytes().last());
        let form = found(stem, end, of_verb)
            .or_else(|| if of_verb { found(stem, "e", true) } else { None })
            .or_else(|| found(short?, "", true));
        if form.is_some() {
            return form;
        }
    }
    None
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
