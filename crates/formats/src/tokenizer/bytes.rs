//! GPT-2's byte alphabet: each byte is a printable character, so that a vocabulary can be text.

/// The character that stands for `byte` (openai/gpt-2, `bytes_to_unicode`).
#[cfg(test)]
pub(super) fn to_char(byte: u8) -> char {
    let shift = match byte {
        0x00..=0x20 => 0x100,
        0x7f..=0xa0 => 0x121 - 0x7f,
        0xad => return '\u{143}',
        _ => return char::from(byte),
    };
    char::from_u32(u32::from(byte).wrapping_add(shift)).unwrap_or('\u{fffd}')
}

/// The byte that `c` stands for.
pub(super) fn to_byte(c: char) -> Option<u8> {
    let n = u32::from(c);
    let byte = match n {
        0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => n,
        0x100..=0x120 => n.wrapping_sub(0x100),
        0x121..=0x142 => n.wrapping_sub(0x121).wrapping_add(0x7f),
        0x143 => 0xad,
        _ => return None,
    };
    u8::try_from(byte).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        for byte in 0..=255u8 {
            assert_eq!(to_byte(to_char(byte)), Some(byte));
        }
        assert_eq!((to_char(b' '), to_char(b'\n'), to_char(b'a'), to_char(0x7f)), ('Ġ', 'Ċ', 'a', 'ġ'));
        assert_eq!(to_byte('\u{2581}'), None);
    }
}
