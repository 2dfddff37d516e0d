//! Slips of the finger: a word that nobody knows, one letter away from one that the lexicon has.

use super::lexicon::{Kind, Lexicon};

/// Words shorter than this are read as another only where a letter is missing or two are swapped.
const SHORTEST_SLIP: usize = 5;
/// The shortest words that are read as another, with two letters swapped behind the first.
const SHORTEST_SWAP: usize = 3;
/// The rows of a keyboard, each key above the gap to the left of the one below it.
const KEYS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// The only known word that is one slip away from `word`: a letter too many, too few, swapped, or the one beside it. Short
/// words and wrong first letters (light, night) have too many neighbours.
pub(super) fn respell(lexicon: &Lexicon, word: &str) -> Option<String> {
    let len = word.chars().count();
    if len < SHORTEST_SWAP || !word.chars().all(char::is_alphabetic) {
        return None;
    }
    // as the lexicon has it, and as "gliding"
    let gerund = |known: &str| word.ends_with("ing").then(|| format!("{}ing", known.trim_end_matches('e')));
    let mut near: Vec<(String, Kind)> = (lexicon.entries())
        .filter(|(_, entry)| entry.kind != Kind::Foreign)
        .flat_map(|(known, entry)| {
            let verb = (entry.kind == Kind::Action).then(|| gerund(known)).flatten();
            [Some(known.clone()), verb].into_iter().flatten().map(|form| (form, entry.kind))
        })
        .filter(|(form, _)| is_slip(word, form))
        .collect();
    // two letters swapped are likelier than another word, and a thing than a word without a picture
    let swapped = |(form, _): &(String, Kind)| form.len() == word.len() && strsim::hamming(word, form) == Ok(2);
    let seen = |(_, kind): &(String, Kind)| !matches!(kind, Kind::Known | Kind::Like);
    for likelier in [&swapped as &dyn Fn(&(String, Kind)) -> bool, &seen] {
        if near.len() > 1 && near.iter().any(likelier) {
            near.retain(likelier);
        }
    }
    let ending = || ["ing", "ed", "s"].into_iter().find_map(|e| Some((word.strip_suffix(e)?, e)));
    match near.as_slice() {
        [(only, _)] => Some(only.clone()),
        [] => ending()
            .and_then(|(stem, ending)| Some(format!("{}{ending}", respell(lexicon, stem)?)))
            .filter(|read| lexicon.get(read).is_some()),
        _ => None,
    }
}

/// Whether a word might be a slip of one that is seen: of several, or too short to tell.
pub(super) fn resembles(lexicon: &Lexicon, word: &str) -> bool {
    let seen = |kind| matches!(kind, Kind::Character | Kind::Color | Kind::Place | Kind::Prop);
    word.chars().count() > 2
        && lexicon.entries().any(|(known, entry)| seen(entry.kind) && strsim::osa_distance(word, known) == 1)
}

fn is_slip(word: &str, known: &str) -> bool {
    if strsim::osa_distance(word, known) != 1 || !known.chars().all(char::is_alphabetic) {
        return false;
    }
    let (typed, meant): (Vec<char>, Vec<char>) = (word.chars().collect(), known.chars().collect());
    let same = typed.iter().zip(&meant).take_while(|(a, b)| a == b).count();
    let (Some(&key), first) = (typed.get(same), same == 0) else {
        return meant.len() >= SHORTEST_SLIP;
    };
    let wanted = meant.get(same).copied();
    match typed.len().cmp(&meant.len()) {
        std::cmp::Ordering::Less => meant.len() >= SHORTEST_SLIP,
        // a key pressed twice, or one beside it as well
        std::cmp::Ordering::Greater => {
            let before = same.checked_sub(1).and_then(|at| typed.get(at)).copied();
            let pressed = [before, wanted].into_iter().flatten().any(|other| other == key || beside(key, other));
            // "ayellow"
            meant.len() + 1 >= SHORTEST_SLIP && if first { key == 'a' } else { pressed }
        }
        std::cmp::Ordering::Equal => {
            let swapped = strsim::hamming(word, known) == Ok(2);
            swapped && (!first || meant.len() > SHORTEST_SWAP)
                || !first && meant.len() >= SHORTEST_SLIP && wanted.is_some_and(|wanted| confused(key, wanted))
        }
    }
}

/// Whether people write one letter for another: keys beside each other, vowels, and letters that sound alike.
fn confused(a: char, b: char) -> bool {
    let vowel = |c: char| "aeiou".contains(c);
    let sounds = |c: char| "csk".contains(c);
    beside(a, b) || vowel(a) && vowel(b) || sounds(a) && sounds(b)
}

fn beside(a: char, b: char) -> bool {
    let at = |key: char| KEYS.iter().enumerate().find_map(|(row, keys)| Some((row, keys.find(key)?)));
    let (Some((row, x)), Some((other, y))) = (at(a), at(b)) else { return false };
    match row.abs_diff(other) {
        0 => x.abs_diff(y) == 1,
        1 if row < other => x == y || x == y + 1,
        1 => y == x || y == x + 1,
        _ => false,
    }
}
