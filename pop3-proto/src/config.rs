//! How lenient to be with servers that do not keep to the standard. Off is right for nearly all.

/// Choices for one session.
///
/// What costs nothing is always tolerated: `+ok` in any case, blanks and words too many, LIST and UIDL that answer for one
/// message without its number. The choices here are those that have a price. [`Config::new`] makes none of them.
///
/// ```
/// use pop3_proto::{Config, Pipelining};
///
/// let config = Config::new().blank_lines(1).pipelining(Pipelining::Off);
/// assert_eq!(config.blank_lines, 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Config {
    /// What ends a line of a multi-line reply.
    pub line_ends: LineEnds,
    /// In messages, keep the dot of a line that begins with just one, for servers that stuff no dots at all. Such a
    /// server still cuts a message short at a line of one dot. Off: the dot is dropped, as RFC 1939 section 3 says.
    pub keep_single_dots: bool,
    /// Take `+OK:` and `-ERR:` for status indicators: what follows must be neither letter nor digit. Off: a blank or
    /// the line end must follow.
    pub glued_status: bool,
    /// How many empty lines in a row to skip where a reply should begin. Office 365 has been seen to send one.
    pub blank_lines: u8,
    /// When more than one command may be in flight.
    pub pipelining: Pipelining,
}

impl Config {
    /// What the RFCs say.
    pub const fn new() -> Self {
        Self {
            line_ends: LineEnds::AsStatusLine,
            keep_single_dots: false,
            glued_status: false,
            blank_lines: 0,
            pipelining: Pipelining::IfAnnounced,
        }
    }

    /// Sets [`line_ends`](Self::line_ends).
    #[must_use]
    pub const fn line_ends(mut self, line_ends: LineEnds) -> Self {
        self.line_ends = line_ends;
        self
    }

    /// Sets [`keep_single_dots`](Self::keep_single_dots).
    #[must_use]
    pub const fn keep_single_dots(mut self, keep: bool) -> Self {
        self.keep_single_dots = keep;
        self
    }

    /// Sets [`glued_status`](Self::glued_status).
    #[must_use]
    pub const fn glued_status(mut self, take: bool) -> Self {
        self.glued_status = take;
        self
    }

    /// Sets [`blank_lines`](Self::blank_lines).
    #[must_use]
    pub const fn blank_lines(mut self, most: u8) -> Self {
        self.blank_lines = most;
        self
    }

    /// Sets [`pipelining`](Self::pipelining).
    #[must_use]
    pub const fn pipelining(mut self, when: Pipelining) -> Self {
        self.pipelining = when;
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}

/// What ends a line of a multi-line reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum LineEnds {
    /// CRLF; in a reply whose status line ended in a bare LF, LF too.
    AsStatusLine,
    /// Always LF too. A mail that holds `LF . LF` can then end itself early, and what follows it is read as replies:
    /// for a server whose mail can be trusted.
    Lenient,
}

/// When more than one command may be in flight (RFC 2449 section 6.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Pipelining {
    /// Never.
    Off,
    /// If the newest list of capabilities has PIPELINING in it.
    IfAnnounced,
    /// Always: the caller knows that the server can do it.
    Always,
}
