//! Words of scripts and captions that must agree with who is in the film: colours, two of a kind, articles.

use kinora_models::video::layout::Vocabulary;

use super::grounding::{articles, at_place, plural};
use super::{Character, Grounded, Shot, agreement::is_elsewhere};

mod mend;
use mend::mend;

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

/// "flies" of "fly"
pub(super) fn third_person(verb: &str) -> String {
    match verb.strip_suffix('y') {
        Some(stem) if !verb.ends_with(['a', 'e', 'o']) && !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if verb.ends_with("ch") || verb.ends_with("sh") || verb.ends_with('s') => format!("{verb}es"),
        _ => format!("{verb}s"),
    }
}

/// "fly" of "flies"; none of what is no third person.
fn plain_form(verb: &str) -> Option<String> {
    match verb {
        "is" => return Some("are".into()),
        "was" => return Some("were".into()),
        "has" => return Some("have".into()),
        _ => {}
    }
    let stems =
        [("ies", "y"), ("es", ""), ("s", "")].map(|(end, plain)| Some(verb.strip_suffix(end)?.to_string() + plain));
    stems.into_iter().flatten().find(|stem| third_person(stem) == verb)
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
    fn verbs_agree_and_take_along_only_what_the_idea_names() {
        assert_eq!(line("two dragons", "The dragons argues with a lantern."), "The dragons argue with a lantern.");
        assert_eq!(
            line("two cats", "The cats is happy and the cats carries it."),
            "The cats are happy and the cats carry it."
        );
        assert_eq!(line("a cat and a dog", "The cat and the dog watches."), "The cat and the dog watch.");
        assert_eq!(
            line("a cat and a dog", "A cat gives a dog this. The dog runs."),
            "A cat gives a dog this. The dog runs."
        );
        assert_eq!(line("a boy", "The boy rides a bicycle."), "The boy rides along.");
        assert_eq!(line("a boy flies a kite", "A boy flies with a kite."), "A boy runs with a kite.");
        assert_eq!(line("a bird flies with a kite", "A bird flies with a kite."), "A bird flies with a kite.");
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
        for (plain, third) in
            [("walk", "walks"), ("fly", "flies"), ("play", "plays"), ("watch", "watches"), ("race", "races")]
        {
            assert_eq!((third_person(plain).as_str(), plain_form(third).as_deref()), (third, Some(plain)));
        }
    }
}
