//! The GPU device: WebGPU in the browser, the system's own interface natively, both through `wgpu`.
//!
//! Operations are recorded, and submitted as one compute pass when something is read, at `turn`, or when many have
//! gathered. Only the limits that WebGPU guarantees are asked for. Everything runs on one ordered queue, so a buffer
//! whose last owner is gone may be handed to later operations at once: they run after those that still use it.

mod arena;
pub(crate) mod cache;
mod error;
mod fill;
mod launch;
mod oneshot;
pub(crate) mod pack;
mod read;
mod state;
mod warm;
#[cfg(target_arch = "wasm32")]
mod web;
mod weight;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod wgsl_tests;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::{Abort, Result, TensorError};

pub use arena::GpuBuffer;
pub use state::GpuStats;

pub(crate) use launch::Access::{self, Read, Write};
pub(crate) use launch::{Kernel, ParamsLayout, Variant, params};
use state::State;
pub(crate) use weight::GpuWeight;
#[cfg(test)]
pub(crate) use wgsl_tests::check_shaders;

/// Free buffers that so many submissions did not use belong to a job that has ended.
const STALE_SUBMISSIONS: u64 = 512;

/// How a device is chosen and watched.
#[derive(Debug, Clone)]
pub struct GpuOptions {
    /// Take a software adapter even where a real one exists: for conformance tests.
    pub force_fallback_adapter: bool,
    /// A read that sees no progress for this long reports the device as lost. Software adapters never end a hung
    /// shader by themselves.
    pub watchdog: Duration,
    /// Which kernels: those for hardware (`false`: tiles in workgroup memory, shared reductions), those for software
    /// adapters (`true`), or by the adapter. For tests of one on the other.
    pub software_kernels: Option<bool>,
    /// For tests of the self-test: this kernel does nothing.
    pub idle_kernel: Option<&'static str>,
    /// For tests: as if one binding held no more bytes than this.
    pub max_binding: Option<u64>,
    /// Put guard words behind every buffer, for tests: out-of-range writes are then found by `check_guards`.
    pub guards: bool,
}

impl Default for GpuOptions {
    fn default() -> Self {
        GpuOptions {
            force_fallback_adapter: false,
            watchdog: Duration::from_secs(30),
            software_kernels: None,
            idle_kernel: None,
            max_binding: None,
            guards: false,
        }
    }
}

/// A GPU, its queue, its memory and its caches. Clones share everything.
#[derive(Clone)]
pub struct GpuDevice(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    device: wgpu::Device,
    queue: wgpu::Queue,
    info: wgpu::AdapterInfo,
    limits: wgpu::Limits,
    options: GpuOptions,
    /// Which of the two sets of kernels.
    software_kernels: AtomicBool,
    health: Arc<Health>,
    state: Mutex<State>,
    /// Held while the queue is given work or waited for: wgpu-core 30 panics when a wait that has run out meets another
    /// thread's submission ("If the queue is empty …").
    queue_turn: Mutex<()>,
}

/// A panic elsewhere leaves no half-made state: what changes is behind a mutex, and is whole between calls.
impl std::panic::UnwindSafe for Inner {}
impl std::panic::RefUnwindSafe for Inner {}

/// What the device's callbacks report; shared with them, so it holds nothing of the device.
#[derive(Default)]
pub(crate) struct Health {
    lost: AtomicBool,
    /// Submissions that have ended, to tell slow from hung.
    completed: AtomicU64,
    /// Bytes of the newest buffer: in the browser the report that it did not fit comes later, without a size.
    newest_bytes: AtomicU64,
    error: Mutex<Option<TensorError>>,
}

impl Health {
    /// Keeps the first error; every later call on the device returns it.
    pub(crate) fn fail(&self, error: TensorError) {
        let mut first = self.error.lock().unwrap_or_else(|e| e.into_inner());
        first.get_or_insert(error);
        self.lost.store(true, Ordering::Release);
    }

    /// The first error, if there was one.
    pub(crate) fn check(&self) -> Result<()> {
        if !self.lost.load(Ordering::Acquire) {
            return Ok(());
        }
        let first = self.error.lock().unwrap_or_else(|e| e.into_inner());
        Err(first.clone().unwrap_or_else(|| error::lost("the driver gave no reason")))
    }

    pub(crate) fn count_completed(&self) {
        self.completed.fetch_add(1, Ordering::AcqRel);
    }

    /// The error for what no scope caught. Validation and internal errors are bugs of ours or of the driver; what was
    /// computed since cannot be trusted, so they end the device like a loss.
    #[cfg(not(target_arch = "wasm32"))]
    fn uncaptured(&self, e: &wgpu::Error) -> TensorError {
        match e {
            wgpu::Error::OutOfMemory { .. } => self.out_of_memory(),
            wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
                error::lost(description)
            }
        }
    }

    /// The error for memory that ran out some time ago.
    fn out_of_memory(&self) -> TensorError {
        error::out_of_memory("a GPU buffer", self.newest_bytes.load(Ordering::Relaxed))
    }

    pub(crate) fn completed(&self) -> u64 {
        self.completed.load(Ordering::Acquire)
    }
}

impl GpuDevice {
    /// The system's best adapter, within WebGPU's default limits.
    ///
    /// Errors: `Unsupported` when there is no adapter or it is below those limits.
    pub async fn new() -> Result<GpuDevice> {
        GpuDevice::with_options(GpuOptions::default()).await
    }

