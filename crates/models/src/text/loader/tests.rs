use std::cell::Cell;
use std::rc::Rc;

use kinora_formats::{FormatError, GgufFile, ReadAt};
use kinora_tensor::Device;

use super::super::tests::{bytes_of, hybrid, last, tokens, windowed};
use super::*;

/// A file of which a window is there: what lies before it is let go, what lies behind has not come.
struct Window {
    bytes: Vec<u8>,
    from: Cell<u64>,
    to: Cell<u64>,
}

impl ReadAt for Window {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> std::result::Result<(), FormatError> {
        let end = offset + out.len() as u64;
        assert!(self.from.get() <= offset && end <= self.to.get(), "bytes {offset} to {end} are not there");
        self.bytes.read_at(offset, out)
    }
}

#[test]
fn a_decoder_is_read_from_what_has_come_and_never_looks_back() {
    for model in [windowed, hybrid] {
        let bytes = bytes_of(model());
        let size = bytes.len() as u64;
        let file = Rc::new(Window { bytes, from: Cell::new(0), to: Cell::new(size) });
        let gguf = GgufFile::open(vec![file.clone()]).unwrap();
        let whole = Decoder::load(&gguf, &Device::cpu(1)).unwrap();
        let mut loader = DecoderLoader::new(&gguf, &Device::cpu(1)).unwrap();
        let mut most = 0;
        while let Some(needs) = loader.needs() {
            assert!(needs >= file.to.get() || most == 0, "steps go forward");
            file.to.set(needs);
            file.from.set(loader.read_to());
            most = most.max(needs.saturating_sub(loader.read_to()));
            loader.step().unwrap();
        }
        assert!(most < size / 2, "{most} of {size} bytes were held at once");
        let decoder = loader.finish().unwrap();
        assert_eq!(decoder.fingerprint(), whole.fingerprint());
        let read = |d: &Decoder| last(d, &tokens(9), &mut d.new_cache(20).unwrap());
        assert_eq!(read(&decoder), read(&whole));
    }
}

#[test]
fn a_decoder_that_is_not_read_to_its_end_is_none() {
    let gguf = GgufFile::from_bytes(bytes_of(windowed())).unwrap();
    let mut loader = DecoderLoader::new(&gguf, &Device::cpu(1)).unwrap();
    loader.step().unwrap();
    assert!(loader.finish().is_err());
}
