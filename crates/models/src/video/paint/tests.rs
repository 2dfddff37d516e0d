use super::super::weights::refuses;
use super::features::{FEATURES, Window, cells};
use super::*;
use crate::video::layout::{CharacterIds, Pose};
use kinora_formats::TensorSource;
use proptest::prelude::*;

const FIXTURE: &[u8] = include_bytes!("fixture.safetensors");

fn shot() -> ShotIds {
    let who = |kind, color, mood| Some(CharacterIds { kind, color, action: 0, mood });
    let characters = [who(4, 5, 0), who(1, 2, 3)];
    ShotIds { place: 3, time: 1, weather: 2, characters, prop: 4, camera: 0, style: 0 }
}

/// The largest difference between the painter's picture and PyTorch's; `fault` spoils one weight's bytes first.
fn error(device: &Device, fault: bool) -> f32 {
    let mut bytes = FIXTURE.to_vec();
    if fault {
        let header = SafeTensorsFile::from_bytes(bytes.clone()).unwrap();
        let at = header.header().tensor_info("up.1.weight").unwrap().offset as usize;
        bytes[at..at + 2].copy_from_slice(&0x4400u16.to_le_bytes()); // 4.0
    }
    let file = SafeTensorsFile::from_bytes(bytes).unwrap();
    let painter = Painter::load(&file, device).unwrap();
    let case = |name: &str| file.tensor(&format!("case.{name}")).unwrap().to_f32().unwrap();
    let (features, rows, want) = (case("features"), case("rows"), case("picture"));
    let n = rows.len();
    let seen = painter.backdrop.join(3, 1, &features, 6);
    let seen = Tensor::from_f32(device, &[n, FEATURES + painter.backdrop.width()], &seen).unwrap();
    let rows: Vec<u32> = rows.iter().map(|&r| r as u32).collect();
    let rows = Tensor::from_u32(device, &[n], &rows).unwrap();
    let look = painter.look(&shot()).unwrap();
    let picture = painter.forward(&seen, &rows, &painter.film(&look).unwrap(), [1, 4, 6]).unwrap();
    let cover = Tensor::from_f32(device, &[1, 1, 16, 24], &case("cover")).unwrap();
    let picture = painter.fall(&look, &picture, &cover).unwrap().clamp(0.0, 1.0).unwrap();
    assert_eq!(picture.shape(), [1, 3, 16, 24]);
    let got = pollster::block_on(picture.to_vec()).unwrap();
    got.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn the_painter_gives_what_pytorch_gives() {
    let error = error(&Device::cpu(1), false);
    assert!(error < 2e-3, "largest difference {error}");
}

#[test]
fn one_spoilt_weight_is_seen() {
    let error = error(&Device::cpu(1), true);
    assert!(error > 1e-2, "largest difference {error}");
}

#[test]
fn a_config_that_does_not_fit_is_named() {
    let cases = [
        ["\"dim\": 16", "\"dim\": 4294967295", "dim"],
        ["\"layers\": 3", "\"layers\": 0", "layers"],
        ["\"columns\": 8", "\"columns\": 1", "1×5 points"],
        ["\"rows\": 5", "\"rows\": 4097", "rows"],
        ["\"places\": 12", "\"places\": 11", "vocabulary"],
        ["\"embedding\": 8", "\"embedding\": 9", "kind.weight"],
        ["kinora-paint", "wan", "wan"],
    ];
    refuses(FIXTURE, &cases, |file| Painter::load(file, &Device::cpu(1)));
}

#[test]
fn sizes_off_the_grid_and_unknown_words_are_refused() {
    let file = SafeTensorsFile::from_bytes(FIXTURE.to_vec()).unwrap();
    let painter = Painter::load(&file, &Device::cpu(1)).unwrap();
    let frame = FrameLayout { cam_zoom: 1.0, ..FrameLayout::default() };
    assert!(painter.paint(&shot(), &[frame], 30, 16).is_err());
    assert!(painter.paint(&ShotIds { place: 99, ..shot() }, &[frame], 32, 16).is_err());
    assert_eq!(painter.paint(&shot(), &[frame; 2], 32, 16).unwrap().shape(), [2, 3, 16, 32]);
}

fn pose() -> impl Strategy<Value = Pose> {
    (-0.5f32..0.5, -0.2f32..0.2, 0.3f32..0.6, -1.5f32..1.5, -1.0f32..1.0, -0.5f32..0.5).prop_map(
        |(x, y, height, rot, flip, squash)| Pose { present: 1.0, x, y, height, rot, flip, squash, ..Pose::default() },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn features_are_finite_and_small(a in pose(), b in pose(), cam_zoom in 0.5f32..2.0, scroll in -9.0f32..9.0, phase in 0.0f32..9.0) {
        let frame = FrameLayout {
            cam_zoom, scroll_far: scroll, scroll_near: 2.0 * scroll, weather_phase: phase, characters: [a, b],
            prop_present: 1.0, prop_scale: 0.2, ..FrameLayout::default()
        };
        let (mut numbers, mut rows) = (Vec::new(), Vec::new());
        cells(&frame, &Window::whole(96, 64), &mut numbers, &mut rows);
        prop_assert_eq!(numbers.len(), 24 * 16 * FEATURES);
        prop_assert!(numbers.iter().all(|v| v.is_finite() && v.abs() < 4.0));
        prop_assert!(rows.iter().all(|&r| r <= 2));
    }

    #[test]
    fn characters_that_change_slots_change_the_rows_alone(a in pose(), b in pose()) {
        let seen = |characters| {
            let frame = FrameLayout { cam_zoom: 1.0, characters, ..FrameLayout::default() };
            let (mut numbers, mut rows) = (Vec::new(), Vec::new());
            cells(&frame, &Window::whole(96, 64), &mut numbers, &mut rows);
            (numbers, rows)
        };
        let ((n1, r1), (n2, r2)) = (seen([a, b]), seen([b, a]));
        for (x, y) in r1.iter().zip(&r2) {
            prop_assert_eq!(*x, [0, 2, 1][*y as usize]);
        }
        for (x, y) in n1.chunks(FEATURES).zip(n2.chunks(FEATURES)) {
            // all but who is drawn over whom and the order of the two shadows
            let differ = x.iter().zip(y).filter(|(p, q)| p != q).count();
            prop_assert!(differ <= 3, "{} numbers differ", differ);
        }
    }
}
