//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Parser, ValueEnum};
use pop3_std::{MAX_IN_FLIGHT, MessageNumber, Security};

use crate::auth::{Auth, Proof};
use crate::failure::Failure;
use crate::url::MaildropUrl;

const EXAMPLES: &str = "\
Examples:
  fetch                                            Try it: a server of its own, on this machine
  fetch pop3s://ada@mail.example.org               See what is there
  fetch --maildir ~/Mail pop3s://ada@mail.example.org
                                                   Fetch what is new; leave it on the server
  fetch --mbox ~/mbox --delete pop3s://ada%40example.org@mail.example.org
                                                   Fetch what is new, then delete it on the server
  fetch --message 3 pop3s://ada@mail.example.org > 3.eml

Password:
  From --password-file, or else from the environment variable POP3_PASSWORD, or else asked for on the terminal.
  --token-file, --auth external and --auth anonymous need none.

Exit status:
  0  all was done
  1  something was not; standard error says what, with the server's own words
  2  the command line is wrong, or there is no password";

/// Fetches mail from a POP3 server.
///
/// Without a URL, starts a demonstration server on this machine, fetches its mail and shows it. With a URL and none of the
/// modes, lists the messages with sender and subject, and changes nothing. A maildrop may hold up to 1,000,000 messages.
#[derive(Parser)]
#[command(name = "fetch", version, after_help = EXAMPLES, max_term_width = 100)]
#[command(group = ArgGroup::new("mode").multiple(false))]
#[command(group = ArgGroup::new("store").multiple(true))]
#[command(group = ArgGroup::new("delivery").multiple(true))]
pub struct Arguments {
    /// Where the mail is: pop3s://user@host[:995] is TLS from the first octet, pop3://user@host[:110] is STLS before
    /// anything else
    ///
    /// The user name is percent-decoded (%40 is @, %3B is ;), and ;AUTH= may follow it, as RFC 2384 says:
    /// pop3s://ada;AUTH=+APOP@host. An IPv6 address stands in brackets.
    url: Option<OsString>,

    /// Print the number of messages and of octets
    #[arg(long, group = "mode", requires = "url", help_heading = "Modes")]
    pub stat: bool,
    /// Print a line for each message: its number and its octets
    #[arg(long, group = "mode", requires = "url", help_heading = "Modes")]
    pub list: bool,
    /// Print a line for each message: its number and its unique-id
    #[arg(long, group = "mode", requires = "url", help_heading = "Modes")]
    pub uidl: bool,
    /// Print what the server announces, one capability a line
    #[arg(long, group = "mode", requires = "url", help_heading = "Modes")]
    pub capa: bool,
    /// Write message N to standard output, exactly as it is
    #[arg(long, value_name = "N", value_parser = parse_number)]
    #[arg(group = "mode", requires = "url", help_heading = "Modes")]
    pub message: Option<MessageNumber>,
    /// Write the header and the first LINES lines of message N to standard output
    #[arg(long, value_name = "N,LINES", value_parser = parse_top)]
    #[arg(group = "mode", requires = "url", help_heading = "Modes")]
    pub top: Option<(MessageNumber, u32)>,
    /// Write all messages to FILE, exactly as they are and one after another; - is standard output
    ///
    /// An existing file is replaced when all is done, but not with --delete.
    #[arg(long, value_name = "FILE")]
    #[arg(groups = ["mode", "store"], requires = "url", help_heading = "Modes")]
    pub raw: Option<PathBuf>,
    /// Deliver new messages into the Maildir DIR, which is made if there is none
    #[arg(long, value_name = "DIR")]
    #[arg(groups = ["mode", "store", "delivery"], requires = "url", help_heading = "Modes")]
    pub maildir: Option<PathBuf>,
    /// Append new messages to the mbox FILE, which is made if there is none
    #[arg(long, value_name = "FILE")]
    #[arg(groups = ["mode", "store", "delivery"], requires = "url", help_heading = "Modes")]
    pub mbox: Option<PathBuf>,

