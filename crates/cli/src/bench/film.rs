//! What the embedded models take on this machine, stage by stage.

use std::time::Instant;

use kinora_engine::film::{FilmEvent, FilmRequest};

use super::{Args, median};
use crate::embedded;
use crate::failure::Outcome;

/// Seconds of one film's stages.
#[derive(Default)]
struct Times {
    script: f64,
    storyboard: f64,
    first_frame: f64,
    /// Of one frame of the draft, in the mean.
    frame: f64,
    shot: f64,
    /// Of a refined shot, where there is a refiner.
    refined: f64,
    /// Deltas of text a second, in script and storyboard.
    deltas: f64,
}

fn film(engine: &kinora_engine::Engine, seed: u64) -> Outcome<Times> {
    let idea = "a shy robot finds a flower in the snow".into();
    let request = FilmRequest { idea, seed, style: "film".into(), ..Default::default() };
    let (shots, frames) = (request.shots as f64, request.frames_per_shot() as f64);
    let mut film = engine.film(request)?;
    let (mut times, start, mut deltas) = (Times::default(), Instant::now(), 0.0);
    let (mut board, mut first, mut last) = (0.0, None, 0.0);
    while let Some(event) = pollster::block_on(film.next())? {
        let now = start.elapsed().as_secs_f64();
        match event {
            FilmEvent::ScriptDelta { .. } => deltas += 1.0,
            FilmEvent::Script { .. } => times.script = now,
            FilmEvent::Storyboard { done: true, .. } => {
                board = now;
                times.storyboard = now - times.script;
            }
            FilmEvent::Thumbnail { shot: 0, .. } => times.first_frame = now - board,
            FilmEvent::Draft { .. } => {
                first.get_or_insert(now);
                last = now;
            }
            FilmEvent::Done => {
                times.frame = (last - first.unwrap_or(last)) / (shots * frames - 1.0);
                times.shot = times.frame * frames;
                times.refined = (now - last) / shots;
            }
            _ => {}
        }
    }
    times.deltas = deltas / times.script.max(1e-9);
    Ok(times)
}

/// Makes films and prints the median of each stage.
pub(super) fn run(args: &Args) -> Outcome {
    let start = Instant::now();
    let engine = embedded::load(&args.device)?;
    let load = start.elapsed().as_secs_f64();
    let runs = (0..u64::from(args.runs)).map(|seed| film(&engine, seed)).collect::<Outcome<Vec<_>>>()?;
    let of = |pick: fn(&Times) -> f64| median(runs.iter().map(pick));
    let rows = [
        ("models loaded", "s", load),
        ("script of three shots", "s", of(|t| t.script)),
        ("script, words or parts of words", "1/s", of(|t| t.deltas)),
        ("storyboard of three shots", "s", of(|t| t.storyboard)),
        ("first frame after the storyboard", "s", of(|t| t.first_frame)),
        ("one frame of the draft, 192×112", "s", of(|t| t.frame)),
        ("draft of a shot of 33 frames, 192×112", "s", of(|t| t.shot)),
        ("the same shot refined, in the style of film", "s", of(|t| t.refined)),
    ];
    let refines = engine.video()?.refiner.is_some();
    let rows = if refines { &rows[..] } else { &rows[..rows.len() - 1] };
    if args.json {
        let object: serde_json::Map<_, _> =
            rows.iter().map(|(name, _, v)| (name.to_string(), serde_json::json!(v))).collect();
        println!("{}", serde_json::Value::Object(object));
        return Ok(());
    }
    println!("{} · median of {} films", engine.device().description(), args.runs);
    for (name, unit, value) in rows {
        println!("{name:40} {value:>10.3} {unit}");
    }
    Ok(())
}
