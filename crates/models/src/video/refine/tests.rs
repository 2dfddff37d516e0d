use super::surface::{FILTERS, REACH};
use super::unet::padded;
use super::*;
use kinora_formats::TensorSource;
use std::collections::BTreeMap;

const VOCABULARY: &str = r#"{"place":["meadow","snow"],"time":["day","night"],"weather":["clear"],"character":["cat"],
    "color":["red"],"action":["walk"],"prop":["none"],"camera":["static"],"style":["flat","paper"],"mood":["neutral"]}"#;
const CONFIG: &str = r#"{"architecture":"kinora-refine","channels":[4,6,8],"embedding":3,"film_hidden":5,
    "context":["style","place","time","weather"],"scale":[1.0,0.5],"fresh_noise":[0.0,0.25],"boil":[0,2]}"#;
const SHOT: ShotIds = ShotIds { place: 1, time: 1, weather: 0, characters: [None; 2], prop: 0, camera: 0, style: 0 };

type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// A random network.
fn tensors() -> Tensors {
    let mut noise = Noise::new(3);
    let mut all = Tensors::new();
    let mut put = |name: &str, shape: &[usize]| {
        let n: usize = shape.iter().product();
        let values = noise.normal(n).iter().map(|v| 0.2 * v).collect();
        all.insert(name.to_owned(), (shape.to_vec(), values));
    };
    put("words.weight", &[7, 3]);
    let mut layer = |name: &str, shape: &[usize]| {
        put(&format!("{name}.weight"), shape);
        put(&format!("{name}.bias"), &shape[..1]);
    };
    let widths = [4, 6, 8, 8, 6, 4, 4];
    layer("film_0", &[5, 12]);
    layer("film_1", &[2 * widths.iter().sum::<usize>(), 5]);
    for (i, width) in widths.into_iter().enumerate() {
        layer(&format!("blocks.{i}.conv_0"), &[width, width, 3, 3]);
        layer(&format!("blocks.{i}.conv_1"), &[width, width, 3, 3]);
    }
    layer("input", &[4, 20, 3, 3]);
    layer("down_0", &[6, 16, 1, 1]);
    layer("down_1", &[8, 24, 1, 1]);
    layer("up_1", &[24, 8, 1, 1]);
    layer("up_0", &[16, 6, 1, 1]);
    layer("output", &[36, 4, 3, 3]);
    put("filters", &[FILTERS, 1, 2 * REACH + 1, 2 * REACH + 1]);
    put("mix", &[2, 6, 12]);
    put("bare", &[2, 1]);
    put("full", &[2, 1]);
    put("move", &[2, 2]);
    all
}

fn file(tensors: &Tensors, config: &str) -> SafeTensorsFile {
    let mut header = serde_json::Map::new();
    header.insert("__metadata__".into(), serde_json::json!({ "config": config, "vocabulary": VOCABULARY }));
    let mut data: Vec<u8> = Vec::new();
    for (name, (shape, values)) in tensors {
        let start = data.len();
        data.extend(values.iter().flat_map(|v| v.to_le_bytes()));
        let about = serde_json::json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, data.len()] });
        header.insert(name.clone(), about);
    }
    let header = serde_json::Value::Object(header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    SafeTensorsFile::from_bytes(bytes).unwrap()
}

fn load(tensors: &Tensors, config: &str) -> Result<Refiner> {
    Refiner::load(&file(tensors, config), &Device::cpu(1))
}

fn refiner() -> Refiner {
    load(&tensors(), CONFIG).unwrap()
}

/// A network that gives zeros, and moves nothing.
fn silent() -> Refiner {
    let mut tensors = tensors();
    for name in ["output.weight", "output.bias", "move"] {
        tensors.get_mut(name).unwrap().1.fill(0.0);
    }
    load(&tensors, CONFIG).unwrap()
}

