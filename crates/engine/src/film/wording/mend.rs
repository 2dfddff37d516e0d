//! Slips of the text model, word by word: verbs, colours, things and companions that are not those of the idea.

use kinora_models::video::layout::Vocabulary;

use super::{bare, is_article, is_indefinite, plain_form, put, third_person};
use crate::film::Grounded;
use crate::film::grounding::{articles, plural};
use crate::film::{pairs, storyboard::flies_a_kite};

/// Words that a place, a time or a company begins with.
const PREPOSITIONS: [&str; 9] = ["in", "on", "at", "by", "under", "between", "with", "of", "near"];

/// `text` in agreement with who is there, each with a colour where one is known.
pub(super) fn mend(text: &str, cast: &[(&str, Option<&str>)], grounded: &Grounded, vocabulary: &Vocabulary) -> String {
    let colors = &vocabulary.color;
    let mut words: Vec<String> = text.split(' ').map(str::to_string).collect();
    plain_part(&mut words, &grounded.idea);
    own_props(&mut words, &grounded.props, &vocabulary.prop);
    sensible(&mut words, &grounded.idea);
    without_borrowed(&mut words, &grounded.idea);
    if flies_a_kite(grounded) {
        run_with_it(&mut words);
    }
    match cast {
        [(a, _), (b, _)] if a == b => two_of_a_kind(&mut words, a, colors),
        _ => {
            one_of_a_kind(&mut words, cast);
            own_colors(&mut words, cast, colors);
        }
    }
    agree(&mut words, cast);
    articles(&words.join(" "))
}

/// "the dragons argues", "the cat and the dog runs"
fn agree(words: &mut [String], cast: &[(&str, Option<&str>)]) {
    const NO_VERBS: &str = " as its this always sometimes perhaps towards across ";
    let many = |word: &str| cast.iter().any(|(kind, _)| word == plural(kind) && word != *kind);
    let one = |word: &String| cast.iter().any(|(kind, _)| word == kind);
    for at in 1..words.len() {
        let both = at >= 5
            && one(&words[at - 4])
            && words[at - 3] == "and"
            && is_article(&words[at - 2])
            && one(&words[at - 1])
            && is_article(&words[at - 5]);
        if !both && !many(&words[at - 1]) {
            continue;
        }
        let verb = bare(&words[at]);
        let Some(plain) = plain_form(verb).filter(|_| !NO_VERBS.contains(&format!(" {verb} "))) else { continue };
        words[at] = put(&words[at], &plain);
    }
}

/// "plays the tiger" is what a character does whose word was replaced; the picture shows it standing.
fn plain_part(words: &mut Vec<String>, idea: &str) {
    let Some(at) = words
        .windows(2)
        .position(|w| matches!(w, [plays, the] if matches!(plays.as_str(), "plays" | "play") && the == "the"))
    else {
        return;
    };
    let part: Vec<String> = words
        .iter()
        .skip(at + 2)
        .take_while(|w| !PREPOSITIONS.contains(&w.as_str()))
        .map(|w| bare(w).to_string())
        .collect();
    let plays = idea.split(' ').any(|word| word.starts_with("play"));
    if part.is_empty() || part.len() > 2 || plays && part.iter().any(|word| idea.split(' ').any(|known| known == word))
    {
        return;
    }
    let end = if words.get(at + 1 + part.len()).is_some_and(|w| w.ends_with('.')) { "." } else { "" };
    let stands = if words.get(at).is_some_and(|w| w == "plays") { "stands" } else { "stand" };
    words.splice(at..at + 2 + part.len(), [format!("{stands}{end}")]);
}

/// Gives the only one of a kind the colour that it has.
fn own_colors(words: &mut [String], cast: &[(&str, Option<&str>)], colors: &[String]) {
    for at in 1..words.len() {
        let noun = words.get(at).map_or("", |w| bare(w));
        let Some((_, Some(right))) = cast.iter().find(|(kind, _)| *kind == noun) else { continue };
        if let Some(word) = words.get_mut(at - 1)
            && colors.iter().any(|color| color == bare(word))
        {
            *word = put(word, right);
        }
    }
}

/// "the cat and the cat run" is about one.
fn one_of_a_kind(words: &mut Vec<String>, cast: &[(&str, Option<&str>)]) {
    let twice = words.windows(5).position(|w| match w {
        [the, one, and, article, other] => {
            is_article(the)
                && and == "and"
                && is_article(article)
                && one == bare(other)
                && cast.iter().any(|(kind, _)| kind == one)
        }
        _ => false,
    });
    let Some(at) = twice else { return };
    words.drain(at + 2..at + 5);
    if let Some(verb) = words.get_mut(at + 2) {
        *verb = put(verb, &third_person(bare(verb)));
    }
}

