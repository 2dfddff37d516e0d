//! Which action a layout shows, judged from its numbers alone: nearest neighbours among the world's own motions.

use crate::chance::Chance;
use crate::motion::animate;
use crate::spec::{Action, FrameLayout, ShotSpec};

const SIGNALS: usize = 13;
const FEATURES: usize = 3 * SIGNALS;
const NEIGHBOURS: usize = 5;

/// A judge of layouts of one length and rate.
#[derive(Clone, Debug)]
pub struct Judge {
    examples: Vec<([f32; FEATURES], Action)>,
    scale: [f32; FEATURES],
}

/// Mean, spread and speed of what the character `who` does.
fn features(frames: &[FrameLayout], who: usize, fps: f32) -> [f32; FEATURES] {
    let signals = |f: &FrameLayout| -> [f32; SIGNALS] {
        let p = &f.characters[who];
        let way = if p.flip < 0.0 { -1.0 } else { 1.0 };
        [
            p.lift,
            p.wave,
            p.swing,
            p.squash,
            p.sit,
            p.flip.abs(),
            p.rot * way,
            p.gaze_x,
            p.blink,
            p.mouth_open,
            p.x - f.cam_x + f.scroll_near,
            p.brow,
            p.gaze_y,
        ]
    };
    let rows: Vec<_> = frames.iter().map(signals).collect();
    let n = rows.len().max(1) as f32;
    let mut out = [0.0; FEATURES];
    for k in 0..SIGNALS {
        let mean = rows.iter().map(|r| r[k]).sum::<f32>() / n;
        let spread = (rows.iter().map(|r| (r[k] - mean).powi(2)).sum::<f32>() / n).sqrt();
        let speed = rows.windows(2).map(|w| (w[1][k] - w[0][k]).abs()).sum::<f32>() * fps / (n - 1.0).max(1.0);
        // where it stands in the world says nothing
        out[3 * k] = if k == 10 { 0.0 } else { mean };
        out[3 * k + 1] = spread;
        out[3 * k + 2] = speed;
    }
    out
}

impl Judge {
    /// A judge who has seen `each` examples of every action, acted from the seeds after `seed`.
    #[must_use]
    pub fn new(each: usize, frames: usize, fps: f32, seed: u64) -> Judge {
        let chance = &mut Chance::new(seed, 3);
        let mut examples = Vec::with_capacity(each * Action::ALL.len());
        for i in 0..each {
            for &action in Action::ALL {
                let mut shot = ShotSpec::sample(seed ^ ((i as u64) << 20) ^ u64::from(action.id()));
                shot.characters.iter_mut().take(1).for_each(|c| c.action = action);
                let layout = animate(&shot, seed.wrapping_add(chance.below(1 << 30) as u64), frames, fps);
                examples.push((features(&layout, 0, fps), action));
            }
        }
        let n = examples.len().max(1) as f32;
        let scale = std::array::from_fn(|k| {
            let mean = examples.iter().map(|e| e.0[k]).sum::<f32>() / n;
            let var = examples.iter().map(|e| (e.0[k] - mean).powi(2)).sum::<f32>() / n;
            1.0 / var.sqrt().max(1e-3)
        });
        Judge { examples, scale }
    }

    /// The action that the character `who` (0 or 1) of a layout seems to do.
    #[must_use]
    pub fn action(&self, frames: &[FrameLayout], who: usize, fps: f32) -> Option<Action> {
        let f = features(frames, who.min(crate::spec::CHARACTERS - 1), fps);
        let mut near: Vec<(f32, Action)> = self
            .examples
            .iter()
            .map(|(e, a)| ((0..FEATURES).map(|k| ((e[k] - f[k]) * self.scale[k]).abs().min(4.0)).sum(), *a))
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        near.truncate(NEIGHBOURS);
        let votes = |a: Action| near.iter().filter(|n| n.1 == a).map(|n| 1.0 / (0.1 + n.0)).sum::<f32>();
        near.iter().map(|n| n.1).max_by(|&a, &b| votes(a).total_cmp(&votes(b)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_recognised_from_the_layout_alone() {
        let judge = Judge::new(40, 24, 12.0, 1);
        let mut right = [0_u32; 12];
        let each = 25_u32;
        for seed in 0..each {
            for &action in Action::ALL {
                let mut shot = ShotSpec::sample(900_000 + u64::from(seed) * 31 + u64::from(action.id()));
                shot.characters[0].action = action;
                let layout = animate(&shot, 77_000 + u64::from(seed), 24, 12.0);
                right[action.id() as usize] += u32::from(judge.action(&layout, 0, 12.0) == Some(action));
            }
        }
        let total: u32 = right.iter().sum();
        println!("right of {each} each: {right:?}");
        assert!(total as f32 >= 0.93 * 12.0 * each as f32, "{right:?}");
    }
}
