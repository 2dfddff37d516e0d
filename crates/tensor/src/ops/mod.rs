//! The operations, one folder each: `mod.rs` (what it computes, its checks, which kernel is taken), `cpu.rs`, `gpu.rs`,
//! shaders, tests.

pub mod add_gated;
pub mod attention;
pub mod binary;
pub(crate) mod cache_write;
pub mod candidates;
pub mod conv2d;
pub mod copy;
pub mod depthwise3x3;
pub mod embedding;
pub mod film;
pub mod gate;
pub(crate) mod gemm;
pub mod layer_norm;
pub mod linear;
pub mod linear_fused;
pub mod matmul;
pub mod modulate;
pub mod patchify;
pub mod pixel_shuffle;
pub mod rms_norm;
pub mod rope;
pub mod rope_append;
pub mod softmax;
pub mod unary;
pub mod upsample;
