//! Grounding: the words of an idea become concepts of the video model at hand, and nothing that changes the picture is
//! dropped without a word. Today a lexicon with synonyms and "nearest" words; the interface is [`ground`] alone.

use std::collections::HashMap;

use kinora_models::video::layout::Vocabulary;

/// The longest phrase of the lexicon, in words.
const MAX_PHRASE: usize = 3;
/// An idea longer than this many words is cut, with a notice: the text model's context holds a script as well.
pub const MAX_WORDS: usize = 60;

/// Words shorter than this are never read as another.
const SHORTEST_SLIP: usize = 5;

/// What was understood of an idea.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grounded {
    /// The idea as the text model reads it: known synonyms and nearest words replaced by the concept's name.
    pub idea: String,
    /// Characters in order of appearance, each with its colour when one was named before it. At most two.
    pub characters: Vec<(String, Option<String>)>,
    pub places: Vec<String>,
    pub times: Vec<String>,
    pub weathers: Vec<String>,
    pub actions: Vec<String>,
    pub props: Vec<String>,
    pub moods: Vec<String>,
    /// Sentences for the person: nearest things taken, words left out.
    pub notices: Vec<GroundingNotice>,
}

/// Why the film may differ from the words of the idea.
#[derive(Debug, Clone, PartialEq)]
pub enum GroundingNotice {
    /// The world has no `word`; `concept` plays its part.
    Nearest { word: String, concept: String },
    /// `word` was read as another word, one letter away.
    Spelling { word: String, read: String },
    /// Words that the world does not know at all.
    Unknown { words: Vec<String> },
    /// More characters than a shot can hold; these were left out.
    TooManyCharacters { left_out: Vec<String> },
    /// Only the first [`MAX_WORDS`] words were read.
    Cut { words: usize },
    /// Nothing of the idea is in the vocabulary: the text model chooses freely.
    NothingUnderstood,
}

impl GroundingNotice {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Nearest { .. } => "nearest_concept",
            Self::Spelling { .. } => "spelling",
            Self::Unknown { .. } => "unknown_words",
            Self::TooManyCharacters { .. } => "too_many_characters",
            Self::Cut { .. } => "idea_cut",
            Self::NothingUnderstood => "nothing_understood",
        }
    }

    /// A kind sentence for the person.
    pub fn text(&self) -> String {
        match self {
            Self::Nearest { word, concept } => {
                format!("This little world has no “{word}” yet; the nearest it knows is “{concept}”.")
            }
            Self::Spelling { word, read } => format!("“{word}” was read as “{read}”."),
            Self::Unknown { words } => {
                format!("Not in this little world yet, so the picture goes on without: {}.", quoted(words))
            }
            Self::TooManyCharacters { left_out } => {
                format!("A shot holds two characters; left out: {}.", quoted(left_out))
            }
            Self::Cut { words } => format!("The idea has {words} words; the first {MAX_WORDS} were read."),
            Self::NothingUnderstood => {
                "None of these words are in this little world, so it made up a film of its own. It knows animals, a \
                 robot, children, places like a beach, a forest or the moon, and simple actions, in English."
                    .to_string()
            }
        }
    }
}

fn quoted(words: &[String]) -> String {
    words.iter().map(|w| format!("“{w}”")).collect::<Vec<_>>().join(", ")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Character,
    /// Someone, where the idea names no other character.
    Vague,
    /// Several people in one word; the concept holds their words.
    Several,
    Place,
    Time,
    Weather,
    Color,
    Action,
    Prop,
    Mood,
    Known,
}

impl Kind {
    /// Whether the video model can draw `concept`; words that change nothing in the picture always pass.
    fn is_known_to(self, vocabulary: &Vocabulary, concept: &str) -> bool {
        let list = match self {
            Self::Character | Self::Vague => &vocabulary.character,
            Self::Place => &vocabulary.place,
            Self::Time => &vocabulary.time,
            Self::Weather => &vocabulary.weather,
            Self::Color => &vocabulary.color,
            Self::Action => &vocabulary.action,
            Self::Prop => &vocabulary.prop,
            Self::Mood => &vocabulary.mood,
            Self::Known | Self::Several => return true,
        };
        list.iter().any(|word| word == concept)
    }
}

#[derive(Debug, Clone)]
struct Entry {
    kind: Kind,
    concept: &'static str,
    nearest: bool,
}

