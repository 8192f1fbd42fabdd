//! Which parts this build has. A part that was left out is compiled all the same, so that it is checked by every build; since
//! nothing leads to it, it takes no code. (But for APOP, whose MD5 is a dependency: `apop_off.rs` stands in for it.)

use crate::command::CommandKind;

/// APOP.
pub(crate) const APOP: bool = cfg!(feature = "apop");
/// CAPA.
pub(crate) const CAPA: bool = cfg!(feature = "capa");
/// LANG.
pub(crate) const LANG: bool = cfg!(feature = "lang");
/// LIST without a number.
pub(crate) const LIST: bool = cfg!(feature = "list");
/// AUTH.
pub(crate) const SASL: bool = cfg!(feature = "sasl");
/// STLS.
pub(crate) const STLS: bool = cfg!(feature = "stls");
/// TOP.
pub(crate) const TOP: bool = cfg!(feature = "top");
/// UIDL.
pub(crate) const UIDL: bool = cfg!(feature = "uidl");

/// Any list.
pub(crate) const LISTS: bool = CAPA || LANG || LIST || UIDL;

impl CommandKind {
    /// Whether the crate was built with what it needs.
    pub const fn is_available(self) -> bool {
        match self {
            Self::Apop => APOP,
            Self::Capa => CAPA,
            Self::Languages | Self::Lang => LANG,
            Self::List => LIST,
            Self::Stls => STLS,
            Self::Top => TOP,
            Self::Uidl | Self::UidlOne => UIDL,
            Self::Auth | Self::Response | Self::Cancel => SASL,
            _ => true,
        }
    }
}
