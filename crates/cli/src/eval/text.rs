//! The text model on held-out ideas. What an idea asks for is known from the generator that wrote it, never from a model.

use std::fs;
use std::path::PathBuf;

use kinora_engine::chat::{ChatEvent, ChatRequest, ChatStream, Message, ResponseFormat};
use kinora_engine::film::{Storyboard, ground, keep_promises, make_consistent, schema};
use kinora_engine::sampling::Sampling;
use kinora_engine::{Engine, ModelFiles};
use kinora_models::video::layout::Vocabulary;
use kinora_world::corpus::{Sample, Split, Truth, sample};
use serde_json::{Value, json};

use super::score::Scores;
use crate::embedded::{DeviceArgs, folder};
use crate::failure::{Failure, Outcome};

/// Tokens that a script or a storyboard of a shot may take, as in the director.
const TOKENS_PER_SHOT: usize = 160;

/// How many ideas, and how the result is printed.
#[derive(clap::Args)]
pub struct Args {
    /// Text model; the embedded one if left out
    #[arg(long)]
    model: Option<PathBuf>,
    /// Held-out ideas
    #[arg(long, default_value_t = 200)]
    count: u64,
    /// Seed of the ideas
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// Show so many ideas whose storyboard lacks something
    #[arg(long, default_value_t = 0)]
    show: usize,
    #[command(flatten)]
    device: DeviceArgs,
}

/// How the storyboard is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The bare model: the idea as typed, greedy, no grammar.
    Free,
    /// As the director does it: grounded idea, sampled script, grammar, consistent characters.
    Film,
}

/// Runs both ways over the same ideas and prints what was right.
pub fn run(args: &Args) -> Outcome {
    let path = match &args.model {
        Some(path) => path.clone(),
        None => folder()?.join("text/kinora-text.gguf"),
    };
    let text = fs::read(&path).map_err(|e| Failure::from(e).at(path.display()))?;
    let engine = Engine::load(ModelFiles { text, ..Default::default() }, args.device.open()?)?;
    let vocabulary = Vocabulary::from_json(&kinora_world::spec::vocabulary().to_string())?;
    let mut report = serde_json::Map::new();
    for (way, name) in [(Way::Free, "free"), (Way::Film, "film")] {
        let mut scores = Scores::default();
        let mut shown = 0;
        for index in 0..args.count {
            let asked = sample(args.seed, index, Split::HeldOut);
            let (script, board) = ask(&engine, &vocabulary, way, &asked, index)?;
            let missing = judge(&asked, &script, board.as_ref(), &mut scores);
            if !missing.is_empty() && shown < args.show {
                shown += 1;
                eprintln!("{name}: {} – lacks {}\n{script}\n", asked.idea, missing.join(", "));
            }
        }
        if !args.json {
            let title =
                if way == Way::Free { "free: idea as typed, greedy, no grammar" } else { "film: as the director asks" };
            println!("{title}\n{scores}");
        }
        report.insert(name.to_string(), scores.to_json());
    }
    if args.json {
        println!(
            "{}",
            json!({ "suite": "text", "count": args.count, "seed": args.seed, "ways": Value::Object(report) })
        );
    }
    Ok(())
}

/// The answer's whole text.
fn whole(mut stream: ChatStream) -> Outcome<String> {
    let mut text = String::new();
    while let Some(event) = pollster::block_on(stream.next())? {
        if let ChatEvent::Delta { text: delta, .. } = event {
            text.push_str(&delta);
        }
    }
    Ok(text)
}

/// The script, and the storyboard unless it is no JSON of the right form.
fn ask(
    engine: &Engine,
    words: &Vocabulary,
    way: Way,
    asked: &Sample,
    seed: u64,
) -> Outcome<(String, Option<Storyboard>)> {
    let shots = shots_of(asked);
    let grounded = ground(&asked.idea, words);
    let typed = asked.turns.first().map(|t| t.0.clone()).unwrap_or_default();
    let film = way == Way::Film;
    let prompt = if film { typed.replace(&asked.idea, &grounded.idea) } else { typed };
    let base = || ChatRequest {
        max_tokens: Some(TOKENS_PER_SHOT * shots + 64),
        sampling: Sampling { temperature: 0.0, ..Sampling::default() },
        seed,
        ..Default::default()
    };
    let mut request = ChatRequest { messages: vec![Message::user(prompt.clone())], ..base() };
    if film {
        (request.sampling.temperature, request.sampling.top_p) = (0.3, 0.9);
    }
    let script = whole(engine.chat(request)?)?;
    let messages = vec![Message::user(prompt), Message::assistant(script.clone()), Message::user("Storyboard")];
    let format = if film { ResponseFormat::JsonSchema(schema(words, &grounded, shots)) } else { ResponseFormat::Text };
    let answer = whole(engine.chat(ChatRequest { messages, format, ..base() })?)?;
    let mut board = serde_json::from_str::<Storyboard>(&answer).ok().filter(|b| !b.shots.is_empty());
    if let Some(board) = board.as_mut().filter(|_| film) {
        make_consistent(board, &grounded, words);
        keep_promises(board, &grounded);
    }
    Ok((script, board))
}

/// The number of shots that the generator's own script has.
fn shots_of(asked: &Sample) -> usize {
    asked.turns.first().map_or(3, |t| t.1.lines().count().saturating_sub(1)).max(1)
}

