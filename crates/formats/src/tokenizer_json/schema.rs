//! The JSON of a `tokenizer.json`, as far as it is checked; other fields are passed over.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

/// Borrowed from the file where it holds no escapes.
type Borrowed<'a> = Cow<'a, str>;

#[derive(Deserialize)]
pub(super) struct File<'a> {
    pub truncation: Option<Truncation>,
    #[serde(borrow)]
    pub added_tokens: Option<Vec<Added<'a>>>,
    #[serde(borrow)]
    pub normalizer: Option<Step<'a>>,
    #[serde(borrow)]
    pub pre_tokenizer: Option<Step<'a>>,
    #[serde(borrow)]
    pub post_processor: Option<Step<'a>>,
    #[serde(borrow)]
    pub decoder: Option<Step<'a>>,
    #[serde(borrow)]
    pub model: Model<'a>,
}

#[derive(Deserialize)]
pub(super) struct Truncation {
    pub max_length: usize,
    pub stride: usize,
}

#[derive(Deserialize)]
pub(super) struct Added<'a> {
    pub id: u32,
    #[serde(borrow)]
    pub content: Borrowed<'a>,
}

/// A model of any kind: its kind says which fields it needs.
#[derive(Deserialize)]
pub(super) struct Model<'a> {
    #[serde(borrow, default)]
    pub r#type: Option<Borrowed<'a>>,
    #[serde(borrow)]
    pub vocab: Vocab<'a>,
    #[serde(borrow, default)]
    pub merges: Option<Vec<Merge<'a>>>,
    #[serde(borrow, default)]
    pub unk_token: Option<Borrowed<'a>>,
    pub unk_id: Option<usize>,
    pub dropout: Option<f64>,
    #[serde(borrow, default)]
    pub continuing_subword_prefix: Option<Borrowed<'a>>,
}

/// A string that is borrowed inside a list too.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub Borrowed<'a>);

/// Tokens with ids, or with scores in the order of their ids.
pub(super) enum Vocab<'a> {
    Ids(Vec<(Text<'a>, u32)>),
    Scored(Vec<(Text<'a>, f64)>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Vocab<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<'a>(PhantomData<&'a str>);
        impl<'de: 'a, 'a> Visitor<'de> for Either<'a> {
            type Value = Vocab<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a vocabulary")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut tokens = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    tokens.push(entry);
                }
                Ok(Vocab::Ids(tokens))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut pieces = Vec::new();
                while let Some(piece) = list.next_element()? {
                    pieces.push(piece);
                }
                Ok(Vocab::Scored(pieces))
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

/// `"a b"`, or since 2024 `["a", "b"]`.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Merge<'a> {
    Spaced(#[serde(borrow)] Borrowed<'a>),
    Pair(#[serde(borrow)] Text<'a>, Text<'a>),
}

impl Merge<'_> {
    pub fn parts(&self) -> Option<(&str, &str)> {
        match self {
            Self::Spaced(text) => text.split_once(' '),
            Self::Pair(left, right) => Some((&left.0, &right.0)),
        }
    }
}

/// A normalizer, pre-tokenizer, post-processor or decoder of any kind.
#[derive(Deserialize)]
pub(super) struct Step<'a> {
    #[serde(borrow)]
    pub r#type: Borrowed<'a>,
    #[serde(borrow, default)]
    pub normalizers: Option<Vec<Step<'a>>>,
    #[serde(borrow, default)]
    pub pretokenizers: Option<Vec<Step<'a>>>,
    #[serde(borrow, default)]
    pub processors: Option<Vec<Step<'a>>>,
    #[serde(borrow, default)]
    pub decoders: Option<Vec<Step<'a>>>,
    #[serde(borrow, default)]
    pub pattern: Option<Pattern<'a>>,
    #[serde(borrow, default)]
    pub content: Option<Borrowed<'a>>,
    #[serde(borrow, default)]
    pub prepend: Option<Borrowed<'a>>,
    #[serde(borrow, default)]
    pub precompiled_charsmap: Option<Borrowed<'a>>,
    pub replacement: Option<char>,
    pub length: Option<usize>,
    #[serde(borrow, default)]
    pub single: Option<Vec<Piece<'a>>>,
    #[serde(borrow, default)]
    pub pair: Option<Vec<Piece<'a>>>,
    #[serde(borrow, default)]
    pub special_tokens: Option<BTreeMap<Borrowed<'a>, serde::de::IgnoredAny>>,
}

#[derive(Deserialize)]
pub(super) enum Pattern<'a> {
    String(#[serde(borrow)] Borrowed<'a>),
    Regex(#[serde(borrow)] Borrowed<'a>),
}

/// A part of a post-processor's template.
#[derive(Deserialize)]
pub(super) enum Piece<'a> {
    Sequence(serde::de::IgnoredAny),
    SpecialToken {
        #[serde(borrow)]
        id: Borrowed<'a>,
    },
}
