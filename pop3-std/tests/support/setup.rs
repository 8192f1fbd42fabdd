//! What a server is to be like, and the files that tell Dovecot 2.3 so.

use super::certificates::ServerCertificate;
use super::client_certificates::ClientAuthority;
use super::sasl::Sasl;
use super::token::TokenKey;
use std::fmt::Write;
use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The user of [`Setup::new`]'s maildrop.
pub const USER: &str = "fred";
/// The password of [`USER`], with octets that a client might be tempted to quote, cut or escape.
pub const PASSWORD: &str = "correct horse: \"battery\" %staple";

/// The owner of the mail when the tests run as root: the user and group "nobody" on most systems, and never root.
const NOBODY: u32 = 65534;

/// What the server offers, and what it insists on where the client does not count as secured (see
/// [`Dovecot::REMOTE`](super::dovecot::Dovecot::REMOTE)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// No STLS, no `pop3s`.
    Off,
    /// TLS is offered; passwords are taken in the clear too.
    Optional,
    /// TLS is offered, and no log-in is taken without it.
    Required,
}

/// What a server is to be like.
pub struct Setup {
    pub(super) users: Vec<User>,
    pub(super) tls: Tls,
    pub(super) certificate: Option<ServerCertificate>,
    sasl: Sasl,
    pub(super) options: String,
}

pub(super) struct User {
    name: String,
    password: String,
    messages: Vec<Vec<u8>>,
}

impl Setup {
    /// One maildrop, [`USER`]'s, with these messages in this order: their octets as RETR is to give them.
    pub fn new<M: AsRef<[u8]>>(messages: impl IntoIterator<Item = M>) -> Self {
        let setup = Self {
            users: Vec::new(),
            tls: Tls::Optional,
            certificate: None,
            sasl: Sasl::default(),
            options: String::new(),
        };
        setup.user(USER, PASSWORD, messages)
    }

    /// One more user. The name is of letters, digits and `.-_@`, in lower case, not only of ASCII; the password may be
    /// anything. Dovecot compares both octet by octet, so for SCRAM they are in the form that SASLprep makes of them.
    ///
    /// Panics on a message that Dovecot would not serve as it is.
    pub fn user<M: AsRef<[u8]>>(
        mut self,
        name: &str,
        password: &str,
        messages: impl IntoIterator<Item = M>,
    ) -> Self {
        let messages: Vec<Vec<u8>> = messages.into_iter().map(|m| m.as_ref().to_vec()).collect();
        if let Some(index) = messages.iter().position(|m| !served_as_it_is(m)) {
            panic!(
                "Dovecot would change message {}: it ends every message with CRLF and makes CRLF of a bare LF",
                index + 1
            );
        }
        self.users.push(User {
            name: name.to_owned(),
            password: password.to_owned(),
            messages,
        });
        self
    }

