//! Pre-tokenizers: how a text falls into words before merging, by the names that llama.cpp gives them.

use super::split::Item::{Contraction, End, MaybeContraction, NotBeforeText, Phrase, Some as Of, Text};
use super::split::{Class, Item, Step};
use super::unicode::Char;
use crate::FormatError;
use crate::error::shown;

const ANY: usize = usize::MAX;

const SPACE: Class = |c| c.c == ' ';
const WHITE: Class = |c| c.space;
const NOT_WHITE: Class = |c| !c.space;
const NEWLINE: Class = |c| matches!(c.c, '\r' | '\n');
const NEWLINE_SLASH: Class = |c| matches!(c.c, '\r' | '\n' | '/');
const LETTER: Class = Char::letter;
const NUMBER: Class = Char::number;
const LETTER_MARK: Class = |c| c.letter() || c.mark();
const OTHER: Class = |c| !c.space && !c.letter() && !c.number();
const OTHER_NO_MARK: Class = |c| OTHER(c) && !c.mark();
const PUNCTUATION: Class = Char::punctuation;
const PUNCTUATION_SYMBOL: Class = |c| c.punctuation() || c.symbol();
/// `[^\r\n\p{L}\p{N}]`: what may stand before a word and belongs to it.
const LEAD: Class = |c| !NEWLINE(c) && !c.letter() && !c.number();
/// `[^\r\n\p{L}\p{P}\p{S}]`.
const LEAD_NO_SYMBOL: Class = |c| !NEWLINE(c) && !c.letter() && !PUNCTUATION_SYMBOL(c);
/// Letters that may be capitals: llama.cpp tells the cases apart for ASCII only.
const UPPER: Class = |c| c.letter() && !c.c.is_ascii_lowercase();
const LOWER: Class = |c| c.letter() && !c.c.is_ascii_uppercase();
const UPPER_MARK: Class = |c| c.mark() || UPPER(c);
const LOWER_MARK: Class = |c| c.mark() || LOWER(c);
const ASCII_DIGIT: Class = |c| c.c.is_ascii_digit();
const ASCII_LETTER: Class = |c| c.c.is_ascii_alphabetic();
const ASCII_PUNCTUATION: Class = |c| c.c.is_ascii_punctuation();
const HAN: Class = |c| {
    matches!(u32::from(c.c), 0x4e00..=0x9fff | 0x3400..=0x4dbf | 0x20000..=0x2a6df | 0x2a700..=0x2b73f | 0x2b740..=0x2b81f
        | 0x2b820..=0x2ceaf | 0x2ceb0..=0x2ebef | 0xf900..=0xfaff | 0x2f800..=0x2fa1f)
};
const LETTER_NOT_HAN: Class = |c| c.letter() && !HAN(c);
/// `[一-龥぀-ゟ゠-ヿ]`.
const CJK_KANA: Class = |c| !c.space && matches!(u32::from(c.c), 0x4e00..=0x9fa5 | 0x3040..=0x309f | 0x30a0..=0x30ff);
/// `[一-龥ࠀ-一가-퟿]`; white space counts as none of it.
const CJK_WIDE: Class = |c| !c.space && matches!(u32::from(c.c), 0x800..=0x9fa5 | 0xac00..=0xd7ff);
/// `[^(\s|.,!?…。，、।۔،)]`.
const SENTENCE: Class = |c| {
    !c.space
        && !matches!(
            u32::from(c.c),
            0x28 | 0x7c | 0x2e | 0x2c | 0x21 | 0x3f | 0x2026 | 0x3002 | 0xff0c | 0x3001 | 0x964 | 0x6d4 | 0x60c | 0x29
        )
};
/// Letters of scripts with case, as DeepSeek LLM lists them.
const CASED: Class = |c| {
    !c.space
        && matches!(u32::from(c.c), 0x41..=0x5a | 0x61..=0x7a | 0xb5 | 0xc0..=0xd6 | 0xd8..=0xf6 | 0xf8..=0x1ba | 0x1bc..=0x1bf | 0x1c4..=0x293 | 0x295..=0x2af | 0x370..=0x373 | 0x376 | 0x377 | 0x37b..=0x37d | 0x37f | 0x386 | 0x388..=0x38a | 0x38c | 0x38e..=0x3a1 | 0x3a3..=0x3f5 | 0x3f7..=0x481 | 0x48a..=0x52f | 0x531..=0x556 | 0x10a0..=0x10c5 | 0x13a0..=0x13f5 | 0x13f8..=0x13fd | 0x1c90..=0x1cba | 0x1cbd..=0x1cbf | 0x1d00..=0x1d2b | 0x1d6b..=0x1d77 | 0x1d79..=0x1d9a | 0x1e00..=0x1f15 | 0x1f18..=0x1f1d | 0x1f20..=0x1f45 | 0x1f48..=0x1f4d | 0x1f50..=0x1f57 | 0x1f59 | 0x1f5b | 0x1f5d | 0x1f5f..=0x1f7d | 0x1f80..=0x1fb4 | 0x1fb6..=0x1fbc | 0x1fbe | 0x1fc2..=0x1fc4 | 0x1fc6..=0x1fcc | 0x1fd0..=0x1fd3 | 0x1fd6..=0x1fdb | 0x1fe0..=0x1fec | 0x1ff2..=0x1ff4 | 0x1ff6..=0x1ffc | 0x2102 | 0x2107 | 0x210a..=0x2113 | 0x2115 | 0x2119..=0x211d | 0x2124 | 0x2126 | 0x2128 | 0x212a..=0x212d | 0x212f..=0x2134 | 0x2139 | 0x213c..=0x213f | 0x2145..=0x2149 | 0x214e | 0x2183 | 0x2184 | 0x2c00..=0x2c7b | 0x2c7e..=0x2ce4 | 0x2ceb..=0x2cee | 0x2cf2 | 0x2cf3 | 0xa640..=0xa66d | 0xa680..=0xa69b | 0xa722..=0xa76f | 0xa771..=0xa787 | 0xa78b..=0xa78e | 0xab70..=0xabbf | 0xfb00..=0xfb06 | 0xfb13..=0xfb17 | 0xff21..=0xff3a | 0xff41..=0xff5a | 0x10400..=0x1044f | 0x104b0..=0x104d3 | 0x104d8..=0x104fb | 0x10c80..=0x10cb2 | 0x10cc0..=0x10cf2 | 0x118a0..=0x118df | 0x1e900..=0x1e943)
};
/// `[!-/:-~！-／：-～‘-‟　-。]`: it holds the ASCII letters too.
const MARKS: Class = |c| {
    !c.space
        && matches!(u32::from(c.c), 0x21..=0x2f | 0x3a..=0x7e | 0xff01..=0xff0f | 0xff1a..=0xff5e | 0x2018..=0x201f | 0x3000..=0x3002)
};
const CHAMELEON_PUNCTUATION: Class = |c| c.punctuation() || c.c.is_ascii_punctuation();
const IMAGE_LETTER: Class = |c| matches!(c.c, 'A'..='I');
const HANGUL: Class = |c| !c.space && matches!(u32::from(c.c), 0xac00..=0xd7a3 | 0x3131..=0x318e);
const WIDE_PUNCTUATION: Class = |c| {
    !c.space
        && matches!(u32::from(c.c), 0xff01 | 0x2026 | 0x201c | 0x201d | 0x2018 | 0x2019 | 0x2014 | 0xff1a | 0xff1b | 0xff0c | 0x3001..=0x303f | 0xfe30..=0xfe4f)
};
const BOPOMOFO: Class = |c| !c.space && matches!(u32::from(c.c), 0x3105..=0x312f);
/// Scripts without spaces, as AFMoE lists them.
const ASIAN: Class = |c| {
    !c.space
        && matches!(u32::from(c.c), 0x4e00..=0x9fff | 0x3400..=0x4dbf | 0x8c48..=0xfaff | 0x3040..=0x309f | 0x30a0..=0x30ff | 0xff65..=0xff9f | 0x2f00..=0x2fdf | 0xe40..=0xe7f | 0xe80..=0xeff | 0x1780..=0x17ff | 0x1000..=0x109f | 0x1100..=0x11ff)
};
const NOT_LF: Class = |c| c.c != '\n';
const LF: Class = |c| c.c == '\n';
const TAB_LF: Class = |c| matches!(c.c, '\t' | '\n');
const DOLLARS: Class = |c| c.punctuation() || matches!(c.c, '$' | '+' | '<' | '=' | '>' | '^' | '~' | '|');
const DOLLARS_TICK: Class = |c| DOLLARS(c) || c.c == '`';

