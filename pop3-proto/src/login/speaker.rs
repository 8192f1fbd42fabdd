//! Who speaks for the client in an exchange.

use core::fmt;

use crate::sasl::{Exchange, Mechanism};

/// The mechanism in use.
#[allow(
    clippy::large_enum_variant,
    reason = "there is no heap to put the large one into"
)]
pub(super) enum Speaker<'c> {
    Ours(Exchange<'c>),
    Own(&'c mut dyn Mechanism),
}

impl fmt::Debug for Speaker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mechanism().name())
    }
}

impl Speaker<'_> {
    pub(super) fn mechanism(&self) -> &dyn Mechanism {
        match self {
            Self::Ours(exchange) => exchange,
            Self::Own(own) => &**own,
        }
    }

    pub(super) fn mechanism_mut(&mut self) -> &mut dyn Mechanism {
        match self {
            Self::Ours(exchange) => exchange,
            Self::Own(own) => &mut **own,
        }
    }
}
