//! A POP3 server with made-up mail, to try a client on: on this machine only, in clear, and what is deleted comes back.
//!
//! `cargo run -p pop3-std --example demo_server` listens on port 1110; another port can be named.

#![allow(
    unreachable_pub,
    reason = "what a module of a program offers is offered to that program"
)]

#[path = "fetch/demo_mail.rs"]
mod demo_mail;
#[path = "fetch/server.rs"]
mod server;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::thread;

use clap::Parser;

use demo_mail::{PASSWORD, USER, maildrop};
use server::serve;

/// Serves made-up mail by POP3, in clear, on 127.0.0.1, until it is ended with Control-C.
#[derive(Parser)]
#[command(name = "demo_server", version)]
struct Arguments {
    /// The port to listen on; 0 takes one that is free.
    #[arg(default_value_t = 1110)]
    port: u16,
}

fn main() -> ExitCode {
    let Arguments { port } = Arguments::parse();
    match listen(port) {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("demo_server: port {port} of 127.0.0.1: {error}");
            ExitCode::FAILURE
        }
    }
}

fn listen(port: u16) -> io::Result<std::convert::Infallible> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let port = listener.local_addr()?.port();
    println!(
        "127.0.0.1 port {port}, in clear: user {USER}, password {PASSWORD}. Control-C ends it."
    );
    loop {
        let (stream, _) = listener.accept()?;
        // Each client has mail of its own. One that goes away knows why.
        thread::spawn(move || serve(stream, &mut maildrop()));
    }
}
