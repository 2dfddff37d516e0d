//! The adapters of a model and of a request: several requests may want one model with different ones at the same time.

use std::collections::BTreeMap;
use std::rc::Rc;

use kinora_formats::GgufFile;
use kinora_models::text::Adapter;
use kinora_tensor::{Abort, Tensor};

use super::memory::Memory;
use super::model::TextModel;
use crate::{Engine, EngineError, error::Result};

/// One of them and its strength.
type Weighted = (Rc<Adapter>, f32);

/// The adapters that were loaded with a model, by name, each with its usual strength.
pub(crate) type Loaded = BTreeMap<String, Weighted>;

/// An adapter of a loaded model.
#[derive(Debug, Clone, PartialEq)]
pub struct AdapterInfo {
    pub name: String,
    /// Its strength where a request does not say.
    pub strength: f32,
    /// Bytes of its factors in memory.
    pub bytes: u64,
}

impl Engine {
    /// Adds a low-rank adapter in llama.cpp's GGUF layout to a text model, the embedded one where `model` is left out;
    /// requests then name it beside its strength. One of that name makes room, and all go with their model.
    ///
    /// # Errors
    /// `adapter_refused` with what is wrong with the file, or which tensor does not fit the model; `invalid_request` for an
    /// empty name or a strength that is no number, `model_not_found`.
    pub fn load_adapter(&self, model: Option<&str>, name: &str, file: &GgufFile, strength: f32) -> Result<()> {
        let model = self.text(model)?;
        if name.is_empty() || !strength.is_finite() {
            return Err(EngineError::invalid_request("load", "an adapter needs a name, and a number as its strength"));
        }
        let refused = |why: String| {
            let hint = "Take an adapter that was made for this very model, converted by llama.cpp.";
            EngineError::new("adapter_refused", "load", format!("the adapter {name} {why}")).hint(hint)
        };
        let adapter = Adapter::load(file).map_err(|e| refused(format!("cannot be read: {e}")))?;
        model.llama.check_adapter(&adapter).map_err(|e| refused(format!("does not fit the model: {e}")))?;
        let architecture = &model.about.architecture;
        if let Some(other) = adapter.architecture().filter(|other| other != architecture) {
            return Err(refused(format!("was made for the architecture {other}, and the model's is {architecture}")));
        }
        model.loaded.borrow_mut().insert(name.to_string(), (Rc::new(adapter), strength));
        Ok(())
    }

    /// Takes an adapter out. Answers that use it go on to their end.
    ///
    /// # Errors
    /// `model_not_found`.
    pub fn remove_adapter(&self, model: Option<&str>, name: &str) -> Result<()> {
        self.text(model)?.loaded.borrow_mut().remove(name);
        Ok(())
    }
}

/// Adapters and how strong each is, in the order of the request.
#[derive(Clone, Default)]
pub(crate) struct Adapters(pub Vec<Weighted>);

impl PartialEq for Adapters {
    fn eq(&self, other: &Self) -> bool {
        let same = |((a, x), (b, y)): (&Weighted, &Weighted)| Rc::ptr_eq(a, b) && x == y;
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(same)
    }
}

impl TextModel {
    /// What is loaded, by name.
    pub fn adapters(&self) -> Vec<AdapterInfo> {
        let info = |(name, (adapter, strength)): (&String, &Weighted)| AdapterInfo {
            name: name.clone(),
            strength: *strength,
            bytes: adapter.bytes(),
        };
        self.loaded.borrow().iter().map(info).collect()
    }

    /// The adapters of a request.
    ///
    /// # Errors
    /// `invalid_request` for one that is not loaded, with the names that there are, or a strength that is no number.
    pub fn adapters_of(&self, wanted: &[(String, f32)]) -> Result<Adapters> {
        let loaded = self.loaded.borrow();
        let find = |(name, scale): &(String, f32)| {
            let refuse = |why: String| EngineError::invalid_request("chat", format!("adapters: {why}"));
            if !scale.is_finite() {
                return Err(refuse(format!("{name} times {scale} is no strength: take a number such as 1")));
            }
            let there = || match loaded.keys().map(String::as_str).collect::<Vec<_>>().join(", ") {
                none if none.is_empty() => "the model has none".to_string(),
                names => format!("loaded are: {names}"),
            };
            let (adapter, _) = loaded.get(name).ok_or_else(|| refuse(format!("there is no {name:?}; {}", there())))?;
            Ok((adapter.clone(), *scale))
        };
        Ok(Adapters(wanted.iter().map(find).collect::<Result<_>>()?))
    }

