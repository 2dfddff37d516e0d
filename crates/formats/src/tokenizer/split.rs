//! Cuts a text into words by rules of a fixed shape: enough of regular expressions for every published pre-tokenizer,
//! and no more, so that no text makes it slow.
//!
//! A rule is a list of alternatives, each a list of [`Item`]s. The first alternative that matches wins, repeats are greedy
//! and give back one character at a time, as in ECMAScript.

use super::unicode::Char;

/// A set of characters.
pub(super) type Class = fn(Char) -> bool;

/// One part of an alternative.
#[derive(Clone, Copy)]
pub(super) enum Item {
    /// At least and at most so many characters of a class.
    Some(Class, usize, usize),
    /// Exactly this text.
    Text(&'static str),
    /// `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d`; the flag allows capitals.
    Contraction(bool),
    /// The same, or nothing.
    MaybeContraction,
    /// `(?!\S)`: white space or the end comes next.
    NotBeforeText,
    /// The end of the text.
    End,
    /// `(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+`: words of one space between them.
    Phrase,
}

/// How a step cuts each piece that the step before left.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// Each match, and each stretch between two matches, becomes a piece.
    Rule(&'static [&'static [Item]]),
    /// Numbers in groups of three from the right, everything else as one piece.
    Thousands,
    /// `(?=(\d{3})+(?!\d))`: a cut wherever ASCII digits follow in groups of three.
    AsciiThousands,
}

/// The lengths, in characters, of the pieces into which `steps` cut `text`.
pub(super) fn split(text: &[Char], steps: &[Step]) -> Vec<usize> {
    let mut lengths = vec![text.len()];
    for step in steps {
        let mut next = Vec::with_capacity(lengths.len());
        let mut rest = text;
        for length in lengths {
            let Some((piece, more)) = rest.split_at_checked(length) else { break };
            rest = more;
            match step {
                Step::Rule(rule) => apply(piece, rule, &mut next),
                Step::Thousands => thousands(piece, &mut next),
                Step::AsciiThousands => ascii_thousands(piece, &mut next),
            }
        }
        lengths = next;
    }
    lengths
}

fn apply(text: &[Char], rule: &[&[Item]], out: &mut Vec<usize>) {
    let mut gap = 0usize;
    let mut rest = text;
    while !rest.is_empty() {
        let length = rule.iter().find_map(|items| matches(rest, 0, items)).filter(|n| *n > 0);
        match length {
            Some(n) => {
                out.extend((gap > 0).then_some(gap));
                out.push(n);
                gap = 0;
            }
            None => gap = gap.saturating_add(1),
        }
        rest = rest.get(length.unwrap_or(1)..).unwrap_or_default();
    }
    out.extend((gap > 0).then_some(gap));
}

/// Where the match of `items` that begins at `at` ends.
fn matches(text: &[Char], at: usize, items: &[Item]) -> Option<usize> {
    let Some((item, items)) = items.split_first() else { return Some(at) };
    let rest = text.get(at..)?;
    let after = |n: usize| matches(text, at.saturating_add(n), items);
    match item {
        Item::Some(class, min, max) => {
            let mut n = rest.iter().take(*max).take_while(|c| class(**c)).count();
            if items.is_empty() {
                return (n >= *min).then(|| at.saturating_add(n));
            }
            while n >= *min {
                if let Some(end) = after(n) {
                    return Some(end);
                }
                n = n.checked_sub(1)?;
            }
            None
        }
        Item::Text(wanted) => {
            let n = wanted.chars().count();
            rest.get(..n)?.iter().map(|c| c.c).eq(wanted.chars()).then(|| after(n))?
        }
        Item::Contraction(capitals) => after(contraction(rest, *capitals)?),
        Item::MaybeContraction => contraction(rest, true).and_then(after).or_else(|| after(0)),
        Item::NotBeforeText => rest.first().is_none_or(|c| c.space).then(|| after(0))?,
        Item::End => rest.is_empty().then(|| after(0))?,
        Item::Phrase => after(phrase(rest)?),
    }
}

fn contraction(text: &[Char], capitals: bool) -> Option<usize> {
    let letter = |i: usize| text.get(i).map_or('\0', |c| if capitals { c.c.to_ascii_lowercase() } else { c.c });
    match (letter(0), letter(1), letter(2)) {
        ('\'', 's' | 't' | 'm' | 'd', _) => Some(2),
        ('\'', 'r' | 'v', 'e') | ('\'', 'l', 'l') => Some(3),
        _ => None,
    }
}

fn phrase(text: &[Char]) -> Option<usize> {
    let mut end = 0usize;
    loop {
        let rest = text.get(end..)?;
        let space = usize::from(end > 0 && rest.first().is_some_and(|c| c.c == ' '));
        if !rest.get(space).is_some_and(|c| c.letter()) {
            return (end > 0).then_some(end);
        }
        let marks = rest.iter().skip(space).skip(1).take_while(|c| c.mark()).count();
        end = end.saturating_add(space).saturating_add(1).saturating_add(marks);
    }
}

fn thousands(text: &[Char], out: &mut Vec<usize>) {
    let mut gap = 0usize;
    for run in text.chunk_by(|a, b| a.number() == b.number()) {
        if !run.first().is_some_and(|c| c.number()) {
            gap = run.len();
            continue;
        }
        // llama.cpp cuts before a number only by its first group: what stands before the number joins that group
        let first = match run.len() % 3 {
            0 => 3,
            n => n,
        };
        out.push(gap.saturating_add(first));
        gap = 0;
        out.extend(run.get(first..).unwrap_or_default().chunks(3).map(<[Char]>::len));
    }
    out.extend((gap > 0).then_some(gap));
}

fn ascii_thousands(text: &[Char], out: &mut Vec<usize>) {
    let digits = |at: usize| text.iter().skip(at).take_while(|c| c.c.is_ascii_digit()).count();
    let (mut from, mut left) = (0usize, 0usize);
    for (at, c) in text.iter().enumerate() {
        left = if left > 0 { left.saturating_sub(1) } else { digits(at) };
        if c.c.is_ascii_digit() && left % 3 == 0 && at > from {
            out.push(at.saturating_sub(from));
            from = at;
        }
    }
    out.extend(Some(text.len().saturating_sub(from)).filter(|n| *n > 0));
}
