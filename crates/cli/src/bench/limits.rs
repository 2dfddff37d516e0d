//! What this machine's memory gives, as a yardstick for how fast weights can be read.

use std::time::Instant;

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
