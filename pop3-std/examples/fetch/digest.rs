//! What a person wants to see of a message at first.

use mail_parser::{Address, MessageParser};
use pop3_std::Text;

/// A message in short. All of it is safe to print on a terminal, whoever wrote the message.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// The sender's name, or else his address.
    pub from: String,
    /// Decoded.
    pub subject: String,
    /// As the header has it.
    pub date: String,
    /// The first lines of text.
    pub text: Vec<String>,
    /// The names of the attachments.
    pub attachments: Vec<String>,
}

impl Digest {
    /// Reads a message, or the beginning of one.
    pub fn of(message: &[u8], lines: usize) -> Self {
        use mail_parser::MimeHeaders as _;
        let Some(message) = MessageParser::default().parse(message) else {
            return Self::default();
        };
        let from = message.from().and_then(Address::first);
        let name = |part: &mail_parser::MessagePart<'_>| {
            printable(part.attachment_name().unwrap_or("without a name"))
        };
        let text = message.body_text(0).unwrap_or_default();
        let text = text
            .lines()
            .map(printable)
            .filter(|line| !line.trim().is_empty());
        Self {
            from: printable(
                from.and_then(|from| from.name().or(from.address()))
                    .unwrap_or(""),
            ),
            subject: printable(message.subject().unwrap_or("")),
            date: printable(message.header_raw("Date").unwrap_or("").trim()),
            text: text.take(lines).collect(),
            attachments: message.attachments().map(name).collect(),
        }
    }
}

fn printable(text: &str) -> String {
    Text::new(text.as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_and_escapes() {
        let message = b"From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\n\
            Subject: =?utf-8?q?a=1B[2Jb=0Dc?=\r\nDate: Thu, 5 Nov 2026 07:08:09 +0000\r\n\r\n\
            \x1b[31mred\r\n\r\ntwo\r\nthree\r\n";
        let digest = Digest::of(message, 2);
        assert_eq!(digest.from, "J\u{fc}rgen");
        assert!(digest.subject.contains("b") && !digest.subject.contains(char::is_control));
        assert_eq!(digest.date, "Thu, 5 Nov 2026 07:08:09 +0000");
        assert_eq!(digest.text, ["\\u{1b}[31mred", "two"]);
    }

    #[test]
    fn any_octets_will_do() {
        for message in [
            &b""[..],
            b"\r\n",
            b"\xff\xfe",
            b"no header at all",
            b"From:\r\nSubject:",
        ] {
            let digest = Digest::of(message, 3);
            assert!(!digest.from.contains(char::is_control));
        }
        assert_eq!(
            Digest::of(b"Subject: only this\r\n", 1).subject,
            "only this"
        );
    }
}
