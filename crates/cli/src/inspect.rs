//! `kinora inspect FILE [--full]`: what a model file holds, or why it is refused.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use kinora_engine::Engine;
use kinora_formats::check::{CheckedGguf, CheckedNetwork, CheckedTemplate};
use kinora_formats::{Gguf, MetaValue, SafeTensors, TokenizerJson, shown};
use serde_json::{Map, Value, json};

use crate::failure::Outcome;
use crate::model_file::{Header, read_header};
use crate::text_model::TextArgs;

/// Arguments of `kinora inspect`.
#[derive(clap::Args)]
pub struct Args {
    /// A .gguf or .safetensors file, a tokenizer.json, or a chat template (.jinja)
    file: PathBuf,
    /// Also build the tokenizer, render the chat template and check every shape against the config
    #[arg(long)]
    full: bool,
    /// One JSON object: metadata, tensors, and what a text model takes in memory
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    text: TextArgs,
}

/// Runs the command.
pub fn run(args: &Args) -> Outcome {
    let (header, len) = read_header(&args.file)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    if args.json {
        if args.full {
            full(&mut std::io::sink(), &header).map_err(|e| e.at(args.file.display()))?;
        }
        let mut told = as_json(&header, len);
        if let Header::Gguf(gguf) = &header {
            told["estimate"] = estimate(gguf, &args.text);
        }
        writeln!(out, "{told}")?;
        out.flush()?;
        return Ok(());
    }
    match &header {
        Header::Gguf(gguf) => list_gguf(&mut out, gguf, len)?,
        Header::SafeTensors(header) => list_safetensors(&mut out, header, len)?,
        Header::Tokenizer(TokenizerJson { model, tokens, merges, added }) => {
            writeln!(out, "tokenizer: {model}, {tokens} tokens, {merges} merges, {added} added tokens")?;
        }
        Header::Template(text) => writeln!(out, "chat template, {} characters", text.chars().count())?,
    }
    if args.full {
        full(&mut out, &header).map_err(|e| e.at(args.file.display()))?;
    }
    out.flush()?;
    Ok(())
}

/// What the lists below say, for programs. Arrays of metadata are told by their length and kind.
fn as_json(header: &Header, bytes: u64) -> Value {
    match header {
        Header::Gguf(gguf) => {
            let metadata = gguf.metadata_iter().map(|(key, value)| (key.to_string(), meta_json(value)));
            let tensors = gguf.tensors().map(|t| {
                json!({ "name": t.name, "type": t.ty.name(), "shape": t.shape, "bytes": t.bytes, "offset": t.offset })
            });
            json!({ "format": "gguf", "version": gguf.version(), "bytes": bytes, "alignment": gguf.alignment(),
                "metadata": metadata.collect::<Map<_, _>>(), "tensors": tensors.collect::<Vec<_>>() })
        }
        Header::SafeTensors(header) => {
            let metadata = header.metadata_iter().map(|(key, value)| (key.to_string(), Value::from(value)));
            let tensors = header.tensors().map(|t| {
                json!({ "name": t.name, "type": t.dtype.name(), "shape": t.shape, "bytes": t.bytes, "offset": t.offset })
            });
            json!({ "format": "safetensors", "bytes": bytes, "metadata": metadata.collect::<Map<_, _>>(),
                "tensors": tensors.collect::<Vec<_>>() })
        }
        Header::Tokenizer(TokenizerJson { model, tokens, merges, added }) => {
            json!({ "format": "tokenizer", "bytes": bytes, "model": model, "tokens": tokens, "merges": merges, "added": added })
        }
        Header::Template(text) => json!({ "format": "template", "bytes": bytes, "characters": text.chars().count() }),
    }
}

/// What it takes in memory, in bytes; what the engine does not run says why.
fn estimate(gguf: &Gguf, args: &TextArgs) -> Value {
    match Engine::estimate(gguf, &args.options(), None, 0) {
        Ok(estimate) => serde_json::to_value(estimate).unwrap_or_default(),
        Err(e) => json!({ "error": { "code": e.code, "message": e.message } }),
    }
}

fn meta_json(value: &MetaValue) -> Value {
    match value {
        MetaValue::Str(s) => Value::from(s.as_str()),
        MetaValue::Array(a) => json!({ "length": a.len(), "of": a.element_name() }),
        MetaValue::Bool(b) => Value::from(*b),
        MetaValue::F32(x) => x.to_string().parse::<f64>().map_or(Value::Null, Value::from),
        MetaValue::F64(x) => Value::from(*x),
        // Beyond 64 bits there is nothing
        other => other
            .as_integer()
            .map_or(Value::Null, |n| n.to_string().parse::<serde_json::Number>().map_or(Value::Null, Value::Number)),
    }
}

