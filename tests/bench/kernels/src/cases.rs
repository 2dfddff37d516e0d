//! What a name means.

use kinora_formats::{BlockType, TensorView, quant};
use kinora_tensor::{Attention, Conv2d, Device, Tensor};

use crate::nets;

/// Whatever a case meets.
pub type Error = Box<dyn std::error::Error>;

type Call = Box<dyn Fn() -> Result<Tensor, Error>>;

/// A call with its inputs.
pub struct Case(Call);

/// Numbers in −1..1, the same each time.
pub(crate) fn values(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i as u64 * 2_654_435_761) % 1999) as f32 / 1000.0 - 1.0).collect()
}

impl Case {
    /// The case of a name such as `matmul_f32_512`, `conv3x3_64x64_112x192`, `linear_f16_1344x192x192`, `prefill_128`,
    /// `decode_64_128`, `paint`; `None` when it is none. `file` holds the weights of the text model or painter.
    ///
    /// # Errors
    /// Whatever refuses the inputs.
    pub fn new(name: &str, d: &Device, file: Option<Vec<u8>>) -> Result<Option<Case>, Error> {
        let d = d.clone();
        let name = &peer_name(name);
        let digits = |text: &str| text.split(['x', '_']).filter_map(|n| n.parse().ok()).collect::<Vec<usize>>();
        let tensor = |shape: &[usize]| Tensor::from_f32(&d, shape, &values(shape.iter().product()));
        let call: Call = if let Some(sizes) = name.strip_prefix("matmul_f32_") {
            let [m, k, n] = match digits(sizes)[..] {
                [n] => [n, n, n],
                [m, k, n] => [m, k, n],
                _ => return Ok(None),
            };
            let (a, b) = (tensor(&[m, k])?, tensor(&[k, n])?);
            Box::new(move || Ok(a.matmul(&b)?))
        } else if let Some(sizes) = name.strip_prefix("conv3x3_") {
            let [outputs, inputs, h, w] = digits(sizes)[..] else { return Ok(None) };
            let (x, weight) = (tensor(&[1, inputs, h, w])?, tensor(&[outputs, inputs, 3, 3])?);
            let bias = tensor(&[outputs])?;
            Box::new(move || Ok(x.conv2d(&weight, Some(&bias), &Conv2d { padding: 1, ..Conv2d::default() })?))
        } else if let Some((kind, sizes)) = name.strip_prefix("linear_").and_then(|rest| rest.rsplit_once('_')) {
            let [m, k, n] = digits(sizes)[..] else { return Ok(None) };
            let data = values(n * k);
            let named = |block: &BlockType| block.name().eq_ignore_ascii_case(kind);
            let Some(block) = BlockType::ALL.into_iter().find(named) else { return Ok(None) };
            let bytes = match block {
                BlockType::F32 => quant::f32_bytes(&data),
                BlockType::F16 => quant::f16_bytes(&data),
                BlockType::Q8_0 => quant::quantize_q8_0(&data)?,
                BlockType::Q4_0 => quant::quantize_q4_0(&data)?,
                _ => vec![0x11; block.bytes_for(data.len()).ok_or("rows of whole blocks")?],
            };
            let weight = Tensor::weight(&d, &TensorView::new(vec![n, k], block, &bytes))?;
            let (x, bias) = (tensor(&[m, k])?, tensor(&[n])?);
            Box::new(move || Ok(x.linear(&weight, Some(&bias))?))
        } else if let Some(sizes) = name.strip_prefix("prefill_") {
            let [n] = digits(sizes)[..] else { return Ok(None) };
            nets::text(&d, file.ok_or("the text model is missing")?, n, None)?
        } else if let Some(sizes) = name.strip_prefix("decode_") {
            let [n, depth] = digits(sizes)[..] else { return Ok(None) };
            nets::text(&d, file.ok_or("the text model is missing")?, n, Some(depth))?
        } else if let Some((op, sizes)) = name.strip_prefix("op_").and_then(|rest| rest.split_once('-')) {
            let Some(call) = operation(&d, op, &digits(sizes))? else { return Ok(None) };
            call
        } else {
            match name.as_str() {
                "paint" => nets::paint(&d, file.ok_or("the painter's weights are missing")?)?,
                "refiner" => nets::wan(&d, &nets::REFINER)?,
                "dit8m_17f" => nets::wan(&d, &nets::Net { frames: 5, ..nets::DIT8M })?,
                "dit8m_33f" => nets::wan(&d, &nets::Net { frames: 9, ..nets::DIT8M })?,
                _ => return Ok(None),
            }
        };
        Ok(Some(Case(call)))
    }

