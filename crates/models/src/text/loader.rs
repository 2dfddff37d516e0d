//! A decoder read a step at a time, in the order in which its tensors lie in the file: a model can be loaded while it is
//! still on its way, and whoever drives the steps can stop between them.

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};

use kinora_formats::GgufFile;
use kinora_formats::config::{Layer, LayerRope, TextConfig};
use kinora_tensor::{Device, Tensor};

use super::Decoder;
use super::block::Block;
use super::linear::Linear;
use super::rope::RopeTables;
use crate::source::Seen;
use crate::{ModelError, Result, Weights};

/// A decoder on its way. [`Decoder::load`] drives one to its end.
pub struct DecoderLoader {
    file: GgufFile,
    device: Device,
    config: TextConfig,
    seen: Seen,
    steps: VecDeque<Step>,
    token_embd: Option<Tensor>,
    output_norm: Option<Tensor>,
    output: Option<Linear>,
    rope: Option<RopeTables>,
    blocks: Vec<Option<Block>>,
}

struct Step {
    part: Part,
    /// Where its tensors begin and end, in bytes from the beginning of the file.
    from: u64,
    to: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    TokenEmbd,
    Rope,
    Block(usize),
    OutputNorm,
    Output,
}

impl Part {
    /// What a tensor belongs to; `None` for one that no decoder reads.
    fn of(name: &str, config: &TextConfig) -> Option<Self> {
        if let Some(block) = name.strip_prefix("blk.") {
            return block.split('.').next()?.parse().ok().map(Part::Block);
        }
        match name {
            "token_embd.weight" => Some(Part::TokenEmbd),
            _ if name == config.output_norm_name() => Some(Part::OutputNorm),
            _ if name.starts_with("output.") => Some(Part::Output),
            _ if name.starts_with("rope_f") => Some(Part::Rope),
            _ => None,
        }
    }
}

impl DecoderLoader {
    /// Reads the header's settings and plans the steps; of the weights nothing is read yet.
    ///
    /// # Errors
    /// What [`TextConfig::read`] refuses.
    pub fn new(file: &GgufFile, device: &Device) -> Result<Self> {
        let config = TextConfig::read(file.gguf())?;
        // a part without tensors comes first: its step says what is missing
        let mut places: BTreeMap<Part, Option<(u64, u64)>> =
            [Part::TokenEmbd, Part::Rope, Part::OutputNorm].map(|part| (part, None)).into();
        places.extend((0..config.layers.len()).map(|i| (Part::Block(i), None)));
        if !config.tied {
            places.insert(Part::Output, None);
        }
        for (info, at) in file.places() {
            if let Some(place) = Part::of(&info.name, &config).and_then(|part| places.get_mut(&part)) {
                let (from, to) = place.unwrap_or((u64::MAX, 0));
                *place = Some((from.min(at), to.max(at.saturating_add(info.bytes))));
            }
        }
        let step = |(part, place): (Part, Option<(u64, u64)>)| {
            let (from, to) = place.unwrap_or_default();
            Step { part, from, to }
        };
        let mut steps: Vec<Step> = places.into_iter().map(step).collect();
        steps.sort_by_key(|step| step.to);
        Ok(Self {
            blocks: config.layers.iter().map(|_| None).collect(),
            file: file.clone(),
            device: device.clone(),
            config,
            seen: Seen::default(),
            steps: steps.into(),
            token_embd: None,
            output_norm: None,
            output: None,
            rope: None,
        })
    }

    /// Bytes from the beginning of the file that the next step reads; `None` when all is loaded.
    pub fn needs(&self) -> Option<u64> {
        self.steps.front().map(|step| step.to)
    }

    /// Bytes from the beginning of the file that no step will read again.
    pub fn read_to(&self) -> u64 {
        self.steps.iter().map(|step| step.from).min().unwrap_or(u64::MAX)
    }

    /// Loads the next part.
    ///
    /// # Errors
    /// `Format`, `Shape`, `OutOfMemory`.
    pub fn step(&mut self) -> Result<()> {
        let Some(Step { part, .. }) = self.steps.pop_front() else { return Ok(()) };
        let (w, c, device) = (Weights::continued(&self.file, &self.seen), &self.config, &self.device);
        let (vocab, width) = (c.vocab, c.n_embd);
        match part {
            Part::TokenEmbd => self.token_embd = Some(w.get("token_embd.weight", &[vocab, width], device)?),
            Part::OutputNorm => self.output_norm = Some(w.get(c.output_norm_name(), &[width], device)?),
            Part::Output => self.output = Some(Linear::load(&w, "output", vocab, width, device)?),
            Part::Rope => {
                let local = |l: &Layer| matches!(l, Layer::Attention { rope: LayerRope::Local, .. });
                self.rope = Some(RopeTables::load(&self.file, &c.rope, c.layers.iter().any(local))?);
            }
            Part::Block(i) => {
                if let (Some(layer), Some(block)) = (c.layers.get(i), self.blocks.get_mut(i)) {
                    *block = Some(Block::load(&w.pp(&format!("blk.{i}")), c, *layer, device)?);
                }
            }
        }
        Ok(())
    }

    /// The decoder, after the last step.
    ///
    /// # Errors
    /// `Config` before it.
    pub fn finish(self) -> Result<Decoder> {
        let early = || ModelError::Config("the decoder is not loaded yet".into());
        let narrow = |l: &Layer| matches!(l, Layer::ShortConv | Layer::Attention { window: Some(_), .. });
        Ok(Decoder {
            token_embd: self.token_embd.ok_or_else(early)?,
            blocks: self.blocks.into_iter().collect::<Option<_>>().ok_or_else(early)?,
            output_norm: self.output_norm.ok_or_else(early)?,
            output: self.output,
            rope: self.rope.ok_or_else(early)?,
            sees_all: !self.config.layers.iter().any(narrow),
            fused: true,
            fingerprint: self.seen.fingerprint(),
            adapters: Cell::new(0),
            device: self.device,
            config: self.config,
        })
    }
}
