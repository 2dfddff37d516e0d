//! Regular expressions of a file: whether they are whole, and whether a backtracking engine could take for ever.
//!
//! A rule of thumb that every published pre-tokenizer but one (EXAONE MoE's) keeps: what is repeated without bound neither
//! repeats without bound itself nor chooses.

const MAX_BYTES: usize = 8192;
const MAX_DEPTH: usize = 32;
/// Copies of a part that counted repeats may make, all together.
const MAX_COPIES: u64 = 4096;

/// What stands before a repeat.
#[derive(Clone, Copy)]
struct Part {
    /// Repeats without bound, or chooses, somewhere inside.
    branches: bool,
    copies: u64,
}

const ATOM: Part = Part { branches: false, copies: 1 };

/// Says what is wrong with `pattern`.
pub(super) fn check(pattern: &str) -> Result<(), &'static str> {
    if pattern.len() > MAX_BYTES {
        return Err("is too long");
    }
    let mut rest = pattern;
    let mut open: Vec<Part> = Vec::new();
    let mut group = ATOM;
    let mut last: Option<Part> = None;
    while let Some(c) = next(&mut rest) {
        match c {
            '(' => {
                if open.len() >= MAX_DEPTH {
                    return Err("is nested too deeply");
                }
                // A look-around cannot be told from a choice here
                let looks = begin_group(&mut rest)?;
                open.push(group);
                (group, last) = (Part { branches: looks, copies: 1 }, None);
            }
            ')' => {
                let inside = std::mem::replace(&mut group, open.pop().ok_or("closes a group that is not open")?);
                last = Some(inside);
            }
            '|' => (group.branches, last) = (true, None),
            '[' => {
                class(&mut rest)?;
                last = Some(ATOM);
            }
            '\\' => {
                escape(&mut rest)?;
                last = Some(ATOM);
            }
            '*' | '+' | '?' | '{' => match counts(c, &mut rest) {
                Some((most, bounded)) => {
                    let part = last.ok_or("repeats nothing")?;
                    if !bounded && part.branches {
                        return Err("repeats what itself repeats or chooses, which can take for ever");
                    }
                    let copies = part.copies.saturating_mul(most.max(1));
                    if copies > MAX_COPIES {
                        return Err("repeats too often");
                    }
                    // Lazy and possessive marks
                    if rest.starts_with(['?', '+']) {
                        next(&mut rest);
                    }
                    last = Some(Part { branches: part.branches || !bounded, copies });
                }
                None => last = Some(ATOM),
            },
            _ => last = Some(ATOM),
        }
        if let Some(part) = last {
            group.branches |= part.branches;
            group.copies = group.copies.max(part.copies);
        }
    }
    if open.is_empty() { Ok(()) } else { Err("does not close a group") }
}

fn next(rest: &mut &str) -> Option<char> {
    let mut chars = rest.chars();
    let c = chars.next();
    *rest = chars.as_str();
    c
}

/// After `(`: whether it is a look-around.
fn begin_group(rest: &mut &str) -> Result<bool, &'static str> {
    if !rest.starts_with('?') {
        return Ok(false);
    }
    for look in ["?=", "?!", "?<=", "?<!"] {
        if let Some(after) = rest.strip_prefix(look) {
            *rest = after;
            return Ok(true);
        }
    }
    // Flags and names end at `:` or `>`, or the group is only flags
    let end = rest.find([':', '>', ')']).ok_or("does not close a group")?;
    let (_, after) = rest.split_at(end);
    *rest = after.strip_prefix([':', '>']).unwrap_or(after);
    Ok(false)
}

/// After `[`: to its end.
fn class(rest: &mut &str) -> Result<(), &'static str> {
    let mut depth = 1usize;
    while depth > 0 {
        match next(rest).ok_or("does not close a set of characters")? {
            '\\' => escape(rest)?,
            '[' => depth = depth.saturating_add(1),
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// After `\`.
fn escape(rest: &mut &str) -> Result<(), &'static str> {
    let c = next(rest).ok_or("ends in a backslash")?;
    if matches!(c, '1'..='9' | 'k') {
        return Err("refers back to a group");
    }
    if matches!(c, 'p' | 'P' | 'x' | 'u') && rest.starts_with('{') {
        let end = rest.find('}').ok_or("does not close a brace")?;
        *rest = rest.get(end.saturating_add(1)..).unwrap_or_default();
    }
    Ok(())
}

/// The most repeats of the quantifier that begins with `c`, and whether there is a most; `None` for a brace that is text.
fn counts(c: char, rest: &mut &str) -> Option<(u64, bool)> {
    match c {
        '*' | '+' => Some((1, false)),
        '?' => Some((1, true)),
        _ => {
            let (inside, after) = rest.split_once('}')?;
            let (least, most) = inside.split_once(',').unwrap_or((inside, inside));
            let number = |text: &str| {
                let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
            };
            let least = if least.is_empty() { 0 } else { number(least)? };
            let range = match most {
                "" => (least, false),
                most => (number(most)?, true),
            };
            *rest = after;
            Some(range)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn published_patterns_pass() {
        for pattern in [
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}",
            r" ?[^(\s|[.,!?…。，、।۔،])]+",
            r"(?=(\d{3})+(?!\d))",
            r"[!-/:-~！-／：-～‘-‟　-。]+",
            "<0x[0-9A-F]{2}>",
            r"[^\p{Han}&&[\p{L}]]+",
            r"\s+$",
            " {2,}",
            "a{b",
        ] {
            assert_eq!(check(pattern), Ok(()), "{pattern}");
        }
    }

    #[test]
    fn broken_and_endless_patterns_are_refused() {
        for (pattern, why) in [
            ("(", "close"),
            ("a)", "not open"),
            ("[a", "set"),
            ("a\\", "backslash"),
            ("*a", "nothing"),
            ("(a+)+$", "for ever"),
            ("(?:a|a)*b", "for ever"),
            ("^(?:(?=a)a|a)*$", "for ever"),
            ("((?:a{2,})b)*", "for ever"),
            (r"(a)\1", "back"),
            ("((a{1000}){1000}){1000}", "often"),
            ("a{99999999999999999999}", "often"),
        ] {
            assert!(check(pattern).is_err_and(|e| e.contains(why)), "{pattern}: {:?}", check(pattern));
        }
        assert_eq!(check(&"(".repeat(5000)), Err("is nested too deeply"));
        assert_eq!(check(&"a".repeat(9000)), Err("is too long"));
    }
}
