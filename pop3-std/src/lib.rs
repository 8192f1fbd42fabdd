//! A blocking POP3 client: TLS and STLS by rustls, IPv4 and IPv6, time-outs, messages as streams.
//!
//! [`Connector`] says where the server is, [`Unauthenticated`] logs in, and [`Session`] does the rest.
//! [`Message`] is a [`BufRead`](std::io::BufRead) that comes to its end only if the whole message is there.
//!
//! ```no_run
//! use std::io::Read;
//! use pop3_std::{Authentication, Connector, Credentials, MessageNumber, Security};
//!
//! let credentials = Credentials::new("mrose", std::env::var("POP3_PASSWORD")?);
//! let mut session = Connector::new("pop.example.org", Security::ImplicitTls)
//!     .connect()?
//!     .login(&credentials, Authentication::UserPass)?;
//! let mut mail = Vec::new();
//! session.retr(MessageNumber::FIRST)?.read_to_end(&mut mail)?;
//! session.dele(MessageNumber::FIRST)?;
//! session.quit()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod blame;
mod capabilities;
mod channel;
mod connector;
mod credentials;
mod error;
mod link;
mod listing;
mod message;
mod session;
mod timeouts;
mod tls;
mod trace;
mod transport;

pub use capabilities::{Capabilities, MAX_CAPABILITIES};
pub use connector::Connector;
pub use credentials::Credentials;
pub use error::{Deletions, Error, ErrorKind, QuitError};
pub use link::RECEIVE_BUFFER;
pub use listing::{Lines, Listing, Listings, UniqueId, UniqueIdListing, UniqueIds};
pub use message::Message;
pub use session::{LoginError, Session, Stat, Unauthenticated};
pub use timeouts::Timeouts;
pub use trace::TraceEvent;
pub use transport::{Transport, Untimed};

pub use pop3_proto::login::{ApopOutcome, Authentication, LoginMethod, LoginReport, Security};
pub use pop3_proto::{
    CapabilityKind, CapabilitySet, Config, LineEnds, MessageNumber, Pipelining, Text,
};
pub use {pop3_proto, rustls};

/// The repository's README, so that its example is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
