use super::words::{CHARACTERS, COLORS, MOODS, PLACES, PROPS, TIMES, WEATHER};
use super::{ACTIONS, Sample, Split, sample};
use crate::spec;
use serde_json::Value;

fn films(split: Split, count: u64) -> impl Iterator<Item = Sample> {
    (0..count).map(move |i| sample(11, i, split)).filter(|s| s.kind == "film")
}

fn storyboard(s: &Sample) -> Value {
    serde_json::from_str(&s.turns[1].1).unwrap_or_else(|e| panic!("{e}: {}", s.turns[1].1))
}

fn shots(board: &Value) -> &Vec<Value> {
    board["shots"].as_array().expect("shots")
}

#[test]
fn the_lexicon_has_exactly_the_words_of_the_spec() {
    assert_eq!(spec::Kind::NAMES, CHARACTERS.each_ref().map(|c| c.name));
    assert_eq!(spec::Color::NAMES, COLORS.each_ref().map(|c| c.name));
    assert_eq!(spec::Place::NAMES, PLACES.each_ref().map(|c| c.name));
    assert_eq!(spec::Time::NAMES, TIMES.map(|c| c.0));
    assert_eq!(spec::Weather::NAMES, WEATHER.map(|c| c.0));
    assert_eq!(spec::Mood::NAMES, MOODS.map(|c| c.0));
    assert_eq!(spec::Action::NAMES, ACTIONS);
    assert_eq!(spec::Prop::NAMES[1..], PROPS.each_ref().map(|c| c.name));
}

#[test]
fn a_storyboard_agrees_with_its_idea_and_its_script() {
    for s in films(Split::Train, 3000) {
        let board = storyboard(&s);
        let script = &s.turns[0].1;
        assert_eq!(shots(&board).len() + 1, script.lines().count(), "{script}");
        assert_eq!(script.lines().next(), board["title"].as_str());
        let (t, all) = (&s.truth, shots(&board));
        for (shot, line) in all.iter().zip(script.lines().skip(1)) {
            assert!(line.contains(shot["caption"].as_str().expect("caption")), "{line}");
            assert!(line.contains(&shot["place"].as_str().expect("place").to_uppercase()), "{line}");
            for (i, kind) in t.characters.iter().enumerate() {
                assert_eq!(shot["characters"][i]["kind"], *kind, "{}", s.idea);
                assert_eq!(shot["characters"][i]["color"], all[0]["characters"][i]["color"]);
                if let Some(color) = t.colors[i] {
                    assert_eq!(shot["characters"][i]["color"], color, "{}", s.idea);
                }
            }
            assert!(t.place.is_none_or(|p| shot["place"] == p), "{}", s.idea);
        }
        let acted = |a: &str| all.iter().any(|shot| shot["characters"][0]["action"] == a);
        assert!(t.action.is_none_or(acted), "{}: {script}", s.idea);
        // one shot has room for one action
        assert!(all.len() == 1 || t.then.is_none_or(acted), "{}: {script}", s.idea);
    }
}

#[test]
fn every_word_of_a_storyboard_is_in_the_vocabulary() {
    let known = |list: Vec<&str>, v: &Value| assert!(list.iter().any(|w| v == w), "{v}");
    for s in films(Split::Train, 500) {
        for shot in shots(&storyboard(&s)) {
            known(PLACES.iter().map(|p| p.name).collect(), &shot["place"]);
            known(PROPS.iter().map(|p| p.name).chain(["none"]).collect(), &shot["prop"]);
            known(vec!["static", "pan_left", "pan_right", "zoom_in", "zoom_out", "shake"], &shot["camera"]);
            for c in shot["characters"].as_array().expect("characters") {
                known(CHARACTERS.iter().map(|c| c.name).collect(), &c["kind"]);
                known(COLORS.iter().map(|c| c.name).collect(), &c["color"]);
                known(ACTIONS.to_vec(), &c["action"]);
                known(MOODS.iter().map(|m| m.0).collect(), &c["mood"]);
            }
        }
    }
}

#[test]
fn training_never_sees_a_held_out_idea() {
    let train: std::collections::HashSet<String> = films(Split::Train, 20_000).map(|s| s.idea.to_lowercase()).collect();
    let seen: Vec<String> = films(Split::HeldOut, 2000)
        .map(|s| s.idea.to_lowercase())
        // a slip of the keyboard can turn one idea into another
        .filter(|idea| train.contains(idea))
        .collect();
    assert!(seen.len() <= 4, "{} of 2000: {seen:?}", seen.len());
}

#[test]
fn a_seed_means_one_text() {
    let line = |seed| sample(seed, 5, Split::Train).to_json();
    assert_eq!(line(1), line(1));
    assert_ne!(line(1), line(2));
}

#[test]
fn the_mix_holds_every_kind_and_lines_are_json() {
    let mut count = std::collections::BTreeMap::new();
    for i in 0..2000 {
        let s = sample(3, i, Split::Train);
        let v: Value = serde_json::from_str(&s.to_json()).expect("a line of JSON");
        assert_eq!(v["turns"].as_array().map(Vec::len), Some(s.turns.len()));
        *count.entry(s.kind).or_insert(0) += 1;
    }
    assert!(
        count["film"] > 1200 && count["chat"] > 180 && count["dialogue"] > 150 && count["lesson"] > 150,
        "{count:?}"
    );
}

#[test]
fn quizzes_as_json_name_the_right_answer_of_their_text() {
    let lessons = (0..4000).map(|i| sample(4, i, Split::Train)).filter(|s| s.kind == "lesson" && s.turns.len() == 2);
    for s in lessons {
        let quiz: Value = serde_json::from_str(&s.turns[1].1).expect("quiz");
        for (i, q) in quiz["questions"].as_array().expect("questions").iter().enumerate() {
            let answer = q["answer"].as_u64().expect("index") as usize;
            assert!(q["choices"][answer].is_string());
            let line = s.turns[0].1.lines().find(|l| l.starts_with(&format!("{}. ", i + 1))).expect("a line");
            assert!(line.ends_with(&format!("Answer: {}", ["a", "b", "c"][answer])), "{line}");
        }
    }
}
