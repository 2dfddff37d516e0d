use kinora_formats::BlockType;
use pollster::block_on;

use crate::testing::{Gen, cpus, gpus};
use crate::{Persistent, Result, Tensor};

/// The same rows through every change of a cache, on both devices: f16 to the bit, q8_0 to a step of its rounding.
#[test]
fn caches_of_both_devices_hold_the_same() -> Result<()> {
    let mut g = Gen::new(5);
    let cpu = &cpus()[0];
    for gpu in gpus() {
        for block in [BlockType::F16, BlockType::Q8_0] {
            for _ in 0..6 {
                let (heads, dim) = (g.size(1, 3), 32 * g.size(1, 3));
                let mut caches = [
                    Persistent::zeros_in(cpu, &[30, heads, dim], block)?,
                    Persistent::zeros_in(gpu, &[30, heads, dim], block)?,
                ];
                for (n, dropped) in [(g.size(1, 9), 0), (g.size(4, 9), g.size(1, 4)), (1, 0), (5, 2)] {
                    let rows = g.values(n * heads * dim, 2.0);
                    for cache in &mut caches {
                        let device = cache.view().device().clone();
                        cache.append(&Tensor::from_f32(&device, &[n, heads, dim], &rows)?)?;
                        cache.drop_first(dropped)?;
                    }
                    let [a, b] = [block_on(caches[0].to_bytes())?, block_on(caches[1].to_bytes())?];
                    assert_eq!(a.len(), b.len());
                    let wide = |bytes: &[u8]| {
                        let mut out = vec![0.0; bytes.len() / block.block_bytes() * block.block_len()];
                        kinora_formats::quant::dequantize(block, bytes, &mut out).map(|()| out)
                    };
                    let (a, b) = (wide(&a).expect("blocks"), wide(&b).expect("blocks"));
                    let step = if block == BlockType::F16 { 0.0 } else { 6.0 / 127.0 };
                    let far = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                    assert!(far <= step, "{} differs by {far}", block.name());
                }
                let bytes = block_on(caches[1].to_bytes())?;
                let mut again = Persistent::zeros_in(gpu, &[30, heads, dim], block)?;
                again.set_bytes(&bytes)?;
                assert_eq!(block_on(again.to_bytes())?, bytes);
            }
        }
        assert!(Persistent::zeros_in(gpu, &[4, 1, 3], BlockType::F16).is_err());
        assert!(Persistent::zeros_in(gpu, &[4, 1, 24], BlockType::Q8_0).is_err());
        assert!(Persistent::zeros_in(gpu, &[4, 1, 32], BlockType::Q4_0).is_err());
        let cache = Persistent::zeros_in(gpu, &[4, 1, 32], BlockType::F16)?.view();
        assert!(
            Tensor::zeros(gpu, &[1, 32])?.linear(&cache.view(0, &[4, 32])?, None).is_err(),
            "no product with a cache"
        );
    }
    Ok(())
}
