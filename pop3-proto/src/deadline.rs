//! Time-outs without a clock: the driver says what time it is.

/// A point in time by which something must have happened, in milliseconds of a clock of the driver's own that only goes
/// forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Deadline(Option<u64>);

impl Deadline {
    /// No deadline.
    pub const NEVER: Self = Self(None);

    /// `timeout` milliseconds after `now`; `None` is never. A deadline past the clock's end is at its end.
    #[must_use]
    pub const fn after(now: u64, timeout: Option<u64>) -> Self {
        match timeout {
            Some(timeout) => Self(Some(now.saturating_add(timeout))),
            None => Self::NEVER,
        }
    }

    /// Whichever comes first.
    #[must_use]
    pub const fn or_earlier(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(one), Some(two)) if one <= two => self,
            (Some(_), None) => self,
            _ => other,
        }
    }

    /// Whether it has passed. It passes at its very millisecond.
    pub const fn has_passed(self, now: u64) -> bool {
        match self.0 {
            Some(at) => now >= at,
            None => false,
        }
    }

    /// The milliseconds that are left, 0 once it has passed; `None`: there is no deadline.
    pub const fn remaining(self, now: u64) -> Option<u64> {
        match self.0 {
            Some(at) => Some(at.saturating_sub(now)),
            None => None,
        }
    }
}

impl Default for Deadline {
    fn default() -> Self {
        Self::NEVER
    }
}
