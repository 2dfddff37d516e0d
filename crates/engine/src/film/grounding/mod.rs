//! Grounding: the words of an idea become concepts of the video model at hand, and nothing that changes the picture is
//! dropped without a word. Today a lexicon with synonyms and "nearest" words, and a reader of noun phrases; the interface is
//! [`ground`] alone.

mod cast;
mod lexicon;
mod reader;
mod slips;
mod words;

use kinora_models::video::layout::Vocabulary;

use super::Size;

pub(super) use cast::{articles, at_place, plural};
use lexicon::Lexicon;
use reader::Reader;
use words::{together, words};

/// An idea longer than this many words is cut, with a notice: the text model's context holds a script as well.
pub const MAX_WORDS: usize = 60;

/// What was understood of an idea.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grounded {
    /// The idea as the text model reads it: known synonyms and nearest words replaced by the concept's name, and without
    /// what the world does not have.
    pub idea: String,
    /// Characters in order of appearance, each with its colour when one was named for it. At most two, which may be of one
    /// kind.
    pub characters: Vec<(String, Option<String>)>,
    /// How tall each of them is, where the idea says so.
    pub sizes: Vec<Option<Size>>,
    pub places: Vec<String>,
    pub times: Vec<String>,
    pub weathers: Vec<String>,
    pub actions: Vec<String>,
    pub props: Vec<String>,
    pub moods: Vec<String>,
    /// The first prop is what the film is about, and stands in every shot.
    pub stars_prop: bool,
    /// The film goes through its places and times in their order.
    pub journey: bool,
    /// Sentences for the person: nearest things taken, words left out.
    pub notices: Vec<GroundingNotice>,
}

/// Why the film may differ from the words of the idea.
#[derive(Debug, Clone, PartialEq)]
pub enum GroundingNotice {
    /// The world has no `word`; `concept` plays its part.
    Nearest { word: String, concept: String },
    /// The thing `word` cannot act; `concept` plays its part.
    Plays { word: String, concept: String },
    /// `word` was read as another word, one letter away.
    Spelling { word: String, read: String },
    /// Words that the world does not know at all.
    Unknown { words: Vec<String> },
    /// More characters than a shot can hold; these were left out.
    TooManyCharacters { left_out: Vec<String> },
    /// More of a kind than fit, `shown` of them are there.
    Fewer { word: String, shown: usize },
    /// Colours of what has none to choose.
    ColorOfThing { words: Vec<String> },
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
            Self::Plays { .. } => "plays_part",
            Self::Spelling { .. } => "spelling",
            Self::Unknown { .. } => "unknown_words",
            Self::TooManyCharacters { .. } => "too_many_characters",
            Self::Fewer { .. } => "fewer_shown",
            Self::ColorOfThing { .. } => "color_of_thing",
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
            Self::Plays { word, concept } => {
                format!("Things do not act in this little world yet: a {concept} plays the part of “{word}”.")
            }
            Self::Spelling { word, read } => format!("“{word}” was read as “{read}”."),
            Self::Unknown { words } => {
                format!("Not in this little world yet, so the picture goes on without: {}.", quoted(words))
            }
            Self::TooManyCharacters { left_out } => {
                format!("A shot holds two characters; left out: {}.", quoted(left_out))
            }
            Self::Fewer { word, shown } => {
                let shown = if *shown == 1 { "one" } else { "two" };
                format!("A shot holds two characters and one thing: of “{word}” it shows {shown}.")
            }
            Self::ColorOfThing { words } => {
                format!("Only characters are coloured by words, with one colour; without: {}.", quoted(words))
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

/// Maps the words of `idea` to concepts that `vocabulary` holds, and says what it could not.
pub fn ground(idea: &str, vocabulary: &Vocabulary) -> Grounded {
    let lexicon = Lexicon::load();
    let mut notices = Vec::new();
    let mut words = words(idea);
    if words.len() > MAX_WORDS {
        notices.push(GroundingNotice::Cut { words: words.len() });
        words.truncate(MAX_WORDS);
    }
    for word in &mut words {
        let strange = !word.name && !lexicon.knows(&word.text);
        let read = strange.then(|| slips::respell(&lexicon, &word.text)).flatten();
        if let Some(read) = read {
            notices.push(GroundingNotice::Spelling { word: word.text.clone(), read: read.clone() });
            word.text = read;
        }
    }
    Reader::new(&lexicon, vocabulary, together(&lexicon, words), notices).read()
}

impl Grounded {
    /// The place and the time of shot `at` of `of` in a film that goes through several.
    pub(super) fn stop(&self, at: usize, of: usize) -> (Option<&String>, Option<&String>) {
        let stop = |list: &'_ [String]| (at * list.len()).checked_div(of).filter(|_| self.journey && list.len() > 1);
        (stop(&self.places).and_then(|i| self.places.get(i)), stop(&self.times).and_then(|i| self.times.get(i)))
    }

    fn understood_nothing(&self) -> bool {
        self.characters.is_empty()
            && [&self.places, &self.props, &self.actions, &self.times, &self.weathers, &self.moods]
                .iter()
                .all(|list| list.is_empty())
    }
}

#[cfg(test)]
mod tests;
