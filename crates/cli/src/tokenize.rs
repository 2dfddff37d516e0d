//! `kinora tokenize MODEL [--file TEXT] [--json] [--no-special] [--detokenize]`: token ids, one JSON array, or the text of
//! such an array.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use kinora_formats::Tokenizer;
use kinora_formats::tokenizer::MAX_TEXT;

use crate::failure::{Failure, Outcome};
use crate::model_file::{Header, read_header};

/// Arguments of `kinora tokenize`.
#[derive(clap::Args)]
pub struct Args {
    /// A .gguf file with a tokenizer
    model: PathBuf,
    /// The text; without it, standard input
    #[arg(long, value_name = "TEXT")]
    file: Option<PathBuf>,
    /// A JSON string in the input is taken as its text, an array of strings gives an array of arrays
    #[arg(long)]
    json: bool,
    /// Special tokens in the text are plain text, and no beginning or end token is added
    #[arg(long)]
    no_special: bool,
    /// The input is a JSON array of ids: their text, or with --json a JSON string of it
    #[arg(long, conflicts_with = "no_special")]
    detokenize: bool,
}

/// What `--json` understands.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Texts(Vec<String>),
}

/// Runs the command.
pub fn run(args: &Args) -> Outcome {
    let (Header::Gguf(gguf), _) = read_header(&args.model)? else {
        return Err(Failure::new("has no tokenizer. Name a .gguf file of a text model").at(args.model.display()));
    };
    let tokenizer = Tokenizer::from_gguf(&gguf).map_err(|e| Failure::from(e).at(args.model.display()))?;
    let text = input(args.file.as_deref())?;
    if args.detokenize {
        return detokenize(&tokenizer, &text, args.json);
    }
    let encode = |text: &str| -> Outcome<Vec<u32>> {
        Ok(match args.no_special {
            true => tokenizer.encode(text, false)?,
            false => tokenizer.encode_framed(text, true)?,
        })
    };
    // Text that is no JSON is still text
    let json = args.json.then(|| serde_json::from_str(&text).ok()).flatten();
    let out = match json {
        Some(Input::Texts(texts)) => {
            serde_json::to_string(&texts.iter().map(|t| encode(t)).collect::<Outcome<Vec<_>>>()?)?
        }
        Some(Input::Text(one)) => serde_json::to_string(&encode(&one)?)?,
        None => serde_json::to_string(&encode(&text)?)?,
    };
    writeln!(std::io::stdout().lock(), "{out}")?;
    Ok(())
}

fn detokenize(tokenizer: &Tokenizer, ids: &str, json: bool) -> Outcome {
    let ids: Vec<u32> = serde_json::from_str(ids)
        .map_err(|e| Failure::new(format!("the input is no JSON array of token ids ({e}). Give one such as [1, 2]")))?;
    let size = tokenizer.vocab_size();
    if let Some(id) = ids.iter().find(|id| **id as usize >= size) {
        return Err(Failure::new(format!("{id} is no token: the vocabulary has {size}")));
    }
    let text = tokenizer.decode(&ids);
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(&text)?)?
    } else {
        write!(out, "{text}")?
    }
    Ok(())
}

/// The text of `file` or of standard input; no more is read than is encoded.
pub fn input(file: Option<&Path>) -> Outcome<String> {
    let mut text = Vec::new();
    let limit = MAX_TEXT as u64 + 1;
    let place = file.map_or_else(|| "standard input".to_owned(), |f| f.display().to_string());
    let read = match file {
        Some(path) => std::fs::File::open(path).and_then(|f| f.take(limit).read_to_end(&mut text)),
        None => std::io::stdin().lock().take(limit).read_to_end(&mut text),
    };
    read.map_err(|e| Failure::from(e).at(&place))?;
    String::from_utf8(text).map_err(|_| Failure::new("is not UTF-8 text").at(&place))
}