type Rule = &'static [&'static [Item]];

const WORD: &[Item] = &[Of(LEAD, 0, 1), Of(LETTER, 1, ANY)];
const OTHERS: &[Item] = &[Of(SPACE, 0, 1), Of(OTHER, 1, ANY), Of(NEWLINE, 0, ANY)];
const OTHERS_SLASH: &[Item] = &[Of(SPACE, 0, 1), Of(OTHER, 1, ANY), Of(NEWLINE_SLASH, 0, ANY)];
const LINES: &[Item] = &[Of(WHITE, 0, ANY), Of(NEWLINE, 1, ANY)];
const BEFORE_TEXT: &[Item] = &[Of(WHITE, 1, ANY), NotBeforeText];
const WHITES: &[Item] = &[Of(WHITE, 1, ANY)];
const CONTRACTION: &[Item] = &[Contraction(true)];
const ONE_NUMBER: &[Item] = &[Of(NUMBER, 1, 1)];
const THREE_NUMBERS: &[Item] = &[Of(NUMBER, 1, 3)];

const GPT2: Rule = &[
    &[Contraction(false)],
    &[Of(SPACE, 0, 1), Of(LETTER, 1, ANY)],
    &[Of(SPACE, 0, 1), Of(NUMBER, 1, ANY)],
    &[Of(SPACE, 0, 1), Of(OTHER, 1, ANY)],
    BEFORE_TEXT,
    WHITES,
];
const LLAMA3: Rule = &[CONTRACTION, WORD, THREE_NUMBERS, OTHERS, LINES, BEFORE_TEXT, WHITES];
const QWEN2: Rule = &[CONTRACTION, WORD, ONE_NUMBER, OTHERS, LINES, BEFORE_TEXT, WHITES];
const QWEN35: Rule = &[
    CONTRACTION,
    &[Of(LEAD, 0, 1), Of(LETTER_MARK, 1, ANY)],
    ONE_NUMBER,
    &[Of(SPACE, 0, 1), Of(OTHER_NO_MARK, 1, ANY), Of(NEWLINE, 0, ANY)],
    LINES,
    BEFORE_TEXT,
    WHITES,
];
const JAIS2: Rule = &[
    CONTRACTION,
    WORD,
    THREE_NUMBERS,
    OTHERS,
    LINES,
    &[Of(WHITE, 512, 512), NotBeforeText],
    &[Of(WHITE, 256, 256), NotBeforeText],
    &[Of(WHITE, 128, 128), NotBeforeText],
    &[Of(WHITE, 64, 64), NotBeforeText],
    &[Of(WHITE, 32, 32), NotBeforeText],
    &[Of(WHITE, 16, 16), NotBeforeText],
    &[Of(WHITE, 8, 8), NotBeforeText],
    &[Of(WHITE, 4, 4), NotBeforeText],
    &[Of(WHITE, 1, 2), NotBeforeText],
    &[Of(WHITE, 1, 1)],
];
const DEEPSEEK3: Rule = &[
    &[Of(ASCII_PUNCTUATION, 1, 1), Of(ASCII_LETTER, 1, ANY)],
    &[Of(LEAD_NO_SYMBOL, 0, 1), Of(LETTER_MARK, 1, ANY)],
    &[Of(SPACE, 0, 1), Of(PUNCTUATION_SYMBOL, 1, ANY), Of(NEWLINE, 0, ANY)],
    LINES,
    BEFORE_TEXT,
    WHITES,
];
const SPARK: Rule = &[
    &[Of(ASCII_PUNCTUATION, 1, 1), Of(ASCII_LETTER, 1, ANY)],
    &[Of(LEAD_NO_SYMBOL, 0, 1), Of(LETTER_MARK, 1, ANY)],
    &[Of(SPACE, 0, 1), Of(PUNCTUATION_SYMBOL, 1, ANY)],
    &[Of(NEWLINE, 1, 1)],
    BEFORE_TEXT,
    WHITES,
];
const TEKKEN: Rule = &[
    &[Of(LEAD, 0, 1), Of(UPPER, 0, ANY), Of(LOWER, 1, ANY)],
    &[Of(LEAD, 0, 1), Of(UPPER, 1, ANY), Of(LOWER, 0, ANY)],
    ONE_NUMBER,
    OTHERS_SLASH,
    LINES,
    BEFORE_TEXT,
    WHITES,
];
const GPT4O: Rule = &[
    &[Of(LEAD, 0, 1), Of(UPPER, 0, ANY), Of(LOWER, 1, ANY), MaybeContraction],
    &[Of(LEAD, 0, 1), Of(UPPER, 1, ANY), Of(LOWER, 0, ANY), MaybeContraction],
    THREE_NUMBERS,
    OTHERS_SLASH,
    LINES,
    BEFORE_TEXT,
    WHITES,
];
const GRANITE: Rule = &[
    &[Of(LEAD, 0, 1), Of(UPPER_MARK, 0, ANY), Of(LOWER_MARK, 1, ANY), MaybeContraction],
    &[Of(LEAD, 0, 1), Of(UPPER_MARK, 1, ANY), Of(LOWER_MARK, 0, ANY), MaybeContraction],
    THREE_NUMBERS,
    OTHERS_SLASH,
    LINES,
    BEFORE_TEXT,
    WHITES,
];
const AYA: Rule = &[
    &[Of(LEAD, 0, 1), Of(LETTER_MARK, 1, ANY), MaybeContraction],
    THREE_NUMBERS,
    OTHERS_SLASH,
    LINES,
    BEFORE_TEXT,
    WHITES,
];
const YOUTU: Rule = &[
    &[Of(LEAD, 0, 1), Of(LETTER_MARK, 1, ANY), MaybeContraction],
    ONE_NUMBER,
    OTHERS_SLASH,
    LINES,
    BEFORE_TEXT,
    WHITES,
];
const KIMI: Rule = &[
    &[Of(HAN, 1, ANY)],
    &[Of(LEAD, 0, 1), Of(LETTER_NOT_HAN, 1, ANY), MaybeContraction],
    THREE_NUMBERS,
    OTHERS,
    LINES,
    BEFORE_TEXT,
    WHITES,
];
const BAILING: Rule =
    &[CONTRACTION, WORD, ONE_NUMBER, OTHERS, &[Of(WHITE, 0, ANY), Of(NEWLINE, 1, 1)], BEFORE_TEXT, WHITES];