/// Word or phrase (lower case, joined by one space) → concept.
struct Lexicon(HashMap<String, Entry>);

impl Lexicon {
    fn load() -> Self {
        let mut entries = HashMap::new();
        for line in include_str!("lexicon.txt").lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()) {
            let Some((head, words)) = line.split_once(':') else { continue };
            let mut head = head.split_whitespace();
            let kind = match head.next() {
                Some("character") => Kind::Character,
                Some("vague") => Kind::Vague,
                Some("several") => Kind::Several,
                Some("place") => Kind::Place,
                Some("time") => Kind::Time,
                Some("weather") => Kind::Weather,
                Some("color") => Kind::Color,
                Some("action") => Kind::Action,
                Some("prop") => Kind::Prop,
                Some("mood") => Kind::Mood,
                _ => Kind::Known,
            };
            let concept = head.next().unwrap_or("");
            for word in words.split_whitespace() {
                let (nearest, word) = word.strip_prefix('~').map_or((false, word), |w| (true, w));
                entries.entry(word.replace('_', " ")).or_insert(Entry { kind, concept, nearest });
            }
        }
        Self(entries)
    }

    /// The only known word that is one slip away from `word`: a letter too many, too few, wrong or swapped. Short words
    /// and wrong first letters (light, night) have too many neighbours.
    fn respell(&self, word: &str) -> Option<String> {
        let slip = |known: &str| {
            let first = known.chars().next();
            let begins = word.chars().next() == first || word.chars().nth(1) == first;
            begins && known.chars().all(char::is_alphabetic) && strsim::osa_distance(word, known) == 1
        };
        if word.chars().count() < SHORTEST_SLIP || !word.chars().all(char::is_alphabetic) {
            return None;
        }
        let mut near = self.0.keys().filter(|known| known.chars().count() + 1 >= SHORTEST_SLIP && slip(known));
        match (near.next(), near.next()) {
            (Some(only), None) => Some(only.clone()),
            _ => None,
        }
    }

    /// The entry of a phrase, tried as it is and then by its simpler forms (plural, third person, -ing, -ed).
    fn get(&self, phrase: &str) -> Option<&Entry> {
        self.0.get(phrase).or_else(|| stems(phrase).into_iter().find_map(|stem| self.0.get(&stem)))
    }
}

/// Simpler forms of an English word, likeliest first.
fn stems(word: &str) -> Vec<String> {
    let mut out = Vec::new();
    if let Some(w) = word.strip_suffix("ies") {
        out.push(format!("{w}y"));
    }
    for suffix in ["'s", "’s", "s", "es", "ing", "ed", "er"] {
        let Some(w) = word.strip_suffix(suffix) else { continue };
        if w.chars().count() < 2 {
            continue;
        }
        out.push(w.to_string());
        if matches!(suffix, "ing" | "ed" | "er") {
            out.push(format!("{w}e"));
            let mut chars = w.chars().rev();
            if chars.next() == chars.next() {
                out.push(w.chars().take(w.chars().count() - 1).collect());
            }
        }
    }
    let irregular = match word {
        "found" => "find",
        "saw" | "seen" => "see",
        "flew" | "flown" => "fly",
        "ran" => "run",
        "sang" => "sing",
        "slept" => "sleep",
        "sat" => "sit",
        "went" | "gone" => "go",
        "met" => "meet",
        "told" => "tell",
        "said" => "say",
        "gave" => "give",
        "swam" => "swim",
        "ate" => "eat",
        "men" => "man",
        "women" => "woman",
        "mice" => "mouse",
        "wolves" => "wolf",
        "fishes" => "fish",
        _ => return out,
    };
    out.insert(0, irregular.to_string());
    out
}

