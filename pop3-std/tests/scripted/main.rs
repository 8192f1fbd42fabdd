//! The client against servers that say what a test wants, cut as a test wants: in memory, and on the loopback
//! interface where time or TLS is the point.

#![cfg(any(feature = "ring", feature = "aws-lc-rs"))]
#![allow(unreachable_pub, reason = "a module of a test crate has no outside")]

mod addresses;
mod alone;
mod attack;
#[path = "../support/certificates.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod certificates;
mod client_certificates;
mod commands;
#[cfg(unix)]
mod congestion;
mod endings;
mod faults;
mod faulty;
mod login;
mod narrow;
mod piped;
mod pipelining;
mod play;
mod sasl;
mod sasl_settings;
mod secrets;
mod server;
mod time;
mod tls;
mod tls_certificates;
mod tls_failures;
mod tls_settings;
mod turns;
mod unfinished;
