//! Chat templates: the Jinja of published models, run as the untrusted program it is.
//!
//! `minijinja` has no file access and counts instructions, but a template can still ask for more memory than there is
//! (`'a' * 10⁸`, a string doubled 60 times) or nest until the stack ends. So the source is guarded first: what
//! published templates do not need is refused, and the growth of every stored value is checked while it runs.

mod dialect;
mod filters;
mod guard;
mod methods;
mod strftime;

#[cfg(test)]
mod dialect_tests;
#[cfg(test)]
mod tests;

pub use dialect::{Thinking, ToolDialect, Traits};

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error, ErrorKind};

use crate::error::shown;
use crate::{FormatError, Gguf};

const MAX_OUTPUT: u64 = 1 << 20;
/// Instructions for any template, and for each message.
const FUEL: u64 = 100_000;
const FUEL_PER_MESSAGE: u64 = 2_000;

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// What was said.
    pub content: String,
}

impl Message {
    /// A message of `role`.
    pub fn new(role: impl Into<String>, content: impl Into<String>) -> Self {
        Self { role: role.into(), content: content.into() }
    }
}

/// What a template is rendered with, as the `apply_chat_template` of transformers takes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RenderInput {
    /// Objects with `role`, `content` (text, or parts as `{"type": "text", "text": …}` and `{"type": "image"}`) and
    /// whatever else the template reads: `tool_calls`, `tool_call_id`, `name`, `reasoning_content`.
    pub messages: Vec<serde_json::Value>,
    /// Functions as `{"type": "function", "function": {"name", "description", "parameters"}}`.
    pub tools: Vec<serde_json::Value>,
    /// Ends the prompt with the beginning of the assistant's turn.
    pub add_generation_prompt: bool,
    /// Further variables, such as `enable_thinking` and `documents`.
    pub kwargs: serde_json::Map<String, serde_json::Value>,
}

/// About how many bytes `value` is as text.
fn json_size(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::String(s) => s.len(),
        serde_json::Value::Array(list) => list.iter().map(json_size).fold(2, usize::saturating_add),
        serde_json::Value::Object(map) => {
            map.iter().map(|(k, v)| k.len().saturating_add(json_size(v))).fold(2, usize::saturating_add)
        }
        _ => 8,
    }
}

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

    /// The prompt for a conversation of plain messages, ending with the beginning of the assistant's turn if
    /// `add_generation_prompt`.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn render_messages(&self, messages: &[Message], add_generation_prompt: bool) -> Result<String, FormatError> {
        let messages = messages.iter().map(|m| serde_json::json!({"role": m.role, "content": m.content})).collect();
        self.render(&RenderInput { messages, add_generation_prompt, ..RenderInput::default() })
    }

    /// The prompt for a conversation.
    ///
    /// # Errors
    /// `Template`: the template refuses the conversation, fails, or exceeds a limit.
    pub fn render(&self, input: &RenderInput) -> Result<String, FormatError> {
        let size = input.messages.iter().chain(&input.tools).chain(input.kwargs.values()).map(json_size).sum::<usize>();
        let budget = Budget::new(size as u64);
        let mut env = self.environment(&budget);
        // Long lists of tools and of content parts need steps too
        let steps = FUEL_PER_MESSAGE.saturating_mul(input.messages.len() as u64).saturating_add(size as u64);
        env.set_fuel(Some(FUEL.saturating_add(steps)));
        let template = env.template_from_str(&self.source).map_err(|e| failed(&describe(&e)))?;
        let mut context: BTreeMap<&str, Value> =
            input.kwargs.iter().map(|(name, value)| (name.as_str(), Value::from(Serde(value)))).collect();
        context.insert("messages", Value::from(Serde(&input.messages)));
        context.insert("add_generation_prompt", input.add_generation_prompt.into());
        context.insert("bos_token", self.bos.clone().into());
        context.insert("eos_token", self.eos.clone().into());
        // transformers passes None where there are no tools, and templates test for it
        let tools = if input.tools.is_empty() { Value::from(()) } else { Value::from(Serde(&input.tools)) };
        context.insert("tools", tools);
        context.entry("documents").or_insert(Value::from(()));
        template.render(context).map_err(|e| failed(&describe(&e)))
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
        // As Python spells it
        if value.is_none() {
            return Ok("None".into());
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
    const MAX_DEPTH: u32 = 24;
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
