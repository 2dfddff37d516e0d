//! Words of scripts and captions that must agree with who is in the film: colours, two of a kind, articles.

use kinora_models::video::layout::Vocabulary;

use super::grounding::{articles, at_place, plural};
use super::{Character, Grounded, Shot, agreement::is_elsewhere, pairs};

/// Words that a place, a time or a company begins with.
const PREPOSITIONS: [&str; 9] = ["in", "on", "at", "by", "under", "between", "with", "of", "near"];

/// A word without the marks around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// `word` with `bare(word)` replaced.
fn put(word: &str, new: &str) -> String {
    word.replacen(bare(word), new, 1)
}

fn is_indefinite(word: &str) -> bool {
    matches!(word, "a" | "an" | "A" | "An")
}

/// Whether a noun phrase begins with `word`.
pub(super) fn is_article(word: &str) -> bool {
    is_indefinite(word) || matches!(word, "the" | "The")
}

/// Whether `word` names `kind`, one or several.
fn names(word: &str, kind: &str) -> bool {
    let word = bare(word);
    word == kind || word == plural(kind)
}

/// A line of the script in agreement with the idea.
pub(super) fn mend_line(line: &str, grounded: &Grounded, vocabulary: &Vocabulary) -> String {
    let cast: Vec<(&str, Option<&str>)> =
        grounded.characters.iter().map(|(kind, color)| (kind.as_str(), color.as_deref())).collect();
    mend(line, &cast, grounded, vocabulary)
}

