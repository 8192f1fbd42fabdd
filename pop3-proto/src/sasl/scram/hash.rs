//! What SCRAM is made with.

use digest::Digest;
use digest::common::BlockSizeUser;

/// A hash that SCRAM is made with: one of those of this crate.
pub trait ScramHash {
    /// What does the hashing.
    #[doc(hidden)]
    type Digest: Digest + BlockSizeUser + Clone + Send + Sync;

    /// The mechanism's name without channel binding, and with it.
    #[doc(hidden)]
    const NAMES: (&'static str, &'static str);
}

macro_rules! hashes {
    ($($feature:literal $hash:ident $digest:ty, $name:literal;)*) => {$(
        #[doc = concat!("The hash of `", $name, "`.")]
        #[cfg(feature = $feature)]
        #[derive(Debug)]
        pub enum $hash {}

        #[cfg(feature = $feature)]
        impl ScramHash for $hash {
            type Digest = $digest;
            const NAMES: (&'static str, &'static str) = ($name, concat!($name, "-PLUS"));
        }
    )*};
}

hashes! {
    "scram-sha-1" Sha1 sha1::Sha1, "SCRAM-SHA-1";
    "scram-sha-256" Sha256 sha2::Sha256, "SCRAM-SHA-256";
    "scram-sha-512" Sha512 sha2::Sha512, "SCRAM-SHA-512";
}
