use crate::testing::{Gen, assert_close, cpus, sweep};
use crate::{Device, Persistent, Result, Tensor, TensorError};

/// The value at each multi-index of `shape`, through a map to an index of the source.
fn gather(shape: &[usize], at: impl Fn(&[usize]) -> f64) -> Vec<f64> {
    let mut index = vec![0; shape.len()];
    (0..shape.iter().product())
        .map(|flat: usize| {
            let mut rest = flat;
            for (i, &len) in shape.iter().enumerate().rev() {
                index[i] = rest % len;
                rest /= len;
            }
            at(&index)
        })
        .collect()
}

fn flat(shape: &[usize], index: &[usize]) -> usize {
    shape.iter().zip(index).fold(0, |at, (len, i)| at * len + i)
}

fn random_shape(g: &mut Gen, rank: usize) -> Vec<usize> {
    (0..rank).map(|_| g.pick(&[1, 2, 3, 4, 7, 20])).collect()
}

#[test]
fn permute_moves_each_value_to_its_place() {
    sweep("permute", 48, |g, d| {
        let rank = g.size(1, 5);
        let shape = random_shape(g, rank);
        let mut order: Vec<usize> = (0..rank).collect();
        (0..rank).for_each(|i| order.swap(i, g.size(0, rank - 1)));
        let (x, xs) = g.tensor(d, &shape)?;
        let out: Vec<usize> = order.iter().map(|&i| shape[i]).collect();
        let want = gather(&out, |index| {
            let mut from = vec![0; rank];
            order.iter().zip(index).for_each(|(&o, &i)| from[o] = i);
            xs[flat(&shape, &from)]
        });
        assert_close("permute", &x.permute(&order)?, &out, &want, 0.0, 0.0)
    });
}

#[test]
fn narrow_chunk_and_concat_are_inverse() {
    sweep("narrow", 48, |g, d| {
        let rank = g.size(1, 4);
        let shape = random_shape(g, rank);
        let dim = g.size(0, rank - 1);
        let (x, xs) = g.tensor(d, &shape)?;
        let start = g.size(0, shape[dim] - 1);
        let len = g.size(1, shape[dim] - start);
        let part = x.narrow(dim, start, len)?;
        let mut out = shape.clone();
        out[dim] = len;
        let want = gather(&out, |index| {
            let mut from = index.to_vec();
            from[dim] += start;
            xs[flat(&shape, &from)]
        });
        assert_close("narrow", &part, &out, &want, 0.0, 0.0)?;
        let mut parts = vec![part];
        if start > 0 {
            parts.insert(0, x.narrow(dim, 0, start)?);
        }
        if start + len < shape[dim] {
            parts.push(x.narrow(dim, start + len, shape[dim] - start - len)?);
        }
        let whole = Tensor::concat(&parts.iter().collect::<Vec<_>>(), dim)?;
        assert_close("concat", &whole, &shape, &xs, 0.0, 0.0)?;
        let unstacked = x.unstack(dim)?;
        assert_eq!(unstacked.len(), shape[dim]);
        let last = gather(unstacked[0].shape(), |index| {
            let mut from = index.to_vec();
            from.insert(dim, shape[dim] - 1);
            xs[flat(&shape, &from)]
        });
        assert_close("unstack", &unstacked[shape[dim] - 1], unstacked[0].shape(), &last, 0.0, 0.0)
    });
}

#[test]
fn a_cache_grows_and_forgets() {
    sweep("persistent", 12, |g, d| {
        let (capacity, row) = (g.size(4, 20), [g.size(1, 3), g.size(1, 40)]);
        let mut cache = Persistent::zeros(d, &[capacity, row[0], row[1]])?;
        let mut all = Vec::new();
        while cache.len_rows() + 3 <= capacity {
            let n = g.size(1, 3);
            let (rows, wide) = g.tensor(d, &[n, row[0], row[1]])?;
            cache.append(&rows)?;
            all.extend(wide);
            assert_close("filled", &cache.filled()?, &[cache.len_rows(), row[0], row[1]], &all, 0.0, 0.0)?;
        }
        let too_many = Tensor::zeros(d, &[capacity, row[0], row[1]])?;
        assert!(matches!(cache.append(&too_many), Err(TensorError::Shape { op: "append", .. })));
        cache.truncate(1)?;
        all.truncate(row[0] * row[1]);
        assert_close("truncated", &cache.filled()?, &[1, row[0], row[1]], &all, 0.0, 0.0)?;
        assert!(cache.truncate(2).is_err());
        Ok(())
    });
}

