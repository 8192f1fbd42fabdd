//! Why a server does not take a token.

use std::fmt;

use pop3_proto::sasl::{Challenge, MAX_CHALLENGE, OauthFailure};

/// Why a server does not take a token, in its own words (RFC 7628 section 3.2.2). All of it is safe to print.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TokenFailure {
    /// The error code: `invalid_token`, or, from some servers, the status of HTTP: `401`.
    pub status: Option<String>,
    /// What the token would have to be for.
    pub scope: Option<String>,
    /// The URL of a document that says where to get a token.
    pub openid_configuration: Option<String>,
}

impl TokenFailure {
    /// Reads a challenge; `None` if it is something else.
    pub(crate) fn read(challenge: Challenge<'_>) -> Option<Self> {
        let mut buffer = [0; MAX_CHALLENGE];
        let failure = OauthFailure::parse(challenge.decode(&mut buffer).ok()?);
        let failure = Self {
            status: failure.status.map(|text| text.to_string()),
            scope: failure.scope.map(|text| text.to_string()),
            openid_configuration: failure.openid_configuration.map(|text| text.to_string()),
        };
        failure.status.is_some().then_some(failure)
    }
}

impl fmt::Display for TokenFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {:?}", self.status.as_deref().unwrap_or_default())?;
        match &self.scope {
            Some(scope) => write!(f, ", scope {scope:?}"),
            None => Ok(()),
        }
    }
}
