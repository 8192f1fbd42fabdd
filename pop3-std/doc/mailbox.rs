// A server in memory, for the examples in the documentation: they run without a network.

/// A maildrop with two messages, behind a stream.
struct Mailbox(std::collections::VecDeque<u8>);

impl Mailbox {
    fn new() -> Self {
        Self("+OK ready\r\n".bytes().collect())
    }
}

impl std::io::Read for Mailbox {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl std::io::Write for Mailbox {
    /// The client writes a command at a time.
    fn write(&mut self, command: &[u8]) -> std::io::Result<usize> {
        self.0.extend(match command.trim_ascii_end() {
            b"STAT" => b"+OK 2 64\r\n".as_slice(),
            b"LIST" => b"+OK\r\n1 33\r\n2 31\r\n.\r\n",
            b"UIDL" => b"+OK\r\n1 a1\r\n2 a2\r\n.\r\n",
            b"RETR 1" => b"+OK\r\nSubject: first\r\n\r\n..dots..\r\n.\r\n",
            b"RETR 2" => b"+OK\r\nSubject: second\r\n\r\nIs second.\r\n.\r\n",
            b"CAPA" | b"RETR 3" => b"-ERR no\r\n",
            _ => b"+OK\r\n",
        });
        Ok(command.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Logs in on it.
#[allow(dead_code)]
fn log_in() -> Result<pop3_std::Session<pop3_std::Untimed<Mailbox>>, pop3_std::Error> {
    let connection = pop3_std::Connector::new("localhost", pop3_std::Security::ClearText)
        .connect_over(pop3_std::Untimed(Mailbox::new()))?;
    let credentials = pop3_std::Credentials::new("mrose", "secret");
    Ok(connection.login(&credentials, pop3_std::Authentication::UserPass)?)
}