    /// [`Tls::Optional`] unless this is called.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// The server's certificate, instead of one for the loopback names by an authority of its own.
    pub fn certificate(mut self, certificate: ServerCertificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    /// The mechanisms that CAPA announces and AUTH takes, in lower case, instead of `plain`, `login`, `cram-md5`,
    /// `scram-sha-1`, `scram-sha-256` and those that the other methods add. `apop` allows APOP.
    pub fn mechanisms(mut self, mechanisms: &[&str]) -> Self {
        self.sasl.mechanisms = mechanisms.iter().map(ToString::to_string).collect();
        self
    }

    /// ANONYMOUS logs in this user, who need not exist for anything else.
    pub fn anonymous(mut self, user: &str) -> Self {
        self.sasl.anonymous = Some(user.to_owned());
        self
    }

    /// XOAUTH2 and OAUTHBEARER take the tokens that this key signs.
    pub fn tokens_of(mut self, key: &TokenKey) -> Self {
        self.sasl.token_key = Some(key.base64());
        self
    }

    /// EXTERNAL logs in whom a certificate of this authority names. With such a certificate all the other mechanisms log
    /// in that user too, whichever name the client gives. TLS takes any certificate; EXTERNAL does not.
    pub fn clients_of(mut self, authority: &ClientAuthority) -> Self {
        self.sasl.client_root = Some(authority.root_pem());
        self
    }

    /// A line of Dovecot's configuration, such as `pop3_uidl_format = %g`. It overrides what the harness says;
    /// leave `login_greeting` alone, by which the harness knows its server.
    ///
    /// Two lines refuse a second session of the same user with `[IN-USE]`: `pop3_lock_session = yes` after the ten seconds
    /// and more that Dovecot waits for the lock, and `mail_max_userip_connections = 1` at once (but see
    /// [`Dovecot::wait_until_counted`](super::dovecot::Dovecot::wait_until_counted)).
    pub fn option(mut self, line: &str) -> Self {
        self.options.push_str(line);
        self.options.push('\n');
        self
    }

    /// Writes everything that does not depend on the ports.
    pub(super) fn write(&self, directory: &Path, certificate: &ServerCertificate) {
        let owner = Owner::of(directory);
        let mut users = String::new();
        fs::create_dir(directory.join("mail")).expect("a directory for the maildrops");
        for user in &self.users {
            let maildir = maildir(directory, &user.name);
            owner.write_maildir(&maildir, &user.messages);
            let (name, password) = (&user.name, hexadecimal(&user.password));
            let (uid, gid) = (owner.mail_uid, owner.mail_gid);
            let home = maildir.display();
            writeln!(
                users,
                "{name}:{{PLAIN.hex}}{password}:{uid}:{gid}::{home}::"
            )
            .expect("a string grows");
        }
        write(&directory.join("users"), users);
        let names = self.users.iter().map(|user| user.name.as_str());
        self.sasl.write(directory, names);
        write(&directory.join("certificate.pem"), certificate.pem());
        write(&directory.join("key.pem"), certificate.key_pem());
    }

    /// Dovecot's configuration for two ports on some addresses.
    pub(super) fn configuration(&self, directory: &Path, listen: &str, ports: Ports) -> String {
        let root = directory.display();
        let token = token(directory);
        let Ports { pop3, pop3s } = ports;
        let pop3s = if self.tls == Tls::Off { 0 } else { pop3s };
        let (ssl, disable_plaintext) = match self.tls {
            Tls::Off => ("no", "no"),
            Tls::Optional => ("yes", "no"),
            Tls::Required => ("required", "yes"),
        };
        let identity = Owner::of(directory).identity();
        let sasl = self.sasl.configuration(directory);
        let options = &self.options;
        format!(
            r"
protocols = pop3
base_dir = {root}/run
state_dir = {root}/run
log_path = {root}/log
auth_verbose = yes
listen = {listen}
login_greeting = Dovecot ready ({token}).
{identity}

ssl = {ssl}
ssl_cert = <{root}/certificate.pem
ssl_key = <{root}/key.pem
disable_plaintext_auth = {disable_plaintext}
auth_username_chars =

# A wrong password must not slow a test down (half a second it takes in any case), nor the tests after it.
auth_failure_delay = 0
mail_max_userip_connections = 0
mail_fsync = never

mail_location = maildir:~
{sasl}
userdb {{
  driver = passwd-file
  args = {root}/users
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
{options}"
        )
    }
}

/// The ports of one server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) pop3: u16,
    pub(super) pop3s: u16,
}

/// What the greeting of the server in this directory says and no other does.
pub(super) fn token(directory: &Path) -> &str {
    let name = directory.file_name().and_then(|name| name.to_str());
    name.expect("the name of a temporary directory")
}

/// A user's maildrop.
pub(super) fn maildir(directory: &Path, user: &str) -> PathBuf {
    directory.join("mail").join(user)
}

/// The numbers of the messages in a maildrop, as [`Setup::user`] counted them from 1.
pub(super) fn messages_in(maildir: &Path) -> Vec<usize> {
    let mut numbers: Vec<usize> = ["new", "cur"]
        .iter()
        .flat_map(|part| fs::read_dir(maildir.join(part)).expect("a part of the maildir"))
        .map(|entry| {
            let name = entry.expect("an entry of the maildir").file_name();
            let number = name
                .to_str()
                .and_then(|name| name.split('.').nth(1)?.parse().ok());
            number.expect("a message that the harness has written")
        })
        .collect();
    numbers.sort_unstable();
    numbers
}

/// Whether RETR gives these octets if they are stored as they are.
fn served_as_it_is(message: &[u8]) -> bool {
    let mut lines = message.split(|&octet| octet == b'\n');
    let after_the_last_lf = lines.next_back();
    !message.is_empty()
        && after_the_last_lf.is_some_and(<[u8]>::is_empty)
        && lines.all(|line| line.ends_with(b"\r"))
}

/// Who runs Dovecot, and who owns the mail: root cannot, and nobody else can give it away.
struct Owner {
    root: bool,
    mail_uid: u32,
    mail_gid: u32,
}

impl Owner {
    /// The test's own user, who has just made this directory.
    fn of(directory: &Path) -> Self {
        let made = fs::metadata(directory).expect("the temporary directory");
        let root = made.uid() == 0;
        Self {
            root,
            mail_uid: if root { NOBODY } else { made.uid() },
            mail_gid: if root { NOBODY } else { made.gid() },
        }
    }

    /// Root leaves Dovecot's users as they are; anyone else can only be all of them.
    fn identity(&self) -> String {
        if self.root {
            return String::new();
        }
        let (user, group) = (id("-un"), id("-gn"));
        format!(
            "default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n\
             first_valid_uid = 1"
        )
    }

    fn write_maildir(&self, maildir: &Path, messages: &[Vec<u8>]) {
        for directory in ["", "cur", "new", "tmp"].map(|part| maildir.join(part)) {
            fs::create_dir_all(&directory).expect("a part of the maildir");
            self.give(&directory);
        }
        for (number, message) in (1..).zip(messages) {
            // Dovecot numbers new mail by the time at the start of the name.
            let name = format!("{}.{number}.test:2,", 1_000_000_000 + number);
            let file = maildir.join("cur").join(name);
            write(&file, message);
            self.give(&file);
        }
    }

    fn give(&self, path: &Path) {
        if self.root {
            chown(path, Some(self.mail_uid), Some(self.mail_gid)).expect("chown by root");
        }
    }
}

fn write(file: &Path, content: impl AsRef<[u8]>) {
    fs::write(file, content).unwrap_or_else(|e| panic!("cannot write {}: {e}", file.display()));
}

fn hexadecimal(text: &str) -> String {
    text.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string grows");
        hex
    })
}

fn id(option: &str) -> String {
    let output = Command::new("id")
        .arg(option)
        .output()
        .expect("the command id");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
