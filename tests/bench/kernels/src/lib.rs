//! Cases by name, each a call that can be repeated: the same code natively (`examples/native.rs`) and in a page
//! (`../kernels.mjs`). Weights are made up; shapes are those that films and other engines' benchmarks have.

mod cases;
mod decoder;
mod nets;

pub use cases::{Case, Error};
pub use decoder::PageDecoder;
use kinora_tensor::gpu::GpuOptions;
use kinora_tensor::{Abort, Device, GpuDevice};
use wasm_bindgen::prelude::*;

/// A case in a page.
#[wasm_bindgen]
pub struct PageCase(Case);

#[wasm_bindgen]
impl PageCase {
    /// `undefined` for a name that is none; `file`: the bytes of the network's weights, for the cases that have one.
    pub fn make(name: &str, threads: usize, file: Option<Vec<u8>>) -> Result<Option<PageCase>, JsError> {
        PageCase::on(name, &Device::cpu(threads), file)
    }

    /// As `make`, on WebGPU.
    #[wasm_bindgen(js_name = makeOnGpu)]
    pub async fn make_on_gpu(name: String, file: Option<Vec<u8>>) -> Result<Option<PageCase>, JsError> {
        let device = Device::gpu().await.map_err(|e| JsError::new(&e.to_string()))?;
        PageCase::on(&name, &device, file)
    }

    /// One pass, its result read back; the last value.
    pub async fn run(&self) -> Result<f32, JsError> {
        self.0.run().await.map_err(|e| JsError::new(&e.to_string()))
    }
}

impl PageCase {
    fn on(name: &str, device: &Device, file: Option<Vec<u8>>) -> Result<Option<PageCase>, JsError> {
        Ok(Case::new(name, device, file).map_err(|e| JsError::new(&e.to_string()))?.map(PageCase))
    }
}

/// Every kernel on this page's GPU against the CPU, with the kernels for hardware whatever the adapter if `hardware`: those
/// that are wrong, in words.
#[wasm_bindgen(js_name = selftestGpu)]
pub async fn selftest_gpu(hardware: bool) -> Result<Vec<String>, JsError> {
    let error = |e: kinora_tensor::TensorError| JsError::new(&e.to_string());
    let options = GpuOptions { software_kernels: hardware.then_some(false), ..GpuOptions::default() };
    let device = Device::Gpu(GpuDevice::with_options(options).await.map_err(error)?);
    let found = kinora_tensor::selftest(&device, &Abort::default(), |_, _| ()).await.map_err(error)?;
    let line = |r: &kinora_tensor::KernelReport| {
        format!("{} {} {:e} of {:e} {}", r.set, r.kernel, r.difference, r.allowed, r.error.as_deref().unwrap_or(""))
    };
    Ok(found.failures().map(line).collect())
}

/// Works for the thread pool; never returns.
#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
#[wasm_bindgen]
pub fn pool_worker() {
    kinora_tensor::pool_worker();
}
