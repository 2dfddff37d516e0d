//! The procedural world beside the networks: its words as the models' indices, networks' pictures as its images.

use kinora_models::video::layout::{CharacterIds, FrameLayout, ShotIds};
use kinora_models::video::paint::Painter;
use kinora_world::render::Image;
use kinora_world::spec::{self, ShotSpec};

use crate::failure::Outcome;

/// The world's words as the model's indices: both have the order of the vocabulary in the model's file.
pub fn shot_ids(shot: &ShotSpec) -> ShotIds {
    let s = shot.ids();
    let who = |c: spec::CharacterIds| CharacterIds { kind: c.kind, color: c.color, action: c.action, mood: c.mood };
    ShotIds {
        place: s.place,
        time: s.time,
        weather: s.weather,
        characters: s.characters.map(|c| c.map(who)),
        prop: s.prop,
        camera: s.camera,
        style: s.style,
    }
}

/// The frames of a shot as the painter draws them.
pub fn paint(
    painter: &Painter,
    shot: &ShotSpec,
    layouts: &[spec::FrameLayout],
    (w, h): (usize, usize),
) -> Outcome<Vec<Image>> {
    let typed = |f: &spec::FrameLayout| FrameLayout::from_values(&f.to_array());
    let frames: Vec<FrameLayout> = layouts.iter().filter_map(typed).collect();
    let planes = pollster::block_on(painter.paint(&shot_ids(shot), &frames, w, h)?.to_vec())?;
    Ok(planes.chunks_exact(3 * w * h).map(|frame| image(frame, w, h)).collect())
}

/// Planes [3, height, width] in 0..1 as bytes; the mask is empty ground.
pub fn image(planes: &[f32], width: usize, height: usize) -> Image {
    let n = width * height;
    let byte = |v: f32| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
    let pixel = |i: usize| [0, 1, 2].map(|c| planes.get(c * n + i).copied().map_or(0, byte));
    Image { width, height, rgb: (0..n).flat_map(pixel).collect(), mask: vec![0; n] }
}
