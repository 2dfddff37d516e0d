use kinora_formats::BlockType;

use crate::testing::{assert_close, cpus, sweep};
use crate::{Result, Tensor};

#[test]
fn embedding_widens_the_rows_of_every_block_type() {
    sweep("embedding", 8, |g, d| {
        for block in BlockType::ALL {
            let (v, c) = (g.size(1, 50), block.block_len() * g.size(1, 3));
            let (table, values) = g.weight(d, block, [v, c])?;
            let ids: Vec<u32> = (0..g.size(1, 9)).map(|_| g.size(0, v - 1) as u32).collect();
            let y = Tensor::embedding(&table, &Tensor::from_u32(d, &[ids.len()], &ids)?)?;
            let want: Vec<f64> = ids.iter().flat_map(|&id| values[id as usize * c..][..c].to_vec()).collect();
            assert_close(block.name(), &y, &[ids.len(), c], &want, 1e-7, 1e-6)?;
        }
        Ok(())
    });
}

#[test]
fn an_id_beyond_the_table_gives_zeros() -> Result<()> {
    for d in cpus() {
        let table = Tensor::from_f32(d, &[2, 2], &[1.0, 2.0, 3.0, 4.0])?;
        let y = Tensor::embedding(&table, &Tensor::from_u32(d, &[2], &[1, 2])?)?;
        assert_eq!(pollster::block_on(y.to_vec())?, [3.0, 4.0, 0.0, 0.0]);
    }
    Ok(())
}
