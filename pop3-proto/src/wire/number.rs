//! Decimal numbers, read and written.

/// Reads a word of digits, at least one: no sign, no blanks; `None` as well when it does not fit.
#[inline(never)]
pub(crate) fn decimal(word: &[u8]) -> Option<u64> {
    word.iter().try_fold(0u64, |value, octet| {
        let digit = octet.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// As [`decimal`], for numbers of 32 bits.
pub(crate) fn decimal_u32(word: &[u8]) -> Option<u32> {
    decimal(word).and_then(|value| u32::try_from(value).ok())
}

/// So many octets hold the digits of every number of 32 bits.
pub(crate) type Digits = [u8; 10];

/// The decimal digits of a number, which are put at the end of the buffer.
#[inline(never)]
pub(crate) fn digits(mut value: u32, buffer: &mut Digits) -> &[u8] {
    let mut begin = buffer.len();
    while let Some(digit) = buffer.get_mut(begin.wrapping_sub(1)) {
        *digit = b'0' | (value % 10) as u8;
        begin = begin.wrapping_sub(1);
        value /= 10;
        if value == 0 {
            break;
        }
    }
    buffer.get(begin..).unwrap_or_default()
}

/// A number below 16 as a lower-case hexadecimal digit.
#[cfg(any(feature = "apop", feature = "cram-md5"))]
pub(crate) const fn hexadecimal(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0' | nibble,
        // `a` follows on a backquote.
        _ => b'`' | nibble.wrapping_sub(9),
    }
}

/// Takes the next word off a line, skipping any run of blanks and tabs before it.
pub(crate) fn word<'a>(line: &mut &'a [u8]) -> Option<&'a [u8]> {
    *line = trim_start(line);
    let end = line
        .iter()
        .position(|&octet| is_blank(octet))
        .unwrap_or(line.len());
    Some(super::take(line, end)).filter(|word| !word.is_empty())
}

/// The line without the blanks and tabs at its beginning.
#[inline(never)]
pub(crate) fn trim_start(mut line: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = line {
        if !is_blank(*first) {
            break;
        }
        line = rest;
    }
    line
}

/// The line without the blanks and tabs at both ends.
pub(crate) fn trim(line: &[u8]) -> &[u8] {
    let mut line = trim_start(line);
    while let [rest @ .., last] = line {
        if !is_blank(*last) {
            break;
        }
        line = rest;
    }
    line
}

const fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}
