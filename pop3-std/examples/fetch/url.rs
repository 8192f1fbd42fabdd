//! The URL of a maildrop, as RFC 2384 has it: `pop3s://user;AUTH=+APOP@host:port`.
//!
//! A general URL parser would not do: it escapes the `;` before `AUTH` like the `%3B` in a user name, and then nobody can
//! tell them apart. No error here shows the URL, since somebody may have put a password into it.

use std::net::Ipv6Addr;

use percent_encoding::percent_decode_str;

use crate::auth::Auth;

/// Where the mail is, and whose.
#[derive(Debug, PartialEq, Eq)]
pub struct MaildropUrl {
    /// `pop3s`: TLS from the first octet.
    pub implicit_tls: bool,
    /// The octets of the user's name.
    pub user: Vec<u8>,
    /// What `;AUTH=` asks for.
    pub auth: Option<Auth>,
    /// A name or an address, an IPv6 address without brackets.
    pub host: String,
    /// If not the usual one.
    pub port: Option<u16>,
}

impl MaildropUrl {
    /// Reads a URL; the error says what is wrong and how it is written.
    pub fn parse(url: &str) -> Result<Self, String> {
        const SHAPE: &str = "the URL has the form pop3s://user@host or pop3://user@host:port";
        let (scheme, rest) = url.split_once("://").ok_or(SHAPE)?;
        let implicit_tls = match scheme.to_ascii_lowercase().as_str() {
            "pop3s" | "pops" => true,
            "pop3" | "pop" => false,
            _ => return Err(SHAPE.to_owned()),
        };
        let (authority, tail) = match rest.find(['/', '?', '#']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        if !matches!(tail, "" | "/") {
            return Err(
                "nothing follows host and port in the URL; in a user name, / is written %2F, ? %3F and # %23"
                    .to_owned(),
            );
        }
        // The last one: many user names have an @ of their own, and few people write it %40.
        let (userinfo, address) = authority
            .rsplit_once('@')
            .ok_or("the URL names no user: pop3s://user@host")?;
        let (user, auth) = parse_userinfo(userinfo)?;
        let (host, port) = parse_address(address)?;
        Ok(Self {
            implicit_tls,
            user,
            auth,
            host,
            port,
        })
    }
}

fn parse_userinfo(userinfo: &str) -> Result<(Vec<u8>, Option<Auth>), String> {
    if userinfo.contains(':') {
        return Err(
            "a password does not belong into the URL, where everybody can read it: use --password-file or the \
             environment variable POP3_PASSWORD, or be asked for it (in a user name, : is written %3A)"
                .to_owned(),
        );
    }
    let (user, parameter) = match userinfo.split_once(';') {
        Some((user, parameter)) => (user, Some(parameter)),
        None => (userinfo, None),
    };
    let user = decode(user)?;
    if user.is_empty() {
        return Err("the user name in the URL is empty: pop3s://user@host".to_owned());
    }
    if user.iter().any(|octet| matches!(octet, b'\r' | b'\n' | 0)) {
        return Err("a user name has no line end and no NUL in it".to_owned());
    }
    let auth = parameter.map(parse_auth).transpose()?;
    Ok((user, auth))
}

fn parse_auth(parameter: &str) -> Result<Auth, String> {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    if !name.eq_ignore_ascii_case("auth") {
        return Err(
            "only ;AUTH= may follow the user name in the URL; in a user name, ; is written %3B"
                .to_owned(),
        );
    }
    Auth::from_url(&decode(value)?).ok_or_else(|| {
        "the ;AUTH= of the URL is not supported: it may be *, +APOP, or the name of a SASL mechanism"
            .to_owned()
    })
}

fn parse_address(address: &str) -> Result<(String, Option<u16>), String> {
    let (host, port) = if let Some(bracketed) = address.strip_prefix('[') {
        let (literal, behind) = bracketed
            .split_once(']')
            .ok_or("the URL's IPv6 address has no closing bracket")?;
        let literal: Ipv6Addr = literal
            .parse()
            .map_err(|_| "what stands in brackets in the URL is no IPv6 address")?;
        let port = match behind.strip_prefix(':') {
            None if !behind.is_empty() => {
                return Err("only a port follows the URL's IPv6 address".to_owned());
            }
            port => port.unwrap_or_default(),
        };
        (literal.to_string(), port)
    } else {
        let (host, port) = address.split_once(':').unwrap_or((address, ""));
        if port.contains(':') {
            return Err(
                "an IPv6 address stands in brackets in a URL: pop3s://user@[::1]".to_owned(),
            );
        }
        (parse_host(host)?, port)
    };
    let port = match port {
        "" => None,
        digits if digits.bytes().all(|octet| octet.is_ascii_digit()) => digits
            .parse()
            .ok()
            .filter(|port| *port != 0)
            .map(Some)
            .ok_or("the port in the URL is a number from 1 to 65535")?,
        _ => return Err("the port in the URL is a number from 1 to 65535".to_owned()),
    };
    Ok((host, port))
}

fn parse_host(host: &str) -> Result<String, String> {
    if host.is_empty() {
        return Err("the URL names no host: pop3s://user@host".to_owned());
    }
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_');
    if !host.bytes().all(is_plain) {
        return Err(
            "the host in the URL is a name of letters, digits, dots and hyphens, or an address; \
             an international name is written in its xn-- form"
                .to_owned(),
        );
    }
    Ok(host.to_ascii_lowercase())
}

/// Percent-decoding that does not let a `%` pass that is none.
fn decode(text: &str) -> Result<Vec<u8>, String> {
    for (at, _) in text.match_indices('%') {
        let digits = text.as_bytes().get(at + 1..at + 3).unwrap_or_default();
        if digits.len() != 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(
                "two hexadecimal digits follow a % in the URL; % itself is written %25".to_owned(),
            );
        }
    }
    Ok(percent_decode_str(text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(
        implicit_tls: bool,
        user: &[u8],
        auth: Option<Auth>,
        host: &str,
        port: u16,
    ) -> MaildropUrl {
        MaildropUrl {
            implicit_tls,
            user: user.to_vec(),
            auth,
            host: host.to_owned(),
            port: (port != 0).then_some(port),
        }
    }

    #[test]
    fn good() {
        for (text, wanted) in [
            ("pop3s://ada@host", url(true, b"ada", None, "host", 0)),
            ("pop3://ada@host/", url(false, b"ada", None, "host", 0)),
            (
                "POP3S://ada@Mail.Example.ORG:995",
                url(true, b"ada", None, "mail.example.org", 995),
            ),
            ("pops://a@h", url(true, b"a", None, "h", 0)),
            ("pop://a@h:", url(false, b"a", None, "h", 0)),
            (
                "pop3s://ada%40example.org@host",
                url(true, b"ada@example.org", None, "host", 0),
            ),
            (
                "pop3s://ada@example.org@host",
                url(true, b"ada@example.org", None, "host", 0),
            ),
            (
                "pop3s://a%3Bb%2fc%3ad%25@host",
                url(true, b"a;b/c:d%", None, "host", 0),
            ),
            (
                "pop3s://%fcber@host",
                url(true, b"\xfcber", None, "host", 0),
            ),
            (
                "pop3s://\u{fc}ber@host",
                url(true, "\u{fc}ber".as_bytes(), None, "host", 0),
            ),
            (
                "pop3s://two%20words+x@host",
                url(true, b"two words+x", None, "host", 0),
            ),
            (
                "pop3://a;AUTH=+APOP@host",
                url(false, b"a", Some(Auth::Apop), "host", 0),
            ),
            (
                "pop3://a;auth=apop@host:1110",
                url(false, b"a", Some(Auth::Apop), "host", 1110),
            ),
            (
                "pop3://a;AUTH=*@host",
                url(false, b"a", Some(Auth::Auto), "host", 0),
            ),
            (
                "pop3://a%3BAUTH=*@host",
                url(false, b"a;AUTH=*", None, "host", 0),
            ),
            ("pop3s://a@[::1]", url(true, b"a", None, "::1", 0)),
            (
                "pop3s://a@[2001:DB8:0::1]:65535/",
                url(true, b"a", None, "2001:db8::1", 65535),
            ),
            (
                "pop3s://a@127.0.0.1:1",
                url(true, b"a", None, "127.0.0.1", 1),
            ),
        ] {
            assert_eq!(MaildropUrl::parse(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn bad() {
        for (text, hint) in [
            ("", "form"),
            ("host", "form"),
            ("pop3s:user@host", "form"),
            ("imap://user@host", "form"),
            ("https://user@host", "form"),
            ("pop3s://host", "user"),
            ("pop3s://@host", "user"),
            ("pop3s://;AUTH=*@host", "user"),
            ("pop3s://user@", "host"),
            ("pop3s://user@:995", "host"),
            ("pop3s://user:secret@host", "--password-file"),
            ("pop3s://user:@host", "--password-file"),
            ("pop3s://user;AUTH=*:secret@host", "--password-file"),
            ("pop3s://a%0d%0aDELE 1@host", "line end"),
            ("pop3s://a%0A@host", "line end"),
            ("pop3s://a%00@host", "NUL"),
            ("pop3s://a%@host", "%25"),
            ("pop3s://a%4@host", "%25"),
            ("pop3s://a%zz@host", "%25"),
            ("pop3s://a%+1@host", "%25"),
            ("pop3s://a;b@host", "%3B"),
            ("pop3s://a;AUTH@host", "AUTH"),
            ("pop3s://a;AUTH=GSSAPI@host", "AUTH"),
            ("pop3s://a;AUTH=*;AUTH=*@host", "AUTH"),
            ("pop3s://a/b@host", "%2F"),
            ("pop3s://a@host/inbox", "%2F"),
            ("pop3s://a@host?x", "%3F"),
            ("pop3s://a@host#x", "%23"),
            ("pop3s://a@host:0", "port"),
            ("pop3s://a@host:65536", "port"),
            ("pop3s://a@host:+1", "port"),
            ("pop3s://a@host:pop3", "port"),
            ("pop3s://a@::1", "brackets"),
            ("pop3s://a@[::1", "bracket"),
            ("pop3s://a@[host]", "IPv6"),
            ("pop3s://a@[::1]x", "port"),
            ("pop3s://a@ho st", "host"),
            ("pop3s://a@h\u{f6}st", "xn--"),
            ("pop3s://a@ho%20st", "host"),
        ] {
            let error = MaildropUrl::parse(text).unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
            assert!(
                !error.contains("secret") && !error.contains('\n'),
                "{error}"
            );
        }
    }
}
