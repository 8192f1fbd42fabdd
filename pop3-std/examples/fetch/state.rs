//! Which unique-ids have been fetched, in a file that survives a crash: one line per message, `ACCOUNT UNIQUE-ID`, only
//! ever appended to, until at the end of a run the lines of messages that the server no longer has are left out.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode, percent_encode};

use crate::durable::{directory_of, is_still_at, sync_directory};
use crate::failure::Failure;

/// The first line, so that no other file is ever taken for a state file and written to.
const HEADER: &str = "# Unique-ids of mail that has been fetched already: account, unique-id.\n";

/// What a server may put into a unique-id and a line must not have; `#` because of the header.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'#');
/// In a user name also `@`, which the host follows.
const ESCAPED_USER: &AsciiSet = &ESCAPED.add(b'@');

/// One account's part of a state file that no other run can have at the same time.
#[derive(Debug)]
pub struct State {
    path: PathBuf,
    file: File,
    account: String,
    fetched: HashSet<Vec<u8>>,
}

impl State {
    /// Opens a state file or makes one, and reads what is known of an account.
    pub fn open(path: &Path, user: &[u8], host: &str, port: u16) -> io::Result<Self> {
        let mut file = open_locked(path)?;
        let lines = read_lines(&mut file)?;
        let user = percent_encode(user, ESCAPED_USER).to_string();
        let mut state = Self {
            path: path.to_owned(),
            file,
            account: format!("{user}@{host}:{port}"),
            fetched: HashSet::new(),
        };
        for line in lines.iter().filter_map(|line| Line::parse(line)) {
            if line.account == state.account {
                state.fetched.insert(line.unique_id);
            }
        }
        Ok(state)
    }

    /// Whether the message with this unique-id has been fetched.
    pub fn contains(&self, unique_id: &[u8]) -> bool {
        self.fetched.contains(unique_id)
    }

    /// Records one message as fetched. Once this is `Ok`, a crash does not undo it.
    pub fn record(&mut self, unique_id: &[u8]) -> io::Result<()> {
        let line = format_line(&self.account, unique_id);
        self.file.write_all(line.as_bytes())?;
        self.file.sync_data()?;
        self.fetched.insert(unique_id.to_vec());
        Ok(())
    }

    /// What is to be said when the file cannot be written.
    pub fn failure(&self, error: &io::Error) -> Failure {
        Failure::file("writing the state to", &self.path, error)
    }

    /// Forgets all other unique-ids, so that the file does not grow for ever. The old file is there until the new one is
    /// whole.
    pub fn retain(&mut self, keep: impl Fn(&[u8]) -> bool) -> io::Result<()> {
        let mut pruned = HEADER.to_owned();
        let lines = read_lines(&mut self.file)?;
        let before = lines.len();
        let mut after = 0;
        for text in lines {
            let is_kept = Line::parse(&text)
                .is_some_and(|line| line.account != self.account || keep(&line.unique_id));
            if is_kept {
                after += 1;
                pruned.push_str(&text);
                pruned.push('\n');
            }
        }
        if after == before {
            return Ok(());
        }
        let mut file = tempfile::Builder::new()
            .prefix(".fetch-state-")
            .tempfile_in(directory_of(&self.path))?;
        file.write_all(pruned.as_bytes())?;
        file.as_file().sync_all()?;
        // Locked before it gets its name, or another run could come in between.
        FileExt::lock(file.as_file())?;
        self.file = file.persist(&self.path)?;
        sync_directory(directory_of(&self.path))?;
        self.fetched.retain(|unique_id| keep(unique_id));
        Ok(())
    }
}

/// Opens the file that the path names, with the operating system's lock on it.
fn open_locked(path: &Path) -> io::Result<File> {
    loop {
        // Opening a FIFO would wait for ever, and reading a device would fill the memory.
        let existed = match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => true,
            Ok(_) => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "this is no regular file: name another",
                ));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let file = options.open(path)?;
        match FileExt::try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(
                    io::ErrorKind::WouldBlock,
                    "another run is using it; wait for it to end",
                ));
            }
        }
        if !existed {
            sync_directory(directory_of(path))?;
        }
        // The run that had the lock may have put a pruned file in its place.
        if is_still_at(&file, path)? {
            return Ok(file);
        }
    }
}

/// Reads all lines behind the header. A last line without an end was being written when a run was killed: it is cut off.
fn read_lines(file: &mut File) -> io::Result<Vec<String>> {
    let mut content = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut content)?;
    let whole = content
        .iter()
        .rposition(|&octet| octet == b'\n')
        .map_or(0, |at| at + 1);
    let is_new = whole == 0 && HEADER.as_bytes().starts_with(&content);
    if !is_new && !content.starts_with(HEADER.as_bytes()) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "this is no state file of fetch: name another",
        ));
    }
    if whole < content.len() {
        file.set_len(whole as u64)?;
    }
    if is_new {
        file.write_all(HEADER.as_bytes())?;
        file.sync_all()?;
    }
    let lines = content.get(HEADER.len()..whole).unwrap_or_default();
    Ok(String::from_utf8_lossy(lines)
        .lines()
        .map(str::to_owned)
        .collect())
}

struct Line {
    account: String,
    unique_id: Vec<u8>,
}

impl Line {
    /// `None` if it is damaged: that message will be fetched once more.
    fn parse(text: &str) -> Option<Self> {
        let (account, unique_id) = text.split_once(' ')?;
        let unique_id: Vec<u8> = percent_decode(unique_id.as_bytes()).collect();
        // What comes out of it must give the same line again.
        (format_line(account, &unique_id).trim_end() == text).then(|| Self {
            account: account.to_owned(),
            unique_id,
        })
    }
}

