//! What a decoder keeps of the tokens read so far, in storage made once.

mod rows;
mod saved;

use std::str::FromStr;

use kinora_formats::BlockType;
use kinora_formats::config::{Layer, TextConfig};
use kinora_tensor::{Device, Persistent, Tensor};

use crate::{ModelError, Result};
pub(super) use rows::{CHUNK, Rows};

/// The memory of a conversation: keys and values, or the inputs of short convolutions. Layers that see a window keep that
/// and a little more, whatever the context.
pub struct KvCache {
    layers: Vec<LayerCache>,
    kind: CacheType,
    len: usize,
    max_len: usize,
}

/// How keys and values are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheType {
    /// As computed.
    #[default]
    F32,
    /// Half the memory; rounding is below that of most quantised weights.
    F16,
    /// A quarter of the memory; heads must be multiples of 32 channels wide.
    Q8_0,
}

impl CacheType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::F32, Self::F16, Self::Q8_0];

    /// As options spell it: `f32`, `f16`, `q8_0`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Q8_0 => "q8_0",
        }
    }

    /// Whether heads of `head_dim` channels can be kept so.
    pub fn fits(self, head_dim: usize) -> bool {
        head_dim.is_multiple_of(self.block().block_len())
    }

    fn block(self) -> BlockType {
        match self {
            Self::F32 => BlockType::F32,
            Self::F16 => BlockType::F16,
            Self::Q8_0 => BlockType::Q8_0,
        }
    }
}

impl FromStr for CacheType {
    type Err = ModelError;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            ModelError::Input(format!("{name} is no type of keys and values: take one of {names}"))
        })
    }
}

/// Bytes that [`KvCache::bytes`] of a network of these sizes would tell, without making it.
pub fn cache_bytes(config: &TextConfig, max_len: usize, kind: CacheType) -> u64 {
    let rows = |row: usize, block: BlockType, rows: usize| {
        let values = row as u64 * rows as u64;
        values / block.block_len() as u64 * block.block_bytes() as u64
    };
    let layer = |layer: &Layer| match layer {
        Layer::Attention { window, .. } => {
            2 * rows(
                config.n_head_kv * config.head_dim,
                kind.block(),
                rows::capacity(window.map(|w| w - 1), 0, max_len),
            )
        }
        Layer::ShortConv => {
            let reach = config.conv_len.saturating_sub(1);
            rows(config.n_embd, BlockType::F32, rows::capacity(Some(reach), reach, max_len))
        }
    };
    config.layers.iter().map(layer).sum()
}

/// The memory of one layer.
pub(super) enum LayerCache {
    Attention(Box<KeysValues>),
    ShortConv(Box<Rows>),
}

/// Rows [Hkv, D] of keys and of values.
pub(super) struct KeysValues {
    keys: Rows,
    values: Rows,
}

/// The keys and values that a layer may still see: the first `len` rows count, and row 0 is that of token `first`.
pub(super) struct Past {
    pub keys: Tensor,
    pub values: Tensor,
    pub len: usize,
    pub first: usize,
}

impl KeysValues {
    /// Adds `keys` and `values` [T, Hkv, D] of the tokens from `start` on.
    pub fn append(&mut self, start: usize, keys: &Tensor, values: &Tensor) -> Result<Past> {
        self.keys.append(start, keys)?;
        self.values.append(start, values)?;
        Ok(self.past())
    }

    /// As [`KeysValues::append`]; `write` appends `t` rows to both.
    pub fn append_with(
        &mut self,
        start: usize,
        t: usize,
        write: impl FnOnce(&mut Persistent, &mut Persistent) -> Result<Tensor>,
    ) -> Result<(Tensor, Past)> {
        let y = write(self.keys.make_room(start, t)?, self.values.make_room(start, t)?)?;
        Ok((y, self.past()))
    }

    fn past(&self) -> Past {
        Past { keys: self.keys.view(), values: self.values.view(), len: self.keys.len(), first: self.keys.first() }
    }
}

