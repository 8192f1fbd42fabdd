//! Which commands there are.

use core::fmt;

/// A command without its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum CommandKind {
    /// `USER name`
    User,
    /// `PASS string`
    Pass,
    /// `APOP name digest`
    Apop,
    /// `STAT`
    Stat,
    /// `LIST`
    List,
    /// `LIST msg`
    ListOne,
    /// `UIDL`
    Uidl,
    /// `UIDL msg`
    UidlOne,
    /// `RETR msg`
    Retr,
    /// `TOP msg n`
    Top,
    /// `DELE msg`
    Dele,
    /// `NOOP`
    Noop,
    /// `RSET`
    Rset,
    /// `QUIT`
    Quit,
    /// `CAPA`
    Capa,
    /// `STLS`
    Stls,
    /// `AUTH mechanism`
    Auth,
    /// The response to a challenge.
    Response,
    /// `*`
    Cancel,
    /// `UTF8`
    Utf8,
    /// `LANG`
    Languages,
    /// `LANG tag`
    Lang,
}

impl CommandKind {
    /// Every kind there is.
    pub const ALL: &'static [Self] = &[
        Self::User,
        Self::Pass,
        Self::Apop,
        Self::Stat,
        Self::List,
        Self::ListOne,
        Self::Uidl,
        Self::UidlOne,
        Self::Retr,
        Self::Top,
        Self::Dele,
        Self::Noop,
        Self::Rset,
        Self::Quit,
        Self::Capa,
        Self::Stls,
        Self::Auth,
        Self::Response,
        Self::Cancel,
        Self::Utf8,
        Self::Languages,
        Self::Lang,
    ];

    /// The word that begins the command; for a response to a challenge, which has none, what to call it.
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::Pass => "PASS",
            Self::Apop => "APOP",
            Self::Stat => "STAT",
            Self::List | Self::ListOne => "LIST",
            Self::Uidl | Self::UidlOne => "UIDL",
            Self::Retr => "RETR",
            Self::Top => "TOP",
            Self::Dele => "DELE",
            Self::Noop => "NOOP",
            Self::Rset => "RSET",
            Self::Quit => "QUIT",
            Self::Capa => "CAPA",
            Self::Stls => "STLS",
            Self::Auth => "AUTH",
            Self::Response => "(response)",
            Self::Cancel => "*",
            Self::Utf8 => "UTF8",
            Self::Languages | Self::Lang => "LANG",
        }
    }
}

/// The keywords once more, close together: so they take least room.
const SENT: [[u8; 4]; CommandKind::ALL.len()] = {
    let mut sent = [[0; 4]; CommandKind::ALL.len()];
    let mut at = 0;
    while at < sent.len() {
        assert!(CommandKind::ALL[at] as usize == at, "each in its place");
        let keyword = CommandKind::ALL[at].keyword().as_bytes();
        let is_sent = !matches!(CommandKind::ALL[at], CommandKind::Response);
        assert!(
            keyword.len() <= 4 || !is_sent,
            "no longer than there is room"
        );
        let mut octet = 0;
        while octet < keyword.len() && octet < 4 {
            sent[at][octet] = keyword[octet];
            octet += 1;
        }
        at += 1;
    }
    sent
};

impl CommandKind {
    /// What of [`keyword`](Self::keyword) is sent.
    pub(super) fn sent(self) -> &'static [u8] {
        let keyword = SENT.get(self as usize).map_or(&[][..], |keyword| keyword);
        let length = keyword.iter().take_while(|octet| **octet != 0).count();
        keyword.get(..length).unwrap_or_default()
    }
}

impl fmt::Display for CommandKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.keyword())
    }
}
