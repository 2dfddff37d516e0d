//! Giving a page's event loop a turn in the middle of a long job.

use std::sync::atomic::{AtomicU64, Ordering};

use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::JsFuture;

/// Milliseconds between turns: short enough that Stop works within 100 ms.
const EVERY: f64 = 50.0;

/// When the event loop last had a turn, in milliseconds (the bits of an f64).
#[derive(Default)]
pub(super) struct Clock(AtomicU64);

impl Clock {
    pub async fn turn(&self) {
        let now = js_sys::Date::now();
        let last = f64::from_bits(self.0.load(Ordering::Relaxed));
        if (now - last).abs() < EVERY {
            return;
        }
        next_task().await;
        self.0.store(js_sys::Date::now().to_bits(), Ordering::Relaxed);
    }
}

/// Resolves in the next task. A message to oneself: timers are delayed by 4 ms and more in a loop.
async fn next_task() {
    let Ok(channel) = web_sys::MessageChannel::new() else { return };
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let port = channel.port1();
        let done = Closure::once_into_js(move || drop(resolve.call0(&wasm_bindgen::JsValue::NULL)));
        port.set_onmessage(Some(wasm_bindgen::JsCast::unchecked_ref(&done)));
        let _ = channel.port2().post_message(&wasm_bindgen::JsValue::NULL);
    });
    let _ = JsFuture::from(promise).await;
    channel.port1().close();
}
