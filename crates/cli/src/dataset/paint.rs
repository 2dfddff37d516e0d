//! Samples for the painter: cells of rendered frames, whole or cropped around what matters.

use super::header;
use half::f16;
use kinora_models::video::layout::FrameLayout;
use kinora_models::video::paint::falling;
use kinora_models::video::paint::features::{self, CELL, FEATURES, FEATURES_VERSION};
use kinora_world::chance::Chance;
use kinora_world::motion::animate;
use kinora_world::render::{Window, render_window};
use kinora_world::spec::{self, ShotSpec, Style, vocabulary};
use std::io::{self, Write};

/// Arguments of `kinora dataset paint`.
#[derive(clap::Args)]
pub struct Args {
    /// The first sample's seed; the others count on
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[arg(long, default_value_t = 1)]
    count: u64,
    /// Sizes of the frames, taken in turn: 192x112,96x64
    #[arg(long, default_value = "192x112", value_parser = size, value_delimiter = ',')]
    size: Vec<(usize, usize)>,
    /// Pixels of a frame that a sample shows, mostly around characters; without it whole frames of one size
    #[arg(long, value_parser = size)]
    crop: Option<(usize, usize)>,
}

/// Place, time, weather, prop; then kind, colour and mood of each character, from 1, 0 for nobody.
const IDS: usize = 10;

/// "192x112", both sides multiples of the cell's and within 8..=4096.
pub(super) fn size(text: &str) -> Result<(usize, usize), String> {
    let side = |s: &str| s.parse::<usize>().ok().filter(|n| n % CELL == 0 && (8..=4096).contains(n));
    let sides = text.split_once('x').and_then(|(w, h)| Some((side(w)?, side(h)?)));
    sides.ok_or_else(|| format!("{text}: a size is like 192x112, its sides multiples of {CELL} within 8..=4096"))
}

/// Writes the header and `count` samples.
pub fn write(args: &Args, out: &mut impl Write) -> io::Result<()> {
    let first = args.size.first().copied().unwrap_or((192, 112));
    let crop = args.crop.unwrap_or(first);
    let (columns, rows) = (crop.0 / CELL, crop.1 / CELL);
    let n = columns * rows;
    let fields: [super::Field; 6] = [
        ("ids", "u1", &[IDS]),
        ("rows", "u1", &[n]),
        ("features", "<f2", &[n, FEATURES]),
        ("cover", "u1", &[crop.1, crop.0]),
        ("target", "u1", &[crop.1, crop.0, 3]),
        ("foreground", "u1", &[crop.1, crop.0]),
    ];
    let json = serde_json::json!({
        "vocabulary": vocabulary(), "cell": CELL, "features": FEATURES, "features_version": FEATURES_VERSION,
    });
    header(out, &fields, json)?;
    let (mut numbers, mut film, mut cover) = (Vec::new(), Vec::new(), Vec::new());
    for seed in args.seed..args.seed.saturating_add(args.count) {
        let chance = &mut Chance::new(seed, 7);
        let size = args.size.get((seed % args.size.len().max(1) as u64) as usize).copied().unwrap_or(first);
        let shot = ShotSpec::sample(seed).with_style(Style::Flat);
        let frames = animate(&shot, seed, 33, 12.0);
        let Some(frame) = frames.get(chance.below(frames.len())) else { continue };
        let (x, y) = if args.crop.is_some() { corner(frame, size, crop, chance) } else { (0, 0) };
        let window = Window { x, y, width: crop.0, height: crop.1 };
        let image = render_window(&shot, frame, size, window);
        let cells = features::Window { width: size.0, height: size.1, column: x / CELL, row: y / CELL, columns, rows };
        let Some(layout) = FrameLayout::from_values(&frame.to_array()) else { continue };
        numbers.clear();
        film.clear();
        cover.clear();
        features::cells(&layout, &cells, &mut numbers, &mut film);
        falling::cover(shot.weather.name(), &layout, &cells, &mut cover);
        cover.resize(crop.0 * crop.1, 0.0);
        out.write_all(&ids(&shot).map(|id| id as u8))?;
        out.write_all(&film)?;
        let bytes: Vec<u8> = numbers.iter().flat_map(|&v| f16::from_f32(v).to_le_bytes()).collect();
        out.write_all(&bytes)?;
        let bytes: Vec<u8> = cover.iter().map(|v| (v * 255.0 + 0.5) as u8).collect();
        out.write_all(&bytes)?;
        out.write_all(&image.rgb)?;
        out.write_all(&image.mask)?;
    }
    Ok(())
}

