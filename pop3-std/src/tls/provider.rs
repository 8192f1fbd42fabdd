//! What TLS computes with: the features of this crate choose it.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

use crate::error::Error;

/// Named, because the process's default may be missing, or be set by somebody else to something else.
#[cfg(feature = "ring")]
pub(super) fn provider() -> Result<Arc<CryptoProvider>, Error> {
    Ok(Arc::new(rustls::crypto::ring::default_provider()))
}

#[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
pub(super) fn provider() -> Result<Arc<CryptoProvider>, Error> {
    Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
}

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
pub(super) fn provider() -> Result<Arc<CryptoProvider>, Error> {
    Err(super::unusable(
        super::PREPARING,
        "this program was built without cryptography: enable the feature `ring` or `aws-lc-rs` of pop3-std, or give \
         a TLS configuration of your own",
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_features_choose_and_ring_wins() {
        let random = super::provider().map(|provider| format!("{:?}", provider.secure_random));
        let expected = match (cfg!(feature = "ring"), cfg!(feature = "aws-lc-rs")) {
            (true, _) => Some("Ring"),
            (false, true) => Some("AwsLcRs"),
            (false, false) => None,
        };
        assert_eq!(random.ok().as_deref(), expected);
    }
}
