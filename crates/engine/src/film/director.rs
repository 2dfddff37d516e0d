//! The stages of a film, one piece of work an event: the reader pulls, and what it does not pull is not computed.

use std::collections::VecDeque;
use std::rc::Rc;

use kinora_models::video::layout::{FrameLayout, ShotIds, VocabularyError};
use kinora_models::video::motion::Take;
use kinora_models::video::refine::Refiner;

use super::{
    Cue, FilmEvent, FilmRequest, Frame, Grounded, Script, Shot, Size, Storyboard,
    agreement::{head_of, retold, take_captions},
    ground, keep_promises, make_consistent, refine, schema, shot_ids,
    storyboard::complete_shots,
    wording::{is_of_others, mend_line, mend_title, plain_idea},
};
use crate::recovery::MAX_RECOVERIES;
use crate::sampling::Sampling;
use crate::{
    Abort, Engine, EngineError, VideoModels,
    chat::{ChatEvent, ChatRequest, ChatStream, Message, ResponseFormat},
};

/// Tokens that a script or a storyboard may take for each shot, and on top.
const TOKENS_PER_SHOT: usize = 160;
const TOKENS_MORE: usize = 60;
/// Shots of a script when the prompt names no number.
const USUAL_SHOTS: usize = 3;
/// Odd constant of Weyl's sequence (2⁶⁴ / golden ratio), to give each shot a seed of its own.
const SEED_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// What the text model is asked: it writes three shots unless another number is named.
fn script_prompt(idea: &str, shots: usize) -> String {
    match shots {
        USUAL_SHOTS => format!("Write a script: {idea}"),
        1 => format!("Write a script in 1 shot: {idea}"),
        n => format!("Write a script in {n} shots: {idea}"),
    }
}

