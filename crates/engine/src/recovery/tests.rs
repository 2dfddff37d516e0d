//! Devices that are lost between two tokens: the answer goes on as if nothing had happened.

use std::cell::RefCell;
use std::rc::Rc;

use kinora_formats::GgufFile;
use kinora_tensor::{Device, GpuDevice, TensorError};
use pollster::block_on;

use crate::chat::tests::{heat, tiny_model};
use crate::chat::{ChatEvent, ChatRequest, Message, Speculation};
use crate::sampling::Sampling;
use crate::{Abort, Engine, EngineError, ModelFiles};

/// A GPU, where this machine has one.
pub(super) fn gpu() -> Option<GpuDevice> {
    block_on(GpuDevice::new()).inspect_err(|e| eprintln!("WARNING: A TEST IS SKIPPED: {e}")).ok()
}

fn engine(gpu: &GpuDevice) -> Engine {
    let files = ModelFiles { text: tiny_model(256, 3), ..Default::default() };
    Engine::load(files, Device::Gpu(gpu.clone())).unwrap()
}

fn request() -> ChatRequest {
    let messages = vec![Message::user("say something about the sea and the moon")];
    ChatRequest { messages, max_tokens: Some(16), sampling: heat(1.0), ..Default::default() }
}

/// The answer's text and where its last token was made; `lose` is called before each event with its number.
fn answer(
    engine: &Engine,
    request: ChatRequest,
    mut lose: impl FnMut(usize),
) -> Result<(String, &'static str), EngineError> {
    let mut stream = engine.chat(request)?;
    let (mut text, mut number) = (String::new(), 0);
    loop {
        lose(number);
        number += 1;
        match block_on(stream.next())?.expect("an end") {
            ChatEvent::Delta { text: delta, .. } => text += &delta,
            ChatEvent::Done { device, .. } => return Ok((text, device)),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_sentence_goes_on_with_the_same_tokens_on_another_gpu() {
    let Some(whole) = gpu() else { return };
    let (want, _) = answer(&engine(&whole), request(), |_| ()).unwrap();
    assert!(want.chars().count() > 8, "{want:?}");
    for speculation in [None, Some(Speculation::PromptLookup { tokens: 4 })] {
        for at in [0, 1, 5] {
            let device = gpu().unwrap();
            let request = ChatRequest { speculation: speculation.clone(), ..request() };
            let lose = |number| {
                if number == at {
                    device.destroy()
                }
            };
            assert_eq!(answer(&engine(&device), request, lose).unwrap(), (want.clone(), "gpu"), "lost at {at}");
        }
    }
}

#[test]
fn without_a_gpu_that_opens_the_sentence_goes_on_on_the_cpu() {
    let Some(device) = gpu() else { return };
    let (want, _) = answer(&engine(&device), request(), |_| ()).unwrap();
    let engine = engine(&device);
    let attempts = Rc::new(RefCell::new(Vec::new()));
    let seen = attempts.clone();
    engine.on_device_lost(move |attempt| {
        seen.borrow_mut().push(attempt);
        async move {
            match attempt {
                0 | 1 => Err(TensorError::DeviceLost { reason: "still asleep".into() }),
                _ => Ok(Device::cpu(1)),
            }
        }
    });
    let lose = |number| {
        if number == 3 {
            device.destroy()
        }
    };
    assert_eq!(answer(&engine, request(), lose).unwrap(), (want.clone(), "cpu"));
    assert_eq!(*attempts.borrow(), [0, 1, 2]);
    // The next answer, and another model, begin where the first went.
    assert_eq!(answer(&engine, request(), |_| ()).unwrap(), (want, "cpu"));
    engine.add_text_model("other", &GgufFile::from_bytes(tiny_model(128, 9)).unwrap(), Default::default()).unwrap();
    let other = ChatRequest { model: Some("other".into()), ..request() };
    assert_eq!(answer(&engine, other, |_| ()).unwrap().1, "cpu");
    assert_eq!(attempts.borrow().len(), 3);
}

#[test]
fn the_few_likeliest_tokens_of_a_gpu_give_the_answer_that_all_give() {
    let Some(device) = gpu() else { return };
    let engine = engine(&device);
    let sampled = |top_k| Sampling { top_k, ..heat(1.0) };
    for (sampling, few) in [(heat(0.0), true), (sampled(5), true), (sampled(40), true), (sampled(255), false)] {
        assert_eq!(sampling.likeliest().is_some_and(|k| k < 249), few);
        for seed in 0..3 {
            let request = ChatRequest { sampling: sampling.clone(), seed, ..request() };
            // probabilities need all logits
            let all = ChatRequest { logprobs: Some(0), ..request.clone() };
            let want = answer(&engine, all, |_| ()).unwrap();
            assert_eq!(answer(&engine, request, |_| ()).unwrap(), want, "{sampling:?}");
        }
    }
}

#[test]
fn a_device_lost_between_answers_is_replaced_by_the_next() {
    let Some(device) = gpu() else { return };
    let engine = engine(&device);
    let (want, _) = answer(&engine, request(), |_| ()).unwrap();
    device.destroy();
    assert_eq!(answer(&engine, request(), |_| ()).unwrap(), (want, "gpu"));
    assert!(block_on(engine.device().turn(&Abort::default())).is_ok(), "it names the new one");
}

#[test]
fn where_no_device_opens_the_answer_ends_with_an_error_and_a_later_one_tries_again() {
    let Some(device) = gpu() else { return };
    let engine = engine(&device);
    engine.on_device_lost(|_| async { Err(TensorError::DeviceLost { reason: "asleep".into() }) });
    let error = answer(&engine, request(), |number| {
        if number == 2 {
            device.destroy()
        }
    })
    .unwrap_err();
    assert!(error.code == "device_lost" && error.retryable, "{error:?}");
    engine.on_device_lost(|_| async { Ok(Device::cpu(1)) });
    assert_eq!(answer(&engine, request(), |_| ()).unwrap().1, "cpu");
}
