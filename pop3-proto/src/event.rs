//! What a server said.

use crate::capability::Capability;
use crate::command::{MessageNumber, Request};
use crate::sasl::Challenge;
use crate::text::Text;

/// One thing that the server said. It borrows the input, or the client's line buffer: use it before the next call.
///
/// A reply of one line is one event. A multi-line reply is [`Begin`](Event::Begin), its lines or its octets, and
/// [`End`](Event::End). [`Event::completes`] tells when a command has been answered. A server's text that is longer than
/// the client keeps of a line is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Event<'a> {
    /// The server is ready (RFC 1939 section 4).
    Greeting {
        /// Its banner.
        text: Text<'a>,
        /// The banner has a timestamp, so APOP may be tried. That it will be accepted is not said by this.
        apop: bool,
    },
    /// `+OK` to a command that has no other answer. To QUIT it means: the deletions are committed.
    Done {
        /// The command.
        request: Request,
        /// What the server says to it.
        text: Text<'a>,
    },
    /// `-ERR`: the command was refused, and the session goes on.
    ///
    /// To PASS, APOP and AUTH: not logged in. To QUIT: not all of the deletions were made (RFC 1939 section 6).
    Rejected {
        /// The command.
        request: Request,
        /// Why, in the server's words; see [`Text::response_code`].
        text: Text<'a>,
    },
    /// The answer to STAT.
    Stat {
        /// The command.
        request: Request,
        /// How many messages there are.
        messages: u32,
        /// Their size in octets. `None`: the server's figure could not be read. Often not the octets on the wire.
        octets: Option<u64>,
    },
    /// A line of LIST, or the answer to LIST for one message.
    Listing {
        /// The command.
        request: Request,
        /// The message.
        message: MessageNumber,
        /// Its size in octets, as the server reckons it: good for a progress bar, not for framing.
        octets: u64,
    },
    /// A line of UIDL, or the answer to UIDL for one message.
    UniqueId {
        /// The command.
        request: Request,
        /// The message.
        message: MessageNumber,
        /// Its unique-id. `None`: the server sent none for it.
        unique_id: Option<UniqueId<'a>>,
    },
    /// A line of CAPA.
    Capability {
        /// The command.
        request: Request,
        /// The capability.
        capability: Capability<'a>,
    },
    /// A line of the answer to LANG (RFC 6856 section 3.2).
    Language {
        /// The command.
        request: Request,
        /// The language's tag (RFC 5646).
        tag: Text<'a>,
        /// What the language is called, in that language.
        name: Text<'a>,
    },
    /// A challenge within the exchange that AUTH has begun: answer it with
    /// [`Command::Response`](crate::Command::Response) or [`Command::Cancel`](crate::Command::Cancel). Nothing else can be sent.
    Challenge {
        /// The command.
        request: Request,
        /// The challenge.
        challenge: Challenge<'a>,
    },
    /// A line, or the answer, that could not be read, or did not fit into the line buffer. It costs this item alone.
    Unparsed {
        /// The command.
        request: Request,
        /// What of it was kept.
        line: Text<'a>,
    },
    /// A multi-line reply begins.
    Begin {
        /// The command.
        request: Request,
        /// What the server says to it. A number of octets in it is no promise.
        text: Text<'a>,
    },
    /// The next octets of a message, unstuffed, with their line ends, never none. How they are cut is of no meaning.
    Body(&'a [u8]),
    /// A multi-line reply is complete: its terminator has been read.
    End {
        /// The command.
        request: Request,
    },
    /// `+OK` to STLS: do the TLS handshake, then call [`Client::tls_established`](crate::Client::tls_established). All
    /// that was read before the handshake must have gone through [`Client::receive`](crate::Client::receive).
    StartTls {
        /// The command.
        request: Request,
        /// What the server says to it. Anybody can have said it.
        text: Text<'a>,
    },
    /// `-ERR` without a command to answer: the server ends the session, in its greeting or out of idleness.
    /// Nothing was deleted.
    Farewell {
        /// Why, in the server's words.
        text: Text<'a>,
    },
}

impl Event<'_> {
    /// The command that this is about; `None` for the events that are about none, and for [`Event::Body`], which is
    /// about the command that began it.
    pub const fn request(&self) -> Option<Request> {
        match *self {
            Self::Done { request, .. }
            | Self::Rejected { request, .. }
            | Self::Stat { request, .. }
            | Self::Listing { request, .. }
            | Self::UniqueId { request, .. }
            | Self::Capability { request, .. }
            | Self::Language { request, .. }
            | Self::Challenge { request, .. }
            | Self::Unparsed { request, .. }
            | Self::Begin { request, .. }
            | Self::End { request }
            | Self::StartTls { request, .. } => Some(request),
            Self::Greeting { .. } | Self::Body(_) | Self::Farewell { .. } => None,
        }
    }

    /// The command that has been answered with this event: no more will come of it.
    pub const fn completes(&self) -> Option<Request> {
        match *self {
            Self::Done { request, .. }
            | Self::Rejected { request, .. }
            | Self::Stat { request, .. }
            | Self::End { request }
            | Self::StartTls { request, .. } => Some(request),
            Self::Listing { request, .. }
            | Self::UniqueId { request, .. }
            | Self::Unparsed { request, .. }
                if !request.kind.is_multi_line() =>
            {
                Some(request)
            }
            _ => None,
        }
    }
}

/// A message's unique-id (RFC 1939 section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct UniqueId<'a>(Text<'a>);

impl<'a> UniqueId<'a> {
    /// A unique-id of these octets.
    pub const fn new(octets: &'a [u8]) -> Self {
        Self(Text::new(octets))
    }

    /// The octets. Never a file name as they are: a server may send `../../x`.
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0.as_bytes()
    }

    /// The unique-id as text that is safe to print.
    pub const fn text(self) -> Text<'a> {
        self.0
    }

    /// Whether it is what RFC 1939 section 7 allows: 1 to 70 octets from 0x21 to 0x7E. Others are seen.
    pub fn is_compliant(self) -> bool {
        let octets = self.as_bytes();
        (1..=70).contains(&octets.len()) && octets.iter().all(u8::is_ascii_graphic)
    }
}

impl core::fmt::Display for UniqueId<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(&self.0, f)
    }
}
