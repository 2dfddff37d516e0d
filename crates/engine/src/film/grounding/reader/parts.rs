//! Things that act: where an idea names nobody who could, a character of the world plays the part of its first thing.

use super::super::GroundingNotice;
use super::super::cast::at_place;
use super::super::lexicon::{Entry, Kind};
use super::{Reader, add};

/// Words that lead to a noun that does nothing by itself, or that follow one.
const BESIDE: &str = " in on at by to with from into inside onto under over near next through across behind between for like \
                      and or as up without about of ";

fn is_beside(word: &str) -> bool {
    BESIDE.contains(&format!(" {word} "))
}

impl Reader<'_> {
    /// Reads the thing `phrase`, which stands before `self.at`, as somebody; false where it is none.
    pub(super) fn plays_part(&mut self, entry: Option<&Entry>, phrase: &str) -> bool {
        let word = self.lexicon.base(phrase);
        // "a shooting star"
        let noun = word.split(' ').next_back().unwrap_or("");
        let Some(role) = self.lexicon.part(noun).filter(|role| Kind::Character.is_known_to(self.vocabulary, role))
        else {
            return false;
        };
        let is_there = entry.is_some_and(|e| !e.nearest && e.kind != Kind::Scene);
        if self.plays {
            let acts = |w: &str| self.lexicon.get(w).is_some_and(|e| e.kind == Kind::Action);
            if is_there && entry.is_some_and(|e| e.kind == Kind::Prop)
                || !self.cast.last_word().is_some_and(|w| w == "and" || acts(w))
            {
                return false;
            }
        } else {
            // what the world has, and what grows or shines, may only be there
            let made = !is_there && role == "robot";
            let somebody = self.named + self.names > 0 || !self.cast.members.is_empty();
            if somebody || !self.is_subject() || !made && !self.acts() {
                return false;
            }
        }
        (self.plays, self.anybody) = (true, true);
        self.named += 1;
        self.out.notices.push(GroundingNotice::Plays { word: phrase.to_string(), concept: role.to_string() });
        let (count, determiner) = (self.count(phrase), self.determiner());
        self.name(role.to_string(), phrase.to_string(), count, determiner, true);
        match entry {
            Some(entry) if entry.kind == Kind::Prop && is_there => {
                add(&mut self.out.props, entry.concept);
                self.out.stars_prop = true;
                self.cast.word(format!("with a {}", entry.concept));
            }
            Some(entry) if entry.kind == Kind::Scene => self.scenery(entry.concept, &word),
            Some(entry) if entry.kind == Kind::Time => add(&mut self.out.times, entry.concept),
            Some(_) if word == "moon" => add(&mut self.out.times, "night"),
            Some(entry) if entry.kind == Kind::Place && entry.nearest => self.scenery(entry.concept, &word),
            _ => {}
        }
        true
    }

    /// Whether the sentence begins with what is at hand.
    fn is_subject(&self) -> bool {
        let last = self.cast.last_word();
        if !self.out.actions.is_empty() {
            // "explained by a mushroom"
            return last == Some("by") && !self.before.is_empty();
        }
        !last.is_some_and(|w| is_beside(w) && !matches!(w, "about" | "of" | "and"))
    }

    /// Whether what follows the noun says what it does.
    fn acts(&self) -> bool {
        if self.cast.last_word() == Some("by") {
            return true;
        }
        let Some(next) = self.words.get(self.at).filter(|w| !w.pause) else { return false };
        // "the sun and the moon"
        if next.text == "and" {
            let at = self.at + 1 + usize::from(self.is_determiner(self.at + 1));
            let thing = self.phrase(at).1.is_some_and(|e| e.kind != Kind::Prop);
            return thing && self.words.get(at).is_some_and(|w| self.lexicon.part(&w.text).is_some());
        }
        let (len, entry) = self.phrase(self.at);
        match entry.map(|entry| entry.kind) {
            Some(Kind::Action | Kind::Not) => true,
            // "falls in love"
            Some(Kind::Mood) => len > 1,
            Some(Kind::Known) => !is_beside(&next.text),
            Some(_) => false,
            None => next.text.ends_with('s') || next.text.ends_with("ed"),
        }
    }

    /// What is seen only as a place: the film is there where the idea names no other.
    pub(super) fn scenery(&mut self, place: &str, word: &str) {
        if self.scene.is_none() {
            self.scene = Some((place.to_string(), word.to_string()));
        }
    }

    /// The place of a film whose idea names none but by what stands there.
    pub(super) fn at_scene(&mut self) {
        let Some((place, word)) = self.scene.take() else { return self.at_home() };
        let played = self.out.notices.iter().any(|n| matches!(n, GroundingNotice::Plays { word: w, .. } if *w == word));
        if !self.out.places.is_empty() {
            if !played {
                add(&mut self.unknown, &word);
            }
            return;
        }
        if !played {
            self.out.notices.push(GroundingNotice::Nearest { word, concept: place.clone() });
        }
        self.cast.word(at_place(&place));
        add(&mut self.out.places, &place);
    }

    /// The place of a film whose idea names none: where somebody lives who is played by the nearest character.
    fn at_home(&mut self) {
        if !self.out.places.is_empty() {
            return;
        }
        let outside = self.out.weathers.iter().any(|weather| weather != "clear");
        let fits = |place: &&str| !outside || !matches!(*place, "classroom" | "sea" | "moon");
        let known = |place: &&str| Kind::Place.is_known_to(self.vocabulary, place);
        let mut homes = self.cast.members.iter().filter(|m| m.nearest).filter_map(|m| self.lexicon.home(&m.word));
        let Some(place) = homes.find(|place| fits(place) && known(place)) else { return };
        self.cast.word(at_place(place));
        add(&mut self.out.places, place);
    }
}
