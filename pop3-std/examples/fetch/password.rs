//! Where the password comes from: a file, or else the environment, or else the terminal. A token comes from a file.

use std::env;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::{Failure, say};

/// The environment variable.
const VARIABLE: &str = "POP3_PASSWORD";
/// No password is longer. It keeps a wrong file name from filling the memory.
const LONGEST: u64 = 64 * 1024;

/// Wiped when dropped, and without `Debug`.
pub type Password = Zeroizing<Vec<u8>>;

/// Gets the password; `whose` is shown when it is asked for.
pub fn get(file: Option<&Path>, whose: &str) -> Result<Password, Failure> {
    let password = if let Some(path) = file {
        read("password", path)?
    } else if let Some(value) = env::var_os(VARIABLE) {
        Password::new(value.into_encoded_bytes())
    } else {
        ask(whose)?
    };
    can_be_sent("password", password)
}

/// Gets the token.
pub fn token(file: &Path) -> Result<Password, Failure> {
    can_be_sent("token", read("token", file)?)
}

fn read(what: &str, path: &Path) -> Result<Password, Failure> {
    let doing = format!("reading the {what} from");
    let opened = File::open(path).map_err(|error| Failure::file(&doing, path, &error))?;
    if others_can_read(&opened) {
        say(format_args!(
            "{}: others than you can read the {what} in it; chmod 600 ends that",
            path.display()
        ));
    }
    one_line(opened).map_err(|error| Failure::file(&doing, path, &error))
}

fn can_be_sent(what: &str, secret: Password) -> Result<Password, Failure> {
    let unfit = |octet: &u8| matches!(octet, b'\r' | b'\n' | 0);
    match secret.as_slice() {
        [] => Err(Failure::Failed(format!("the {what} is empty"))),
        octets if octets.iter().any(unfit) => Err(Failure::Failed(format!(
            "the {what} has a line end or a NUL in it, which POP3 cannot send"
        ))),
        _ => Ok(secret),
    }
}

/// Whether a file is open to its group or to everybody.
#[cfg(unix)]
fn others_can_read(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o044 != 0)
}

/// Who may read a file is nothing that std knows here.
#[cfg(not(unix))]
fn others_can_read(_: &File) -> bool {
    false
}

/// Reads one line, without its end.
fn one_line(from: impl Read) -> io::Result<Password> {
    // All the room at once: a vector that grows leaves copies behind that nobody wipes.
    let mut octets = Password::new(Vec::with_capacity(LONGEST as usize + 1));
    from.take(LONGEST + 1).read_to_end(&mut octets)?;
    let wrong = |what| io::Error::new(io::ErrorKind::InvalidData, what);
    if octets.len() as u64 > LONGEST {
        return Err(wrong("this is no password: it is too long"));
    }
    if octets.last() == Some(&b'\n') {
        octets.pop();
    }
    if octets.last() == Some(&b'\r') {
        octets.pop();
    }
    if octets.contains(&b'\n') {
        return Err(wrong("there is more than one line in it"));
    }
    Ok(octets)
}

fn ask(whose: &str) -> Result<Password, Failure> {
    let typed = rpassword::prompt_password(format!("Password of {whose}: "));
    typed
        .map(|typed| Password::new(typed.into_bytes()))
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Failure::Usage("no password was given".to_owned()),
            _ => Failure::Usage(format!(
                "no password: there is no --password-file and no {VARIABLE}, and no terminal to ask on ({error})"
            )),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_one_line() {
        for (content, wanted) in [
            (&b"secret"[..], &b"secret"[..]),
            (b"secret\n", b"secret"),
            (b"secret\r\n", b"secret"),
            (b" se cret \n", b" se cret "),
            (b"\xff\xfe\n", b"\xff\xfe"),
            (b"\n", b""),
            (b"", b""),
        ] {
            assert_eq!(one_line(content).unwrap().as_slice(), wanted);
        }
    }

    #[test]
    fn another_file_is_refused_and_not_shown() {
        let long = vec![b'x'; LONGEST as usize + 1];
        for content in [&b"secret\nmore"[..], b"secret\n\n", &long] {
            let error = one_line(content).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("password");
        std::fs::write(&path, "").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        for content in ["", "\n", "a\rb", "a\0b", "a\r\r\n"] {
            std::fs::write(&path, content).unwrap();
            assert!(get(Some(&path), "").is_err(), "{content:?}");
        }
        std::fs::write(&path, "a b\r\n").unwrap();
        assert_eq!(get(Some(&path), "").ok().unwrap().as_slice(), b"a b");
        let missing = get(Some(&root.path().join("missing")), "").err().unwrap();
        assert!(missing.message().unwrap().contains("missing"));
    }
}
