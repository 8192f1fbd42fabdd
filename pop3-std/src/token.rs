//! Why a server does not take a token.

use std::fmt::{self, Write as _};

use pop3_proto::Text;
use pop3_proto::sasl::{Challenge, JsonText, OauthFailure};
use zeroize::Zeroizing;

use crate::link::{LINE, Seen};

/// Why a server does not take a token, in its own words (RFC 7628 section 3.2.2). All of it is safe to print, and `***` stands
/// where the server repeated the token.
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
    pub(crate) fn read(challenge: Challenge<'_>, seen: &Seen<'_>) -> Option<Self> {
        let mut buffer = Zeroizing::new(vec![0; LINE]);
        let failure = OauthFailure::parse(challenge.decode(&mut buffer).ok()?);
        let shown = |text| shown(text, seen);
        let failure = Self {
            status: failure.status.map(shown),
            scope: failure.scope.map(shown),
            openid_configuration: failure.openid_configuration.map(shown),
        };
        failure.status.is_some().then_some(failure)
    }
}

/// Base64 and the escapes of JSON hide nothing, so it is looked for the token behind them.
fn shown(text: JsonText<'_>, seen: &Seen<'_>) -> String {
    // With room for the longest escapes: a text that grows leaves copies behind.
    let mut said = Zeroizing::new(String::with_capacity(8 * text.as_bytes().len()));
    let _ = write!(said, "{text}");
    String::from_utf8_lossy(&seen.hide(Text::new(said.as_bytes()))).into_owned()
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