fn script_request(idea: &str, request: &FilmRequest, abort: &Abort) -> ChatRequest {
    ChatRequest {
        messages: vec![Message::user(script_prompt(idea, request.shots))],
        max_tokens: Some(TOKENS_PER_SHOT * request.shots + TOKENS_MORE),
        sampling: Sampling { temperature: 0.3, top_p: 0.9, ..Sampling::default() },
        seed: request.seed,
        abort: abort.clone(),
        ..Default::default()
    }
}

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

    /// What comes next; none while the stage goes on, as of the stages below.
    async fn write_script(
        &mut self,
        stream: &mut ChatStream,
        text: &mut String,
        line: &mut String,
    ) -> Result<Option<Stage>, EngineError> {
        match stream.next().await? {
            Some(ChatEvent::Delta { text: delta, .. }) => {
                for part in delta.split_inclusive('\n') {
                    line.push_str(part);
                    if !line.ends_with('\n') || text.is_empty() && line.trim().lines().count() < 2 {
                        continue;
                    }
                    // a script that begins with others is written again, from the plainest words
                    if text.is_empty() && is_of_others(line, &self.grounded, self.video.painter.vocabulary()) {
                        let plain = plain_idea(&self.grounded);
                        if plain != self.grounded.idea {
                            *stream = self.engine.chat(script_request(&plain, &self.request, &self.abort))?;
                            self.grounded.idea = plain;
                            line.clear();
                            return Ok(None);
                        }
                    }
                    self.tell_lines(text, line);
                }
                return Ok(None);
            }
            Some(_) => return Ok(None),
            None => {}
        }
        self.tell_lines(text, line);
        self.queue.push_back(FilmEvent::Script { script: Script::parse(text) });
        Ok(Some(Stage::Scripted { text: std::mem::take(text) }))
    }

    /// Lines of the script, brought into agreement with the idea.
    fn tell_lines(&mut self, text: &mut String, lines: &mut String) {
        for line in std::mem::take(lines).split_inclusive('\n') {
            let mended = match text.lines().count().checked_sub(1) {
                None => mend_title(line, &self.grounded),
                Some(shot) => {
                    let mended = mend_line(line, &self.grounded, self.video.painter.vocabulary());
                    head_of(&mended, &self.grounded, shot, self.request.shots)
                }
            };
            text.push_str(&mended);
            self.queue.push_back(FilmEvent::ScriptDelta { text: mended });
        }
    }

    fn open_storyboard(&self, text: &str) -> Result<Option<Stage>, EngineError> {
        let messages = vec![
            Message::user(script_prompt(&self.grounded.idea, self.request.shots)),
            Message::assistant(text),
            Message::user("Storyboard".to_string()),
        ];
        let schema = schema(self.video.painter.vocabulary(), &self.grounded, self.request.shots);
        let stream = self.engine.chat(ChatRequest {
            messages,
            max_tokens: Some(TOKENS_PER_SHOT * self.request.shots + TOKENS_MORE),
            sampling: Sampling { temperature: 0.0, ..Sampling::default() },
            seed: self.request.seed,
            format: ResponseFormat::JsonSchema(schema),
            abort: self.abort.clone(),
            ..Default::default()
        })?;
        Ok(Some(Stage::Storyboard { stream, script: text.to_string(), json: String::new(), told: 0 }))
    }

    async fn write_storyboard(
        &mut self,
        stream: &mut ChatStream,
        script: &str,
        json: &mut String,
        told: &mut usize,
    ) -> Result<Option<Stage>, EngineError> {
        match stream.next().await? {
            Some(ChatEvent::Delta { text, .. }) => {
                json.push_str(&text);
                if text.contains('}') {
                    let shots = complete_shots(json);
                    if shots.len() > *told && shots.len() < self.request.shots {
                        *told = shots.len();
                        let mut board = Storyboard { title: String::new(), shots };
                        take_captions(&mut board.shots, script);
                        make_consistent(&mut board, &self.grounded, self.video.painter.vocabulary());
                        self.tell_storyboard(board, false);
                    }
                }
                return Ok(None);
            }
            Some(_) => return Ok(None),
            None => {}
        }
        let mut board = serde_json::from_str::<Storyboard>(json).unwrap_or_else(|_| Storyboard {
            title: self.request.idea.chars().take(60).collect(),
            shots: complete_shots(json),
        });
        if board.shots.is_empty() {
            let message = "the text model's storyboard holds no shot".to_string();
            return Err(EngineError::new("storyboard_failed", "storyboard", message)
                .hint("try another seed or idea")
                .retry());
        }
        if board.shots.len() < self.request.shots {
            let text = format!("The storyboard has {} of {} shots.", board.shots.len(), self.request.shots);
            self.queue.push_back(FilmEvent::Notice { code: "short_storyboard".into(), text });
        }
        board.title = mend_title(&board.title, &self.grounded);
        take_captions(&mut board.shots, script);
        make_consistent(&mut board, &self.grounded, self.video.painter.vocabulary());
        keep_promises(&mut board, &self.grounded);
        if let Some(script) = retold(script, &board, &self.video.painter.vocabulary().color) {
            self.queue.push_back(FilmEvent::Script { script: Script::parse(&script) });
        }
        let shots = board.shots.clone();
        self.tell_storyboard(board, true);
        self.tell_captions(&shots);
        Ok(Some(Stage::Motion { shots, planned: Vec::new() }))
    }

    fn tell_storyboard(&mut self, board: Storyboard, done: bool) {
        self.queue.push_back(FilmEvent::Storyboard {
            title: board.title,
            shots: board.shots,
            of: self.request.shots,
            done,
            frames_per_shot: self.request.frames_per_shot(),
            fps: self.request.fps,
            refines: self.refines(),
        });
    }

    fn tell_captions(&mut self, shots: &[Shot]) {
        let seconds = self.request.frames_per_shot() as f32 / self.request.fps;
        let cue = |(i, shot): (usize, &Shot)| Cue {
            start: i as f32 * seconds,
            end: (i + 1) as f32 * seconds,
            text: shot.caption.clone(),
        };
        self.queue.push_back(FilmEvent::Captions { cues: shots.iter().enumerate().map(cue).collect() });
    }

    /// Motion for the next shot, and its thumbnail from the middle of it.
    async fn plan_shot(&mut self, shots: &[Shot], planned: &mut Vec<Planned>) -> Result<Option<Stage>, EngineError> {
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

    async fn paint_frame(
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

    async fn refine_frame(
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

    fn refiner(&self) -> Option<&Refiner> {
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

#[cfg(test)]
impl FilmStream {
    /// A film whose shots are written.
    pub(crate) fn of_shots(engine: &Engine, request: FilmRequest, shots: Vec<Shot>) -> Result<Self, EngineError> {
        let stage = Stage::Motion { shots, planned: Vec::new() };
        Ok(Self { stage, queue: VecDeque::new(), ..Self::open(engine, request)? })
    }
}

/// The refiner, where it is loaded and asked for, and knows the style.
fn refiner_for<'a>(video: &'a VideoModels, request: &FilmRequest) -> Option<&'a Refiner> {
    video.refiner.as_ref().filter(|r| request.refine && r.vocabulary().style(&request.style).is_ok())
}
