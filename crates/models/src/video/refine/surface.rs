//! What a style leaves to chance: textures mixed from noise, and a picture that is moved a little by smooth noise, as a hand does not
//! follow a line. Textures stay where the paper is.

use kinora_tensor::{Conv2d, Tensor};

use super::super::noise::Noise;
use super::super::weights::Weights;
use crate::Result;

pub(super) const COLORS: usize = 3;
/// Filters of the noise that textures are mixed of, and of the noise that moves the picture.
const TEXTURE_FILTERS: usize = 11;
const MOVE_FILTERS: usize = 4;
pub(super) const FILTERS: usize = TEXTURE_FILTERS + MOVE_FILTERS;
/// Pixels that a filter reaches to each side.
pub(super) const REACH: usize = 12;
/// White noise, and what the filters of textures make of it.
const GRAINS: usize = 1 + TEXTURE_FILTERS;
/// Textures that are added to all colours; that let paper show through; and flecks of it, there or not.
const ADDED: usize = 3;
const THIN: usize = 2;
const FLECKS: usize = 1;
const TEXTURES: usize = ADDED + THIN + FLECKS;
/// What the network says of a pixel: colours that are sure, and the share of each texture.
pub(super) const PARTS: usize = COLORS + TEXTURES;

/// What a file says of its styles.
pub(super) struct Surfaces {
    filters: Tensor,
    /// [styles, TEXTURES, GRAINS]; of a texture the squares add up to 1.
    mix: Vec<f32>,
    /// From where on a fleck is there, and how much of it at most, [styles, FLECKS].
    bare: Vec<f32>,
    full: Vec<f32>,
    /// Pixels by which each of two sizes of noise moves the picture, [styles, 2].
    by: Vec<f32>,
}

/// Textures of a shot, all in planes of H × W.
pub(super) struct Textures {
    /// What is mixed of all but white noise.
    coarse: Vec<f32>,
    /// The share of white noise in each texture.
    white: [f32; TEXTURES],
    /// From where on each fleck is there, and how much of it at most.
    flecks: [(f32, f32); FLECKS],
}

/// From where each pixel of a picture is fetched.
pub(super) struct Moves {
    width: usize,
    /// The pixel up and left, and how far it is on the way to the next: to the right, down.
    from: Vec<(u32, f32, f32)>,
}

impl Surfaces {
    pub fn load(w: &Weights, styles: usize) -> Result<Surfaces> {
        let mut mix = w.values("mix", &[styles, TEXTURES, GRAINS])?;
        for row in mix.chunks_exact_mut(GRAINS) {
            let norm = row.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
            row.iter_mut().for_each(|v| *v /= norm);
        }
        Ok(Surfaces {
            filters: w.float("filters", &[FILTERS, 1, 2 * REACH + 1, 2 * REACH + 1])?,
            mix,
            bare: w.values("bare", &[styles, FLECKS])?,
            full: w.values("full", &[styles, FLECKS])?,
            by: w.values("move", &[styles, MOVE_FILTERS / 2])?,
        })
    }

    /// The textures of a style; `noise` is white.
    pub async fn textures(&self, style: usize, noise: &mut Noise, width: usize, height: usize) -> Result<Textures> {
        let grains = self.filtered(0, TEXTURE_FILTERS, noise, width, height).await?;
        Ok(self.mixed(style, &grains, width * height))
    }

    /// `grains` [TEXTURE_FILTERS, pixels]
    pub fn mixed(&self, style: usize, grains: &[f32], pixels: usize) -> Textures {
        let rows = self.mix.chunks_exact(GRAINS).skip(style * TEXTURES).take(TEXTURES);
        let of = |list: &[f32], fleck: usize| list.get(style * FLECKS + fleck).copied().unwrap_or(0.0);
        let flecks = std::array::from_fn(|fleck| (of(&self.bare, fleck), of(&self.full, fleck).max(0.0)));
        let mut made = Textures { coarse: vec![0.0; TEXTURES * pixels], white: [0.0; TEXTURES], flecks };
        for ((row, white), plane) in rows.zip(&mut made.white).zip(made.coarse.chunks_exact_mut(pixels)) {
            *white = row[0];
            for (share, grain) in row[1..].iter().zip(grains.chunks_exact(pixels)) {
                plane.iter_mut().zip(grain).for_each(|(sum, g)| *sum += share * g);
            }
        }
        made
    }

    /// How a style moves its picture, where it does; `noise` is white.
    pub async fn moves(&self, style: usize, noise: &mut Noise, width: usize, height: usize) -> Result<Option<Moves>> {
        if self.by(style).iter().all(|&by| by == 0.0) {
            return Ok(None);
        }
        let grains = self.filtered(TEXTURE_FILTERS, MOVE_FILTERS, noise, width, height).await?;
        Ok(Some(self.moved(style, &grains, width, height)))
    }

    /// `grains` [MOVE_FILTERS, H · W]: to the right and down, of one size, then of the other.
    pub fn moved(&self, style: usize, grains: &[f32], width: usize, height: usize) -> Moves {
        let pixels = width * height;
        let by = self.by(style);
        let aside =
            |axis: usize, i: usize| by.iter().enumerate().map(|(k, by)| by * grains[(2 * k + axis) * pixels + i]).sum();
        Moves::new(width, height, |i| (aside(0, i), aside(1, i)))
    }

    fn by(&self, style: usize) -> &[f32] {
        let sizes = MOVE_FILTERS / 2;
        self.by.get(style * sizes..(style + 1) * sizes).unwrap_or_default()
    }

