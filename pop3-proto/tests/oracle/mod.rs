//! What the protocol core is measured against: slow, obvious readings of the RFCs that share no code with it. The property
//! tests, the exhaustive tests and the fuzz targets all ask these.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test and each fuzz target uses its own part"
)]

pub mod commands;
pub mod dialogue;
mod grammar;
pub mod login;
pub mod model;
pub mod permission;
pub mod sasl;
pub mod stuffing;
pub mod transcript;