    /// Where to remember what has been fetched [default: DIR/fetch-state or FILE.fetch-state]
    ///
    /// Messages are told apart by their unique-ids (UIDL), and accounts by user, host and port: one that is reached by another
    /// port counts as another. From a server without unique-ids all is fetched every time.
    #[arg(
        long,
        value_name = "FILE",
        requires = "delivery",
        help_heading = "Fetching"
    )]
    state: Option<PathBuf>,
    /// Delete messages on the server once they are safely stored, also those of earlier runs
    ///
    /// The server deletes them when it has accepted QUIT at the end, and the outcome is reported.
    #[arg(long, requires = "store", help_heading = "Fetching")]
    pub delete: bool,

    /// How the connection is protected [default: by the URL]
    #[arg(
        long,
        value_name = "HOW",
        value_enum,
        requires = "url",
        help_heading = "Connection"
    )]
    tls: Option<Tls>,
    /// Trust these certification authorities in addition to the system's
    #[arg(
        long,
        value_name = "PEM",
        requires = "url",
        help_heading = "Connection"
    )]
    pub ca_file: Option<PathBuf>,
    /// Show the server this client certificate
    #[arg(
        long,
        value_name = "PEM",
        requires = "url",
        help_heading = "Connection"
    )]
    pub client_cert: Option<PathBuf>,
    /// The key of the client certificate [default: it is in the same file]
    #[arg(
        long,
        value_name = "PEM",
        requires = "client_cert",
        help_heading = "Connection"
    )]
    pub client_key: Option<PathBuf>,
    /// How to log in [default: by the URL, or else auto]
    #[arg(
        long,
        value_name = "HOW",
        value_enum,
        requires = "url",
        help_heading = "Connection"
    )]
    auth: Option<Auth>,
    /// Read the password from FILE, which holds it in one line and which only you should be able to read
    #[arg(
        long,
        value_name = "FILE",
        requires = "url",
        help_heading = "Connection"
    )]
    pub password_file: Option<PathBuf>,
    /// Log in with the OAuth 2.0 access token in FILE, which holds it in one line, instead of a password
    #[arg(
        long,
        value_name = "FILE",
        requires = "url",
        conflicts_with = "password_file",
        help_heading = "Connection"
    )]
    pub token_file: Option<PathBuf>,
    /// How many commands to send ahead, if the server announces that it can take them; 0 is none
    #[arg(
        long,
        value_name = "N",
        default_value_t = 64,
        help_heading = "Connection"
    )]
    #[arg(value_parser = clap::value_parser!(u16).range(0..=MAX_IN_FLIGHT as i64))]
    pub pipeline: u16,
    /// Ask for mail and texts in UTF-8 (RFC 6856): headers may then be in UTF-8 too
    #[arg(long, requires = "url", help_heading = "Connection")]
    pub utf8: bool,
    /// Ask for the server's texts in a language: de, pt-BR; * is the server's own
    #[arg(
        long,
        value_name = "TAG",
        requires = "url",
        help_heading = "Connection"
    )]
    pub lang: Option<String>,
    /// Give up when nothing happens for SECONDS
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        help_heading = "Connection"
    )]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// Show the protocol on standard error, with *** for secrets
    #[arg(long, help_heading = "Connection")]
    pub trace: bool,
}

/// `--tls`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tls {
    /// No TLS: everybody on the way can read the mail, and often the password
    None,
    /// STLS if the server announces it, else no TLS, which who is on the way can force: then --auth has to name the way
    IfAvailable,
    /// STLS before anything else
    Starttls,
    /// TLS from the first octet
    Implicit,
}

/// Whom to ask for mail, and how.
pub struct Account {
    /// From the URL.
    pub user: Vec<u8>,
    /// From the URL.
    pub host: String,
    /// From the URL, or what is usual.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// How to log in.
    pub auth: Auth,
}

