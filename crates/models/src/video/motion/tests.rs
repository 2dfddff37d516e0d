use super::super::weights::refuses;
use super::*;
use crate::video::layout::CharacterIds;
use kinora_formats::TensorSource;

const FIXTURE: &[u8] = include_bytes!("fixture.safetensors");

fn shot() -> ShotIds {
    let one = CharacterIds { kind: 5, color: 0, action: 6, mood: 1 };
    ShotIds { place: 3, time: 1, weather: 2, characters: [Some(one), None], prop: 4, camera: 5, style: 0 }
}

/// The largest difference between the network's numbers and PyTorch's, silent or heard; `fault` spoils one weight first.
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
    let far = |heard: Option<&[f32]>, output: &str| {
        let made = motion.forward(&shot(), &case("choices"), &cells, &seconds, 7.0 / 6.0, heard).unwrap();
        let made = pollster::block_on(made.to_vec()).unwrap();
        made.iter().zip(&case(output)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    far(None, "output").max(far(Some(&case("audio")), "output_heard"))
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
        ["\"lasting\": [1]", "\"lasting\": [3]", "choice 3"],
        ["\"audio\": 18", "\"audio\": 17", "17"],
        ["\"ffn\": 24", "\"ffn\": 25", "blocks.0"],
        ["kinora-motion", "wan", "wan"],
    ];
    refuses(FIXTURE, &cases, |file| Motion::load(file, &Device::cpu(1)));
}

#[test]
fn a_seed_is_a_shot_whatever_the_frame_rate() {
    let file = SafeTensorsFile::from_bytes(FIXTURE.to_vec()).unwrap();
    let motion = Motion::load(&file, &Device::cpu(1)).unwrap();
    let take = |n_frames, fps, seed| Take { n_frames, fps, seed, film: 1, sizes: [1.0; 2], sound: None };
    let make = |n, fps, seed| pollster::block_on(motion.generate(&shot(), &take(n, fps, seed))).unwrap();
    let (slow, fast) = (make(24, 8.0, 3), make(72, 24.0, 3));
    assert_eq!((slow.frames.len(), fast.frames.len()), (24, 72));
    assert_eq!(slow, make(24, 8.0, 3));
    assert_ne!(slow, make(24, 8.0, 4));
    for (a, b) in slow.frames[10].iter().zip(&fast.frames[30]) {
        assert!((a - b).abs() < 1e-3, "{a} {b}");
    }
    assert!(pollster::block_on(motion.generate(&shot(), &take(0, 8.0, 3))).is_err());
    assert!(pollster::block_on(motion.generate(&shot(), &take(8, f32::NAN, 3))).is_err());
}

#[test]
fn what_lasts_is_the_films_and_all_else_the_shots() {
    let file = SafeTensorsFile::from_bytes(FIXTURE.to_vec()).unwrap();
    let mut motion = Motion::load(&file, &Device::cpu(1)).unwrap();
    let make = |motion: &Motion, seed, film| {
        let take = Take { n_frames: 24, fps: 8.0, seed, film, sizes: [1.0; 2], sound: None };
        pollster::block_on(motion.generate(&shot(), &take)).unwrap()
    };
    // one coin lasts: of many films some have it the other way
    let films: Vec<Layout> = (0..12).map(|film| make(&motion, 3, film)).collect();
    assert!(films.iter().any(|f| *f != films[0]) && films[1..].contains(&films[0]));
    motion.config.lasting = Vec::new();
    assert_eq!(make(&motion, 3, 0), make(&motion, 3, 7));
}

#[test]
fn a_sound_is_heard_where_it_is_and_one_of_another_length_is_refused() {
    let file = SafeTensorsFile::from_bytes(FIXTURE.to_vec()).unwrap();
    let motion = Motion::load(&file, &Device::cpu(1)).unwrap();
    let make = |sound: &[Heard]| {
        let take = Take { n_frames: 24, fps: 8.0, seed: 3, film: 1, sizes: [1.0; 2], sound: Some(sound) };
        pollster::block_on(motion.generate(&shot(), &take))
    };
    let mut sound = vec![SILENCE; 24];
    let silent = make(&sound).unwrap();
    assert_eq!(silent, make(&sound).unwrap());
    sound[12] = [0.5; HEARD];
    assert_ne!(silent, make(&sound).unwrap());
    sound[12][3] = f32::NAN;
    assert!(make(&sound).unwrap_err().to_string().contains("24 frames"));
    assert!(make(&[SILENCE; 23]).is_err());
}

#[test]
fn a_sound_is_read_between_its_frames_and_ends_in_silence() {
    let sound: Vec<Heard> = (0..4).map(|i| [i as f32; HEARD]).collect();
    let read = heard(&sound, 4.0, &[0.0, 0.125, 0.5, 2.0]);
    assert_eq!([read[0], read[HEARD], read[2 * HEARD]], [0.0, 0.5, 2.0]);
    assert_eq!(read[3 * HEARD..], SILENCE);
}
