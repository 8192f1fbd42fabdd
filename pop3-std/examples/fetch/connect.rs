//! From an account on the command line to a session.

use std::fs;
use std::io::{self, Write as _};
use std::mem;
use std::net::TcpStream;
use std::path::Path;

use pop3_std::{
    ApopOutcome, Config, Connector, Credentials, Error, ErrorKind, Pipelining, Session, Text,
    Timeouts, Window,
};
use zeroize::Zeroizing;

use crate::arguments::{Account, Arguments};
use crate::auth::Proof;
use crate::failure::{Failure, say};
use crate::password;

/// Connects and logs in.
pub fn connect(account: &Account, arguments: &Arguments) -> Result<Session<TcpStream>, Failure> {
    let Account { host, port, .. } = account;
    let connector = connector(account, arguments)?;
    // Before the server is bothered: it would not wait for ever.
    let credentials = credentials(account, arguments)?;
    let session = log_in(&connector, &credentials, account, arguments).map_err(|error| {
        Failure::Failed(format!("{host} port {port}: {error}{}", advice(&error)))
    })?;
    let report = session.login_report();
    let fell_back = matches!(report.apop, ApopOutcome::NotOffered | ApopOutcome::Refused);
    if fell_back || arguments.trace {
        say(format_args!("logged in with {report}"));
    }
    Ok(session)
}

fn credentials(account: &Account, arguments: &Arguments) -> Result<Credentials, Failure> {
    let user = account.user.clone();
    Ok(match account.auth.proof(arguments.token_file.is_some()) {
        Proof::Password => {
            let Account {
                user: name,
                host,
                port,
                ..
            } = account;
            let whose = format!("{} at {host} port {port}", Text::new(name));
            let mut password = password::get(arguments.password_file.as_deref(), &whose)?;
            Credentials::new(user, mem::take(&mut *password))
        }
        Proof::Token => {
            let file = arguments.token_file.as_deref().unwrap_or(Path::new(""));
            Credentials::token(user, mem::take(&mut *password::token(file)?))
        }
        Proof::External => Credentials::external(),
        Proof::Anonymous => Credentials::anonymous(user),
    })
}

fn log_in(
    connector: &Connector,
    credentials: &Credentials,
    account: &Account,
    arguments: &Arguments,
) -> Result<Session<TcpStream>, Error> {
    let mut connection = connector.connect()?;
    if let Some(tag) = &arguments.lang {
        connection.lang(tag)?;
    }
    // It belongs before the log-in, but there are servers that take it only after.
    let utf8 = if arguments.utf8 {
        connection.utf8()
    } else {
        Ok(())
    };
    let mut session = connection.login(credentials, account.auth.authentication())?;
    session.pipelining(Window::new().commands(arguments.pipeline.into()));
    match utf8 {
        Err(error) if error.kind() == ErrorKind::Rejected => session.utf8()?,
        result => result?,
    }
    Ok(session)
}

/// Which options are there for such a case.
fn advice(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Tls => {
            "; --ca-file names certification authorities to trust in addition to the system's"
        }
        ErrorKind::StartTlsRefused => {
            "; perhaps pop3s:// works, and --tls none does without protection"
        }
        ErrorKind::AuthenticationUnavailable => "; --auth asks for a way to log in by name",
        ErrorKind::AuthenticationRefused => {
            "; if the password is right, perhaps another --auth works"
        }
        _ => "",
    }
}

fn connector(account: &Account, arguments: &Arguments) -> Result<Connector, Failure> {
    let mut connector = Connector::new(&account.host, account.security)
        .port(account.port)
        .timeouts(Timeouts::all(arguments.timeout()));
    if arguments.pipeline == 0 {
        connector = connector.config(Config::new().pipelining(Pipelining::Off));
    }
    if let Some(path) = &arguments.ca_file {
        let pem = fs::read(path)
            .map_err(|error| Failure::file("reading certificates from", path, &error))?;
        connector = connector.add_root_pem(&pem).map_err(|error| {
            Failure::Failed(format!(
                "reading certificates from {}: {error}",
                path.display()
            ))
        })?;
    }
    if let Some(path) = &arguments.client_cert {
        let key_path = arguments.client_key.as_ref().unwrap_or(path);
        let doing = "reading the client certificate from";
        let chain = fs::read(path).map_err(|error| Failure::file(doing, path, &error))?;
        let doing = "reading the client certificate's key from";
        let key = fs::read(key_path).map_err(|error| Failure::file(doing, key_path, &error))?;
        let key = Zeroizing::new(key);
        connector = connector
            .client_certificate_pem(&chain, &key)
            .map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))?;
    }
    Ok(trace_if(arguments.trace, connector))
}

/// Shows the protocol on standard error.
pub fn trace_if(wanted: bool, connector: Connector) -> Connector {
    if !wanted {
        return connector;
    }
    connector.trace(|event| {
        // Standard error may be closed, which is no reason to stop.
        let _ = writeln!(io::stderr(), "{event}");
    })
}