/// [3, H, W]
fn draft(width: usize, height: usize) -> Vec<f32> {
    (0..3 * width * height).map(|i| (i * 37 % 101) as f32 / 100.0).collect()
}

fn shot(refiner: &Refiner, shot: &ShotIds, seed: u64, (w, h): (usize, usize)) -> RefineShot {
    pollster::block_on(refiner.shot(shot, seed, w, h)).unwrap()
}

fn refined(refiner: &Refiner, ids: &ShotIds, seed: u64, index: usize, (w, h): (usize, usize)) -> Vec<f32> {
    let mut shot = shot(refiner, ids, seed, (w, h));
    let picture = pollster::block_on(refiner.refine(&mut shot, &draft(w, h), index)).unwrap();
    assert_eq!(picture.len(), 3 * h * w);
    picture
}

#[test]
fn a_frame_repeats_by_seed_and_changes_with_it() {
    let refiner = refiner();
    let frame = refined(&refiner, &SHOT, 5, 0, (24, 16));
    assert_eq!(frame, refined(&refiner, &SHOT, 5, 0, (24, 16)));
    assert_ne!(frame, refined(&refiner, &SHOT, 6, 0, (24, 16)));
    assert_ne!(frame, refined(&refiner, &ShotIds { place: 0, ..SHOT }, 5, 0, (24, 16)));
}

#[test]
fn texture_stays_with_the_page_where_no_noise_is_fresh() {
    let refiner = refiner();
    let paper = ShotIds { style: 1, ..SHOT };
    assert_eq!(refined(&refiner, &SHOT, 5, 0, (24, 16)), refined(&refiner, &SHOT, 5, 9, (24, 16)));
    assert_ne!(refined(&refiner, &paper, 5, 0, (24, 16)), refined(&refiner, &paper, 5, 9, (24, 16)));
}

#[test]
fn a_picture_boils_as_often_as_its_style_says() {
    let refiner = load(&tensors(), &CONFIG.replace("\"boil\":[0,2]", "\"boil\":[2,0]")).unwrap();
    let frame = |index| refined(&refiner, &SHOT, 5, index, (24, 16));
    assert_eq!(frame(0), frame(1));
    assert_ne!(frame(1), frame(2));
    assert_eq!(frame(2), frame(3));
}

#[test]
fn fresh_and_shared_noise_keep_the_variance() {
    let refiner = refiner();
    let shot = shot(&refiner, &ShotIds { style: 1, ..SHOT }, 5, (64, 64));
    let noise = shot.white(3);
    let n = noise.len() as f32;
    let variance = noise.iter().map(|v| v * v).sum::<f32>() / n;
    let like = noise.iter().zip(&shot.white).map(|(a, b)| a * b).sum::<f32>() / n;
    assert!((variance - 1.0).abs() < 0.05 && (like - 0.75f32.sqrt()).abs() < 0.05, "{variance} {like}");
}

#[test]
fn a_network_without_a_residual_leaves_the_draft_whatever_the_size() {
    let refiner = silent();
    for size in [(24, 16), (20, 12), (4, 4)] {
        assert_eq!(refined(&refiner, &SHOT, 5, 0, size), draft(size.0, size.1));
    }
}

#[test]
fn a_picture_is_padded_by_its_last_row_and_column() {
    let values = draft(12, 9);
    let wide = padded(&Tensor::from_f32(&Device::cpu(1), &[3, 9, 12], &values).unwrap()).unwrap();
    assert_eq!(wide.shape(), [3, 16, 16]);
    let wide = pollster::block_on(wide.to_vec()).unwrap();
    for (i, value) in wide.iter().enumerate() {
        let (c, y, x) = (i / 256, (i / 16 % 16).min(8), (i % 16).min(11));
        assert_eq!(*value, values[(c * 9 + y) * 12 + x]);
    }
}

