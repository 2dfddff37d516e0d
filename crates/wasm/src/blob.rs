//! Files of the page, read in pieces: nothing of them lies in the engine's memory.

use js_sys::Uint8Array;
use kinora_formats::{FormatError, ReadAt, shown};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, FileReaderSync};

/// One blob. Reads in a worker: elsewhere a read is an error.
pub struct BlobFile(Blob);

impl BlobFile {
    /// Takes a `Blob` or `File`; `None` for anything else.
    pub fn new(value: &JsValue) -> Option<Self> {
        value.dyn_ref::<Blob>().cloned().map(Self)
    }
}

impl ReadAt for BlobFile {
    fn size(&self) -> u64 {
        self.0.size() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), FormatError> {
        let failed = |why: JsValue| {
            let why = why.dyn_ref::<js_sys::Error>().map_or_else(|| format!("{why:?}"), |e| e.message().into());
            FormatError::Read { at: offset, message: shown(why) }
        };
        let end = offset.saturating_add(out.len() as u64);
        // Offsets up to 2^53 are exact in JavaScript.
        let slice = self.0.slice_with_f64_and_f64(offset as f64, end as f64).map_err(failed)?;
        let read = FileReaderSync::new().and_then(|reader| reader.read_as_array_buffer(&slice)).map_err(failed)?;
        let bytes = Uint8Array::new(&read);
        if bytes.length() as usize != out.len() {
            let (need, have) = (out.len() as u64, bytes.length().into());
            return Err(FormatError::Truncated { at: offset, what: shown("the file"), need, have });
        }
        bytes.copy_to(out);
        free(&read);
        Ok(())
    }
}

/// Frees a buffer at once: the collector sees a few bytes of it and lets megabytes pile up.
fn free(buffer: &JsValue) {
    let transfer = js_sys::Reflect::get(buffer, &"transfer".into()).ok();
    if let Some(transfer) = transfer.as_ref().and_then(|f| f.dyn_ref::<js_sys::Function>()) {
        let _ = transfer.call1(buffer, &0.into()); // a browser without it frees later
    }
}
