//! The adapters of a request: several requests may want one model with different ones at the same time.

use std::rc::Rc;

use kinora_models::text::Adapter;
use kinora_tensor::{Abort, Tensor};

use super::model::{Memory, TextModel};
use crate::{EngineError, error::Result};

/// One of them and its strength.
type Weighted = (Rc<Adapter>, f32);

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
    /// Makes the network read with these adapters; nothing to do where it did.
    ///
    /// # Errors
    /// `invalid_request` for an adapter of another model, `out_of_memory`.
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
        set.map_err(|e| match e.code {
            "model_refused" | "invalid_request" => {
                EngineError::invalid_request("chat", format!("adapters: {}", e.message))
            }
            _ => e,
        })
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
    use kinora_formats::{BlockType, GgufFile, GgufWriter};

    use crate::chat::tests::{heat, run, tiny_engine, tiny_model};
    use crate::chat::{ChatRequest, Message};
    use crate::{Device, Engine, ModelFiles};

    /// An adapter of `matrix` [out, cols] whose factors hold `value`.
    fn adapter(matrix: &str, out: usize, cols: usize, value: f32) -> GgufFile {
        let mut w = GgufWriter::new();
        w.str("general.type", "adapter").unwrap();
        w.str("adapter.type", "lora").unwrap();
        w.f32("adapter.lora.alpha", 1.0).unwrap();
        for (end, rows, columns) in [("a", 1, cols), ("b", out, 1)] {
            let values = (0..rows * columns).map(|i| if i % 3 == 0 { value } else { -value });
            let bytes: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
            w.tensor(&format!("{matrix}.weight.lora_{end}"), &[rows, columns], BlockType::F32, &bytes).unwrap();
        }
        GgufFile::from_bytes(w.finish().unwrap()).unwrap()
    }

    fn request(adapters: &[(&str, f32)]) -> ChatRequest {
        let adapters = adapters.iter().map(|(name, scale)| (name.to_string(), *scale)).collect();
        let messages = vec![Message::user("tell me about the sea and about the moon")];
        ChatRequest { adapters, messages, max_tokens: Some(24), sampling: heat(0.0), ..Default::default() }
    }

    #[test]
    fn adapters_go_on_and_off_by_request_and_each_has_memories_of_its_own() {
        let engine = tiny_engine(256);
        engine.load_adapter("style", &adapter("blk.0.ffn_down", 32, 64, 0.9)).unwrap();
        engine.load_adapter("more", &adapter("blk.1.attn_q", 32, 32, 0.8)).unwrap();
        assert_eq!(engine.adapters(), ["more", "style"]);
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
        engine.load_adapter("style", &adapter("blk.0.ffn_down", 32, 64, 0.9)).unwrap();
        let (plain, styled) =
            (run(&engine, request(&[])).unwrap().0, run(&engine, request(&[("style", 1.0)])).unwrap().0);
        let mut streams = [request(&[]), request(&[("style", 1.0)])].map(|r| (engine.chat(r).unwrap(), String::new()));
        engine.remove_adapter("style"); // those that were opened keep it
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
    fn adapters_that_do_not_fit_are_refused_by_name_and_change_nothing() {
        let engine = tiny_engine(256);
        let plain = run(&engine, request(&[])).unwrap().0;
        let model = GgufFile::from_bytes(tiny_model(64, 1)).unwrap();
        assert_eq!(engine.load_adapter("model", &model).unwrap_err().code, "model_refused");
        engine.load_adapter("other", &adapter("blk.7.ffn_down", 32, 64, 0.9)).unwrap();
        engine.load_adapter("narrow", &adapter("blk.0.ffn_down", 32, 63, 0.9)).unwrap();
        for (name, scale, want) in
            [("none", 1.0, "none"), ("other", 1.0, "blk.7"), ("narrow", 1.0, "blk.0"), ("narrow", f32::NAN, "narrow")]
        {
            let error = run(&engine, request(&[(name, scale)])).unwrap_err();
            assert!(error.code == "invalid_request" && error.message.contains(want), "{error}");
            assert!(error.message.contains("adapters"), "{error}");
        }
        assert_eq!(run(&engine, request(&[])).unwrap().0, plain);
        let files = ModelFiles { text: tiny_model(256, 3), ..Default::default() };
        assert!(Engine::load(files, Device::cpu(1)).unwrap().adapters().is_empty());
    }
}
