//! Stands in for the GPU device while it is being written.
use crate::{Abort, Result, TensorError};
use kinora_formats::TensorView;

/// A GPU.
#[derive(Clone)]
pub struct GpuDevice(());
/// Memory on it.
#[derive(Clone)]
pub struct GpuBuffer(());

fn none<T>() -> Result<T> {
    Err(TensorError::Unsupported { what: "the GPU device in this build".into() })
}

impl GpuDevice {
    pub async fn new() -> Result<GpuDevice> {
        none()
    }
    pub fn description(&self) -> String {
        "none".into()
    }
    pub async fn turn(&self, _: &Abort) -> Result<()> {
        none()
    }
    pub fn reset_arena(&self) {}
    pub(crate) fn alloc(&self, _: usize) -> Result<GpuBuffer> {
        none()
    }
    pub(crate) fn alloc_persistent(&self, _: usize) -> Result<GpuBuffer> {
        none()
    }
    pub(crate) fn upload(&self, _: &GpuBuffer, _: &[u8]) -> Result<()> {
        none()
    }
    pub(crate) fn weight(&self, _: &TensorView) -> Result<GpuBuffer> {
        none()
    }
    pub(crate) async fn read(&self, _: &GpuBuffer, _: usize, _: usize) -> Result<Vec<u8>> {
        none()
    }
}