/// Splits an idea into lower-case words; an emoji is a word of its own.
fn words(idea: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in idea.chars() {
        if c.is_alphanumeric() || c == '\'' || c == '’' {
            word.extend(c.to_lowercase());
            continue;
        }
        if !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
        let pictograph = matches!(c as u32, 0x2190..=0x2BFF | 0x1F000..=0x1FAFF);
        if pictograph {
            out.push(c.to_string());
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
    out.iter().map(|w| w.trim_matches(['\'', '’']).to_string()).filter(|w| !w.is_empty()).collect()
}

/// Reads several people in one word by the words that the lexicon gives for them; how many was said before them goes.
fn together(lexicon: &Lexicon, words: Vec<String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in words {
        let Some(entry) = lexicon.get(&word).filter(|entry| entry.kind == Kind::Several) else {
            out.push(word);
            continue;
        };
        let counts = |w: &&String| matches!(w.as_str(), "the" | "two" | "three" | "some" | "few" | "many" | "several");
        if out.last().filter(counts).is_some() {
            out.pop();
        }
        out.extend(entry.concept.split('_').map(str::to_owned));
    }
    out
}

/// Maps the words of `idea` to concepts that `vocabulary` holds, and says what it could not.
pub fn ground(idea: &str, vocabulary: &Vocabulary) -> Grounded {
    let lexicon = Lexicon::load();
    let mut out = Grounded::default();
    let mut words = words(idea);
    if words.len() > MAX_WORDS {
        out.notices.push(GroundingNotice::Cut { words: words.len() });
        words.truncate(MAX_WORDS);
    }
    for word in &mut words {
        let read = lexicon.get(word).is_none().then(|| lexicon.respell(word)).flatten();
        if let Some(read) = read {
            out.notices.push(GroundingNotice::Spelling { word: word.clone(), read: read.clone() });
            *word = read;
        }
    }
    let words = together(&lexicon, words);
    let named = words.iter().any(|w| lexicon.get(w).is_some_and(|e| e.kind == Kind::Character));
    let (mut text, mut unknown, mut left_out): (Vec<String>, Vec<String>, Vec<String>) = Default::default();
    let mut color: Option<String> = None;
    let mut at = 0;
    while at < words.len() {
        let (len, found) = (1..=MAX_PHRASE.min(words.len() - at))
            .rev()
            .find_map(|n| lexicon.get(&words[at..at + n].join(" ")).map(|e| (n, Some(e))))
            .unwrap_or((1, None));
        let phrase = words[at..at + len].join(" ");
        at += len;
        let Some(entry) = found.filter(|e| e.kind.is_known_to(vocabulary, e.concept)) else {
            if !phrase.chars().all(|c| c.is_numeric()) && !unknown.contains(&phrase) {
                unknown.push(phrase.clone());
            }
            // the text model may know what the video model does not
            if phrase.is_ascii() {
                text.push(phrase);
            }
            continue;
        };
        let names_character = |w: &String| {
            lexicon.get(w).is_some_and(|e| e.kind == Kind::Character && e.kind.is_known_to(vocabulary, e.concept))
        };
        if entry.kind == Kind::Character && entry.nearest && words.get(at).is_some_and(names_character) {
            // "baby penguin", "pirate cat": the first only says what kind of character the second is
            text.push(phrase);
            continue;
        }
        let concept = entry.concept.to_string();
        if entry.kind == Kind::Vague && named {
            text.push(phrase);
            continue;
        }
        if entry.nearest && entry.kind != Kind::Known {
            let notice = GroundingNotice::Nearest { word: phrase.clone(), concept: concept.clone() };
            if !out.notices.contains(&notice) {
                out.notices.push(notice);
            }
        }
        let list = match entry.kind {
            Kind::Character | Kind::Vague => {
                let known = out.characters.iter().any(|(kind, _)| *kind == concept);
                if !known && out.characters.len() == 2 {
                    left_out.push(phrase.clone());
                } else if !known {
                    out.characters.push((concept.clone(), color.take()));
                }
                text.push(concept);
                continue;
            }
            Kind::Color => {
                color = Some(concept.clone());
                text.push(concept);
                continue;
            }
            Kind::Place => &mut out.places,
            Kind::Prop => &mut out.props,
            Kind::Time => &mut out.times,
            Kind::Weather => &mut out.weathers,
            Kind::Action => &mut out.actions,
            Kind::Mood => &mut out.moods,
            Kind::Known | Kind::Several => {
                text.push(phrase);
                continue;
            }
        };
        if !list.contains(&concept) {
            list.push(concept.clone());
        }
        // Nouns are read by the concept's name; verbs and adjectives keep the person's words.
        let renamed =
            matches!(entry.kind, Kind::Place | Kind::Prop) && (entry.nearest || len == 1 && phrase.len() > 12);
        text.push(if renamed { concept } else { phrase });
    }
    if !left_out.is_empty() {
        out.notices.push(GroundingNotice::TooManyCharacters { left_out });
    }
    if out.understood_nothing() {
        out.notices.push(GroundingNotice::NothingUnderstood);
    } else if !unknown.is_empty() {
        out.notices.push(GroundingNotice::Unknown { words: unknown });
    }
    out.idea = text.join(" ");
    out
}

impl Grounded {
    fn understood_nothing(&self) -> bool {
        self.characters.is_empty()
            && [&self.places, &self.props, &self.actions, &self.times, &self.weathers, &self.moods]
                .iter()
                .all(|list| list.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::super::cartoon_vocabulary;
    use super::*;

    fn grounded(idea: &str) -> Grounded {
        ground(idea, &cartoon_vocabulary())
    }

    #[test]
    fn children_are_two() {
        let who = |idea| grounded(idea).characters.into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
        assert_eq!(who("two children and a ball"), ["boy", "girl"]);
        assert_eq!(who("the kids meet a dog"), ["boy", "girl"]);
        assert_eq!(who("a child and a dog"), ["boy", "dog"]);
        assert_eq!(grounded("two children and a ball").idea, "a boy and a girl and a ball");
    }

    #[test]
    fn an_idea_in_the_vocabulary_is_understood_whole() {
        let g = grounded("A shy blue robot finds a flower in the snow");
        assert_eq!(g.characters, [("robot".to_string(), Some("blue".to_string()))]);
        assert_eq!((g.places, g.props, g.actions), (vec!["snow".into()], vec!["flower".into()], vec!["look".into()]));
        assert_eq!(g.notices, []);
        assert_eq!(g.idea, "a shy blue robot finds a flower in the snow");
    }

    #[test]
    fn a_word_outside_the_world_becomes_the_nearest_and_says_so() {
        let g = grounded("a pirate rides a zeppelin on the beach");
        assert_eq!(g.characters, [("boy".to_string(), None)]);
        assert!(g.notices.contains(&GroundingNotice::Nearest { word: "pirate".into(), concept: "boy".into() }));
        assert!(g.notices.contains(&GroundingNotice::Unknown { words: vec!["zeppelin".into()] }));
    }

    #[test]
    fn a_slip_of_a_letter_is_read_and_said() {
        let g = grounded("a yelow robot at the seasside at nihgt");
        assert_eq!(g.characters, [("robot".to_string(), Some("yellow".to_string()))]);
        assert_eq!((g.places, g.times), (vec!["beach".into()], vec!["night".into()]));
        assert!(g.notices.contains(&GroundingNotice::Spelling { word: "seasside".into(), read: "seaside".into() }));
        for word in ["fight", "light", "knife", "eight"] {
            let g = grounded(&format!("a cat and a {word}"));
            assert!(
                !g.notices.iter().any(|n| matches!(n, GroundingNotice::Spelling { .. })),
                "{word}: {:?}",
                g.notices
            );
        }
    }

    #[test]
    fn what_a_character_is_like_is_no_character() {
        assert_eq!(grounded("a baby penguin sits").characters, [("penguin".to_string(), None)]);
        assert_eq!(grounded("two friends: a bear gives a rabbit a cake").characters.len(), 2);
        assert_eq!(grounded("a friend walks home").characters, [("boy".to_string(), None)]);
        assert_eq!(grounded("a pirate cat and a queen").characters.len(), 2);
    }

    #[test]
    fn the_third_character_is_left_out_by_name() {
        let g = grounded("a cat, a dog and a penguin");
        assert_eq!(g.characters.len(), 2);
        assert_eq!(g.notices, [GroundingNotice::TooManyCharacters { left_out: vec!["penguin".into()] }]);
    }

    #[test]
    fn emoji_phrases_and_inflections_are_words() {
        let g = grounded("🤖🎈 dancing UNDER THE SEA");
        assert_eq!(g.characters[0].0, "robot");
        assert_eq!((g.props, g.places, g.actions), (vec!["balloon".into()], vec!["sea".into()], vec!["dance".into()]));
    }

    #[test]
    fn ideas_that_hold_nothing_known_are_answered_not_refused() {
        for idea in ["¿¡", "إنسان يمشي", "qwzx vbnm", "🧿"] {
            let g = grounded(idea);
            assert!(g.notices.contains(&GroundingNotice::NothingUnderstood), "{idea}: {g:?}");
        }
    }

    #[test]
    fn a_long_idea_is_cut_with_a_notice() {
        let g = grounded(&"cat ".repeat(10_000));
        assert!(g.notices.contains(&GroundingNotice::Cut { words: 10_000 }));
        assert_eq!(g.characters.len(), 1);
    }
}
