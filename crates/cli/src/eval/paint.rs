//! `kinora eval paint`: held-out shots painted from the world's own layouts, compared with the world's own pictures.

use std::fs;

use kinora_formats::SafeTensorsFile;
use kinora_models::video::paint::Painter;
use kinora_world::motion::animate;
use kinora_world::recognise::{Attribute, psnr, recognise, recognise_action};
use kinora_world::render::render;
use kinora_world::spec::{ShotSpec, Style};
use serde_json::json;

use super::score::Scores;
use crate::embedded;
use crate::failure::{Failure, Outcome};
use crate::world::paint;

/// Seeds that training never draws begin here.
const HELD_OUT_SEED: u64 = 1_000_000_007;
/// Frames of each shot that are painted, at this many a second.
const FRAMES: usize = 6;
const FPS: f32 = 4.0;

/// Arguments of `kinora eval paint`.
#[derive(clap::Args)]
pub struct Args {
    /// Held-out shots
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    count: u64,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: embedded::DeviceArgs,
}

/// Squared errors as decibels, gathered over pictures.
#[derive(Default)]
struct Decibels {
    sum: f64,
    pictures: usize,
}

impl Decibels {
    fn add(&mut self, db: f64) {
        if db.is_finite() {
            self.sum += db;
            self.pictures += 1;
        }
    }

    fn mean(&self) -> f64 {
        self.sum / self.pictures.max(1) as f64
    }
}

/// Runs the suite at 96×64 and at 192×112.
pub fn run(args: &Args) -> Outcome {
    let path = embedded::folder()?.join("paint/paint.safetensors");
    let bytes = fs::read(&path).map_err(|e| Failure::from(e).at(path.display()))?;
    let painter = Painter::load(&SafeTensorsFile::from_bytes(bytes)?, &args.device.open()?)?;
    let mut all = serde_json::Map::new();
    for (width, height) in [(96, 64), (192, 112)] {
        let (mut scores, mut whole, mut character) = (Scores::default(), Decibels::default(), Decibels::default());
        for seed in HELD_OUT_SEED..HELD_OUT_SEED + args.count {
            let shot = ShotSpec::sample(seed).with_style(Style::Flat);
            let layouts = animate(&shot, seed, FRAMES, FPS);
            let painted = paint(&painter, &shot, &layouts, (width, height))?;
            for (layout, picture) in layouts.iter().zip(&painted) {
                let truth = render(&shot, layout, width, height);
                whole.add(psnr(picture, &truth, &truth.mask, 0));
                character.add(psnr(picture, &truth, &truth.mask, 255));
            }
            for attribute in Attribute::ALL {
                let found = recognise(attribute, &shot, &layouts, &painted);
                scores.add(attribute.name(), found == Some(attribute.truth(&shot)));
            }
            if let Some(first) = shot.characters.first() {
                let found = recognise_action(&shot, seed, FPS, &painted);
                scores.add("action", found == Some(first.action.id() as usize));
            }
        }
        if args.json {
            let size =
                json!({ "whole_db": whole.mean(), "character_db": character.mean(), "recognised": scores.to_json() });
            all.insert(format!("{width}x{height}"), size);
        } else {
            let (whole, character) = (whole.mean(), character.mean());
            println!(
                "{width}×{height}, {} held-out shots: {whole:.2} dB whole, {character:.2} dB on the character",
                args.count
            );
            print!("{scores}");
        }
    }
    if args.json {
        println!("{}", serde_json::Value::Object(all));
    }
    Ok(())
}
