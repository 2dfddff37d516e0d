//! The engine with its models and its device.

use std::rc::Rc;

use js_sys::{Array, Reflect, Uint8Array};
use kinora_engine::{CacheType, EngineError, ModelFiles, TextOptions, film::FilmRequest, openai::Service};
use kinora_tensor::Device;
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, prelude::*};

use crate::{
    convert::{from_js, throw, to_js},
    grammar::GrammarModule,
    loading::{ModelLoading, open_parts},
    openai::{OpenAiStream, now},
    stream::FilmStream,
};

/// The engine: loaded models on a device.
#[wasm_bindgen]
pub struct Engine {
    engine: kinora_engine::Engine,
    service: Service,
    threads: usize,
    /// The device that was chosen, and why.
    kind: &'static str,
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

/// Bytes that text models may take in WebAssembly's memory: it has 32 bits of addresses, and the engine itself needs some.
pub(crate) const MEMORY: u64 = 15 << 28;

/// How a text model is loaded; each may be left out.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct TextChoice {
    context_tokens: Option<usize>,
    kv_cache: Option<String>,
    /// For estimates: bytes of the other parts of a split file.
    pub other_bytes: f64,
}

impl TextChoice {
    /// # Errors
    /// `invalid_request` for a type of keys and values that is none.
    pub fn options(&self) -> Result<TextOptions, EngineError> {
        let kind = self.kv_cache.as_deref().map(str::parse::<CacheType>).transpose();
        let refused = |e| EngineError::invalid_request("load", format!("kvCache: {e}"));
        Ok(TextOptions { context: self.context_tokens, kv_cache: kind.map_err(refused)? })
    }
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
    let files = ModelFiles {
        text,
        motion: optional("motion"),
        paint: optional("paint"),
        refine: optional("refine"),
        ..Default::default()
    };
    let (device, why) = choose(device, threads).await.map_err(throw)?;
    let kind = device.name();
    let engine = kinora_engine::Engine::load(files, device).map_err(throw)?;
    engine.set_memory_limit(Some(MEMORY));
    engine.on_device_lost(move |attempt| async move {
        if attempt < 2 { Device::gpu().await } else { Ok(Device::cpu(threads)) }
    });
    Ok(Engine { service: Service::new(engine.clone(), now), engine, threads, kind, why })
}

/// A GGUF file in the `Blob`s of its parts.
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

    /// Takes the exports of the module that compiles grammars, for streams that wait for it (`needs_grammars`).
    pub fn set_grammars(&self, module: GrammarModule) {
        self.engine.set_grammars(Rc::new(module));
    }

    /// Begins to read a text model out of its `parts`, whose headers must be there: `Blob`s (workers only) or incoming files,
    /// `{ size, read(offset, into) }`. `options`: `{ contextTokens?, kvCache? }`. Requests find it by `name` when it is finished;
    /// one of that name makes room at once.
    pub fn begin_model(&self, name: &str, parts: &Array, options: JsValue) -> Result<ModelLoading, JsValue> {
        let options: TextChoice = from_js(options, "load")?;
        ModelLoading::begin(&self.engine, name, parts, options.options().map_err(throw)?)
    }

    /// Reads an adapter of a loaded model out of its `Blob`; requests then name it. Works in workers only. Async for the sake of its callers: the work is
    /// done when it returns.
    pub async fn add_adapter(&self, model: String, name: String, parts: Array, strength: f32) -> Result<(), JsValue> {
        self.engine.load_adapter(Some(&model), &name, &open_parts(&parts)?, strength).map_err(throw)
    }

    /// Takes an adapter out.
    pub fn remove_adapter(&self, model: String, name: String) -> Result<(), JsValue> {
        self.engine.remove_adapter(Some(&model), &name).map_err(throw)
    }

    /// Takes a text model out; the embedded one stays.
    pub fn remove_model(&self, name: &str) {
        self.engine.remove_text_model(name);
    }

    /// Bytes of the weights of all text models.
    pub fn weight_bytes(&self) -> f64 {
        self.engine.text_bytes() as f64
    }

    /// `{ kind, name, threads, why }` of the device that models run on now.
    pub fn device(&self) -> Result<JsValue, JsValue> {
        let device = self.engine.device();
        let why =
            if device.name() == self.kind { self.why } else { "The graphics adapter was lost, so the CPU goes on." };
        to_js(&DeviceInfo { kind: device.name(), name: device.description(), threads: self.threads, why })
    }
}
