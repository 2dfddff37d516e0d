//! Who an idea is about: the same one named twice, another one of its kind, several in one word; and the idea's words around
//! them, as the text model reads them.

use super::super::Size;
use super::GroundingNotice;

/// Characters that a shot holds.
const MOST: usize = 2;

/// What stands before a noun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Determiner {
    None,
    /// a, one, two
    Indefinite,
    /// the, this, my
    Definite,
    /// her, his, its, their: of another who was named
    Of,
    /// another, the other
    Other,
}

impl Determiner {
    /// Of the words before a noun, the one that tells most.
    pub(super) fn of<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        words.fold(Self::None, |found, word| match (found, word) {
            (Self::Other, _) | (_, "another" | "other") => Self::Other,
            (_, "his" | "her" | "its" | "their") => Self::Of,
            (_, "the" | "this" | "that" | "these" | "those" | "my" | "your" | "our") => Self::Definite,
            _ => Self::Indefinite,
        })
    }
}

/// How many are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum Count {
    One,
    /// "cats", "two cats"
    Two,
    /// "three cats", "many cats"
    Many,
}

/// A noun that names a character, with what its phrase says.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) kind: String,
    pub(super) color: Option<String>,
    /// Its colour where none is told.
    pub(super) tint: Option<String>,
    /// The word that names it.
    pub(super) word: String,
    /// The word with its number, for the person.
    pub(super) said: String,
    pub(super) likes: Vec<String>,
    /// What kind of its kind it is: "mother bear".
    pub(super) sort: Option<String>,
    pub(super) count: Count,
    /// The word only has this kind as its nearest.
    pub(super) nearest: bool,
}

impl Named {
    fn size(&self) -> Option<Size> {
        self.likes.iter().chain(&self.sort).find_map(|word| Size::of(word))
    }
}

/// Who is in the film, each with a colour and a size where they were told, and the idea's text.
pub(super) struct Told {
    pub(super) characters: Vec<(String, Option<String>)>,
    pub(super) sizes: Vec<Option<Size>>,
    pub(super) idea: String,
}

/// A part of the idea's text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Word(String),
    Member {
        member: usize,
        determiner: Determiner,
        likes: Vec<String>,
    },
    /// The two of the cast, who are of one kind.
    Both {
        color: Option<String>,
        likes: Vec<String>,
    },
}

/// All who were named, and the text.
#[derive(Debug, Default)]
pub(super) struct Cast {
    pub(super) members: Vec<Named>,
    pub(super) text: Vec<Piece>,
}

/// Words that lead to a noun and mean nothing without it.
const LEADS: &str = " a an the and or with in on at by of to for from into onto over under near next through across behind \
                     between around about as like that who which than wearing wears wear named called but while then when \
                     where because so if his her its their my your our ";
/// Words that lead to more and end no sentence.
const OPEN: &str = " is are was were has have had get gets take takes make makes want wants can could ";
/// Words between a noun and a colour that it has.
const COPULAS: &str = " is are was were that who which in being and it he she ";

fn listed(list: &str, word: &str) -> bool {
    list.contains(&format!(" {word} "))
}

impl Cast {
    pub(super) fn word(&mut self, word: impl Into<String>) {
        self.text.push(Piece::Word(word.into()));
    }

