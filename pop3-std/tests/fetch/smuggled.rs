//! Mail that holds what looks like the server's next reply, on a server that does not stuff dots.

use std::fs;

use crate::host::{Fault, Host, unix};
use crate::program::{Run, fetch, in_maildir};

/// Whoever sends this mail decides what the client takes for the next one: with many commands in flight, nothing tells it
/// from the server's own reply, and all that follow are shifted by one.
#[test]
fn no_mail_is_deleted_that_was_not_stored() {
    for pipeline in ["0", "64"] {
        let host = Host::new();
        let all: Vec<_> = host
            .maildrop()
            .mails
            .iter()
            .map(|mail| unix(&mail.octets))
            .collect();
        let smuggled =
            b"+OK\r\nSubject: a\r\n\r\nx\r\n.\r\n+OK\r\nSubject: smuggled\r\n\r\ny\r\n.\r\n"
                .to_vec();
        host.on("RETR 1", Fault::Answer(smuggled));
        let capabilities = b"+OK\r\nUIDL\r\nPIPELINING\r\n.\r\n".to_vec();
        host.on("CAPA", Fault::Answer(capabilities));
        let root = tempfile::tempdir().unwrap();
        let arguments = [
            "--pipeline",
            pipeline,
            "--maildir",
            root.path().to_str().unwrap(),
            "--delete",
        ];
        let first = Run::of(&mut fetch(&host, &arguments));
        assert_eq!(host.maildrop().mails.len(), all.len(), "{first:?}");
        // The next time the server behaves.
        host.behave();
        let second = Run::of(&mut fetch(&host, &arguments));
        assert_eq!(second.status, Some(0), "{second:?}");
        assert!(host.maildrop().mails.is_empty());
        let stored = in_maildir(root.path());
        let state = fs::read_to_string(root.path().join("fetch-state")).unwrap();
        for (index, mail) in all.iter().enumerate().skip(1) {
            assert!(
                stored.contains(mail),
                "--pipeline {pipeline}: message {} is lost; first {first:?}; {state}",
                index + 1
            );
        }
    }
}
