//! What the next octets are: a status line, or the rest of a multi-line reply.

use crate::command::CommandKind;
use crate::config::{Config, LineEnds};
use crate::wire::LineEnd;
use crate::wire::dot::Unstuffer;

/// What the next octets are.
#[derive(Clone, Debug)]
pub(crate) enum Reading {
    /// A status line.
    Status,
    /// A line of a list.
    Lines(LineEnd),
    /// A message.
    Message(Unstuffer),
}

impl Reading {
    /// What stands behind `+OK` to this command, whose reply is multi-line and whose status line ended like that.
    pub(crate) const fn behind(command: CommandKind, ended_by: LineEnd, config: &Config) -> Self {
        let ends = match config.line_ends {
            LineEnds::AsStatusLine => ended_by,
            LineEnds::Lenient => LineEnd::Lf,
        };
        match command {
            CommandKind::Retr | CommandKind::Top => {
                Self::Message(Unstuffer::new(ends, config.keep_single_dots))
            }
            _ => Self::Lines(ends),
        }
    }
}
