use super::super::weights::refuses;
use super::*;
use crate::video::layout::CharacterIds;
use kinora_formats::TensorSource;

const FIXTURE: &[u8] = include_bytes!("fixture.safetensors");

fn shot() -> ShotIds {
    let one = CharacterIds { kind: 5, color: 0, action: 6, mood: 1 };
    ShotIds { place: 3, time: 1, weather: 2, characters: [Some(one), None], prop: 4, camera: 5, style: 0 }
}

/// The largest difference between the network's numbers and PyTorch's; `fault` spoils one weight first.
fn error(fault: bool) -> f32 {
    let mut bytes = FIXTURE.to_vec();
    if fault {
        let header = SafeTensorsFile::from_bytes(bytes.clone()).unwrap();
        let at = header.header().tensor_info("blocks.1.qkv.weight").unwrap().offset as usize;
        bytes[at..at + 2].copy_from_slice(&0x4800u16.to_le_bytes()); // 8.0
    }
    let file = SafeTensorsFile::from_bytes(bytes).unwrap();
    let motion = Motion::load(&file, &Device::cpu(1)).unwrap();
    let case = |name: &str| file.tensor(&format!("case.{name}")).unwrap().to_f32().unwrap();
    let cells: Vec<Vec<f32>> = case("cells").chunks(4).map(<[f32]>::to_vec).collect();
    let seconds = case("seconds");
    let cells = held(&cells, &seconds, 0.5);
    let made = motion.forward(&shot(), &case("choices"), &cells, &seconds, 7.0 / 6.0).unwrap();
    let made = pollster::block_on(made.to_vec()).unwrap();
    made.iter().zip(&case("output")).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn motion_gives_what_pytorch_gives() {
    assert!(error(false) < 5e-3, "largest difference {}", error(false));
}

#[test]
fn one_spoilt_weight_is_seen() {
    assert!(error(true) > 2e-2, "largest difference {}", error(true));
}

#[test]
fn a_config_that_does_not_fit_is_named() {
    let cases = [
        ["\"dim\": 16", "\"dim\": 4294967295", "dim"],
        ["\"heads\": 2", "\"heads\": 0", "heads"],
        ["\"octaves\": 3", "\"octaves\": 4097", "octaves"],
        ["\"heads\": 2", "\"heads\": 3", "heads"],
        ["\"outputs\": 47", "\"outputs\": 46", "46"],
        ["\"ffn\": 24", "\"ffn\": 25", "blocks.0"],
        ["kinora-motion", "wan", "wan"],
    ];
    refuses(FIXTURE, &cases, |file| Motion::load(file, &Device::cpu(1)));
}

#[test]
fn a_seed_is_a_shot_whatever_the_frame_rate() {
    let file = SafeTensorsFile::from_bytes(FIXTURE.to_vec()).unwrap();
    let motion = Motion::load(&file, &Device::cpu(1)).unwrap();
    let make = |n, fps, seed| pollster::block_on(motion.generate(&shot(), n, fps, seed)).unwrap();
    let (slow, fast) = (make(24, 8.0, 3), make(72, 24.0, 3));
    assert_eq!((slow.frames.len(), fast.frames.len()), (24, 72));
    assert_eq!(slow, make(24, 8.0, 3));
    assert_ne!(slow, make(24, 8.0, 4));
    for (a, b) in slow.frames[10].iter().zip(&fast.frames[30]) {
        assert!((a - b).abs() < 1e-3, "{a} {b}");
    }
    assert!(pollster::block_on(motion.generate(&shot(), 0, 8.0, 3)).is_err());
    assert!(pollster::block_on(motion.generate(&shot(), 8, f32::NAN, 3)).is_err());
}
