//! What a client can ask of a server.

mod kind;

use core::fmt;
use core::num::NonZeroU32;

use crate::apop::Timestamp;
use crate::error::SendError;
use crate::features::{LANG, SASL, TOP};
use crate::sasl::Mechanism;
use crate::secret::Secret;
use crate::text::Text;
use crate::wire::encode;
use crate::wire::number::{Digits, digits};
pub use kind::CommandKind;

/// The number of a message in this session: from 1 (RFC 1939 section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct MessageNumber(NonZeroU32);

impl MessageNumber {
    /// The first message of a maildrop.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// `None` for 0, which is no message's number.
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number, 1 or more.
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

impl MessageNumber {
    /// The numbers of a maildrop of so many messages: 1, 2, ... up to that. After a DELE there are gaps.
    pub fn up_to(messages: u32) -> impl DoubleEndedIterator<Item = Self> + Clone {
        (1..=messages).filter_map(Self::new)
    }
}

impl TryFrom<u32> for MessageNumber {
    type Error = core::num::TryFromIntError;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        NonZeroU32::try_from(number).map(Self)
    }
}

impl From<MessageNumber> for NonZeroU32 {
    fn from(number: MessageNumber) -> Self {
        number.0
    }
}

impl From<NonZeroU32> for MessageNumber {
    fn from(number: NonZeroU32) -> Self {
        Self(number)
    }
}

impl From<MessageNumber> for u32 {
    fn from(number: MessageNumber) -> Self {
        number.get()
    }
}

