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
    /// 32 values: an f16 scale and an f16 minimum, 32 × 4 bits.
    Q4_1,
    /// 32 values: an f16 scale, 32 × 5 bits less 16.
    Q5_0,
    /// 32 values: an f16 scale and an f16 minimum, 32 × 5 bits.
    Q5_1,
    /// 256 values: sixteen 4-bit scales and minima, 256 × 2 bits, f16 scale and f16 minimum scale.
    Q2_K,
    /// 256 values: 256 × 3 bits less 4, sixteen 6-bit scales, an f16 scale.
    Q3_K,
    /// 256 values: f16 scale and f16 minimum scale, eight 6-bit scales and minima, 256 × 4 bits.
    Q4_K,
    /// As Q4_K, with 256 × 5 bits.
    Q5_K,
    /// 256 values: 256 × 6 bits less 32, sixteen i8 scales, an f16 scale.
    Q6_K,
    /// 32 values: an f16 scale, 32 × 4 bits that pick one of sixteen values.
    IQ4_NL,
    /// 256 values: an f16 scale, eight 6-bit scales, 256 × 4 bits that pick one of sixteen values.
    IQ4_XS,
}

impl BlockType {
    /// All of them: floats, the simple block types, the K types, the non-linear ones.
    pub const ALL: [Self; 15] = [
        Self::F32,
        Self::F16,
        Self::BF16,
        Self::Q8_0,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q2_K,
        Self::Q3_K,
        Self::Q4_K,
        Self::Q5_K,
        Self::Q6_K,
        Self::IQ4_NL,
        Self::IQ4_XS,
    ];

    /// Values in a block.
    pub const fn block_len(self) -> usize {
        match self {
            Self::F32 | Self::F16 | Self::BF16 => 1,
            Self::Q8_0 | Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 | Self::IQ4_NL => 32,
            Self::Q2_K | Self::Q3_K | Self::Q4_K | Self::Q5_K | Self::Q6_K | Self::IQ4_XS => 256,
        }
    }

    /// Bytes of a block.
    pub const fn block_bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
            Self::Q8_0 => 34,
            Self::Q4_0 | Self::IQ4_NL => 18,
            Self::Q4_1 => 20,
            Self::Q5_0 => 22,
            Self::Q5_1 => 24,
            Self::Q2_K => 84,
            Self::Q3_K => 110,
            Self::IQ4_XS => 136,
            Self::Q4_K => 144,
            Self::Q5_K => 176,
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
            Self::Q4_1 => "Q4_1",
            Self::Q5_0 => "Q5_0",
            Self::Q5_1 => "Q5_1",
            Self::Q2_K => "Q2_K",
            Self::Q3_K => "Q3_K",
            Self::Q5_K => "Q5_K",
            Self::IQ4_NL => "IQ4_NL",
            Self::IQ4_XS => "IQ4_XS",
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
            Self::Q4_1 => 3,
            Self::Q5_0 => 6,
            Self::Q5_1 => 7,
            Self::Q2_K => 10,
            Self::Q3_K => 11,
            Self::Q5_K => 13,
            Self::IQ4_NL => 20,
            Self::IQ4_XS => 23,
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
