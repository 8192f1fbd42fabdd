//! What a server says of a token that it does not take (RFC 7628 section 3.2.2).

use super::json::{Json, JsonText};

/// Why a server does not take a token: the JSON object that is in its challenge.
///
/// ```
/// use pop3_proto::sasl::{Challenge, MAX_CHALLENGE, OauthFailure};
///
/// let challenge = Challenge::new(b"eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=");
/// let mut buffer = [0; MAX_CHALLENGE];
/// let failure = OauthFailure::parse(challenge.decode(&mut buffer)?);
/// assert_eq!(failure.status.expect("it is there").to_string(), "invalid_token");
/// # Ok::<(), pop3_proto::sasl::MechanismError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct OauthFailure<'a> {
    /// `status`: the error code, `invalid_token` for example. Some servers send the status of HTTP, `401`.
    pub status: Option<JsonText<'a>>,
    /// `scope`: what the token would have to be for.
    pub scope: Option<JsonText<'a>>,
    /// `openid-configuration`: the URL of a document that says where to get a token.
    pub openid_configuration: Option<JsonText<'a>>,
}

impl<'a> OauthFailure<'a> {
    /// Reads the decoded challenge. Members that it does not know are skipped; of one that comes twice the first counts. What
    /// stands before a mistake in the JSON counts, and what stands behind it does not.
    pub fn parse(json: &'a [u8]) -> Self {
        let mut failure = Self::default();
        let mut json = Json::new(json);
        // `None` is a mistake, or the end: either way, it is over.
        let _ = failure.read(&mut json);
        failure
    }

    fn read(&mut self, json: &mut Json<'a>) -> Option<()> {
        json.take_octet(b'{')?;
        loop {
            let name = json.string()?;
            json.take_octet(b':')?;
            let value = json.value()?;
            let member = match name {
                b"status" => Some(&mut self.status),
                b"scope" => Some(&mut self.scope),
                b"openid-configuration" => Some(&mut self.openid_configuration),
                _ => None,
            };
            if let Some(member) = member {
                *member = member.or(value);
            }
            json.take_octet(b',')?;
        }
    }
}
