//! Files of the page, read in pieces: nothing of them lies in the engine's memory.

use std::cell::Cell;

use js_sys::{Array, Reflect, Uint8Array};
use kinora_formats::{FormatError, ReadAt, shown};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, FileReaderSync};

/// Bytes read after which the collector is woken, and bytes that it is shown then.
const LEFT: u64 = 32 << 20;
const SHOWN: u32 = 64 << 20;

/// One blob. Reads in a worker: elsewhere a read is an error.
pub struct BlobFile {
    blob: Blob,
    /// Bytes that reads left to the collector.
    left: Cell<u64>,
}

impl BlobFile {
    /// Takes a `Blob` or `File`; `None` for anything else.
    pub fn new(value: &JsValue) -> Option<Self> {
        Some(Self { blob: value.dyn_ref::<Blob>()?.clone(), left: Cell::new(0) })
    }
}

impl ReadAt for BlobFile {
    fn size(&self) -> u64 {
        self.blob.size() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), FormatError> {
        let failed = |why: JsValue| {
            let why = why.dyn_ref::<js_sys::Error>().map_or_else(|| format!("{why:?}"), |e| e.message().into());
            FormatError::Read { at: offset, message: shown(why) }
        };
        let end = offset.saturating_add(out.len() as u64);
        // Offsets up to 2^53 are exact in JavaScript.
        let slice = self.blob.slice_with_f64_and_f64(offset as f64, end as f64).map_err(failed)?;
        let read = FileReaderSync::new().and_then(|reader| reader.read_as_array_buffer(&slice)).map_err(failed)?;
        let bytes = Uint8Array::new(&read);
        if bytes.length() as usize != out.len() {
            let (need, have) = (out.len() as u64, bytes.length().into());
            return Err(FormatError::Truncated { at: offset, what: shown("the file"), need, have });
        }
        bytes.copy_to(out);
        self.left.set(self.left.get() + out.len() as u64);
        if self.left.get() >= LEFT {
            self.left.set(0);
            wake_collector();
        }
        Ok(())
    }
}

/// What a read leaves behind is a file's worth of bytes in all, which the collector does not count. A buffer that it does count, of
/// memory that is never touched, makes it look.
fn wake_collector() {
    let buffer = Reflect::get(&js_sys::global(), &"ArrayBuffer".into());
    if let Some(buffer) = buffer.ok().and_then(|b| b.dyn_into::<js_sys::Function>().ok()) {
        // where there is no room the collector has looked
        let _: Result<JsValue, _> = Reflect::construct(&buffer, &Array::of1(&SHOWN.into()));
    }
}
