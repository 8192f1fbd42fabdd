#![no_std]
#![doc = include_str!("../README.md")]
//!
//! ## How it is used
//!
//! * [`Client::send`] writes a command into your buffer, whole or not at all. Write those octets to the server, in order.
//! * [`Client::receive`] moves your cursor on and lends the next [`Event`]. `Ok(None)` means that the cursor is empty: read
//!   more. Chunks may be cut anywhere; nothing has to be kept or shown again; a buffer of one octet works.
//! * [`Client::receive_eof`] says whether a connection that ended was allowed to.
//! * [`login`] knows the order of greeting, STLS, CAPA and log-in, and what must never happen on the way.
//! * [`Deadline`] does the arithmetic of time-outs; [`Client::waiting_for`] says what they are for.

// Without MD5 there is no APOP; the rest of the crate need not know.
#[cfg_attr(not(feature = "apop"), path = "apop_off.rs")]
mod apop;
mod capability;
mod cause;
mod client;
mod code;
mod command;
mod config;
mod deadline;
mod error;
mod event;
mod features;
#[cfg(feature = "defmt")]
mod format;
mod knowledge;
pub mod login;
#[cfg(feature = "apop")]
mod md5;
mod pipeline;
mod reading;
mod reply;
pub mod sasl;
mod secret;
mod state;
mod text;
mod wire;

pub use capability::{Capability, CapabilityKind, CapabilitySet, Mechanisms, Support};
pub use cause::LikelyCause;
pub use client::{Client, MAX_COMMAND, MAX_LINE, MAX_TIMESTAMP};
pub use code::ResponseCode;
pub use command::{Command, CommandKind, MessageNumber, Request, Sent};
pub use config::{Config, LineEnds, Pipelining};
pub use deadline::Deadline;
pub use error::{Foreign, ReceiveError, SendError, Waiting};
pub use event::{Event, UniqueId};
pub use secret::Secret;
pub use state::State;
pub use text::Text;
