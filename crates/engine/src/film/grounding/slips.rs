//! Slips of the finger: a word that nobody knows, one letter away from one that the lexicon has.

use super::lexicon::{Kind, Lexicon};

/// Words shorter than this are read as another only where a letter is missing or two are swapped.
const SHORTEST_SLIP: usize = 5;
/// The shortest words that are read as another, with two letters swapped behind the first.
const SHORTEST_SWAP: usize = 3;
/// The rows of a keyboard: a key lies below the one of its column and the next.
const KEYS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// The only known word that is one slip away from `word`: a letter too many, too few, swapped, or the one beside it. Short
/// words and wrong first letters (light, night) have too many neighbours. Two letters swapped are likelier than another word,
/// and a thing than a word without a picture.
pub(super) fn respell(lexicon: &Lexicon, word: &str) -> Option<String> {
    if word.len() < SHORTEST_SWAP || !word.bytes().all(|c| c.is_ascii_alphabetic()) {
        return None;
    }
    let (mut best, mut rank, mut several) = (None, 0, false);
    for (known, entry) in lexicon.entries() {
        // as the lexicon has it, or as "gliding"
        let verb = entry.kind == Kind::Action && word.ends_with("ing") && !known.ends_with("ing");
        let form = if verb { format!("{}ing", known.trim_end_matches('e')) } else { known.to_string() };
        if entry.kind == Kind::Foreign || !is_slip(word, &form) {
            continue;
        }
        let seen = !matches!(entry.kind, Kind::Known | Kind::Like);
        let likely = 1 + u8::from(seen) + 2 * u8::from(is_swap(word, &form));
        if likely > rank {
            (best, rank, several) = (Some(form), likely, false);
        } else if likely == rank {
            several = true;
        }
    }
    if best.is_some() {
        return best.filter(|_| !several);
    }
    let (stem, ending) = ["ing", "ed", "s"].into_iter().find_map(|e| Some((word.strip_suffix(e)?, e)))?;
    let read = respell(lexicon, stem)? + ending;
    lexicon.get(&read).map(|_| read)
}

/// Whether a word might be a slip of one that is seen: of several, or too short to tell.
pub(super) fn resembles(lexicon: &Lexicon, word: &str) -> bool {
    let seen = |kind| matches!(kind, Kind::Character | Kind::Color | Kind::Place | Kind::Prop);
    word.chars().count() > 2
        && lexicon.entries().any(|(known, entry)| seen(entry.kind) && strsim::osa_distance(word, known) == 1)
}

fn is_swap(word: &str, known: &str) -> bool {
    word.len() == known.len() && strsim::hamming(word, known) == Ok(2)
}

fn is_slip(word: &str, known: &str) -> bool {
    if word.len().abs_diff(known.len()) > 1 || strsim::osa_distance(word, known) != 1 {
        return false;
    }
    let (typed, meant) = (word.as_bytes(), known.as_bytes());
    let long = |n: usize| n >= SHORTEST_SLIP;
    let same = typed.iter().zip(meant).take_while(|(a, b)| a == b).count();
    let Some(&key) = typed.get(same).filter(|_| typed.len() >= meant.len()) else { return long(meant.len()) };
    let first = same == 0;
    let near = |other: Option<&u8>| other.is_some_and(|other| confused(key, *other));
    if typed.len() > meant.len() {
        // a key pressed twice, or one beside it as well; "ayellow"
        return long(meant.len() + 1)
            && if first { key == b'a' } else { near(meant.get(same)) || near(typed.get(same - 1)) };
    }
    match is_swap(word, known) {
        true => !first || meant.len() > SHORTEST_SWAP,
        false => !first && long(meant.len()) && near(meant.get(same)),
    }
}

/// Whether people write one letter for another: keys beside each other, vowels, and letters that sound alike.
fn confused(a: u8, b: u8) -> bool {
    let both = |letters: &[u8]| letters.contains(&a) && letters.contains(&b);
    let at = |key: u8| KEYS.iter().enumerate().find_map(|(y, row)| Some((y, row.bytes().position(|k| k == key)?)));
    let beside = match (at(a), at(b)) {
        (Some((y, x)), Some((v, u))) if y == v => x.abs_diff(u) == 1,
        (Some((y, x)), Some((v, u))) if y + 1 == v => x == u || x == u + 1,
        (Some((y, x)), Some((v, u))) if v + 1 == y => u == x || u == x + 1,
        _ => false,
    };
    a == b || beside || both(b"aeiou") || both(b"csk")
}