const SEED: Rule = &[CONTRACTION, WORD, ONE_NUMBER, &[Of(SPACE, 0, 1), Of(OTHER, 1, ANY)], LINES, BEFORE_TEXT, WHITES];
const TURKISH: Rule = &[WORD, ONE_NUMBER, OTHERS, LINES, BEFORE_TEXT, WHITES];
const MINICPM: Rule = &[CONTRACTION, WORD, &[Of(NUMBER, 1, ANY)], OTHERS, LINES, BEFORE_TEXT, WHITES];
const EXAONE_MOE: Rule = &[
    CONTRACTION,
    &[Of(LEAD, 0, 1), Phrase],
    ONE_NUMBER,
    &[Of(SPACE, 0, 1), Of(OTHER, 1, ANY), Of(NEWLINE_SLASH, 0, 1)],
    &[Of(WHITE, 0, ANY), Of(NEWLINE, 1, 1)],
    BEFORE_TEXT,
    WHITES,
];
const LINE_RUNS: Step = Step::Rule(&[&[Of(NOT_LF, 1, ANY)], &[Of(LF, 1, ANY)]]);
const NUMBERS_APART: Step = Step::Rule(&[ONE_NUMBER]);
const THREE_DIGITS: Step = Step::Rule(&[&[Of(ASCII_DIGIT, 3, 3)]]);
const SENTENCES: Step = Step::Rule(&[&[Of(SPACE, 0, 1), Of(SENTENCE, 1, ANY)]]);

