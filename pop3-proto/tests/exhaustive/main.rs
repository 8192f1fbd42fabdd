//! Everything, up to a bound: every short message in every way of cutting it, every short status line after every command,
//! every command in every state, every short dialogue, every timestamp, every way in.
//!
//! The bounds of a release build are what counts (`cargo test --release -p pop3-proto --test exhaustive`); a debug build
//! keeps to smaller ones, so that it takes seconds.

#![allow(unreachable_pub, reason = "a module of a test crate has no outside")]

#[path = "../oracle/mod.rs"]
mod oracle;

mod choice;
mod dialogues;
mod greetings;
mod lines;
mod states;
mod unstuffer;
mod unstuffing;
mod ways_in;

/// A bound: the first in a release build, the second in a debug build.
const fn bound(release: usize, debug: usize) -> usize {
    if cfg!(debug_assertions) {
        debug
    } else {
        release
    }
}
