use super::*;
use crate::TensorSource;

fn small() -> GgufWriter {
    let mut w = GgufWriter::new();
    w.str("general.architecture", "llama").unwrap();
    w.u32("llama.block_count", 1).unwrap();
    w.strs("tokenizer.ggml.tokens", &["a", "b"]).unwrap();
    w.tensor("x", &[2, 32], BlockType::Q8_0, &[7; 68]).unwrap();
    w.tensor("y", &[8], BlockType::F32, &[1; 32]).unwrap();
    w
}

#[test]
fn what_is_written_is_read_back() {
    let file = GgufFile::from_bytes(small().finish().unwrap()).unwrap();
    let g = file.gguf();
    assert_eq!(g.get_str("general.architecture").unwrap(), Some("llama"));
    assert_eq!(g.get_u32("llama.block_count").unwrap(), Some(1));
    assert_eq!(g.get_strs("tokenizer.ggml.tokens").unwrap().unwrap().get(1), Some(&b"b"[..]));
    let x = file.tensor("x").unwrap();
    assert_eq!((x.shape.as_slice(), x.block), (&[2, 32][..], BlockType::Q8_0));
    assert_eq!(x.bytes().unwrap(), &[7; 68][..]);
    assert_eq!(x.rows(1, 1).unwrap().bytes().unwrap(), &[7; 34][..]);
    assert_eq!(x.rows(1, 2).unwrap_err().code(), "E_SHAPE");
    assert_eq!(file.names(), ["x", "y"]);
}

#[test]
fn every_prefix_is_an_error() {
    let bytes = small().finish().unwrap();
    for n in 0..bytes.len() {
        assert!(Gguf::parse(&bytes[..n]).is_err(), "a prefix of {n} bytes was accepted");
    }
}

#[test]
fn a_header_read_in_pieces_asks_for_more_until_it_is_whole() {
    let bytes = small().finish().unwrap();
    let mut have = 0;
    let gguf = loop {
        match Gguf::parse_header(&bytes[..have], bytes.len() as u64).unwrap() {
            HeaderRead::Done(g) => break g,
            HeaderRead::More(n) => {
                assert!(n as usize > have && n as usize <= bytes.len());
                have = n as usize;
            }
        }
    };
    assert!(have < bytes.len(), "the weights were not needed");
    assert_eq!(gguf.tensors().len(), 2);
}

#[test]
fn a_flipped_byte_never_panics() {
    let bytes = small().finish().unwrap();
    for i in 0..bytes.len() {
        for mask in [0xff, 1, 0x80] {
            let mut damaged = bytes.clone();
            damaged[i] ^= mask;
            let _ = Gguf::parse(&damaged);
        }
    }
}

#[test]
fn the_writer_refuses_what_the_reader_would() {
    let mut w = small();
    assert_eq!(w.u32("llama.block_count", 2).unwrap_err().code(), "E_DUPLICATE");
    assert_eq!(w.tensor("x", &[1], BlockType::F32, &[0; 4]).unwrap_err().code(), "E_DUPLICATE");
    assert_eq!(w.tensor("z", &[33], BlockType::Q8_0, &[0; 34]).unwrap_err().code(), "E_SHAPE");
    assert_eq!(w.tensor("z", &[0], BlockType::F32, &[]).unwrap_err().code(), "E_SHAPE");
    assert_eq!(w.tensor("z", &[2], BlockType::F32, &[0; 4]).unwrap_err().code(), "E_OFFSET");
    assert_eq!(w.tensor(&"n".repeat(64), &[1], BlockType::F32, &[0; 4]).unwrap_err().code(), "E_LIMIT");
}
