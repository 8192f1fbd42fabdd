#![no_std]
#![doc = include_str!("../README.md")]

mod driver;
mod error;

pub use driver::Driver;
pub use error::Error;
pub use pop3_proto;
