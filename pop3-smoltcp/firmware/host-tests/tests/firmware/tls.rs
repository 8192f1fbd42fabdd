//! The board that has TLS, against Dovecot.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::chains::{self, Says};
use crate::impostor;
use crate::mails::{endless, mails};
use crate::qemu::{self, Outcome, Qemu};
use crate::scripted::{End, Scripted};
use crate::support::certificates::{CertificateAuthority, ServerCertificate};
use crate::support::dovecot::Dovecot;
use crate::support::setup::{PASSWORD, Setup, Tls, USER};
use crate::{cut_within_the_mail, dovecot, families, logged_in, stack};

const BOARD: &str = "mps2-an385";

/// How TLS begins, and at which of the server's ports.
fn beginnings(server: &Dovecot) -> [(&'static str, u16); 2] {
    [("tls", server.pop3s()), ("stls", server.pop3())]
}

/// A server of which it is enough that it is heard.
const GOES_AWAY: Says = Says {
    to_stls: "",
    greeting: "-ERR go away\r\n",
    added: b"",
};

/// A file with an authority's certificate, for the firmware.
pub struct Authority {
    file: PathBuf,
    _directory: TempDir,
}

impl Authority {
    pub fn of(certificate: &ServerCertificate) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("ca.der");
        fs::write(&file, certificate.root()).expect("a file in it");
        Self {
            file,
            _directory: directory,
        }
    }

    pub fn file(&self) -> &str {
        self.file.to_str().expect("a path in ASCII")
    }
}

/// Boots the board, which is to trust this authority.
pub fn boot(authority: &Authority, port: u16, security: &str, options: &[(&str, &str)]) -> Qemu {
    let port = port.to_string();
    let always = [
        ("port", port.as_str()),
        ("security", security),
        ("ca", authority.file()),
        ("name", "localhost"),
        ("login", "plain"),
        ("user", USER),
        ("secret", PASSWORD),
    ];
    Qemu::boot(BOARD, &[&always, options].concat())
}

/// The server was refused before anything was said to it, and for this.
pub fn is_distrusted(run: &Outcome, why: &str) {
    assert_eq!(run.status, Some(13), "{}", run.console);
    let line = format!("FAIL: the server has not shown who it is: {why}");
    assert!(run.says(&line), "{}", run.console);
    assert!(!run.console.contains("login "), "{}", run.console);
}

/// Dovecot with this certificate, or nothing if it, or QEMU, is not there.
fn dovecot_with(certificate: ServerCertificate) -> Option<Dovecot> {
    if !qemu::is_there_or_skip() {
        return None;
    }
    Dovecot::start_or_skip(Setup::new(["one\r\n"]).certificate(certificate))
}

/// Tries to log in both ways, and finds the server distrusted.
fn a_server_is_distrusted(server: &Dovecot, authority: &Authority, options: &[(&str, &str)]) {
    for (security, port) in beginnings(server) {
        let run = boot(authority, port, security, options).outcome();
        is_distrusted(&run, "InvalidCertificate");
    }
    assert!(!server.log().contains(" Login: "), "{}", server.log());
}

#[test]
fn every_mail_arrives_inside_tls() {
    let mails = mails();
    if !qemu::is_there_or_skip() {
        return;
    }
    let setup = Setup::new(mails.iter().map(|mail| &mail.octets)).tls(Tls::Required);
    let Some(server) = Dovecot::start_or_skip(setup) else {
        return;
    };
    let authority = Authority::of(server.certificate());
    let mut logins = 0;
    for (security, port) in beginnings(&server) {
        for ip in families() {
            for (login, shown) in [("plain", "PLAIN"), ("scram-sha-256", "SCRAM-SHA-256")] {
                let options = [("ip", ip), ("login", login)];
                let run = boot(&authority, port, security, &options).outcome();
                let what = format!("{security}, IPv{ip}, {login}: {}", run.console);
                assert_eq!(run.status, Some(0), "{what}");
                let mut expected = vec![format!("login {shown}"), "quit".into(), "PASS".into()];
                for (number, mail) in (1..).zip(&mails) {
                    expected.extend(mail.report(number));
                }
                for line in expected {
                    assert!(run.says(&line), "no {line:?}: {what}");
                }
                assert!(!run.console.contains(PASSWORD), "{what}");
                logins += 1;
                let line = logged_in(&server, login, ip, logins);
                assert!(line.contains(", TLS,"), "{line}");
                println!("{security}, IPv{ip}, {login}: {}", stack(&run));
            }
        }
    }
    assert_eq!(server.messages_left(USER).len(), mails.len());
}

