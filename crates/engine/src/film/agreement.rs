//! Script and storyboard tell the same film: the captions are the script's sentences, and where a shot had to change, its line
//! does.

use kinora_models::video::layout::Vocabulary;

use super::{Grounded, Shot, Storyboard};

/// A line of a script: "2. EXT. FARM – DAY. ", "The cat sits.", " Bees hum. CAT: …".
struct Line<'a> {
    head: &'a str,
    sentence: &'a str,
    rest: &'a str,
}

impl<'a> Line<'a> {
    /// None where a line has no head.
    fn read(line: &'a str) -> Option<Self> {
        let dash = line.find(" – ")?;
        let (head, body) = line.split_at(dash + line.get(dash..)?.find(". ")? + 2);
        let ends = |(at, c): (usize, char)| matches!(c, '.' | '!' | '?').then_some(at + 1);
        let end = body.char_indices().find_map(ends).unwrap_or(body.len());
        let (sentence, rest) = body.split_at(end);
        Some(Self { head, sentence, rest })
    }
}

/// The lines of a script's shots, where there are as many as shots.
fn lines<'a>(script: &'a str, shots: &[Shot]) -> Vec<&'a str> {
    let lines: Vec<&str> = script.lines().filter(|line| !line.trim().is_empty()).skip(1).collect();
    if lines.len() < shots.len() { Vec::new() } else { lines }
}

/// Captions that tell something else than the script become its sentences.
pub(super) fn take_captions(shots: &mut [Shot], script: &str) {
    for (line, shot) in lines(script, shots).into_iter().zip(shots) {
        if let Some(line) = Line::read(line).filter(|_| !line.contains(&shot.caption)) {
            shot.caption = line.sentence.to_string();
        }
    }
}

/// The script in agreement with a finished storyboard; none where it is already. A line that tells something else gets the
/// caption, and nobody says what went with the old one.
pub(super) fn retold(script: &str, board: &Storyboard, colors: &[String]) -> Option<String> {
    let mut text = script.to_string();
    for (line, shot) in lines(script, &board.shots).into_iter().zip(&board.shots) {
        let Some(parts) = Line::read(line).filter(|_| !line.contains(&shot.caption)) else { continue };
        let rest = if recolored(parts.sentence, &shot.caption, colors) { parts.rest } else { "" };
        text = text.replacen(line, &format!("{}{}{rest}", parts.head, shot.caption), 1);
    }
    (text != script).then_some(text)
}

/// Whether two sentences differ in colours and their articles only.
fn recolored(a: &str, b: &str, colors: &[String]) -> bool {
    let free = |word: &str| matches!(word, "a" | "an" | "A" | "An") || colors.iter().any(|color| color == word);
    a.split(' ').count() == b.split(' ').count()
        && a.split(' ').zip(b.split(' ')).all(|(a, b)| a == b || free(a) && free(b))
}

/// Whether lines play elsewhere than the idea, as their heads say.
pub(super) fn is_elsewhere(line: &str, grounded: &Grounded, vocabulary: &Vocabulary) -> bool {
    let is_head = |place: &String| line.contains(&format!(". {} – ", place.to_uppercase()));
    let there = grounded.places.is_empty() || grounded.places.iter().any(is_head);
    !there && vocabulary.place.iter().any(is_head)
}

