//! Element types.

use std::fmt;

use kinora_formats::BlockType;

/// What a tensor holds. Activations are always `F32`; weights may stay in the block type of their file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DType {
    /// 32-bit floats.
    F32,
    /// 32-bit unsigned integers: token ids, indices.
    U32,
    /// A weight matrix in a file's own format (F16, BF16, Q8_0, …).
    Block(BlockType),
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DType::F32 => f.write_str("f32"),
            DType::U32 => f.write_str("u32"),
            DType::Block(block) => f.write_str(block.name()),
        }
    }
}
