//! Tensors on two devices: the CPU (SIMD and threads) and the GPU (WebGPU through `wgpu`).
//!
//! Activations are f32, contiguous and row-major. Weight matrices may stay in any block type of their file. Calls are eager
//! and synchronous; only reads are async. One folder of [`ops`] is one operation: its checks, its kernel for each device,
//! and its tests against an f64 reference.
#![cfg_attr(all(target_arch = "wasm32", target_feature = "atomics"), feature(stdarch_wasm_atomic_wait))]

mod abort;
mod check;
mod cpu;
mod device;
mod dtype;
mod error;
pub mod gpu;
pub mod ops;
mod persistent;
mod quant;
mod selftest;
mod shape;
mod simd;
mod tensor;
#[cfg(test)]
mod testing;

pub use abort::Abort;
pub use cpu::CpuDevice;
#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
pub use cpu::pool_worker;
pub use device::Device;
pub use dtype::DType;
pub use error::{Result, TensorError};
pub use gpu::GpuDevice;
pub use ops::attention::Attention;
pub use ops::candidates::{Candidates, FORBIDDEN, LogitEdits, MAX_GPU_CANDIDATES, TokenEdit};
pub use ops::conv2d::Conv2d;
pub use ops::linear_fused::{Gate, LinearFused};
pub use ops::rope::RopeStyle;
pub use ops::rope_append::RopeAppend;
pub use persistent::Persistent;
pub use selftest::{KernelReport, SelfTest, selftest};
pub use shape::MAX_DIMS;
pub use tensor::Tensor;
