//! A guess at what a refusal is about, for servers that send no response codes.

use crate::text::Text;

/// What a server's words seem to say. **A guess**: from English words in a text that is meant for people, and that anybody can
/// have written. Good for telling a user what to do, and never for a decision about security.
///
/// [`Text::response_code`] is what can be relied on, where the server announces RESP-CODES.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
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
        let says = |words: &[&str]| words.iter().any(|word| self.has_word(word.as_bytes()));
        // An account that is locked is no maildrop that is.
        let maildrop = says(&["mailbox", "maildrop", "mail drop", "get lock", "pop lock"]);
        let in_use = says(&["lock", "in use", "busy", "another session"]);
        // Nor are log-ins that failed too often connections.
        let connections = says(&["connection", "session", "simultaneous", "concurrent"]);
        let failed = says(&[
            "attempt",
            "failures",
            "failed log",
            "failed auth",
            "invalid",
        ]);
        if maildrop && in_use || says(&["lock busy"]) {
            Some(LikelyCause::MaildropInUse)
        } else if says(&["too many", "maximum number"]) && connections && !failed {
            Some(LikelyCause::TooManyConnections)
        } else if says(&["later", "temporar", "wait a", "again in"]) {
            // Not "try again": that is said of wrong passwords.
            Some(LikelyCause::Temporary)
        } else {
            None
        }
    }

    /// Whether a word begins like this, in any case of letters. (No copy in lower case: the text may repeat a password.)
    fn has_word(self, beginning: &[u8]) -> bool {
        let mut rest = self.as_bytes();
        let mut within_a_word = false;
        while let Some((first, behind)) = rest.split_first() {
            let head = rest.get(..beginning.len());
            if !within_a_word && head.is_some_and(|head| head.eq_ignore_ascii_case(beginning)) {
                return true;
            }
            within_a_word = first.is_ascii_alphanumeric();
            rest = behind;
        }
        false
    }
}
