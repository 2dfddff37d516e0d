//! The nouns of an idea: who it names, things and places.

use super::super::GroundingNotice;
use super::super::cast::{Count, Determiner, Named};
use super::super::lexicon::{Entry, Kind};
use super::super::words::Word;
use super::{DETERMINERS, Part, Reader, add};
use crate::film::pairs;
use crate::film::wording::third_person;

/// Things that are no things where somebody wears them.
const WORN: [&str; 3] = ["hat", "scarf", "crown"];

impl Reader<'_> {
    /// A noun that names a character, or might.
    pub(super) fn someone(&mut self, entry: &Entry, phrase: String) {
        let owner = phrase.ends_with("'s") || phrase.ends_with("’s");
        let beside = self.words.get(self.at).is_some_and(|w| !w.pause);
        // "a giant flower"
        if phrase == "giant" && self.noun(self.at).is_some() {
            return self.before.push((Part::Like, "huge".into()));
        }
        let person = |concept: &str| matches!(concept, "boy" | "girl");
        if let (_, Some(next)) = self.phrase(self.at)
            && entry.kind == Kind::Character
            && next.kind == Kind::Character
            && !(next.nearest && person(next.concept) && !person(entry.concept))
            && beside
            && !owner
            && (entry.nearest || !self.before.is_empty())
        {
            // "a robot dog", "baby penguin", "pirate cat": the first only says what kind of character the second is
            if !entry.nearest {
                let word = format!("{phrase} {}", self.text(self.at, 1));
                self.out.notices.push(GroundingNotice::Nearest { word, concept: next.concept.to_string() });
            }
            self.before.push((Part::Sort, phrase));
            return;
        }
        // "a robot gardener", "a fox detective": the second only says what the first does
        if let (len, Some(Entry { kind: Kind::Character, concept, nearest: true, .. })) = self.phrase(self.at)
            && entry.kind == Kind::Character
            && person(concept)
            && !person(entry.concept)
            && beside
            && !owner
        {
            let trade = self.text(self.at, len);
            add(&mut self.unknown, &trade);
            self.at += len;
        }
        // "the king's castle" shows no king
        let owned = owner && matches!(self.phrase(self.at), (_, Some(Entry { kind: Kind::Place, .. })));
        if self.as_if || self.pictured || owned {
            let and = self.is(self.at, "and") && self.noun(self.at + 1) == Some(Kind::Character);
            // "about knights and dragons"
            (self.as_if, self.pictured) = (false, self.pictured && and);
            if self.pictured {
                self.at += 1;
            }
            self.before.retain(|(part, _)| owned && *part == Part::Determiner);
            // "wanted to be a dancer"
            if let Some((verb, deed)) = self.lexicon.trade(&phrase)
                && deed.kind.is_known_to(self.vocabulary, deed.concept)
            {
                add(&mut self.out.actions, deed.concept);
                return self.cast.word(third_person(&verb));
            }
            return add(&mut self.unknown, &phrase);
        }
        if entry.kind == Kind::Character && self.is_of_last(entry.concept, &phrase) {
            return;
        }
        if entry.nearest && self.lexicon.lists("vehicle", &self.lexicon.base(&phrase)) && self.is_ridden() {
            return self.leave_out(&phrase);
        }
        let determiner = self.determiner();
        match entry.kind {
            // "a lily"
            Kind::Name if matches!(determiner, Determiner::Indefinite | Determiner::Definite) => {
                return self.unknown(phrase);
            }
            Kind::Name => {
                let behind = self.cast.last_word().is_none() && !self.cast.text.is_empty() && self.before.is_empty();
                let behind = behind && self.words.get(self.at - 1).is_some_and(|w| !w.pause);
                if self.is_called()
                    || self.is_title()
                    || behind
                    || self.noun(self.at) == Some(Kind::Character) && beside
                {
                    return self.cast.drop_leads();
                }
            }
            // "Captain Whiskers the cat"
            Kind::Character if entry.nearest && self.before.is_empty() && self.is_title_of_name() => {
                self.at += 1;
                return self.cast.drop_leads();
            }
            Kind::Vague if self.named == 1 && determiner == Determiner::Of && self.cast.members.len() == 1 => {
                let kind = self.cast.members[0].kind.clone();
                let count = Count::One;
                self.out.notices.push(GroundingNotice::Nearest { word: phrase.clone(), concept: kind.clone() });
                return self.name(kind, phrase, count, Determiner::Other, entry.nearest);
            }
            Kind::Character if determiner == Determiner::Of && self.is_family(&phrase) => {
                let kind = self.cast.members[0].kind.clone();
                let count = self.count(&phrase);
                return self.name(kind, phrase, count, Determiner::Other, false);
            }
            Kind::Vague if self.named > 0 => {
                self.before.clear();
                return self.cast.drop_leads();
            }
            Kind::Pronoun if self.anybody && !self.owns_somebody() => return self.known(phrase),
            Kind::Vague | Kind::Pronoun if self.lexicon.is_plural(&phrase) => {
                self.nearest(entry, &phrase);
                self.name("boy".into(), phrase.clone(), Count::One, Determiner::Indefinite, entry.nearest);
                self.cast.word("and");
                return self.name("girl".into(), phrase, Count::One, Determiner::Indefinite, entry.nearest);
            }
            _ => {}
        }
        self.nearest(entry, &phrase);
        let count = self.count(&phrase);
        let determiner = match (entry.kind, determiner) {
            (Kind::Name | Kind::Pronoun, Determiner::None) => Determiner::Definite,
            (_, determiner) => determiner,
        };
        self.name(entry.concept.to_string(), phrase, count, determiner, entry.nearest);
        if owner {
            match self.noun(self.at) {
                Some(Kind::Character) => self.cast.word("and"),
                Some(Kind::Prop) => self.cast.word("with"),
                _ => return,
            }
            self.before.push((Part::Determiner, "a".into()));
        }
    }

    /// "its mother", "her kittens" of an animal
    fn is_family(&self, phrase: &str) -> bool {
        let [one] = self.cast.members.as_slice() else { return false };
        self.lexicon.lists("family", &self.lexicon.base(phrase)) && !matches!(one.kind.as_str(), "boy" | "girl")
    }

    /// "she … her dog": somebody else than the dog.
    fn owns_somebody(&self) -> bool {
        let owns = |at: usize| (self.is(at, "his") || self.is(at, "her")) && self.noun(at + 1) == Some(Kind::Character);
        self.cast.members.is_empty() && (self.at..self.words.len()).any(owns)
    }

    /// Whether a name stands here, and then who bears it: "Whiskers the cat".
    fn is_title_of_name(&self) -> bool {
        let known = self.phrase(self.at).1.is_some_and(|e| e.kind != Kind::Name);
        !known && self.is(self.at + 1, "the") && self.noun(self.at + 2) == Some(Kind::Character)
    }

    /// How many the noun phrase names.
    pub(super) fn count(&mut self, phrase: &str) -> Count {
        let said = self.before.iter().filter_map(|(part, _)| match part {
            Part::Count(count) => Some(*count),
            _ => None,
        });
        let plural = self.lexicon.is_plural(phrase) && !std::mem::take(&mut self.single);
        match said.fold(Count::One, |a, b| if b > a { b } else { a }) {
            Count::One if plural => Count::Two,
            Count::Many | Count::Two if !plural && !phrase.ends_with("fish") => Count::One,
            count => count,
        }
    }

    /// "drives a car", "in a car": what carries somebody is not seen.
    fn is_ridden(&self) -> bool {
        let rides =
            |w: &str| matches!(self.lexicon.base(w).as_str(), "ride" | "drive" | "in" | "on" | "by" | "into" | "for");
        self.cast.last_word().is_some_and(rides)
    }

    pub(super) fn determiner(&self) -> Determiner {
        let says =
            |(part, text): &'_ (Part, String)| matches!(part, Part::Determiner | Part::Count(_)).then(|| text.clone());
        let words: Vec<String> = self.before.iter().filter_map(says).collect();
        Determiner::of(words.iter().map(String::as_str))
    }

    pub(super) fn name(&mut self, kind: String, phrase: String, count: Count, determiner: Determiner, nearest: bool) {
        let (mut color, mut likes, mut said, mut sort) = (None, Vec::new(), String::new(), None);
        for (part, text) in std::mem::take(&mut self.before) {
            match part {
                Part::Color(c) if color.as_ref().is_none_or(|known| *known == c) => {
                    self.nearest_of(&text);
                    color = Some(c);
                }
                Part::Color(_) => add(&mut self.colors, &text),
                Part::Like => likes.push(text),
                Part::Sort => sort = Some(text),
                Part::Count(_) => said = format!("{text} "),
                Part::Determiner => {}
            }
        }
        let said = format!("{said}{phrase}");
        let word = self.lexicon.base(&phrase);
        color = color.or(self.the_one.take());
        let known = |color: &&str| self.vocabulary.color.iter().any(|c| c == color);
        let tint = self.lexicon.tint(&word).filter(|_| nearest).filter(known).map(str::to_string);
        self.cast.name(Named { kind, color, tint, word, said, likes, sort, count, nearest }, determiner);
    }

    /// A prop or a place, which has no colour to choose.
    pub(super) fn thing(&mut self, entry: &Entry, phrase: String, len: usize) {
        if self.as_if {
            self.as_if = false;
            self.before.clear();
            return add(&mut self.unknown, &phrase);
        }
        // "a robot called Daisy"
        if self.is_called() && self.before.is_empty() {
            return self.cast.drop_leads();
        }
        if self.plays_part(Some(entry), &phrase) {
            return;
        }
        if entry.concept == "moon" && self.is_in_the_sky(&phrase) {
            self.before.clear();
            self.cast.drop_leads();
            add(&mut self.out.times, "night");
            return self.cast.word("at night");
        }
        if entry.nearest && self.is_worn(&phrase) {
            return self.leave_out(&phrase);
        }
        // "a spaceship crashes in the snow"
        if entry.kind == Kind::Place
            && entry.nearest
            && self.lexicon.part(&self.lexicon.base(&phrase)).is_some()
            && self.names_place_beside()
        {
            return self.leave_out(&phrase);
        }
        // "inside a cake"
        if phrase == "inside" && self.is_determiner(self.at) {
            return self.known(phrase);
        }
        // "an apple tree"
        if entry.kind == Kind::Prop
            && !self.before.is_empty()
            && matches!(self.phrase(self.at), (_, Some(Entry { kind: Kind::Prop, .. })))
            && self.words.get(self.at).is_some_and(|w| !w.pause)
        {
            return;
        }
        let entry = &self.going_with_its_verb(entry);
        self.nearest(entry, &phrase);
        let plural = entry.kind == Kind::Prop && self.lexicon.is_plural(&phrase);
        let (mut article, mut words) = (None, Vec::new());
        for (part, text) in std::mem::take(&mut self.before) {
            match part {
                Part::Color(c) if self.lexicon.owns(entry.concept, &c) => {}
                Part::Color(_) => add(&mut self.colors, &format!("{text} {phrase}")),
                Part::Count(Count::Two | Count::Many) if plural => {
                    let word = format!("{text} {phrase}");
                    self.out.notices.push(GroundingNotice::Fewer { word, shown: 1 });
                }
                Part::Count(_) => {}
                Part::Determiner => {
                    article = Some(if matches!(text.as_str(), "the" | "a" | "an") { text } else { "a".into() })
                }
                Part::Like | Part::Sort => words.push(text),
            }
        }
        let concept = entry.concept.to_string();
        if entry.kind == Kind::Place {
            if !self.out.places.is_empty() && self.travels() {
                // the text model tells of one place
                self.cast.drop_leads();
                return add(&mut self.out.places, &concept);
            }
            self.cast.starts();
        }
        let list = if entry.kind == Kind::Prop { &mut self.out.props } else { &mut self.out.places };
        add(list, &concept);
        // Nouns are read by the concept's name.
        let renamed = entry.nearest || plural || !phrase.is_ascii() || len == 1 && phrase.len() > 12;
        let article = match article {
            None if plural || renamed && entry.kind == Kind::Prop => Some("a".to_string()),
            None if renamed && phrase.is_ascii() => Some("the".to_string()),
            article => article.map(|word| if plural { "a".to_string() } else { word }),
        };
        for word in article.into_iter().chain(words) {
            self.cast.word(word);
        }
        self.cast.word(entry.words().unwrap_or(if renamed { concept } else { phrase }));
    }

    /// Whether the idea names a place that the world has.
    fn names_place_beside(&self) -> bool {
        (0..self.words.len())
            .any(|at| matches!(self.phrase(at).1, Some(Entry { kind: Kind::Place, nearest: false, .. })))
    }

    /// The nearest thing is one that goes with what is done: a letter that is read is a book. Who flies a kite runs.
    fn going_with_its_verb(&mut self, entry: &Entry) -> Entry {
        let mut entry = *entry;
        let Some(verb) = self.cast.last_word().filter(|_| entry.kind == Kind::Prop) else { return entry };
        if entry.nearest
            && let Some(wanted) = pairs::wanted(verb, entry.concept)
        {
            entry.concept = wanted;
        }
        let flies = self.lexicon.base(verb) == "fly" && entry.concept == "kite";
        if let Some(last) = self.out.actions.last_mut().filter(|last| flies && *last == "fly") {
            *last = "run".to_string();
        }
        entry
    }

    /// "talks to the moon", "sees the moon": nobody is there.
    fn is_in_the_sky(&self, phrase: &str) -> bool {
        let Some(last) = self.cast.last_word().filter(|_| phrase == "moon") else { return false };
        let action = self.out.actions.last().map_or("", String::as_str);
        match last {
            "and" => !self.cast.members.is_empty(),
            "to" => matches!(action, "talk" | "wave" | "look"),
            "of" | "about" => action == "sleep",
            "loves" | "love" | "wants" | "want" | "likes" | "like" => true,
            verb => self.lexicon.get(verb).is_some_and(|e| e.kind == Kind::Action && e.concept != "walk"),
        }
    }

    /// "wearing a crown", "with a hat"
    fn is_worn(&self, phrase: &str) -> bool {
        WORN.contains(&self.lexicon.base(phrase).as_str()) && self.is_behind(self.at - 1)
    }

    /// Whether words that say what somebody wears lead to the noun at `at`.
    fn is_behind(&self, mut at: usize) -> bool {
        let skipped =
            |word: &str| DETERMINERS.contains(&word) || WORN.contains(&word) || word == "and" || self.says_how(word);
        while let Some(word) = at.checked_sub(1).and_then(|at| self.words.get(at)) {
            if !skipped(&word.text) {
                return word.text.starts_with("wear") || matches!(word.text.as_str(), "with" | "in");
            }
            at -= 1;
        }
        false
    }

    fn says_how(&self, word: &str) -> bool {
        self.lexicon.get(word).is_some_and(|e| matches!(e.kind, Kind::Color | Kind::Like))
    }

    /// What somebody wears is not seen; its colour is the wearer's.
    pub(super) fn worn(&mut self, phrase: String) {
        for (part, text) in std::mem::take(&mut self.before) {
            if let Part::Color(color) = part {
                self.nearest_of(&text);
                self.cast.dress_last(&color);
            }
        }
        self.cast.drop_leads();
        add(&mut self.unknown, &phrase);
    }

    /// At a second place or time: "from the farm to the beach" comes to both, "on a farm by the sea" does not.
    pub(super) fn travels(&mut self) -> bool {
        let parts =
            |w: &Word| matches!(w.text.as_str(), "leave" | "leaves" | "left" | "leaving" | "end" | "ends" | "until");
        let said = self.words.iter().take(self.at).any(parts);
        let travels = said || matches!(self.cast.last_word(), Some("to" | "into" | "until"));
        self.out.journey |= travels;
        travels
    }
}
