//! What one layer keeps of the tokens read: all rows, or those that later tokens can still look back at.

use kinora_formats::BlockType;
use kinora_tensor::{Device, Persistent, Tensor};

use crate::{ModelError, Result};

/// Tokens that a model which looks back only so far reads at once; longer stretches are cut.
pub(in crate::text) const CHUNK: usize = 256;

/// Tokens by which such a model can go back without reading anew: what speculation needs.
const ROLLBACK: usize = 64;

/// Rows that are made room for.
pub(super) fn capacity(reach: Option<usize>, pad: usize, max_len: usize) -> usize {
    let all = max_len.saturating_add(pad);
    reach.map_or(all, |reach| all.min(reach.saturating_add(ROLLBACK + CHUNK)))
}

/// Rows [n, ..] in storage made once, one for each token.
pub(in crate::text) struct Rows {
    store: Persistent,
    /// The shape of a row.
    row: Vec<usize>,
    block: BlockType,
    /// The row that the storage begins with.
    first: usize,
    /// How many rows before its own a token looks back at; `None`: all, and nothing is ever dropped.
    reach: Option<usize>,
    /// Rows of zeros before the first token's.
    pad: usize,
}

impl Rows {
    /// For `max_len` tokens, each with a row of the shape `row`, kept as `block`.
    pub fn new(device: &Device, row: &[usize], block: BlockType, reach: Option<usize>, max_len: usize) -> Result<Self> {
        Self::padded(device, row, block, reach, 0, max_len)
    }

    /// As [`Rows::new`] in f32, with rows of zeros for the first token to look back at.
    pub fn with_zeros_before(device: &Device, row: &[usize], reach: usize, max_len: usize) -> Result<Self> {
        Self::padded(device, row, BlockType::F32, Some(reach), reach, max_len)
    }

    fn padded(
        device: &Device,
        row: &[usize],
        block: BlockType,
        reach: Option<usize>,
        pad: usize,
        max_len: usize,
    ) -> Result<Self> {
        let store = Persistent::zeros_in(device, &[&[capacity(reach, pad, max_len)], row].concat(), block)?;
        let mut rows = Self { store, row: row.to_vec(), block, first: 0, reach, pad };
        rows.restart(device)?;
        Ok(rows)
    }

    /// Forgets everything.
    fn restart(&mut self, device: &Device) -> Result<()> {
        self.first = 0;
        self.store.truncate(0)?;
        if self.pad > 0 {
            self.store.append(&Tensor::zeros(device, &[&[self.pad], &self.row[..]].concat())?)?;
        }
        Ok(())
    }

    pub fn fork(&self) -> Result<Self> {
        Ok(Self { store: self.store.fork()?, row: self.row.clone(), ..*self })
    }

    /// Writes `rows` [T, ..] of the tokens from `start` on; later ones, left by a pass that failed, are overwritten.
    pub fn append(&mut self, start: usize, rows: &Tensor) -> Result<()> {
        let store = self.make_room(start, rows.dim(0))?;
        Ok(store.append(rows)?)
    }

    /// The storage, with room for the rows of `t` tokens from `start` on behind those that it holds.
    pub fn make_room(&mut self, start: usize, t: usize) -> Result<&mut Persistent> {
        let at = (start + self.pad).checked_sub(self.first).ok_or_else(|| lost(start))?;
        self.store.truncate(at)?;
        if let Some(reach) = self.reach
            && at + t > self.store.capacity()
        {
            let dropped = at.saturating_sub(reach + ROLLBACK);
            self.store.drop_first(dropped)?;
            self.first += dropped;
        }
        Ok(&mut self.store)
    }

    /// All rows kept, up to the capacity: the first [`Rows::len`] count.
    pub fn view(&self) -> Tensor {
        self.store.view()
    }

    /// Bytes of its storage.
    pub fn bytes(&self) -> usize {
        let (len, block) = (self.store.view().len(), self.block);
        len / block.block_len() * block.block_bytes()
    }

    /// Rows kept.
    pub fn len(&self) -> usize {
        self.store.len_rows()
    }

    /// The row that they begin with.
    pub fn first(&self) -> usize {
        self.first
    }

    /// The newest `n` rows, [n, ..].
    pub fn newest(&self, n: usize) -> Result<Tensor> {
        let filled = self.store.filled()?;
        let start = self.len().checked_sub(n).ok_or_else(|| lost(n))?;
        Ok(filled.narrow(0, start, n)?)
    }

    /// Whether what token `n` looks back at is still there.
    pub fn reaches(&self, n: usize) -> bool {
        let at = n + self.pad;
        let oldest = if self.first == 0 { 0 } else { self.first + self.reach.unwrap_or(0) };
        (oldest..=self.first + self.len()).contains(&at)
    }

    /// Forgets all tokens but the first `n`, which [`Rows::reaches`], or all.
    pub fn truncate(&mut self, n: usize) -> Result<()> {
        if n == 0 {
            let device = self.store.view().device().clone();
            return self.restart(&device);
        }
        Ok(self.store.truncate((n + self.pad).checked_sub(self.first).ok_or_else(|| lost(n))?)?)
    }
}

/// Saving and restoring.
impl Rows {
    /// Every row kept, in the bytes of its type.
    pub async fn to_bytes(&self) -> Result<Vec<u8>> {
        Ok(self.store.to_bytes().await?)
    }

    /// Takes what [`Rows::to_bytes`] gave, when its rows began at `first` and `tokens` had been read.
    pub fn set_bytes(&mut self, first: usize, tokens: usize, bytes: &[u8]) -> Result<()> {
        self.store.set_bytes(bytes)?;
        self.first = first;
        if first.checked_add(self.len()) != Some(tokens + self.pad) || !self.reaches(tokens) {
            return Err(ModelError::Input(format!(
                "{} saved rows from {first} on are not those of {tokens} tokens",
                self.len()
            )));
        }
        Ok(())
    }
}

fn lost(n: usize) -> ModelError {
    ModelError::Input(format!("the cache no longer holds what token {n} looks back at: read the text again"))
}
