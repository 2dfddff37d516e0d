//! Low-rank adapters (Hu et al. 2021) in llama.cpp's GGUF layout, added to a decoder's products while it runs.

use std::collections::BTreeMap;

use kinora_formats::{FormatError, GgufFile, TensorSource};

use crate::{ModelError, Result};

/// An adapter: for each adapted matrix W its factors, so that `y = W x + scale · B (A x)`.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// The architecture of the model that it was made for, where the file says it.
    architecture: Option<String>,
    /// By the matrix's name without `.weight`, for example `blk.0.attn_q`.
    pairs: BTreeMap<String, Pair>,
}

/// The factors of one matrix [out, in].
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub rank: usize,
    /// [rank, in]
    pub a: Vec<f32>,
    /// [out, rank]
    pub b: Vec<f32>,
    /// What the file's alpha makes of a weight of one: alpha / rank.
    pub scale: f32,
}

impl Adapter {
    /// Reads an adapter file: `general.type` "adapter", `adapter.type` "lora", `adapter.lora.alpha`, and
    /// `<matrix>.weight.lora_a` [rank, in] with `<matrix>.weight.lora_b` [out, rank].
    ///
    /// # Errors
    /// `Format` for files that are no such adapter, or whose factors do not belong together.
    pub fn load(file: &GgufFile) -> Result<Self> {
        let gguf = file.gguf();
        for (key, wanted) in [("general.type", "adapter"), ("adapter.type", "lora")] {
            if gguf.get_str(key)? != Some(wanted) {
                return Err(FormatError::config(key, format!("it must be {wanted} in the file of an adapter")).into());
            }
        }
        let alpha = gguf.get_f32("adapter.lora.alpha")?.unwrap_or(0.0);
        if !alpha.is_finite() {
            return Err(FormatError::config("adapter.lora.alpha", "it is not finite").into());
        }
        let mut pairs = BTreeMap::new();
        for info in gguf.tensors() {
            let Some(name) = info.name.strip_suffix(".weight.lora_a") else {
                if info.name.ends_with(".weight.lora_b") {
                    continue; // read with its partner; one without is found below
                }
                return Err(FormatError::config(&info.name, "it is no factor of an adapter").into());
            };
            let (a, b) = (file.tensor(&info.name)?, file.tensor(&format!("{name}.weight.lora_b"))?);
            let ([rank, _], [_, rank_b]) = (&a.shape[..], &b.shape[..]) else {
                return Err(ModelError::shape(&info.name, &a.shape, "two matrices [rank, in] and [out, rank]".into()));
            };
            if rank != rank_b || *rank == 0 {
                return Err(ModelError::shape(&info.name, &a.shape, format!("the rank of lora_b, {rank_b}")));
            }
            // As llama.cpp: without alpha the factors are meant as they are
            let scale = if alpha == 0.0 { 1.0 } else { alpha / *rank as f32 };
            pairs.insert(name.to_string(), Pair { rank: *rank, a: a.to_f32()?, b: b.to_f32()?, scale });
        }
        if pairs.len() * 2 != gguf.tensors().len() || pairs.is_empty() {
            return Err(FormatError::config("adapter.type", "its factors do not come in pairs lora_a, lora_b").into());
        }
        Ok(Self { architecture: gguf.get_str("general.architecture")?.map(str::to_string), pairs })
    }

    /// `general.architecture` of its file: that of the models that it was made for.
    pub fn architecture(&self) -> Option<&str> {
        self.architecture.as_deref()
    }

    /// Bytes of its factors in memory.
    pub fn bytes(&self) -> u64 {
        self.pairs.values().map(|pair| (size_of::<f32>() * (pair.a.len() + pair.b.len())) as u64).sum()
    }

    /// The matrices it changes, without `.weight`.
    pub fn matrices(&self) -> impl Iterator<Item = &str> {
        self.pairs.keys().map(String::as_str)
    }

    pub(super) fn pair(&self, matrix: &str) -> Option<&Pair> {
        self.pairs.get(matrix)
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &Pair)> {
        self.pairs.iter().map(|(name, pair)| (name.as_str(), pair))
    }
}
