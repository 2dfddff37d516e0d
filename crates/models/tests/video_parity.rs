//! The published video networks against independent implementations, on every device that is here.

use std::path::Path;

use kinora_formats::SafeTensorsFile;
use kinora_models::{Weights, video::taehv, video::wan::Wan};
use kinora_tensor::{Device, Tensor};

/// |got − expected| over the largest |expected|, in f32.
const TOLERANCE: f32 = 1e-4;
/// Rows that the case pads its context to.
const CONTEXT_ROWS: usize = 20;

struct Case {
    file: SafeTensorsFile,
    device: Device,
}

impl Case {
    fn open(name: &str, device: &Device) -> Case {
        Case::edited(name, device, |_| {})
    }

    /// The case after `edit` changed the file's bytes.
    fn edited(name: &str, device: &Device, edit: impl Fn(&mut [u8])) -> Case {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/fixtures/video/{name}.safetensors"));
        let mut bytes = std::fs::read(path).unwrap();
        edit(&mut bytes);
        Case { file: SafeTensorsFile::from_bytes(bytes).unwrap(), device: device.clone() }
    }

    fn input(&self, name: &str) -> Tensor {
        let (shape, values) = self.file.to_f32(&format!("in.{name}")).unwrap();
        Tensor::from_f32(&self.device, &shape, &values).unwrap()
    }

    fn timesteps(&self, name: &str) -> Vec<f64> {
        self.file.to_f32(&format!("in.{name}")).unwrap().1.into_iter().map(f64::from).collect()
    }

    fn error(&self, got: &Tensor, name: &str) -> f32 {
        let got = pollster::block_on(got.to_vec()).unwrap();
        let (_, expected) = self.file.to_f32(&format!("out.{name}")).unwrap();
        assert_eq!(got.len(), expected.len(), "{name}");
        let largest = expected.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        got.iter().zip(&expected).fold(0.0f32, |m, (g, e)| m.max((g - e).abs())) / largest
    }

    fn check(&self, got: &Tensor, name: &str) {
        let error = self.error(got, name);
        assert!(error < TOLERANCE, "{name} on {}: {error:e}", self.device.name());
    }
}

fn devices() -> Vec<Device> {
    let mut devices = vec![Device::cpu(2)];
    match pollster::block_on(Device::gpu()) {
        Ok(gpu) => devices.push(gpu),
        Err(e) => eprintln!("no GPU device here, its half is not tested: {e}"),
    }
    devices
}

fn wan_flow(case: &Case) -> Tensor {
    let wan = Wan::load(&Weights::new(&case.file).pp("w"), Some(2), &case.device).unwrap();
    let text = wan.text(&case.input("context"), CONTEXT_ROWS).unwrap();
    wan.forward(&case.input("x"), &case.timesteps("t"), &text, None).unwrap()
}

#[test]
fn the_wan_dit_equals_diffusers_with_one_timestep_and_with_one_for_each_frame() {
    for device in devices() {
        let case = Case::open("wan_dit_tiny", &device);
        case.check(&wan_flow(&case), "flow");
        let wan = Wan::load(&Weights::new(&case.file).pp("w"), Some(2), &device).unwrap();
        let text = wan.text(&case.input("context"), CONTEXT_ROWS).unwrap();
        let flow = wan.forward(&case.input("x"), &case.timesteps("t_frames"), &text, None).unwrap();
        case.check(&flow, "flow_per_frame_t");
    }
}

#[test]
fn the_wan_dit_frame_by_frame_with_a_cache_equals_one_masked_pass() {
    for device in devices() {
        let weights = Case::open("wan_dit_tiny", &device);
        let case = Case::open("wan_dit_causal_tiny", &device);
        let wan = Wan::load(&Weights::new(&weights.file).pp("w"), Some(2), &device).unwrap();
        let text = wan.text(&case.input("context"), CONTEXT_ROWS).unwrap();
        let (x, mut cache) = (case.input("x"), wan.cache(3, 12).unwrap());
        let frames: Vec<Tensor> = (case.timesteps("t_frames").into_iter().enumerate())
            .map(|(i, t)| wan.forward(&x.narrow(1, i, 1).unwrap(), &[t], &text, Some(&mut cache)).unwrap())
            .collect();
        case.check(&Tensor::concat(&frames.iter().collect::<Vec<_>>(), 1).unwrap(), "flow");
        case.check(&cache.keys(1).unwrap(), "k1");
    }
}

#[test]
fn taehv_decodes_as_a_stream_and_encodes() {
    for device in devices() {
        let case = Case::open("taehv_tiny", &device);
        let weights = Weights::new(&case.file).pp("w");
        let decoder = taehv::Decoder::load(&weights, &device).unwrap();
        let (mut stream, mut frames) = (decoder.stream(), Vec::new());
        for latent in case.input("z").unstack(0).unwrap() {
            let keep = &mut |frame| {
                frames.push(frame);
                Ok(())
            };
            decoder.push(&latent, &mut stream, keep).unwrap();
        }
        case.check(&Tensor::concat(&frames.iter().collect::<Vec<_>>(), 0).unwrap(), "video");
        let encoder = taehv::Encoder::load(&weights, &device).unwrap();
        let latents = encoder.encode(&case.input("video").unstack(0).unwrap()).unwrap();
        case.check(&Tensor::concat(&latents.iter().collect::<Vec<_>>(), 0).unwrap(), "z");
    }
}

#[test]
fn one_damaged_weight_is_noticed() {
    let device = Device::cpu(1);
    let case = Case::edited("wan_dit_tiny", &device, |bytes| {
        // the sign of a weight in the middle of the file
        let at = bytes.len() / 2 / 4 * 4 + 3;
        bytes[at] ^= 0x80;
    });
    let error = case.error(&wan_flow(&case), "flow");
    assert!(error > TOLERANCE, "the comparison does not see a damaged weight: {error:e}");
}
