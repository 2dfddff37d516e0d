//! The film's last stage: painted frames go through the refiner, shot after shot, one step of one frame at a time.

use kinora_models::video::layout::ShotIds;
use kinora_models::video::refine::{RefineShot, Refiner, Refining};
use kinora_tensor::Tensor;

use super::Frame;
use crate::{Device, EngineError};

/// Bytes of painted frames that are kept for the refiner; those of a longer film are painted again.
const MAX_KEPT: usize = 64 << 20;

/// A shot as the refiner knows it.
pub struct Plan {
    pub ids: ShotIds,
    pub seed: u64,
}

/// Where the stage is: the shot and the frame, and what is ready for them.
#[derive(Default)]
pub struct Progress {
    pub shot: usize,
    pub index: usize,
    shared: Option<RefineShot>,
    frame: Option<Refining>,
}

/// What a piece of work came to.
pub enum Step {
    /// The frame is not done.
    More,
    /// The painted frame is needed before anything else.
    NeedsDraft,
    /// The frame is done.
    Frame(Frame),
}

/// Whether a film of `frames` painted frames is kept for the refiner.
pub fn kept(frames: usize, width: u32, height: u32) -> bool {
    let pixels = width as usize * height as usize;
    frames.saturating_mul(pixels).saturating_mul(4) <= MAX_KEPT
}

impl Progress {
    /// Gives the frame that [`Step::NeedsDraft`] asked for.
    pub fn draft(&mut self, refiner: &Refiner, device: &Device, draft: &Frame) -> Result<(), EngineError> {
        let Some(shared) = &self.shared else { return Ok(()) };
        let shape = [3, draft.height as usize, draft.width as usize];
        let draft = Tensor::from_f32(device, &shape, &draft.planes())?;
        self.frame = Some(refiner.begin(shared, &draft, self.index)?);
        Ok(())
    }

    /// The next piece of work on the frame: what its shot shares, or one step.
    pub async fn step(&mut self, refiner: &Refiner, plan: &Plan, size: (u32, u32)) -> Result<Step, EngineError> {
        let Some(shared) = &self.shared else {
            self.shared = Some(refiner.shot(&plan.ids, plan.seed, size.0 as usize, size.1 as usize)?);
            return Ok(Step::More);
        };
        let Some(frame) = &mut self.frame else { return Ok(Step::NeedsDraft) };
        if refiner.step(shared, frame)? {
            return Ok(Step::More);
        }
        let planes = refiner.picture(shared, frame)?.to_vec().await?;
        self.frame = None;
        Frame::from_planes(size.0, size.1, &planes).map(Step::Frame)
    }

    /// Forgets what lies on a device that was lost: the frame begins again.
    pub fn begin_again(&mut self) {
        (self.shared, self.frame) = (None, None);
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
        let device = Device::cpu(1);
        let file = SafeTensorsFile::from_bytes(FIXTURE.to_vec()).unwrap();
        let refiner = Refiner::load(&file, &device).unwrap();
        let ids = ShotIds { place: 3, time: 1, weather: 2, characters: [None; 2], prop: 0, camera: 0, style: 2 };
        let plan = Plan { ids, seed };
        let (mut progress, mut done, mut work) = (Progress::default(), Vec::new(), 0);
        while progress.shot == 0 {
            work += 1;
            match pollster::block_on(progress.step(&refiner, &plan, (20, 12))).unwrap() {
                Step::More => {}
                Step::NeedsDraft => progress.draft(&refiner, &device, &frames[progress.index]).unwrap(),
                Step::Frame(frame) => {
                    done.push(frame);
                    progress.advance(frames.len());
                }
            }
        }
        // the shot once; of each frame its draft, its steps and its picture: turns between them see a stop
        assert_eq!(work, 1 + frames.len() * (2 + refiner.shot(&ids, seed, 20, 12).unwrap().steps()));
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