/// The line of shot `at` of `of` with the idea's place and time in its head (in capitals).
pub(super) fn head_of(line: &str, grounded: &Grounded, vocabulary: &Vocabulary, at: usize, of: usize) -> String {
    let (place, time) = grounded.stop(at, of);
    let mut line = line.to_string();
    for (stop, named, all, before, behind) in [
        (place, &grounded.places, &vocabulary.place, ". ", " – "),
        (time, &grounded.times, &vocabulary.time, " – ", ""),
    ] {
        let head = |word: &String| format!("{before}{}{behind}", word.to_uppercase());
        let Some(here) = stop.or_else(|| named.first()) else { continue };
        let other = |word: &&String| stop.is_some() || !named.contains(word);
        if let Some(old) = all.iter().find(|word| line.contains(&head(word))).filter(other) {
            line = line.replacen(&head(old), &head(here), 1);
        }
    }
    let told = |word: &String| line.contains(&format!(", {}.", word.to_uppercase()));
    if let Some(weather) = grounded.weathers.first().filter(|weather| *weather != "clear" && !told(weather))
        && let Some(end) = line.find(" – ").and_then(|dash| Some(dash + line.get(dash..)?.find(['.', ','])?))
    {
        let rest = line.get(end..).and_then(|rest| rest.split_once('.')).map_or("", |(_, rest)| rest).to_string();
        line = format!("{}, {}.{rest}", line.get(..end).unwrap_or(""), weather.to_uppercase());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::super::{cartoon_vocabulary, ground};
    use super::*;

    const SCRIPT: &str = "The Cat's Day\n1. EXT. FARM – DAY. A red cat sits on the farm. Bees hum. CAT: \"Ah!\"\n2. EXT. FARM – DAY, RAIN. \
                          The cat stops. Where is the star?\n";

    fn board(captions: [&str; 2]) -> Storyboard {
        let shot = |caption: &str| Shot {
            place: "farm".into(),
            time: "day".into(),
            weather: "clear".into(),
            characters: Vec::new(),
            prop: "none".into(),
            camera: "static".into(),
            caption: caption.into(),
        };
        Storyboard { title: "The Cat's Day".into(), shots: captions.map(shot).to_vec() }
    }

    #[test]
    fn a_caption_is_a_sentence_of_the_script() {
        let mut film = board(["A red cat flies.", "The cat stops. Where is the star?"]);
        take_captions(&mut film.shots, SCRIPT);
        let captions: Vec<&str> = film.shots.iter().map(|s| s.caption.as_str()).collect();
        assert_eq!(captions, ["A red cat sits on the farm.", "The cat stops. Where is the star?"]);
        assert_eq!(retold(SCRIPT, &film, &[]), None);
    }

    #[test]
    fn a_line_follows_the_shot_that_had_to_change() {
        let colors = ["red".to_string(), "blue".to_string()];
        let told = |first, second| retold(SCRIPT, &board([first, second]), &colors).unwrap_or_default();
        let script = told("A red cat sleeps.", "The cat stops. Where is the star?");
        assert!(script.contains("1. EXT. FARM – DAY. A red cat sleeps.\n2. EXT."), "{script}");
        let script = told("A blue cat sits on the farm.", "The cat jumps.");
        assert!(script.contains("DAY. A blue cat sits on the farm. Bees hum. CAT: \"Ah!\"\n"), "{script}");
        assert!(script.ends_with("2. EXT. FARM – DAY, RAIN. The cat jumps.\n"), "{script}");
    }

    #[test]
    fn a_script_of_another_length_or_without_heads_is_left() {
        let film = board(["The cat flies.", "The cat runs."]);
        assert_eq!(retold("A title\n1. EXT. FARM – DAY. The cat sits.", &film, &[]), None);
        assert_eq!(retold("A title\nThe cat sits.\nThe cat jumps.", &film, &[]), None);
    }

    #[test]
    fn a_head_says_where_when_and_in_what_weather() {
        let v = cartoon_vocabulary();
        let head = |idea: &str, line: &str| head_of(line, &ground(idea, &v), &v, 1, 3);
        assert_eq!(
            head("a dog at the beach at night in the rain", "2. EXT. FARM – DAY. The dog waits."),
            "2. EXT. BEACH – NIGHT, RAIN. The dog waits."
        );
        assert_eq!(head("a dog in the fog", "2. EXT. FARM – DAY, SNOW. A dog."), "2. EXT. FARM – DAY, FOG. A dog.");
        assert_eq!(head("a dog", "2. EXT. FARM – DAY, SNOW. A dog."), "2. EXT. FARM – DAY, SNOW. A dog.");
    }
}
