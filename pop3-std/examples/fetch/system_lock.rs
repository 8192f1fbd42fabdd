//! The operating system's lock on an mbox: `fcntl`'s on Unix, which is what mail programs agree on there.
//!
//! `flock` is left out: where it shares its locks with `fcntl`, as on BSD or NFS, a process with both would lock itself out.

use std::fs::File;
use std::io;

/// Takes the lock, or fails with `WouldBlock` if another process has it. It ends when this process closes the file, on Unix
/// even if that was opened a second time.
pub fn try_lock(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    let free = {
        use rustix::fs::{FlockOperation, fcntl_lock};
        use rustix::io::Errno;
        match fcntl_lock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => true,
            Err(Errno::AGAIN | Errno::ACCESS) => false,
            Err(error) => return Err(error.into()),
        }
    };
    #[cfg(not(unix))]
    let free = match fs4::FileExt::try_lock(file) {
        Ok(()) => true,
        Err(fs4::TryLockError::WouldBlock) => false,
        Err(fs4::TryLockError::Error(error)) => return Err(error),
    };
    if free {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::WouldBlock,
            "another program has it locked",
        ))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::{Mbox, PATIENCE, open_private};
    use std::fs;
    use std::io::{self, BufRead as _, BufReader, Write as _};
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::thread;
    use std::time::Duration;

    /// Runs this test in a child process too: there it has the lock until its input ends.
    #[test]
    fn waits_for_another_process_that_has_it_locked() {
        const LOCKED: &str = "MBOX_TO_LOCK";
        if let Some(path) = std::env::var_os(LOCKED) {
            let file = open_private(Path::new(&path)).unwrap();
            let exclusive = rustix::fs::FlockOperation::NonBlockingLockExclusive;
            rustix::fs::fcntl_lock(&file, exclusive).unwrap();
            io::stdout().write_all(b"\nlocked\n").unwrap();
            io::copy(&mut io::stdin(), &mut io::sink()).unwrap();
            return;
        }
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("mbox");
        let (_, module) = module_path!().split_once("::").unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(format!(
                "{module}::waits_for_another_process_that_has_it_locked"
            ))
            .args(["--exact", "--nocapture"])
            .env(LOCKED, &path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(said.any(|line| line.unwrap() == "locked"));

        let mbox = Mbox { path };
        let error = mbox.lock(Duration::ZERO).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert_eq!(error.to_string(), "another program has it locked");
        assert_eq!(
            fs::read_dir(root.path()).unwrap().count(),
            1,
            "no lock file meanwhile"
        );
        thread::scope(|scope| {
            let waiting = scope.spawn(|| mbox.lock(PATIENCE).map(drop));
            drop(child.stdin.take());
            waiting.join().unwrap().unwrap();
        });
        said.for_each(drop);
        assert!(child.wait().unwrap().success());
    }
}