    pub(super) fn last_word(&self) -> Option<&str> {
        match self.text.last() {
            Some(Piece::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// Takes back the words that led to what is not there.
    pub(super) fn drop_leads(&mut self) {
        while self.last_word().is_some_and(|w| listed(LEADS, w)) {
            self.text.pop();
        }
    }

    /// Where a way starts is where the film is, and a place beside somebody is where they are.
    pub(super) fn starts(&mut self) {
        let leads = |p: &&mut Piece| matches!(p, Piece::Word(w) if w == "from" || w == "and");
        if let Some(Piece::Word(word)) = self.text.last_mut().filter(leads) {
            *word = "in".to_string();
        }
    }

    /// Takes back, before a "not", the words that led to it.
    pub(super) fn drop_before_not(&mut self) {
        let leads =
            |w: &str| listed(LEADS, w) || listed(OPEN, w) || matches!(w, "do" | "does" | "did" | "will" | "would");
        while self.last_word().is_some_and(leads) {
            self.text.pop();
        }
    }

    /// Gives the one who was named last a colour that is said after the name; false: no such one.
    pub(super) fn color_last(&mut self, color: &str) -> bool {
        let copulas = self.text.iter().rev().take_while(|p| matches!(p, Piece::Word(w) if listed(COPULAS, w))).count();
        let Some(Piece::Member { member, .. }) = self.text.iter().rev().nth(copulas) else { return false };
        let Some(named) = self.members.get_mut(*member).filter(|named| named.color.is_none()) else { return false };
        named.color = Some(color.to_string());
        self.text.truncate(self.text.len() - copulas);
        true
    }

    /// Gives one of two who were named in one word a colour, and then the other; false: there are no such two.
    pub(super) fn color_one(&mut self, color: &str) -> bool {
        match self.members.as_mut_slice() {
            [both] if both.count != Count::One && both.color.is_none() => {
                both.count = Count::One;
                let other = both.clone();
                both.color = Some(color.to_string());
                self.members.push(other);
                let at = self.text.iter().position(|p| matches!(p, Piece::Member { .. })).map_or(0, |at| at + 1);
                let other = Piece::Member { member: 1, determiner: Determiner::Indefinite, likes: Vec::new() };
                self.text.insert(at, other);
                self.text.insert(at, Piece::Word("and".into()));
                true
            }
            [one, other] if one.kind == other.kind && one.color.is_some() && other.color.is_none() => {
                other.color = Some(color.to_string());
                true
            }
            _ => false,
        }
    }

    /// Gives the one who was named last the colour of its clothes.
    pub(super) fn dress_last(&mut self, color: &str) {
        let last = self.text.iter().rev().find_map(|p| match p {
            Piece::Member { member, .. } => Some(*member),
            _ => None,
        });
        if let Some(named) = last.and_then(|at| self.members.get_mut(at)) {
            named.color.get_or_insert_with(|| color.to_string());
        }
    }

    /// Adds who was named, or finds who it is among those before.
    pub(super) fn name(&mut self, named: Named, determiner: Determiner) {
        let same = self.same(&named, determiner);
        // "cat cat cat"
        if same.is_some() && determiner == Determiner::None && matches!(self.text.last(), Some(Piece::Member { .. })) {
            return;
        }
        let likes = named.likes.clone();
        let member = same.unwrap_or(self.members.len());
        match same.and_then(|at| self.members.get_mut(at)) {
            Some(known) => {
                known.color = known.color.take().or(named.color);
                if named.count > known.count {
                    (known.count, known.said) = (named.count, named.said);
                }
            }
            None => self.members.push(named),
        }
        self.text.push(Piece::Member { member, determiner, likes });
    }

    fn same(&self, named: &Named, determiner: Determiner) -> Option<usize> {
        let of_kind: Vec<usize> = (0..self.members.len()).filter(|at| self.members[*at].kind == named.kind).collect();
        let last = of_kind.last().copied()?;
        let found = |test: &dyn Fn(&Named) -> bool| of_kind.iter().copied().find(|at| test(&self.members[*at]));
        if determiner == Determiner::Other {
            return (of_kind.len() > 1).then_some(last);
        }
        if named.color.is_some() {
            let colored = found(&|m| m.color == named.color);
            let free = || found(&|m| m.color.is_none()).filter(|_| determiner != Determiner::Indefinite);
            return colored.or_else(free);
        }
        let word = found(&|m| m.word == named.word && (m.sort == named.sort || named.sort.is_none()));
        let alike = |at: &usize| {
            let known = &self.members[*at];
            let likes = known.likes.is_empty() || named.likes.is_empty() || known.likes == named.likes;
            likes && (known.sort.is_none() || named.sort.is_none() || known.sort == named.sort)
        };
        match determiner {
            Determiner::Indefinite | Determiner::Of => None,
            // "the king … the knight": two boys; "a kitten … the cat": one
            _ => word.filter(alike).or_else(|| {
                let beside = self.last_word() == Some("and");
                (word.is_none() && !beside && named.sort.is_none() && !named.nearest && !self.members[last].nearest)
                    .then_some(last)
            }),
        }
    }

    /// Who is in the film; what does not fit is told to the person.
    pub(super) fn finish(mut self, notices: &mut Vec<GroundingNotice>) -> Told {
        let left_out: Vec<String> = self.members.iter().skip(MOST).map(|m| m.said.clone()).collect();
        if !left_out.is_empty() {
            notices.push(GroundingNotice::TooManyCharacters { left_out });
        }
        self.members.truncate(MOST);
        let shown = if self.members.len() == 1 { MOST } else { 1 };
        for named in &self.members {
            if named.count == Count::Many || named.count == Count::Two && shown == 1 {
                notices.push(GroundingNotice::Fewer { word: named.said.clone(), shown });
            }
        }
        for named in &mut self.members {
            named.color = named.color.take().or(named.tint.take());
        }
        let text = self.told();
        let mut sizes: Vec<_> = self.members.iter().map(Named::size).collect();
        let mut characters: Vec<_> = self.members.iter().map(|m| (m.kind.clone(), m.color.clone())).collect();
        if let [named] = self.members.as_slice()
            && named.count != Count::One
        {
            characters.extend(characters.first().cloned());
            sizes.extend(sizes.first().copied());
        }
        Told { characters, sizes, idea: text }
    }

    fn told(&mut self) -> String {
        let mut pieces: Vec<Piece> = Vec::new();
        for piece in std::mem::take(&mut self.text) {
            match &piece {
                Piece::Member { member, .. } if *member >= self.members.len() => {
                    while matches!(pieces.last(), Some(Piece::Word(w)) if listed(LEADS, w)) {
                        pieces.pop();
                    }
                    continue;
                }
                // "it is raining and the dog is sad": no second one before the dog
                Piece::Member { .. } if pieces.iter().all(|p| matches!(p, Piece::Word(_))) => {
                    while matches!(pieces.last(), Some(Piece::Word(w)) if w == "and") {
                        pieces.pop();
                    }
                }
                Piece::Member { .. } if matches!(pieces.last(), Some(Piece::Member { .. })) => {
                    pieces.push(Piece::Word("and".into()));
                }
                _ => {}
            }
            pieces.push(piece);
            self.pair(&mut pieces);
        }
        while matches!(pieces.last(), Some(Piece::Word(w)) if listed(LEADS, w) || listed(OPEN, w)) {
            pieces.pop();
        }
        let mut known = [false; MOST];
        let words: Vec<String> = pieces.iter().map(|piece| self.say(piece, &mut known)).collect();
        articles(&words.join(" "))
    }

    /// "a cat and another cat" is "two cats".
    fn pair(&self, pieces: &mut Vec<Piece>) {
        let [
            ..,
            Piece::Member { member: a, likes, .. },
            Piece::Word(and),
            Piece::Member { member: b, likes: other, .. },
        ] = pieces.as_slice()
        else {
            return;
        };
        let (Some(first), Some(second)) = (self.members.get(*a), self.members.get(*b)) else { return };
        let alike = first.kind == second.kind && first.color == second.color && likes == other;
        if alike && a != b && and == "and" {
            let both = Piece::Both { color: first.color.clone(), likes: likes.clone() };
            pieces.truncate(pieces.len() - 3);
            pieces.push(both);
        }
    }

    fn say(&self, piece: &Piece, known: &mut [bool; MOST]) -> String {
        let phrase = |before: &str, likes: &[String], color: &Option<String>, noun: String| {
            let words = std::iter::once(before).chain(likes.iter().map(String::as_str)).chain(color.as_deref());
            words.filter(|w| !w.is_empty()).map(|w| format!("{w} ")).collect::<String>() + &noun
        };
        match piece {
            Piece::Word(word) => word.clone(),
            Piece::Both { color, likes } => {
                let kind = self.members.first().map_or("", |m| m.kind.as_str());
                phrase("two", likes, color, plural(kind))
            }
            Piece::Member { member, determiner, likes } => {
                let Some(named) = self.members.get(*member) else { return String::new() };
                let first = known.get_mut(*member).is_some_and(|known| !std::mem::replace(known, true));
                let color = if first { &named.color } else { &None };
                if self.members.len() == 1 && named.count != Count::One {
                    return phrase(if first { "two" } else { "the" }, likes, color, plural(&named.kind));
                }
                let before = match determiner {
                    Determiner::None if named.count == Count::One && !named.nearest => "",
                    Determiner::Definite if named.count == Count::One => "the",
                    _ => "a",
                };
                phrase(before, likes, color, named.kind.clone())
            }
        }
    }
}

/// More than one of a kind.
pub(in crate::film) fn plural(kind: &str) -> String {
    if kind.ends_with("fish") { kind.to_string() } else { format!("{kind}s") }
}

/// "on the moon"
pub(in crate::film) fn at_place(place: &str) -> String {
    let before = match place {
        "moon" | "farm" => "on",
        "beach" | "castle" => "at",
        _ => "in",
    };
    format!("{before} the {place}")
}

/// Gives each "a" the form that the word after it asks for.
pub(in crate::film) fn articles(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let vowel = |at: usize| {
        words.get(at + 1).is_some_and(|w| w.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']))
    };
    let right = |(at, word): (usize, &&str)| match (*word, vowel(at)) {
        ("a", true) => "an".to_string(),
        ("an", false) => "a".to_string(),
        ("A", true) => "An".to_string(),
        ("An", false) => "A".to_string(),
        (word, _) => word.to_string(),
    };
    words.iter().enumerate().map(right).collect::<Vec<_>>().join(" ")
}
