//! Mails that clients get wrong.

use ring::digest::{SHA256, digest};

/// A mail as it is delivered.
pub struct Mail {
    pub subject: &'static str,
    pub octets: Vec<u8>,
}

impl Mail {
    fn new(subject: &'static str, body: &[u8]) -> Self {
        let header = format!("From: a@example.org\r\nSubject: {subject}\r\n\r\n");
        Self {
            subject,
            octets: [header.as_bytes(), body].concat(),
        }
    }

    /// What the firmware is to say of it when it has read it as message number so and so.
    pub fn report(&self, number: usize) -> Vec<String> {
        let digest = digest(&SHA256, &self.octets);
        let digest: String = digest.as_ref().iter().map(|o| format!("{o:02x}")).collect();
        vec![
            format!("top {number} subject {}", self.subject),
            format!("top {number} lines 2"),
            format!("mail {number} subject {}", self.subject),
            format!("mail {number} octets {}", self.octets.len()),
            format!("mail {number} sha-256 {digest}"),
        ]
    }
}

/// Dots, no body, a line of 100 KB, 1 MB, every octet, replies in the text.
pub fn mails() -> Vec<Mail> {
    let every_octet: Vec<u8> = (0..=255).filter(|octet| *octet != b'\n').collect();
    vec![
        Mail::new("dots", b".\r\n..\r\n.x\r\n...\r\n\r\n.\r\n"),
        Mail::new("no body", b""),
        Mail::new(
            "a long line",
            &[&b"x".repeat(100_000)[..], b"\r\n"].concat(),
        ),
        Mail::new("8-bit", &[&every_octet[..], b"\r\n"].concat()),
        Mail::new(
            "a megabyte",
            &b"0123456789abcdef0123456789abcde\r\n.\r\n".repeat(29_000),
        ),
        Mail::new(
            "replies",
            b"+OK\r\n-ERR\r\n\r\r\n\r\nSubject: no header\r\n.\r\n",
        ),
    ]
}

/// One mail that is more than all buffers between a server and the firmware can hold.
pub fn endless() -> Mail {
    Mail::new(
        "endless",
        &b"it goes on and on, and on and on and on\r\n".repeat(600_000),
    )
}
