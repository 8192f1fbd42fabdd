//! Copying a message such that whoever calls learns which side failed: the network's or the disk's.

use std::io::{self, BufRead, Write};

/// The side that failed.
#[derive(Debug)]
pub enum CopyError {
    /// The message could not be read: the server's side.
    Read(io::Error),
    /// The message could not be written: this machine's side.
    Write(io::Error),
}

/// Copies all of `from`, and says after each piece how many octets it had.
pub fn copy(
    from: &mut impl BufRead,
    to: &mut impl Write,
    mut copied: impl FnMut(usize),
) -> Result<u64, CopyError> {
    let mut total = 0;
    loop {
        let piece = match from.fill_buf() {
            Ok([]) => return Ok(total),
            Ok(piece) => piece,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(CopyError::Read(error)),
        };
        to.write_all(piece).map_err(CopyError::Write)?;
        let octets = piece.len();
        from.consume(octets);
        copied(octets);
        total += octets as u64;
    }
}
