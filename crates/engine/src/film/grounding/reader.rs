//! Reads an idea from left to right: noun phrases, with their colours and numbers, and the words between them.

mod nouns;
mod parts;
mod pictures;
mod verbs;

use kinora_models::video::layout::Vocabulary;

use super::cast::{Cast, Count};
use super::lexicon::{Entry, Kind, Lexicon};
use super::words::Word;
use super::{Grounded, GroundingNotice, slips};

/// The longest phrase of the lexicon, in words.
const MAX_PHRASE: usize = 4;
const DETERMINERS: [&str; 16] = [
    "a", "an", "the", "this", "that", "these", "those", "my", "your", "our", "his", "her", "its", "their", "another",
    "other",
];

/// What a word before a noun tells of it.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Determiner,
    Count(Count),
    Like,
    /// "mother" of "mother bear"
    Sort,
    Color(String),
}

/// Reads the words of one idea.
pub(super) struct Reader<'a> {
    lexicon: &'a Lexicon,
    vocabulary: &'a Vocabulary,
    words: Vec<Word>,
    at: usize,
    out: Grounded,
    cast: Cast,
    /// The noun phrase so far: what stands before its noun.
    before: Vec<(Part, String)>,
    unknown: Vec<String>,
    /// Colours that nobody can have.
    colors: Vec<String>,
    /// The next noun is only looked like.
    as_if: bool,
    /// The next character is only in a picture or a story.
    pictured: bool,
    /// The colour of "the blue one", who is not named yet.
    the_one: Option<String>,
    /// Kinds and first names that the idea has, and whether it names anybody at all.
    named: usize,
    names: usize,
    anybody: bool,
    /// Somebody reads, and so there is a book.
    reads: bool,
    /// A character plays the part of a thing.
    plays: bool,
    /// Where the film is if the idea names no place: the place, and the thing that stands there.
    scene: Option<(String, String)>,
    /// The next noun is one, whatever its number: "the king of the penguins".
    single: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        lexicon: &'a Lexicon,
        vocabulary: &'a Vocabulary,
        words: Vec<Word>,
        notices: Vec<GroundingNotice>,
    ) -> Self {
        let of = |w: &Word, kinds: &[Kind]| {
            lexicon.get(&w.text).filter(|e| kinds.contains(&e.kind) && e.kind.is_known_to(vocabulary, e.concept))
        };
        let named = words.iter().filter(|w| of(w, &[Kind::Character]).is_some()).count();
        let names = words.iter().filter(|w| of(w, &[Kind::Name]).is_some()).count();
        let anybody = words.iter().any(|w| of(w, &[Kind::Character, Kind::Vague, Kind::Name]).is_some());
        Self {
            lexicon,
            vocabulary,
            words,
            at: 0,
            out: Grounded { notices, ..Grounded::default() },
            cast: Cast::default(),
            before: Vec::new(),
            unknown: Vec::new(),
            colors: Vec::new(),
            as_if: false,
            pictured: false,
            the_one: None,
            named,
            names,
            anybody,
            reads: false,
            plays: false,
            scene: None,
            single: false,
        }
    }

    pub(super) fn read(mut self) -> Grounded {
        while self.at < self.words.len() {
            self.step();
        }
        self.flush();
        self.at_scene();
        if self.reads {
            add(&mut self.out.props, "book");
        }
        self.snow_falls_elsewhere();
        let Self { mut out, cast, unknown, colors, .. } = self;
        if !colors.is_empty() {
            out.notices.push(GroundingNotice::ColorOfThing { words: colors });
        }
        let told = cast.finish(&mut out.notices);
        (out.characters, out.sizes, out.idea) = (told.characters, told.sizes, told.idea);
        if out.understood_nothing() {
            out.notices.push(GroundingNotice::NothingUnderstood);
        } else if !unknown.is_empty() {
            out.notices.push(GroundingNotice::Unknown { words: unknown });
        }
        out
    }

    /// The longest phrase at `at` that the lexicon has: how many words, and the entry where the world knows it.
    fn phrase(&self, at: usize) -> (usize, Option<&'a Entry>) {
        let rest = self.words.get(at..).unwrap_or_default();
        let whole = rest.iter().skip(1).position(|w| w.pause).map_or(rest.len(), |n| n + 1).min(MAX_PHRASE);
        let found = (1..=whole).rev().find_map(|n| {
            let words: Vec<&str> = rest.iter().take(n).map(|w| w.text.as_str()).collect();
            self.lexicon.get(&words.join(" ")).map(|entry| (n, entry))
        });
        match found {
            Some((n, entry)) => (n, Some(entry).filter(|e| e.kind.is_known_to(self.vocabulary, e.concept))),
            None => (1, None),
        }
    }

    fn text(&self, at: usize, len: usize) -> String {
        let words: Vec<&str> = self.words.iter().skip(at).take(len).map(|w| w.text.as_str()).collect();
        words.join(" ")
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.words.get(at).is_some_and(|w| w.text == word)
    }

    /// "a cat called …"
    fn is_called(&self) -> bool {
        matches!(self.cast.last_word(), Some("named" | "called"))
    }

    /// "Lily" of "Lily the rabbit"
    fn is_title(&self) -> bool {
        self.is(self.at, "the") && self.noun(self.at + 1) == Some(Kind::Character)
    }

    /// The kind of the noun that a noun phrase reaches from `at` on, over what may stand before it.
    fn noun(&self, mut at: usize) -> Option<Kind> {
        loop {
            if self.words.get(at)?.pause {
                return None;
            }
            let (len, entry) = self.phrase(at);
            let kind = entry?.kind;
            match kind {
                Kind::Color | Kind::Mood | Kind::Like | Kind::Count => at += len,
                // "by the sea" is no noun that a phrase can end with
                _ if len > 1 && self.lexicon.get(&self.text(at, 1)).is_some_and(|e| e.kind == Kind::Known) => {
                    return None;
                }
                Kind::Character | Kind::Vague | Kind::Prop | Kind::Place | Kind::Worn => return Some(kind),
                _ => return None,
            }
        }
    }

    fn step(&mut self) {
        if self.words.get(self.at).is_some_and(|w| w.pause) {
            self.flush();
        }
        let (len, entry) = self.phrase(self.at);
        let phrase = self.text(self.at, len);
        self.at += len;
        if DETERMINERS.contains(&phrase.as_str()) {
            // "his" after "the" begins no new phrase, but "that the" does
            if phrase != "other" && !self.before.is_empty() {
                self.flush();
            }
            if phrase == "that" && self.noun(self.at).is_none() {
                return self.cast.word(phrase);
            }
            return self.before.push((Part::Determiner, phrase));
        }
        if self.shows(&phrase) {
            return;
        }
        let Some(entry) = entry else { return self.unknown(phrase) };
        if matches!(self.phrase(self.at), (_, Some(Entry { kind: Kind::Color, .. })))
            && matches!(phrase.as_str(), "light" | "dark" | "bright" | "pale" | "deep" | "hot" | "neon")
        {
            return;
        }
        let concept = entry.concept.to_string();
        match entry.kind {
            Kind::Color => {
                self.before.push((Part::Color(concept), phrase));
            }
            Kind::Count => {
                let count = match entry.concept {
                    "one" => Count::One,
                    "two" => Count::Two,
                    _ => Count::Many,
                };
                self.before.push((Part::Count(count), phrase));
            }
            Kind::Like => self.before.push((Part::Like, phrase)),
            // "lost his balloon"
            Kind::Mood if phrase == "lost" && self.is_determiner(self.at) => {
                add(&mut self.out.actions, "look");
                self.flush();
                self.cast.word("loses");
            }
            Kind::Mood => {
                add(&mut self.out.moods, &concept);
                self.before.push((Part::Like, entry.words().unwrap_or(phrase)));
            }
            Kind::Character | Kind::Vague | Kind::Name | Kind::Pronoun => self.someone(entry, phrase),
            Kind::Prop | Kind::Place => self.thing(entry, phrase, len),
            // "a rain cloud"
            Kind::Weather | Kind::Scene if self.is_of_noun(entry.kind) => {}
            Kind::Scene => {
                if !self.plays_part(Some(entry), &phrase) {
                    self.before.clear();
                    self.cast.drop_leads();
                    self.scenery(entry.concept, &phrase);
                }
            }
            Kind::Worn => self.worn(phrase),
            Kind::Not => self.not(),
            Kind::As => {
                self.flush();
                self.cast.drop_before_not();
                self.as_if = true;
            }
            Kind::Action => self.action(entry, phrase),
            Kind::Time if self.plays_part(Some(entry), &phrase) => {}
            Kind::Time | Kind::Weather => {
                self.nearest(entry, &phrase);
                // "white snow falls"
                self.flush_before(entry.concept);
                if entry.kind == Kind::Time && !self.out.times.is_empty() && self.travels() {
                    self.cast.drop_leads();
                    return add(&mut self.out.times, &concept);
                }
                let list = if entry.kind == Kind::Time { &mut self.out.times } else { &mut self.out.weathers };
                add(list, &concept);
                self.cast.word(match entry.words() {
                    Some(read) => read,
                    None if entry.nearest || !phrase.is_ascii() => concept,
                    None => phrase,
                });
            }
            Kind::Known | Kind::Several | Kind::Foreign => self.known(phrase),
        }
    }

    fn known(&mut self, phrase: String) {
        // "a black and white cat", "the cat is black and white"
        let color = |(part, _): &(Part, String)| matches!(part, Part::Color(_));
        if phrase == "and"
            && self.before.last().is_some_and(color)
            && matches!(self.phrase(self.at), (_, Some(Entry { kind: Kind::Color, .. })))
        {
            return;
        }
        // "flies like a bird"
        let acts = |w: &str| self.lexicon.get(w).is_some_and(|e| e.kind == Kind::Action);
        if phrase == "like"
            && (self.is(self.at, "a") || self.is(self.at, "an"))
            && self.cast.last_word().is_some_and(acts)
        {
            self.as_if = true;
            return;
        }
        self.flush();
        // "the blue one is a cat"
        if self.the_one.is_none() || !matches!(phrase.as_str(), "is" | "are" | "was") {
            self.cast.word(phrase);
        }
    }

    /// The words before a noun that did not come: colours belong to who was named before.
    fn flush(&mut self) {
        self.flush_before("");
    }

    /// The same before `concept`, which may have the colour by itself.
    fn flush_before(&mut self, concept: &str) {
        let before = std::mem::take(&mut self.before);
        let article =
            before.iter().any(|(part, text)| *part == Part::Determiner && matches!(text.as_str(), "a" | "an" | "the"));
        if let [.., (Part::Color(color), _), (Part::Count(Count::One), _)] = before.as_slice() {
            self.the_one = Some(color.clone());
            return;
        }
        // "two birds, one red and one blue"
        if let [(Part::Count(Count::One) | Part::Determiner, _), (Part::Color(color), _)] = before.as_slice()
            && !article
            && self.cast.color_one(color)
        {
            return;
        }
        let mut colored = false;
        for (part, text) in before {
            match part {
                Part::Color(color) if self.lexicon.owns(concept, &color) => {}
                Part::Color(color) => match self.lexicon.thing(&text).filter(|_| article) {
                    Some(prop) => {
                        self.out.notices.push(GroundingNotice::Nearest { word: text, concept: prop.to_string() });
                        add(&mut self.out.props, prop);
                        self.cast.word(prop);
                    }
                    None if !colored && self.cast.color_last(&color) => {
                        colored = true;
                        self.nearest_of(&text);
                    }
                    None => add(&mut self.colors, &text),
                },
                Part::Count(Count::Two | Count::Many) if article || text.starts_with(|c: char| c.is_ascii_digit()) => {}
                _ => self.cast.word(text),
            }
        }
    }

    /// Says which colour is taken for one that the world does not have.
    fn nearest_of(&mut self, color: &str) {
        if let Some(entry) = self.lexicon.get(color) {
            self.nearest(entry, color);
        }
    }

    fn nearest(&mut self, entry: &Entry, phrase: &str) {
        let notice = GroundingNotice::Nearest { word: phrase.to_string(), concept: entry.concept.to_string() };
        if entry.nearest && !self.out.notices.contains(&notice) {
            self.out.notices.push(notice);
        }
    }

    /// Whether a noun phrase goes on with another noun: "a rain cloud", "the lighthouse keeper".
    fn is_of_noun(&self, kind: Kind) -> bool {
        let indefinite = |(part, text): &(Part, String)| {
            *part == Part::Determiner && (kind == Kind::Scene || matches!(text.as_str(), "a" | "an"))
        };
        let noun = matches!(self.phrase(self.at).1, Some(Entry { kind: Kind::Character | Kind::Prop, .. }));
        noun && self.before.iter().any(indefinite) && self.words.get(self.at).is_some_and(|w| !w.pause)
    }

    /// What `phrase` names is not in the film.
    fn leave_out(&mut self, phrase: &str) {
        self.before.clear();
        self.cast.drop_leads();
        add(&mut self.unknown, phrase);
    }

    fn is_determiner(&self, at: usize) -> bool {
        self.words.get(at).is_some_and(|w| !w.pause && DETERMINERS.contains(&w.text.as_str()))
    }

    fn unknown(&mut self, phrase: String) {
        if self.plays_part(None, &phrase) {
            return;
        }
        let called = self.is_called() && self.before.is_empty();
        let title = self.is_title();
        // "my cat Whiskers"
        let called = called
            || self.words.get(self.at - 1).is_some_and(|w| w.name && !w.pause)
                && self.before.is_empty()
                && self.cast.last_word().is_none();
        if !called && !title && !phrase.chars().all(char::is_numeric) {
            add(&mut self.unknown, &phrase);
        }
        // the text model has seen slips, too
        if !title && self.lexicon.get(&phrase).is_none() && slips::resembles(self.lexicon, &phrase) {
            if !self.before.is_empty() && self.noun(self.at).is_some() {
                return self.before.push((Part::Like, phrase));
            }
            for (_, text) in std::mem::take(&mut self.before) {
                self.cast.word(text);
            }
            return self.cast.word(phrase);
        }
        // "a fluffy cat": the word says what the noun is like
        if !self.before.is_empty() && self.noun(self.at).is_some() || title {
            return;
        }
        self.before.clear();
        self.as_if = false;
        self.cast.drop_leads();
    }

    /// "a snowy forest", "a city in winter": the place is another, and it snows there.
    fn snow_falls_elsewhere(&mut self) {
        let snow = "snow".to_string();
        let places = &mut self.out.places;
        if places.len() < 2 || self.out.journey || !places.contains(&snow) || !self.vocabulary.weather.contains(&snow) {
            return;
        }
        places.retain(|place| *place != snow);
        add(&mut self.out.weathers, &snow);
    }
}

fn add(list: &mut Vec<String>, word: &str) {
    if !list.iter().any(|known| known == word) {
        list.push(word.to_string());
    }
}
