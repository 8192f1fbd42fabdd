//! Bearer tokens (RFC 6750): OAUTHBEARER (RFC 7628), and XOAUTH2, which came before it.

mod failure;
mod json;

use super::{Challenge, Mechanism, MechanismError, ResponseWriter, saslname};
use crate::secret::Secret;
use crate::text::Text;
use crate::wire::number::{Digits, digits};

pub use failure::OauthFailure;
pub use json::JsonText;

/// `XOAUTH2`: an access token, in the form that Google and Microsoft made up before there was an RFC.
///
/// If the server does not take the token it says why in a challenge, [`OauthFailure`]. The answer to that is an empty line;
/// `-ERR` follows.
#[derive(Clone, Copy, Debug)]
pub struct Xoauth2<'c> {
    user: Text<'c>,
    token: Secret<'c>,
    failed: bool,
}

impl<'c> Xoauth2<'c> {
    /// Logs in as this user, whose name must not be empty or have control characters in it, with this access token: as it
    /// came from the authorization server, without `Bearer`.
    #[must_use]
    pub const fn new(user: &'c [u8], token: Secret<'c>) -> Self {
        Self {
            user: Text::new(user),
            token,
            failed: false,
        }
    }
}

impl Mechanism for Xoauth2<'_> {
    fn name(&self) -> &str {
        "XOAUTH2"
    }

    fn speaks_first(&self) -> bool {
        true
    }

    fn check(&self) -> Result<(), MechanismError> {
        if !self.user.is_empty() && is_value(self.user) && is_token(self.token) {
            Ok(())
        } else {
            Err(MechanismError::InvalidArgument)
        }
    }

    fn take_challenge(&mut self, _: Challenge<'_>) -> Result<(), MechanismError> {
        take_failure(&mut self.failed)
    }

    fn write_response(&self, response: &mut ResponseWriter<'_>) {
        if !self.failed {
            response.put(b"user=");
            response.put(self.user.as_bytes());
            put_token(response, self.token);
        }
    }

    fn check_success(&self) -> Result<(), MechanismError> {
        check_success(self.failed)
    }
}

/// `OAUTHBEARER` (RFC 7628): an access token.
///
/// If the server does not take the token it says why in a challenge, [`OauthFailure`]. The answer to that is one octet 0x01;
/// `-ERR` follows.
#[derive(Clone, Copy, Debug)]
pub struct Oauthbearer<'c> {
    authorization_id: Text<'c>,
    token: Secret<'c>,
    host: Option<Text<'c>>,
    port: Option<u16>,
    failed: bool,
}

impl<'c> Oauthbearer<'c> {
    /// Logs in with this access token: as it came from the authorization server, without `Bearer`. The user's name must not
    /// have control characters in it; if it is empty, the token says it all.
    #[must_use]
    pub const fn new(user: &'c [u8], token: Secret<'c>) -> Self {
        Self {
            authorization_id: Text::new(user),
            token,
            host: None,
            port: None,
            failed: false,
        }
    }

    /// Tells the server which host the client meant to reach. Without control characters.
    #[must_use]
    pub const fn host(mut self, host: &'c [u8]) -> Self {
        self.host = Some(Text::new(host));
        self
    }

    /// Tells the server which port the client meant to reach.
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }
}

impl Mechanism for Oauthbearer<'_> {
    fn name(&self) -> &str {
        "OAUTHBEARER"
    }

    fn speaks_first(&self) -> bool {
        true
    }

    fn check(&self) -> Result<(), MechanismError> {
        if is_value(self.authorization_id) && self.host.is_none_or(is_value) && is_token(self.token)
        {
            Ok(())
        } else {
            Err(MechanismError::InvalidArgument)
        }
    }

    fn take_challenge(&mut self, _: Challenge<'_>) -> Result<(), MechanismError> {
        take_failure(&mut self.failed)
    }

    fn write_response(&self, response: &mut ResponseWriter<'_>) {
        if self.failed {
            response.put(b"\x01");
            return;
        }
        let mut put = |octets: &[u8]| response.put(octets);
        put(b"n,");
        saslname::put_authorization_id(self.authorization_id.as_bytes(), &mut put);
        put(b",");
        if let Some(host) = self.host {
            put(b"\x01host=");
            put(host.as_bytes());
        }
        if let Some(port) = self.port {
            put(b"\x01port=");
            put(digits(port.into(), &mut Digits::default()));
        }
        put_token(response, self.token);
    }

    fn check_success(&self) -> Result<(), MechanismError> {
        check_success(self.failed)
    }
}

/// Any challenge says that the token is not good enough: only `+OK` says that it is.
fn take_failure(failed: &mut bool) -> Result<(), MechanismError> {
    if core::mem::replace(failed, true) {
        Err(MechanismError::Malformed)
    } else {
        Ok(())
    }
}

fn check_success(failed: bool) -> Result<(), MechanismError> {
    if failed {
        Err(MechanismError::ServerError)
    } else {
        Ok(())
    }
}

fn put_token(response: &mut ResponseWriter<'_>, token: Secret<'_>) {
    response.put(b"\x01auth=Bearer ");
    response.put(token.expose());
    response.put(b"\x01\x01");
}

/// What stands between two octets 0x01 must have none in it. Other control characters have no business there either.
fn is_value(text: Text<'_>) -> bool {
    !text.as_bytes().iter().any(u8::is_ascii_control)
}

/// `b64token` of RFC 6750 section 2.1.
fn is_token(token: Secret<'_>) -> bool {
    let token = token.expose();
    let end = token
        .iter()
        .rposition(|&octet| octet != b'=')
        .map_or(0, |last| last.saturating_add(1));
    let characters = token.get(..end).unwrap_or_default();
    !characters.is_empty()
        && characters.iter().all(|octet| {
            octet.is_ascii_alphanumeric()
                || matches!(octet, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
        })
}