/// Everything that a model's use would need of the header.
fn full(out: &mut impl Write, header: &Header) -> Outcome {
    match header {
        Header::Gguf(gguf) => full_gguf(out, gguf),
        // These say nothing about their network: their checks are done when they were read
        Header::SafeTensors(_) | Header::Tokenizer(_) => Ok(()),
        Header::Template(source) => render(out, &CheckedTemplate::of_source(source)?),
    }
}

fn full_gguf(out: &mut impl Write, gguf: &Gguf) -> Outcome {
    let CheckedGguf { tokenizer, template, network } = CheckedGguf::of(gguf)?;
    if let Some(t) = tokenizer {
        writeln!(out, "tokenizer: {} tokens; the sample text takes {}", t.tokens, t.sample)?;
    }
    if let Some(template) = template {
        render(out, &template)?;
    }
    match network {
        Some(CheckedNetwork::Encoder(c)) => writeln!(
            out,
            "encoder: {} blocks of width {}, {} heads, {:?} pooling, fits its tensors",
            c.n_layer, c.n_embd, c.n_head, c.pooling
        )?,
        Some(CheckedNetwork::Text(c)) => writeln!(
            out,
            "text model: {:?}, {} blocks of width {}, {} heads ({} kv), fits its tensors",
            c.family, c.n_layer, c.n_embd, c.n_head, c.n_head_kv
        )?,
        None => writeln!(out, "no text model: there is nothing to check tensors against")?,
    }
    Ok(())
}

fn render(out: &mut impl Write, template: &CheckedTemplate) -> Outcome {
    writeln!(out, "chat template: two messages take {} characters", template.characters)?;
    let f = &template.features;
    let yes = |is: bool| if is { "yes" } else { "no" };
    let known = if f.calls_known { "" } else { " (the default: the template shows none)" };
    writeln!(
        out,
        "  tools: {}; a call: {}{known}",
        f.tools.unwrap_or("no"),
        shown(f.calls.write("NAME", "{…}", "ID"))
    )?;
    writeln!(
        out,
        "  thinking: {}, switch: {}; system message: {}; content in parts: {}",
        yes(f.thinking),
        yes(f.thinking_switch),
        yes(f.system),
        yes(f.parts)
    )?;
    Ok(())
}

fn list_gguf(out: &mut impl Write, gguf: &Gguf, len: u64) -> Outcome {
    writeln!(out, "GGUF version {}, {len} bytes, aligned to {}", gguf.version(), gguf.alignment())?;
    writeln!(out, "{} keys", gguf.metadata_iter().count())?;
    for (key, value) in gguf.metadata_iter() {
        writeln!(out, "  {} = {}", shown(key), describe(value))?;
    }
    writeln!(out, "{} tensors", gguf.tensors().len())?;
    for t in gguf.tensors() {
        writeln!(out, "  {}  {}  {:?}  {} bytes at {:#x}", shown(&t.name), t.ty.name(), t.shape, t.bytes, t.offset)?;
    }
    Ok(())
}

fn describe(value: &MetaValue) -> String {
    match value {
        MetaValue::Str(s) => format!("\"{}\"", shown(s)),
        MetaValue::Array(a) => format!("{} × {}", a.len(), a.element_name()),
        MetaValue::Bool(b) => b.to_string(),
        MetaValue::F32(x) => x.to_string(),
        MetaValue::F64(x) => x.to_string(),
        other => other.as_integer().map(|n| n.to_string()).unwrap_or_default(),
    }
}

fn list_safetensors(out: &mut impl Write, header: &SafeTensors, len: u64) -> Outcome {
    writeln!(out, "safetensors, {len} bytes")?;
    writeln!(out, "{} metadata keys", header.metadata_iter().count())?;
    for (key, value) in header.metadata_iter() {
        writeln!(out, "  {} = \"{}\"", shown(key), shown(value))?;
    }
    writeln!(out, "{} tensors", header.tensors().len())?;
    for t in header.tensors() {
        writeln!(out, "  {}  {}  {:?}  {} bytes at {:#x}", shown(&t.name), t.dtype.name(), t.shape, t.bytes, t.offset)?;
    }
    Ok(())
}
