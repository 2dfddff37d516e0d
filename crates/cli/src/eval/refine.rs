//! `kinora eval refine`: held-out shots, painted from the world's own layouts and refined in each style that the refiner knows,
//! beside the world's own pictures in that style.
//!
//! * *style recognised*: the nearest style in surface statistics ([`super::texture`]) learnt from the world's pictures of other
//!   shots. The drafts are what is without refining; the world's style drawn over the drafts is the most that refining them can reach,
//!   for what the painter missed is not there.
//! * *flicker*: the mean change of a pixel from frame to frame, in levels of 255, where the flat picture does not move. It
//!   should be the world's own: less is a frozen page, more swims.
//! * *fidelity*: decibels between picture and the world's own in the style, both a quarter as wide and high: colours and shapes,
//!   without what chance decides.
//! * *distance*: Fréchet distance between the surfaces of the pictures and the world's, both ways: a crowd that looks alike but
//!   varies less is far too. The floor is the distance between the world's own pictures of two sets of shots.

use std::fs;
use std::path::PathBuf;

use kinora_formats::SafeTensorsFile;
use kinora_models::video::layout::ShotIds;
use kinora_models::video::paint::Painter;
use kinora_models::video::refine::Refiner;
use kinora_tensor::Device;
use kinora_world::motion::animate;
use kinora_world::render::{Image, render};
use kinora_world::spec::{ShotSpec, Style};
use kinora_world::style::stylise;
use serde_json::json;

use super::texture::{Classes, Crowd, Surface, surface};
use crate::dataset::refine::texture;
use crate::embedded;
use crate::failure::{Failure, Outcome};
use crate::world;

/// Seeds that training never draws begin here.
const HELD_OUT_SEED: u64 = 1_000_000_007;
/// Shots of the world from which the judge learns its styles.
const SEEN: u64 = 150;
const SIZE: (usize, usize) = (192, 112);
const FPS: f32 = 12.0;
/// Frames of a shot that are looked at, from its middle on.
const FRAMES: std::ops::Range<usize> = 16..19;

/// Arguments of `kinora eval refine`.
#[derive(clap::Args)]
pub struct Args {
    /// Held-out shots; each is drawn in every style
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    count: u64,
    /// The refiner, instead of the embedded one
    #[arg(long)]
    refine: Option<PathBuf>,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: embedded::DeviceArgs,
}

/// The networks under test.
struct Models {
    painter: Painter,
    refiner: Refiner,
    device: Device,
}

/// A shot's frames from the three sources, and where the flat picture stands still.
struct Case {
    draft: Vec<Image>,
    flat: Vec<Image>,
    seed: u64,
    shot: ShotSpec,
}

/// What is measured of one source of pictures in one style.
#[derive(Default)]
struct Measure {
    surfaces: Vec<Surface>,
    recognised: usize,
    change: (f64, usize),
    decibels: f64,
    pictures: usize,
}

fn load(args: &Args) -> Outcome<Models> {
    let device = args.device.open()?;
    let open = |path: PathBuf| {
        let bytes = fs::read(&path).map_err(|e| Failure::from(e).at(path.display()))?;
        Ok::<_, Failure>(SafeTensorsFile::from_bytes(bytes)?)
    };
    let refine = match &args.refine {
        Some(path) => path.clone(),
        None => embedded::folder()?.join("refine/refine.safetensors"),
    };
    Ok(Models {
        painter: Painter::load(&open(embedded::folder()?.join("paint/paint.safetensors"))?, &device)?,
        refiner: Refiner::load(&open(refine)?, &device)?,
        device,
    })
}

/// The world's picture of a frame in a style.
fn styled(case: &Case, frame: usize, style: Style) -> Image {
    over(&case.flat[frame], case.seed, frame, style)
}

/// The world's style drawn over a picture of a frame.
fn over(picture: &Image, seed: u64, frame: usize, style: Style) -> Image {
    stylise(picture, style, texture(seed), (FRAMES.start + frame) as f32 / FPS)
}

fn case(models: Option<&Models>, seed: u64) -> Outcome<Case> {
    let shot = ShotSpec::sample(seed).with_style(Style::Flat);
    let layouts = animate(&shot, seed, FRAMES.end, FPS);
    let layouts = layouts.get(FRAMES).unwrap_or_default();
    let flat = layouts.iter().map(|layout| render(&shot, layout, SIZE.0, SIZE.1)).collect();
    let draft = match models {
        Some(m) => world::paint(&m.painter, &shot, layouts, SIZE)?,
        None => Vec::new(),
    };
    Ok(Case { draft, flat, seed, shot })
}

