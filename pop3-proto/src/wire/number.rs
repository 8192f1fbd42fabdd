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

/// The decimal digits of a number, behind zeros that are none of them.
pub(crate) struct Digits([u8; 10]);

impl Digits {
    #[inline(never)]
    pub(crate) fn of(mut value: u32) -> Self {
        let mut digits = [0; 10];
        for digit in digits.iter_mut().rev() {
            *digit = b'0' | (value % 10) as u8;
            value /= 10;
        }
        Self(digits)
    }

    /// One digit, or as many as it takes.
    #[inline(never)]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        let zeros = self.0.iter().take(9).take_while(|digit| **digit == b'0');
        self.0.get(zeros.count()..).unwrap_or_default()
    }
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
