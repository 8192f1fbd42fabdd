//! What has to reach the disk besides a file's content.

use std::fs::File;
use std::io;
use std::path::Path;

/// The directory that holds `path`.
pub fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes the names in a directory durable: a file that was created or renamed is found after a crash only if its directory
/// was synced too. Windows has no such operation and needs none.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

/// Whether `path` still names the file that was opened as `file`: it may have been removed or replaced since.
pub fn is_still_at(file: &File, path: &Path) -> io::Result<bool> {
    match is_same(file, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        result => result,
    }
}

/// Opens nothing: to close a file again would release the `fcntl` locks that this process has on it.
#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let (opened, named) = (file.metadata()?, path.metadata()?);
    Ok((opened.dev(), opened.ino()) == (named.dev(), named.ino()))
}

#[cfg(not(unix))]
fn is_same(file: &File, path: &Path) -> io::Result<bool> {
    let opened = same_file::Handle::from_file(file.try_clone()?)?;
    Ok(opened == same_file::Handle::from_path(path)?)
}