fn refined(m: &Models, case: &Case, style: Style) -> Outcome<Vec<Image>> {
    let (w, h) = SIZE;
    let words = m.refiner.vocabulary();
    let ids = ShotIds { style: words.style(style.name())?, ..world::shot_ids(&case.shot) };
    let mut shot = pollster::block_on(m.refiner.shot(&ids, case.seed, w, h))?;
    let mut one = |(i, draft): (usize, &Image)| {
        let plane = |c: usize| draft.rgb.iter().skip(c).step_by(3).map(|&v| f32::from(v) / 255.0);
        let planes: Vec<f32> = plane(0).chain(plane(1)).chain(plane(2)).collect();
        let picture = pollster::block_on(m.refiner.refine(&mut shot, &planes, FRAMES.start + i))?;
        m.device.reset_arena();
        Ok(world::image(&picture, w, h))
    };
    case.draft.iter().enumerate().map(&mut one).collect()
}

impl Measure {
    fn add(&mut self, judge: &Classes, case: &Case, style: Style, pictures: &[Image], truth: &[Image]) {
        for (picture, truth) in pictures.iter().zip(truth) {
            self.decibels += decibels(&quarter(picture), &quarter(truth));
            self.pictures += 1;
        }
        if let Some(first) = pictures.first() {
            let surface = surface(first);
            self.recognised += usize::from(judge.nearest(&surface) == style.id() as usize);
            self.surfaces.push(judge.whitened(&surface));
        }
        for (i, pair) in pictures.windows(2).enumerate() {
            let [a, b] = pair else { continue };
            let still = |at: usize| case.flat[i].rgb[at].abs_diff(case.flat[i + 1].rgb[at]) == 0;
            for pixel in (0..a.rgb.len()).step_by(3) {
                if still(pixel) && still(pixel + 1) && still(pixel + 2) {
                    self.change.0 +=
                        (0..3).map(|c| f64::from(a.rgb[pixel + c].abs_diff(b.rgb[pixel + c]))).sum::<f64>();
                    self.change.1 += 3;
                }
            }
        }
    }

    fn flicker(&self) -> f64 {
        self.change.0 / self.change.1.max(1) as f64
    }

    fn fidelity(&self) -> f64 {
        self.decibels / self.pictures.max(1) as f64
    }

    fn share(&self) -> f64 {
        self.recognised as f64 / self.surfaces.len().max(1) as f64
    }
}

/// Means of 4×4 pixels.
fn quarter(image: &Image) -> Vec<f64> {
    let (w, h) = (image.width / 4, image.height / 4);
    let mut out = vec![0.0; 3 * w * h];
    for y in 0..4 * h {
        for x in 0..4 * w {
            for c in 0..3 {
                let value = image.rgb[(y * image.width + x) * 3 + c];
                out[(y / 4 * w + x / 4) * 3 + c] += f64::from(value) / (16.0 * 255.0);
            }
        }
    }
    out
}

fn decibels(a: &[f64], b: &[f64]) -> f64 {
    let error = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / a.len().max(1) as f64;
    -10.0 * error.max(1e-9).log10()
}

/// What the judge learns: the world's pictures in each style.
fn judge() -> Outcome<Classes> {
    let mut examples = vec![Vec::new(); Style::ALL.len()];
    for seed in 0..SEEN {
        let case = case(None, seed)?;
        for (&style, examples) in Style::ALL.iter().zip(&mut examples) {
            examples.push(surface(&styled(&case, 0, style)));
        }
    }
    Ok(Classes::new(&examples))
}

