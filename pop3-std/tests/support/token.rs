//! Access tokens (JWT, RFC 7519) as an authorization server would issue them, for XOAUTH2 and OAUTHBEARER.

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// A key that signs tokens (HS256). The tokens of two keys look alike, but a server that knows one takes only its own.
pub struct TokenKey([u8; 32]);

impl TokenKey {
    /// Makes a new key.
    pub fn new() -> Self {
        let mut key = [0; 32];
        SystemRandom::new().fill(&mut key).expect("random octets");
        Self(key)
    }

    /// A token for a user, of letters and digits, that is valid for an hour.
    pub fn token(&self, user: &str) -> String {
        self.sign(user, SystemTime::now() + HOUR)
    }

    /// A token that was valid until an hour ago.
    pub fn expired_token(&self, user: &str) -> String {
        self.sign(user, SystemTime::now() - HOUR)
    }

    /// The key in the form in which Dovecot reads it.
    pub(super) fn base64(&self) -> String {
        BASE64_STANDARD.encode(self.0)
    }

    fn sign(&self, user: &str, expires: SystemTime) -> String {
        let expires = expires.duration_since(UNIX_EPOCH).expect("our era");
        let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"HS256"}"#);
        let claims = format!(r#"{{"sub":"{user}","exp":{}}}"#, expires.as_secs());
        let signed = format!("{header}.{}", BASE64_URL_SAFE_NO_PAD.encode(claims));
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let signature = BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}
