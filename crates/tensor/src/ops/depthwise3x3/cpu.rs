use crate::simd::{Kernel, Simd};
use crate::{CpuDevice, Result};

/// Output pixels computed together: neighbours share input columns.
const SPAN: usize = 4;

/// Multiply-adds that are worth a task.
const MIN_WORK: usize = 1 << 16;

/// One row of outputs from up to three rows of inputs.
struct Line<'a> {
    /// The rows above, at and below; an empty one is zeros.
    x: [&'a [f32]; 3],
    /// [9][C], then the bias [C].
    w: &'a [f32],
    width: usize,
    channels: usize,
    y: &'a mut [f32],
}

impl Kernel for Line<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (c, whole) = (self.channels, self.channels - self.channels % S::LANES);
        for x in (0..self.width).step_by(SPAN) {
            let span = SPAN.min(self.width - x);
            let inside = x > 0 && x + SPAN < self.width;
            for ch in (0..whole).step_by(S::LANES) {
                let mut sums = [s.splat(0.0); SPAN];
                let at = |tap: usize| {
                    assert!(tap * c + ch + S::LANES <= self.w.len());
                    // SAFETY: the line above.
                    unsafe { s.load(self.w.as_ptr().add(tap * c + ch)) }
                };
                sums.fill(at(9));
                for (ky, row) in self.x.iter().enumerate().filter(|(_, row)| !row.is_empty()) {
                    let w = [at(3 * ky), at(3 * ky + 1), at(3 * ky + 2)];
                    for column in 0..SPAN + 2 {
                        // Column 0 lies left of the first output.
                        let value = if inside || (x + column >= 1 && x + column <= self.width) {
                            let from = (x + column - 1) * c + ch;
                            assert!(from + S::LANES <= row.len());
                            // SAFETY: the line above.
                            unsafe { s.load(row.as_ptr().add(from)) }
                        } else {
                            s.splat(0.0)
                        };
                        for (kx, &w) in w.iter().enumerate() {
                            if column >= kx && column - kx < SPAN {
                                sums[column - kx] = s.mul_add(value, w, sums[column - kx]);
                            }
                        }
                    }
                }
                for (i, &sum) in sums.iter().enumerate().take(span) {
                    let out = &mut self.y[(x + i) * c + ch..][..S::LANES];
                    // SAFETY: the slice has LANES places.
                    unsafe { s.store(out.as_mut_ptr(), sum) };
                }
            }
        }
        for x in 0..self.width {
            for ch in whole..c {
                let mut sum = self.w[9 * c + ch];
                for (ky, row) in self.x.iter().enumerate().filter(|(_, row)| !row.is_empty()) {
                    for kx in 0..3 {
                        if x + kx >= 1 && x + kx <= self.width {
                            sum += row[(x + kx - 1) * c + ch] * self.w[(3 * ky + kx) * c + ch];
                        }
                    }
                }
                self.y[x * c + ch] = sum;
            }
        }
    }
}

pub(super) fn depthwise3x3(
    d: &CpuDevice,
    x: &[f32],
    w: &[f32],
    bias: Option<&[f32]>,
    [height, width, channels]: [usize; 3],
    y: &mut [f32],
) -> Result<()> {
    let row = width * channels;
    if row == 0 || height == 0 {
        return Ok(());
    }
    let mut taps = d.buffer(10 * channels)?;
    let taps = taps.f32_mut();
    for ch in 0..channels {
        (0..9).for_each(|tap| taps[tap * channels + ch] = w[ch * 9 + tap]);
        taps[9 * channels + ch] = bias.map_or(0.0, |bias| bias[ch]);
    }
    let taps = &*taps;
    let lines = y.len() / row;
    let grain = d.pool().grain(lines, row * 9, MIN_WORK);
    d.pool().chunks(y, grain * row, |task, y| {
        for (i, y) in y.chunks_exact_mut(row).enumerate() {
            let n = task * grain + i;
            let line = n % height;
            let at = |row_at: usize| &x[row_at * row..][..row];
            let above = if line > 0 { at(n - 1) } else { &[] };
            let below = if line + 1 < height { at(n + 1) } else { &[] };
            d.isa().run(Line { x: [above, at(n), below], w: taps, width, channels, y });
        }
    });
    Ok(())
}
