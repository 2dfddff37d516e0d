//! What is computed on both devices: each kernel in each form that models use.

use kinora_formats::BlockType;

use super::inputs::{tensor, weight};
use crate::{
    Attention, Conv2d, Device, Gate, LinearFused, LogitEdits, Persistent, Result, RopeAppend, RopeStyle, Tensor,
    TokenEdit,
};

/// A computation, and how far two devices may differ in parts of its largest value.
pub(super) struct Case {
    pub name: &'static str,
    pub allowed: f32,
    pub work: Work,
}

pub(super) enum Work {
    Tensors(fn(&Device) -> Result<Vec<Tensor>>),
    /// [`products`] with matrices of this type.
    Products(BlockType),
    /// [`Tensor::top_candidates`], whose result is no tensor.
    Candidates,
}

const ALLOWED: f32 = 2e-5;

const fn case(name: &'static str, work: fn(&Device) -> Result<Vec<Tensor>>) -> Case {
    Case { name, allowed: ALLOWED, work: Work::Tensors(work) }
}

/// One row and many rows times a matrix of this type, and rows of it. What kernels for some rows add to that is not the type's, so one
/// type is enough for them; on a software adapter for those of many rows too, where compiling one takes as long as all else of its case.
pub(super) fn products(d: &Device, block: BlockType, set: &str) -> Result<Vec<Tensor>> {
    let k = 256;
    let w = weight(d, block, [70, k])?;
    let rows: &[usize] = match (block, set) {
        (BlockType::Q8_0, _) => &[1, 5, 13],
        (_, "software") => &[1],
        _ => &[1, 13],
    };
    let mut all = rows.iter().map(|&m| tensor(d, &[m, k], 3)?.linear(&w, None)).collect::<Result<Vec<_>>>()?;
    all.push(Tensor::embedding(&w, &Tensor::from_u32(d, &[3], &[69, 0, 5])?)?);
    Ok(all)
}

macro_rules! products {
    ($name:literal, $block:ident) => {
        Case { name: concat!("products with ", $name), allowed: ALLOWED, work: Work::Products(BlockType::$block) }
    };
}

fn fused(d: &Device) -> Result<Vec<Tensor>> {
    let (w, gain, bias) = (weight(d, BlockType::Q8_0, [60, 96])?, tensor(d, &[96], 4)?, tensor(d, &[60], 5)?);
    let mut all = Vec::new();
    for (m, gates) in [(1, &[Gate::Silu, Gate::Gelu][..]), (5, &[Gate::Gelu]), (13, &[Gate::Silu])] {
        let x = tensor(d, &[m, 96], 6)?;
        let add = tensor(d, &[m, 60], 7)?;
        let norm = Some((&gain, 1e-5));
        all.push(x.linear_fused(&w, &LinearFused { norm, bias: Some(&bias), gate: None, add: Some(&add) })?);
        for &gate in gates {
            all.push(x.linear_fused(&w, &LinearFused { norm, bias: None, gate: Some(gate), add: None })?);
        }
    }
    Ok(all)
}

/// Keys and values of 600 tokens, in the forms of a cache.
fn attend(d: &Device, block: BlockType) -> Result<Vec<Tensor>> {
    let (heads, dim, tokens) = (2, 32, 600);
    let cache = |seed| -> Result<Persistent> {
        let mut cache = Persistent::zeros_in(d, &[tokens + 4, heads, dim], block)?;
        // Numbers that every form holds exactly, so that rounding cannot differ.
        let values: Vec<f32> = super::inputs::values(tokens * heads * dim, seed)
            .iter()
            .map(|v| (v * 127.0).round().clamp(-127.0, 127.0))
            .collect();
        let exact: Vec<f32> =
            values.chunks(32).flat_map(|v| [127.0].into_iter().chain(v[1..].iter().copied())).collect();
        cache.append(&Tensor::from_f32(d, &[tokens, heads, dim], &exact)?)?;
        Ok(cache)
    };
    let (k, v) = (cache(8)?, cache(9)?);
    let mut all = Vec::new();
    for (t, len, window, softcap) in
        [(1, 600, None, None), (1, 90, None, None), (7, 80, Some(20), Some(30.0)), (3, 600, Some(550), None)]
    {
        let q = tensor(d, &[t, 2 * heads, dim], 10)?;
        let o = Attention { scale: 0.002, causal: Some(len - t), window, key_bias: None, kv_len: Some(len), softcap };
        all.push(q.attention(&k.view(), &v.view(), &o)?);
    }
    Ok(all)
}

fn append(d: &Device, style: RopeStyle, norms: bool) -> Result<Vec<Tensor>> {
    let (x, cos, sin, gain) =
        (tensor(d, &[3, 8 * 64], 11)?, tensor(d, &[3, 28], 12)?, tensor(d, &[3, 28], 13)?, tensor(d, &[64], 14)?);
    let cache = || Persistent::zeros(d, &[8, 2, 64]);
    let (mut keys, mut values) = (cache()?, cache()?);
    let o = RopeAppend {
        heads: 4,
        kv_heads: 2,
        rope: Some((&cos, &sin, style)),
        norms: norms.then_some((&gain, &gain)),
        eps: 1e-6,
    };
    let q = x.rope_append(&mut keys, &mut values, &o)?;
    Ok(vec![q, keys.filled()?, values.filled()?])
}

