//! A line of the answer to CAPA (RFC 2449 section 5): a tag and its arguments.

use super::number::{trim, word};

/// The tag and what stands behind it, blanks trimmed; `None` for a blank line.
pub(crate) fn tag_and_arguments(mut line: &[u8]) -> Option<(&[u8], &[u8])> {
    let tag = word(&mut line)?;
    Some((tag, trim(line)))
}
