//! Chat templates: the Jinja of published models, run as the untrusted program it is.
//!
//! `minijinja` has no file access and counts instructions, but a template can still ask for more memory than there is
//! (`'a' * 10⁸`, a string doubled 60 times) or nest until the stack ends. So the source is guarded first: what
//! published templates do not need is refused, and the growth of every stored value is checked while it runs.

mod dialect;
mod filters;
mod guard;
mod input;
mod json;
mod methods;
mod strftime;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind};

use crate::error::shown;
use crate::{FormatError, Gguf};

pub use dialect::{CallPart, TemplateFeatures, ToolDialect};
pub use input::{Message, RenderInput};

const MAX_OUTPUT: u64 = 1 << 20;
/// Instructions for any template, and for each byte of the conversation and its tools.
const FUEL: u64 = 100_000;
const FUEL_PER_BYTE: u64 = 100;

/// A chat template, checked and ready to render.
#[derive(Clone, Debug)]
pub struct ChatTemplate {
    source: Arc<str>,
    bos: String,
    eos: String,
    now: Option<i64>,
}

impl ChatTemplate {
    /// The template of a GGUF file, `tokenizer.chat_template`.
    ///
    /// # Errors
    /// `Template` where there is none, or it is refused.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self, FormatError> {
        let source = gguf.get_str("tokenizer.chat_template")?.ok_or_else(|| failed("the model has none"))?;
        let text = |name: &str| -> Result<String, FormatError> {
            let Some(id) = gguf.get_u32(&format!("tokenizer.ggml.{name}_token_id"))? else { return Ok(String::new()) };
            let token = gguf.get_strs("tokenizer.ggml.tokens")?.and_then(|t| t.get(id as usize));
            Ok(String::from_utf8_lossy(token.unwrap_or_default()).into_owned())
        };
        Self::new(source, &text("bos")?, &text("eos")?)
    }

    /// A template from its source, with the spelling of the beginning and end tokens.
    ///
    /// # Errors
    /// `Template`: more than 64 KiB, a syntax error, or something that is refused.
    pub fn new(source: &str, bos: &str, eos: &str) -> Result<Self, FormatError> {
        let source = guard::guard(source).map_err(|e| failed(&e))?;
        let template = Self { source: source.into(), bos: bos.to_owned(), eos: eos.to_owned(), now: None };
        let budget = Budget::default();
        template.environment(&budget).template_from_str(&template.source).map_err(|e| failed(&describe(&e)))?;
        Ok(template)
    }

    /// Gives the template a clock: seconds since 1970 (UTC). Without one `strftime_now` is not defined, and templates
    /// fall back to their own date.
    pub fn with_now(mut self, unix_seconds: i64) -> Self {
        self.now = Some(unix_seconds);
        self
    }

    /// The prompt for a conversation.
    ///
    /// # Errors
    /// `Template`: the template refuses the conversation, fails, or exceeds a limit.
    pub fn render(&self, input: &RenderInput) -> Result<String, FormatError> {
        let size = input.size();
        let budget = Budget::new(size);
        let mut env = self.environment(&budget);
        env.set_fuel(Some(FUEL.saturating_add(FUEL_PER_BYTE.saturating_mul(size))));
        let template = env.template_from_str(&self.source).map_err(|e| failed(&describe(&e)))?;
        template.render(input.context(&self.bos, &self.eos)).map_err(|e| failed(&describe(&e)))
    }

    fn environment(&self, budget: &Budget) -> Environment<'_> {
        let mut env = Environment::empty();
        // What transformers sets; the builder only fails for odd delimiters
        if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
            env.set_syntax(syntax);
        }
        env.set_recursion_limit(100);
        filters::install(&mut env, budget);
        let b = budget.clone();
        env.set_unknown_method_callback(move |_, value, method, args| methods::call(&b, value, method, args));
        let b = budget.clone();
        env.set_formatter(move |out, _, value| {
            if value.is_undefined() {
                return Ok(());
            }
            let text = b.text(value)?;
            out.write_str(&text).map_err(Error::from)
        });
        if let Some(now) = self.now {
            env.add_function("strftime_now", move |format: &str| strftime::strftime(now, format));
        }
        env
    }
}