/// A thing that the idea does not name gives way to the one that it names.
fn own_props(words: &mut [String], named: &[String], all: &[String]) {
    let Some(prop) = named.first() else { return };
    for word in words {
        let thing = bare(word);
        if all.iter().any(|p| p == thing) && named.iter().all(|p| p != thing) {
            *word = put(word, prop);
        }
    }
}

/// Nobody reads a cake, unless the idea says so.
fn sensible(words: &mut [String], idea: &str) {
    for at in 2..words.len() {
        let Some([verb, article, thing]) = words.get(at - 2..=at) else { continue };
        let instead =
            pairs::instead(verb, bare(thing)).filter(|_| is_article(article) && !pairs::asked(idea, verb, bare(thing)));
        if let (Some(instead), Some(verb)) = (instead, words.get_mut(at - 2)) {
            *verb = instead.to_string();
        }
    }
}

/// "flies with a kite" is about one who runs with it.
fn run_with_it(words: &mut [String]) {
    for at in 1..words.len() {
        let runs = match words[at - 1].as_str() {
            "flies" => "runs",
            "fly" => "run",
            _ => continue,
        };
        if words[at] == "with" {
            words[at - 1] = runs.to_string();
        }
    }
}

/// Things that the text model knows verbs with and no picture shows, and what is said in their place.
const BORROWED: [(&str, &str); 3] = [("bicycle", "along"), ("car", "along"), ("house", "something")];

/// "rides a bicycle" is ridden along, where the idea names no bicycle.
fn without_borrowed(words: &mut Vec<String>, idea: &str) {
    for (thing, instead) in BORROWED {
        let here = |w: &[String]| matches!(w, [a, b] if a == "a" && bare(b) == thing);
        let at = words.windows(2).position(here).filter(|_| !idea.split(' ').any(|word| word == thing));
        if let Some(at) = at {
            words.remove(at);
            words[at] = put(&words[at], instead);
        }
    }
}

/// "the cat and the cat" are the cats, and "the cat finds the cat" is about another one.
fn two_of_a_kind(words: &mut Vec<String>, kind: &str, colors: &[String]) {
    // "a red cats and a blue cat"
    let many = plural(kind);
    let mut single = false;
    for word in words.iter_mut() {
        if bare(word) == many && single {
            *word = put(word, kind);
        }
        single = is_indefinite(bare(word)) || single && colors.iter().any(|color| color == word);
    }
    // phrases of the kind: where they begin and where their noun stands
    let mut phrases: Vec<(usize, usize)> = Vec::new();
    for (noun, word) in words.iter().enumerate() {
        if bare(word) != kind {
            continue;
        }
        let from = phrases.last().map_or(0, |(_, noun)| noun + 1);
        let begins = (from..noun).rev().take(4).find(|at| words.get(*at).is_some_and(|w| is_article(w)));
        phrases.extend(begins.map(|at| (at, noun)));
    }
    let [(a, first), (b, second), ..] = phrases.as_slice() else { return };
    let (a, first, b, second) = (*a, *first, *b, *second);
    let (Some(one), Some(other)) = (words.get(a + 1..first), words.get(b + 1..second)) else { return };
    let colored = |like: &[String]| like.iter().find(|w| colors.contains(w)).cloned();
    if one != other && (colored(one).is_some() == colored(other).is_some()) {
        return;
    }
    let definite = words.get(b).is_some_and(|w| w == "the");
    if b == first + 2 && words.get(first + 1).is_some_and(|w| w == "and") {
        let many = words.get(second).map(|w| put(w, &plural(kind))).unwrap_or_default();
        let like: Vec<String> = if one == other { one.to_vec() } else { Vec::new() };
        let opens = words.get(a).is_some_and(|w| w.starts_with(char::is_uppercase));
        let before = match (definite, opens) {
            (true, true) => "The",
            (true, false) => "the",
            (false, true) => "Two",
            (false, false) => "two",
        };
        words.splice(a..=second, std::iter::once(before.to_string()).chain(like).chain([many]));
    } else if let Some(word) = words.get_mut(b) {
        *word = if definite { "the other".to_string() } else { "another".to_string() };
    }
}
