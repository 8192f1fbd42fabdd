//! How much faster many messages come with many commands in flight, over a line with a delay:
//! `cargo bench -p pop3-std --bench pipelining`. Ratios within one run, on the loopback interface.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use pop3_std::{
    Authentication, Connector, Credentials, Error, MessageNumber, Security, Session, Window,
};

const MESSAGES: u32 = 200;

fn main() -> Result<(), Error> {
    println!("{MESSAGES} messages, times faster than one by one:");
    for round_trip in [0, 1, 10].map(Duration::from_millis) {
        for octets in [1_000, 50_000] {
            let mut session = connect(round_trip, octets)?;
            session.pipelining(Window::new().commands(1));
            let one_by_one = timed(|| fetch(&mut session))?;
            for commands in [8, 64] {
                session.pipelining(Window::new().commands(commands));
                let pipelined = timed(|| fetch(&mut session))?;
                let ratio = one_by_one.as_secs_f64() / pipelined.as_secs_f64();
                println!(
                    "round trip {round_trip:>4?}, {octets:>5} octets each, {commands:>2} commands in flight: {ratio:.1}"
                );
            }
            session.quit()?;
        }
    }
    Ok(())
}

fn timed(action: impl FnOnce() -> Result<(), Error>) -> Result<Duration, Error> {
    let start = Instant::now();
    action()?;
    Ok(start.elapsed())
}

fn fetch(session: &mut Session<TcpStream>) -> Result<(), Error> {
    let mut batch = session.retr_many(MessageNumber::up_to(MESSAGES));
    while let Some(item) = batch.next()? {
        io::copy(&mut item.message?, &mut io::sink())?;
    }
    Ok(())
}

fn connect(round_trip: Duration, octets: usize) -> Result<Session<TcpStream>, Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || serve(&listener, round_trip, octets));
    let connection = Connector::new("127.0.0.1", Security::ClearText)
        .port(port)
        .connect()?;
    Ok(connection.login(&Credentials::new("a", "b"), Authentication::UserPass)?)
}

/// Answers each command a round trip after it came, however many there are.
fn serve(listener: &TcpListener, round_trip: Duration, octets: usize) -> io::Result<()> {
    let (mut stream, _) = listener.accept()?;
    stream.set_nodelay(true)?;
    stream.write_all(b"+OK\r\n")?;
    let commands = BufReader::new(stream.try_clone()?).lines();
    let (came, due) = mpsc::channel::<(Instant, String)>();
    thread::spawn(move || {
        for command in commands.map_while(Result::ok) {
            let _ = came.send((Instant::now(), command));
        }
    });
    let line = format!("{}\r\n", "x".repeat(70));
    let mail = format!("+OK\r\n{}.\r\n", line.repeat(octets / line.len()));
    for (came, command) in due {
        thread::sleep((came + round_trip).saturating_duration_since(Instant::now()));
        let reply = match command.as_str() {
            "CAPA" => "+OK\r\nPIPELINING\r\n.\r\n",
            command if command.starts_with("RETR") => &mail,
            _ => "+OK\r\n",
        };
        stream.write_all(reply.as_bytes())?;
    }
    Ok(())
}
