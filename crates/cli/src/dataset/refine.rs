//! Samples for the refiner: a frame as the painter draws it, and what the world makes of that picture in every style but flat. The
//! refiner so learns what a style does to the picture that it is given, and not to guess what the painter missed.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use kinora_formats::SafeTensorsFile;
use kinora_models::video::paint::Painter;
use kinora_tensor::Device;
use kinora_world::chance::Chance;
use kinora_world::motion::animate;
use kinora_world::render::render;
use kinora_world::spec::{ShotSpec, Style, vocabulary};
use kinora_world::style::stylise;

use super::{header, paint};
use crate::embedded;
use crate::failure::{Failure, Outcome};
use crate::world;

/// Arguments of `kinora dataset refine`.
#[derive(clap::Args)]
pub struct Args {
    /// The first sample's seed; the others count on
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[arg(long, default_value_t = 1)]
    count: u64,
    /// Size of the frames
    #[arg(long, default_value = "192x112", value_parser = paint::size)]
    size: (usize, usize),
    /// The painter that draws the drafts, instead of the embedded one
    #[arg(long)]
    paint: Option<PathBuf>,
}

/// Frames of a shot, at this many a second; a sample is one of them.
const FRAMES: usize = 33;
const FPS: f32 = 12.0;

/// Writes the header and `count` samples.
pub fn write(args: &Args, out: &mut impl Write) -> Outcome {
    let painter = painter(args)?;
    let (w, h) = args.size;
    let fields: [super::Field; 3] =
        [("draft", "u1", &[h, w, 3]), ("styled", "u1", &[styles().count(), h, w, 3]), ("foreground", "u1", &[h, w])];
    header(
        out,
        &fields,
        serde_json::json!({ "vocabulary": vocabulary(), "styles": styles().map(Style::name).collect::<Vec<_>>() }),
    )?;
    for seed in args.seed..args.seed.saturating_add(args.count) {
        sample(&painter, seed, args.size, out)?;
    }
    Ok(())
}

/// The styles that are drawn over a flat picture.
fn styles() -> impl Iterator<Item = Style> {
    Style::ALL.iter().copied().filter(|&style| style != Style::Flat)
}

fn painter(args: &Args) -> Outcome<Painter> {
    let path = match &args.paint {
        Some(path) => path.clone(),
        None => embedded::folder()?.join("paint/paint.safetensors"),
    };
    let bytes = fs::read(&path).map_err(|e| Failure::from(e).at(path.display()))?;
    Ok(Painter::load(&SafeTensorsFile::from_bytes(bytes)?, &Device::cpu(1))?)
}

fn sample(painter: &Painter, seed: u64, (w, h): (usize, usize), out: &mut impl Write) -> Outcome {
    let shot = ShotSpec::sample(seed).with_style(Style::Flat);
    let frames = animate(&shot, seed, FRAMES, FPS);
    let index = Chance::new(seed, 11).below(frames.len());
    let Some(frame) = frames.get(index) else { return Ok(()) };
    let flat = render(&shot, frame, w, h);
    for draft in world::paint(painter, &shot, std::slice::from_ref(frame), (w, h))? {
        out.write_all(&draft.rgb)?;
        for style in styles() {
            out.write_all(&stylise(&draft, style, texture(seed), index as f32 / FPS).rgb)?;
        }
    }
    Ok(out.write_all(&flat.mask)?)
}

/// The seed of a shot's texture: far from the seeds of its neighbours (SplitMix64, Steele et al. 2014).
pub fn texture(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_the_size_that_the_header_says() {
        let made = |count| {
            let mut out = Vec::new();
            write(&Args { seed: 5, count, size: (96, 64), paint: None }, &mut out).unwrap();
            out.len()
        };
        assert_eq!(made(3) - made(0), 3 * 96 * 64 * (3 + 3 * styles().count() + 1));
    }
}
