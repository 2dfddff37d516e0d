//! Every kernel on the person's own adapter against the CPU.

use js_sys::Function;
use kinora_engine::EngineError;
use kinora_tensor::{Abort, Device, KernelReport, selftest as run};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::convert::{throw, to_js};

#[derive(Serialize)]
struct Report<'a> {
    device: &'a str,
    description: String,
    /// The kernels that compute right; `null`: use the CPU.
    set: Option<&'a str>,
    kernels: Vec<Kernel<'a>>,
}

#[derive(Serialize)]
struct Kernel<'a> {
    kernel: &'a str,
    set: &'a str,
    ok: bool,
    /// In parts of the largest value; `null` where a value is not a number.
    difference: Option<f32>,
    allowed: f32,
    error: Option<&'a str>,
}

impl<'a> From<&'a KernelReport> for Kernel<'a> {
    fn from(r: &'a KernelReport) -> Self {
        Kernel {
            kernel: r.kernel,
            set: r.set,
            ok: r.passes(),
            difference: r.difference.is_finite().then_some(r.difference),
            allowed: r.allowed,
            error: r.error.as_deref(),
        }
    }
}

/// Tests a GPU of its own, or the CPU where there is none or `cpu` is true. `progress(done, all)` is called after each kernel.
/// Returns `{ device, description, set, kernels: [{ kernel, set, ok, difference, allowed, error }] }`.
#[wasm_bindgen]
pub async fn selftest(cpu: bool, progress: Option<Function>) -> Result<JsValue, JsValue> {
    let device = match Device::gpu().await {
        Ok(gpu) if !cpu => gpu,
        _ => Device::cpu(1),
    };
    let progress = |done: usize, all: usize| {
        if let Some(progress) = &progress {
            // What a listener throws is its own affair.
            let _ = progress.call2(&JsValue::NULL, &done.into(), &all.into());
        }
    };
    let found = run(&device, &Abort::default(), progress).await.map_err(|e| throw(EngineError::from(e)))?;
    let kernels = found.reports.iter().map(Kernel::from).collect();
    to_js(&Report { device: device.name(), description: device.description(), set: found.set, kernels })
}
