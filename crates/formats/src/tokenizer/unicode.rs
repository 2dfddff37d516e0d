//! What the tokenizers know about characters: category, white space, lower case, first character of the decomposition.
//!
//! The tables are llama.cpp's own (`tests/fixtures/make_unicode.py` writes them), because token ids depend on the Unicode
//! version that a model was made with, and the standard library follows a newer one.

use std::sync::LazyLock;

/// General category, as far as tokenizers tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Category {
    Other,
    Number,
    Letter,
    Separator,
    Mark,
    Punctuation,
    Symbol,
    Control,
}

/// A character with its category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Char {
    pub c: char,
    pub category: Category,
    pub space: bool,
}

impl Char {
    pub fn of(c: char) -> Self {
        Self { c, category: category(c), space: c.is_whitespace() }
    }

    pub fn letter(self) -> bool {
        self.category == Category::Letter
    }

    pub fn number(self) -> bool {
        self.category == Category::Number
    }

    pub fn mark(self) -> bool {
        self.category == Category::Mark
    }

    pub fn punctuation(self) -> bool {
        self.category == Category::Punctuation
    }

    pub fn symbol(self) -> bool {
        self.category == Category::Symbol
    }
}

struct Tables {
    /// First character of each range, and its category.
    categories: Vec<(u32, Category)>,
    lower: Vec<(u32, u32)>,
    /// First, last, what all of them become.
    decomposed: Vec<(u32, u32, u32)>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(read);

struct Numbers<'a>(std::slice::Iter<'a, u8>);

impl Numbers<'_> {
    fn next(&mut self) -> u32 {
        let mut out = 0u32;
        for (i, byte) in self.0.by_ref().enumerate() {
            out |= u32::from(byte & 127).wrapping_shl((i as u32).wrapping_mul(7));
            if byte & 128 == 0 {
                break;
            }
        }
        out
    }

    fn signed(&mut self) -> i32 {
        let n = self.next();
        (n >> 1) as i32 ^ ((n & 1) as i32).wrapping_neg()
    }
}

fn read() -> Tables {
    let data: &[u8] = include_bytes!("unicode.bin");
    let count =
        |i: usize| data.chunks_exact(4).nth(i).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes) as usize;
    let mut numbers = Numbers(data.get(12..).unwrap_or_default().iter());
    let mut at = 0u32;
    let categories = (0..count(0)).map(|_| {
        let n = numbers.next();
        at = at.wrapping_add(n >> 3);
        (at, decode(n & 7))
    });
    let categories = categories.collect();
    at = 0;
    let lower = (0..count(1)).map(|_| {
        at = at.wrapping_add(numbers.next());
        (at, at.wrapping_add_signed(numbers.signed()))
    });
    let lower = lower.collect();
    at = 0;
    let decomposed = (0..count(2)).map(|_| {
        let first = at.wrapping_add(numbers.next());
        at = first.wrapping_add(numbers.next());
        (first, at, first.wrapping_add_signed(numbers.signed()))
    });
    let decomposed = decomposed.collect();
    Tables { categories, lower, decomposed }
}

fn decode(code: u32) -> Category {
    use Category::*;
    match code {
        1 => Number,
        2 => Letter,
        3 => Separator,
        4 => Mark,
        5 => Punctuation,
        6 => Symbol,
        7 => Control,
        _ => Other,
    }
}

fn category(c: char) -> Category {
    let table = &TABLES.categories;
    let after = table.partition_point(|(first, _)| *first <= u32::from(c));
    after.checked_sub(1).and_then(|i| table.get(i)).map_or(Category::Other, |(_, category)| *category)
}

/// Lower case, one character for one.
pub(super) fn lower(c: char) -> char {
    let table = &TABLES.lower;
    let found = table.binary_search_by_key(&u32::from(c), |(from, _)| *from).ok().and_then(|i| table.get(i));
    found.and_then(|(_, to)| char::from_u32(*to)).unwrap_or(c)
}

/// The first character of the canonical decomposition; accents that follow it are lost.
pub(super) fn base(c: char) -> char {
    let table = &TABLES.decomposed;
    let after = table.partition_point(|(first, ..)| *first <= u32::from(c));
    let range = after.checked_sub(1).and_then(|i| table.get(i)).filter(|(_, last, _)| u32::from(c) <= *last);
    range.and_then(|(.., to)| char::from_u32(*to)).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_hold_what_they_should() {
        let of = |c| Char::of(c).category;
        assert_eq!(
            (of('a'), of('Ж'), of('你'), of('½')),
            (Category::Letter, Category::Letter, Category::Letter, Category::Number)
        );
        assert_eq!(
            (of('!'), of('$'), of('\u{301}'), of('\u{0}')),
            (Category::Punctuation, Category::Symbol, Category::Mark, Category::Control)
        );
        assert_eq!((of(' '), of('\u{10ffff}')), (Category::Separator, Category::Other));
        assert_eq!((lower('Ä'), lower('Я'), lower('ß'), lower('7')), ('ä', 'я', 'ß', '7'));
        assert_eq!((base('é'), base('Ǻ'), base('가'), base('x')), ('e', 'A', '\u{1100}', 'x'));
        assert!(Char::of('\u{3000}').space && !Char::of('\u{1f}').space);
    }
}
