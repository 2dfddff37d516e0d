use super::*;

fn small() -> Vec<u8> {
    let mut w = SafetensorsWriter::new();
    w.meta("kinora.kind", "test \"x\" \\ \u{1f600}\n").unwrap();
    w.f32("a", &[2, 2], &[1.0, 2.0, 3.0, 4.0]).unwrap();
    w.tensor("b.ids", &[3], "I64", &[1i64, -2, 3].map(i64::to_le_bytes).concat()).unwrap();
    w.tensor("c", &[], "BF16", &crate::quant::bf16_bytes(&[0.5])).unwrap();
    w.finish().unwrap()
}

#[test]
fn what_is_written_is_read_back() {
    let file = SafeTensorsFile::from_bytes(small()).unwrap();
    assert_eq!(file.metadata("kinora.kind"), Some("test \"x\" \\ \u{1f600}\n"));
    assert_eq!(file.tensor("a").unwrap().to_f32().unwrap(), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(file.to_i64("b.ids").unwrap(), (vec![3], vec![1, -2, 3]));
    assert_eq!(file.to_f32("c").unwrap(), (vec![], vec![0.5]));
    assert_eq!(file.tensor("b.ids").unwrap_err().code(), "E_UNSUPPORTED");
    assert_eq!(file.tensor("nope").unwrap_err().code(), "E_MISSING_TENSOR");
}

#[test]
fn every_prefix_is_an_error() {
    let bytes = small();
    for n in 0..bytes.len() {
        assert!(SafeTensors::parse(&bytes[..n]).is_err(), "a prefix of {n} bytes was accepted");
    }
}

#[test]
fn a_flipped_byte_never_panics() {
    let bytes = small();
    for i in 0..bytes.len() {
        for mask in [0xff, 1, 0x80] {
            let mut damaged = bytes.clone();
            damaged[i] ^= mask;
            let _ = SafeTensors::parse(&damaged);
        }
    }
}

#[test]
fn escapes_are_read_as_json_defines_them() {
    let header = r#"{"__metadata__":{"k":"\u00e9\ud83d\ude00\/\t"}}"#;
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    assert_eq!(SafeTensors::parse(&bytes).unwrap().metadata("k"), Some("é😀/\t"));
}