    /// One pass, its result read back; the last value.
    ///
    /// # Errors
    /// Out of memory, or a result that is not finite.
    pub async fn run(&self) -> Result<f32, Error> {
        let values = (self.0)()?.to_vec().await?;
        let last = values.last().copied().unwrap_or(f32::NAN);
        if last.is_finite() { Ok(last) } else { Err("the result is not finite".into()) }
    }
}

/// Other engines' names of products with quantised weights, as ours: `matmul_int8dyn_N`, `matmulnbits_q4_acc4_MxKxN`.
fn peer_name(name: &str) -> String {
    if let Some(n) = name.strip_prefix("matmul_int8dyn_") {
        return format!("linear_q8_0_{n}x{n}x{n}");
    }
    match name.strip_prefix("matmulnbits_q").and_then(|rest| rest.split_once("_acc")) {
        Some((bits, rest)) => format!("linear_q{bits}_0_{}", rest.split_once('_').map_or(rest, |r| r.1)),
        None => name.to_string(),
    }
}

/// The operations of painter and refiner, each by itself.
fn operation(d: &Device, op: &str, sizes: &[usize]) -> Result<Option<Call>, Error> {
    let x = Tensor::from_f32(d, sizes, &values(sizes.iter().product()))?;
    let last = x.last_dim();
    let row = |n: usize| Tensor::from_f32(d, &[n, last], &values(n * last));
    Ok(Some(match op {
        "gelu_tanh" => Box::new(move || Ok(x.gelu_tanh()?)),
        "silu" => Box::new(move || Ok(x.silu()?)),
        "exp" => Box::new(move || Ok(x.exp()?)),
        "add" => Box::new(move || Ok(x.add(&x)?)),
        "layer_norm" => Box::new(move || Ok(x.layer_norm(None, 1e-5)?)),
        "rms_norm" => Box::new(move || Ok(x.rms_norm(None, 1e-6)?)),
        "film" => {
            let (scale, shift) = (row(3)?, row(3)?);
            let index: Vec<u32> = (0..x.rows() as u32).map(|i| i % 3).collect();
            let index = Tensor::from_u32(d, &[x.rows()], &index)?;
            Box::new(move || Ok(x.film(&scale, &shift, &index)?))
        }
        "modulate" => {
            let (scale, shift) = (row(1)?, row(1)?);
            Box::new(move || Ok(x.modulate(&scale, &shift)?))
        }
        "depthwise3x3" if sizes.len() == 4 => {
            let weight = Tensor::from_f32(d, &[last, 3, 3], &values(9 * last))?;
            Box::new(move || Ok(x.depthwise3x3(&weight, None)?))
        }
        "attention" if sizes.len() == 3 => {
            let scale = 1.0 / (last as f32).sqrt();
            Box::new(move || Ok(x.attention(&x, &x, &Attention { scale, ..Attention::default() })?))
        }
        "pixels" if sizes.len() == 4 => Box::new(move || {
            Ok(x.permute(&[0, 3, 1, 2])?.pixel_shuffle(4)?.scale(0.5)?.add_scalar(0.5)?.clamp(0.0, 1.0)?)
        }),
        _ => return Ok(None),
    }))
}
