//! The block types whose values this engine computes with.

/// How the values of a tensor are stored. A block is the smallest run of values that stands alone; rows are whole blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(non_camel_case_types)]
pub enum BlockType {
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 half precision.
    F16,
    /// The upper half of an f32.
    BF16,
    /// 32 values: an f16 scale, 32 × i8.
    Q8_0,
    /// 32 values: an f16 scale, 32 × 4 bits less 8; the low nibbles are the first 16 values.
    Q4_0,
    /// 256 values: f16 scale and f16 minimum scale, eight 6-bit scales and minima, 256 × 4 bits.
    Q4_K,
    /// 256 values: 256 × 6 bits less 32, sixteen i8 scales, an f16 scale.
    Q6_K,
}

impl BlockType {
    /// All of them, in the order of their ggml numbers' introduction.
    pub const ALL: [Self; 7] = [Self::F32, Self::F16, Self::BF16, Self::Q8_0, Self::Q4_0, Self::Q4_K, Self::Q6_K];

    /// Values in a block.
    pub const fn block_len(self) -> usize {
        match self {
            Self::F32 | Self::F16 | Self::BF16 => 1,
            Self::Q8_0 | Self::Q4_0 => 32,
            Self::Q4_K | Self::Q6_K => 256,
        }
    }

    /// Bytes of a block.
    pub const fn block_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::Q8_0 => 34,
            Self::Q4_0 => 18,
            Self::Q4_K => 144,
            Self::Q6_K => 210,
        }
    }

    /// The name used by ggml and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::BF16 => "BF16",
            Self::Q8_0 => "Q8_0",
            Self::Q4_0 => "Q4_0",
            Self::Q4_K => "Q4_K",
            Self::Q6_K => "Q6_K",
        }
    }

    /// ggml's number of the type, as GGUF files store it.
    pub const fn ggml(self) -> u32 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::Q4_0 => 2,
            Self::Q8_0 => 8,
            Self::Q4_K => 12,
            Self::Q6_K => 14,
            Self::BF16 => 30,
        }
    }

    /// The type with ggml's number `n`, if this engine computes with it.
    pub fn from_ggml(n: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.ggml() == n)
    }

    /// Bytes that `len` values take, or `None` where `len` is not a whole number of blocks or the size overflows.
    pub fn bytes_for(self, len: usize) -> Option<usize> {
        let block = self.block_len();
        len.is_multiple_of(block).then(|| len.checked_div(block)?.checked_mul(self.block_bytes())).flatten()
    }
}
