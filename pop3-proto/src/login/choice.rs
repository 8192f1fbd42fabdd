//! Which way to log in, when the caller leaves it open: the strongest that the credentials, the connection and the server
//! allow, and after a refusal only one that is no weaker.

use super::credentials::{CredentialKind, Credentials};
use super::policy::LoginPolicy;
use super::report::{LoginFailure, LoginMethod, Offer};
use crate::sasl::MechanismKind;

/// The ways for each kind of credentials, the strongest first. Those in one row are equally strong: none of them shows the
/// server, or whoever is in between, more than the others do.
const PASSWORD: &[&[LoginMethod]] = &[
    &[LoginMethod::Sasl(MechanismKind::ScramSha512Plus)],
    &[LoginMethod::Sasl(MechanismKind::ScramSha256Plus)],
    &[LoginMethod::Sasl(MechanismKind::ScramSha1Plus)],
    &[LoginMethod::Sasl(MechanismKind::ScramSha512)],
    &[LoginMethod::Sasl(MechanismKind::ScramSha256)],
    &[LoginMethod::Sasl(MechanismKind::ScramSha1)],
    &[LoginMethod::Sasl(MechanismKind::CramMd5)],
    &[
        LoginMethod::Sasl(MechanismKind::Plain),
        LoginMethod::Sasl(MechanismKind::Login),
        LoginMethod::UserPass,
    ],
];
const TOKEN: &[&[LoginMethod]] = &[&[
    LoginMethod::Sasl(MechanismKind::Oauthbearer),
    LoginMethod::Sasl(MechanismKind::Xoauth2),
]];
const EXTERNAL: &[&[LoginMethod]] = &[&[LoginMethod::Sasl(MechanismKind::External)]];
const ANONYMOUS: &[&[LoginMethod]] = &[&[LoginMethod::Sasl(MechanismKind::Anonymous)]];

/// The ways that are left to try.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<'a, 'c> {
    policy: &'a LoginPolicy<'c>,
    credentials: &'a Credentials<'c>,
}

const fn ways(kind: CredentialKind) -> &'static [&'static [LoginMethod]] {
    match kind {
        CredentialKind::Password => PASSWORD,
        CredentialKind::Token => TOKEN,
        CredentialKind::External => EXTERNAL,
        CredentialKind::Anonymous => ANONYMOUS,
    }
}

impl CredentialKind {
    /// Whether this is a way for such credentials at all.
    pub(super) fn goes_with(self, way: LoginMethod) -> bool {
        let password = self == Self::Password;
        ways(self).iter().any(|row| row.contains(&way)) || password && way == LoginMethod::Apop
    }
}

impl<'a, 'c> Choice<'a, 'c> {
    pub(super) const fn new(policy: &'a LoginPolicy<'c>, credentials: &'a Credentials<'c>) -> Self {
        Self {
            policy,
            credentials,
        }
    }

    /// The strongest way.
    pub(super) fn first(&self, offered: Option<Offer>) -> Result<LoginMethod, LoginFailure> {
        let secret = self.credentials.kind != CredentialKind::Anonymous;
        let token = self.credentials.kind == CredentialKind::Token;
        if !self.policy.tls && secret && (token || !self.policy.clear_text) {
            return Err(LoginFailure::Unprotected);
        }
        ways(self.credentials.kind)
            .iter()
            .flat_map(|row| row.iter())
            .copied()
            .find(|&way| self.suits(way, offered))
            .ok_or(LoginFailure::NothingSuits)
    }

    /// The next way that is as strong as the one that was refused.
    pub(super) fn after(
        &self,
        refused: LoginMethod,
        offered: Option<Offer>,
    ) -> Option<LoginMethod> {
        let row = ways(self.credentials.kind)
            .iter()
            .find(|row| row.contains(&refused))?;
        row.iter()
            .copied()
            .skip_while(|&way| way != refused)
            .skip(1)
            .find(|&way| self.suits(way, offered))
    }

    fn suits(&self, way: LoginMethod, offered: Option<Offer>) -> bool {
        let LoginMethod::Sasl(kind) = way else {
            // Some servers do not announce USER, and know it all the same. But SASL alone can act as somebody else.
            return self.credentials.authorization_id.is_empty();
        };
        let announced = match offered {
            Some(offer) => offer.mechanisms.contains(kind),
            // Nobody knows: what cannot do without SASL has to try it.
            None => self.credentials.kind != CredentialKind::Password,
        };
        announced && kind.is_available() && self.can(kind)
    }

    /// Whether the caller has given what the mechanism needs.
    fn can(&self, kind: MechanismKind) -> bool {
        let Credentials {
            user,
            secret,
            authorization_id,
            prepared,
            ..
        } = *self.credentials;
        match kind {
            kind if kind.is_scram() => {
                let bound = self.policy.channel_binding.is_some();
                // What has control characters in it cannot even be prepared.
                let printable = |text: &[u8]| text.iter().all(|octet| matches!(octet, b' '..=b'~'));
                self.policy.nonce.is_some()
                    && (bound || !kind.binds_channel())
                    && (prepared.is_some()
                        || [user, secret.expose(), authorization_id]
                            .into_iter()
                            .all(printable))
            }
            MechanismKind::CramMd5 | MechanismKind::Login => {
                self.credentials.authorization_id.is_empty()
            }
            _ => true,
        }
    }
}