    /// White noise through `count` filters from `first` on, [count, H · W].
    async fn filtered(
        &self,
        first: usize,
        count: usize,
        noise: &mut Noise,
        width: usize,
        height: usize,
    ) -> Result<Vec<f32>> {
        let field = [1, count, height + 2 * REACH, width + 2 * REACH];
        let field = Tensor::from_f32(self.filters.device(), &field, &noise.normal(field.iter().product()))?;
        let each = Conv2d { groups: count, ..Conv2d::default() };
        Ok(field.conv2d(&self.filters.narrow(0, first, count)?, None, &each)?.to_vec().await?)
    }
}

impl Textures {
    /// All textures under a frame's `white` noise, [TEXTURES, H · W].
    pub fn under(&self, white: &[f32]) -> Vec<f32> {
        let mut all = self.coarse.clone();
        for (k, plane) in all.chunks_exact_mut(white.len()).enumerate() {
            let share = self.white[k];
            plane.iter_mut().zip(white).for_each(|(sum, w)| *sum += share * w);
            if let Some(fleck) = k.checked_sub(ADDED + THIN) {
                let (bare, full) = self.flecks[fleck];
                plane.iter_mut().for_each(|v| *v = (*v - bare).max(0.0).min(full));
            }
        }
        all
    }
}

impl Moves {
    /// `aside` says for each pixel how far to the right and down it is fetched.
    fn new(width: usize, height: usize, aside: impl Fn(usize) -> (f32, f32)) -> Moves {
        // the last pixel goes on
        let along = |at: f32, side: usize| {
            let at = at.clamp(0.0, (side - 1) as f32);
            let first = (at as usize).min(side.saturating_sub(2));
            (first, at - first as f32)
        };
        let one = |i: usize| {
            let (right, down) = aside(i);
            let (x, right) = along((i % width) as f32 + right, width);
            let (y, down) = along((i / width) as f32 + down, height);
            ((y * width + x) as u32, right, down)
        };
        Moves { width, from: (0..width * height).map(one).collect() }
    }

    /// `planes` of pixels, moved.
    fn apply(&self, planes: &[f32]) -> Vec<f32> {
        let pixels = self.from.len();
        let mut out = Vec::with_capacity(planes.len());
        for plane in planes.chunks_exact(pixels) {
            // a picture of one row or column has no next
            let get = |at: usize| plane[at.min(pixels - 1)];
            out.extend(self.from.iter().map(|&(at, right, down)| {
                let at = at as usize;
                let (a, b, c, d) = (get(at), get(at + 1), get(at + self.width), get(at + self.width + 1));
                let (top, low) = (a + (b - a) * right, c + (d - c) * right);
                top + (low - top) * down
            }));
        }
        out
    }
}

/// A frame in the style [3, H, W] in 0..1: its `draft` [3, H, W], what the network said of it [PARTS, H, W], its textures
/// [TEXTURES, H, W], the style's factor of what is added.
pub(super) fn drawn(draft: &[f32], parts: &[f32], textures: &[f32], moves: Option<&Moves>, scale: f32) -> Vec<f32> {
    let pixels = draft.len() / COLORS;
    let moved = moves.map(|m| (m.apply(draft), m.apply(parts)));
    let (draft, parts) = moved.as_ref().map_or((draft, parts), |(draft, parts)| (draft, parts));
    let (sure, shares) = parts.split_at(COLORS * pixels);
    let mut sums = [vec![0.0; pixels], vec![0.0; pixels]];
    for (k, (share, texture)) in shares.chunks_exact(pixels).zip(textures.chunks_exact(pixels)).enumerate() {
        let sum = &mut sums[usize::from(k >= ADDED)];
        sum.iter_mut().zip(share.iter().zip(texture)).for_each(|(sum, (s, t))| *sum += s * t);
    }
    let [added, thin] = &sums;
    let mut out = Vec::with_capacity(draft.len());
    for (draft, sure) in draft.chunks_exact(pixels).zip(sure.chunks_exact(pixels)) {
        let chance = added.iter().zip(thin);
        let color = draft.iter().zip(sure).zip(chance).map(|((d, s), (a, t))| d + scale * (s + a + (1.0 - d) * t));
        out.extend(color.map(|v| v.clamp(0.0, 1.0)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_picture_is_fetched_from_aside_and_its_edges_go_on() {
        let (w, h) = (5, 4);
        let plane: Vec<f32> = (0..w * h).map(|i| (i % w) as f32 + 10.0 * (i / w) as f32).collect();
        let moved = |right: f32, down: f32| Moves::new(w, h, |_| (right, down)).apply(&plane);
        for (right, down) in [(0.0, 0.0), (0.25, 0.0), (0.0, -0.5), (1.5, 1.25), (-9.0, 9.0)] {
            let (max_x, max_y) = ((w - 1) as f32, (h - 1) as f32);
            let want = |i: usize| {
                let (x, y) = ((i % w) as f32 + right, (i / w) as f32 + down);
                x.clamp(0.0, max_x) + 10.0 * y.clamp(0.0, max_y)
            };
            for (i, got) in moved(right, down).iter().enumerate() {
                assert!((got - want(i)).abs() < 1e-4, "{right} {down}: pixel {i} is {got}, not {}", want(i));
            }
        }
        assert_eq!(Moves::new(1, 1, |_| (3.0, -2.0)).apply(&[7.0]), [7.0]);
        assert_eq!(Moves::new(1, 3, |_| (1.0, 0.0)).apply(&[1.0, 2.0, 3.0]), [1.0, 2.0, 3.0]);
    }
}
