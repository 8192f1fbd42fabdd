//! Runs the tests in the modules of the example `fetch`. Cargo would run them in the example itself, but then it would not
//! build the program, which the tests in `fetch.rs` run.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "they are the modules of a program, which this is not"
)]

#[path = "../examples/fetch/arguments.rs"]
mod arguments;
#[path = "../examples/fetch/auth.rs"]
mod auth;
#[path = "../examples/fetch/digest.rs"]
mod digest;
#[path = "../examples/fetch/dotlock.rs"]
mod dotlock;
#[path = "../examples/fetch/durable.rs"]
mod durable;
#[path = "../examples/fetch/failure.rs"]
mod failure;
#[path = "../examples/fetch/maildir.rs"]
mod maildir;
#[path = "../examples/fetch/mbox.rs"]
mod mbox;
#[path = "../examples/fetch/mboxrd.rs"]
mod mboxrd;
#[path = "../examples/fetch/password.rs"]
mod password;
#[path = "../examples/fetch/plan.rs"]
mod plan;
#[path = "../examples/fetch/progress.rs"]
mod progress;
#[path = "../examples/fetch/raw.rs"]
mod raw;
#[path = "../examples/fetch/state.rs"]
mod state;
#[path = "../examples/fetch/unix_lines.rs"]
mod unix_lines;
#[path = "../examples/fetch/url.rs"]
mod url;
