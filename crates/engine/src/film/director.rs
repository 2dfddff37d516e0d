//! The stages of a film, one piece of work an event: the reader pulls, and what it does not pull is not computed.

mod drawing;
mod writing;

use std::collections::VecDeque;
use std::rc::Rc;

use kinora_models::video::layout::{FrameLayout, ShotIds};

use super::{FilmEvent, FilmRequest, Frame, Grounded, Shot, ground, refine};
use crate::recovery::MAX_RECOVERIES;
use crate::{Abort, Engine, EngineError, VideoModels, chat::ChatStream};
use drawing::refiner_for;
use writing::script_request;

/// A film in the making: [`FilmStream::next`] computes up to the next event.
pub struct FilmStream {
    engine: Engine,
    request: FilmRequest,
    grounded: Grounded,
    abort: Abort,
    queue: VecDeque<FilmEvent>,
    stage: Stage,
    /// Where shots are made; another where their device was lost.
    video: Rc<VideoModels>,
    /// How often it was.
    recoveries: usize,
}

/// Where the film is. Each stage holds what it needs and nothing of the next.
enum Stage {
    Script {
        stream: ChatStream,
        text: String,
        /// The lines that are being written: the title goes with the first shot's.
        line: String,
    },
    /// The script is written; the storyboard's grammar comes next.
    Scripted {
        text: String,
    },
    Storyboard {
        stream: ChatStream,
        script: String,
        json: String,
        told: usize,
    },
    Motion {
        shots: Vec<Shot>,
        planned: Vec<Planned>,
    },
    Paint {
        planned: Vec<Planned>,
        shot: usize,
        index: usize,
    },
    Refine {
        planned: Vec<Planned>,
        progress: refine::Progress,
    },
    Done,
}

/// A shot ready to be painted, and to be refined where there is a refiner.
struct Planned {
    ids: ShotIds,
    layout: Vec<FrameLayout>,
    refine: Option<refine::Plan>,
    /// Its painted frames, kept for the refiner.
    drafts: Vec<Frame>,
}

impl FilmStream {
    /// Checks the request, maps the idea to the video model's concepts and opens the script.
    ///
    /// # Errors
    /// `invalid_request` for a request out of range; `model_missing` when no video model is loaded.
    pub(crate) fn open(engine: &Engine, request: FilmRequest) -> Result<Self, EngineError> {
        request.check()?;
        let video = engine.video()?;
        let vocabulary = video.painter.vocabulary();
        vocabulary.style(&request.style).map_err(|e| EngineError::invalid_request("film", e.to_string()))?;
        let grounded = ground(&request.idea, vocabulary);
        let notice = |n: &super::GroundingNotice| FilmEvent::Notice { code: n.code().to_string(), text: n.text() };
        let mut queue: VecDeque<FilmEvent> = grounded.notices.iter().map(notice).collect();
        if request.style != FilmRequest::default().style && refiner_for(&video, &request).is_none() {
            let why = match &video.refiner {
                _ if !request.refine => "comes with refining, which is off",
                None => "needs the refine model, which is not here",
                Some(_) => "is none that this refine model draws",
            };
            let text = format!("The style “{}” {why}: the film is drawn flat.", request.style);
            queue.push_back(FilmEvent::Notice { code: "style_not_drawn".into(), text });
        }
        let abort = Abort::default();
        let stream = engine.chat(script_request(&grounded.idea, &request, &abort))?;
        let stage = Stage::Script { stream, text: String::new(), line: String::new() };
        Ok(Self { engine: engine.clone(), request, grounded, abort, queue, stage, video, recoveries: 0 })
    }

    /// Whether every frame comes a second time, refined.
    pub fn refines(&self) -> bool {
        self.refiner().is_some()
    }

    /// Whether the storyboard is next, which a grammar rules, and the engine does not have what compiles it: bring it
    /// ([`Engine::set_grammars`]) before the next event, which is `grammar_missing` without it.
    pub fn needs_grammars(&self) -> bool {
        matches!(self.stage, Stage::Scripted { .. }) && self.queue.is_empty() && !self.engine.has_grammars()
    }

    /// Stops the work at its next turn; the call that waits answers `aborted`.
    pub fn abort_handle(&self) -> Abort {
        self.abort.clone()
    }

    /// The next event, or `None` after [`FilmEvent::Done`] or an error.
    ///
    /// # Errors
    /// `aborted` after [`Self::abort_handle`] was used; else what the stage met (out of memory …). A device that is lost is
    /// replaced, and the shot in hand goes on there.
    pub async fn next(&mut self) -> Result<Option<FilmEvent>, EngineError> {
        loop {
            if matches!(self.stage, Stage::Done) && self.queue.is_empty() {
                return Ok(None);
            }
            if let Err(e) = self.engine.device().turn(&self.abort).await.map_err(EngineError::from) {
                // a text model finds another device by itself, and shots below
                if e.code != "device_lost" {
                    return Err(self.ended(e));
                }
            }
            if let Some(event) = self.queue.pop_front() {
                return Ok(Some(event));
            }
            match self.advance().await {
                Err(e) if e.code == "device_lost" && self.makes_shots() && self.recoveries < MAX_RECOVERIES => {
                    self.recover().await.map_err(|e| self.ended(e))?;
                }
                Err(e) => return Err(self.ended(e)),
                Ok(()) => {}
            }
        }
    }

    /// The error that a film ends with: nothing comes behind it.
    fn ended(&mut self, e: EngineError) -> EngineError {
        (self.stage, self.queue) = (Stage::Done, VecDeque::new());
        e
    }

    /// One piece of work: some tokens, one shot's motion, one painted frame, or one refined. After an error the
    /// stage is what it was.
    async fn advance(&mut self) -> Result<(), EngineError> {
        let mut stage = std::mem::replace(&mut self.stage, Stage::Done);
        let next = match &mut stage {
            Stage::Script { stream, text, line } => self.write_script(stream, text, line).await,
            Stage::Scripted { text } => self.open_storyboard(text),
            Stage::Storyboard { stream, script, json, told } => self.write_storyboard(stream, script, json, told).await,
            Stage::Motion { shots, planned } => self.plan_shot(shots, planned).await,
            Stage::Paint { planned, shot, index } => self.paint_frame(planned, shot, index).await,
            Stage::Refine { planned, progress } => self.refine_frame(planned, progress).await,
            Stage::Done => Ok(None),
        };
        let (next, outcome) = match next {
            Ok(next) => (next, Ok(())),
            Err(e) => (None, Err(e)),
        };
        self.stage = next.unwrap_or(stage);
        outcome
    }

    /// Whether the stage is one of the video models.
    fn makes_shots(&self) -> bool {
        matches!(self.stage, Stage::Motion { .. } | Stage::Paint { .. } | Stage::Refine { .. })
    }

    /// Goes on with the video models on another device. What was made is plain data; of the frame that was being refined the
    /// steps are made again.
    async fn recover(&mut self) -> Result<(), EngineError> {
        self.abort.check()?;
        self.recoveries += 1;
        self.video = self.engine.recover_video(&self.video).await?;
        if let Stage::Refine { progress, .. } = &mut self.stage {
            progress.begin_again();
        }
        Ok(())
    }
}

#[cfg(test)]
impl FilmStream {
    /// A film whose shots are written.
    pub(crate) fn of_shots(engine: &Engine, request: FilmRequest, shots: Vec<Shot>) -> Result<Self, EngineError> {
        let stage = Stage::Motion { shots, planned: Vec::new() };
        Ok(Self { stage, queue: VecDeque::new(), ..Self::open(engine, request)? })
    }
}
