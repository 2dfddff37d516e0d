use kinora_formats::{BlockType, TensorView, quant};

use super::{Cells, Product, Rounded};
use crate::simd::Isa;
use crate::testing::{Gen, cpus};
use crate::{CpuDevice, Device};

fn quantised() -> impl Iterator<Item = BlockType> {
    BlockType::ALL.into_iter().filter(|block| block.quant_layout().is_some())
}

fn cells(d: &CpuDevice, view: &TensorView<'_>) -> Cells {
    Cells::from_file(d, std::slice::from_ref(view)).unwrap()
}

#[test]
fn cells_hold_the_values_of_the_file() {
    let mut g = Gen::new(5);
    for block in quantised() {
        for isa in Isa::available() {
            let d = CpuDevice::new(1).with_isa(isa);
            let (rows, cols) = (21, 2 * block.block_len());
            let bytes = g.blocks(block, rows * cols);
            let mut want = vec![0.0; rows * cols];
            quant::dequantize(block, &bytes, &mut want).unwrap();
            let all = cells(&d, &TensorView::new(vec![rows, cols], block, &bytes));
            let part = all.rows(3, 17);
            let mut got = vec![0.0; cols];
            for row in 0..rows {
                all.widen(row, 0, &mut got);
                assert_eq!(got, want[row * cols..][..cols], "{} {} row {row}", block.name(), isa.name());
                if let Some(row) = row.checked_sub(3).filter(|row| *row < 17) {
                    part.widen(row, 0, &mut got);
                    assert_eq!(got, want[(row + 3) * cols..][..cols], "{} part", block.name());
                }
            }
        }
    }
}

/// Whole activations and no rounding: the integer sums are exact, also at the ends of their range.
#[test]
fn products_are_exact_where_activations_are_whole_numbers() {
    let mut g = Gen::new(6);
    for d in cpus() {
        let Device::Cpu(d) = d else { continue };
        for block in quantised() {
            for (m, n, extreme) in [(1, 5, false), (13, 40, false), (8, 3, true)] {
                let k = 2 * block.block_len();
                let mut bytes = g.blocks(block, n * k);
                if extreme {
                    // all quants at their largest
                    let scales = crate::testing::scales_of(block);
                    for b in bytes.chunks_exact_mut(block.block_bytes()) {
                        let kept: Vec<[u8; 2]> = scales.iter().map(|&at| [b[at], b[at + 1]]).collect();
                        b.fill(255);
                        scales.iter().zip(kept).for_each(|(&at, s)| b[at..at + 2].copy_from_slice(&s));
                    }
                }
                // ±127 in every block, so that its scale is 1
                let x: Vec<f32> = (0..m * k)
                    .map(|i| match i % 32 {
                        0 => 127.0,
                        _ if extreme => -127.0,
                        _ => f32::from(g.bits() as i8).max(-127.0),
                    })
                    .collect();
                let mut w = vec![0.0; n * k];
                quant::dequantize(block, &bytes, &mut w).unwrap();
                let cells = cells(d, &TensorView::new(vec![n, k], block, &bytes));
                let rounded = Rounded::new(d, &x, m, k, &block.quant_layout().unwrap()).unwrap();
                let mut y = vec![0.0; m * n];
                Product { x: &rounded, w: &cells, n, bias: None }.run(d, &mut y);
                for (i, y) in y.iter().enumerate() {
                    let products = x[i / n * k..][..k].iter().zip(&w[i % n * k..][..k]);
                    let (mut want, mut size) = (0.0f64, 0.0f64);
                    products.for_each(|(x, w)| {
                        want += f64::from(x * w);
                        size += f64::from((x * w).abs());
                    });
                    let near = (f64::from(*y) - want).abs() <= 1e-6 * size;
                    assert!(near, "{} {m}×{k}×{n} {}: got {y}, want {want}", block.name(), d.description());
                }
            }
        }
    }
}

/// Speculation and chunked prompts rely on it.
#[test]
fn a_row_of_a_product_does_not_depend_on_its_neighbours() {
    let mut g = Gen::new(7);
    let d = CpuDevice::new(2);
    for block in quantised() {
        let (m, n, k) = (45, 37, block.block_len() * 2);
        let bytes = g.blocks(block, n * k);
        let cells = cells(&d, &TensorView::new(vec![n, k], block, &bytes));
        let x = g.values(m * k, 1.0);
        let product = |x: &[f32]| {
            let m = x.len() / k;
            let rounded = Rounded::new(&d, x, m, k, &block.quant_layout().unwrap()).unwrap();
            let mut y = vec![0.0; m * n];
            Product { x: &rounded, w: &cells, n, bias: None }.run(&d, &mut y);
            y
        };
        let all = product(&x);
        for row in 0..m {
            assert_eq!(all[row * n..][..n], product(&x[row * k..][..k]), "{} row {row}", block.name());
        }
    }
}

#[test]
fn what_is_not_finite_stays_so() {
    let mut g = Gen::new(8);
    let d = CpuDevice::new(1);
    let (n, k) = (5, 64);
    let bytes = g.blocks(BlockType::Q8_0, n * k);
    let cells = cells(&d, &TensorView::new(vec![n, k], BlockType::Q8_0, &bytes));
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut x = g.values(k, 1.0);
        x[40] = bad;
        let rounded = Rounded::new(&d, &x, 1, k, &BlockType::Q8_0.quant_layout().unwrap()).unwrap();
        let mut y = vec![0.0; n];
        Product { x: &rounded, w: &cells, n, bias: None }.run(&d, &mut y);
        assert!(y.iter().all(|y| !y.is_finite()), "{bad} became {y:?}");
    }
}