    /// Makes the network read with these adapters; nothing to do where it did.
    ///
    /// # Errors
    /// `out_of_memory`.
    pub fn adapt(&self, adapters: &Adapters) -> Result<()> {
        if *self.adapters.borrow() == *adapters {
            return Ok(());
        }
        let list: Vec<(&Adapter, f32)> = adapters.0.iter().map(|(adapter, scale)| (adapter.as_ref(), *scale)).collect();
        // after a failure nothing is on, so that no answer has weights that it did not ask for
        let set = self.llama.set_adapters(&list).map_err(EngineError::from);
        if set.is_err() {
            self.llama.set_adapters(&[])?;
        }
        self.switches.set(self.switches.get() + 1);
        *self.adapters.borrow_mut() = if set.is_ok() { adapters.clone() } else { Adapters::default() };
        set
    }
}

/// Reading.
impl TextModel {
    /// Logits [1, vocab] of what follows `tokens`, which join the memory's cache, read with its adapters; the caller notes
    /// them. Looks at `abort` between
    /// the blocks of more than one token. After an error the memory holds what it held, or less.
    ///
    /// # Errors
    /// `aborted`, `context_length_exceeded`, `out_of_memory`, `device_lost`.
    pub async fn read(&self, tokens: &[u32], memory: &mut Memory, abort: &Abort) -> Result<Tensor> {
        self.adapt(&memory.adapters)?;
        let switches = self.switches.get();
        let row = match tokens {
            [_] => self.llama.forward(tokens, &mut memory.cache),
            _ => self.llama.forward_in_turns(tokens, &mut memory.cache, abort).await,
        };
        let switched = self.switches.get() != switches;
        if row.is_ok() && !switched {
            return Ok(row?);
        }
        let known = memory.tokens.clone();
        memory.truncate(known.len())?; // some layers have read more
        row?;
        // in one of the turns another answer put other adapters on: once more without turns, and with what a network that
        // cannot go back so little has lost
        self.adapt(&memory.adapters)?;
        let lost = known.get(memory.tokens.len()..).unwrap_or_default();
        let again = [lost, tokens].concat();
        memory.tokens.extend_from_slice(lost);
        Ok(self.llama.forward(&again, &mut memory.cache)?)
    }
}

#[cfg(test)]
mod tests {
    use kinora_formats::GgufFile;

    use super::AdapterInfo;
    use crate::chat::tests::{heat, run, tiny_adapter, tiny_engine, tiny_model};
    use crate::chat::{ChatRequest, Message};

    fn adapter(matrix: &str, out: usize, cols: usize, value: f32) -> GgufFile {
        tiny_adapter("", matrix, [out, cols], value)
    }

    fn request(adapters: &[(&str, f32)]) -> ChatRequest {
        let adapters = adapters.iter().map(|(name, scale)| (name.to_string(), *scale)).collect();
        let messages = vec![Message::user("tell me about the sea and about the moon")];
        ChatRequest { adapters, messages, max_tokens: Some(24), sampling: heat(0.0), ..Default::default() }
    }

    #[test]
    fn adapters_go_on_and_off_by_request_and_each_has_memories_of_its_own() {
        let engine = tiny_engine(256);
        engine.load_adapter(None, "style", &adapter("blk.0.ffn_down", 32, 64, 0.9), 1.0).unwrap();
        engine.load_adapter(None, "more", &adapter("blk.1.attn_q", 32, 32, 0.8), 0.7).unwrap();
        let loaded = engine.models()[0].adapters.clone();
        let info = |name: &str, strength, floats: u64| AdapterInfo { name: name.into(), strength, bytes: 4 * floats };
        assert_eq!(loaded, [info("more", 0.7, 64), info("style", 1.0, 96)]);
        let ask = |adapters: &[(&str, f32)]| run(&engine, request(adapters)).unwrap();
        let sets: [&[(&str, f32)]; 4] = [&[], &[("style", 1.0)], &[("style", -0.5)], &[("style", 1.0), ("more", 0.7)]];
        let first: Vec<String> = sets.iter().map(|set| ask(set).0).collect();
        for (i, text) in first.iter().enumerate() {
            assert!(!first[..i].contains(text), "{:?} changes nothing", sets[i]);
        }
        for (set, text) in sets.iter().zip(&first) {
            let (again, _, usage) = ask(set);
            assert_eq!(&again, text, "{set:?}");
            assert!(usage.cached_tokens > 0, "{set:?} keeps its own memory: {usage:?}");
        }
    }

