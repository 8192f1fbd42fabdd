//! What the fuzz targets share. The oracles are those of `pop3-proto`'s own tests; here is how octets become what they are
//! asked about.

#[allow(missing_docs, reason = "it is documented as far as its readers need")]
#[path = "../../pop3-proto/tests/oracle/mod.rs"]
pub mod oracle;

pub mod input;
pub mod messages;
pub mod notes;
pub mod scram_server;
pub mod std_transport;