impl fmt::Display for MessageNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A command with its arguments.
///
/// Some can be left out of a build: [`CommandKind::is_available`].
///
/// `Display` and `Debug` print it for people: as the line that is sent, with `***` for a secret and for what is made from
/// one, and with a name made safe to print.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Command<'a> {
    /// `USER name` (RFC 1939 section 7): who logs in. [`Command::Pass`] follows.
    User(&'a [u8]),
    /// `PASS string` (RFC 1939 section 7): the password, as it is.
    Pass(Secret<'a>),
    /// `APOP name digest` (RFC 1939 section 7): the digest is made from the greeting's timestamp and this secret.
    ///
    /// Needs the feature `apop`. A timestamp of more than [`MAX_TIMESTAMP`](crate::MAX_TIMESTAMP) octets counts as none.
    Apop {
        /// Who logs in: no blanks.
        user: &'a [u8],
        /// What client and server share.
        secret: Secret<'a>,
    },
    /// `STAT` (RFC 1939 section 5): how many messages, how many octets.
    Stat,
    /// `LIST` (RFC 1939 section 5): the size of every message.
    List,
    /// `LIST msg` (RFC 1939 section 5): the size of one message.
    ListOne(MessageNumber),
    /// `UIDL` (RFC 1939 section 7): the unique-id of every message.
    Uidl,
    /// `UIDL msg` (RFC 1939 section 7): the unique-id of one message.
    UidlOne(MessageNumber),
    /// `RETR msg` (RFC 1939 section 5): a whole message.
    Retr(MessageNumber),
    /// `TOP msg n` (RFC 1939 section 7): a message's header, a blank line, and the first lines of its body.
    Top {
        /// Which message.
        message: MessageNumber,
        /// How many lines of its body.
        lines: u32,
    },
    /// `DELE msg` (RFC 1939 section 5): marks a message as deleted. Only QUIT makes it so.
    Dele(MessageNumber),
    /// `NOOP` (RFC 1939 section 5): keeps the session alive.
    Noop,
    /// `RSET` (RFC 1939 section 5): unmarks every message marked as deleted.
    Rset,
    /// `QUIT` (RFC 1939 sections 4 and 6): ends the session and commits its deletions.
    Quit,
    /// `CAPA` (RFC 2449 section 5): what can the server do?
    Capa,
    /// `STLS` (RFC 2595 section 4): begin TLS on this connection.
    Stls,
    /// `AUTH mechanism [initial-response]` (RFC 5034 section 4): a SASL exchange begins. See [`sasl`](crate::sasl).
    Auth {
        /// The mechanism, at its beginning.
        mechanism: &'a dyn Mechanism,
        /// Send its first response along, if it [speaks first](Mechanism::speaks_first): one round trip less. A server that
        /// announces SASL has to take it, but commands are limited to [`MAX_COMMAND`](crate::MAX_COMMAND) octets.
        initial_response: bool,
    },
    /// The response to [`Event::Challenge`](crate::Event::Challenge): what the mechanism has to say now.
    Response(&'a dyn Mechanism),
    /// `*`, the other answer to [`Event::Challenge`](crate::Event::Challenge) (RFC 5034 section 4): the exchange is over, and
    /// the session goes on. The server answers with `-ERR`, and nothing else may be its answer.
    Cancel,
    /// `UTF8` (RFC 6856 section 2.1): mail and texts may be UTF-8 from now on. To be sent before the log-in; some servers
    /// take it after. STLS must not follow, whatever the answer.
    Utf8,
    /// `LANG` (RFC 6856 section 3.2): which languages are there?
    Languages,
    /// `LANG tag` (RFC 6856 section 3.2): texts in this language from now on, `*` for the server's default: a language tag of
    /// RFC 5646.
    Lang(&'a str),
}

impl Command<'_> {
    /// Which command it is.
    pub const fn kind(&self) -> CommandKind {
        match self {
            Self::User(_) => CommandKind::User,
            Self::Pass(_) => CommandKind::Pass,
            Self::Apop { .. } => CommandKind::Apop,
            Self::Stat => CommandKind::Stat,
            Self::List => CommandKind::List,
            Self::ListOne(_) => CommandKind::ListOne,
            Self::Uidl => CommandKind::Uidl,
            Self::UidlOne(_) => CommandKind::UidlOne,
            Self::Retr(_) => CommandKind::Retr,
            Self::Top { .. } => CommandKind::Top,
            Self::Dele(_) => CommandKind::Dele,
            Self::Noop => CommandKind::Noop,
            Self::Rset => CommandKind::Rset,
            Self::Quit => CommandKind::Quit,
            Self::Capa => CommandKind::Capa,
            Self::Stls => CommandKind::Stls,
            Self::Auth { .. } => CommandKind::Auth,
            Self::Response(_) => CommandKind::Response,
            Self::Cancel => CommandKind::Cancel,
            Self::Utf8 => CommandKind::Utf8,
            Self::Languages => CommandKind::Languages,
            Self::Lang(_) => CommandKind::Lang,
        }
    }

    /// The message it is about, if it is about one.
    pub const fn message(&self) -> Option<MessageNumber> {
        match *self {
            Self::ListOne(message)
            | Self::UidlOne(message)
            | Self::Retr(message)
            | Self::Top { message, .. }
            | Self::Dele(message) => Some(message),
            _ => None,
        }
    }

    /// Whether the arguments can be sent: no CR, LF or NUL in them, none of them empty, and no blank in the user's name for
    /// APOP; a mechanism's name and a language's tag are words of the characters that they may have.
    /// [`Client::send`](crate::Client::send) checks it too; this is for finding out before the session has begun.
    ///
    /// # Errors
    ///
    /// [`SendError::InvalidArgument`], [`SendError::Mechanism`].
    pub fn check_arguments(&self) -> Result<(), SendError> {
        let all_fine = match *self {
            Self::User(user) => encode::is_argument(user, true),
            Self::Pass(secret) => encode::is_argument(secret.expose(), true),
            Self::Apop { user, secret } => {
                encode::is_argument(user, false) && encode::is_argument(secret.expose(), true)
            }
            Self::Auth { mechanism, .. } if SASL => {
                mechanism.check().map_err(SendError::Mechanism)?;
                is_mechanism_name(mechanism.name().as_bytes())
            }
            Self::Lang(tag) if LANG => is_language_tag(tag.as_bytes()),
            _ => true,
        };
        if all_fine {
            Ok(())
        } else {
            Err(SendError::InvalidArgument(self.kind()))
        }
    }

    /// Writes the command at the beginning of `out`, and returns its length in octets.
    #[inline(never)]
    pub(crate) fn encode(
        &self,
        request: Request,
        timestamp: Option<&Timestamp>,
        out: &mut [u8],
    ) -> Result<usize, SendError> {
        self.check_arguments()?;
        let keyword = request.kind.sent();
        let message = request.message.map_or(0, MessageNumber::get);
        let (mut number, mut lines, mut digest) = (Digits::default(), Digits::default(), [0; 32]);
        let number = digits(message, &mut number);
        let arguments: [&[u8]; 2] = match *self {
            Self::User(user) => [user, b""],
            Self::Pass(secret) => [secret.expose(), b""],
            Self::Apop { user, secret } => {
                let timestamp = timestamp.ok_or(SendError::NoTimestamp)?;
                timestamp.digest(secret, &mut digest);
                [user, &digest]
            }
            Self::Lang(tag) if LANG => [tag.as_bytes(), b""],
            Self::Auth {
                mechanism,
                initial_response,
            } if SASL => {
                let name = mechanism.name().as_bytes();
                if initial_response && mechanism.speaks_first() {
                    let before = [keyword, b" ", name, b" "];
                    return encode::response(&before, mechanism, b"=", out);
                }
                [name, b""]
            }
            Self::Response(mechanism) if SASL => {
                return encode::response(&[], mechanism, b"", out);
            }
            Self::Top { lines: count, .. } if TOP => [number, digits(count, &mut lines)],
            _ if message > 0 => [number, b""],
            _ => [b"", b""],
        };
        encode::line(keyword, arguments, out)
    }
}

/// RFC 4422 section 3.1.
fn is_mechanism_name(name: &[u8]) -> bool {
    let allowed = |octet| matches!(octet, b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_');
    (1..=20).contains(&name.len()) && name.iter().copied().all(allowed)
}

/// RFC 5646 section 2.1, or `*`.
fn is_language_tag(tag: &[u8]) -> bool {
    let allowed = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    tag == b"*" || !tag.is_empty() && tag.iter().copied().all(allowed)
}

impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().keyword())?;
        match self {
            Self::Auth {
                mechanism,
                initial_response,
            } => {
                write!(f, " {}", Text::new(mechanism.name().as_bytes()))?;
                f.write_str(if *initial_response && mechanism.speaks_first() {
                    " ***"
                } else {
                    ""
                })
            }
            Self::Response(_) => f.write_str(" ***"),
            Self::Lang(tag) => write!(f, " {}", Text::new(tag.as_bytes())),
            Self::User(user) => write!(f, " {}", Text::new(user)),
            Self::Pass(secret) => write!(f, " {secret}"),
            Self::Apop { user, secret } => write!(f, " {} {secret}", Text::new(user)),
            Self::Top { message, lines } => write!(f, " {message} {lines}"),
            _ => match self.message() {
                Some(message) => write!(f, " {message}"),
                None => Ok(()),
            },
        }
    }
}

impl fmt::Debug for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({self})")
    }
}

/// What a reply answers: a command that was sent, and the message it was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Request {
    /// The command.
    pub kind: CommandKind,
    /// The message, for the commands that are about one.
    pub message: Option<MessageNumber>,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.keyword())?;
        match self.message {
            Some(message) => write!(f, " {message}"),
            None => Ok(()),
        }
    }
}

/// A command that was encoded, and is now to be written to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[must_use = "the octets have to be written to the server, or no reply will ever come"]
pub struct Sent {
    /// What its reply will name.
    pub request: Request,
    /// How many octets at the beginning of the output buffer to write to the server.
    pub octets: usize,
}
