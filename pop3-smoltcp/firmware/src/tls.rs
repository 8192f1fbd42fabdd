//! A session inside TLS 1.3, from the first octet or by STLS: embedded-tls between the socket and the session.

use core::cell::Cell;
use core::ffi::CStr;

use embedded_io::{Read, Write};
use embedded_tls::blocking::TlsConnection;
use embedded_tls::{TlsConfig, TlsContext, TlsError};
use pop3_smoltcp::WayIn;
use pop3_smoltcp::pop3_proto::Deadline;
use pop3_smoltcp::pop3_proto::login::Security;
use semihosting::fs::File;
use smoltcp::phy::Device;

use crate::network::Network;
use crate::options::Options;
use crate::over_stream::{StreamSession, Way};
use crate::records::Records;
use crate::stream::{Close, TcpStream};
use crate::verifier::{Provider, Suite};
use crate::{Failure, clear, mail};

/// A record of TLS at its longest, encrypted (RFC 8446 section 5.2), and its header: a server may send such.
const LONGEST_RECORD: usize = 5 + 16_384 + 256;

/// For what is sent: a command, or the beginning of the handshake.
const SENT_RECORD: usize = 1024;

/// A certificate in DER. One of an authority with a P-256 key has some 400 octets.
const CERTIFICATE: usize = 1024;

/// A TLS connection over the network's socket.
type Tls<'a, 'n, 'm, D> = TlsConnection<'a, Records<TcpStream<'n, 'm, D>>, Suite>;

/// Fetches the mail, in clear text or inside TLS, as the options say.
///
/// # Errors
///
/// The first thing that goes wrong ends it.
pub fn fetch<D: Device>(
    network: &mut Network<'_, D>,
    options: &Options<'_>,
) -> Result<(), Failure> {
    match options.security {
        Security::ClearText => clear::fetch(network, options),
        _ => fetch_inside_tls(network, options),
    }
}

#[inline(never)] // It needs far more of the stack, and only if it is asked for.
fn fetch_inside_tls<D: Device>(
    network: &mut Network<'_, D>,
    options: &Options<'_>,
) -> Result<(), Failure> {
    let name = options.name.ok_or(Failure::Options("name is missing"))?;
    let file = options.ca.ok_or(Failure::Options("ca is missing"))?;
    let mut authority = [0; CERTIFICATE];
    let authority = read_file(file, &mut authority)?;

    let mut received = [0; LONGEST_RECORD];
    let mut sent = [0; SENT_RECORD];
    let deadline = Cell::new(Deadline::NEVER);
    let mut session = StreamSession::connect(network, options.server, &deadline, options.timeouts)?;
    let mut way_in = WayIn::new(options.security, options.policy(), options.credentials);
    // With implicit TLS that is nowhere.
    let Way::StartTls = session.log_in(&mut way_in)? else {
        return Err(Failure::Tls(TlsError::MissingHandshake));
    };
    let mut session = session.start_tls(&mut way_in, |stream| {
        handshake(stream, name, authority, &mut received, &mut sent)
    })?;
    let Way::LoggedIn = session.log_in(&mut way_in)? else {
        return Err(Failure::Tls(TlsError::MissingHandshake));
    };
    mail::fetch(session, options.delete)
}

/// Begins TLS with the server of this name, whose certificate that authority has to have signed.
#[inline(never)] // Its part of the stack is free again when mail is read.
fn handshake<'a, 'n: 'a, 'm: 'a, D: Device>(
    stream: TcpStream<'n, 'm, D>,
    name: &str,
    authority: &[u8],
    received: &'a mut [u8],
    sent: &'a mut [u8],
) -> Result<Tls<'a, 'n, 'm, D>, TlsError> {
    let config = TlsConfig::new().with_server_name(name);
    let mut provider = Provider::new(authority);
    let mut tls = TlsConnection::new(Records::new(stream), received, sent);
    tls.open(TlsContext::new(&config, &mut provider))?;
    provider.proved()?;
    Ok(tls)
}

/// Reads a file of the debugger's machine. On a device that stands alone the certificate is in the flash.
fn read_file<'b>(name: &str, into: &'b mut [u8]) -> Result<&'b [u8], Failure> {
    const NO_FILE: Failure = Failure::Options("ca: there is no such file, or it cannot be read");
    let mut path = [0; 128];
    let room = path.get_mut(..name.len()).ok_or(NO_FILE)?;
    room.copy_from_slice(name.as_bytes());
    let path = CStr::from_bytes_until_nul(&path).map_err(|_| NO_FILE)?;
    let file = File::open(path).map_err(|_| NO_FILE)?;
    let length = semihosting::io::Read::read(&mut &file, into).map_err(|_| NO_FILE)?;
    match into.get(..length) {
        Some(octets) if octets.len() >= CERTIFICATE => Err(Failure::Options(
            "ca: the file is too long for a certificate",
        )),
        Some(octets) if octets.starts_with(b"-----BEGIN") => Err(Failure::Options(
            "ca: the file is in PEM, and DER is wanted",
        )),
        octets => octets.ok_or(NO_FILE),
    }
}

impl<S: Read + Write + Close> Close for TlsConnection<'_, S, Suite> {
    fn close(self) {
        // If the server has closed the connection already, nothing is lost by that.
        let (Ok(stream) | Err((stream, _))) = Self::close(self);
        stream.close();
    }
}