/// A title in agreement with the idea.
pub(super) fn mend_title(title: &str, grounded: &Grounded) -> String {
    match grounded.characters.as_slice() {
        [(a, _), (b, _)] if a == b => {
            let (one, many) = (capital(a), capital(&plural(a)));
            title.replace(&format!("The {one} and the {one}"), &format!("The Two {many}"))
        }
        _ => title.to_string(),
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Whether lines are about others than the idea: somebody whom it does not name, one of a kind twice, or another place.
pub(super) fn is_of_others(line: &str, grounded: &Grounded, vocabulary: &Vocabulary) -> bool {
    if is_elsewhere(line, grounded, vocabulary) {
        return true;
    }
    if grounded.characters.is_empty() {
        return false;
    }
    // without what is spoken
    let told: Vec<&str> = line.lines().filter_map(|line| line.split(": \"").next()).collect();
    let line = &told.join(" ");
    // how often a kind is named as somebody new
    let new = |kind: &String| {
        let words: Vec<&str> = line.split(' ').collect();
        let begins = |at: usize| (at.saturating_sub(3)..at).any(|i| words.get(i).is_some_and(|w| is_indefinite(w)));
        words.iter().enumerate().filter(|(at, word)| bare(word) == kind && begins(*at)).count()
    };
    let named = |kind: &String| grounded.characters.iter().filter(|(k, _)| k == kind).count();
    let others = |kind: &String| named(kind) == 0 && line.split(' ').any(|word| names(word, kind));
    let twice = |kind: &String| named(kind) == 1 && new(kind) > 1;
    vocabulary.character.iter().any(|kind| others(kind) || twice(kind))
}

/// What the idea names in the plainest words.
pub(super) fn plain_idea(grounded: &Grounded) -> String {
    let color = |color: &Option<String>| color.as_ref().map(|color| format!("{color} ")).unwrap_or_default();
    let who = match grounded.characters.as_slice() {
        [(a, x), (b, y)] if a == b && x == y => format!("two {}{}", color(x), plural(a)),
        cast => cast.iter().map(|(kind, x)| format!("a {}{kind}", color(x))).collect::<Vec<_>>().join(" and "),
    };
    let verb = |action: &String| if grounded.characters.len() > 1 { action.clone() } else { third_person(action) };
    let mut parts = vec![who];
    parts.push(grounded.actions.iter().take(2).map(verb).collect::<Vec<_>>().join(" and then "));
    parts.extend(grounded.props.first().map(|prop| format!("with a {prop}")));
    parts.extend(grounded.places.first().map(|place| at_place(place)));
    parts.extend(
        grounded.weathers.first().filter(|weather| *weather != "clear").map(|weather| format!("in the {weather}")),
    );
    let time = |time: &String| if time == "day" { "during the day".to_string() } else { format!("at {time}") };
    parts.extend(grounded.times.first().map(time));
    parts.retain(|part| !part.is_empty());
    articles(&parts.join(" "))
}

/// A shot's caption in agreement with the shot.
pub(super) fn mend_caption(shot: &Shot, grounded: &Grounded, vocabulary: &Vocabulary) -> String {
    let there = |kind: &String| shot.characters.iter().any(|c| c.kind == *kind);
    let stranger = |word: &str| vocabulary.character.iter().any(|kind| names(word, kind) && !there(kind));
    if !shot.characters.is_empty() && shot.caption.split(' ').any(stranger) {
        return caption(shot, false);
    }
    let cast: Vec<(&str, Option<&str>)> =
        shot.characters.iter().map(|c| (c.kind.as_str(), Some(c.color.as_str()))).collect();
    mend(&shot.caption, &cast, grounded, vocabulary)
}

/// The plainest sentence for what a shot shows: who does what, in full in a film's first shot.
pub(super) fn caption(shot: &Shot, first: bool) -> String {
    let Some(hero) = shot.characters.first() else { return String::new() };
    let one = |c: &Character| if first { format!("a {} {}", c.color, c.kind) } else { format!("the {}", c.kind) };
    let who = match shot.characters.get(1) {
        Some(other) if other.kind == hero.kind && (!first || other.color == hero.color) => {
            let before = if first { format!("two {}", hero.color) } else { "the".to_string() };
            format!("{before} {}", plural(&hero.kind))
        }
        Some(other) => format!("{} and {}", one(hero), one(other)),
        None => one(hero),
    };
    let does = if shot.characters.len() > 1 { hero.action.clone() } else { third_person(&hero.action) };
    let with = match hero.action.as_str() {
        _ if shot.prop == "none" => String::new(),
        "look" => format!(" at the {}", shot.prop),
        "talk" => format!(" about the {}", shot.prop),
        "sleep" => format!(" next to the {}", shot.prop),
        _ => format!(" with the {}", shot.prop),
    };
    capital(&articles(&format!("{who} {does}{with}.")))
}

fn third_person(verb: &str) -> String {
    match verb.strip_suffix('y') {
        Some(stem) if !verb.ends_with(['a', 'e', 'o']) && !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if verb.ends_with("ch") || verb.ends_with("sh") || verb.ends_with('s') => format!("{verb}es"),
        _ => format!("{verb}s"),
    }
}

fn mend(text: &str, cast: &[(&str, Option<&str>)], grounded: &Grounded, vocabulary: &Vocabulary) -> String {
    let colors = &vocabulary.color;
    let mut words: Vec<String> = text.split(' ').map(str::to_string).collect();
    plain_part(&mut words, &grounded.idea);
    own_props(&mut words, &grounded.props, &vocabulary.prop);
    sensible(&mut words, &grounded.idea);
    match cast {
        [(a, _), (b, _)] if a == b => two_of_a_kind(&mut words, a, colors),
        _ => {
            one_of_a_kind(&mut words, cast);
            own_colors(&mut words, cast, colors);
        }
    }
    articles(&words.join(" "))
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

#[cfg(test)]
mod tests {
    use super::super::{cartoon_vocabulary, ground};
    use super::*;

    fn line(idea: &str, text: &str) -> String {
        let v = cartoon_vocabulary();
        mend_line(text, &ground(idea, &v), &v)
    }

    #[test]
    fn two_of_a_kind_are_told_apart() {
        let idea = "a cat meets another cat";
        assert_eq!(line(idea, "The cat and the cat wave."), "The cats wave.");
        assert_eq!(
            line(idea, "1. EXT. FARM – DAY. A gray cat and a gray cat sit."),
            "1. EXT. FARM – DAY. Two gray cats sit."
        );
        assert_eq!(
            line(idea, "A red cat meets a red cat. CAT: \"Hello!\""),
            "A red cat meets another red cat. CAT: \"Hello!\""
        );
        assert_eq!(line(idea, "Then the cat finds the cat."), "Then the cat finds the other cat.");
        assert_eq!(line(idea, "A red cat and a blue cat sit."), "A red cat and a blue cat sit.");
        assert_eq!(line(idea, "A red cats and a blue cats sit."), "A red cat and a blue cat sit.");
        assert_eq!(line("a cat and a dog", "The cat and the dog wave."), "The cat and the dog wave.");
        assert_eq!(line("a cat in the snow", "The cat and the cat jump for joy."), "The cat jumps for joy.");
    }

    #[test]
    fn a_colour_is_the_one_that_the_idea_gave() {
        assert_eq!(
            line("a pink rabbit and an orange dog", "A dog and a yellow rabbit wait."),
            "A dog and a pink rabbit wait."
        );
        assert_eq!(line("an orange dog", "A blue dog waits, the blue dog."), "An orange dog waits, the orange dog.");
    }

    #[test]
    fn a_thing_is_the_one_that_the_idea_named() {
        let idea = "a robot gives a star to a ghost";
        assert_eq!(line(idea, "A robot gives a ghost an umbrella."), "A robot gives a ghost a star.");
        assert_eq!(line("a robot", "A robot finds an umbrella."), "A robot finds an umbrella.");
    }

    #[test]
    fn a_script_about_others_is_noticed_and_the_idea_has_plain_words() {
        let v = cartoon_vocabulary();
        let others = |idea: &str, text: &str| is_of_others(text, &ground(idea, &v), &v);
        assert!(others("a robot", "1. EXT. MEADOW – DAY. A blue bird and a robot sit."));
        assert!(others("a dog", "A brown dog and a brown dog wander."));
        assert!(others("a dog", "A gray dog walks with a gray dog."));
        assert!(others("a dog at the beach", "1. EXT. FARM – DAY. A dog waits."));
        assert!(!others("a dog at the beach", "1. EXT. BEACH – DAY. A dog waits."));
        assert!(!others("a dog", "A dog waits. DOG: \"I am a dog!\""));
        assert!(!others("two dogs", "Two dogs wait.") && !others("a story", "A bird waits."));
        let plain = |idea: &str| plain_idea(&ground(idea, &v));
        assert_eq!(plain("it was a dark night and the old orange dog danced"), "an orange dog dances at night");
        assert_eq!(plain("two cats by the sea in the rain"), "two cats at the beach in the rain");
        assert_eq!(mend_title("The Dog and the Dog", &ground("two dogs", &v)), "The Two Dogs");
    }

    #[test]
    fn nobody_plays_what_the_idea_did_not_name() {
        assert_eq!(
            line("a sleepy bear", "An orange bear plays the guinea pig in the forest."),
            "An orange bear stands in the forest."
        );
        assert_eq!(line("two bears", "Two bears play the tiger."), "Two bears stand.");
        assert_eq!(line("a bear plays the drums", "A bear plays with the drums."), "A bear plays with the drums.");
    }

    #[test]
    fn a_caption_that_names_a_stranger_becomes_a_plain_one() {
        let v = cartoon_vocabulary();
        let one = |kind: &str| Character {
            kind: kind.into(),
            color: "red".into(),
            action: "fly".into(),
            mood: "happy".into(),
            size: None,
        };
        let mut shot = Shot {
            place: "snow".into(),
            time: "day".into(),
            weather: "clear".into(),
            characters: vec![one("cat")],
            prop: "none".into(),
            camera: "static".into(),
            caption: "A blue cat and a girl sit.".into(),
        };
        let mended = |shot: &Shot| mend_caption(shot, &ground("a cat", &v), &v);
        assert_eq!(mended(&shot), "The cat flies.");
        shot.caption = "A blue cat flies.".into();
        assert_eq!(mended(&shot), "A red cat flies.");
        shot.characters.push(one("cat"));
        shot.caption = "A girl sits.".into();
        assert_eq!(mended(&shot), "The cats fly.");
        assert_eq!(caption(&shot, true), "Two red cats fly.");
        assert_eq!(["walk", "fly", "play", "watch"].map(third_person), ["walks", "flies", "plays", "watches"]);
    }
}
