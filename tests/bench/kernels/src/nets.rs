//! Whole networks: the painter from its file, Wan-type transformers with made-up weights.

use kinora_formats::{GgufFile, SafeTensorsFile, quant, safetensors::SafetensorsWriter};
use kinora_models::{
    Weights,
    text::Decoder,
    video::{
        layout::{CharacterIds, FrameLayout, Pose, ShotIds},
        paint::Painter,
        wan::Wan,
    },
};
use kinora_tensor::{Device, Tensor};

use crate::cases::{Error, values};

type Call = Box<dyn Fn() -> Result<Tensor, Error>>;

/// A frame of 192×112 with two characters and a prop.
pub fn paint(d: &Device, file: Vec<u8>) -> Result<Call, Error> {
    let painter = Painter::load(&SafeTensorsFile::from_bytes(file)?, d)?;
    let who = |kind, color, mood| Some(CharacterIds { kind, color, action: 0, mood });
    let characters = [who(1, 2, 0), who(0, 1, 1)];
    let shot = ShotIds { place: 2, time: 1, weather: 1, characters, prop: 2, camera: 0, style: 0 };
    let pose = |x| Pose { present: 1.0, x, y: 0.1, height: 0.5, flip: 1.0, ..Pose::default() };
    let frame = FrameLayout {
        cam_zoom: 1.0,
        characters: [pose(-0.3), pose(0.3)],
        prop_present: 1.0,
        prop_scale: 0.2,
        ..FrameLayout::default()
    };
    Ok(Box::new(move || Ok(painter.paint_frame(&shot, &frame, 192, 112)?)))
}

/// `n` tokens through a text model: at once from an empty context, or behind `depth` others one by one.
pub fn text(d: &Device, file: Vec<u8>, n: usize, depth: Option<usize>) -> Result<Call, Error> {
    let model = Decoder::load(&GgufFile::from_bytes(file)?, d)?;
    let vocab = model.config().vocab;
    let tokens = move |n: usize| (0..n).map(|i| ((i * 7919 + 13) % vocab) as u32).collect::<Vec<_>>();
    let Some(depth) = depth else {
        return Ok(Box::new(move || Ok(model.forward(&tokens(n), &mut model.new_cache(n)?)?)));
    };
    let mut cache = model.new_cache(depth + n)?;
    model.forward(&tokens(depth), &mut cache)?;
    let cache = std::cell::RefCell::new(cache);
    Ok(Box::new(move || {
        let mut cache = cache.borrow_mut();
        cache.truncate(depth)?;
        let steps: Vec<_> = tokens(n).into_iter().map(|t| model.forward(&[t], &mut cache)).collect::<Result<_, _>>()?;
        steps.into_iter().next_back().ok_or_else(|| "no tokens".into())
    }))
}

/// Sizes of a Wan-type transformer and of its latents.
#[derive(Clone, Copy)]
pub struct Net {
    pub dim: usize,
    pub layers: usize,
    pub heads: usize,
    pub ffn: usize,
    pub inputs: usize,
    pub outputs: usize,
    pub patch: [usize; 3],
    pub frames: usize,
    pub height: usize,
    pub width: usize,
    pub text: [usize; 2],
    /// Matrices of 16 bits.
    pub half: bool,
}

/// The transformer that other engines are timed with: 7.76 M parameters, patch (1, 2, 2), 64 text tokens.
pub const DIT8M: Net = Net {
    dim: 256,
    layers: 8,
    heads: 4,
    ffn: 768,
    inputs: 16,
    outputs: 8,
    patch: [1, 2, 2],
    frames: 5,
    height: 14,
    width: 24,
    text: [64, 256],
    half: false,
};

/// The refiner of one frame of the film: 336 tokens.
pub const REFINER: Net = Net {
    dim: 192,
    layers: 6,
    heads: 6,
    ffn: 512,
    inputs: 48,
    outputs: 48,
    patch: [1, 1, 1],
    frames: 1,
    height: 14,
    width: 24,
    text: [8, 192],
    half: true,
};

/// A file of made-up weights.
#[derive(Default)]
struct Invented(SafetensorsWriter);

impl Invented {
    fn transformer(n: &Net) -> Result<SafeTensorsFile, Error> {
        let mut file = Invented::default();
        let [pt, ph, pw] = n.patch;
        let c = n.dim;
        file.put("patch_embedding.weight", &[c, n.inputs, pt, ph, pw], n.half)?;
        file.put("patch_embedding.bias", &[c], false)?;
        for (name, from, to) in [
            ("text_embedding.0", n.text[1], c),
            ("text_embedding.2", c, c),
            ("time_embedding.0", 256, c),
            ("time_embedding.2", c, c),
            ("time_projection.1", c, 6 * c),
            ("head.head", c, n.outputs * pt * ph * pw),
        ] {
            file.linear(name, from, to, n.half)?;
        }
        file.put("head.modulation", &[1, 2, c], false)?;
        for i in 0..n.layers {
            let name = |part: &str| format!("blocks.{i}.{part}");
            file.put(&name("modulation"), &[1, 6, c], false)?;
            for attn in ["self_attn", "cross_attn"] {
                for part in ["q", "k", "v", "o"] {
                    file.linear(&name(&format!("{attn}.{part}")), c, c, n.half)?;
                }
                for part in ["norm_q", "norm_k"] {
                    file.put(&name(&format!("{attn}.{part}.weight")), &[c], false)?;
                }
            }
            file.put(&name("norm3.weight"), &[c], false)?;
            file.put(&name("norm3.bias"), &[c], false)?;
            file.linear(&name("ffn.0"), c, n.ffn, n.half)?;
            file.linear(&name("ffn.2"), n.ffn, c, n.half)?;
        }
        Ok(SafeTensorsFile::from_bytes(file.0.finish()?)?)
    }

    fn linear(&mut self, name: &str, from: usize, to: usize, half: bool) -> Result<(), Error> {
        self.put(&format!("{name}.weight"), &[to, from], half)?;
        self.put(&format!("{name}.bias"), &[to], false)
    }

    fn put(&mut self, name: &str, shape: &[usize], half: bool) -> Result<(), Error> {
        let scale = 1.0 / (*shape.last().unwrap_or(&1) as f32).sqrt();
        let data: Vec<f32> = values(shape.iter().product()).into_iter().map(|v| v * scale).collect();
        let (dtype, bytes) = if half { ("F16", quant::f16_bytes(&data)) } else { ("F32", quant::f32_bytes(&data)) };
        Ok(self.0.tensor(name, shape, dtype, &bytes)?)
    }
}

/// One forward pass of a transformer.
pub fn wan(d: &Device, n: &Net) -> Result<Call, Error> {
    let file = Invented::transformer(n)?;
    let wan = Wan::load(&Weights::new(&file), Some(n.heads), d)?;
    let text = wan.text(&Tensor::from_f32(d, &n.text, &values(n.text[0] * n.text[1]))?, 0)?;
    let shape = [n.inputs, n.frames, n.height, n.width];
    let x = Tensor::from_f32(d, &shape, &values(shape.iter().product()))?;
    Ok(Box::new(move || Ok(wan.forward(&x, &[500.0], &text, None)?)))
}
