//! `kinora eval motion`: do the motion model's layouts carry the asked action, as the world's own do?
//!
//! The judge is the nearest of the world's own performances, in summary numbers of a character's pose over a shot. It is
//! scored on held-out performances of the world as well: that is the most that a made layout can reach. Of shots with a sound it
//! also says how well mouths follow the voice and dancers the beat.

use std::fs;

use kinora_formats::SafeTensorsFile;
use kinora_models::video::motion::{Heard, Motion, Take};
use kinora_tensor::Device;
use kinora_world::motion::{MOUTH, animate, animate_to, speaker};
use kinora_world::spec::{Action, ShotSpec};
use serde_json::json;

use super::score::Scores;
use crate::dataset::motion::sound;
use crate::embedded;
use crate::failure::{Failure, Outcome};
use crate::world::shot_ids;

const HELD_OUT_SEED: u64 = 1_000_000_007;
const FRAMES: usize = 33;
const FPS: f32 = 12.0;
/// Performances of the world that the judge has seen.
const SEEN: u64 = 6_000;
/// Numbers of a character in a frame, and where the first character's begin.
const POSE: usize = 18;
const POSE_AT: usize = 5;
/// How far feet are up and the mouth is open, in a pose.
const LIFT: usize = 7;
const OPEN: usize = 14;

/// Arguments of `kinora eval motion`.
#[derive(clap::Args)]
pub struct Args {
    /// Held-out shots
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    count: u64,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// What a performance looks like: of each pose number its mean, its spread, and its spread from frame to frame.
type Summary = [f32; 3 * POSE];

fn summary(frames: &[Vec<f32>]) -> Summary {
    let mut out = [0.0; 3 * POSE];
    let n = frames.len().max(1) as f32;
    for k in 0..POSE {
        let column = || frames.iter().filter_map(move |f| f.get(POSE_AT + k).copied());
        let mean = column().sum::<f32>() / n;
        let spread = (column().map(|v| (v - mean).powi(2)).sum::<f32>() / n).sqrt();
        let moves = (column().zip(column().skip(1)).map(|(a, b)| (b - a).powi(2)).sum::<f32>() / n).sqrt();
        (out[k], out[POSE + k], out[2 * POSE + k]) = (mean, spread, moves);
    }
    out
}

/// The world's performances, each with its action; distances are in units of each number's spread.
struct Judge {
    seen: Vec<(Summary, u32)>,
    scale: Summary,
}

impl Judge {
    fn new() -> Judge {
        let one = |seed| {
            let shot = ShotSpec::sample(seed);
            let action = shot.characters.first().map(|c| c.action.id())?;
            let frames: Vec<Vec<f32>> =
                animate(&shot, seed, FRAMES, FPS).iter().map(|f| f.to_array().to_vec()).collect();
            Some((summary(&frames), action))
        };
        let seen: Vec<(Summary, u32)> = (0..SEEN).filter_map(one).collect();
        let n = seen.len().max(1) as f32;
        let mut scale = [0.0; 3 * POSE];
        for (k, scale) in scale.iter_mut().enumerate() {
            let mean = seen.iter().map(|s| s.0[k]).sum::<f32>() / n;
            let spread = (seen.iter().map(|s| (s.0[k] - mean).powi(2)).sum::<f32>() / n).sqrt();
            // where someone stands, how tall and which way says nothing of the action
            let nuisance = matches!(k, 0 | 1 | 3 | 5 | 11 | 12);
            *scale = if nuisance || spread < 1e-4 { 0.0 } else { 1.0 / spread };
        }
        Judge { seen, scale }
    }

    /// The action of the five nearest performances.
    fn action(&self, of: &Summary) -> Option<u32> {
        let far = |s: &Summary| (0..s.len()).map(|k| ((s[k] - of[k]) * self.scale[k]).powi(2)).sum::<f32>();
        let mut near: Vec<(f32, u32)> = self.seen.iter().map(|(s, a)| (far(s), *a)).collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        near.truncate(5);
        let votes = |a: u32| near.iter().filter(|n| n.1 == a).count();
        near.iter().map(|n| n.1).max_by_key(|&a| votes(a))
    }
}

/// A shot of its own film.
fn take(seed: u64, sound: Option<&[Heard]>) -> Take<'_> {
    Take { n_frames: FRAMES, fps: FPS, seed, film: seed, sizes: [1.0; 2], sound }
}

