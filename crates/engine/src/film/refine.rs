//! The film's last stage: painted frames go through the refiner, shot after shot, one frame at a time.

use kinora_models::video::layout::ShotIds;
use kinora_models::video::refine::{RefineShot, Refiner};

use super::Frame;
use crate::EngineError;

/// Bytes of painted frames that are kept for the refiner; those of a longer film are painted again.
const MAX_KEPT: usize = 64 << 20;

/// A shot as the refiner knows it.
pub struct Plan {
    pub ids: ShotIds,
    pub seed: u64,
}

/// Where the stage is: the shot and the frame, and what the frames of the shot share.
#[derive(Default)]
pub struct Progress {
    pub shot: usize,
    pub index: usize,
    shared: Option<RefineShot>,
}

/// Whether a film of `frames` painted frames is kept for the refiner.
pub fn kept(frames: usize, width: u32, height: u32) -> bool {
    let pixels = width as usize * height as usize;
    frames.saturating_mul(pixels).saturating_mul(4) <= MAX_KEPT
}

impl Progress {
    /// The frame whose painted picture is `draft`.
    pub async fn refine(&mut self, refiner: &Refiner, plan: &Plan, draft: &Frame) -> Result<Frame, EngineError> {
        let (width, height) = (draft.width as usize, draft.height as usize);
        let shared = match self.shared.take() {
            Some(shared) => shared,
            None => refiner.shot(&plan.ids, plan.seed, width, height).await?,
        };
        let shared = self.shared.insert(shared);
        let planes = refiner.refine(shared, &draft.planes(), self.index).await?;
        Frame::from_planes(draft.width, draft.height, &planes)
    }

    /// Forgets what lies on a device that was lost.
    pub fn begin_again(&mut self) {
        self.shared = None;
    }

    /// Goes to the next frame of a shot of `frames`; `true` when another shot begins.
    pub fn advance(&mut self, frames: usize) -> bool {
        self.index += 1;
        if self.index < frames {
            return false;
        }
        *self = Self { shot: self.shot + 1, ..Self::default() };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kinora_formats::SafeTensorsFile;

    const FIXTURE: &[u8] = include_bytes!("../../../models/src/video/refine/fixture.safetensors");

    fn refined(frames: &[Frame], seed: u64) -> Vec<Frame> {
        let file = SafeTensorsFile::from_bytes(FIXTURE.to_vec()).unwrap();
        let refiner = Refiner::load(&file, &crate::Device::cpu(1)).unwrap();
        let ids = ShotIds { place: 3, time: 1, weather: 2, characters: [None; 2], prop: 0, camera: 0, style: 2 };
        let plan = Plan { ids, seed };
        let (mut progress, mut done) = (Progress::default(), Vec::new());
        while progress.shot == 0 {
            let frame = progress.refine(&refiner, &plan, &frames[progress.index]);
            done.push(pollster::block_on(frame).unwrap());
            progress.advance(frames.len());
        }
        done
    }

    #[test]
    fn a_shot_is_refined_frame_by_frame_and_repeats_by_seed() {
        let draft = |v: u8| Frame { width: 20, height: 12, rgba: [v, 200, 90, 255].repeat(240) };
        let frames = [draft(10), draft(220)];
        let first = refined(&frames, 4);
        assert_eq!(first.len(), 2);
        assert!(first.iter().zip(&frames).all(|(a, b)| a != b && a.rgba.len() == b.rgba.len()));
        assert_eq!(first, refined(&frames, 4));
        assert_ne!(first, refined(&frames, 5));
    }

    #[test]
    fn drafts_of_a_usual_film_are_kept_and_those_of_a_huge_one_are_not() {
        assert!(kept(3 * 33, 192, 112));
        assert!(!kept(6 * 600, 640, 640));
        assert!(!kept(usize::MAX, 640, 640));
    }
}
