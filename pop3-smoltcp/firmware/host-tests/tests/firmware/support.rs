//! Dovecot, as the tests of pop3-std start it.
#![allow(dead_code, reason = "this uses a part of it")]
#![allow(unreachable_pub, reason = "a module of a test crate has no outside")]

#[path = "../../../../../pop3-std/tests/support/certificates.rs"]
pub mod certificates;
#[path = "../../../../../pop3-std/tests/support/client_certificates.rs"]
pub mod client_certificates;
#[path = "../../../../../pop3-std/tests/support/dovecot.rs"]
pub mod dovecot;
#[path = "../../../../../pop3-std/tests/support/process.rs"]
pub mod process;
#[path = "../../../../../pop3-std/tests/support/sasl.rs"]
mod sasl;
#[path = "../../../../../pop3-std/tests/support/setup.rs"]
pub mod setup;
#[path = "../../../../../pop3-std/tests/support/skip.rs"]
pub mod skip;
#[path = "../../../../../pop3-std/tests/support/token.rs"]
pub mod token;
