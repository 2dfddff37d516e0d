//! The stages of pictures: a shot's motion, its painted frames, its refined frames.

use kinora_models::video::layout::VocabularyError;
use kinora_models::video::motion::Take;
use kinora_models::video::refine::Refiner;

use super::{FilmStream, Planned, Stage};
use crate::film::{FilmEvent, FilmRequest, Frame, Shot, Size, refine, shot_ids};
use crate::{EngineError, VideoModels};

/// Odd constant of Weyl's sequence (2⁶⁴ / golden ratio), to give each shot a seed of its own.
const SEED_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl FilmStream {
    /// Motion for the next shot, and its thumbnail from the middle of it.
    pub(super) async fn plan_shot(
        &mut self,
        shots: &[Shot],
        planned: &mut Vec<Planned>,
    ) -> Result<Option<Stage>, EngineError> {
        let at = planned.len();
        let Some(shot) = shots.get(at) else {
            return Ok(Some(Stage::Paint { planned: std::mem::take(planned), shot: 0, index: 0 }));
        };
        let video = &self.video;
        let unknown = |e: VocabularyError| EngineError::new("storyboard_failed", "storyboard", e.to_string());
        let ids = shot_ids(shot, &self.request.style, video.painter.vocabulary()).map_err(unknown)?;
        let seed = self.request.seed.wrapping_add(SEED_STEP.wrapping_mul(at as u64 + 1));
        let frames = self.request.frames_per_shot();
        let take = Take {
            n_frames: frames,
            fps: self.request.fps,
            seed,
            film: self.request.seed,
            sizes: std::array::from_fn(|i| shot.characters.get(i).and_then(|c| c.size).map_or(1.0, Size::factor)),
            sound: None,
        };
        let layout = video.motion.generate(&ids, &take).await?;
        let typed = layout.typed().ok_or_else(|| {
            EngineError::new("motion_failed", "motion", "the motion model gave a layout that is not finite".to_string())
        })?;
        let refine = match self.refiner() {
            Some(refiner) => {
                let ids = shot_ids(shot, &self.request.style, refiner.vocabulary()).map_err(unknown)?;
                Some(refine::Plan { ids, seed })
            }
            None => None,
        };
        let plan = Planned { ids, layout: typed, refine, drafts: Vec::new() };
        let frame = self.paint(&plan, frames / 2).await?;
        planned.push(plan);
        self.queue.push_back(FilmEvent::Thumbnail { shot: at, frame });
        Ok(None)
    }

    pub(super) async fn paint_frame(
        &mut self,
        planned: &mut Vec<Planned>,
        shot: &mut usize,
        index: &mut usize,
    ) -> Result<Option<Stage>, EngineError> {
        let frames = planned.iter().map(|plan| plan.layout.len()).sum();
        let Some(plan) = planned.get_mut(*shot) else {
            return Ok(Some(Stage::Refine { planned: std::mem::take(planned), progress: refine::Progress::default() }));
        };
        let of = plan.layout.len();
        let frame = self.paint(plan, *index).await?;
        if plan.refine.is_some() && refine::kept(frames, frame.width, frame.height) {
            plan.drafts.push(frame.clone());
        }
        self.queue.push_back(FilmEvent::Draft { shot: *shot, index: *index, of, frame });
        (*shot, *index) = if *index + 1 < of { (*shot, *index + 1) } else { (*shot + 1, 0) };
        Ok(None)
    }

    pub(super) async fn refine_frame(
        &mut self,
        planned: &mut [Planned],
        progress: &mut refine::Progress,
    ) -> Result<Option<Stage>, EngineError> {
        let (shot, index) = (progress.shot, progress.index);
        let (Some(refiner), Some(plan)) = (self.refiner(), planned.get_mut(shot)) else {
            self.queue.push_back(FilmEvent::Done);
            return Ok(Some(Stage::Done));
        };
        let Some(asked) = &plan.refine else {
            self.queue.push_back(FilmEvent::Done);
            return Ok(Some(Stage::Done));
        };
        let again;
        let draft = match plan.drafts.get(index) {
            Some(draft) => draft,
            None => {
                again = self.paint(plan, index).await?;
                &again
            }
        };
        let frame = progress.refine(refiner, asked, draft).await?;
        let of = plan.layout.len();
        self.queue.push_back(FilmEvent::Refined { shot, index, of, frame });
        if progress.advance(of) {
            plan.drafts = Vec::new();
        }
        Ok(None)
    }

    pub(super) fn refiner(&self) -> Option<&Refiner> {
        refiner_for(&self.video, &self.request)
    }

    /// Frame `index` of a planned shot.
    async fn paint(&self, plan: &Planned, index: usize) -> Result<Frame, EngineError> {
        let (width, height) = (self.request.width, self.request.height);
        let layout = plan.layout.get(index..=index).unwrap_or_default();
        let painter = &self.video.painter;
        let planes = painter.paint(&plan.ids, layout, width as usize, height as usize)?.to_vec().await?;
        Frame::from_planes(width, height, &planes)
    }
}

/// The refiner, where it is loaded and asked for, and knows the style.
pub(super) fn refiner_for<'a>(video: &'a VideoModels, request: &FilmRequest) -> Option<&'a Refiner> {
    video.refiner.as_ref().filter(|r| request.refine && r.vocabulary().style(&request.style).is_ok())
}
