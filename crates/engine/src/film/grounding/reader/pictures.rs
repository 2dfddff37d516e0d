//! "X of Y": a statue of a cat shows a cat, the ghost of a pirate is a ghost, and the king of the penguins a penguin.

use super::super::GroundingNotice;
use super::super::cast::Piece;
use super::super::lexicon::Kind;
use super::{DETERMINERS, Part, Reader, add};

impl Reader<'_> {
    /// Reads what shows somebody or tells of somebody ("a statue of", "the tale of"), which ends before `self.at`; false
    /// where `phrase` does neither. Whom it shows is in the film only where nobody else is.
    pub(super) fn shows(&mut self, phrase: &str) -> bool {
        let word = if self.lexicon.lists("image", phrase) { phrase.to_string() } else { self.lexicon.base(phrase) };
        let (image, told) = (self.lexicon.lists("image", &word), self.lexicon.lists("told", &word));
        // a book is a thing as well
        if !image && !told && word != "book" {
            return false;
        }
        let of = self.words.get(self.at).is_some_and(|w| !w.pause && matches!(w.text.as_str(), "of" | "about"));
        let somebody = of && self.reaches_somebody(self.at + 1);
        if somebody && !self.cast.members.is_empty() {
            self.pictured = true;
            self.words.remove(self.at);
            return false;
        }
        if image && of || told && somebody {
            self.before.clear();
            self.cast.drop_leads();
            self.at += 1;
            if image {
                add(&mut self.unknown, phrase);
            }
            return true;
        }
        // "a painting" is no one who paints
        let noun = image && self.before.iter().any(|(part, _)| *part == Part::Determiner);
        if noun && self.lexicon.get(phrase).is_some_and(|e| e.kind == Kind::Action) {
            self.before.clear();
            self.cast.drop_leads();
            add(&mut self.unknown, phrase);
            return true;
        }
        false
    }

    /// Whether a noun phrase at `at`, with its article, names a character.
    fn reaches_somebody(&self, mut at: usize) -> bool {
        while self.words.get(at).is_some_and(|w| DETERMINERS.contains(&w.text.as_str())) {
            at += 1;
        }
        self.noun(at) == Some(Kind::Character)
    }

    /// "the ghost of a pirate", "the king of the penguins": of the noun `phrase` after an "of" and the one before it only one
    /// is meant. True where that is the first.
    pub(super) fn is_of_last(&mut self, kind: &str, phrase: &str) -> bool {
        let [.., Piece::Member { member, .. }, Piece::Word(of)] = self.cast.text.as_slice() else { return false };
        let (member, is_of) = (*member, of == "of");
        let Some(last) = self.cast.members.get(member).filter(|_| is_of) else { return false };
        let is_person = |kind: &str| matches!(kind, "girl" | "boy");
        let kin = self.lexicon.lists("kin", &last.word) && is_person(&last.kind);
        if last.kind == "ghost" || kin && is_person(kind) {
            self.before.clear();
            self.cast.drop_leads();
            add(&mut self.unknown, phrase);
            return true;
        }
        if kin {
            let word = last.word.clone();
            let said = |n: &GroundingNotice| matches!(n, GroundingNotice::Nearest { word: w, .. } if *w == word);
            self.out.notices.retain(|notice| !said(notice));
            self.cast.text.truncate(self.cast.text.len() - 2);
            if member + 1 == self.cast.members.len() {
                self.cast.members.pop();
            }
            self.before.retain(|(part, _)| !matches!(part, Part::Determiner | Part::Count(_)));
            self.before.insert(0, (Part::Determiner, "the".into()));
            self.before.push((Part::Sort, word));
            self.single = true;
        }
        false
    }
}
