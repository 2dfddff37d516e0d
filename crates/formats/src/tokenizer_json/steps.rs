//! The steps around the model: known kinds, and only what ends in sane time and memory.

use super::schema::{Pattern, Piece, Step};
use super::{pattern, wrong};
use crate::FormatError;
use crate::tokenizer::is_charsmap;

/// What normalizers may make of a character, in bytes for each byte, all together.
const MAX_GROWTH: usize = 4096;
/// Longest text that is put before another one.
const MAX_PREPEND: usize = 1024;

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Normalizer,
    PreTokenizer,
    PostProcessor,
    Decoder,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Normalizer => "normalizer",
            Self::PreTokenizer => "pre-tokenizer",
            Self::PostProcessor => "post-processor",
            Self::Decoder => "decoder",
        }
    }

    fn knows(self, kind: &str) -> bool {
        match self {
            Self::Normalizer => matches!(
                kind,
                "BertNormalizer"
                    | "Strip"
                    | "StripAccents"
                    | "NFC"
                    | "NFD"
                    | "NFKC"
                    | "NFKD"
                    | "Sequence"
                    | "Lowercase"
                    | "Nmt"
                    | "Precompiled"
                    | "Replace"
                    | "Prepend"
                    | "ByteLevel"
            ),
            Self::PreTokenizer => matches!(
                kind,
                "BertPreTokenizer"
                    | "ByteLevel"
                    | "CharDelimiterSplit"
                    | "Metaspace"
                    | "Whitespace"
                    | "WhitespaceSplit"
                    | "Sequence"
                    | "Split"
                    | "Punctuation"
                    | "Digits"
                    | "UnicodeScripts"
                    | "FixedLength"
            ),
            Self::PostProcessor => {
                matches!(kind, "RobertaProcessing" | "BertProcessing" | "ByteLevel" | "TemplateProcessing" | "Sequence")
            }
            Self::Decoder => matches!(
                kind,
                "BPEDecoder"
                    | "ByteLevel"
                    | "WordPiece"
                    | "Metaspace"
                    | "CTC"
                    | "Sequence"
                    | "Replace"
                    | "Fuse"
                    | "Strip"
                    | "ByteFallback"
            ),
        }
    }
}

/// Checks a step and all steps inside it.
pub(super) fn check(place: Place, step: &Step) -> Result<(), FormatError> {
    let growth = walk(place, step)?;
    if growth > MAX_GROWTH {
        return Err(wrong(format!("its {} makes a text {growth} times as long", place.name())));
    }
    Ok(())
}

/// How many times as long a text may become.
fn walk(place: Place, step: &Step) -> Result<usize, FormatError> {
    let kind = step.r#type.as_ref();
    if !place.knows(kind) {
        return Err(wrong(format!("the {} {kind:?} is unknown", place.name())));
    }
    let missing = |field: &str| wrong(format!("the {} {kind} has no {field}", place.name()));
    match kind {
        "Sequence" => {
            let inside = match place {
                Place::Normalizer => &step.normalizers,
                Place::PreTokenizer => &step.pretokenizers,
                Place::PostProcessor => &step.processors,
                Place::Decoder => &step.decoders,
            };
            let inside = inside.as_ref().ok_or_else(|| missing("list of steps"))?;
            return inside.iter().try_fold(1usize, |all, step| Ok(all.saturating_mul(walk(place, step)?)));
        }
        "Precompiled" => {
            let map = step.precompiled_charsmap.as_deref().ok_or_else(|| missing("table"))?;
            if !base64(map).is_some_and(|map| is_charsmap(&map)) {
                return Err(wrong("precompiled_charsmap holds no table"));
            }
        }
        "Replace" | "Split" => {
            let found = match step.pattern.as_ref().ok_or_else(|| missing("pattern"))? {
                Pattern::String(text) => text.len(),
                Pattern::Regex(regex) => {
                    pattern::check(regex).map_err(|why| wrong(format!("the pattern {regex:?} {why}")))?;
                    1
                }
            };
            let content = step.content.as_ref().map_or(0, |text| text.len());
            return Ok(content.div_ceil(found.max(1)).max(1));
        }
        "Prepend" if step.prepend.as_ref().is_some_and(|text| text.len() > MAX_PREPEND) => {
            return Err(wrong(format!("it puts more than {MAX_PREPEND} bytes before a text")));
        }
        "Metaspace" if step.replacement.is_none() => return Err(missing("replacement")),
        "FixedLength" if step.length == Some(0) => return Err(wrong("the pre-tokenizer FixedLength cuts at 0")),
        "TemplateProcessing" => {
            for piece in step.single.iter().chain(&step.pair).flatten() {
                let Piece::SpecialToken { id } = piece else { continue };
                if !step.special_tokens.as_ref().is_some_and(|known| known.contains_key(id)) {
                    return Err(wrong(format!("the template needs {id:?}, which it does not describe")));
                }
            }
        }
        _ => {}
    }
    Ok(1)
}

/// Decodes RFC 4648's alphabet with its padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut out = Vec::with_capacity(text.len());
    let (mut bits, mut n) = (0u32, 0u32);
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c.wrapping_sub(b'A'),
            b'a'..=b'z' => c.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => c.wrapping_sub(b'0').wrapping_add(52),
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        n = n.wrapping_add(6);
        if n >= 8 {
            n = n.wrapping_sub(8);
            out.push((bits >> n) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_of_every_length_is_read() {
        let pairs = [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob")];
        for (text, bytes) in pairs {
            assert_eq!(base64(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(base64("////").unwrap(), [255; 3]);
        assert_eq!(base64("Zm 9"), None);
    }
}
