//! A guess at what a refusal is about, for servers that send no response codes.

use crate::text::Text;

/// What a server's words seem to say. **A guess**: from English words in a text that is meant for people, and that anybody can
/// have written. Good for telling a user what to do, and never for a decision about security.
///
/// [`Text::response_code`] is what can be relied on, where the server announces RESP-CODES.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LikelyCause {
    /// Another session has the maildrop: `Can't get lock. Mailbox in use`.
    MaildropInUse,
    /// As many sessions as the server allows are open: `Too many connections from your IP`.
    TooManyConnections,
    /// Something that will pass: `Temporary failure, try again later`.
    Temporary,
}

impl Text<'_> {
    /// What the words of this text seem to say: see [`LikelyCause`]. `None` if there is a response code, which says it better.
    pub fn likely_cause(self) -> Option<LikelyCause> {
        if self.response_code().is_some() {
            return None;
        }
        // Without a copy in lower case: the text may repeat a password.
        let has = |words: &[&str]| {
            words.iter().any(|word| {
                self.as_bytes()
                    .windows(word.len())
                    .any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
            })
        };
        // An account that is locked is no maildrop that is.
        let maildrop = has(&["mailbox", "maildrop", "mail drop"]) || has(&["get lock"]);
        if maildrop && has(&["lock", "in use", "busy", "another session"]) {
            Some(LikelyCause::MaildropInUse)
        } else if has(&["too many"]) && has(&["connection", "session", "login"]) {
            Some(LikelyCause::TooManyConnections)
        } else if has(&["try again", "try later", "temporar", "wait a", "later"]) {
            Some(LikelyCause::Temporary)
        } else {
            None
        }
    }
}
