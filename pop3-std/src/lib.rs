#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//!
//! [`Connector`] says where the server is, [`Unauthenticated`] logs in, and [`Session`] does the rest. [`Message`] is a
//! [`BufRead`](std::io::BufRead) that comes to its end only if the whole message is there. [`Timeouts`] bound how long
//! anything may take, [`Error`] tells what went wrong.
//!
//! A session over a stream of one's own, here a server in memory:
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/mailbox.rs"));
//! # fn main() -> Result<(), pop3_std::Error> {
//! use pop3_std::{Authentication, Connector, Credentials, ErrorKind, MessageNumber, Security, Untimed};
//! use std::io::Read as _;
//!
//! let mut session = Connector::new("localhost", Security::ClearText)
//!     .connect_over(Untimed(Mailbox::new()))?
//!     .login(&Credentials::new("mrose", "mvan99"), Authentication::Auto)?;
//! assert_eq!(session.login_report().to_string(), "USER/PASS");
//!
//! let mut mail = String::new();
//! session.retr(MessageNumber::FIRST)?.read_to_string(&mut mail)?;
//! assert_eq!(mail, "Subject: first\r\n\r\n.dots..\r\n");
//!
//! let missing = MessageNumber::new(3).expect("not 0");
//! let error = session.retr(missing).expect_err("there are two messages");
//! assert_eq!(error.kind(), ErrorKind::Rejected);
//! assert_eq!(error.to_string(), "RETR 3: the server refused it: \"no\"");
//! session.quit()?;
//! # Ok(()) }
//! ```

mod batch;
mod blame;
mod capabilities;
mod channel;
mod connector;
mod credentials;
mod error;
mod language;
mod link;
mod listing;
mod login;
mod message;
mod session;
mod timeouts;
mod tls;
mod token;
mod trace;
mod transport;
mod window;

pub use batch::{Fetched, Marked, Marks, Messages, Progress, Unfinished};
pub use capabilities::{Capabilities, MAX_CAPABILITIES};
pub use connector::Connector;
pub use credentials::Credentials;
pub use error::{Deletions, Error, ErrorKind, QuitError};
pub use language::{Language, MAX_LANGUAGES};
pub use link::RECEIVE_BUFFER;
pub use listing::{Lines, Listing, Listings, Lists, UniqueId, UniqueIdListing, UniqueIds};
pub use login::{LoginError, Unauthenticated};
pub use message::Message;
pub use session::{Session, Stat};
pub use timeouts::Timeouts;
pub use tls::TlsFailure;
pub use token::TokenFailure;
pub use trace::TraceEvent;
pub use transport::{Transport, Untimed};
pub use window::{MAX_IN_FLIGHT, Window};

pub use pop3_proto::login::{
    ApopOutcome, Authentication, InitialResponse, LoginMethod, LoginReport, Offer, Security,
};
pub use pop3_proto::sasl::{MechanismKind, MechanismSet};
pub use pop3_proto::{
    CapabilityKind, CapabilitySet, Config, LineEnds, MessageNumber, Pipelining, Support, Text,
};
pub use {pop3_proto, rustls};

/// The repository's README, so that its example is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