/// Runs the suite.
pub fn run(args: &Args) -> Outcome {
    let models = load(args)?;
    let judge = judge()?;
    let drawn = |style: &Style| models.refiner.vocabulary().style(style.name()).is_ok();
    let mut measures: Vec<[Measure; 4]> = Style::ALL.iter().map(|_| Default::default()).collect();
    let mut others: Vec<Vec<Surface>> = vec![Vec::new(); Style::ALL.len()];
    for i in 0..args.count {
        let case_ = case(Some(&models), HELD_OUT_SEED + i)?;
        let other = case(None, HELD_OUT_SEED + args.count + i)?;
        for ((&style, measures), others) in Style::ALL.iter().zip(&mut measures).zip(&mut others) {
            if !drawn(&style) {
                continue;
            }
            let truth: Vec<Image> = (0..case_.flat.len()).map(|frame| styled(&case_, frame, style)).collect();
            let made = refined(&models, &case_, style)?;
            let over: Vec<Image> =
                (case_.draft.iter().enumerate()).map(|(frame, draft)| over(draft, case_.seed, frame, style)).collect();
            let [own, draft, most, refined] = measures;
            own.add(&judge, &case_, style, &truth, &truth);
            draft.add(&judge, &case_, style, &case_.draft, &truth);
            most.add(&judge, &case_, style, &over, &truth);
            refined.add(&judge, &case_, style, &made, &truth);
            others.push(judge.whitened(&surface(&styled(&other, 0, style))));
        }
    }
    let mut all = serde_json::Map::new();
    if !args.json {
        println!(
            "{} held-out shots in each style that the refiner draws, 192×112: the world's own pictures, the drafts, the world's style over the drafts, the refined",
            args.count
        );
        println!(
            "{:<12} {:>27} {:>20} {:>15} {:>29}",
            "style", "recognised, %", "flicker, levels", "fidelity, dB", "distance"
        );
        println!(
            "{:<12} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>7} {:>7} {:>7} {:>7} {:>6} {:>6}",
            "",
            "world",
            "draft",
            "over",
            "ours",
            "world",
            "draft",
            "ours",
            "draft",
            "ours",
            "floor",
            "draft",
            "over",
            "ours"
        );
    }
    for ((&style, [own, draft, most, refined]), others) in Style::ALL.iter().zip(&measures).zip(&others) {
        if !drawn(&style) {
            continue;
        }
        let truth = Crowd::new(&own.surfaces);
        let far = |surfaces: &[Surface]| truth.distance(&Crowd::new(surfaces));
        let (floor, from_draft) = (far(others), far(&draft.surfaces));
        let (from_most, from_refined) = (far(&most.surfaces), far(&refined.surfaces));
        if args.json {
            let row = json!({
                "recognised": { "world": own.share(), "draft": draft.share(), "over_draft": most.share(), "refined": refined.share() },
                "flicker": { "world": own.flicker(), "draft": draft.flicker(), "refined": refined.flicker() },
                "fidelity_db": { "draft": draft.fidelity(), "refined": refined.fidelity() },
                "distance": { "floor": floor, "draft": from_draft, "over_draft": from_most, "refined": from_refined },
            });
            all.insert(style.name().to_owned(), row);
            continue;
        }
        println!(
            "{:<12} {:>6.1} {:>6.1} {:>6.1} {:>6.1} {:>6.2} {:>6.2} {:>6.2} {:>7.2} {:>7.2} {floor:>7.1} {from_draft:>7.1} {from_most:>6.1} {from_refined:>6.1}",
            style.name(),
            100.0 * own.share(),
            100.0 * draft.share(),
            100.0 * most.share(),
            100.0 * refined.share(),
            own.flicker(),
            draft.flicker(),
            refined.flicker(),
            draft.fidelity(),
            refined.fidelity(),
        );
    }
    if args.json {
        println!("{}", serde_json::Value::Object(all));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_judge_knows_the_worlds_own_styles_and_counts_flicker_where_nothing_moves() {
        let judge = judge().unwrap();
        let mut measures: Vec<Measure> = Style::ALL.iter().map(|_| Measure::default()).collect();
        for seed in 0..10 {
            let case = case(None, HELD_OUT_SEED + seed).unwrap();
            for (&style, measure) in Style::ALL.iter().zip(&mut measures) {
                let truth: Vec<Image> = (0..3).map(|frame| styled(&case, frame, style)).collect();
                measure.add(&judge, &case, style, &truth, &truth);
            }
        }
        let right: usize = measures.iter().map(|m| m.recognised).sum();
        assert!(right >= 54, "{right} of 60");
        let flicker = |style: Style| measures[style.id() as usize].flicker();
        assert_eq!(flicker(Style::Flat), 0.0);
        assert!(flicker(Style::Film) > 2.0, "{}", flicker(Style::Film));
    }
}
