#![no_std]
#![doc = include_str!("../README.md")]

mod driver;
mod error;
#[cfg(feature = "defmt")]
mod format;
mod outbox;
pub mod session;
mod timeouts;
mod way_in;

pub use driver::Driver;
pub use error::Error;
pub use pop3_proto;
pub use session::{Session, Step};
pub use timeouts::{Phase, Timeouts};
pub use way_in::WayIn;
