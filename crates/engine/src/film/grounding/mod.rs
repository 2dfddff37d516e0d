//! Grounding: the words of an idea become concepts of the video model at hand, and nothing that changes the picture is
//! dropped without a word. Today a lexicon with synonyms and "nearest" words, and a reader of noun phrases; the interface is
//! [`ground`] alone.

mod cast;
mod lexicon;
mod reader;
mod words;

use kinora_models::video::layout::Vocabulary;

pub(super) use cast::{articles, plural};
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
    pub places: Vec<String>,
    pub times: Vec<String>,
    pub weathers: Vec<String>,
    pub actions: Vec<String>,
    pub props: Vec<String>,
    pub moods: Vec<String>,
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
        let read = strange.then(|| lexicon.respell(&word.text)).flatten();
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
mod tests {
    use super::super::cartoon_vocabulary;
    use super::*;

    fn grounded(idea: &str) -> Grounded {
        ground(idea, &cartoon_vocabulary())
    }

    fn cast(idea: &str) -> Vec<String> {
        let name = |(kind, color): (String, Option<String>)| color.map(|c| format!("{c} ")).unwrap_or_default() + &kind;
        grounded(idea).characters.into_iter().map(name).collect()
    }

    fn codes(idea: &str) -> Vec<&'static str> {
        grounded(idea).notices.iter().map(GroundingNotice::code).collect()
    }

    #[test]
    fn several_of_a_kind_are_two() {
        assert_eq!(cast("two cats"), ["cat", "cat"]);
        assert_eq!(cast("dogs running"), ["dog", "dog"]);
        assert_eq!(
            (cast("three red bears"), codes("three red bears")),
            (vec!["red bear".into(); 2], vec!["fewer_shown"])
        );
        assert_eq!(
            (cast("dogs and a cat"), codes("dogs and a cat")),
            (vec!["dog".into(), "cat".into()], vec!["fewer_shown"])
        );
        assert_eq!(grounded("a pair of penguins dance").idea, "two penguins dance");
        assert_eq!(codes("three balloons and a cat"), ["fewer_shown"]);
    }

    #[test]
    fn another_one_of_a_kind_is_another() {
        assert_eq!(cast("a red cat and a blue cat"), ["red cat", "blue cat"]);
        assert_eq!(cast("a robot meets another robot"), ["robot", "robot"]);
        assert_eq!(cast("a girl and her sister"), ["girl", "girl"]);
        assert_eq!(cast("a prince and the knight"), ["boy", "boy"]);
        assert_eq!(cast("father bear, mother bear and baby bear"), ["bear", "bear"]);
        assert_eq!(cast("a kitten sleeps and then the cat jumps"), ["cat"]);
        assert_eq!(cast("a cat runs. The cat jumps"), ["cat"]);
        assert_eq!(cast("a robot and his friend"), ["robot", "robot"]);
        assert_eq!(grounded("a mother bear and her cub walk").idea, "two bears walk");
    }

    #[test]
    fn a_colour_is_of_whom_it_is_said() {
        assert_eq!(cast("a red ball and a cat"), ["cat"]);
        assert_eq!(codes("a red ball and a cat"), ["color_of_thing"]);
        assert_eq!(cast("a cat that is blue jumps"), ["blue cat"]);
        assert_eq!(cast("a dragon, green, and a bird, yellow"), ["green dragon", "yellow bird"]);
        assert_eq!(cast("a girl in a red dress and a boy"), ["red girl", "boy"]);
        assert_eq!(cast("the blue one is a cat, the red one is a dog"), ["blue cat", "red dog"]);
        assert_eq!(cast("the sea is blue and a fish swims"), ["fish"]);
        assert_eq!(cast("a reddish cat and a dark green dog"), ["red cat", "green dog"]);
        assert_eq!(grounded("a cat that is orange jumps").idea, "an orange cat jumps");
        assert_eq!(grounded("a robot eats an orange").props, ["apple"]);
        assert!(grounded("a light blue robot").props.is_empty() && grounded("a dark blue robot").times.is_empty());
    }

    #[test]
    fn what_is_denied_or_only_looked_like_is_not_there() {
        assert_eq!(cast("a cat, not a dog"), ["cat"]);
        assert_eq!(cast("a dog dressed as a ghost"), ["dog"]);
        assert_eq!(cast("a cat who thinks it is a dog"), ["cat"]);
        assert!(grounded("a robot without a book").props.is_empty());
        assert!(grounded("no rain, just a fish").weathers.is_empty());
        assert_eq!(grounded("a dragon who can't fly walks").actions, ["walk"]);
        assert_eq!(grounded("a dragon who can't fly walks").idea, "a dragon walks");
    }

    #[test]
    fn names_and_pronouns_are_people_where_nobody_else_is_named() {
        assert_eq!(cast("Tom and Anna walk"), ["boy", "girl"]);
        assert_eq!(cast("Tom and his dog"), ["boy", "dog"]);
        assert_eq!(cast("Lily the rabbit meets a bear called Max"), ["rabbit", "bear"]);
        assert_eq!(cast("she dances"), ["girl"]);
        assert_eq!(cast("they dance"), ["boy", "girl"]);
        assert_eq!(cast("a cat is happy and she dances"), ["cat"]);
        assert_eq!(cast("the girl's dog in the king's castle"), ["girl", "dog"]);
        assert_eq!(codes("my cat Whiskers sleeps"), [""; 0]);
    }

    #[test]
    fn what_the_world_does_not_have_leads_nobody_astray() {
        assert_eq!(grounded("a cat and its shadow").idea, "a cat");
        assert_eq!(grounded("a fluffy zorgy cat sits on a plonk in the park").idea, "a fluffy cat sits in the park");
        assert_eq!(grounded("it is raining and the dog is sad").idea, "in the rain the dog is sad");
    }

    #[test]
    fn the_moon_in_the_sky_and_snow_on_the_trees_are_no_places() {
        let g = grounded("a dog looks at the moon");
        assert_eq!((g.places, g.times), (vec![], vec!["night".to_string()]));
        let g = grounded("a cat in the snowy forest");
        assert_eq!((g.places, g.weathers), (vec!["forest".to_string()], vec!["snow".to_string()]));
    }

    #[test]
    fn a_journey_comes_to_its_places_in_their_order() {
        let g = grounded("a cat goes from the city to the beach");
        assert_eq!((g.journey, &g.places[..]), (true, &["city".to_string(), "beach".to_string()][..]));
        assert_eq!([0, 1, 2].map(|at| g.stop(at, 3).0.unwrap().as_str()), ["city", "city", "beach"]);
        assert_eq!(g.idea, "a cat goes in the city");
        let g = grounded("a girl on a farm by the sea");
        assert_eq!((g.journey, g.stop(0, 3)), (false, (None, None)));
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
        assert_eq!(
            (cast("a hapy brid"), cast("a robt"), cast("the cat Robt")),
            (vec!["bird".into()], vec!["robot".into()], vec!["cat".into()])
        );
        assert_eq!(
            (cast("an urple cat"), grounded("a lanter").props),
            (vec!["purple cat".into()], vec!["lantern".into()])
        );
        // too short to tell: left to the text model
        assert_eq!(grounded("a pink ird runs").idea, "a pink ird runs");
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
    fn no_order_of_known_words_is_too_much() {
        let vocabulary = cartoon_vocabulary();
        let known =
            include_str!("lexicon.txt").lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once(':'));
        let mut words: Vec<String> =
            known.flat_map(|(_, words)| words.split_whitespace()).map(|w| w.replace(['~', '_'], " ")).collect();
        words.extend(["zorgy", "Ziggy", "7", ",", ".", "'s", "-"].map(str::to_string));
        let mut state = 1u64;
        let mut next = |n: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % n
        };
        for _ in 0..2_000 {
            let idea: Vec<&str> = (0..1 + next(12)).map(|_| words[next(words.len())].trim()).collect();
            let idea = idea.join(" ");
            let g = ground(&idea, &vocabulary);
            assert!(g.characters.len() <= 2 && !g.idea.contains("  "), "{idea}: {g:?}");
        }
    }

    #[test]
    fn a_long_idea_is_cut_with_a_notice() {
        let g = grounded(&"cat ".repeat(10_000));
        assert!(g.notices.contains(&GroundingNotice::Cut { words: 10_000 }));
        assert_eq!(g.characters.len(), 1);
    }
}
