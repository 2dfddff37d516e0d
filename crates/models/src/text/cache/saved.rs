//! A cache as bytes, for a session that goes on another day. Little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `KINORAKV` |
//! | 4 | version, 1 |
//! | 8 | [`Decoder::fingerprint`] |
//! | 4 | how keys and values are kept: 0 f32, 1 f16, 2 q8_0 |
//! | 4 | 1 where the long frequencies of LongRoPE were used, else 0 |
//! | 8 | tokens read |
//! | | for each of a layer's memories: the row it begins with (8), its bytes (8), and these, as GGUF stores the type |
//! | 8 | XXH3 of all before |

use xxhash_rust::xxh3::xxh3_64;

use super::{CacheType, KvCache, LayerCache};
use crate::text::Decoder;
use crate::{ModelError, Result};

const MAGIC: &[u8; 8] = b"KINORAKV";
const VERSION: u32 = 1;

impl Decoder {
    /// What `cache` holds, as bytes for [`Decoder::restore_cache`]; waits for the device.
    ///
    /// # Errors
    /// `Tensor` where the device was lost.
    pub async fn save_cache(&self, cache: &KvCache) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.fingerprint().to_le_bytes());
        bytes.extend_from_slice(&number_of(cache.kind).to_le_bytes());
        bytes.extend_from_slice(&u32::from(self.rope.is_long(cache.max_len)).to_le_bytes());
        bytes.extend_from_slice(&(cache.len as u64).to_le_bytes());
        for rows in cache.layers.iter().flat_map(LayerCache::rows) {
            let kept = rows.to_bytes().await?;
            bytes.extend_from_slice(&(rows.first() as u64).to_le_bytes());
            bytes.extend_from_slice(&(kept.len() as u64).to_le_bytes());
            bytes.extend_from_slice(&kept);
        }
        bytes.extend_from_slice(&xxh3_64(&bytes).to_le_bytes());
        Ok(bytes)
    }

    /// The cache that [`Decoder::save_cache`] gave, with room for `max_len` tokens in all.
    ///
    /// # Errors
    /// `Input` for bytes that are something else, damaged, or of another model, version or set of adapters; `ContextFull`
    /// when they hold more tokens than `max_len`; `OutOfMemory`.
    pub fn restore_cache(&self, bytes: &[u8], max_len: usize) -> Result<KvCache> {
        let mut r = Reader(bytes);
        if r.take(MAGIC.len())? != MAGIC {
            return Err(refused("they are no saved session"));
        }
        if r.u32()? != VERSION {
            return Err(refused("another version of the engine saved them"));
        }
        if r.u64()? != self.fingerprint() {
            return Err(refused("another model, or the same with other adapters, made them"));
        }
        let (before, sum) = bytes.split_last_chunk::<8>().ok_or_else(|| refused("they are cut short"))?;
        if xxh3_64(before) != u64::from_le_bytes(*sum) {
            return Err(refused("they are damaged or cut short"));
        }
        let kind = match r.u32()? {
            0 => CacheType::F32,
            1 => CacheType::F16,
            2 => CacheType::Q8_0,
            other => return Err(refused(&format!("type {other} of keys is unknown"))),
        };
        let is_long = r.u32()? != 0;
        let len = r.size()?;
        if len > max_len {
            return Err(ModelError::ContextFull { tokens: len, used: 0, context: max_len });
        }
        if is_long != self.rope.is_long(max_len) {
            return Err(refused("their positions are those of another context length"));
        }
        let mut cache = self.new_cache_in(max_len, kind)?;
        for rows in cache.layers.iter_mut().flat_map(LayerCache::rows_mut) {
            let (first, size) = (r.size()?, r.size()?);
            rows.set_bytes(first, len, r.take(size)?)?;
        }
        if r.0 != sum {
            return Err(refused("they are longer than their contents"));
        }
        cache.len = len;
        Ok(cache)
    }
}

fn number_of(kind: CacheType) -> u32 {
    match kind {
        CacheType::F32 => 0,
        CacheType::F16 => 1,
        CacheType::Q8_0 => 2,
    }
}

fn refused(why: &str) -> ModelError {
    ModelError::Input(format!("the saved session cannot go on: {why}. Read the conversation again"))
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or_else(|| refused("they are cut short"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes(bytes.try_into().map_err(|_| refused("they are cut short"))?))
    }

    fn u64(&mut self) -> Result<u64> {
        let bytes = self.take(8)?;
        Ok(u64::from_le_bytes(bytes.try_into().map_err(|_| refused("they are cut short"))?))
    }

    fn size(&mut self) -> Result<usize> {
        usize::try_from(self.u64()?).map_err(|_| refused("a length in them is too large"))
    }
}
