//! Runs the example `fetch` as a program, against a server in this process.
//!
//! `cargo test` builds the example first; `cargo test --test fetch` does not: `cargo build -p pop3-std --example fetch` does.

#![cfg(any(feature = "ring", feature = "aws-lc-rs"))]
#![allow(unreachable_pub, reason = "a module of a test crate has no outside")]

#[path = "../examples/fetch/authority.rs"]
mod authority;
#[path = "../examples/fetch/demo_mail.rs"]
#[allow(dead_code, reason = "the demonstration has a maildrop of its own")]
mod demo_mail;
#[path = "../examples/fetch/server.rs"]
#[allow(dead_code, reason = "the demonstration uses all of it")]
mod server;

#[path = "fetch/crash.rs"]
mod crash;
#[path = "fetch/demo_server.rs"]
mod demo_server;
#[cfg(unix)]
#[path = "fetch/dovecot.rs"]
mod dovecot;
#[path = "fetch/host.rs"]
mod host;
#[path = "fetch/modes.rs"]
mod modes;
#[path = "fetch/program.rs"]
mod program;
#[path = "fetch/safety.rs"]
mod safety;
#[path = "fetch/smuggled.rs"]
mod smuggled;
#[path = "fetch/storing.rs"]
mod storing;
#[cfg(unix)]
mod support;
