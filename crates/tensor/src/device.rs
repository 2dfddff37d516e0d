//! The two devices behind one type.

use crate::{Abort, CpuDevice, GpuDevice, Result};

/// Where tensors live and operations run. Cloning is cheap and shares the device.
#[derive(Clone)]
pub enum Device {
    /// SIMD and threads.
    Cpu(CpuDevice),
    /// WebGPU, Vulkan, Metal or DirectX 12.
    Gpu(GpuDevice),
}

impl Device {
    /// The CPU with at most this many threads, the caller's included. In a page the helpers must have been started first
    /// (see `pool_worker`); a build without threads always has one.
    pub fn cpu(threads: usize) -> Device {
        Device::Cpu(CpuDevice::new(threads))
    }

    /// The best GPU adapter. Errors: `Unsupported` when there is none.
    pub async fn gpu() -> Result<Device> {
        Ok(Device::Gpu(GpuDevice::new().await?))
    }

    /// `"cpu"` or `"gpu"`.
    pub fn name(&self) -> &'static str {
        match self {
            Device::Cpu(_) => "cpu",
            Device::Gpu(_) => "gpu",
        }
    }

    /// One line for people: which instructions and how many threads, or which adapter.
    pub fn description(&self) -> String {
        match self {
            Device::Cpu(d) => d.description(),
            Device::Gpu(d) => d.description(),
        }
    }

    /// Between blocks of a long job: submits what was recorded, gives the event loop a turn once 50 ms have passed, and
    /// answers `Aborted` when the job was asked to stop.
    pub async fn turn(&self, abort: &Abort) -> Result<()> {
        match self {
            Device::Cpu(d) => d.turn(abort).await,
            Device::Gpu(d) => d.turn(abort).await,
        }
    }

    /// Ends a step: the buffers of its temporaries may be given to the next. Temporaries that are still alive keep theirs.
    pub fn reset_arena(&self) {
        match self {
            Device::Cpu(_) => (), // its buffers return one by one, when the last tensor over them is dropped
            Device::Gpu(d) => d.reset_arena(),
        }
    }
}
