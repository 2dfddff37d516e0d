//! The stages of words: the script, line by line, and the storyboard that a grammar rules.

use super::{FilmStream, Stage};
use crate::film::{
    Cue, FilmEvent, FilmRequest, Script, Shot, Storyboard,
    agreement::{head_of, retold, take_captions},
    keep_promises, make_consistent, schema,
    storyboard::complete_shots,
    wording::{is_of_others, mend_line, mend_title, plain_idea},
};
use crate::sampling::Sampling;
use crate::{
    Abort, EngineError,
    chat::{ChatEvent, ChatRequest, ChatStream, Message, ResponseFormat},
};

/// Tokens that a script or a storyboard may take for each shot, and on top.
const TOKENS_PER_SHOT: usize = 160;
const TOKENS_MORE: usize = 60;
/// Shots of a script when the prompt names no number.
const USUAL_SHOTS: usize = 3;
/// What the text model is asked: it writes three shots unless another number is named.
fn script_prompt(idea: &str, shots: usize) -> String {
    match shots {
        USUAL_SHOTS => format!("Write a script: {idea}"),
        1 => format!("Write a script in 1 shot: {idea}"),
        n => format!("Write a script in {n} shots: {idea}"),
    }
}

pub(super) fn script_request(idea: &str, request: &FilmRequest, abort: &Abort) -> ChatRequest {
    ChatRequest {
        messages: vec![Message::user(script_prompt(idea, request.shots))],
        max_tokens: Some(TOKENS_PER_SHOT * request.shots + TOKENS_MORE),
        sampling: Sampling { temperature: 0.3, top_p: 0.9, ..Sampling::default() },
        seed: request.seed,
        abort: abort.clone(),
        ..Default::default()
    }
}
impl FilmStream {
    /// What comes next; none while the stage goes on, as of the stages below.
    pub(super) async fn write_script(
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

    pub(super) fn open_storyboard(&self, text: &str) -> Result<Option<Stage>, EngineError> {
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

    pub(super) async fn write_storyboard(
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
}