#[test]
fn a_certificate_by_another_authority_is_refused() {
    let Some(server) = dovecot(["one\r\n"]) else {
        return;
    };
    let other = CertificateAuthority::new().issue_for_loopback();
    a_server_is_distrusted(&server, &Authority::of(&other), &[]);
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let Some(server) = dovecot(["one\r\n"]) else {
        return;
    };
    let authority = Authority::of(server.certificate());
    a_server_is_distrusted(&server, &authority, &[("name", "pop.example.org")]);
    // A part of its name is not its name.
    a_server_is_distrusted(&server, &authority, &[("name", "localhos")]);
}

#[test]
fn a_certificate_out_of_its_time_is_refused() {
    for issue in [
        CertificateAuthority::issue_expired,
        CertificateAuthority::issue_for_later,
    ] {
        let certificate = issue(&CertificateAuthority::new(), &["localhost"]);
        let Some(server) = dovecot_with(certificate) else {
            return;
        };
        let authority = Authority::of(server.certificate());
        a_server_is_distrusted(&server, &authority, &[]);
    }
}

#[test]
fn a_wrong_password_is_said_to_be_wrong_inside_tls_too() {
    let Some(server) = dovecot(["one\r\n"]) else {
        return;
    };
    let authority = Authority::of(server.certificate());
    for (security, port) in beginnings(&server) {
        for login in ["plain", "scram-sha-256"] {
            let options = [("login", login), ("secret", "incorrect horse")];
            let run = boot(&authority, port, security, &options).outcome();
            assert_eq!(run.status, Some(5), "{}", run.console);
            assert!(!run.console.contains("incorrect"), "{}", run.console);
        }
    }
}

#[test]
fn a_server_that_is_killed_within_a_mail_inside_tls_leaves_no_complete_mail() {
    for beginning in 0..2 {
        let Some(mut server) = dovecot([endless().octets]) else {
            return;
        };
        let authority = Authority::of(server.certificate());
        let (security, port) = beginnings(&server)[beginning];
        let mut run = boot(&authority, port, security, &[]);
        run.wait_for("mail 1 subject endless");
        server.kill();
        let how = "the connection ended within the multi-line";
        cut_within_the_mail(&run.outcome(), 7, how);
    }
}

#[test]
fn a_mail_is_deleted_inside_tls() {
    let Some(server) = dovecot(["one\r\n", "two\r\n", "three\r\n"]) else {
        return;
    };
    let authority = Authority::of(server.certificate());
    let run = boot(&authority, server.pop3s(), "tls", &[("delete", "2")]).outcome();
    assert_eq!(run.status, Some(0), "{}", run.console);
    assert_eq!(server.messages_left(USER), [1, 3]);
}

/// Whoever is on the way can finish a handshake; only with the key to a certificate is that worth anything.
#[test]
fn a_server_that_does_not_show_the_key_to_its_certificate_is_refused() {
    if !qemu::is_there_or_skip() {
        return;
    }
    let genuine = CertificateAuthority::new().issue_for_loopback();
    let authority = Authority::of(&genuine);
    let [genuine] = &genuine.chain()[..] else {
        panic!("one certificate");
    };
    let genuine = impostor::certificate(genuine);
    let signature = impostor::NO_SIGNATURE.to_vec();
    for (messages, why) in [
        (vec![], Some("InvalidCertificate")),
        (vec![genuine.clone()], Some("InvalidCertificate")),
        (vec![signature.clone()], None),
        (vec![signature.clone(), genuine.clone()], None),
        (vec![genuine.clone(), genuine.clone()], None),
        (vec![genuine, signature], None),
    ] {
        let shown = messages.len();
        let port = impostor::start(messages);
        let run = boot(&authority, port, "tls", &[("timeout", "5000")]).outcome();
        match why {
            Some(why) => is_distrusted(&run, why),
            None => {
                assert!(
                    matches!(run.status, Some(13 | 14)),
                    "{shown}: {}",
                    run.console
                );
                assert!(run.console.contains("FAIL: "), "{}", run.console);
            }
        }
    }
}

#[test]
fn a_certificate_that_is_signed_by_another_servers_is_refused() {
    if !qemu::is_there_or_skip() {
        return;
    }
    let ca = CertificateAuthority::new();
    let another = ca.issue(&["another.example.org"]);
    let authority = Authority::of(&another);
    let (forged, key) = chains::signed_by_a_server(&another, "localhost");
    let port = chains::start([vec![forged], another.chain()].concat(), key, GOES_AWAY);
    let run = boot(&authority, port, "tls", &[]).outcome();
    is_distrusted(&run, "InvalidCertificate");

    // One that is as it should be, and shows the authority's certificate too: the server is heard.
    let own = ca.issue(&["localhost"]);
    let port = chains::start(
        [own.chain(), vec![own.root()]].concat(),
        own.key(),
        GOES_AWAY,
    );
    let run = boot(&authority, port, "tls", &[]).outcome();
    assert_eq!(run.status, Some(4), "{}", run.console);
}