/// Counts what the storyboard got right; returns what it lacks.
fn judge(asked: &Sample, script: &str, board: Option<&Storyboard>, scores: &mut Scores) -> Vec<&'static str> {
    let mut missing = Vec::new();
    let mut count = |name: &'static str, right: bool| {
        scores.add(name, right);
        if !right {
            missing.push(name);
        }
    };
    count("JSON of the right form", board.is_some());
    let t = &asked.truth;
    // no storyboard names nothing: everything that was asked for counts as missing
    let none = Storyboard { title: String::new(), shots: Vec::new() };
    let shots = &board.unwrap_or(&none).shots;
    let every = |test: &dyn Fn(&kinora_engine::film::Shot) -> bool| !shots.is_empty() && shots.iter().all(test);
    let acts = |action: &str| {
        let hero = t.characters.first().copied().unwrap_or_default();
        shots.iter().any(|s| s.characters.iter().any(|c| c.kind == hero && c.action == action))
    };
    let character = t.characters.iter().all(|kind| every(&|s| s.characters.iter().any(|c| c.kind == *kind)));
    let place = t.place.is_none_or(|place| every(&|s| s.place == place));
    let action = t.action.is_none_or(acts);
    if !t.characters.is_empty() {
        count("character", character);
    }
    if t.place.is_some() {
        count("place", place);
    }
    if t.action.is_some() {
        count("action", action);
    }
    if let Some(then) = t.then.filter(|_| shots_of(asked) > 1) {
        count("second action", acts(then));
    }
    count("character, place and action", board.is_some() && character && place && action);
    if t.inside {
        count("… of ideas inside the vocabulary", board.is_some() && character && place && action);
    }
    if t.colors.iter().any(Option::is_some) {
        count("colour, in every shot", colors(t, &every));
    }
    if let Some(prop) = t.prop {
        count("prop", shots.iter().any(|s| s.prop == prop));
    }
    if let Some(time) = t.time {
        count("time of day", every(&|s| s.time == time));
    }
    if let Some(weather) = t.weather {
        count("weather", every(&|s| s.weather == weather));
    }
    if let Some(mood) = t.mood {
        count("mood", shots.iter().any(|s| s.characters.iter().any(|c| c.mood == mood)));
    }
    count("a line of script for each shot", script.trim().lines().count() == shots_of(asked) + 1);
    missing
}

/// Every colour that the idea gave is on its character in every shot.
#[allow(clippy::type_complexity, reason = "the quantifier is passed in")]
fn colors(t: &Truth, every: &dyn Fn(&dyn Fn(&kinora_engine::film::Shot) -> bool) -> bool) -> bool {
    t.characters.iter().zip(&t.colors).all(|(kind, color)| {
        color.is_none_or(|color| every(&|s| s.characters.iter().any(|c| c.kind == *kind && c.color == color)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth_board(asked: &Sample) -> Storyboard {
        serde_json::from_str(&asked.turns[1].1).expect("the generator's storyboard")
    }

    #[test]
    fn the_generators_own_storyboards_are_all_right() {
        let mut scores = Scores::default();
        for index in 0..300 {
            let asked = sample(5, index, Split::HeldOut);
            // a script in one shot has no room for an idea's opening mood to change or for a second action
            judge(&asked, &asked.turns[0].1, Some(&truth_board(&asked)), &mut scores);
        }
        for name in ["character", "place", "action", "character, place and action", "colour, in every shot", "prop"] {
            let (right, of) = scores.get(name).expect(name);
            assert!(right == of && of > 20, "{name}: {right} of {of}");
        }
    }

    #[test]
    fn a_storyboard_of_another_idea_is_mostly_wrong() {
        let mut scores = Scores::default();
        for index in 0..200 {
            let (asked, other) = (sample(5, index, Split::HeldOut), sample(6, index, Split::HeldOut));
            judge(&asked, &asked.turns[0].1, Some(&truth_board(&other)), &mut scores);
        }
        let (right, of) = scores.get("character, place and action").expect("counted");
        assert!(right * 10 < of, "{right} of {of}");
    }

    #[test]
    fn no_storyboard_counts_as_nothing_named() {
        let mut scores = Scores::default();
        let asked =
            (0..).map(|i| sample(5, i, Split::HeldOut)).find(|s| s.truth.place.is_some()).expect("one with a place");
        let missing = judge(&asked, "", None, &mut scores);
        assert!(missing.contains(&"JSON of the right form") && missing.contains(&"place"), "{missing:?}");
    }

    #[test]
    fn the_words_of_the_corpus_are_grounded_as_the_corpus_means_them() {
        let vocabulary = Vocabulary::from_json(&kinora_world::spec::vocabulary().to_string()).expect("a vocabulary");
        let (mut right, mut of) = (0, 0);
        for index in 0..600 {
            let asked = sample(11, index, Split::HeldOut);
            let found = ground(&asked.idea, &vocabulary);
            for kind in &asked.truth.characters {
                of += 1;
                right += usize::from(found.characters.is_empty() || found.characters.iter().any(|(k, _)| k == kind));
            }
            if let Some(place) = asked.truth.place {
                of += 1;
                right += usize::from(found.places.is_empty() || found.places.iter().any(|p| p == place));
            }
        }
        // what is not understood is left to the text model; what is misunderstood is lost
        assert!(right * 100 >= of * 98, "{right} of {of}");
    }
}
