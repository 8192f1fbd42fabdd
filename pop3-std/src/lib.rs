#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//!
//! [`Connector`] says where the server is, [`Unauthenticated`] logs in, and [`Session`] does the rest. [`Message`] is a
//! [`BufRead`](std::io::BufRead) that comes to its end only if the whole message is there. [`Timeouts`] bound how long
//! anything may take, [`Error`] tells what went wrong.

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
