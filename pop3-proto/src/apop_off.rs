//! What stands in for [`apop.rs`](../apop/index.html) without the feature `apop`: a timestamp that is never found.

use crate::secret::Secret;

/// See `apop.rs`.
pub(crate) type HexDigest = [u8; 32];

/// See `apop.rs`.
#[derive(Clone, Debug)]
pub(crate) struct Timestamp;

impl Timestamp {
    pub(crate) const fn new() -> Self {
        Self
    }

    pub(crate) fn feed(&mut self, _greeting: &[u8]) {}

    pub(crate) fn is_found(&self) -> bool {
        false
    }

    pub(crate) fn digest(&self, _secret: Secret<'_>, _hex: &mut HexDigest) {}
}