impl LayerCache {
    fn rows(&self) -> impl Iterator<Item = &Rows> {
        match self {
            Self::Attention(kv) => [Some(&kv.keys), Some(&kv.values)],
            Self::ShortConv(rows) => [Some(rows.as_ref()), None],
        }
        .into_iter()
        .flatten()
    }

    fn rows_mut(&mut self) -> impl Iterator<Item = &mut Rows> {
        match self {
            Self::Attention(kv) => [Some(&mut kv.keys), Some(&mut kv.values)],
            Self::ShortConv(rows) => [Some(rows.as_mut()), None],
        }
        .into_iter()
        .flatten()
    }
}

impl KvCache {
    pub(super) fn new(device: &Device, config: &TextConfig, max_len: usize, kind: CacheType) -> Result<Self> {
        let layer = |layer: &Layer| {
            Ok(match layer {
                Layer::Attention { window, .. } => {
                    let reach = window.map(|w| w - 1);
                    let rows = || Rows::new(device, &[config.n_head_kv, config.head_dim], kind.block(), reach, max_len);
                    LayerCache::Attention(Box::new(KeysValues { keys: rows()?, values: rows()? }))
                }
                Layer::ShortConv => {
                    let reach = config.conv_len.saturating_sub(1);
                    LayerCache::ShortConv(Box::new(Rows::with_zeros_before(device, &[config.n_embd], reach, max_len)?))
                }
            })
        };
        let layers = config.layers.iter().map(layer).collect::<Result<_>>()?;
        Ok(Self { layers, kind, len: 0, max_len })
    }

    /// How keys and values are kept.
    pub fn kind(&self) -> CacheType {
        self.kind
    }

    /// Tokens read so far.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Tokens that fit in all.
    pub fn max_len(&self) -> usize {
        self.max_len
    }

    /// Bytes of memory it takes, however many tokens were read.
    pub fn bytes(&self) -> usize {
        self.layers.iter().flat_map(LayerCache::rows).map(Rows::bytes).sum()
    }

    /// A second cache that holds the same and goes its own way. On the CPU they share their memory until one is written.
    ///
    /// # Errors
    /// `OutOfMemory`.
    pub fn fork(&self) -> Result<Self> {
        let layer = |layer: &LayerCache| {
            Ok(match layer {
                LayerCache::Attention(kv) => {
                    LayerCache::Attention(Box::new(KeysValues { keys: kv.keys.fork()?, values: kv.values.fork()? }))
                }
                LayerCache::ShortConv(rows) => LayerCache::ShortConv(Box::new(rows.fork()?)),
            })
        };
        Ok(Self { layers: self.layers.iter().map(layer).collect::<Result<_>>()?, ..*self })
    }

    /// Forgets all tokens but the first `n` and returns how many are left: `n`, or 0 where layers that keep only their
    /// window no longer hold what token `n` looks back at. The caller reads the tokens from there on again. The newest 64
    /// tokens can always be taken back one by one.
    ///
    /// # Errors
    /// `Input` when fewer were read, `OutOfMemory`.
    pub fn truncate(&mut self, n: usize) -> Result<usize> {
        if n > self.len {
            return Err(ModelError::Input(format!("the cache holds {} tokens, not {n}", self.len)));
        }
        let reaches = self.layers.iter().flat_map(LayerCache::rows).all(|rows| rows.reaches(n));
        self.len = if reaches { n } else { 0 };
        for rows in self.layers.iter_mut().flat_map(LayerCache::rows_mut) {
            rows.truncate(self.len)?;
        }
        Ok(self.len)
    }

    pub(super) fn check_room(&self, tokens: usize) -> Result<()> {
        if tokens > self.max_len - self.len {
            return Err(ModelError::ContextFull { tokens, used: self.len, context: self.max_len });
        }
        Ok(())
    }

    pub(super) fn layer(&mut self, i: usize) -> Result<&mut LayerCache> {
        self.layers.get_mut(i).ok_or_else(|| ModelError::Config("the cache belongs to another model".into()))
    }

    pub(super) fn advance(&mut self, tokens: usize) {
        self.len += tokens;
    }
}
