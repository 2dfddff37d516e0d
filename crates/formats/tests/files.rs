//! Models that are read by ranges: in parts, and larger than what a 32-bit machine can address.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use std::cell::Cell;
use std::rc::Rc;

use kinora_formats::{BlockType, FormatError, GgufFile, GgufWriter, ReadAt, TensorSource};

/// A file that hands out ranges only, and counts what it gave.
struct Ranged {
    bytes: Vec<u8>,
    given: Rc<Cell<usize>>,
}

impl ReadAt for Ranged {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), FormatError> {
        self.given.set(self.given.get() + out.len());
        self.bytes.read_at(offset, out)
    }
}

fn part(no: u32, count: u32, total: u32, tensors: &[(&str, f32)]) -> Vec<u8> {
    let mut w = GgufWriter::new();
    if no == 0 {
        w.str("general.architecture", "llama").unwrap();
    }
    w.u32("split.no", no).unwrap();
    w.u32("split.count", count).unwrap();
    w.u32("split.tensors.count", total).unwrap();
    for (name, value) in tensors {
        w.tensor(name, &[2, 4], BlockType::F32, &value.to_le_bytes().repeat(8)).unwrap();
    }
    w.finish().unwrap()
}

fn open(parts: Vec<Vec<u8>>) -> Result<GgufFile, FormatError> {
    GgufFile::open(parts.into_iter().map(|bytes| Rc::new(bytes) as Rc<dyn ReadAt>).collect())
}

#[test]
fn a_split_model_is_one_model_whatever_the_order_of_its_parts() {
    let (a, b) = (part(0, 2, 3, &[("x", 1.0), ("y", 2.0)]), part(1, 2, 3, &[("z", 3.0)]));
    for parts in [vec![a.clone(), b.clone()], vec![b, a]] {
        let file = open(parts).unwrap();
        assert_eq!(file.names(), ["x", "y", "z"]);
        assert_eq!(file.gguf().get_str("general.architecture").unwrap(), Some("llama"));
        assert_eq!(file.tensor("z").unwrap().to_f32().unwrap(), [3.0; 8]);
        assert_eq!(file.tensor("y").unwrap().rows(1, 1).unwrap().to_f32().unwrap(), [2.0; 4]);
    }
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let a = || part(0, 2, 2, &[("x", 1.0)]);
    let b = |tensors: &[(&str, f32)]| part(1, 2, 2, tensors);
    let cases = [
        ("none", vec![]),
        ("one is missing", vec![a()]),
        ("twice the same", vec![a(), a()]),
        ("a number that cannot be", vec![a(), part(7, 2, 2, &[("y", 1.0)])]),
        ("another count", vec![a(), part(1, 3, 2, &[("y", 1.0)])]),
        ("one tensor in both", vec![a(), b(&[("x", 2.0)])]),
        ("too few tensors", vec![a(), b(&[])]),
    ];
    for (name, parts) in cases {
        assert_eq!(open(parts).unwrap_err().code(), "E_SPLIT", "{name}");
    }
}

#[test]
fn weights_are_read_only_when_asked_for() {
    let mut w = GgufWriter::new();
    w.str("general.architecture", "llama").unwrap();
    w.tensor("large", &[4096, 1024], BlockType::F32, &vec![1; 4 << 22]).unwrap();
    w.tensor("small", &[8], BlockType::F32, &[0; 32]).unwrap();
    let given = Rc::new(Cell::new(0));
    let file = GgufFile::open(vec![Rc::new(Ranged { bytes: w.finish().unwrap(), given: given.clone() })]).unwrap();
    assert!(given.get() <= 1 << 20, "{} bytes for the header", given.get());
    given.set(0);
    let large = file.tensor("large").unwrap();
    assert_eq!(given.get(), 0);
    assert_eq!(large.rows(7, 2).unwrap().bytes().unwrap().len(), 2 * 4096);
    assert_eq!(given.get(), 2 * 4096);
    assert_eq!(large.range(4 << 22, 1).unwrap_err().code(), "E_TRUNCATED");
}

/// A header, zeros, and behind 5 GiB a tensor of ones.
struct Huge {
    head: Vec<u8>,
    ones: u64,
}

impl ReadAt for Huge {
    fn size(&self) -> u64 {
        self.ones + 32
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<(), FormatError> {
        for (at, out) in (offset..).zip(out) {
            *out = match usize::try_from(at).ok().and_then(|at| self.head.get(at)) {
                Some(byte) => *byte,
                None if at >= self.ones => 1.0f32.to_le_bytes()[(at % 4) as usize],
                None => 0,
            };
        }
        Ok(())
    }
}

#[test]
fn a_tensor_behind_four_gibibytes_is_found() {
    let (half, large): (u64, u64) = (5 << 29, 5 << 30);
    let mut head = b"GGUF".to_vec();
    head.extend(3u32.to_le_bytes());
    head.extend(3u64.to_le_bytes()); // tensors
    head.extend(0u64.to_le_bytes()); // keys
    for (name, dims, offset) in [("a", [1024, half / 4096], 0), ("b", [1024, half / 4096], half), ("c", [4, 2], large)]
    {
        head.extend((name.len() as u64).to_le_bytes());
        head.extend(name.as_bytes());
        head.extend(2u32.to_le_bytes());
        dims.iter().for_each(|d| head.extend(d.to_le_bytes()));
        head.extend(0u32.to_le_bytes()); // F32
        head.extend(offset.to_le_bytes());
    }
    head.resize(head.len().next_multiple_of(32), 0);
    let ones = head.len() as u64 + large;
    let file = GgufFile::open(vec![Rc::new(Huge { head, ones })]).unwrap();
    assert_eq!(file.tensor("c").unwrap().to_f32().unwrap(), [1.0; 8]);
    let last = file.tensor("b").unwrap().rows((half / 4096 - 1) as usize, 1).unwrap();
    assert_eq!(last.to_f32().unwrap(), [0.0; 1024]);
}
