//! Files of the page, read in pieces: nothing of them lies in the engine's memory.

use std::cell::RefCell;

use js_sys::Uint8Array;
use kinora_formats::{FormatError, ReadAt, shown};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, FileReaderSync};

thread_local! {
    /// The blobs of this worker by number: JavaScript's objects belong to one thread, and a model file to none.
    static BLOBS: RefCell<Vec<Option<Blob>>> = const { RefCell::new(Vec::new()) };
}

/// One blob. Reads where it was made, in a worker: elsewhere a read is an error.
#[derive(Debug)]
pub struct BlobFile {
    number: usize,
    size: u64,
}

impl BlobFile {
    /// Takes a `Blob` or `File`; `None` for anything else.
    pub fn new(value: &JsValue) -> Option<Self> {
        let blob = value.dyn_ref::<Blob>()?.clone();
        let size = blob.size() as u64;
        let number = BLOBS.with_borrow_mut(|blobs| {
            blobs.push(Some(blob));
            blobs.len() - 1
        });
        Some(Self { number, size })
    }
}

impl Drop for BlobFile {
    fn drop(&mut self) {
        // Dropped elsewhere it frees nothing: the number is another blob's there, or none's.
        let _ = BLOBS.try_with(|blobs| {
            if let Some(slot) = blobs.borrow_mut().get_mut(self.number) {
                *slot = None;
            }
        });
    }
}

impl ReadAt for BlobFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), FormatError> {
        let failed = |why: JsValue| {
            let why = why.dyn_ref::<js_sys::Error>().map_or_else(|| format!("{why:?}"), |e| e.message().into());
            FormatError::Read { at: offset, why: shown(why) }
        };
        let end = offset.saturating_add(out.len() as u64);
        let blob = BLOBS.with_borrow(|blobs| blobs.get(self.number).cloned().flatten());
        let blob = blob.ok_or_else(|| failed("the file is not open in this thread".into()))?;
        // Offsets up to 2^53 are exact in JavaScript.
        let slice = blob.slice_with_f64_and_f64(offset as f64, end as f64).map_err(failed)?;
        let read = FileReaderSync::new().and_then(|reader| reader.read_as_array_buffer(&slice)).map_err(failed)?;
        let bytes = Uint8Array::new(&read);
        if bytes.length() as usize != out.len() {
            let (need, have) = (out.len() as u64, bytes.length().into());
            return Err(FormatError::Truncated { at: offset, what: shown("the file"), need, have });
        }
        bytes.copy_to(out);
        Ok(())
    }
}
