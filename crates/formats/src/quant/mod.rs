//! Quantised blocks: the scalar reference for every block type. Kernels are checked against it.
//!
//! Layouts and rounding are ggml's (`ggml-quants.c`), so that files agree byte for byte.

mod decode;
mod encode;

#[cfg(test)]
mod tests;

pub use decode::{dequantize, q4_k_scales};
pub use encode::{bf16_bytes, f16_bytes, f32_bytes, quantize_q4_0, quantize_q8_0};
