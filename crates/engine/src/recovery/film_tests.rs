//! Devices that are lost in a film and between vectors: the same frames and numbers come.

use std::path::Path;

use kinora_tensor::{Device, GpuDevice, TensorError};
use pollster::block_on;

use super::tests::gpu;
use crate::chat::Prompt;
use crate::chat::tests::{tiny_encoder, tiny_model};
use crate::film::{Character, FilmEvent, FilmRequest, FilmStream, Frame, Shot};
use crate::{Abort, Engine, EngineError, ModelFiles};

fn file(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

fn engine(device: Device) -> Engine {
    let files = ModelFiles {
        text: tiny_model(256, 3),
        motion: Some(file("models/motion/motion.safetensors")),
        paint: Some(file("models/paint/paint.safetensors")),
        refine: Some(file("models/refine/refine.safetensors")),
        ..Default::default()
    };
    Engine::load(files, device).unwrap()
}

/// Two shots of two frames, refined.
fn film(engine: &Engine) -> FilmStream {
    let request = FilmRequest {
        idea: "a cat".into(),
        shots: 2,
        seconds_per_shot: 0.25,
        fps: 8.0,
        width: 32,
        height: 32,
        style: "film".into(),
        ..Default::default()
    };
    let shot = |kind: &str| Shot {
        place: "meadow".into(),
        time: "day".into(),
        weather: "clear".into(),
        characters: vec![Character {
            kind: kind.into(),
            color: "red".into(),
            action: "walk".into(),
            mood: "happy".into(),
            size: None,
        }],
        prop: "ball".into(),
        camera: "static".into(),
        caption: String::new(),
    };
    FilmStream::of_shots(engine, request, vec![shot("cat"), shot("robot")]).unwrap()
}

/// All events; `lose` is called before each with its number.
fn events(engine: &Engine, mut lose: impl FnMut(usize)) -> Result<Vec<FilmEvent>, EngineError> {
    let mut film = film(engine);
    let mut events = Vec::new();
    loop {
        lose(events.len());
        match block_on(film.next())? {
            Some(event) => events.push(event),
            None => return Ok(events),
        }
    }
}

/// What kind each event is, and its picture.
fn shown(events: &[FilmEvent]) -> Vec<(&'static str, Option<&Frame>)> {
    let mut all = Vec::new();
    for event in events {
        all.push(match event {
            FilmEvent::Thumbnail { frame, .. } => ("thumbnail", Some(frame)),
            FilmEvent::Draft { frame, .. } => ("draft", Some(frame)),
            FilmEvent::Refined { frame, .. } => ("refined", Some(frame)),
            FilmEvent::Done => ("done", None),
            other => panic!("{other:?}"),
        });
    }
    all
}

/// Whether a device is a GPU that is there.
fn works(device: &Device) -> bool {
    device.name() == "gpu" && block_on(device.turn(&Abort::default())).is_ok()
}

fn losing(device: &GpuDevice, at: usize) -> impl FnMut(usize) {
    move |number| {
        if number == at {
            device.destroy();
        }
    }
}

#[test]
fn a_film_goes_on_from_the_shot_in_hand_with_the_same_frames() {
    let Some(whole) = gpu() else { return };
    let want = events(&engine(Device::Gpu(whole)), |_| ()).unwrap();
    let kinds: Vec<_> = shown(&want).iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds.concat(), ["thumbnail"; 2].concat() + &["draft"; 4].concat() + &["refined"; 4].concat() + "done");
    // before the first shot, between shots, while frames are painted, while they are refined, at the end
    for at in [0, 1, 3, 6, 9, 10] {
        let device = gpu().unwrap();
        let engine = engine(Device::Gpu(device.clone()));
        assert_eq!(events(&engine, losing(&device, at)).unwrap(), want, "lost at {at}");
        assert!(at == 10 || works(&engine.device()), "lost at {at}");
    }
}

#[test]
fn without_a_gpu_that_opens_the_film_goes_on_on_the_cpu() {
    let Some(device) = gpu() else { return };
    let want = events(&engine(Device::cpu(1)), |_| ()).unwrap();
    let engine = engine(Device::Gpu(device.clone()));
    engine.on_device_lost(|attempt| async move {
        match attempt {
            0 | 1 => Err(TensorError::DeviceLost { reason: "still asleep".into() }),
            _ => Ok(Device::cpu(1)),
        }
    });
    let got = events(&engine, losing(&device, 7)).unwrap();
    assert_eq!(engine.device().name(), "cpu");
    for ((kind, a), (other, b)) in shown(&got).into_iter().zip(shown(&want)) {
        assert_eq!(kind, other);
        let (Some(a), Some(b)) = (a, b) else { continue };
        let far = a.rgba.iter().zip(&b.rgba).map(|(a, b)| u64::from(a.abs_diff(*b))).sum::<u64>() as usize;
        assert!(far < 2 * a.rgba.len(), "{kind}: {far} over {}", a.rgba.len());
    }
    // the next film begins there
    assert_eq!(events(&engine, |_| ()).unwrap(), want);
}

#[test]
fn where_no_device_opens_the_film_ends_with_an_error_and_a_later_one_tries_again() {
    let Some(device) = gpu() else { return };
    let engine = engine(Device::Gpu(device.clone()));
    engine.on_device_lost(|_| async { Err(TensorError::DeviceLost { reason: "asleep".into() }) });
    let error = events(&engine, losing(&device, 4)).unwrap_err();
    assert!(error.code == "device_lost" && error.retryable, "{error:?}");
    engine.on_device_lost(|_| async { Ok(Device::cpu(1)) });
    assert_eq!(events(&engine, |_| ()).unwrap().len(), 11);
}

#[test]
fn a_film_that_is_stopped_does_not_look_for_another_device() {
    let Some(device) = gpu() else { return };
    let engine = engine(Device::Gpu(device.clone()));
    engine.on_device_lost(|_| async { panic!("nobody waits for it") });
    let mut film = film(&engine);
    block_on(film.next()).unwrap();
    device.destroy();
    film.abort_handle().abort();
    assert_eq!(block_on(film.next()).unwrap_err().code, "aborted");
    assert!(block_on(film.next()).unwrap().is_none(), "it has ended");
}

#[test]
fn vectors_are_made_on_another_device() {
    let Some(device) = gpu() else { return };
    let engine = engine(Device::Gpu(device.clone()));
    engine.add_text_model("bert", &tiny_encoder(), Default::default()).unwrap();
    let embed = |model: Option<&str>| {
        let input = Prompt::Text("a shy robot".into());
        block_on(engine.embed(model, &input, &Abort::default())).map(|embedding| embedding.vector)
    };
    let (encoder, text) = (embed(Some("bert")).unwrap(), embed(None).unwrap());
    device.destroy();
    assert_eq!(embed(Some("bert")).unwrap(), encoder);
    assert_eq!(embed(None).unwrap(), text);
    let Device::Gpu(second) = engine.device() else { panic!("a second GPU") };
    second.destroy();
    engine.on_device_lost(|_| async { Err(TensorError::DeviceLost { reason: "asleep".into() }) });
    for model in [Some("bert"), None] {
        assert_eq!(embed(model).unwrap_err().code, "device_lost");
    }
    engine.on_device_lost(|_| async { Ok(Device::cpu(1)) });
    let close = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(close(&embed(Some("bert")).unwrap(), &encoder) < 1e-3);
    assert!(close(&embed(None).unwrap(), &text) < 1e-3);
    assert_eq!(engine.device().name(), "cpu");
}
