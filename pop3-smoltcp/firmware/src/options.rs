//! What the command line says.

use core::num::NonZeroU16;

use pop3_smoltcp::Timeouts;
use pop3_smoltcp::pop3_proto::login::{Authentication, Credentials, LoginPolicy, Security};
use pop3_smoltcp::pop3_proto::sasl::{MechanismKind, Nonce};
use pop3_smoltcp::pop3_proto::{MessageNumber, Secret};
use smoltcp::wire::{IpAddress, IpEndpoint, Ipv4Address, Ipv6Address};

use crate::{Failure, toy};

/// Where QEMU's network for users has the host's 127.0.0.1, and its ::1.
const HOST: (Ipv4Address, Ipv6Address) = (
    Ipv4Address::new(10, 0, 2, 2),
    Ipv6Address::new(0xfec0, 0, 0, 0, 0, 0, 0, 2),
);

/// What to do. The words of the command line, behind the first, which is the program's name, are a key and its value by turns:
///
/// | key | value | if it is not there |
/// |---|---|---|
/// | `ip` | `4`, `6` | `4` |
/// | `port` | the server's | `110` |
/// | `security` | `clear`, and on a board with TLS `tls`, `stls` | an error: that there is no protection has to be named |
/// | `name` | the server's, which its certificate has to give it | with TLS an error |
/// | `ca` | a file on the debugger's machine with the certificate, in DER, that has to have signed the server's | with TLS an error |
/// | `login` | `user-pass`, `apop`, `plain`, `scram-sha-256` | an error |
/// | `user`, `secret` | who logs in, in quotation marks if there are blanks in it | an error |
/// | `delete` | the number of a mail that is to be deleted | none is deleted |
/// | `timeout` | how many milliseconds the server has for each thing that it does | those of [`Timeouts`] |
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Where the server is.
    pub server: IpEndpoint,
    /// How the connection is protected.
    pub security: Security,
    /// What the server is called.
    pub name: Option<&'a str>,
    /// Where the authority's certificate is.
    pub ca: Option<&'a str>,
    /// How to log in.
    pub authentication: Authentication,
    /// Who logs in.
    pub credentials: Credentials<'a>,
    /// The mail that is to be deleted.
    pub delete: Option<MessageNumber>,
    /// How long the server may take for what.
    pub timeouts: Timeouts,
}

impl<'a> Options<'a> {
    /// Reads the command line.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(words: &mut dyn Iterator<Item = &'a str>) -> Result<Self, Failure> {
        let wrong = Failure::Options;
        let mut address: IpAddress = HOST.0.into();
        let mut port = 110;
        let (mut security, mut authentication, mut user, mut secret) = (None, None, None, None);
        let (mut name, mut ca, mut delete) = (None, None, None);
        let mut timeouts = Timeouts::new();
        let mut words = (1..).zip(words).skip(1);
        while let Some((number, key)) = words.next() {
            let Some((_, value)) = words.next() else {
                return Err(Failure::NoValue(number));
            };
            match (key, value) {
                ("ip", "4") => address = HOST.0.into(),
                ("ip", "6") => address = HOST.1.into(),
                ("port", port_number) => {
                    let number: Option<NonZeroU16> = port_number.parse().ok();
                    port = number.ok_or(wrong("port: no port number"))?.get();
                }
                ("security", "clear") => security = Some(Security::ClearText),
                ("security", "tls") => security = Some(Security::ImplicitTls),
                ("security", "stls") => security = Some(Security::StartTls),
                ("name", server) => name = Some(server),
                ("ca", file) => ca = Some(file),
                ("login", "user-pass") => authentication = Some(Authentication::UserPass),
                ("login", "apop") => authentication = Some(Authentication::ApopOnly),
                ("login", "plain") => {
                    authentication = Some(Authentication::Mechanism(MechanismKind::Plain));
                }
                ("login", "scram-sha-256") => {
                    authentication = Some(Authentication::Mechanism(MechanismKind::ScramSha256));
                }
                ("user", text) => user = Some(text.as_bytes()),
                ("secret", text) => secret = Some(Secret::from(text)),
                ("delete", number) => {
                    let number = number.parse().ok().and_then(MessageNumber::new);
                    delete = Some(number.ok_or(wrong("delete: no number from 1"))?);
                }
                ("timeout", milliseconds) => {
                    let milliseconds: Option<u32> = milliseconds.parse().ok();
                    let milliseconds = milliseconds.ok_or(wrong("timeout: no number"))?;
                    timeouts = Timeouts::new()
                        .connect(milliseconds)
                        .greeting(milliseconds)
                        // It is several commands.
                        .log_in(milliseconds.saturating_mul(8))
                        .reply(milliseconds)
                        .silence(milliseconds)
                        .quit(milliseconds);
                }
                _ => return Err(Failure::Unknown(number)),
            }
        }
        Ok(Self {
            server: IpEndpoint::new(address, port),
            security: security.ok_or(wrong("security is missing"))?,
            name,
            ca,
            authentication: authentication.ok_or(wrong("login is missing"))?,
            credentials: Credentials::new(
                user.ok_or(wrong("user is missing"))?,
                secret.ok_or(wrong("secret is missing"))?,
            ),
            delete,
            timeouts,
        })
    }

    /// How to log in, for the way in. It has a nonce of its own each time.
    pub(crate) fn policy(&self) -> LoginPolicy<'a> {
        LoginPolicy::new(self.authentication).nonce(Nonce::new(toy::random_octets()))
    }
}