/// How a byte-level vocabulary wants a text prepared.
#[derive(Clone, Copy)]
pub(super) struct PreTokenizer {
    pub steps: &'static [Step],
    /// A word that is a token needs no merging.
    pub whole_words: bool,
    /// A run of newlines that is a token needs no merging.
    pub whole_newlines: bool,
    /// Tokens are text, not GPT-2's letters for bytes.
    pub raw: bool,
    /// `▁` stands for a space.
    pub escape_spaces: bool,
    /// The beginning token is added where the file does not say.
    pub add_bos: bool,
}

/// The pre-tokenizer called `name` in `tokenizer.ggml.pre`; a file without one means `default`.
pub(super) fn pre_tokenizer(name: &str) -> Result<PreTokenizer, FormatError> {
    let steps: &'static [Step] = match name {
        "" | "default" => &[
            Step::Rule(&[&[Of(DOLLARS, 1, ANY)]]),
            Step::Rule(GPT2),
            Step::Rule(&[&[Of(NUMBER, 1, ANY)]]),
            THREE_DIGITS,
        ],
        "gpt-2" | "phi-2" | "jina-es" | "jina-de" | "gigachat" | "jina-v2-es" | "jina-v2-de" | "a.x-4.0" | "mellum"
        | "modern-bert" | "jina-v1-en" | "jina-v2-code" | "roberta-bpe" | "exaone4" | "mpt" | "olmo" | "jais"
        | "trillion" | "granite-docling" => &[Step::Rule(GPT2)],
        "llama3" | "llama-v3" | "llama-bpe" | "falcon3" | "falcon-h1" | "pixtral" | "midm-2.0" | "lfm2"
        | "jina-v5-nano" | "dbrx" | "smaug-bpe" | "chatglm-bpe" | "glm4" | "glm5" => &[Step::Rule(LLAMA3)],
        "qwen2" | "deepseek-r1-qwen" | "kormo" | "f2llmv2" | "stablelm2" | "hunyuan" | "megrez" | "solar-open"
        | "grok-2" => &[Step::Rule(QWEN2)],
        "qwen35" => &[Step::Rule(QWEN35)],
        "jais-2" => &[Step::Rule(JAIS2)],
        "starcoder" | "refact" | "command-r" | "smollm" | "codeshell" | "exaone" | "minerva-7b" | "mellum2" => {
            &[NUMBERS_APART, Step::Rule(GPT2)]
        }
        "falcon" => &[Step::Rule(&[&[Of(DOLLARS_TICK, 1, ANY)]]), Step::Rule(GPT2), THREE_DIGITS],
        "deepseek-llm" => &[
            Step::Rule(&[&[Of(NEWLINE, 1, 1)]]),
            Step::Rule(&[&[Of(WHITE, 0, 1), Of(CASED, 1, ANY)]]),
            Step::Rule(&[&[Of(WHITE, 0, 1), Of(MARKS, 1, ANY)]]),
            Step::Rule(&[&[Of(WHITE, 1, ANY), End]]),
            Step::Rule(&[&[Of(CJK_WIDE, 1, ANY)]]),
            Step::Rule(&[&[Of(NUMBER, 1, ANY)]]),
        ],
        "deepseek-coder" => &[
            Step::Rule(&[&[Of(NEWLINE, 1, 1)]]),
            Step::Rule(&[&[Of(WHITE, 0, 1), Of(LETTER, 1, ANY)]]),
            Step::Rule(&[&[Of(WHITE, 0, 1), Of(PUNCTUATION, 1, ANY)]]),
            Step::Rule(&[&[Of(CJK_WIDE, 1, ANY)]]),
            NUMBERS_APART,
        ],
        "deepseek-v3" | "hunyuan-dense" | "joyai-llm" | "hy_v4" => {
            &[Step::Rule(&[THREE_NUMBERS]), Step::Rule(&[&[Of(CJK_KANA, 1, ANY)]]), Step::Rule(DEEPSEEK3)]
        }
        "spark2_5" => {
            &[Step::Rule(&[THREE_NUMBERS]), Step::Rule(&[&[Of(CJK_KANA, 1, ANY)]]), Step::Rule(SPARK), NUMBERS_APART]
        }
        "youtu" => &[
            Step::Rule(&[
                &[Of(HANGUL, 1, ANY)],
                &[Of(WIDE_PUNCTUATION, 1, ANY)],
                &[Of(BOPOMOFO, 1, ANY)],
                &[Of(CJK_KANA, 1, ANY)],
            ]),
            Step::Rule(YOUTU),
        ],
        "poro-chat" | "bloom" | "gpt3-finnish" => &[SENTENCES],
        "viking" => &[SENTENCES, NUMBERS_APART],
        "tekken" => &[Step::Rule(TEKKEN)],
        "chameleon" => &[
            Step::Rule(&[&[Text("<sentinel:"), Of(ASCII_DIGIT, 1, ANY), Text(">")]]),
            Step::Rule(&[&[Text("IMGIMG"), Of(IMAGE_LETTER, 1, 4), Text("Z")]]),
            Step::Rule(&[&[Of(TAB_LF, 1, 1)], &[Text("    ")], &[Text("  ")]]),
            NUMBERS_APART,
            Step::Rule(&[&[Of(CHAMELEON_PUNCTUATION, 1, 1)]]),
            Step::Rule(GPT2),
        ],
        "gpt-4o" | "llama4" | "kanana2" | "talkie" | "minimax-m2" => &[Step::Rule(GPT4O)],
        "granite-embed-multi-97m" => &[Step::Rule(GRANITE)],
        "tiny_aya" | "cohere2moe" => &[Step::Thousands, Step::Rule(AYA)],
        "kimi-k2" => &[Step::Rule(KIMI)],
        "superbpe" => &[Step::Rule(&[&[Of(NUMBER, 1, ANY)]]), Step::AsciiThousands],
        "bailingmoe" | "bailingmoe2" | "llada-moe" => &[Step::Rule(BAILING)],
        "seed-coder" => &[Step::Rule(SEED)],
        "ufakzeka" => &[Step::Rule(TURKISH)],
        "afmoe" => &[Step::Thousands, Step::Rule(&[&[Of(ASIAN, 1, ANY)]]), Step::Rule(DEEPSEEK3)],
        "laguna" => &[LINE_RUNS, Step::Rule(QWEN2)],
        "exaone-moe" => &[Step::Rule(EXAONE_MOE)],
        "minicpm5" => &[Step::Rule(&[THREE_NUMBERS]), Step::Rule(MINICPM)],
        "gemma4" | "granite-embed-multi-311m" | "sarvam-moe" => &[LINE_RUNS],
        "whitespace" => &[Step::Rule(&[&[Of(NOT_WHITE, 1, ANY)]])],
        other => {
            let what = shown(format!("the pre-tokenizer {other}"));
            return Err(FormatError::Unsupported {
                what,
                hint: shown("Convert the model anew, or name it in tokenizer.ggml.pre as llama.cpp does"),
            });
        }
    };
    let llama3 = matches!(
        name,
        "llama3"
            | "llama-v3"
            | "llama-bpe"
            | "falcon3"
            | "falcon-h1"
            | "pixtral"
            | "midm-2.0"
            | "lfm2"
            | "jina-v5-nano"
    );
    let escape_spaces = matches!(name, "gemma4" | "granite-embed-multi-311m" | "sarvam-moe");
    Ok(PreTokenizer {
        steps,
        whole_words: llama3
            || matches!(name, "minicpm5" | "youtu" | "glm4" | "glm5" | "tekken" | "granite-embed-multi-97m"),
        whole_newlines: matches!(name, "gemma4" | "granite-embed-multi-311m"),
        raw: escape_spaces || name == "whitespace",
        escape_spaces,
        add_bos: llama3 || matches!(name, "tekken" | "chameleon" | "gemma4" | "granite-embed-multi-311m"),
    })
}
