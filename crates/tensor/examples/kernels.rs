//! How fast the CPU kernels are: `cargo run --release -p kinora-tensor --example kernels [THREADS]`.
//!
//! Each line is the best of several runs, with the work in multiply-adds × 2 or in bytes moved.

use std::time::{Duration, Instant};

use kinora_formats::{BlockType, TensorView, quant};
use kinora_tensor::{Attention, Conv2d, Device, Result, Tensor};

/// The best time of one call within about a third of a second.
fn time(mut f: impl FnMut() -> Result<Tensor>) -> Result<f64> {
    f()?;
    let (start, mut best) = (Instant::now(), f64::INFINITY);
    while start.elapsed() < Duration::from_millis(300) {
        let one = Instant::now();
        std::hint::black_box(f()?);
        best = best.min(one.elapsed().as_secs_f64());
    }
    Ok(best)
}

fn flops(name: &str, flop: usize, f: impl FnMut() -> Result<Tensor>) -> Result<()> {
    let t = time(f)?;
    println!("{name:<44} {:>9.1} µs {:>8.1} GFLOP/s", t * 1e6, flop as f64 / t / 1e9);
    Ok(())
}

fn bytes(name: &str, bytes: usize, f: impl FnMut() -> Result<Tensor>) -> Result<()> {
    let t = time(f)?;
    println!("{name:<44} {:>9.1} µs {:>8.1} GB/s", t * 1e6, bytes as f64 / t / 1e9);
    Ok(())
}

fn values(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 2_654_435_761) % 1000) as f32 / 500.0 - 1.0).collect()
}

fn main() -> Result<()> {
    let threads = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1);
    let d = Device::cpu(threads);
    println!("{}", d.description());
    let tensor = |shape: &[usize]| Tensor::from_f32(&d, shape, &values(shape.iter().product()));
    let weight = |block: BlockType, n: usize, k: usize| {
        let data = values(n * k);
        let bytes = match block {
            BlockType::Q8_0 => quant::quantize_q8_0(&data).unwrap_or_default(),
            BlockType::Q4_0 => quant::quantize_q4_0(&data).unwrap_or_default(),
            BlockType::F16 => quant::f16_bytes(&data),
            BlockType::F32 => quant::f32_bytes(&data),
            _ => vec![0x11; block.bytes_for(n * k).unwrap_or_default()],
        };
        Tensor::weight(&d, &TensorView::new(vec![n, k], block, &bytes))
    };

    for m in [1344, 5376] {
        let (x, w, b) = (tensor(&[m, 192])?, weight(BlockType::F32, 192, 192)?, tensor(&[192])?);
        flops(&format!("linear f32 {m} × 192 → 192"), 2 * m * 192 * 192, || x.linear(&w, Some(&b)))?;
    }
    let (x, w) = (tensor(&[1344, 192])?, weight(BlockType::F16, 768, 192)?);
    flops("linear F16 1344 × 192 → 768", 2 * 1344 * 192 * 768, || x.linear(&w, None))?;
    for block in BlockType::ALL.into_iter().filter(|block| block.quant_layout().is_some()) {
        for (m, n, k) in [(1, 4096, 1536), (128, 1536, 1536)] {
            let (x, w) = (tensor(&[m, k])?, weight(block, n, k)?);
            flops(&format!("linear {} {m} × {k} → {n}", block.name()), 2 * m * n * k, || x.linear(&w, None))?;
        }
    }
    let (a, b) = (tensor(&[512, 512])?, tensor(&[512, 512])?);
    flops("matmul 512 × 512 × 512", 2 * 512 * 512 * 512, || a.matmul(&b))?;

    let same = Conv2d { padding: 1, ..Default::default() };
    let (x, w, b) = (tensor(&[1, 64, 112, 192])?, tensor(&[64, 64, 3, 3])?, tensor(&[64])?);
    flops("conv2d 3×3 64 → 64 at 112×192", 2 * 112 * 192 * 64 * 64 * 9, || x.conv2d(&w, Some(&b), &same))?;
    let (x, w) = (tensor(&[1, 64, 14, 24])?, tensor(&[64, 64, 3, 3])?);
    flops("conv2d 3×3 64 → 64 at 14×24", 2 * 14 * 24 * 64 * 64 * 9, || x.conv2d(&w, None, &same))?;
    let (x, w) = (tensor(&[1, 28, 48, 192])?, tensor(&[192, 3, 3])?);
    flops("depthwise3x3 28×48×192", 2 * 28 * 48 * 192 * 9, || x.depthwise3x3(&w, None))?;

    let (q, k) = (tensor(&[1344, 6, 32])?, tensor(&[1344, 6, 32])?);
    let o = Attention { scale: 0.2, ..Default::default() };
    flops("attention 1344 × 1344, 6 heads of 32", 4 * 1344 * 1344 * 192, || q.attention(&k, &k, &o))?;
    let (q, k) = (tensor(&[1, 8, 48])?, tensor(&[512, 2, 48])?);
    flops("attention 1 × 512, 8 heads of 48 over 2", 4 * 512 * 8 * 48, || q.attention(&k, &k, &o))?;

    let x = tensor(&[1344, 768])?;
    let size = x.len() * 4;
    bytes("gelu_tanh 1344 × 768", 2 * size, || x.gelu_tanh())?;
    bytes("silu 1344 × 768", 2 * size, || x.silu())?;
    bytes("layer_norm 1344 × 768", 2 * size, || x.layer_norm(None, 1e-6))?;
    bytes("add 1344 × 768", 3 * size, || x.add(&x))?;
    bytes("permute 1344 × 768 → 768 × 1344", 2 * size, || x.permute(&[1, 0]))?;
    let x = tensor(&[1, 64, 56, 96])?;
    bytes("upsample_nearest2x 64×56×96", 5 * x.len() * 4, || x.upsample_nearest2x())?;
    Ok(())
}
