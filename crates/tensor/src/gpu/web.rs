//! What `wgpu`'s web back end leaves out: errors that no scope caught (its own handler panics on internal errors), and
//! a clock for deadlines.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use js_sys::Reflect;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

use super::{Health, error, oneshot};

#[wasm_bindgen::prelude::wasm_bindgen]
extern "C" {
    /// The global timer, in pages and in workers.
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &JsValue, milliseconds: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// Whether `navigator.gpu` exists here.
pub(super) fn has_webgpu() -> bool {
    let get = |of: &JsValue, name: &str| Reflect::get(of, &JsValue::from_str(name)).ok().filter(|v| v.is_object());
    get(&js_sys::global(), "navigator").and_then(|navigator| get(&navigator, "gpu")).is_some()
}

/// What the browser tells of the adapter, in words: the vendor and the architecture.
pub(super) fn adapter_name(device: &wgpu::Device) -> String {
    let get = |of: &JsValue, name: &str| Reflect::get(of, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED);
    let Some(raw) = device.as_webgpu() else { return String::new() };
    let info = get(raw.as_ref(), "adapterInfo");
    let words = ["vendor", "architecture"].map(|name| get(&info, name).as_string().unwrap_or_default());
    words.join(" ").trim().to_owned()
}

/// Keeps the first uncaptured error of the device, read without `wgpu`'s conversion.
pub(super) fn watch_errors(device: &wgpu::Device, health: &Arc<Health>) {
    let Some(raw) = device.as_webgpu() else { return };
    let health = Arc::clone(health);
    let on_error = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| {
        let field = |of: &JsValue, name: &str| Reflect::get(of, &JsValue::from_str(name)).unwrap_or(JsValue::UNDEFINED);
        let e = field(&event, "error");
        let kind = field(&field(&e, "constructor"), "name").as_string().unwrap_or_default();
        let message = field(&e, "message").as_string().unwrap_or_default();
        health.fail(match kind.as_str() {
            "GPUOutOfMemoryError" => health.out_of_memory(),
            _ => error::lost(format!("{kind}: {message}")),
        });
    });
    let target: &JsValue = raw.as_ref();
    // A device object that refuses a property would be none; then errors still end in a failed read.
    let _ = Reflect::set(target, &JsValue::from_str("onuncapturederror"), on_error.as_ref());
    on_error.forget(); // lives as long as the device
}

/// Becomes ready after a time; stopping to wait clears the timer.
pub(super) struct Deadline {
    timer: JsValue,
    passed: oneshot::Receiver<bool>,
    _callback: Closure<dyn FnMut()>,
}

impl Deadline {
    pub(super) fn after(time: Duration) -> Deadline {
        let (sender, passed) = oneshot::channel();
        let callback = Closure::<dyn FnMut()>::new(move || sender.send(true));
        let timer = set_timeout(callback.as_ref().unchecked_ref(), time.as_millis() as f64);
        Deadline { timer, passed, _callback: callback }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        clear_timeout(&self.timer);
    }
}

/// The value of a receiver, or `None` once the deadline has passed.
pub(super) struct Race<'a> {
    receiver: &'a mut oneshot::Receiver<bool>,
    deadline: Deadline,
}

impl<'a> Race<'a> {
    pub(super) fn new(receiver: &'a mut oneshot::Receiver<bool>, deadline: Deadline) -> Self {
        Race { receiver, deadline }
    }
}

impl Future for Race<'_> {
    type Output = Option<bool>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<bool>> {
        if let Poll::Ready(value) = Pin::new(&mut *self.receiver).poll(cx) {
            return Poll::Ready(Some(value));
        }
        Pin::new(&mut self.deadline.passed).poll(cx).map(|_| None)
    }
}