    #[test]
    fn answers_at_the_same_time_have_adapters_of_their_own() {
        let engine = tiny_engine(256);
        engine.load_adapter(None, "style", &adapter("blk.0.ffn_down", 32, 64, 0.9), 1.0).unwrap();
        let (plain, styled) =
            (run(&engine, request(&[])).unwrap().0, run(&engine, request(&[("style", 1.0)])).unwrap().0);
        let mut streams = [request(&[]), request(&[("style", 1.0)])].map(|r| (engine.chat(r).unwrap(), String::new()));
        engine.remove_adapter(None, "style").unwrap(); // those that were opened keep it
        loop {
            let mut over = true;
            for (stream, text) in &mut streams {
                match pollster::block_on(stream.next()).unwrap() {
                    Some(crate::chat::ChatEvent::Delta { text: delta, .. }) => text.push_str(&delta),
                    Some(_) => {}
                    None => continue,
                }
                over = false;
            }
            if over {
                break;
            }
        }
        assert_eq!(streams.map(|(_, text)| text), [plain, styled]);
    }

    #[test]
    fn adapters_that_do_not_fit_are_refused_by_the_tensor_and_change_nothing() {
        let engine = tiny_engine(256);
        let plain = run(&engine, request(&[])).unwrap().0;
        let model = GgufFile::from_bytes(tiny_model(64, 1)).unwrap();
        for (file, want) in [
            (&model, "general.type"),
            (&adapter("blk.7.ffn_down", 32, 64, 0.9), "blk.7.ffn_down"),
            (&adapter("blk.0.ffn_down", 32, 63, 0.9), "blk.0.ffn_down"),
            (&tiny_adapter("qwen2", "blk.0.ffn_down", [32, 64], 0.9), "qwen2"),
        ] {
            let error = engine.load_adapter(None, "style", file, 1.0).unwrap_err();
            assert!(error.code == "adapter_refused" && error.message.contains(want), "{error}");
        }
        let fits = tiny_adapter("llama", "blk.0.ffn_down", [32, 64], 0.9);
        let refused = |model, name, strength| engine.load_adapter(model, name, &fits, strength).unwrap_err().code;
        assert_eq!(refused(None, "", 1.0), "invalid_request");
        assert_eq!(refused(None, "style", f32::NAN), "invalid_request");
        assert_eq!(refused(Some("other"), "style", 1.0), "model_not_found");
        assert!(engine.models()[0].adapters.is_empty());
        engine.load_adapter(None, "style", &fits, 1.0).unwrap();
        for (name, scale) in [("none", 1.0), ("style", f32::NAN)] {
            let error = run(&engine, request(&[(name, scale)])).unwrap_err();
            assert!(error.code == "invalid_request" && error.message.contains("adapters"), "{error}");
            assert!(error.message.contains("style"), "{error}");
        }
        assert_eq!(run(&engine, request(&[])).unwrap().0, plain);
    }

    #[test]
    fn adapters_belong_to_their_model_and_go_with_it() {
        let engine = tiny_engine(256);
        let other = GgufFile::from_bytes(tiny_model(256, 9)).unwrap();
        engine.add_text_model("other", &other, Default::default()).unwrap();
        let file = adapter("blk.0.ffn_down", 32, 64, 0.9);
        engine.load_adapter(Some("other"), "style", &file, 1.0).unwrap();
        assert!(run(&engine, request(&[("style", 1.0)])).is_err(), "of another model");
        let styled = || ChatRequest { model: Some("other".into()), ..request(&[("style", 1.0)]) };
        assert!(run(&engine, styled()).is_ok());
        engine.add_text_model("other", &other, Default::default()).unwrap();
        assert!(run(&engine, styled()).is_err(), "gone with the one before");
    }
}