/// Runs the suite.
pub fn run(args: &Args) -> Outcome {
    let path = embedded::folder()?.join("motion/motion.safetensors");
    let bytes = fs::read(&path).map_err(|e| Failure::from(e).at(path.display()))?;
    let motion = Motion::load(&SafeTensorsFile::from_bytes(bytes)?, &Device::cpu(1))?;
    let (judge, mut scores) = (Judge::new(), Scores::default());
    for seed in HELD_OUT_SEED..HELD_OUT_SEED + args.count {
        let shot = ShotSpec::sample(seed);
        let Some(asked) = shot.characters.first().map(|c| c.action) else { continue };
        let truth: Vec<Vec<f32>> = animate(&shot, seed, FRAMES, FPS).iter().map(|f| f.to_array().to_vec()).collect();
        scores.add("the world's own layouts", judge.action(&summary(&truth)) == Some(asked.id()));
        let made = pollster::block_on(motion.generate(&shot_ids(&shot), &take(seed, None)))?;
        let right = judge.action(&summary(&made.frames)) == Some(asked.id());
        scores.add("made layouts", right);
        scores.add(name_of(asked), right);
    }
    let following = following(&motion, args.count)?;
    if args.json {
        let mut json = scores.to_json();
        let correlations = following.iter().map(|(name, pairs)| ((*name).to_owned(), json!(correlation(pairs))));
        json["correlation"] = correlations.collect();
        println!("{json}");
    } else {
        println!("action recognised in layouts, {} held-out shots", args.count);
        print!("{scores}");
        println!("what follows the sound: correlation over all frames");
        for (name, pairs) in following {
            println!("  {name:<40} {:.3}", correlation(&pairs));
        }
    }
    Ok(())
}

/// What is heard and what is seen, in each frame.
type Pairs = Vec<(f32, f32)>;

/// How far the speaker's mouth is open in the sound and in layouts; how high a dancer's feet are by the beat and in layouts.
fn following(motion: &Motion, count: u64) -> Outcome<Vec<(&'static str, Pairs)>> {
    const NAMES: [&str; 4] = [
        "mouths, the world's own layouts",
        "mouths, made layouts",
        "dancers, the world's own layouts",
        "dancers, made layouts",
    ];
    let mut pairs: [Pairs; 4] = Default::default();
    for seed in HELD_OUT_SEED..HELD_OUT_SEED + count {
        let shot = ShotSpec::sample(seed);
        let Some(sound) = sound(seed, FRAMES, FPS) else { continue };
        let truth: Vec<Vec<f32>> =
            animate_to(&shot, Some(&sound), seed, FRAMES, FPS).iter().map(|f| f.to_array().to_vec()).collect();
        let take = take(seed, Some(sound.frames()));
        let made = pollster::block_on(motion.generate(&shot_ids(&shot), &take))?.frames;
        for (i, layout) in [truth, made].iter().enumerate() {
            let seen = |who: usize, field: usize| {
                layout.iter().map(move |f| f.get(POSE_AT + POSE * who + field).copied().unwrap_or(0.0))
            };
            if let Some(who) = speaker(&shot).filter(|_| sound.speaks()) {
                pairs[i].extend(sound.frames().iter().map(|f| f[MOUTH]).zip(seen(who, OPEN)));
            }
            if let Some(beat) = sound.beat() {
                for who in (0..shot.characters.len()).filter(|&who| shot.characters[who].action == Action::Dance) {
                    let lift: Vec<f32> = seen(who, LIFT).collect();
                    let mean = lift.iter().sum::<f32>() / lift.len().max(1) as f32;
                    let up = |k: usize| (std::f32::consts::TAU * beat.dance(k as f32 / FPS)).sin().abs();
                    pairs[2 + i].extend(lift.iter().enumerate().map(|(k, l)| (up(k), l - mean)));
                }
            }
        }
    }
    Ok(NAMES.into_iter().zip(pairs).collect())
}

/// Pearson's.
fn correlation(pairs: &[(f32, f32)]) -> f32 {
    let n = pairs.len().max(1) as f32;
    let (x, y) = (pairs.iter().map(|p| p.0).sum::<f32>() / n, pairs.iter().map(|p| p.1).sum::<f32>() / n);
    let sum = |of: &dyn Fn(f32, f32) -> f32| pairs.iter().map(|p| of(p.0 - x, p.1 - y)).sum::<f32>();
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt().max(1e-9)
}

fn name_of(action: Action) -> &'static str {
    Action::NAMES.get(action.id() as usize).copied().unwrap_or("?")
}
