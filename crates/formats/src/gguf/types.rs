//! ggml's table of tensor types: enough to check and list any file, more than the engine computes with.

use crate::BlockType;

/// A tensor type that ggml defines. Removed numbers (4, 5, 31 to 33, 36 to 38) are not in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GgmlType {
    number: u32,
    name: &'static str,
    len: u64,
    bytes: u64,
}

/// Number, name, values in a block, bytes of a block (ggml.c, `type_traits`).
const TABLE: &[(u32, &str, u64, u64)] = &[
    (0, "F32", 1, 4),
    (1, "F16", 1, 2),
    (2, "Q4_0", 32, 18),
    (3, "Q4_1", 32, 20),
    (6, "Q5_0", 32, 22),
    (7, "Q5_1", 32, 24),
    (8, "Q8_0", 32, 34),
    (9, "Q8_1", 32, 36),
    (10, "Q2_K", 256, 84),
    (11, "Q3_K", 256, 110),
    (12, "Q4_K", 256, 144),
    (13, "Q5_K", 256, 176),
    (14, "Q6_K", 256, 210),
    (15, "Q8_K", 256, 292),
    (16, "IQ2_XXS", 256, 66),
    (17, "IQ2_XS", 256, 74),
    (18, "IQ3_XXS", 256, 98),
    (19, "IQ1_S", 256, 50),
    (20, "IQ4_NL", 32, 18),
    (21, "IQ3_S", 256, 110),
    (22, "IQ2_S", 256, 82),
    (23, "IQ4_XS", 256, 136),
    (24, "I8", 1, 1),
    (25, "I16", 1, 2),
    (26, "I32", 1, 4),
    (27, "I64", 1, 8),
    (28, "F64", 1, 8),
    (29, "IQ1_M", 256, 56),
    (30, "BF16", 1, 2),
    (34, "TQ1_0", 256, 54),
    (35, "TQ2_0", 256, 66),
    (39, "MXFP4", 32, 17),
];

impl GgmlType {
    /// The type with ggml's number `n`.
    pub fn from_number(n: u32) -> Option<Self> {
        let &(number, name, len, bytes) = TABLE.iter().find(|row| row.0 == n)?;
        Some(Self { number, name, len, bytes })
    }

    pub(super) fn of_block(block: BlockType) -> Self {
        Self {
            number: block.ggml(),
            name: block.name(),
            len: block.block_len() as u64,
            bytes: block.block_bytes() as u64,
        }
    }

    /// ggml's number.
    pub fn number(self) -> u32 {
        self.number
    }

    /// ggml's name.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Values in a block.
    pub fn block_len(self) -> u64 {
        self.len
    }

    /// Bytes of a block.
    pub fn block_bytes(self) -> u64 {
        self.bytes
    }

    /// The block type, if this engine computes with it.
    pub fn block(self) -> Option<BlockType> {
        BlockType::from_ggml(self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_agrees_with_the_block_types() {
        for block in BlockType::ALL {
            assert_eq!(GgmlType::from_number(block.ggml()), Some(GgmlType::of_block(block)));
        }
    }
}