#[test]
fn replace_returns_the_value_before() {
    sweep("replace", 4, |g, d| {
        let shape = [g.size(1, 5), g.size(1, 90)];
        let mut memory = Persistent::zeros(d, &shape)?;
        let mut last = vec![0.0; shape[0] * shape[1]];
        for _ in 0..4 {
            let (x, xs) = g.tensor(d, &shape)?;
            assert_close("replace", &memory.replace(&x)?, &shape, &last, 0.0, 0.0)?;
            last = xs;
        }
        Ok(())
    });
}

#[test]
fn a_view_of_a_cache_keeps_its_values_on_the_cpu() -> Result<()> {
    let d = &cpus()[0];
    let mut cache = Persistent::zeros(d, &[4, 2])?;
    cache.append(&Tensor::from_f32(d, &[1, 2], &[1.0, 2.0])?)?;
    let before = cache.view();
    cache.truncate(0)?;
    cache.append(&Tensor::from_f32(d, &[1, 2], &[3.0, 4.0])?)?;
    assert_eq!(pollster::block_on(before.to_vec())?[..2], [1.0, 2.0]);
    assert_eq!(pollster::block_on(cache.filled()?.to_vec())?, [3.0, 4.0]);
    Ok(())
}

#[test]
fn shapes_that_do_not_fit_are_errors() -> Result<()> {
    let d = &cpus()[0];
    let x = Tensor::zeros(d, &[2, 3])?;
    assert!(x.reshape(&[7]).is_err());
    assert!(x.reshape(&[usize::MAX, 2, 3]).is_err());
    assert!(x.narrow(2, 0, 1).is_err());
    assert!(x.narrow(1, 2, 2).is_err());
    assert!(x.narrow(1, usize::MAX, 2).is_err());
    assert!(x.chunk(2, 1).is_err());
    assert!(x.permute(&[0, 0]).is_err());
    assert!(Tensor::concat(&[], 0).is_err());
    assert!(Tensor::concat(&[&x, &Tensor::zeros(d, &[2, 4])?], 0).is_err());
    assert!(Tensor::from_f32(d, &[2, 2], &[0.0; 3]).is_err());
    assert!(Tensor::zeros(d, &[1; 9]).is_err());
    Ok(())
}

#[test]
fn a_steady_loop_of_operations_allocates_no_buffer() -> Result<()> {
    let device = Device::cpu(2);
    let Device::Cpu(cpu) = &device else { unreachable!() };
    let mut g = Gen::new(1);
    let (w, _) = g.tensor(&device, &[64, 64])?;
    let mut cache = Persistent::zeros(&device, &[100, 1, 64])?;
    let mut counts = Vec::new();
    for step in 0..60 {
        let x = Tensor::from_f32(&device, &[3, 64], &g.values(192, 1.0))?;
        let x = x.rms_norm(None, 1e-5)?.linear(&w, None)?.silu()?.reshape(&[3, 1, 64])?;
        cache.append(&x.narrow(0, 0, 1)?)?;
        let o = crate::Attention { scale: 0.1, kv_len: Some(cache.len_rows()), ..Default::default() };
        let y = x.attention(&cache.view(), &cache.view(), &o)?;
        y.permute(&[1, 0, 2])?.add(&x.reshape(&[1, 3, 64])?)?;
        if step >= 5 {
            counts.push(cpu.allocations());
        }
    }
    assert!(counts.iter().all(|&c| c == counts[0]), "buffers taken from the system: {counts:?}");
    Ok(())
}
