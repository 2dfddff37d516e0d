//! The small part of JSON that a safetensors header is made of: objects, strings, arrays of non-negative integers.
//!
//! Not a general parser on purpose: nothing here recurses, and what the schema has no place for is refused where it stands.

use crate::error::{FormatError, shown};

pub(super) struct Json<'a> {
    text: &'a str,
    /// Offset of `text` in the file.
    base: u64,
    pos: usize,
}

impl<'a> Json<'a> {
    pub fn new(text: &'a str, base: u64) -> Self {
        Self { text, base, pos: 0 }
    }

    /// Offset in the file.
    pub fn at(&self) -> u64 {
        self.base.saturating_add(self.pos as u64)
    }

    pub fn error(&self, message: impl AsRef<str>) -> FormatError {
        FormatError::Json { at: self.at(), message: shown(message) }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        let space = rest.len().saturating_sub(rest.trim_start_matches([' ', '\n', '\r', '\t']).len());
        self.pos = self.pos.saturating_add(space);
    }

    /// Takes `c` after optional space, if it is next.
    pub fn try_char(&mut self, c: char) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(c);
        if found {
            self.pos = self.pos.saturating_add(c.len_utf8());
        }
        found
    }

    pub fn expect(&mut self, c: char) -> Result<(), FormatError> {
        if self.try_char(c) { Ok(()) } else { Err(self.error(format!("'{c}' expected"))) }
    }

    /// After an item: `true` for a comma, `false` for `close`.
    pub fn next_item(&mut self, close: char) -> Result<bool, FormatError> {
        if self.try_char(',') {
            return Ok(true);
        }
        self.expect(close).map(|()| false)
    }

    /// Only space may follow.
    pub fn end(&mut self) -> Result<(), FormatError> {
        self.skip_space();
        if self.rest().is_empty() { Ok(()) } else { Err(self.error("text after the header's last brace")) }
    }

    pub fn string(&mut self) -> Result<String, FormatError> {
        self.skip_space();
        if !self.rest().starts_with('"') {
            return Err(self.error("a string expected"));
        }
        self.pos = self.pos.saturating_add(1);
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let Some(stop) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') else {
                return Err(self.error("a string without end"));
            };
            out.push_str(rest.get(..stop).unwrap_or_default());
            self.pos = self.pos.saturating_add(stop);
            match self.next_char() {
                Some('"') => return Ok(out),
                Some('\\') => out.push(self.escape()?),
                _ => return Err(self.error("a control character in a string")),
            }
        }
    }

    fn next_char(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.pos = self.pos.saturating_add(c.len_utf8());
        Some(c)
    }

    fn escape(&mut self) -> Result<char, FormatError> {
        Ok(match self.next_char() {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let first = self.hex4()?;
                let mut units = vec![first];
                if (0xd800..0xdc00).contains(&first) {
                    if (self.next_char(), self.next_char()) != (Some('\\'), Some('u')) {
                        return Err(self.error("half a surrogate pair"));
                    }
                    units.push(self.hex4()?);
                }
                match char::decode_utf16(units).next() {
                    Some(Ok(c)) => c,
                    _ => return Err(self.error("half a surrogate pair")),
                }
            }
            _ => return Err(self.error("an unknown escape")),
        })
    }

    fn hex4(&mut self) -> Result<u16, FormatError> {
        let digits = self.rest().get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let value = digits.and_then(|d| u16::from_str_radix(d, 16).ok());
        let value = value.ok_or_else(|| self.error("four hexadecimal digits expected"))?;
        self.pos = self.pos.saturating_add(4);
        Ok(value)
    }

    /// A non-negative integer that fits u64; `-1`, `2.0`, `1e3` and `NaN` are refused.
    pub fn unsigned(&mut self) -> Result<u64, FormatError> {
        self.skip_space();
        let rest = self.rest();
        let len = rest.bytes().take_while(u8::is_ascii_digit).count();
        let digits = rest.get(..len).unwrap_or_default();
        let more = rest.get(len..).unwrap_or_default().starts_with(['.', 'e', 'E']);
        if digits.is_empty() || more || (len > 1 && digits.starts_with('0')) {
            return Err(self.error("a non-negative integer expected"));
        }
        let value = digits.parse().map_err(|_| self.error("an integer of at most 64 bits expected"))?;
        self.pos = self.pos.saturating_add(len);
        Ok(value)
    }
}