/// Bytes that a rendering may still produce, captures and temporaries included.
#[derive(Clone, Debug, Default)]
pub(crate) struct Budget {
    left: Arc<AtomicU64>,
    /// The largest value that may be stored, with everything in it.
    largest: u64,
}

impl Budget {
    fn new(input: u64) -> Self {
        let extra = input.saturating_mul(4);
        Self {
            left: Arc::new(AtomicU64::new((MAX_OUTPUT << 4).saturating_add(extra.saturating_mul(4)))),
            largest: (MAX_OUTPUT >> 2).saturating_add(extra),
        }
    }

    /// Pays for `n` bytes.
    pub fn pay(&self, n: usize) -> Result<(), Error> {
        let pay = |left: u64| left.checked_sub(n as u64);
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay) {
            Ok(_) => Ok(()),
            Err(_) => Err(too_large()),
        }
    }

    /// `value` as text, paid for while it is written.
    pub fn text(&self, value: &Value) -> Result<String, Error> {
        if let Some(s) = value.as_str() {
            self.pay(s.len())?;
            return Ok(s.to_owned());
        }
        if value.is_number() && !value.is_integer() {
            let text = f64::try_from(value.clone()).map(python_float)?;
            self.pay(text.len())?;
            return Ok(text);
        }
        let mut out = Paid { text: String::new(), budget: self };
        fmt::write(&mut out, format_args!("{value}")).map_err(|_| too_large())?;
        Ok(out.text)
    }

    /// Checks that `value`, with all that is in it, is no larger than a stored value may be.
    pub fn check(&self, value: &Value) -> Result<(), Error> {
        let mut left = self.largest;
        measure(value, &mut left, 0)
    }
}

/// Takes the size of `value` off `left`. Shared parts count each time, as they would when written out.
fn measure(value: &Value, left: &mut u64, depth: u32) -> Result<(), Error> {
    const MAX_DEPTH: u32 = 64;
    let own = value.as_str().map_or(16, str::len) as u64;
    *left = left.checked_sub(own).filter(|_| depth < MAX_DEPTH).ok_or_else(too_large)?;
    let Some(object) = value.as_object() else { return Ok(()) };
    let deeper = depth.saturating_add(1);
    match object.repr() {
        minijinja::value::ObjectRepr::Plain => {}
        minijinja::value::ObjectRepr::Map => {
            for (key, value) in object.try_iter_pairs().into_iter().flatten() {
                measure(&key, left, deeper)?;
                measure(&value, left, deeper)?;
            }
        }
        _ => {
            for item in object.try_iter().into_iter().flatten() {
                measure(&item, left, deeper)?;
            }
        }
    }
    Ok(())
}

/// Python's `repr`: the shortest digits that give the number again, with an exponent below 10⁻⁴ and from 10¹⁶ on.
fn python_float(x: f64) -> String {
    let scientific = format!("{x:e}");
    match scientific.split_once('e').and_then(|(digits, e)| Some((digits, e.parse::<i32>().ok()?))) {
        Some((digits, e)) if !(-4..16).contains(&e) => {
            format!("{digits}e{}{:02}", if e < 0 { '-' } else { '+' }, e.unsigned_abs())
        }
        _ => format!("{x:?}"),
    }
}

struct Paid<'a> {
    text: String,
    budget: &'a Budget,
}

impl fmt::Write for Paid<'_> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.budget.pay(s.len()).map_err(|_| fmt::Error)?;
        self.text.push_str(s);
        Ok(())
    }
}

pub(crate) fn too_large() -> Error {
    Error::new(ErrorKind::InvalidOperation, "it makes more text than a conversation needs")
}

fn failed(message: &str) -> FormatError {
    FormatError::Template { message: shown(message) }
}

/// The message of an error and its line, without the source around it.
fn describe(e: &Error) -> String {
    let what = e.detail().map_or_else(|| e.kind().to_string(), str::to_owned);
    match e.line() {
        Some(line) => format!("{what} (line {line})"),
        None => what,
    }
}