fn functions(d: &Device) -> Result<Vec<Tensor>> {
    let x = tensor(d, &[3, 70], 15)?.scale(6.0)?;
    Ok(vec![
        x.silu()?,
        x.gelu_tanh()?,
        x.gelu_erf()?,
        x.relu()?,
        x.leaky_relu(0.1)?,
        x.tanh()?,
        x.sigmoid()?,
        x.exp()?,
        x.sin()?,
        x.cos()?,
        x.relu()?.sqrt()?,
        x.add_scalar(2.0)?,
        x.clamp(-1.0, 2.0)?,
        x.softmax()?,
    ])
}

fn arithmetic(d: &Device) -> Result<Vec<Tensor>> {
    let (x, y, row) = (tensor(d, &[4, 70], 16)?, tensor(d, &[4, 70], 17)?, tensor(d, &[70], 18)?);
    let (a, b) = (tensor(d, &[2, 70], 19)?, tensor(d, &[2, 70], 20)?);
    Ok(vec![
        x.add(&y)?,
        x.sub(&row)?,
        x.mul(&y)?,
        x.swiglu(&y)?,
        x.add_gated(&y, &a)?,
        x.modulate(&a, &b)?,
        x.permute(&[1, 0])?,
        Tensor::zeros(d, &[70])?,
        x.matmul(&y.permute(&[1, 0])?)?,
    ])
}

fn norms(d: &Device) -> Result<Vec<Tensor>> {
    let mut all = Vec::new();
    for cols in [70, 300] {
        let (x, w, b) = (tensor(d, &[5, cols], 21)?, tensor(d, &[cols], 22)?, tensor(d, &[cols], 23)?);
        all.push(x.rms_norm(Some(&w), 1e-5)?);
        all.push(x.rms_norm_add(&w, 1e-5, &x)?);
        all.push(x.layer_norm(Some((&w, &b)), 1e-5)?);
        all.push(x.layer_norm(None, 1e-5)?);
    }
    Ok(all)
}

fn pictures(d: &Device) -> Result<Vec<Tensor>> {
    let (x, w, b) = (tensor(d, &[1, 8, 9, 11], 24)?, tensor(d, &[12, 8, 3, 3], 25)?, tensor(d, &[12], 26)?);
    let same = Conv2d { padding: 1, ..Default::default() };
    let rows = tensor(d, &[1, 9, 11, 8], 27)?;
    Ok(vec![
        x.conv2d(&w, Some(&b), &same)?,
        x.upsample_nearest2x()?,
        rows.depthwise3x3(&tensor(d, &[8, 3, 3], 28)?, None)?,
        film(d)?,
    ])
}

fn film(d: &Device) -> Result<Tensor> {
    let (scale, shift) = (tensor(d, &[3, 20], 29)?, tensor(d, &[3, 20], 30)?);
    tensor(d, &[4, 20], 31)?.film(&scale, &shift, &Tensor::from_u32(d, &[4], &[2, 0, 1, 2])?)
}

fn sampling(d: &Device) -> Result<Vec<Tensor>> {
    let x = tensor(d, &[1, 5000], 32)?;
    let edits = [TokenEdit { id: 3, repetition: 1.3, add: 0.5 }, TokenEdit { id: 4000, repetition: 1.0, add: 2.0 }];
    let mask: Vec<u32> = super::inputs::values(5000usize.div_ceil(32), 33).iter().map(|v| v.to_bits()).collect();
    let edited = x.edit_logits(&LogitEdits { tokens: &edits, mask: None })?;
    let masked = x.edit_logits(&LogitEdits { tokens: &edits, mask: Some(&mask) })?;
    Ok(vec![edited.argmax()?, masked.argmax()?, edited, masked.clamp(-100.0, 100.0)?])
}

/// All of them.
pub(super) static CASES: &[Case] = &[
    products!("F32", F32),
    products!("F16", F16),
    products!("BF16", BF16),
    products!("Q8_0", Q8_0),
    products!("Q4_0", Q4_0),
    products!("Q4_1", Q4_1),
    products!("Q5_0", Q5_0),
    products!("Q5_1", Q5_1),
    products!("Q2_K", Q2_K),
    products!("Q3_K", Q3_K),
    products!("Q4_K", Q4_K),
    products!("Q5_K", Q5_K),
    products!("Q6_K", Q6_K),
    products!("IQ4_NL", IQ4_NL),
    products!("IQ4_XS", IQ4_XS),
    case("linear layers with what stands around them", fused),
    case("attention", |d| attend(d, BlockType::F32)),
    case("attention over a cache in F16", |d| attend(d, BlockType::F16)),
    case("attention over a cache in Q8_0", |d| attend(d, BlockType::Q8_0)),
    case("queries, keys and values, rotated in pairs", |d| append(d, RopeStyle::Interleaved, false)),
    case("queries, keys and values, normed and rotated in halves", |d| append(d, RopeStyle::NeoX, true)),
    case("rotary positions", |d| {
        let (cos, sin) = (tensor(d, &[3, 7], 34)?, tensor(d, &[3, 7], 35)?);
        let x = tensor(d, &[3, 2, 16], 36)?;
        Ok(vec![x.rope(&cos, &sin, RopeStyle::Interleaved)?, x.rope(&cos, &sin, RopeStyle::NeoX)?])
    }),
    case("norms", norms),
    case("functions", functions),
    case("arithmetic", arithmetic),
    case("pictures", pictures),
    case("edits of logits", sampling),
    Case { name: "the most likely tokens", allowed: 2e-5, work: Work::Candidates },
];
