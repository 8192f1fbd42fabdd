//! What goes to and fro, for people to read; and keeping secrets out of it.

use std::fmt;
use std::sync::Arc;

use pop3_proto::{MAX_LINE, Text};
use zeroize::Zeroizing;

/// One thing that happened on the connection.
///
/// It prints as one line, safe for a terminal, with `***` for a secret: `C: PASS ***`, `S: +OK welcome`,
/// `* TLS 1.3, TLS13_AES_256_GCM_SHA384`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum TraceEvent<'a> {
    /// The client sent this command.
    Command(&'a str),
    /// The server sent this line.
    Line(&'a str),
    /// The server sent a message of so many octets.
    Message {
        /// Unstuffed, without the terminator.
        octets: u64,
    },
    /// Something else happened: a connection, TLS, an error.
    Note(&'a str),
}

impl fmt::Display for TraceEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(text) => write!(f, "C: {text}"),
            Self::Line(text) => write!(f, "S: {text}"),
            Self::Message { octets } => write!(f, "S: ({octets} octets)"),
            Self::Note(text) => write!(f, "* {text}"),
        }
    }
}

type Tell = dyn Fn(&TraceEvent<'_>) + Send + Sync;

/// Who wants to know.
#[derive(Clone, Default)]
pub(crate) struct Trace(Option<Arc<Tell>>);

impl Trace {
    pub(crate) fn to(tell: impl Fn(&TraceEvent<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    pub(crate) fn command(&self, command: &dyn fmt::Display) {
        if let Some(tell) = &self.0 {
            tell(&TraceEvent::Command(&command.to_string()));
        }
    }

    pub(crate) fn line(&self, line: &[u8], secrets: &Secrets) {
        if let Some(tell) = &self.0 {
            let cut = is_cut(line);
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = secrets.hide(line.strip_suffix(b"\r").unwrap_or(line), cut);
            tell(&TraceEvent::Line(&Text::new(&line).to_string()));
        }
    }

    pub(crate) fn message(&self, octets: u64) {
        if let Some(tell) = &self.0 {
            tell(&TraceEvent::Message { octets });
        }
    }

    pub(crate) fn note(&self, note: &dyn fmt::Display) {
        if let Some(tell) = &self.0 {
            tell(&TraceEvent::Note(&note.to_string()));
        }
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "on" } else { "off" })
    }
}

/// What must not be shown while somebody logs in: there are servers that repeat what they were sent.
#[derive(Default)]
pub(crate) struct Secrets(Vec<Zeroizing<Vec<u8>>>);

impl Secrets {
    /// Blanks at the ends of a secret may be lost where a server repeats it, so it is hidden without them as well.
    pub(crate) fn add(&mut self, secret: &[u8]) {
        for part in [secret, secret.trim_ascii()] {
            if !part.is_empty() {
                self.0.push(Zeroizing::new(part.to_vec()));
            }
        }
    }

    /// Wipes them.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }

    /// A server's text with `***` for each secret. `cut`: the text perhaps went on, so the first part of a secret at its end
    /// is hidden as well.
    ///
    /// It is made in one go: a text in which only some of the secrets are hidden would have to be wiped.
    pub(crate) fn hide(&self, text: &[u8], cut: bool) -> Vec<u8> {
        let mut shown = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((first, tail)) = rest.split_first() {
            if cut && self.0.iter().any(|secret| secret.starts_with(rest)) {
                shown.extend_from_slice(b"***");
                break;
            }
            let behind = self
                .0
                .iter()
                .filter_map(|secret| rest.strip_prefix(&***secret));
            rest = match behind.min_by_key(|behind| behind.len()) {
                Some(behind) => {
                    shown.extend_from_slice(b"***");
                    behind
                }
                None => {
                    shown.push(*first);
                    tail
                }
            };
        }
        shown
    }
}

/// Whether a line may have been longer than what is kept of it.
pub(crate) fn is_cut(line: &[u8]) -> bool {
    line.len() >= MAX_LINE
}

#[cfg(test)]
mod tests {
    use super::{MAX_LINE, Secrets, is_cut};

    fn hidden(secret: &str, text: &str) -> String {
        let mut secrets = Secrets::default();
        secrets.add(secret.as_bytes());
        let text = text.as_bytes();
        String::from_utf8(secrets.hide(text, is_cut(text))).unwrap()
    }

    #[test]
    fn a_secret_is_hidden_wherever_it_stands() {
        assert_eq!(hidden("pw", "pw"), "***");
        assert_eq!(hidden("pw", "PASS pw: no, pwpw"), "PASS ***: no, ******");
        assert_eq!(hidden("pw", "p w"), "p w");
        assert_eq!(hidden("", "text"), "text");
        assert_eq!(hidden("aab", "aaab"), "a***");
        assert_eq!(hidden(" pw ", "bad pw"), "bad ***");
        assert_eq!(hidden(" pw ", "bad  pw "), "bad ***");
        assert_eq!(hidden(" ", "a b"), "a***b");
    }

    #[test]
    fn a_secret_that_was_cut_off_is_hidden_too() {
        let secret = "s3cret".repeat(200);
        let line = format!("bad password {secret}");
        let cut = line.get(..MAX_LINE).unwrap();
        assert_eq!(hidden(&secret, cut), "bad password ***");
        // A short text is whole, so what ends it is no secret.
        assert_eq!(hidden("secret", "bad s"), "bad s");
    }
}
