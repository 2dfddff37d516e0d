use super::CopyDim;
use crate::CpuDevice;
use crate::cpu::SendPtr;

/// Elements a task moves, at least.
const GRAIN: usize = 16 << 10;

/// Side of the squares in which a transposition moves: a cache line of source for each row, a line of destination for each
/// column.
const SQUARE: usize = 16;

/// The two innermost loops run in a task; the outer ones, and blocks of rows, are flattened into task numbers.
pub(super) fn strided_copy<T: Copy + Send + Sync>(d: &CpuDevice, src: &[T], dst: &mut [T], dims: &[CopyDim]) {
    let one = CopyDim { len: 1, src: 0, dst: 0 };
    let dst = SendPtr::new(dst);
    let (outer, rows, cols) = match dims {
        [] => (&[][..], one, one),
        [run] => {
            d.pool().run(run.len.div_ceil(GRAIN), |task| {
                let first = task * GRAIN;
                let part = CopyDim { len: GRAIN.min(run.len - first), ..*run };
                copy_plane(src, first * run.src, &dst, first * run.dst, one, part);
            });
            return;
        }
        [outer @ .., rows, cols] => (outer, *rows, *cols),
    };
    let block = GRAIN.div_ceil(cols.len).next_multiple_of(SQUARE).min(rows.len);
    let blocks = rows.len.div_ceil(block);
    let items = outer.iter().map(|d| d.len).product::<usize>() * blocks;
    let grain = d.pool().grain(items, block * cols.len, GRAIN);
    d.pool().run(items.div_ceil(grain), |task| {
        for item in task * grain..((task + 1) * grain).min(items) {
            let first = item % blocks * block;
            let part = CopyDim { len: block.min(rows.len - first), ..rows };
            let (mut rest, mut from, mut to) = (item / blocks, first * rows.src, first * rows.dst);
            for dim in outer.iter().rev() {
                from += rest % dim.len * dim.src;
                to += rest % dim.len * dim.dst;
                rest /= dim.len;
            }
            copy_plane(src, from, &dst, to, part, cols);
        }
    });
}

// SAFETY of the blocks below: no element of the destination is written twice, so each run is its task's alone.
fn copy_plane<T: Copy>(src: &[T], from: usize, dst: &SendPtr<'_, T>, to: usize, rows: CopyDim, cols: CopyDim) {
    if cols.dst != 1 {
        for r in 0..rows.len {
            for c in 0..cols.len {
                let value = src[from + r * rows.src + c * cols.src];
                unsafe { dst.write(to + r * rows.dst + c * cols.dst, value) };
            }
        }
    } else if cols.src == 1 {
        for r in 0..rows.len {
            let out = unsafe { dst.slice(to + r * rows.dst, cols.len) };
            out.copy_from_slice(&src[from + r * rows.src..][..cols.len]);
        }
    } else if rows.src == 1 && rows.dst == cols.len && cols.len == 2 {
        interleave::<T, 2>(&src[from..], cols.src, unsafe { dst.slice(to, 2 * rows.len) });
    } else if rows.src == 1 && rows.dst == cols.len && cols.len == 4 {
        interleave::<T, 4>(&src[from..], cols.src, unsafe { dst.slice(to, 4 * rows.len) });
    } else {
        for r0 in (0..rows.len).step_by(SQUARE) {
            for c0 in (0..cols.len).step_by(SQUARE) {
                for r in r0..(r0 + SQUARE).min(rows.len) {
                    let out = unsafe { dst.slice(to + r * rows.dst + c0, SQUARE.min(cols.len - c0)) };
                    let first = from + r * rows.src + c0 * cols.src;
                    for (c, out) in out.iter_mut().enumerate() {
                        *out = src[first + c * cols.src];
                    }
                }
            }
        }
    }
}

/// `out[N r + c] = src[r + c · stride]`: upsampling (stride 0) and pixel shuffles.
fn interleave<T: Copy, const N: usize>(src: &[T], stride: usize, out: &mut [T]) {
    let out = out.as_chunks_mut::<N>().0;
    let parts: [&[T]; N] = std::array::from_fn(|c| &src[c * stride..][..out.len()]);
    for (r, out) in out.iter_mut().enumerate() {
        *out = std::array::from_fn(|c| parts[c][r]);
    }
}
