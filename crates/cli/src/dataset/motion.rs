//! Samples for motion: a shot's words, its frame rate, what chance decided, what is heard, and the layout that the world acts
//! out. Every other shot is silent.

use super::header;
use kinora_world::chance::Chance;
use kinora_world::motion::{CELL, ChoiceKind, Choices, HEARD, Sound, animate_to, choices};
use kinora_world::spec::{FRAME_LEN, FrameLayout, ShotSpec, field_names, vocabulary};
use std::io::{self, Write};

/// Arguments of `kinora dataset motion`.
#[derive(clap::Args)]
pub struct Args {
    /// The first sample's seed; the others count on
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[arg(long, default_value_t = 1)]
    count: u64,
    /// Frames of a sample
    #[arg(long, default_value_t = 33, value_parser = clap::value_parser!(u16).range(2..=1024))]
    frames: u16,
}

/// Frame rates that the samples take in turn.
const RATES: [f32; 5] = [12.0, 8.0, 10.0, 12.0, 15.0];
/// Place, time, weather, prop, camera; then kind, action and mood of each character, from 1, 0 for nobody.
const IDS: usize = 11;

/// Writes the header and `count` samples.
pub fn write(args: &Args, out: &mut impl Write) -> io::Result<()> {
    let frames = usize::from(args.frames);
    let cells = (frames as f32 / RATES.iter().copied().fold(f32::MAX, f32::min) / CELL) as usize + 1;
    let told = choices(args.seed);
    let fields: [super::Field; 7] = [
        ("ids", "u1", &[IDS]),
        ("fps", "<f4", &[]),
        ("choices", "<f4", &[told.shot_numbers().len()]),
        ("cells", "<f4", &[cells, told.cell_numbers(0).len()]),
        ("heard", "<f4", &[]),
        ("audio", "<f4", &[frames, HEARD]),
        ("layout", "<f4", &[frames, FRAME_LEN]),
    ];
    let kinds = |kinds: &[ChoiceKind]| kinds.iter().map(kind).collect::<serde_json::Value>();
    let json = serde_json::json!({
        "vocabulary": vocabulary(), "layout_fields": field_names(), "cell_seconds": CELL,
        "choices": kinds(&Choices::kinds()), "lasting": Choices::lasting(), "cell_choices": kinds(&Choices::cell_kinds()),
    });
    header(out, &fields, json)?;
    for seed in args.seed..args.seed.saturating_add(args.count) {
        let shot = ShotSpec::sample(seed);
        let fps = RATES[(seed % RATES.len() as u64) as usize];
        out.write_all(&ids(&shot).map(|id| id as u8))?;
        let chosen = choices(seed);
        let mut numbers = vec![fps];
        numbers.extend(chosen.shot_numbers());
        numbers.extend((0..cells).flat_map(|cell| chosen.cell_numbers(cell)));
        let sound = sound(seed, frames, fps);
        numbers.push(f32::from(u8::from(sound.is_some())));
        match &sound {
            Some(sound) => numbers.extend(sound.frames().iter().flatten()),
            None => numbers.resize(numbers.len() + frames * HEARD, 0.0),
        }
        numbers.extend(animate_to(&shot, sound.as_ref(), seed, frames, fps).iter().flat_map(FrameLayout::to_array));
        for value in numbers {
            out.write_all(&value.to_le_bytes())?;
        }
    }
    Ok(())
}

/// What is heard in shot `seed`, if anything.
pub fn sound(seed: u64, frames: usize, fps: f32) -> Option<Sound> {
    let chance = &mut Chance::new(seed, 13);
    chance.happens(0.5).then(|| Sound::draw(chance, frames, fps))
}

/// A distribution as the model's config names it.
fn kind(kind: &ChoiceKind) -> serde_json::Value {
    match kind {
        ChoiceKind::Uniform => "uniform".into(),
        ChoiceKind::Coin(p) => serde_json::json!({ "coin": p }),
        ChoiceKind::Phase => "phase".into(),
    }
}

fn ids(shot: &ShotSpec) -> [u32; IDS] {
    let s = shot.ids();
    let [a, b] = s.characters.map(|c| c.map_or([0; 3], |c| [c.kind + 1, c.action + 1, c.mood + 1]));
    [s.place, s.time, s.weather, s.prop, s.camera, a[0], a[1], a[2], b[0], b[1], b[2]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_the_size_that_the_header_says_and_depends_on_its_seed() {
        let made = |seed, count| {
            let mut out = Vec::new();
            write(&Args { seed, count, frames: 9 }, &mut out).unwrap();
            out
        };
        let told = choices(5).shot_numbers().len() + 3 * choices(5).cell_numbers(0).len();
        let one = IDS + 4 * (2 + told + 9 * HEARD + 9 * FRAME_LEN);
        let (none, two, later) = (made(5, 0), made(5, 2), made(6, 1));
        assert_eq!(two.len() - none.len(), 2 * one);
        assert_eq!(two[none.len() + one..], later[none.len()..]);
        assert_ne!(two[none.len()..none.len() + one], later[none.len()..]);
    }
}
