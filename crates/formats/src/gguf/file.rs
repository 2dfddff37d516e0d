//! A GGUF model in one file or several, read by ranges.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{Gguf, TensorInfo};
use crate::error::shown;
use crate::{FormatError, HeaderRead, ReadAt, TensorSource, TensorView};

/// Read at first; most headers without a vocabulary fit.
const FIRST_READ: u64 = 1 << 20;

/// A GGUF model: its header, and the files that hold its tensors. Clones share them.
#[derive(Clone)]
pub struct GgufFile {
    parts: Vec<Rc<dyn ReadAt>>,
    gguf: Rc<Gguf>,
}

impl GgufFile {
    /// Checks the header and keeps the bytes.
    ///
    /// # Errors
    /// As [`Gguf::parse`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, FormatError> {
        Self::open(vec![Rc::new(bytes)])
    }

    /// Checks the headers of a model in one file, or in all the parts of a split one, in any order. Weights are read when
    /// they are asked for.
    ///
    /// # Errors
    /// As [`Gguf::parse`]; `Split` where parts are missing, twice there, or of different models.
    pub fn open(files: Vec<Rc<dyn ReadAt>>) -> Result<Self, FormatError> {
        let mut parts = Vec::new();
        for file in files {
            let header = read_header(file.as_ref())?;
            parts.push((file, header));
        }
        let (parts, gguf) = join(parts)?;
        Ok(Self { parts, gguf: Rc::new(gguf) })
    }

    /// The header; of a split model, the first part's metadata and all parts' tensors.
    pub fn gguf(&self) -> &Gguf {
        &self.gguf
    }

    /// Every tensor with where it begins, in bytes from the beginning of the model: of a split one, as if its files lay one behind
    /// the other.
    pub fn places(&self) -> impl Iterator<Item = (&TensorInfo, u64)> {
        let mut first = 0u64;
        let mut before = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            before.push(first);
            first = first.saturating_add(part.size());
        }
        self.gguf.tensors.iter().map(move |t| (t, before.get(t.part).map_or(0, |b| b.saturating_add(t.offset))))
    }

    /// Bytes of all files.
    pub fn size(&self) -> u64 {
        self.parts.iter().map(|part| part.size()).fold(0, u64::saturating_add)
    }
}

impl std::fmt::Debug for GgufFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GgufFile({} parts, {} tensors)", self.parts.len(), self.gguf.tensors.len())
    }
}

impl TensorSource for GgufFile {
    fn tensor(&self, name: &str) -> Result<TensorView<'_>, FormatError> {
        let missing = || FormatError::MissingTensor { name: shown(name) };
        let info = self.gguf.tensor_info(name).ok_or_else(missing)?;
        Gguf::view(info, self.parts.get(info.part).ok_or_else(missing)?.as_ref())
    }

    fn has(&self, name: &str) -> bool {
        self.gguf.tensor_info(name).is_some()
    }

    fn names(&self) -> Vec<String> {
        self.gguf.tensors().map(|t| t.name.clone()).collect()
    }
}

impl Gguf {
    /// The tensor that `info` describes, in the file that this header was read from.
    ///
    /// # Errors
    /// `Unsupported` where its type is none of [`crate::BlockType`]; `Overflow` where it is larger than memory can be.
    pub fn view<'a>(info: &TensorInfo, file: &'a dyn ReadAt) -> Result<TensorView<'a>, FormatError> {
        let (shape, block) = Self::tensor_type(info)?;
        let overflow = |_| FormatError::Overflow { at: info.offset, what: shown(&info.name) };
        let len = usize::try_from(info.bytes).map_err(overflow)?;
        Ok(TensorView::in_file(shape, block, file, info.offset, len))
    }
}

/// Reads from the beginning until the header is whole.
fn read_header(file: &dyn ReadAt) -> Result<Gguf, FormatError> {
    if let Some(bytes) = file.in_memory() {
        return Gguf::parse(bytes);
    }
    let size = file.size();
    let mut head = Vec::new();
    let mut need = FIRST_READ;
    loop {
        let have = head.len();
        let end =
            usize::try_from(need.min(size)).map_err(|_| FormatError::Overflow { at: 0, what: shown("the header") })?;
        if end > have {
            head.resize(end, 0);
            file.read_at(have as u64, head.get_mut(have..).unwrap_or_default())?;
        }
        match Gguf::parse_header(&head, size)? {
            HeaderRead::Done(gguf) => return Ok(gguf),
            HeaderRead::More(more) if end as u64 >= size => {
                let (at, what) = (end as u64, shown("the header"));
                return Err(FormatError::Truncated { at, what, need: more, have: size });
            }
            // half as much again, so that a long vocabulary is parsed a few times, not once a string
            HeaderRead::More(more) => need = more.max((end as u64).saturating_add(end as u64 >> 1)),
        }
    }
}

type Parts = Vec<(Rc<dyn ReadAt>, Gguf)>;

/// Puts the parts of a split model (llama.cpp's `gguf-split`) in order and their tensors into one header.
fn join(parts: Parts) -> Result<(Vec<Rc<dyn ReadAt>>, Gguf), FormatError> {
    let wrong = |message: String| FormatError::Split { message: shown(message) };
    let count_of = |gguf: &Gguf| Ok::<_, FormatError>(gguf.get_u32("split.count")?.unwrap_or(1).max(1));
    let given = parts.len();
    let count = match parts.first() {
        None => return Err(wrong("no file was given".into())),
        Some((_, gguf)) => count_of(gguf)?,
    };
    if count as usize != given {
        return Err(wrong(format!("the model has {count} parts, and {given} were given. Give all of them")));
    }
    let mut order = BTreeMap::new();
    for (file, gguf) in parts {
        let (no, of) = (gguf.get_u32("split.no")?.unwrap_or(0), count_of(&gguf)?);
        if of != count {
            let message = format!("one says that there are {of} parts, another {count}. Take parts of one model");
            return Err(wrong(message));
        }
        if no >= count || order.insert(no, (file, gguf)).is_some() {
            let message = format!("part {} of {count} is there twice or cannot be", no.saturating_add(1));
            return Err(wrong(message));
        }
    }
    let mut names = BTreeSet::new();
    let mut files = Vec::new();
    let mut joined: Option<Gguf> = None;
    for (part, (file, gguf)) in order.into_values().enumerate() {
        files.push(file);
        if let Some(twice) = gguf.tensors.iter().find(|t| !names.insert(t.name.clone())) {
            return Err(wrong(format!("the tensor {} is in two of them", twice.name)));
        }
        match &mut joined {
            None => joined = Some(gguf),
            Some(all) => {
                all.total = all.total.saturating_add(gguf.total);
                for mut info in gguf.tensors {
                    info.part = part;
                    all.index.insert(info.name.clone(), all.tensors.len());
                    all.tensors.push(info);
                }
            }
        }
    }
    let gguf = joined.ok_or_else(|| wrong("no file was given".into()))?;
    match gguf.get_u32("split.tensors.count")? {
        Some(n) if count > 1 && n as usize != gguf.tensors.len() => {
            Err(wrong(format!("the model has {n} tensors, and {} are in its parts", gguf.tensors.len())))
        }
        _ => Ok((files, gguf)),
    }
}
