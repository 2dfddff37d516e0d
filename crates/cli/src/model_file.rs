//! Model files on disk: the header is read as far as it reaches, the weights only where a model is used.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use kinora_formats::check::FileKind;
use kinora_formats::{FormatError, Gguf, HeaderRead, SafeTensors, TokenizerJson, tokenizer_json};

use crate::failure::{Failure, Outcome};

/// A checked header.
pub enum Header {
    /// A GGUF file.
    Gguf(Box<Gguf>),
    /// A safetensors file.
    SafeTensors(Box<SafeTensors>),
    /// A tokenizer of Hugging Face's library.
    Tokenizer(TokenizerJson),
    /// A chat template by itself.
    Template(String),
}

/// Templates longer than this are refused, so no more is read.
const MAX_TEMPLATE: u64 = 4 << 20;
const FIRST_READ: u64 = 64 << 10;

/// Reads and checks the header of the file at `path`; its length comes with it.
pub fn read_header(path: &Path) -> Outcome<(Header, u64)> {
    let place = || path.display().to_string();
    let open = || -> Result<(File, u64), std::io::Error> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok((file, len))
    };
    let (mut file, len) = open().map_err(|e| Failure::from(e).at(place()))?;
    if path.is_dir() {
        return Err(Failure::new("is a folder. Name a .gguf or .safetensors file").at(place()));
    }
    let mut head = Vec::new();
    grow(&mut file, &mut head, FIRST_READ)?;
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let refused = |e: FormatError| Failure::from(e).at(place());
    let header = match FileKind::of(&name, &head) {
        FileKind::Template => {
            grow(&mut file, &mut head, MAX_TEMPLATE)?;
            Header::Template(String::from_utf8(head).map_err(|_| Failure::new("is not UTF-8 text").at(place()))?)
        }
        FileKind::Tokenizer => {
            grow(&mut file, &mut head, tokenizer_json::MAX_BYTES as u64 + 1)?;
            Header::Tokenizer(TokenizerJson::parse(&head).map_err(refused)?)
        }
        FileKind::SafeTensors => {
            let header = whole(&mut file, head, len, SafeTensors::parse_header)?;
            Header::SafeTensors(Box::new(header.map_err(refused)?))
        }
        FileKind::Gguf => {
            let header = whole(&mut file, head, len, Gguf::parse_header)?;
            Header::Gguf(Box::new(header.map_err(refused)?))
        }
    };
    Ok((header, len))
}

/// Reads on until the header is whole or refused.
fn whole<T>(
    file: &mut File,
    mut head: Vec<u8>,
    len: u64,
    parse: impl Fn(&[u8], u64) -> Result<HeaderRead<T>, FormatError>,
) -> Outcome<Result<T, FormatError>> {
    loop {
        match parse(&head, len) {
            Ok(HeaderRead::Done(header)) => return Ok(Ok(header)),
            Err(e) => return Ok(Err(e)),
            Ok(HeaderRead::More(need)) => {
                let have = head.len() as u64;
                // Half as much again, so that a long vocabulary is parsed a few times, not once a string
                grow(file, &mut head, need.max(have + have / 2))?;
                if head.len() as u64 == have {
                    return Err(Failure::new("the file became shorter while it was read"));
                }
            }
        }
    }
}

fn grow(file: &mut File, head: &mut Vec<u8>, to: u64) -> Outcome {
    let more = to.saturating_sub(head.len() as u64);
    file.take(more).read_to_end(head)?;
    Ok(())
}
