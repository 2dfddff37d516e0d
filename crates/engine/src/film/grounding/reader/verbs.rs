//! The verbs of an idea: what is done, what is not, and what is only asked of the film.

use super::super::lexicon::{Entry, Kind};
use super::{Part, Reader, add};

/// How far a "not" reaches, in words.
const NOT_REACHES: usize = 6;

impl Reader<'_> {
    /// What follows a "not" is not in the film.
    pub(super) fn not(&mut self) {
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

    pub(super) fn action(&mut self, entry: &Entry, phrase: String) {
        if self.is_asked(&phrase) {
            return self.known(phrase);
        }
        self.nearest(entry, &phrase);
        add(&mut self.out.actions, entry.concept);
        // "a sleeping bear"
        if phrase.ends_with("ing") && !self.before.is_empty() && self.noun(self.at) == Some(Kind::Character) {
            return self.before.push((Part::Like, phrase));
        }
        self.flush();
        if self.lexicon.base(&phrase) == "read" {
            self.reads = true;
        }
        // "tells a story about a bear"
        if let Some((_, told)) = phrase.rsplit_once(' ') {
            self.shows(told);
        }
        // "plays football": there is a ball
        for word in phrase.split(' ').skip(1) {
            if let Some(prop) = self.lexicon.get(word).filter(|e| e.kind == Kind::Prop && !e.nearest) {
                add(&mut self.out.props, prop.concept);
            }
        }
        let phrase = if phrase.is_ascii() { phrase } else { entry.concept.to_string() };
        self.cast.word(entry.read.clone().unwrap_or(phrase));
    }

    /// "draw a cat", "I want to see a cat", "learns to dance": what is asked of the film, or of somebody before an action.
    fn is_asked(&self, phrase: &str) -> bool {
        let of_us = matches!(phrase, "draw" | "paint" | "write" | "see" | "watch" | "tell");
        let somebody = self.anybody || self.words.get(self.at).is_some_and(|w| self.lexicon.part(&w.text).is_some());
        of_us && somebody && self.cast.members.is_empty() && self.out.actions.is_empty()
            || self.lexicon.base(phrase) == "learn" && self.is(self.at, "to")
    }
}
