//! The SASL mechanisms: the examples of the RFCs, and servers that say anything. With `--all-features` all of them.

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