#[test]
fn the_gpu_gives_what_the_cpu_gives() {
    let Ok(gpu) = pollster::block_on(Device::gpu()) else { return };
    let refiner = Refiner::load(&file(&tensors(), CONFIG), &gpu).unwrap();
    let got = refined(&refiner, &SHOT, 5, 0, (20, 12));
    let want = refined(&self::refiner(), &SHOT, 5, 0, (20, 12));
    let worst = got.iter().zip(&want).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-3, "largest difference {worst}");
}

#[test]
fn what_does_not_fit_is_named() {
    let says = |config: &str, tensors: &Tensors, what: &str| {
        let error = load(tensors, config).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains(what), "{error} names {what}");
    };
    let all = tensors();
    says(&CONFIG.replace("kinora-refine", "wan"), &all, "wan");
    says(&CONFIG.replace("[0.0,0.25]", "[0.0]"), &all, "fresh_noise");
    says(&CONFIG.replace("\"place\"", "\"mood\""), &all, "mood");
    says(&CONFIG.replace("[4,6,8]", "[4,0,8]"), &all, "channels");
    says(&CONFIG.replace("[4,6,8]", "[4,6,4294967295]"), &all, "channels");
    says(&CONFIG.replace("\"film_hidden\":5", "\"film_hidden\":4097"), &all, "film_hidden");
    says(&CONFIG.replace("[4,6,8]", "[4,6,10]"), &all, "film_1.weight");
    says("{", &all, "config");
    let without = |name: &str| all.iter().filter(|(n, _)| *n != name).map(|(n, t)| (n.clone(), t.clone())).collect();
    for name in ["words.weight", "input.weight", "blocks.4.conv_0.weight", "output.bias"] {
        says(CONFIG, &without(name), name);
    }
    let mut short = all.clone();
    short.insert("words.weight".into(), (vec![6, 3], vec![0.0; 18]));
    says(CONFIG, &short, "words.weight");
    let refiner = refiner();
    assert!(pollster::block_on(refiner.shot(&ShotIds { style: 2, ..SHOT }, 0, 8, 8)).is_err());
    let mut shot = shot(&refiner, &SHOT, 0, (8, 8));
    assert!(pollster::block_on(refiner.refine(&mut shot, &draft(12, 8), 0)).is_err());
}

/// The largest difference from PyTorch's picture; a fault spoils one weight.
fn error(fault: bool) -> f32 {
    let mut bytes = include_bytes!("fixture.safetensors").to_vec();
    if fault {
        let header = SafeTensorsFile::from_bytes(bytes.clone()).unwrap();
        let at = header.header().tensor_info("blocks.1.conv_0.weight").unwrap().offset as usize;
        bytes[at..at + 2].copy_from_slice(&0x4800u16.to_le_bytes()); // 8.0
    }
    let file = SafeTensorsFile::from_bytes(bytes).unwrap();
    let device = Device::cpu(1);
    let case = |name: &str| file.tensor(&format!("case.{name}")).unwrap().to_f32().unwrap();
    let refiner = Refiner::load(&file, &device).unwrap();
    let ids = ShotIds { style: 2, place: 3, time: 1, weather: 2, ..SHOT };
    // [FILTERS, 12, 20]: textures' first
    let (textures, moves) = (case("filtered"), case("filtered").split_off(11 * 240));
    let surfaces = &refiner.surfaces;
    let textures = surfaces.mixed(2, &textures[..11 * 240], 240).under(&case("white"));
    let moved = (0, Some(surfaces.moved(2, &moves, 20, 12)));
    let mut shot = RefineShot { still: Some(textures), moved, ..shot(&refiner, &ids, 0, (20, 12)) };
    let made = pollster::block_on(refiner.refine(&mut shot, &case("draft"), 0)).unwrap();
    made.iter().zip(&case("output")).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn the_refiner_gives_what_pytorch_gives() {
    assert!(error(false) < 2e-3, "largest difference {}", error(false));
}

#[test]
fn one_spoilt_weight_of_the_refiner_is_seen() {
    assert!(error(true) > 1e-2, "largest difference {}", error(true));
}