impl Arguments {
    /// The account that the URL and the options name, if there is a URL.
    pub fn account(&self) -> Result<Option<Account>, Failure> {
        let Some(url) = &self.url else {
            return Ok(None);
        };
        let usage = |what: &str| Failure::Usage(what.to_owned());
        let url = url
            .to_str()
            .ok_or_else(|| usage("the URL is not UTF-8; write other octets as %XX"))?;
        let url = MaildropUrl::parse(url).map_err(Failure::Usage)?;
        let security = match (url.implicit_tls, self.tls) {
            (true, None | Some(Tls::Implicit)) | (false, Some(Tls::Implicit)) => {
                Security::ImplicitTls
            }
            (true, Some(_)) => {
                return Err(usage(
                    "pop3s:// is TLS from the first octet: for another --tls write pop3://",
                ));
            }
            (false, None | Some(Tls::Starttls)) => Security::StartTls,
            (false, Some(Tls::IfAvailable)) => Security::StartTlsIfAvailable,
            (false, Some(Tls::None)) => Security::ClearText,
        };
        let auth = match (self.auth, url.auth) {
            (Some(_), Some(_)) => {
                return Err(usage(
                    "the URL has an ;AUTH= already: leave it or --auth out",
                ));
            }
            (asked, in_url) => asked.or(in_url).unwrap_or(Auth::Auto),
        };
        match auth.proof(self.token_file.is_some()) {
            Proof::Token if self.token_file.is_none() => {
                return Err(usage(
                    "this --auth takes a token: name its file with --token-file",
                ));
            }
            Proof::External if self.client_cert.is_none() => {
                return Err(usage(
                    "--auth external takes a certificate: name its file with --client-cert",
                ));
            }
            Proof::Token => {}
            _ if self.token_file.is_some() => {
                return Err(usage(
                    "a token goes with --auth auto, oauthbearer or xoauth2",
                ));
            }
            _ => {}
        }
        if self.client_cert.is_some() && security == Security::ClearText {
            return Err(usage(
                "--client-cert is for TLS, and --tls none does without it",
            ));
        }
        if [&self.maildir, &self.mbox]
            .into_iter()
            .flatten()
            .any(|path| path.as_os_str() == "-")
        {
            return Err(usage(
                "- is standard output, which can be no Maildir and no mbox: --raw - writes there",
            ));
        }
        if self.delete && self.writes_raw_to_stdout() {
            return Err(usage(
                "--delete with --raw - would delete mail that may never reach a disk: name a file, or use --maildir or --mbox",
            ));
        }
        Ok(Some(Account {
            port: url.port.unwrap_or(security.default_port()),
            user: url.user,
            host: url.host,
            security,
            auth,
        }))
    }

    /// `--raw -`
    pub fn writes_raw_to_stdout(&self) -> bool {
        self.raw
            .as_deref()
            .is_some_and(|path| path.as_os_str() == "-")
    }

    /// The longest time that nothing may happen in.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }

    /// The state file, for the modes that have one.
    pub fn state(&self) -> Option<PathBuf> {
        let beside = |path: &PathBuf| {
            let mut name = path.clone().into_os_string();
            name.push(".fetch-state");
            PathBuf::from(name)
        };
        let maildir = self.maildir.as_ref().map(|path| path.join("fetch-state"));
        let default = maildir.or_else(|| self.mbox.as_ref().map(beside))?;
        Some(self.state.clone().unwrap_or(default))
    }
}

fn parse_number(text: &str) -> Result<MessageNumber, String> {
    text.parse()
        .ok()
        .and_then(MessageNumber::new)
        .ok_or_else(|| "message numbers are 1, 2, 3 ...".to_owned())
}

