//! Decimal numbers, read and written.

use arrayvec::ArrayVec;

/// Reads a word of digits, at least one: no sign, no blanks; `None` as well when it does not fit.
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

/// The decimal digits of a number, ten at the most.
pub(crate) fn digits(value: u32) -> ArrayVec<u8, 10> {
    let mut digits = ArrayVec::new_const();
    // The greatest power of ten that is a u32.
    let mut unit = 1_000_000_000;
    while unit > 0 {
        if value >= unit || unit == 1 {
            // Below ten, and no more than ten of them: they fit.
            let _ = digits.try_push(b'0' | (value / unit % 10) as u8);
        }
        unit /= 10;
    }
    digits
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
