//! The demonstration's mail: one message for each thing that is easily got wrong.

use crate::server::{Mail, Maildrop};

/// Whose mail it is.
pub const USER: &str = "demo";
/// It opens nothing: the mail is made up.
pub const PASSWORD: &str = "demonstration";

/// The maildrop with all of it.
pub fn maildrop() -> Maildrop {
    Maildrop {
        user: USER.to_owned(),
        password: PASSWORD.to_owned(),
        mails: mails(),
    }
}

/// The messages.
pub fn mails() -> Vec<Mail> {
    let texts = [welcome(), dots(), beyond_ascii(), attachment()];
    let mail = |(number, text): (usize, String)| Mail {
        unique_id: format!("demo-{number}"),
        octets: text.replace('\n', "\r\n").into_bytes(),
    };
    (1..).zip(texts).map(mail).collect()
}

fn header(from: &str, subject: &str, day: u32) -> String {
    format!(
        "From: {from}\nTo: You <you@example.org>\nSubject: {subject}\n\
         Date: Thu, {day} Nov 2026 07:08:09 +0000\nMessage-ID: <demo-{day}@example.org>\nMIME-Version: 1.0\n"
    )
}

fn welcome() -> String {
    header(
        "Demonstration <demo@example.org>",
        "This mail came by POP3",
        5,
    ) + "Content-Type: text/plain; charset=utf-8\n\n\
           It was fetched from a server that runs on this machine.\n\
           Nothing left it.\n"
}

fn dots() -> String {
    header("Ada <ada@example.org>", "Lines that begin with a dot", 12)
        + "Content-Type: text/plain; charset=utf-8\n\n\
           A lone dot would end the message, so the server sends two:\n\
           .\n..\n.hidden\n+OK this is no reply\n-ERR neither is this\nFrom here on, mbox quotes.\n"
}

fn beyond_ascii() -> String {
    header(
        "=?utf-8?q?J=C3=BCrgen_Gr=C3=B6=C3=9Fe?= <j@example.org>",
        "=?utf-8?b?R3LDvMOfZSwg8J+RiyA=?=",
        19,
    ) + "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n\
           Gr\u{fc}\u{df}e aus M\u{fc}nchen, \u{4f60}\u{597d}, \u{1f44b}\n"
}

/// Some 100 KB.
fn attachment() -> String {
    let rows = (1..=6000).map(|row| format!("{row},{},{}\n", row * row, row * 31 % 97));
    header("Statistics <numbers@example.org>", "A table of 100 KB", 26)
        + "Content-Type: multipart/mixed; boundary=part\n\n\
           --part\nContent-Type: text/plain\n\nThe table is attached.\n\n\
           --part\nContent-Type: text/csv; name=table.csv\nContent-Disposition: attachment; filename=table.csv\n\n\
           row,square,remainder: this line and the next 6000 are the attachment\n"
        + &rows.collect::<String>()
        + "--part--\n"
}
