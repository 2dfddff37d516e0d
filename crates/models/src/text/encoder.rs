//! An encoder of the BERT type, from GGUF: all tokens see all, norms come after (Devlin et al. 2019).

use kinora_formats::config::EncoderConfig;
use kinora_formats::{GgufFile, TensorSource};
use kinora_tensor::{Attention, Device, Tensor};

use super::embedding::pooled;
use super::linear::{Linear, Stack};
use crate::source::constant;
use crate::{ModelError, Result, Weights};

/// A loaded encoder.
pub struct Encoder {
    config: EncoderConfig,
    device: Device,
    token_embd: Tensor,
    position_embd: Tensor,
    /// The segment of a single text [C], added to every token.
    token_type: Option<Tensor>,
    token_embd_norm: LayerNorm,
    blocks: Vec<Block>,
}

struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
}

struct Block {
    qkv: Stack,
    output: Linear,
    attn_output_norm: LayerNorm,
    ffn_up: Linear,
    ffn_down: Linear,
    layer_output_norm: LayerNorm,
}

impl Encoder {
    /// Loads the network on `device`; matrices keep the file's block type.
    ///
    /// # Errors
    /// What [`EncoderConfig::read`] refuses, `OutOfMemory`.
    pub fn load(file: &GgufFile, device: &Device) -> Result<Self> {
        let c = EncoderConfig::read(file.gguf())?;
        let w = Weights::new(file);
        let table = |name: &str, rows| w.get(name, &[rows, c.n_embd], device);
        let token_type = if c.token_types > 0 {
            let all = file.tensor("token_types.weight")?.to_f32()?;
            Some(constant(device, &[c.n_embd], all.get(..c.n_embd).unwrap_or_default())?)
        } else {
            None
        };
        Ok(Self {
            token_embd: table("token_embd.weight", c.vocab)?,
            position_embd: table("position_embd.weight", c.context)?,
            token_type,
            token_embd_norm: LayerNorm::load(&w, "token_embd_norm", c.n_embd, device)?,
            blocks: (0..c.n_layer)
                .map(|i| Block::load(&w.pp(&format!("blk.{i}")), &c, device))
                .collect::<Result<_>>()?,
            device: device.clone(),
            config: c,
        })
    }

    /// The network's sizes.
    pub fn config(&self) -> &EncoderConfig {
        &self.config
    }

    /// Where it runs.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The vector of a text of `tokens` ([CLS] and [SEP] included), of length one; waits for the device.
    ///
    /// # Errors
    /// `ContextFull` for more tokens than positions, `Config` for a token outside the vocabulary or none at all,
    /// `NonFinite` where the weights are damaged.
    pub async fn embed(&self, tokens: &[u32]) -> Result<Vec<f32>> {
        let states = self.forward(tokens)?.to_vec().await?;
        pooled(&states, self.config.n_embd, self.config.pooling)
    }

    /// Hidden states [T, C] of `tokens`. Errors as [`Self::embed`].
    pub fn forward(&self, tokens: &[u32]) -> Result<Tensor> {
        let (n, c) = (tokens.len(), &self.config);
        if n > c.context {
            return Err(ModelError::ContextFull { tokens: n, used: 0, context: c.context });
        }
        super::check_tokens(tokens, c.vocab)?;
        let ids = Tensor::from_u32(&self.device, &[n], tokens)?;
        let positions = Tensor::from_u32(&self.device, &[n], &(0..n as u32).collect::<Vec<_>>())?;
        let mut x =
            Tensor::embedding(&self.token_embd, &ids)?.add(&Tensor::embedding(&self.position_embd, &positions)?)?;
        if let Some(segment) = &self.token_type {
            x = x.add(segment)?;
        }
        x = self.token_embd_norm.forward(&x, c.eps)?; // [T, C]
        for block in &self.blocks {
            x = block.forward(&x, c)?;
        }
        Ok(x)
    }
}

impl Block {
    fn load(w: &Weights, c: &EncoderConfig, device: &Device) -> Result<Self> {
        let (n, ff) = (c.n_embd, c.n_ff);
        Ok(Self {
            qkv: Stack::load(w, &[("attn_q", n), ("attn_k", n), ("attn_v", n)], n, device)?,
            output: Linear::load(w, "attn_output", n, n, device)?,
            attn_output_norm: LayerNorm::load(w, "attn_output_norm", n, device)?,
            ffn_up: Linear::load(w, "ffn_up", ff, n, device)?,
            ffn_down: Linear::load(w, "ffn_down", n, ff, device)?,
            layer_output_norm: LayerNorm::load(w, "layer_output_norm", n, device)?,
        })
    }

    /// `x` [T, C] → [T, C].
    fn forward(&self, x: &Tensor, c: &EncoderConfig) -> Result<Tensor> {
        let (t, head_dim) = (x.rows(), c.n_embd / c.n_head);
        let [q, k, v] = self.qkv.forward(x)?; // 3 × [T, C]
        let heads = |y: &Tensor| y.reshape(&[t, c.n_head, head_dim]); // [T, H, D]
        let options = Attention { scale: (head_dim as f32).sqrt().recip(), ..Default::default() };
        let y = heads(&q)?.attention(&heads(&k)?, &heads(&v)?, &options)?.reshape(&[t, c.n_embd])?;
        let x = self.attn_output_norm.forward(&x.add(&self.output.forward(&y)?)?, c.eps)?;
        let y = self.ffn_down.forward(&self.ffn_up.forward(&x)?.gelu_erf()?)?; // [T, F] → [T, C]
        self.layer_output_norm.forward(&x.add(&y)?, c.eps)
    }
}

impl LayerNorm {
    fn load(w: &Weights, name: &str, width: usize, device: &Device) -> Result<Self> {
        let get = |what: &str| w.get(&format!("{name}.{what}"), &[width], device);
        Ok(Self { weight: get("weight")?, bias: get("bias")? })
    }

    fn forward(&self, x: &Tensor, eps: f32) -> Result<Tensor> {
        Ok(x.layer_norm(Some((&self.weight, &self.bias)), eps)?)
    }
}
