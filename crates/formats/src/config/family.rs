//! The families of decoders: options of one network, chosen by `general.architecture`.

/// Decoder families that differ in which tensors a block has and in what its options are when the file is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Llama, Mistral, TinyLlama, SmolLM2: RMS norm before attention and before a SwiGLU.
    Llama,
    /// As Llama, with biases on q, k and v.
    Qwen2,
    /// As Llama, with an RMS norm over each head of q and k.
    Qwen3,
    /// As Llama, every fourth layer without rotary embedding.
    SmolLm3,
    /// As Llama, with multipliers.
    Granite,
    /// As Llama, with q, k and v in one matrix and gate and up in another.
    Phi3,
    /// Norms after attention and SwiGLU instead of before, and over all of q and of k.
    Olmo2,
    /// Norms before and after; a GeGLU; soft-capped logits; every second layer sees a window.
    Gemma2,
    /// Norms before and after, and over each head of q and k; a GeGLU; five of six layers see a window.
    Gemma3,
    /// Some layers are short convolutions, the others attention with an RMS norm over each head of q and k.
    Lfm2,
}

impl Family {
    /// Every architecture that [`Family::from_architecture`] knows, for messages.
    pub const ARCHITECTURES: &'static str =
        "llama, qwen2, qwen3, smollm3, granite, phi3, olmo2, gemma2, gemma3 or lfm2";

    /// The family of `general.architecture`.
    pub fn from_architecture(name: &str) -> Option<Self> {
        Some(match name {
            "llama" => Self::Llama,
            "qwen2" => Self::Qwen2,
            "qwen3" => Self::Qwen3,
            "smollm3" => Self::SmolLm3,
            "granite" => Self::Granite,
            "phi3" => Self::Phi3,
            "olmo2" => Self::Olmo2,
            "gemma2" => Self::Gemma2,
            "gemma3" => Self::Gemma3,
            "lfm2" => Self::Lfm2,
            _ => return None,
        })
    }

    /// Whether q and k are stored for rotating pairs (2i, 2i + 1) rather than halves (i, i + R/2), as llama.cpp's
    /// `llama_model_rope_type` says.
    pub fn rope_is_interleaved(self) -> bool {
        matches!(self, Self::Llama | Self::SmolLm3 | Self::Granite)
    }

    /// Whether attention and feed-forward are followed by a norm each, inside the residual branch.
    pub fn has_post_norms(self) -> bool {
        matches!(self, Self::Olmo2 | Self::Gemma2 | Self::Gemma3)
    }

    /// Whether attention and feed-forward are preceded by a norm each.
    pub fn has_pre_norms(self) -> bool {
        self != Self::Olmo2
    }

    /// Gemma: a GeGLU, an embedding scaled by √width.
    pub fn is_gemma(self) -> bool {
        matches!(self, Self::Gemma2 | Self::Gemma3)
    }

    /// Of how many layers all but the last see a window, where the file gives a window and no pattern. 0: all do.
    pub(super) fn window_period(self) -> usize {
        match self {
            Self::Gemma2 => 2,
            Self::Gemma3 => 6,
            Self::Olmo2 => 4,
            _ => 0,
        }
    }
}

/// The activation of the gate in a feed-forward layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// SwiGLU.
    Silu,
    /// GeGLU, with the tanh approximation.
    GeluTanh,
}

/// What a layer mixes tokens with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Attention.
    Attention {
        /// Which angles q and k are rotated by.
        rope: LayerRope,
        /// How many of the newest tokens it sees, its own included; `None`: all.
        window: Option<usize>,
    },
    /// A gated causal depthwise convolution over the newest [`conv_len`](super::TextConfig::conv_len) tokens (LFM2).
    ShortConv,
}

/// Which rotary angles a layer uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerRope {
    /// None at all (NoPE).
    None,
    /// The file's base and scaling.
    Global,
    /// The local base without scaling, of layers that see a window.
    Local,
}
