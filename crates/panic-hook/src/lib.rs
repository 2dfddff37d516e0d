//! What a panic in a WebAssembly module tells the worker: it is the end of the engine, and whoever waits must hear of it.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Defined by the worker.
    #[wasm_bindgen(js_namespace = self, js_name = kinoraPanicked)]
    fn panicked(message: &str);
}

/// Tells of panics from now on; for the start of a module.
pub fn install() {
    std::panic::set_hook(Box::new(|info| panicked(&info.to_string())));
}
