//! A bar over all octets, on a terminal.
//!
//! The server's sizes are only hints, so a message counts for what was announced for it: while it comes no more than that, and
//! when it is there exactly that. So the bar never passes its end and never stops before it.

use std::io::{self, IsTerminal as _};

use indicatif::{ProgressBar, ProgressStyle};

/// The bar, or nothing if standard error is no terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    position: Position,
}

/// How far it has come, in octets as they were announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Position {
    /// Of the messages that are done.
    done: u64,
    /// Announced for the message that is coming.
    announced: u64,
    /// Come of it.
    come: u64,
}

impl Position {
    fn shown(self) -> u64 {
        self.done.saturating_add(self.come.min(self.announced))
    }
}

impl Progress {
    /// A bar for so many octets, if it is `wanted` and standard error is a terminal.
    pub fn new(octets: u64, wanted: bool) -> Self {
        let bar = if wanted && io::stderr().is_terminal() {
            ProgressBar::new(octets)
        } else {
            ProgressBar::hidden()
        };
        const TEMPLATE: &str = "{msg} [{wide_bar}] {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self {
            bar,
            position: Position::default(),
        }
    }

    /// A message begins for which so many octets were announced.
    pub fn begin(&mut self, name: String, announced: u64) {
        self.position.announced = announced;
        self.position.come = 0;
        self.bar.set_message(name);
    }

    /// So many more octets have come.
    pub fn add(&mut self, octets: usize) {
        self.position.come = self.position.come.saturating_add(octets as u64);
        self.bar.set_position(self.position.shown());
    }

    /// The message is done, one way or another.
    pub fn end(&mut self) {
        self.position.done = self.position.done.saturating_add(self.position.announced);
        self.position.announced = 0;
        self.bar.set_position(self.position.shown());
    }

    /// Writes a line above the bar.
    pub fn say(&self, line: impl std::fmt::Display) {
        self.bar.suspend(|| crate::failure::say(line));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the bar shows after each step of messages with (announced, real) octets.
    fn shown(messages: &[(u64, u64)]) -> Vec<u64> {
        let total = messages.iter().map(|(announced, _)| announced).sum();
        let mut progress = Progress::new(total, false);
        let mut shown = Vec::new();
        for (announced, real) in messages {
            progress.begin(String::new(), *announced);
            for piece in [real / 2, real - real / 2] {
                progress.add(usize::try_from(piece).unwrap());
                shown.push(progress.position.shown());
            }
            progress.end();
            shown.push(progress.position.shown());
        }
        shown
    }

    #[test]
    fn wrong_sizes_neither_pass_the_end_nor_stop_before_it() {
        assert_eq!(shown(&[(10, 10), (6, 6)]), [5, 10, 10, 13, 16, 16]);
        assert_eq!(shown(&[(10, 40), (6, 0)]), [10, 10, 10, 10, 10, 16]);
        assert_eq!(shown(&[(10, 2), (0, 9)]), [1, 2, 10, 10, 10, 10]);
        assert_eq!(
            shown(&[(u64::MAX, 2), (0, 9), (0, 0)]).last(),
            Some(&u64::MAX)
        );
    }
}
