//! The grammar of ideas: articles, numbers, the sentences around the facts, and how people type.

use super::rng::Rng;

/// "a" or "an".
#[must_use]
pub fn article(next: &str) -> &'static str {
    if next.starts_with(['a', 'e', 'i', 'o', 'u']) && !next.starts_with("uni") { "an" } else { "a" }
}

/// More than one of a kind.
#[must_use]
pub fn plural(kind: &str) -> &'static str {
    const MANY: [(&str, &str); 12] = [
        ("robot", "robots"),
        ("cat", "cats"),
        ("dog", "dogs"),
        ("bird", "birds"),
        ("bear", "bears"),
        ("rabbit", "rabbits"),
        ("fish", "fish"),
        ("ghost", "ghosts"),
        ("dragon", "dragons"),
        ("penguin", "penguins"),
        ("girl", "girls"),
        ("boy", "boys"),
    ];
    MANY.iter().find(|m| m.0 == kind).map_or("friends", |m| m.1)
}

/// Sentences: subject, verb (third person, infinitive, past, gerund), object, circumstances.
pub const TEMPLATES: [&str; 46] = [
    "{s} {v}{o}{at}",
    "{s} {v}{o}{at}",
    "{s} {v}{o}{at}",
    "{s} {g}{o}{at}",
    "{s} {g}{o}{at}",
    "{s} that {v}{o}{at}",
    "{s} who {v}{o}{at}",
    "{c}{s} {v}{o}",
    "{c}{s} {v}{o}",
    "{c}{s} {g}{o}",
    "a film about {s} {g}{o}{at}",
    "a story about {s} that {v}{o}{at}",
    "a movie where {s} {v}{o}{at}",
    "make a film of {s} {g}{o}{at}",
    "make a video where {s} {v}{o}{at}",
    "make me a cartoon about {s} {g}{o}{at}",
    "please draw {s} {g}{o}{at}",
    "please show how {s} {v}{o}{at}",
    "show me {s} {g}{o}{at}",
    "show {s}{at} that {v}{o}",
    "tell a story where {s} {v}{o}{at}",
    "tell me about {s} {g}{o}{at}",
    "i want to see {s} {g}{o}{at}",
    "i want {s} to {b}{o}{at}",
    "i would like {s} {g}{o}{at}",
    "let {s} {b}{o}{at}",
    "can you show {s} {g}{o}{at}?",
    "could you make a film of {s} {g}{o}{at}?",
    "can {s} {b}{o}{at}?",
    "could {s} {b}{o}{at}?",
    "what happens when {s} {v}{o}{at}?",
    "what if {s} {v}{o}{at}?",
    "how does it look when {s} {v}{o}{at}?",
    "once upon a time {s} {p}{o}{at}",
    "one day {s} {p}{o}{at}",
    "{s} {p}{o}{at}",
    "there [is/are] {s}{at}. [it/they] {v}{o}",
    "{s}{at}. [it/they] {v}{o}",
    "{s} [lives/live]{at} and {v}{o}",
    "{s} [is/are] {g}{o}{at}",
    "the story of {s} that {v}{o}{at}",
    "{s} {v}{o}{at} and is happy",
    "imagine {s} {g}{o}{at}",
    "a short film: {s} {v}{o}{at}",
    "my idea: {s} {v}{o}{at}",
    "something with {s} {g}{o}{at}",
];

/// `[one/many]` becomes its first or its second half.
#[must_use]
pub fn number(text: &str, many: bool) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let (inner, tail) = after.split_once(']').unwrap_or((after, ""));
        let (one, two) = inner.split_once('/').unwrap_or((inner, inner));
        out.push_str(before);
        out.push_str(if many { two } else { one });
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// How people type: capitals, full stops, slips.
#[must_use]
pub fn finish(r: &mut Rng, text: String) -> String {
    let mut text = text;
    if r.chance(0.05) {
        let chars: Vec<char> = text.chars().collect();
        let at = 1 + r.below(chars.len().saturating_sub(2));
        let slip = r.below(3);
        text = chars
            .iter()
            .enumerate()
            .flat_map(|(i, c)| match slip {
                0 if i == at => vec![],
                1 if i == at => vec![*c, *c],
                2 if i == at && i + 1 < chars.len() => vec![chars[i + 1]],
                2 if i == at + 1 => vec![chars[at]],
                _ => vec![*c],
            })
            .collect();
    }
    if r.chance(0.55) {
        let mut c = text.chars();
        text = c.next().map(|f| f.to_uppercase().chain(c).collect()).unwrap_or_default();
    } else if r.chance(0.5) {
        text = text.to_lowercase();
    } else if r.chance(0.03) {
        text = text.to_uppercase();
    }
    if !text.ends_with(['?', '.', '!']) && r.chance(0.3) {
        text.push(if r.chance(0.9) { '.' } else { '!' });
    }
    text
}