    /// As [`GpuDevice::new`], with choices.
    pub async fn with_options(options: GpuOptions) -> Result<GpuDevice> {
        #[cfg(target_arch = "wasm32")]
        if !web::has_webgpu() {
            return Err(TensorError::unsupported("this browser has no WebGPU here"));
        }
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        // Validation layers of the driver are for the developers of drivers, and cost seconds.
        descriptor.flags = wgpu::InstanceFlags::empty();
        let instance = wgpu::Instance::new(descriptor);
        // A consumed adapter cannot make a second device, so each device asks for its own.
        let adapter = instance
            .request_adapter(&wgpu::RequestAdapterOptions {
                power_preference: wgpu::PowerPreference::HighPerformance,
                force_fallback_adapter: options.force_fallback_adapter,
                ..Default::default()
            })
            .await
            .map_err(|e| TensorError::unsupported(format!("no GPU adapter: {e}")))?;
        #[cfg_attr(not(target_arch = "wasm32"), expect(unused_mut, reason = "browsers give the name with the device"))]
        let mut info = adapter.get_info();
        let limits = wgpu::Limits::default();
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                label: Some("kinora"),
                required_limits: limits.clone(),
                memory_hints: wgpu::MemoryHints::MemoryUsage,
                ..Default::default()
            })
            .await
            .map_err(|e| TensorError::unsupported(format!("the GPU adapter gives no device: {e}")))?;

        let health = Arc::new(Health::default());
        let at_loss = Arc::clone(&health);
        device.set_device_lost_callback(move |reason, message| {
            let why = match reason {
                wgpu::DeviceLostReason::Destroyed => "destroyed".to_owned(),
                _ if message.is_empty() => "the driver gave no reason".to_owned(),
                _ => message,
            };
            at_loss.fail(error::lost(why));
        });
        #[cfg(target_arch = "wasm32")]
        {
            web::watch_errors(&device, &health);
            if info.name.is_empty() {
                info.name = web::adapter_name(&device);
            }
        }
        #[cfg(not(target_arch = "wasm32"))]
        {
            let at_error = Arc::clone(&health);
            device.on_uncaptured_error(Arc::new(move |e: wgpu::Error| at_error.fail(at_error.uncaptured(&e))));
        }
        let state = Mutex::new(State::new(&device, &limits));
        let software = options.software_kernels.unwrap_or(info.device_type == wgpu::DeviceType::Cpu);
        Ok(GpuDevice(Arc::new(Inner {
            device,
            queue,
            info,
            limits,
            options,
            software_kernels: AtomicBool::new(software),
            health,
            state,
            queue_turn: Mutex::default(),
        })))
    }

    /// A word for messages and tables.
    pub fn name(&self) -> &'static str {
        "gpu"
    }

    /// The adapter's own name, its kind and the interface, for people.
    pub fn description(&self) -> String {
        let info = &self.0.info;
        let name = if info.name.is_empty() { "unnamed adapter" } else { &info.name };
        format!("{name} ({:?}, {:?})", info.device_type, info.backend)
    }

    /// Whether this is a software adapter (SwiftShader, lavapipe): far slower than the CPU device.
    pub fn is_software(&self) -> bool {
        self.0.info.device_type == wgpu::DeviceType::Cpu
    }

    /// From now on takes the kernels for software adapters: where those for hardware compute wrongly.
    pub fn use_software_kernels(&self) {
        self.0.software_kernels.store(true, Ordering::Relaxed);
    }

    /// Counters of what was created and run since the device was made.
    pub fn stats(&self) -> GpuStats {
        self.state().stats
    }

    /// Ends the device, as a driver reset would. Every later call is `DeviceLost`.
    pub fn destroy(&self) {
        self.0.device.destroy();
        self.0.health.fail(error::lost("destroyed"));
    }

    /// Submits what was recorded and waits for what the turn before submitted: the GPU always has work, a stop is seen
    /// after one turn's work at most, and in a page the event loop gets its turn.
    ///
    /// Errors: `Aborted`, `DeviceLost`.
    pub async fn turn(&self, abort: &Abort) -> Result<()> {
        abort.check()?;
        self.flush()?;
        let fence = self.fence();
        let before = self.state().turn.replace(fence);
        if let Some(before) = before {
            self.wait(before).await?;
        }
        self.0.health.check()?;
        abort.check()
    }

    /// Submits what was recorded, and returns buffers to the system that many submissions did not use.
    pub fn reset_arena(&self) {
        // A failure here is kept by `health` and returned by the next read.
        if self.flush().is_ok() {
            let mut state = self.state();
            let before = state.epoch.saturating_sub(STALE_SUBMISSIONS);
            state.trim(before);
        }
    }

    /// Workgroup size of kernels with one invocation for each element.
    pub(crate) const ELEMENTS: u32 = 64;

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    pub(crate) fn queue_turn(&self) -> MutexGuard<'_, ()> {
        self.0.queue_turn.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Whether tiles in workgroup memory pay: where it is emulated they are many times slower than registers.
    pub(crate) fn has_fast_workgroup_memory(&self) -> bool {
        !self.0.software_kernels.load(Ordering::Relaxed)
    }

    /// Turns of loops that an invocation may make in all, where an adapter ends loops after some without a word: llvmpipe, with
    /// which 26,000 turns of the attention kernel gave right values and 34,000 wrong ones.
    pub(crate) fn loop_turns(&self) -> usize {
        if self.0.info.name.contains("llvmpipe") { 1 << 14 } else { usize::MAX }
    }

    /// Invocations that share one row in a reduction: one where barriers are emulated.
    pub(crate) fn row_workgroup(&self, cols: usize) -> u32 {
        match (self.has_fast_workgroup_memory(), cols) {
            (false, _) => 1,
            (true, 0..=256) => 64,
            (true, _) => 256,
        }
    }
}
