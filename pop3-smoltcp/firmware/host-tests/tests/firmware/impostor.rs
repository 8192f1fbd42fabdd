//! A server of TLS 1.3 that has no certificate of its own, and finishes the handshake all the same (RFC 8446).

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::SystemRandom;

const ENCRYPTED_EXTENSIONS: [u8; 6] = [8, 0, 0, 2, 0, 0];

/// A handshake message CertificateVerify, with a signature that is none.
pub const NO_SIGNATURE: [u8; 12] = [15, 0, 0, 8, 4, 3, 0, 4, 0xde, 0xad, 0xbe, 0xef];

/// A handshake message Certificate, with a chain of this one. Whoever has talked to its owner has it.
pub fn certificate(der: &[u8]) -> Vec<u8> {
    let entry = [&length(der.len()), der, &[0, 0]].concat();
    let body = [&[0][..], &length(entry.len()), &entry].concat();
    [&[11][..], &length(body.len()), &body].concat()
}

/// Seals nothing for one client, not even the type of what is sealed. The port.
pub fn start_with_nothing_sealed() -> u16 {
    listen(|mut stream| {
        let (_, _, secret) = agree(&mut stream)?;
        write_sealed(&mut stream, &secret, &[])?;
        read_record(&mut stream).map(drop)
    })
}

/// Serves one client: says these messages between EncryptedExtensions and Finished, and then the greeting. The port.
pub fn start(messages: Vec<Vec<u8>>) -> u16 {
    listen(move |stream| serve(stream, &messages))
}

fn listen(serve: impl FnOnce(TcpStream) -> io::Result<()> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        // A client that has gone away is what is hoped for.
        let _ = serve(stream);
    });
    port
}

fn serve(mut stream: TcpStream, messages: &[Vec<u8>]) -> io::Result<()> {
    let (mut transcript, handshake, secret) = agree(&mut stream)?;
    let mut flight = [&ENCRYPTED_EXTENSIONS[..], &messages.concat()].concat();
    transcript.extend(&flight);
    let verify = hmac(&expand(&secret, "finished", b"", 32), &hash(&transcript));
    let finished = [&[20][..], &length(32), &verify].concat();
    transcript.extend(&finished);
    flight.extend(&finished);
    write_sealed(&mut stream, &secret, &[&flight[..], &[22]].concat())?;

    // A client that is taken in sends its own Finished, and waits for the greeting.
    read_record(&mut stream)?;
    let nothing = digest(&SHA256, b"");
    let derived = expand(&handshake, "derived", nothing.as_ref(), 32);
    let master = hmac(&derived, &[0; 32]);
    let secret = expand(&master, "s ap traffic", &hash(&transcript), 32);
    write_sealed(&mut stream, &secret, b"+OK your password, please\r\n\x17")?;
    read_record(&mut stream).map(drop)
}

/// ClientHello and ServerHello: the transcript so far, the handshake's secret, and the one of what the server sends in it.
fn agree(stream: &mut TcpStream) -> io::Result<(Vec<u8>, Vec<u8>, Vec<u8>)> {
    let hello = read_record(stream)?;
    // A share of secp256r1: 65 octets, not compressed.
    let share = [0, 0x17, 0, 65, 4];
    let at = hello.windows(5).position(|octets| octets == share);
    let theirs = &hello[at.expect("a share") + 4..][..65];
    let random = SystemRandom::new();
    let private = EphemeralPrivateKey::generate(&ECDH_P256, &random).expect("a key");
    let ours = private.compute_public_key().expect("its public part");
    let theirs = UnparsedPublicKey::new(&ECDH_P256, theirs);
    let shared = agree_ephemeral(private, &theirs, <[u8]>::to_vec).expect("a shared secret");

    let mut server_hello = vec![2, 0, 0, 119, 3, 3];
    server_hello.extend([7; 32]);
    // No session, AES-128-GCM with SHA-256, TLS 1.3, the share.
    let rest = [
        0, 0x13, 1, 0, 0, 79, 0, 43, 0, 2, 3, 4, 0, 51, 0, 69, 0, 0x17, 0, 65,
    ];
    server_hello.extend(rest);
    server_hello.extend(ours.as_ref());
    write_record(stream, 22, &server_hello)?;
    let transcript = [hello, server_hello].concat();

    let early = hmac(&[0; 32], &[0; 32]);
    let nothing = digest(&SHA256, b"");
    let derived = expand(&early, "derived", nothing.as_ref(), 32);
    let handshake = hmac(&derived, &shared);
    let secret = expand(&handshake, "s hs traffic", &hash(&transcript), 32);
    Ok((transcript, handshake, secret))
}

fn read_record(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut header = [0; 5];
    stream.read_exact(&mut header)?;
    let mut content = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
    stream.read_exact(&mut content)?;
    Ok(content)
}

fn header(kind: u8, length: usize) -> [u8; 5] {
    let [high, low] = u16::try_from(length).expect("a record").to_be_bytes();
    [kind, 3, 3, high, low]
}

fn write_record(stream: &mut TcpStream, kind: u8, content: &[u8]) -> io::Result<()> {
    stream.write_all(&[&header(kind, content.len()), content].concat())
}

/// The first record under the keys of this secret. Of what is sealed the last octet is the type.
fn write_sealed(stream: &mut TcpStream, secret: &[u8], content: &[u8]) -> io::Result<()> {
    let key = UnboundKey::new(&AES_128_GCM, &expand(secret, "key", b"", 16)).expect("16 octets");
    let nonce = Nonce::try_assume_unique_for_key(&expand(secret, "iv", b"", 12));
    let mut sealed = content.to_vec();
    let aad = Aad::from(header(23, sealed.len() + 16));
    LessSafeKey::new(key)
        .seal_in_place_append_tag(nonce.expect("12 octets"), aad, &mut sealed)
        .expect("a short message");
    write_record(stream, 23, &sealed)
}

/// Three octets.
fn length(octets: usize) -> [u8; 3] {
    let [0, length @ ..] = u32::try_from(octets).expect("short").to_be_bytes() else {
        panic!("{octets} octets");
    };
    length
}

fn hash(octets: &[u8]) -> Vec<u8> {
    digest(&SHA256, octets).as_ref().to_vec()
}

/// HKDF-Extract is this too (RFC 5869 section 2.2).
fn hmac(key: &[u8], octets: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, octets).as_ref().to_vec()
}

/// HKDF-Expand-Label (RFC 8446 section 7.1), for no more octets than one hash has.
fn expand(secret: &[u8], label: &str, context: &[u8], octets: u8) -> Vec<u8> {
    let label = format!("tls13 {label}");
    let sized = |text: &[u8]| [&[u8::try_from(text.len()).expect("short")], text].concat();
    let info = [
        &[0, octets][..],
        &sized(label.as_bytes()),
        &sized(context),
        &[1],
    ]
    .concat();
    let mut expanded = hmac(secret, &info);
    expanded.truncate(octets.into());
    expanded
}
