//! The engine with its models and its device.

use js_sys::{Array, Reflect, Uint8Array};
use kinora_engine::{EngineError, ModelFiles, film::FilmRequest, openai::Service};
use kinora_tensor::Device;
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, prelude::*};

use crate::{
    convert::{from_js, throw, to_js},
    loading::ModelLoading,
    openai::{OpenAiStream, now},
    stream::FilmStream,
};

/// The engine: loaded models on a device.
#[wasm_bindgen]
pub struct Engine {
    engine: kinora_engine::Engine,
    service: Service,
    threads: usize,
    why: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoadOptions {
    device: DeviceChoice,
    threads: usize,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum DeviceChoice {
    Auto,
    Gpu,
    Cpu,
}

/// Loads models. `files`: an object with the bytes (`Uint8Array`) of `text` and, where there are, `motion`, `paint` and
/// `refine`. `options`: `{ device: 'auto' | 'gpu' | 'cpu', threads }`.
#[wasm_bindgen]
pub async fn load(files: JsValue, options: JsValue) -> Result<Engine, JsValue> {
    let LoadOptions { device, threads } = from_js(options, "load")?;
    let text = file(&files, "text").ok_or_else(|| {
        throw(
            EngineError::new("model_missing", "load", "the text model is missing".to_string())
                .hint("Serve the package's dist folder whole, models included."),
        )
    })?;
    let optional = |name| file(&files, name);
    let files = ModelFiles { text, motion: optional("motion"), paint: optional("paint"), refine: optional("refine") };
    let (device, why) = choose(device, threads).await.map_err(throw)?;
    let engine = kinora_engine::Engine::load(files, device).map_err(throw)?;
    engine.on_device_lost(move |attempt| async move {
        if attempt < 2 { Device::gpu().await } else { Ok(Device::cpu(threads)) }
    });
    Ok(Engine { service: Service::new(engine.clone(), now), engine, threads, why })
}

fn file(files: &JsValue, name: &str) -> Option<Vec<u8>> {
    let value = Reflect::get(files, &name.into()).ok()?;
    Some(value.dyn_ref::<Uint8Array>()?.to_vec())
}

/// A software adapter is many times slower than the CPU device, so `auto` takes the GPU only where it is a real one.
async fn choose(choice: DeviceChoice, threads: usize) -> Result<(Device, &'static str), EngineError> {
    let cpu = |why| Ok((Device::cpu(threads), why));
    match choice {
        DeviceChoice::Cpu => cpu("The CPU was asked for."),
        DeviceChoice::Gpu => Ok((Device::gpu().await?, "The GPU was asked for.")),
        DeviceChoice::Auto => match Device::gpu().await {
            Ok(Device::Gpu(gpu)) if !gpu.is_software() => {
                Ok((Device::Gpu(gpu), "This machine offers a graphics adapter."))
            }
            Ok(_) => cpu("The graphics adapter here is emulated in software, which is slower than the CPU."),
            Err(_) => cpu("This browser offers no graphics adapter, so the CPU does the work."),
        },
    }
}

/// What the page shows about the device.
#[derive(Serialize)]
struct DeviceInfo<'a> {
    kind: &'a str,
    name: String,
    threads: usize,
    why: &'a str,
}

#[wasm_bindgen]
impl Engine {
    /// Begins the answer to a request of the OpenAI API; a refusal is an answer too.
    pub fn openai(&self, method: String, path: String, body: String) -> OpenAiStream {
        OpenAiStream::open(&self.service, method, path, body)
    }

    /// Begins a film; refuses what cannot be.
    pub fn film(&self, request: JsValue) -> Result<FilmStream, JsValue> {
        let request: FilmRequest = from_js(request, "film")?;
        Ok(FilmStream::new(self.engine.film(request).map_err(throw)?))
    }

    /// Begins to read a text model out of its `parts`, whose headers must be there: `Blob`s (workers only) or incoming files,
    /// `{ size, read(offset, into) }`. Requests find it by `name` when it is finished; one of that name makes room at once.
    pub fn begin_model(&self, name: &str, parts: &Array) -> Result<ModelLoading, JsValue> {
        ModelLoading::begin(&self.engine, name, parts)
    }

    /// Takes a text model out; the embedded one stays.
    pub fn remove_model(&self, name: &str) {
        self.engine.remove_text_model(name);
    }

    /// Bytes of the weights of all text models.
    pub fn weight_bytes(&self) -> f64 {
        self.engine.text_bytes() as f64
    }

    /// `{ kind, name, threads, why }`.
    pub fn device(&self) -> Result<JsValue, JsValue> {
        let device = self.engine.device();
        to_js(&DeviceInfo { kind: device.name(), name: device.description(), threads: self.threads, why: self.why })
    }
}
