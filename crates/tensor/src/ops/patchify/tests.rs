use crate::testing::{assert_close, cpus, sweep};
use crate::{Result, Tensor};

#[test]
fn patchify_and_unpatchify_have_the_documented_orders() {
    sweep("patchify", 16, |g, d| {
        let p = [g.size(1, 2), g.size(1, 3), g.size(1, 3)];
        let [c, f, h, w] = [g.size(1, 4), g.size(1, 3), g.size(1, 5), g.size(1, 6)];
        let size = [f * p[0], h * p[1], w * p[2]];
        let shape = [c, size[0], size[1], size[2]];
        let (x, xs) = g.tensor(d, &shape)?;
        let volume = p[0] * p[1] * p[2];
        let tokens = f * h * w;
        let (mut first, mut last) = (vec![0.0; xs.len()], vec![0.0; xs.len()]);
        for (i, &value) in xs.iter().enumerate() {
            let (ch, t, y, x) = (
                i / (size[0] * size[1] * size[2]),
                i / (size[1] * size[2]) % size[0],
                i / size[2] % size[1],
                i % size[2],
            );
            let token = (t / p[0] * h + y / p[1]) * w + x / p[2];
            let inside = (t % p[0] * p[1] + y % p[1]) * p[2] + x % p[2];
            first[token * c * volume + ch * volume + inside] = value;
            last[token * c * volume + inside * c + ch] = value;
        }
        assert_close("patchify", &x.patchify(p)?, &[tokens, c * volume], &first, 0.0, 0.0)?;
        let narrow: Vec<f32> = last.iter().map(|&v| v as f32).collect();
        let patches = Tensor::from_f32(d, &[tokens, c * volume], &narrow)?;
        assert_close("unpatchify", &patches.unpatchify(shape, p)?, &shape, &xs, 0.0, 0.0)
    });
}

#[test]
fn patches_that_do_not_fit_are_errors() -> Result<()> {
    let x = Tensor::zeros(&cpus()[0], &[1, 2, 4, 5])?;
    assert!(x.patchify([1, 2, 2]).is_err());
    assert!(x.patchify([0, 1, 1]).is_err());
    assert!(x.reshape(&[10, 4])?.unpatchify([1, 2, 4, 6], [1, 2, 2]).is_err());
    Ok(())
}
