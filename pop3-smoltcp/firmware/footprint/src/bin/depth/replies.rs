//! What is said. The server says its next reply, to the last line, whenever a line has come from the client.

use pop3_smoltcp::pop3_proto::login::Authentication;
use pop3_smoltcp::pop3_proto::sasl::MechanismKind;
use pop3_smoltcp::pop3_proto::{Command, MessageNumber};

/// A log-in, and what follows it.
pub struct Conversation {
    /// How to log in.
    pub authentication: Authentication,
    /// Whether the server is asked what it can do. If not, the log-in begins as soon as it is made.
    pub asked: bool,
    /// The replies to CAPA, the log-in, and CAPA again.
    pub log_in: &'static [&'static str],
    /// How it ends.
    pub outcome: Outcome,
}

/// How a conversation ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody is logged in: [`COMMANDS`], to the last.
    Quit,
    /// The log-in is refused.
    Refused,
    /// The server says what makes no sense.
    Breach,
    /// The server says nothing.
    Silence,
}

pub const GREETING: &str = "+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n";

pub const CONVERSATIONS: &[Conversation] = &[
    Conversation {
        authentication: Authentication::UserPass,
        asked: true,
        log_in: &["-ERR\r\n", "+OK\r\n", "+OK\r\n", "-ERR\r\n"],
        outcome: Outcome::Quit,
    },
    Conversation {
        authentication: Authentication::ApopOnly,
        asked: true,
        log_in: &[
            "+OK\r\nPIPELINING\r\nSASL PLAIN\r\n.\r\n",
            "+OK\r\n",
            "-ERR\r\n",
        ],
        outcome: Outcome::Quit,
    },
    Conversation {
        authentication: Authentication::Mechanism(MechanismKind::Plain),
        asked: true,
        log_in: &["-ERR\r\n", "+ \r\n", "+OK\r\n", "-ERR\r\n"],
        outcome: Outcome::Quit,
    },
    Conversation {
        authentication: Authentication::Mechanism(MechanismKind::Plain),
        asked: false,
        log_in: &["+ \r\n", "+OK\r\n"],
        outcome: Outcome::Quit,
    },
    Conversation {
        authentication: Authentication::ApopOnly,
        asked: false,
        log_in: &["+OK\r\n"],
        outcome: Outcome::Quit,
    },
    Conversation {
        authentication: Authentication::UserPass,
        asked: true,
        log_in: &["-ERR\r\n", "+OK\r\n", "-ERR [AUTH] wrong password\r\n"],
        outcome: Outcome::Refused,
    },
    // The challenge is the error {"status":"401","schemes":"bearer","scope":"https://mail.example.org/"}.
    Conversation {
        authentication: Authentication::Mechanism(MechanismKind::Xoauth2),
        asked: true,
        log_in: &[
            "-ERR\r\n",
            "+ \r\n",
            "+ eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZXhhbXBsZS5vcmcvIn0=\r\n",
            "-ERR\r\n",
        ],
        outcome: Outcome::Refused,
    },
    Conversation {
        authentication: Authentication::UserPass,
        asked: true,
        log_in: &["-ERR\r\n", "+OK\r\n", "what?\r\n"],
        outcome: Outcome::Breach,
    },
    Conversation {
        authentication: Authentication::UserPass,
        asked: true,
        log_in: &["-ERR\r\n", "+OK\r\n", ""],
        outcome: Outcome::Silence,
    },
    // The exchange of RFC 7677 section 3.
    #[cfg(feature = "scram-sha-256")]
    Conversation {
        authentication: Authentication::Mechanism(MechanismKind::ScramSha256),
        asked: true,
        log_in: &[
            "-ERR\r\n",
            "+ \r\n",
            "+ cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1eEZJbGopaE5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwOTY=\r\n",
            "+ dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==\r\n",
            "+OK\r\n",
            "-ERR\r\n",
        ],
        outcome: Outcome::Quit,
    },
];

const MESSAGE: MessageNumber = MessageNumber::FIRST;

/// What is asked when somebody is logged in, and the replies.
pub const COMMANDS: [(Command<'_>, &str); 8] = [
    (Command::Stat, "+OK 1 120\r\n"),
    (Command::ListOne(MESSAGE), "+OK 1 120\r\n"),
    (Command::List, "+OK\r\n1 120\r\n.\r\n"),
    (Command::Uidl, "+OK\r\n1 whqtswO00WBw418f9t5JxYwZ\r\n.\r\n"),
    (
        Command::Top {
            message: MESSAGE,
            lines: 0,
        },
        "+OK\r\nSubject: x\r\n\r\n.\r\n",
    ),
    (
        Command::Retr(MESSAGE),
        "+OK\r\nSubject: x\r\n\r\n..dots\r\n.\rx\r\n.\r\n",
    ),
    (Command::Dele(MESSAGE), "+OK\r\n"),
    (Command::Quit, "+OK\r\n"),
];
