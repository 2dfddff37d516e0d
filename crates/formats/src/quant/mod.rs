//! Quantised blocks: the scalar reference for every block type. Kernels are checked against it.
//!
//! Layouts and rounding are ggml's (`ggml-quants.c`), so that files agree byte for byte.

mod decode;
mod encode;
mod parts;

#[cfg(test)]
mod tests;

pub use decode::dequantize;
pub use encode::{bf16_bytes, f16_bytes, f32_bytes, quantize_q4_0, quantize_q8_0};
pub use parts::{IQ4_VALUES, Parts, QuantLayout, q4_k_scales, take_apart};
