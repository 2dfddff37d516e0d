//! Block types against gguf-py: `fixtures/make_quant.py` says how the expectations were made.
#![allow(clippy::unwrap_used)]

use kinora_formats::quant::{dequantize, quantize_q4_0, quantize_q8_0};
use kinora_formats::{BlockType, SafeTensorsFile};

fn fixture() -> SafeTensorsFile {
    SafeTensorsFile::from_bytes(include_bytes!("fixtures/quant.safetensors").to_vec()).unwrap()
}

fn bytes(file: &SafeTensorsFile, name: &str) -> Vec<u8> {
    file.to_i64(name).unwrap().1.into_iter().map(|b| u8::try_from(b).unwrap()).collect()
}

#[test]
fn values_equal_those_of_the_reference() {
    let file = fixture();
    for (name, block) in [
        ("q8_0", BlockType::Q8_0),
        ("q4_0", BlockType::Q4_0),
        ("q4_1", BlockType::Q4_1),
        ("q5_0", BlockType::Q5_0),
        ("q5_1", BlockType::Q5_1),
        ("q2_k", BlockType::Q2_K),
        ("q3_k", BlockType::Q3_K),
        ("q4_k", BlockType::Q4_K),
        ("q5_k", BlockType::Q5_K),
        ("q6_k", BlockType::Q6_K),
        ("iq4_nl", BlockType::IQ4_NL),
        ("iq4_xs", BlockType::IQ4_XS),
        ("bf16", BlockType::BF16),
    ] {
        let wanted = file.to_f32(&format!("{name}.values")).unwrap().1;
        let mut got = vec![0.0; wanted.len()];
        dequantize(block, &bytes(&file, &format!("{name}.blocks")), &mut got).unwrap();
        assert!(wanted.iter().any(|v| v.abs() > 0.01), "{name}: the expectation is empty");
        for (i, (got, wanted)) in got.iter().zip(&wanted).enumerate() {
            assert!((got - wanted).abs() <= 1e-6 * wanted.abs().max(1.0), "{name} {i}: got {got}, want {wanted}");
        }
    }
}

#[test]
fn quantised_blocks_equal_those_of_the_reference_byte_for_byte() {
    let file = fixture();
    let values = file.to_f32("made.input").unwrap().1;
    assert_eq!(quantize_q8_0(&values).unwrap(), bytes(&file, "q8_0.made"));
    assert_eq!(quantize_q4_0(&values).unwrap(), bytes(&file, "q4_0.made"));
}