fn parse_top(text: &str) -> Result<(MessageNumber, u32), String> {
    let (number, lines) = text.split_once(',').ok_or("it is written like 3,10")?;
    let lines = lines
        .parse()
        .map_err(|_| "the number of lines is 0, 1, 2 ...")?;
    Ok((parse_number(number)?, lines))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;
    use pop3_std::{Authentication, MechanismKind};

    fn account(line: &str) -> Result<Account, String> {
        let arguments =
            Arguments::try_parse_from(line.split(' ')).map_err(|error| error.to_string())?;
        let account = arguments.account();
        account
            .map(Option::unwrap)
            .map_err(|failure| failure.message().unwrap().to_owned())
    }

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn protection_and_port() {
        for (line, security, port) in [
            ("fetch pop3s://a@h", Security::ImplicitTls, 995),
            (
                "fetch --tls implicit pop3s://a@h:1",
                Security::ImplicitTls,
                1,
            ),
            (
                "fetch --tls implicit pop3://a@h",
                Security::ImplicitTls,
                995,
            ),
            ("fetch pop3://a@h", Security::StartTls, 110),
            (
                "fetch --tls starttls pop3://a@h:995",
                Security::StartTls,
                995,
            ),
            ("fetch --tls none pop3://a@h", Security::ClearText, 110),
            (
                "fetch --tls if-available pop3://a@h",
                Security::StartTlsIfAvailable,
                110,
            ),
        ] {
            let account = account(line).unwrap();
            assert_eq!((account.security, account.port), (security, port), "{line}");
        }
    }

    #[test]
    fn log_in() {
        for (line, wanted) in [
            ("fetch pop3s://a@h", Authentication::Auto),
            ("fetch --auth auto pop3s://a@h", Authentication::Auto),
            ("fetch --auth user pop3s://a@h", Authentication::UserPass),
            (
                "fetch --auth scram-sha-256-plus pop3s://a@h",
                Authentication::Mechanism(MechanismKind::ScramSha256Plus),
            ),
            (
                "fetch --token-file t --auth xoauth2 pop3s://a@h",
                Authentication::Mechanism(MechanismKind::Xoauth2),
            ),
            ("fetch --token-file t pop3s://a@h", Authentication::Auto),
            (
                "fetch --client-cert c --auth external pop3s://a@h",
                Authentication::Mechanism(MechanismKind::External),
            ),
            (
                "fetch pop3s://a;AUTH=CRAM-MD5@h",
                Authentication::Mechanism(MechanismKind::CramMd5),
            ),
            ("fetch --auth apop pop3s://a@h", Authentication::ApopOnly),
            ("fetch pop3s://a;AUTH=APOP@h", Authentication::ApopOnly),
            (
                "fetch --auth apop-or-user pop3s://a@h",
                Authentication::ApopThenUserPass,
            ),
        ] {
            assert_eq!(
                account(line).unwrap().auth.authentication(),
                wanted,
                "{line}"
            );
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "fetch --tls none pop3s://a@h",
            "fetch --tls starttls pop3s://a@h",
            "fetch --tls maybe pop3://a@h",
            "fetch --auth user pop3s://a;AUTH=*@h",
            "fetch --raw - --delete pop3s://a@h",
            "fetch --mbox - pop3s://a@h",
            "fetch --maildir - pop3s://a@h",
            "fetch --delete pop3s://a@h",
            "fetch --stat --delete pop3s://a@h",
            "fetch --state f pop3s://a@h",
            "fetch --raw f --state g pop3s://a@h",
            "fetch --stat --list pop3s://a@h",
            "fetch --maildir d --mbox f pop3s://a@h",
            "fetch --maildir d",
            "fetch --password-file f",
            "fetch --message 0 pop3s://a@h",
            "fetch --message -1 pop3s://a@h",
            "fetch --top 1 pop3s://a@h",
            "fetch --top 0,1 pop3s://a@h",
            "fetch --top 1,-1 pop3s://a@h",
            "fetch --timeout 0 pop3s://a@h",
            "fetch --timeout -1 pop3s://a@h",
            "fetch pop3s://a@h pop3s://a@h",
            "fetch --password secret pop3s://a@h",
            "fetch --auth oauthbearer pop3s://a@h",
            "fetch --auth external pop3s://a@h",
            "fetch --auth plain --token-file t pop3s://a@h",
            "fetch --auth external --client-cert c --token-file t pop3s://a@h",
            "fetch --token-file t --password-file p pop3s://a@h",
            "fetch --client-key k pop3s://a@h",
            "fetch --client-cert c --tls none pop3://a@h",
            "fetch --lang de",
            "fetch --utf8",
            "fetch --pipeline -1 pop3s://a@h",
            "fetch --pipeline 257 pop3s://a@h",
        ] {
            assert!(account(line).is_err(), "{line}");
        }
    }

    #[test]
    fn where_the_state_is_kept() {
        for (line, wanted) in [
            ("fetch --maildir d pop3s://a@h", Some("d/fetch-state")),
            ("fetch --mbox f pop3s://a@h", Some("f.fetch-state")),
            ("fetch --mbox f --state s pop3s://a@h", Some("s")),
            ("fetch --raw f pop3s://a@h", None),
        ] {
            let arguments = Arguments::try_parse_from(line.split(' ')).ok().unwrap();
            assert_eq!(arguments.state(), wanted.map(PathBuf::from), "{line}");
        }
    }
}
