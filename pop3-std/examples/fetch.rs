//! Fetches mail: into a Maildir or an mbox, once and not twice, and without losing any.
//!
//! `cargo run --release -p pop3-std --example fetch` starts a server of its own and fetches from that;
//! `cargo run --release -p pop3-std --example fetch -- --help` says how to fetch from another.
//!
//! What has to do with POP3 is in `connect`, `plan`, `collect` and `show`; the other modules would do for any protocol.

#![allow(
    unreachable_pub,
    reason = "what a module of a program offers is offered to that program"
)]

#[path = "fetch/arguments.rs"]
mod arguments;
#[path = "fetch/auth.rs"]
mod auth;
#[path = "fetch/authority.rs"]
mod authority;
#[path = "fetch/collect.rs"]
mod collect;
#[path = "fetch/connect.rs"]
mod connect;
#[path = "fetch/copy.rs"]
mod copy;
#[path = "fetch/demo.rs"]
mod demo;
#[path = "fetch/demo_mail.rs"]
mod demo_mail;
#[path = "fetch/digest.rs"]
mod digest;
#[path = "fetch/dotlock.rs"]
mod dotlock;
#[path = "fetch/durable.rs"]
mod durable;
#[path = "fetch/failure.rs"]
mod failure;
#[path = "fetch/maildir.rs"]
mod maildir;
#[path = "fetch/mbox.rs"]
mod mbox;
#[path = "fetch/mboxrd.rs"]
mod mboxrd;
#[path = "fetch/password.rs"]
mod password;
#[path = "fetch/plan.rs"]
mod plan;
#[path = "fetch/progress.rs"]
mod progress;
#[path = "fetch/raw.rs"]
mod raw;
#[path = "fetch/server.rs"]
mod server;
#[path = "fetch/show.rs"]
mod show;
#[path = "fetch/state.rs"]
mod state;
#[path = "fetch/store.rs"]
mod store;
#[path = "fetch/unix_lines.rs"]
mod unix_lines;
#[path = "fetch/url.rs"]
mod url;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Account, Arguments};
use collect::{Collector, Summary};
use failure::{Failure, say};
use state::State;
use store::Store;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(answer) => {
            // `--help` and `--version` come here too.
            let _ = answer.print();
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2));
        }
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                say(message);
            }
            failure.exit_code()
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Some(account) = arguments.account()? else {
        return demo::run(arguments);
    };
    // What is wrong on this side should come to light before the server is bothered.
    match Store::open(arguments)? {
        Some(store) => collect(&account, arguments, store),
        None => show::show(connect::connect(&account, arguments)?, arguments),
    }
}

fn collect(account: &Account, arguments: &Arguments, store: Store) -> Result<(), Failure> {
    let state = arguments.state().map(|path| {
        State::open(&path, &account.user, &account.host, account.port)
            .map_err(|error| Failure::file("opening the state", &path, &error))
    });
    let mut collector = Collector {
        store,
        state: state.transpose()?,
        delete: arguments.delete,
        // The trace would run across the bar.
        progress: !arguments.trace,
    };
    let session = connect::connect(account, arguments)?;
    let mut summary = Summary::default();
    let outcome = collector.run(session, &mut summary);
    if arguments.writes_raw_to_stdout() {
        say(summary);
    } else if let Err(error) = writeln!(io::stdout(), "{summary}") {
        return outcome.and(Err(Failure::stdout(&error)));
    }
    outcome
}