/// The corner of a crop on the grid of cells: three of four look at a character or the prop.
fn corner(
    frame: &spec::FrameLayout,
    size: (usize, usize),
    crop: (usize, usize),
    chance: &mut Chance,
) -> (usize, usize) {
    let mut middles: Vec<(f32, f32)> =
        frame.characters.iter().filter(|p| p.present > 0.5).flat_map(|p| [(p.x, p.y); 2]).collect();
    if frame.prop_present > 0.5 {
        middles.push((frame.prop_x, frame.prop_y));
    }
    let looks = chance.happens(0.75) && !middles.is_empty();
    let (x, y) = if looks { middles[chance.below(middles.len())] } else { (0.0, 0.0) };
    let spread = if looks { 0.5 } else { 4.0 };
    let height = size.1 as f32;
    let (sx, sy) = ((x - frame.cam_x) * frame.cam_zoom, (y - frame.cam_y) * frame.cam_zoom);
    let place = |middle: f32, side: usize, crop: usize, shift: f32| {
        let free = side.saturating_sub(crop) / CELL;
        let at = (middle - 0.5 * crop as f32 + shift * spread * crop as f32) / CELL as f32;
        (at.round().max(0.0) as usize).min(free) * CELL
    };
    let (dx, dy) = (chance.range(-0.5, 0.5), chance.range(-0.5, 0.5));
    (
        place(sx * height + 0.5 * size.0 as f32, size.0, crop.0, dx),
        place(sy * height + 0.5 * height, size.1, crop.1, dy),
    )
}

fn ids(shot: &ShotSpec) -> [u32; IDS] {
    let s = shot.ids();
    let [a, b] = s.characters.map(|c| c.map_or([0; 3], |c| [c.kind + 1, c.color + 1, c.mood + 1]));
    [s.place, s.time, s.weather, s.prop, a[0], a[1], a[2], b[0], b[1], b[2]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use kinora_world::spec::{Place, Time, Weather};

    #[test]
    fn sizes_are_multiples_of_the_cell() {
        assert_eq!(size("192x112"), Ok((192, 112)));
        assert!(size("190x112").unwrap_err().contains("190x112"));
        assert!(size("192").is_err());
    }

    #[test]
    fn a_crop_shows_what_the_whole_frame_shows_there() {
        let shot = ShotSpec::sample(3).with_style(Style::Flat);
        let frame = animate(&shot, 3, 2, 12.0)[1];
        let whole = render_window(&shot, &frame, (96, 64), Window { x: 0, y: 0, width: 96, height: 64 });
        let (x, y) = corner(&frame, (96, 64), (32, 32), &mut Chance::new(3, 7));
        assert!(x % CELL == 0 && y % CELL == 0 && x <= 64 && y <= 32);
        let part = render_window(&shot, &frame, (96, 64), Window { x, y, width: 32, height: 32 });
        for row in 0..32 {
            let at = ((y + row) * 96 + x) * 3;
            assert_eq!(part.rgb[row * 96..row * 96 + 96], whole.rgb[at..at + 96]);
        }
    }

    #[test]
    fn drops_and_flakes_cover_the_pixels_that_the_world_draws_them_on() {
        for weather in [Weather::Rain, Weather::Snow] {
            let shot = ShotSpec { weather, time: Time::Night, place: Place::Moon, ..ShotSpec::sample(3) };
            let shot = shot.with_style(Style::Flat);
            let frame = animate(&shot, 3, 2, 12.0)[1];
            let picture = render_window(&shot, &frame, (192, 112), Window { x: 0, y: 0, width: 192, height: 112 });
            let layout = FrameLayout::from_values(&frame.to_array()).unwrap();
            let mut cover = Vec::new();
            assert!(falling::cover(weather.name(), &layout, &features::Window::whole(192, 112), &mut cover));
            // brighter than the pixel three to the right, where nothing falls
            let light = |i: usize| f64::from(picture.rgb[3 * i]) / 255.0;
            let drops = (0..cover.len() - 3).filter(|&i| cover[i] > 0.9 && cover[i + 3] == 0.0 && i % 192 < 189);
            let brighter: Vec<f64> = drops.map(|i| light(i) - light(i + 3)).collect();
            let mean = brighter.iter().sum::<f64>() / brighter.len() as f64;
            assert!(brighter.len() > 50 && mean > 0.25, "{} {mean} {}", weather.name(), brighter.len());
        }
    }

    #[test]
    fn a_sample_has_the_size_that_the_header_says() {
        let made = |count| {
            let mut out = Vec::new();
            let args = Args { seed: 5, count, size: vec![(192, 112), (96, 64)], crop: Some((64, 64)) };
            write(&args, &mut out).unwrap();
            out.len()
        };
        let n = 256;
        assert_eq!(made(3) - made(0), 3 * (IDS + n + n * FEATURES * 2 + 64 * 64 * 5));
    }
}
