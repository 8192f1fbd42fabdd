//! Without the feature `apop` no greeting offers a timestamp, and all else is as it was.
#![cfg(not(feature = "apop"))]

use pop3_proto::{Client, Command, Event, SendError};

#[test]
fn apop_is_never_offered() {
    let mut client: Client = Client::new();
    let mut input: &[u8] = b"+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n";
    let event = client.receive(&mut input).unwrap();
    assert!(matches!(event, Some(Event::Greeting { apop: false, .. })));
    let apop = Command::Apop {
        user: b"mrose",
        secret: "tanstaaf".into(),
    };
    let mut out = [0; 64];
    assert_eq!(client.send(&apop, &mut out), Err(SendError::NoTimestamp));
    assert!(client.send(&Command::User(b"mrose"), &mut out).is_ok());
}
