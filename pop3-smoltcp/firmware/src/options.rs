//! What the command line says.

use pop3_smoltcp::Timeouts;
use pop3_smoltcp::pop3_proto::login::{Authentication, Credentials, LoginPolicy, Security};
use pop3_smoltcp::pop3_proto::sasl::{MechanismKind, Nonce};
use pop3_smoltcp::pop3_proto::{MessageNumber, Secret};
use smoltcp::wire::{IpAddress, IpEndpoint, Ipv4Address, Ipv6Address};

use crate::toy;

/// Where QEMU's network for users has the host's 127.0.0.1, and its ::1.
const HOST: (Ipv4Address, Ipv6Address) = (
    Ipv4Address::new(10, 0, 2, 2),
    Ipv6Address::new(0xfec0, 0, 0, 0, 0, 0, 0, 2),
);

/// What to do. The words of the command line, behind the program's name, are a key and its value by turns:
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
    pub fn parse(words: &mut dyn Iterator<Item = &'a str>) -> Result<Self, &'static str> {
        let mut address: IpAddress = HOST.0.into();
        let mut port = 110;
        let (mut security, mut authentication, mut user, mut secret) = (None, None, None, None);
        let (mut name, mut ca, mut delete) = (None, None, None);
        let mut timeouts = Timeouts::new();
        words.next();
        while let Some(key) = words.next() {
            let value = words.next().ok_or("a key without a value")?;
            match (key, value) {
                ("ip", "4") => address = HOST.0.into(),
                ("ip", "6") => address = HOST.1.into(),
                ("port", port_number) => {
                    port = port_number.parse().map_err(|_| "port: no port number")?;
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
                    let number = number.parse().map_err(|_| "delete: no number")?;
                    delete = Some(MessageNumber::new(number).ok_or("delete: mails count from 1")?);
                }
                ("timeout", milliseconds) => {
                    let milliseconds: u32 =
                        milliseconds.parse().map_err(|_| "timeout: no number")?;
                    timeouts = Timeouts::new()
                        .connect(milliseconds)
                        .greeting(milliseconds)
                        // It is several commands.
                        .log_in(milliseconds.saturating_mul(8))
                        .reply(milliseconds)
                        .silence(milliseconds)
                        .quit(milliseconds);
                }
                _ => return Err("an unknown key, or an unknown value for it"),
            }
        }
        Ok(Self {
            server: IpEndpoint::new(address, port),
            security: security.ok_or("security is missing")?,
            name,
            ca,
            authentication: authentication.ok_or("login is missing")?,
            credentials: Credentials::new(
                user.ok_or("user is missing")?,
                secret.ok_or("secret is missing")?,
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
