//! What this machine's memory gives, as a yardstick for how fast weights can be read.

use std::time::Instant;

use kinora_tensor::{Device, Tensor};

use crate::failure::Outcome;

/// Far more than any cache.
const BYTES: usize = 512 << 20;

/// Bytes a second that `threads` threads read together: the best of three passes over half a gigabyte.
pub(super) fn read_bandwidth(threads: usize) -> f64 {
    let data = vec![1u64; BYTES / 8];
    let pass = || {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for part in data.chunks(data.len().div_ceil(threads.max(1))) {
                scope.spawn(move || {
                    // eight sums, so that no addition waits for the last
                    let mut sums = [0u64; 8];
                    for chunk in part.as_chunks::<8>().0 {
                        sums.iter_mut().zip(chunk).for_each(|(sum, x)| *sum = sum.wrapping_add(*x));
                    }
                    std::hint::black_box(sums);
                });
            }
        });
        BYTES as f64 / start.elapsed().as_secs_f64()
    };
    (0..3).map(|_| pass()).fold(0.0, f64::max)
}

/// Bytes a second that the GPU reads and writes together in the plainest kernel: the best of three runs of eight passes over
/// 96 MiB.
pub(super) fn gpu_bandwidth(device: &Device) -> Outcome<f64> {
    const VALUES: usize = 24 << 20;
    const PASSES: usize = 8;
    let x = Tensor::zeros(device, &[VALUES])?;
    let pass = || -> Outcome<f64> {
        let start = Instant::now();
        let mut y = x.clone();
        for _ in 0..PASSES {
            y = y.scale(0.5)?;
        }
        pollster::block_on(y.narrow(0, 0, 1)?.to_vec())?;
        Ok((2 * 4 * VALUES * PASSES) as f64 / start.elapsed().as_secs_f64())
    };
    pass()?; // compiles
    let runs = (0..3).map(|_| pass()).collect::<Outcome<Vec<f64>>>()?;
    Ok(runs.into_iter().fold(0.0, f64::max))
}
