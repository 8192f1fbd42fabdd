#![no_std]
#![doc = include_str!("../README.md")]

// Without MD5 there is no APOP; the rest of the crate need not know.
#[cfg_attr(not(feature = "apop"), path = "apop_off.rs")]
mod apop;
mod capability;
mod client;
mod code;
mod command;
mod config;
mod deadline;
mod error;
mod event;
pub mod login;
mod pipeline;
mod secret;
mod state;
mod text;
mod wire;

pub use capability::{Capability, CapabilityKind, CapabilitySet, Mechanisms};
pub use client::{Client, MAX_COMMAND, MAX_LINE, Sent};
pub use code::ResponseCode;
pub use command::{Command, CommandKind, MessageNumber, Request};
pub use config::{Config, LineEnds, Pipelining};
pub use deadline::Deadline;
pub use error::{Foreign, ReceiveError, SendError, Waiting};
pub use event::{Event, UniqueId};
pub use secret::Secret;
pub use state::State;
pub use text::Text;
