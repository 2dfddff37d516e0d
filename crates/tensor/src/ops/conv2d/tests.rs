use super::Conv2d;
use crate::testing::{assert_close, cpus, sweep};
use crate::{Result, Tensor, TensorError};

fn reference(x: &[f64], w: &[f64], b: &[f64], c: &Conv2d, xs: [usize; 4], ws: [usize; 4]) -> (Vec<usize>, Vec<f64>) {
    let [n, i, h, wd] = xs;
    let [o, gi, kh, kw] = ws;
    let out = |len: usize, k: usize| (len + 2 * c.padding - k) / c.stride + 1;
    let (oh, ow) = (out(h, kh), out(wd, kw));
    let mut y = Vec::new();
    for p in 0..n * o * oh * ow {
        let (image, channel, oy, ox) = (p / (o * oh * ow), p / (oh * ow) % o, p / ow % oh, p % ow);
        let mut sum = b[channel];
        for q in 0..gi * kh * kw {
            let (ci, ky, kx) = (q / (kh * kw), q / kw % kh, q % kw);
            let (iy, ix) = (oy * c.stride + ky, ox * c.stride + kx);
            if iy >= c.padding && ix >= c.padding && iy - c.padding < h && ix - c.padding < wd {
                let input = image * i + channel / (o / c.groups) * gi + ci;
                sum += x[(input * h + iy - c.padding) * wd + ix - c.padding] * w[channel * gi * kh * kw + q];
            }
        }
        y.push(sum);
    }
    (vec![n, o, oh, ow], y)
}

#[test]
fn conv2d_equals_the_f64_reference() {
    sweep("conv2d", 48, |g, d| {
        let groups = g.pick(&[1, 1, 1, 2, 3]);
        let (gi, go) = (g.size(1, 9), g.size(1, 9));
        let (kh, kw) = g.pick(&[(1, 1), (3, 3), (3, 3), (4, 4), (2, 5)]);
        let c = Conv2d { stride: g.pick(&[1, 1, 2, 3]), padding: g.size(0, 2), groups };
        let x_shape = [g.size(1, 2), gi * groups, g.size(kh, 15), g.size(kw, 40)];
        let w_shape = [go * groups, gi, kh, kw];
        let (x, xs) = g.tensor(d, &x_shape)?;
        let (w, ws) = g.tensor(d, &w_shape)?;
        let (b, bs) = g.tensor(d, &[go * groups])?;
        let with_bias = g.flip();
        let bs = if with_bias { bs } else { vec![0.0; bs.len()] };
        let (shape, want) = reference(&xs, &ws, &bs, &c, x_shape, w_shape);
        assert_close("conv2d", &x.conv2d(&w, with_bias.then_some(&b), &c)?, &shape, &want, 2e-5, 2e-6)
    });
}

#[test]
fn wide_layers_span_several_blocks_of_the_kernel() {
    sweep("conv2d_wide", 1, |g, d| {
        for (i, o, k) in [(70, 40, 3), (40, 33, 1)] {
            let c = Conv2d { padding: k / 2, ..Default::default() };
            let (x, xs) = g.tensor(d, &[1, i, 13, 21])?;
            let (w, ws) = g.tensor(d, &[o, i, k, k])?;
            let (shape, want) = reference(&xs, &ws, &vec![0.0; o], &c, [1, i, 13, 21], [o, i, k, k]);
            assert_close("conv2d", &x.conv2d(&w, None, &c)?, &shape, &want, 1e-4, 2e-6)?;
        }
        Ok(())
    });
}

/// Planes of whole vectors need no copy for a 1×1 kernel; a larger one reads past the last of them.
#[test]
fn planes_of_whole_vectors_without_padding() {
    sweep("conv2d_whole", 1, |g, d| {
        for (k, h, w) in [(1, 8, 16), (1, 4, 8), (2, 16, 16), (3, 8, 8), (3, 16, 32), (3, 3, 64)] {
            let c = Conv2d::default();
            let (x, xs) = g.tensor(d, &[1, 5, h, w])?;
            let (weight, ws) = g.tensor(d, &[7, 5, k, k])?;
            let (shape, want) = reference(&xs, &ws, &[0.0; 7], &c, [1, 5, h, w], [7, 5, k, k]);
            assert_close("conv2d", &x.conv2d(&weight, None, &c)?, &shape, &want, 2e-5, 2e-6)?;
        }
        Ok(())
    });
}

#[test]
fn conv2d_refuses_a_kernel_larger_than_the_image_and_a_stride_of_zero() -> Result<()> {
    let d = &cpus()[0];
    let (x, w) = (Tensor::zeros(d, &[1, 2, 4, 4])?, Tensor::zeros(d, &[2, 2, 5, 5])?);
    for c in [Conv2d::default(), Conv2d { stride: 0, padding: 2, groups: 1 }] {
        assert!(matches!(x.conv2d(&w, None, &c), Err(TensorError::Shape { op: "conv2d", arg: "x", .. })));
    }
    let c = Conv2d { groups: 0, ..Default::default() };
    assert!(matches!(x.conv2d(&w, None, &c), Err(TensorError::Shape { arg: "w", .. })));
    Ok(())
}