fn format_line(account: &str, unique_id: &[u8]) -> String {
    format!("{account} {}\n", percent_encode(unique_id, ESCAPED))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: [&[u8]; 12] = [
        b"plain",
        b"two words",
        b" ",
        b"../../etc/passwd",
        b"a\nb@h:1 c",
        b"\r\n",
        b"%20",
        b"%",
        b"# comment",
        b"\0",
        b"\xff\xfe\x80",
        "\u{fc}ml\u{e4}ut".as_bytes(),
    ];

    fn open(path: &Path) -> State {
        State::open(path, b"user", "host", 110).unwrap()
    }

    #[test]
    fn any_octets_survive() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state");
        let mut state = open(&path);
        let long = vec![b'x'; 65536];
        for id in HOSTILE.into_iter().chain([&long[..]]) {
            assert!(!state.contains(id));
            state.record(id).unwrap();
        }
        drop(state);
        let state = open(&path);
        for id in HOSTILE.into_iter().chain([&long[..]]) {
            assert!(state.contains(id), "{id:?}");
        }
        let text = fs::read(&path).unwrap();
        assert!(text.is_ascii());
        assert_eq!(
            text.split(|&octet| octet == b'\n').count(),
            HOSTILE.len() + 3
        );
    }

    #[test]
    fn accounts_do_not_mix() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state");
        let accounts: [(&[u8], &str, u16); 6] = [
            (b"user", "host", 110),
            (b"user", "host", 995),
            (b"user", "other", 110),
            (b"user2", "host", 110),
            (b"user@host:110", "host", 110),
            (b"user host", "::1", 110),
        ];
        for (user, host, port) in accounts {
            let mut state = State::open(&path, user, host, port).unwrap();
            assert!(!state.contains(b"1"));
            state.record(b"1").unwrap();
        }
        for (number, (user, host, port)) in accounts.into_iter().enumerate() {
            let mut state = State::open(&path, user, host, port).unwrap();
            assert!(state.contains(b"1"));
            if number % 2 == 0 {
                state.retain(|_| false).unwrap();
            }
        }
        for (number, (user, host, port)) in accounts.into_iter().enumerate() {
            let state = State::open(&path, user, host, port).unwrap();
            assert_eq!(state.contains(b"1"), number % 2 == 1);
        }
    }

    #[test]
    fn a_line_that_stands_there_twice_is_one() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state");
        let mut state = open(&path);
        state.record(b"twice").unwrap();
        state.record(b"twice").unwrap();
        drop(state);
        let mut state = open(&path);
        assert!(state.contains(b"twice"));
        state.retain(|_| false).unwrap();
        drop(state);
        assert!(!open(&path).contains(b"twice"));
    }

    #[test]
    fn a_torn_last_line_is_forgotten_and_the_next_is_whole() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state");
        let whole = format!("{HEADER}user@host:110 one\nuser@host:110 t%20wo\n");
        for cut in 0..whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let mut state = open(&path);
            let one = cut >= whole.find("one\n").unwrap() + 4;
            assert_eq!(state.contains(b"one"), one, "cut at {cut}");
            assert!(!state.contains(b"t wo"), "cut at {cut}");
            state.record(b"three").unwrap();
            drop(state);
            let state = open(&path);
            assert_eq!(
                (state.contains(b"one"), state.contains(b"three")),
                (one, true)
            );
        }
    }

    #[test]
    fn damaged_lines_cost_only_themselves() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state");
        let content = format!(
            "{HEADER}user@host:110 a\n\0\0\0\nuser@host:110\n\nuser@host:110 %zz \nuser@host:110 b\n"
        );
        fs::write(&path, content).unwrap();
        let mut state = open(&path);
        assert!(state.contains(b"a") && state.contains(b"b"));
        assert!(!state.contains(b""));
        state.retain(|_| true).unwrap();
        let wanted = format!("{HEADER}user@host:110 a\nuser@host:110 b\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), wanted);
    }

    #[test]
    fn pruning_keeps_what_is_on_the_server_and_can_be_appended_to() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state");
        let mut state = open(&path);
        for id in HOSTILE {
            state.record(id).unwrap();
        }
        let kept = &HOSTILE[4..8];
        state.retain(|id| kept.contains(&id)).unwrap();
        assert!(state.contains(kept[0]) && !state.contains(HOSTILE[0]));
        state.record(b"new").unwrap();
        drop(state);
        let state = open(&path);
        for id in HOSTILE {
            assert_eq!(state.contains(id), kept.contains(&id), "{id:?}");
        }
        assert!(state.contains(b"new"));
        assert_eq!(
            fs::read_dir(root.path()).unwrap().count(),
            1,
            "nothing else is left"
        );
    }

    #[test]
    fn two_runs_are_kept_apart_also_after_pruning() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state");
        let mut state = open(&path);
        state.record(b"gone").unwrap();
        let busy = |path: &Path| {
            let error = State::open(path, b"user", "host", 110).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        };
        busy(&path);
        state.retain(|_| false).unwrap();
        busy(&path);
        drop(state);
        open(&path);
    }

    #[test]
    fn another_file_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("thesis");
        for content in ["my thesis", "my thesis\n", "# Unique-ids of my thesis\n"] {
            fs::write(&path, content).unwrap();
            let error = State::open(&path, b"user", "host", 110).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_regular_file_is_not_even_opened() {
        let root = tempfile::tempdir().unwrap();
        let socket = root.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for path in [root.path(), &socket, Path::new("/dev/full")] {
            let error = State::open(path, b"user", "host", 110).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
        }
    }
}
