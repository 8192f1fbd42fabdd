//! From an account on the command line to a session.

use std::fs;
use std::io::{self, Write as _};
use std::net::TcpStream;

use pop3_std::{ApopOutcome, Connector, Credentials, Error, ErrorKind, Session, Text, Timeouts};

use crate::arguments::{Account, Arguments};
use crate::failure::{Failure, say};
use crate::password;

/// Connects and logs in.
pub fn connect(account: &Account, arguments: &Arguments) -> Result<Session<TcpStream>, Failure> {
    let Account {
        user, host, port, ..
    } = account;
    let connector = connector(account, arguments)?;
    // Before the server is bothered: it would not wait for ever.
    let whose = format!("{} at {host} port {port}", Text::new(user));
    let mut password = password::get(arguments.password_file.as_deref(), &whose)?;
    let credentials = Credentials::new(user.clone(), std::mem::take(&mut *password));
    let session = connector
        .connect()
        .and_then(|connection| {
            let session = connection.login(&credentials, account.auth.authentication());
            session.map_err(Error::from)
        })
        .map_err(|error| {
            Failure::Failed(format!("{host} port {port}: {error}{}", advice(&error)))
        })?;
    let report = session.login_report();
    if matches!(report.apop, ApopOutcome::NotOffered | ApopOutcome::Refused) {
        say(format_args!("logged in with {report}"));
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
        _ => "",
    }
}

fn connector(account: &Account, arguments: &Arguments) -> Result<Connector, Failure> {
    let mut connector = Connector::new(&account.host, account.security)
        .port(account.port)
        .timeouts(Timeouts::all(arguments.timeout()));
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