#[test]
fn each_failure_before_tls_stands_has_a_status_and_words_of_its_own() {
    if !qemu::is_there_or_skip() {
        return;
    }
    let authority = Authority::of(&CertificateAuthority::new().issue_for_loopback());
    let fails = |security: &str, says: &[&str], end: End, status: i32, why: &str| {
        let says = says.iter().map(|text| text.as_bytes().to_vec()).collect();
        let server = Scripted::start(says, end);
        let run = boot(&authority, server.port(), security, &[("timeout", "500")]).outcome();
        assert_eq!(run.status, Some(status), "{}", run.console);
        assert!(run.says(&format!("FAIL: {why}")), "{}", run.console);
        assert!(!run.console.contains("login "), "{}", run.console);
    };
    let stls = ["+OK ready\r\n", "+OK begin\r\n"];
    let silent = "time-out while waiting for the TLS handshake";
    fails("tls", &[], End::Silence, 8, silent);
    fails("stls", &stls, End::Silence, 8, silent);
    // A header of TLS, and no more.
    fails("tls", &["\x16\x03\x03"], End::Silence, 8, silent);
    let cut = "the connection ended within the greeting";
    fails("tls", &[], End::Close, 7, cut);
    let cut = "the connection ended within the TLS handshake";
    fails("stls", &stls, End::Close, 7, cut);
    fails(
        "tls",
        &["+OK ready\r\n"],
        End::Silence,
        14,
        "TLS: InvalidRecord",
    );
    let refused = ["+OK ready\r\n", "-ERR no\r\n"];
    fails(
        "stls",
        &refused,
        End::Silence,
        4,
        "the server refused STLS, so nothing was sent in clear",
    );

    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port that is free again");
    let run = boot(&authority, nobody.port(), "tls", &[]).outcome();
    assert_eq!(run.status, Some(3), "{}", run.console);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = |name: &str, octets: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, octets).expect("a file");
        path.to_str().expect("a path of letters").to_owned()
    };
    for (file, why) in [
        (
            "no/such/file".to_owned(),
            "there is no such file, or it cannot be read",
        ),
        (
            file("pem", b"-----BEGIN CERTIFICATE-----\n"),
            "the file is in PEM, and DER is wanted",
        ),
        (
            file("long", &[0x30; 2_000]),
            "the file is too long for a certificate",
        ),
    ] {
        let run = boot(&authority, nobody.port(), "tls", &[("ca", &file)]).outcome();
        assert_eq!(run.status, Some(2), "{}", run.console);
        let line = format!("FAIL: the command line: ca: {why}");
        assert!(run.says(&line), "{line:?}: {}", run.console);
    }
}

#[test]
fn what_is_added_in_clear_on_the_way_is_refused() {
    if !qemu::is_there_or_skip() {
        return;
    }
    let own = CertificateAuthority::new().issue_for_loopback();
    let authority = Authority::of(&own);
    let added = |security: &str, says: Says| {
        let port = chains::start(own.chain(), own.key(), says);
        boot(&authority, port, security, &[("timeout", "5000")]).outcome()
    };
    // Behind TLS: EncryptedExtensions, an alert that closes, a command's reply.
    let records: [&[u8]; 3] = [
        b"\x16\x03\x03\x00\x06\x08\x00\x00\x02\x00\x00",
        b"\x15\x03\x03\x00\x02\x01\x00",
        b"\x17\x03\x03\x00\x05+OK\r\n",
    ];
    for record in records {
        let greeting = "+OK ready\r\n";
        let says = Says {
            greeting,
            added: record,
            ..GOES_AWAY
        };
        let run = added("tls", says);
        assert_eq!(run.status, Some(14), "{}", run.console);
        assert!(run.says("FAIL: TLS: InvalidRecord"), "{}", run.console);
    }
    // Before TLS, behind the answer to STLS.
    let to_stls = "+OK begin\r\n+OK and this as well\r\n";
    let says = Says {
        to_stls,
        ..GOES_AWAY
    };
    let run = added("stls", says);
    assert_eq!(run.status, Some(9), "{}", run.console);
    let line = "FAIL: the server, or someone in between, sent plain text after its reply to STLS";
    assert!(run.says(line), "{}", run.console);
}

#[test]
fn a_sealed_record_with_nothing_in_it_is_refused() {
    if !qemu::is_there_or_skip() {
        return;
    }
    let authority = Authority::of(&CertificateAuthority::new().issue_for_loopback());
    let port = impostor::start_with_nothing_sealed();
    let run = boot(&authority, port, "tls", &[("timeout", "5000")]).outcome();
    assert_eq!(run.status, Some(14), "{}", run.console);
    assert!(run.says("FAIL: TLS: InvalidRecord"), "{}", run.console);
}
