//! An idea as words.

use super::lexicon::{Kind, Lexicon};

/// A lower-case word, whether a mark (a comma, a full stop) stands before it, and whether it is written like a name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) pause: bool,
    pub(super) name: bool,
}

impl Word {
    fn new(text: &str, pause: bool) -> Self {
        let text = text.trim_matches(['\'', '’']);
        let mut chars = text.chars();
        let name = chars.next().is_some_and(char::is_uppercase) && chars.next().is_some_and(char::is_lowercase);
        Self { text: text.to_lowercase(), pause, name }
    }
}

/// An idea without what only asks for it: "A story for my class: …".
fn asked(idea: &str) -> &str {
    let Some((before, after)) = idea.split_once(':') else { return idea };
    let before = before.to_lowercase();
    let has = |words: &[&str]| before.split(|c: char| !c.is_alphanumeric()).any(|w| words.contains(&w));
    let asks = has(&["story", "film", "movie", "video", "clip", "cartoon", "script", "title", "prompt", "idea"]);
    let tells = has(&["about", "of", "where", "with", "called", "in", "who"]);
    if asks && !tells && !after.trim().is_empty() { after } else { idea }
}

/// Splits an idea into words; an emoji is a word of its own.
pub(super) fn words(idea: &str) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    let (mut word, mut pause) = (String::new(), false);
    for c in asked(idea).chars() {
        if c.is_alphanumeric() || c == '\'' || c == '’' {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            out.push(Word::new(&std::mem::take(&mut word), std::mem::take(&mut pause)));
        }
        let pictograph = matches!(c as u32, 0x2190..=0x2BFF | 0x1F000..=0x1FAFF);
        if pictograph {
            out.push(Word::new(&c.to_string(), true));
        }
        pause |= pictograph || !c.is_whitespace() && c != '-';
    }
    out.push(Word::new(&word, pause));
    out.retain(|w| !w.text.is_empty());
    // a first word and a title's words are written like names, too
    let titled = 2 * out.iter().filter(|w| w.name).count() > out.len();
    for (at, word) in out.iter_mut().enumerate() {
        word.name &= at > 0 && !titled;
    }
    out
}

/// Reads several people in one word by the words that the lexicon gives for them; how many was said before them goes.
pub(super) fn together(lexicon: &Lexicon, words: Vec<Word>) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    for word in words {
        let Some(entry) = lexicon.get(&word.text).filter(|entry| entry.kind == Kind::Several) else {
            out.push(word);
            continue;
        };
        let mut pause = word.pause;
        let counts = |w: &Word| w.text == "the" || lexicon.get(&w.text).is_some_and(|e| e.kind == Kind::Count);
        while !pause && out.last().is_some_and(counts) {
            pause = out.pop().is_some_and(|w| w.pause);
        }
        for (i, text) in entry.concept.split('_').enumerate() {
            out.push(Word::new(text, i == 0 && pause));
        }
    }
    out
}
