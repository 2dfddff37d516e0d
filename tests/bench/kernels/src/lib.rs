//! Cases by name, each a call that can be repeated: the same code natively (`examples/native.rs`) and in a page
//! (`../kernels.mjs`). Weights are made up; shapes are those that films and other engines' benchmarks have.

mod cases;
mod decoder;
mod nets;

pub use cases::{Case, Error};
pub use decoder::PageDecoder;
use wasm_bindgen::prelude::*;

/// A case in a page.
#[wasm_bindgen]
pub struct PageCase(Case);

#[wasm_bindgen]
impl PageCase {
    /// `undefined` for a name that is none; `file`: the bytes of the network's weights, for the cases that have one.
    pub fn make(name: &str, threads: usize, file: Option<Vec<u8>>) -> Result<Option<PageCase>, JsError> {
        Ok(Case::new(name, threads, file).map_err(|e| JsError::new(&e.to_string()))?.map(PageCase))
    }

    /// One pass, its result read back; the last value.
    pub async fn run(&self) -> Result<f32, JsError> {
        self.0.run().await.map_err(|e| JsError::new(&e.to_string()))
    }
}

/// Works for the thread pool; never returns.
#[cfg(all(target_arch = "wasm32", target_feature = "atomics"))]
#[wasm_bindgen]
pub fn pool_worker() {
    kinora_tensor::pool_worker();
}
