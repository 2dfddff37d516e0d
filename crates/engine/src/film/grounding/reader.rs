//! Reads an idea from left to right: noun phrases, with their colours and numbers, and the words between them.

mod nouns;

use kinora_models::video::layout::Vocabulary;

use super::cast::{Cast, Count};
use super::lexicon::{Entry, Kind, Lexicon};
use super::words::Word;
use super::{Grounded, GroundingNotice};

/// The longest phrase of the lexicon, in words.
const MAX_PHRASE: usize = 4;
/// How far a "not" reaches, in words.
const NOT_REACHES: usize = 6;

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
    /// The colour of "the blue one", who is not named yet.
    the_one: Option<String>,
    /// Kinds that the idea names, and whether it names anybody at all.
    named: usize,
    anybody: bool,
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
            the_one: None,
            named,
            anybody,
        }
    }

    pub(super) fn read(mut self) -> Grounded {
        while self.at < self.words.len() {
            self.step();
        }
        self.flush();
        self.snow_falls_elsewhere();
        let Self { mut out, cast, unknown, colors, .. } = self;
        if !colors.is_empty() {
            out.notices.push(GroundingNotice::ColorOfThing { words: colors });
        }
        (out.characters, out.idea) = cast.finish(&mut out.notices);
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
        let Some(entry) = entry else { return self.unknown(phrase) };
        if matches!(self.phrase(self.at), (_, Some(Entry { kind: Kind::Color, .. })))
            && matches!(phrase.as_str(), "light" | "dark" | "bright" | "pale" | "deep" | "hot" | "neon")
        {
            return;
        }
        let concept = entry.concept.to_string();
        match entry.kind {
            Kind::Color => {
                self.nearest(entry, &phrase);
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
            Kind::Mood => {
                add(&mut self.out.moods, &concept);
                self.before.push((Part::Like, entry.read.clone().unwrap_or(phrase)));
            }
            Kind::Character | Kind::Vague | Kind::Name | Kind::Pronoun => self.someone(entry, phrase),
            Kind::Prop | Kind::Place => self.thing(entry, phrase, len),
            Kind::Worn => {
                for (part, _) in std::mem::take(&mut self.before) {
                    if let Part::Color(color) = part {
                        self.cast.dress_last(&color);
                    }
                }
                self.cast.drop_leads();
                add(&mut self.unknown, &phrase);
            }
            Kind::Not => self.not(),
            Kind::As => {
                self.flush();
                self.cast.drop_before_not();
                self.as_if = true;
            }
            Kind::Action => self.action(entry, phrase),
            Kind::Time | Kind::Weather => {
                self.nearest(entry, &phrase);
                self.flush();
                if entry.kind == Kind::Time && !self.out.times.is_empty() && self.travels() {
                    self.cast.drop_leads();
                    return add(&mut self.out.times, &concept);
                }
                let list = if entry.kind == Kind::Time { &mut self.out.times } else { &mut self.out.weathers };
                add(list, &concept);
                self.cast.word(match &entry.read {
                    Some(read) => read.clone(),
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
        let before = std::mem::take(&mut self.before);
        let article =
            before.iter().any(|(part, text)| *part == Part::Determiner && matches!(text.as_str(), "a" | "an" | "the"));
        if let [.., (Part::Color(color), _), (Part::Count(Count::One), _)] = before.as_slice() {
            self.the_one = Some(color.clone());
            return;
        }
        let mut colored = false;
        for (part, text) in before {
            match part {
                Part::Color(color) => match self.lexicon.thing(&text).filter(|_| article) {
                    Some(prop) => {
                        self.out.notices.push(GroundingNotice::Nearest { word: text, concept: prop.to_string() });
                        add(&mut self.out.props, prop);
                        self.cast.word(prop);
                    }
                    None if !colored && self.cast.color_last(&color) => colored = true,
                    None => add(&mut self.colors, &text),
                },
                Part::Count(Count::Two | Count::Many) if article => {}
                _ => self.cast.word(text),
            }
        }
    }

    fn nearest(&mut self, entry: &Entry, phrase: &str) {
        let notice = GroundingNotice::Nearest { word: phrase.to_string(), concept: entry.concept.to_string() };
        if entry.nearest && !self.out.notices.contains(&notice) {
            self.out.notices.push(notice);
        }
    }

    fn unknown(&mut self, phrase: String) {
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
        if !title && self.lexicon.get(&phrase).is_none() && self.lexicon.resembles(&phrase) {
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

    /// What follows a "not" is not in the film.
    fn not(&mut self) {
        self.flush();
        let (mut at, mut end) = (self.at, None);
        while at < self.words.len().min(self.at + NOT_REACHES) && (at == self.at || !self.words[at].pause) {
            let (len, entry) = self.phrase(at);
            if matches!(self.text(at, len).as_str(), "and" | "but" | "or" | "just" | "then") {
                break;
            }
            at += len;
            match entry.map(|e| e.kind) {
                None | Some(Kind::Known | Kind::Like | Kind::Count) => {}
                Some(Kind::Color | Kind::Mood) => end = Some(at).filter(|_| self.noun(at).is_none()),
                Some(_) => end = Some(at),
            }
            if end.is_some() {
                break;
            }
        }
        if let Some(end) = end {
            self.cast.drop_before_not();
            self.at = end;
        }
    }

    fn action(&mut self, entry: &Entry, phrase: String) {
        self.nearest(entry, &phrase);
        add(&mut self.out.actions, entry.concept);
        // "a sleeping bear"
        if phrase.ends_with("ing") && !self.before.is_empty() && self.noun(self.at) == Some(Kind::Character) {
            return self.before.push((Part::Like, phrase));
        }
        self.flush();
        // "plays football": there is a ball
        for word in phrase.split(' ').skip(1) {
            if let Some(prop) = self.lexicon.get(word).filter(|e| e.kind == Kind::Prop && !e.nearest) {
                add(&mut self.out.props, prop.concept);
            }
        }
        let phrase = if phrase.is_ascii() { phrase } else { entry.concept.to_string() };
        self.cast.word(entry.read.clone().unwrap_or(phrase));
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
