//! Whole sessions between two smoltcp interfaces, in virtual time: nothing here waits, and every run is like the last.

mod cipher;
mod ends;
mod logins;
mod rings;
mod secrets;
mod server;
mod time;
mod wire;
mod world;
