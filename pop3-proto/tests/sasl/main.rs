//! The SASL mechanisms: the examples of the RFCs, and servers that say anything. With `--all-features` all of them.
//!
//! The bounds of a release build are what counts (`cargo test --release -p pop3-proto --all-features --test sasl`); a debug
//! build keeps to smaller ones, so that it takes seconds.

mod base64;
#[cfg(feature = "cram-md5")]
mod cram_md5;
mod exchange;
mod oauth;
mod properties;
#[cfg(feature = "scram-sha-256")]
mod scram;
#[cfg(all(
    feature = "scram-sha-1",
    feature = "scram-sha-256",
    feature = "scram-sha-512"
))]
mod scram_vectors;
mod secrets;
mod simple;
mod support;

/// A bound: the first in a release build, the second in a debug build.
const fn bound(release: usize, debug: usize) -> usize {
    if cfg!(debug_assertions) {
        debug
    } else {
        release
    }
}

/// Every octet in a release build; in a debug build one of so many, and at each place others.
#[cfg(feature = "scram-sha-256")]
fn octets(place: usize, one_of: usize) -> impl Iterator<Item = u8> {
    let step = bound(1, one_of);
    (0..=255).skip(place % step).step_by(step)
}
