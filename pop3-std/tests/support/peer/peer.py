#!/usr/bin/python3
"""A POP3 server to test a client's SASL (RFC 5034) and channel binding against.

SASL is done by Cyrus SASL and TLS by OpenSSL, so that the client meets the work of others. It has one message of
five octets, which cannot be deleted, and it is strict: CRLF ends a line, a command has at most 255 octets, and a
-PLUS mechanism wants a channel binding. It writes "port N" to standard output and all that is said to standard error.
"""

import argparse
import base64
import binascii
import socket
import sys
import threading
from typing import Optional

try:
    from OpenSSL import SSL

    import cyrus
    import tls
    from lines import Lines
except ImportError as error:
    print(f"python3-openssl is not installed: {error}", file=sys.stderr)
    sys.exit(3)

MESSAGE = "Hi!"
# RFC 2449 section 4, with CRLF.
LONGEST_COMMAND = 255
HASHES = ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1"]
MECHANISMS = [f"{name}-PLUS" for name in HASHES] + HASHES
MECHANISMS += ["CRAM-MD5", "PLAIN", "LOGIN", "EXTERNAL", "ANONYMOUS"]


class Connection:
    """One client."""

    def __init__(self, peer: "Peer", stream: socket.socket, name: str) -> None:
        self.peer = peer
        self.lines = Lines(stream, name)
        self.user: Optional[str] = None
        self.bindings: dict[str, bytes] = {}
        self.certified: Optional[str] = None

    def serve(self) -> None:
        try:
            if self.peer.options.tls == "implicit":
                self._start_tls()
            self.lines.write("+OK Test peer ready.")
            while (line := self.lines.read()) is not None and self._command(line):
                pass
        except (SSL.Error, OSError) as error:
            print(f"{self.lines.name}: {error!r}", file=sys.stderr, flush=True)
        finally:
            self.lines.close()

    def _start_tls(self) -> None:
        options = self.peer.options
        stream = tls.handshake(self.peer.context, self.lines.stream, server=True)
        self.lines.stream = stream
        self.certified = tls.common_name(stream)
        found = tls.bindings(stream, stream.get_certificate())
        self.bindings = {name: data for name, data in found.items() if name in options.binding}
        if options.wrong_binding:
            self.bindings = {name: data[:-1] + bytes([data[-1] ^ 1]) for name, data in self.bindings.items()}

    def _secured(self) -> bool:
        return isinstance(self.lines.stream, SSL.Connection)

    def _command(self, line: bytes) -> bool:
        """Answers one command. Says whether the session goes on."""
        if len(line) + 2 > LONGEST_COMMAND:
            self.lines.write("-ERR a command has at most 255 octets")
            return True
        keyword, *arguments = line.decode(errors="replace").split(" ")
        match keyword.upper(), arguments:
            case "QUIT", []:
                self.lines.write("+OK bye")
                return False
            case "CAPA", []:
                self._capabilities()
            case "STLS", [] if self.peer.options.tls == "stls" and not self._secured() and not self.user:
                self.lines.write("+OK begin TLS")
                if self.lines.waiting:
                    raise OSError("the client did not wait for the answer to STLS")
                self._start_tls()
            case "AUTH", [mechanism] if not self.user:
                self._auth(mechanism.upper(), None)
            case "AUTH", [mechanism, initial] if initial and not self.user:
                self._auth(mechanism.upper(), initial)
            case command, parameters if self.user:
                self._transaction(command, parameters)
            case _:
                self.lines.write("-ERR not now, or not at all")
        return True

    def _transaction(self, keyword: str, arguments: list[str]) -> None:
        octets = len(MESSAGE) + 2
        match keyword, arguments:
            case "STAT", []:
                self.lines.write(f"+OK 1 {octets}")
            case "LIST", []:
                self.lines.write("+OK", f"1 {octets}", ".")
            case "RETR", ["1"]:
                self.lines.write(f"+OK {octets} octets", MESSAGE, ".")
            case ("NOOP" | "RSET"), []:
                self.lines.write("+OK")
            case _:
                self.lines.write("-ERR not now, or not at all")

    def _capabilities(self) -> None:
        lines = ["RESP-CODES", "AUTH-RESP-CODE", "PIPELINING"]
        if mechanisms := self._mechanisms():
            lines.append(" ".join(["SASL", *mechanisms]))
        if self.peer.options.tls == "stls" and not self._secured():
            lines.append("STLS")
        self.lines.write("+OK", *lines, ".")

    def _mechanisms(self) -> list[str]:
        """What is announced, and taken: of those that were asked for, the ones that this connection can have."""

        def possible(name: str) -> bool:
            if name == "EXTERNAL":
                return self.certified is not None
            return not name.endswith("-PLUS") or bool(self.bindings)

        return [name for name in self.peer.options.mechanisms if possible(name)]

    def _auth(self, mechanism: str, initial: Optional[str]) -> None:
        if mechanism not in self._mechanisms():
            self.lines.write("-ERR not a mechanism that is offered")
            return
        try:
            with cyrus.Session(self.peer.library) as session:
                self._exchange(session, mechanism, initial)
        except Refused as refusal:
            self.lines.write(f"-ERR {refusal}")

    def _exchange(self, session: cyrus.Session, mechanism: str, initial: Optional[str]) -> None:
        if self.certified is not None:
            session.authenticated_outside(self.certified)
        # RFC 5034 section 4: an equals sign is an initial response without octets.
        first = None if initial is None else b"" if initial == "=" else decoded(initial)
        if mechanism.startswith("SCRAM-"):
            if first is None:
                first = self._response(b"")
            self._bind(session, mechanism, first)
        step = session.start(mechanism, first)
        while step.challenge is not None:
            step = session.step(self._response(step.challenge))
        if step.user is None:
            raise Refused(f"[AUTH] {step.refusal}")
        self.user = step.user
        self.lines.write(f"+OK {step.user!a} is logged in")

    def _response(self, challenge: bytes) -> bytes:
        self.lines.write(f"+ {base64.b64encode(challenge).decode()}")
        line = self.lines.read()
        if line is None:
            raise OSError("the client left in the middle of AUTH")
        if line == b"*":
            raise Refused("cancelled")
        return decoded(line.decode(errors="replace"))

    def _bind(self, session: cyrus.Session, mechanism: str, first: bytes) -> None:
        """Tells the library of the binding that the client names (RFC 5802 section 7), or of one that it could have
        had: it refuses a client that believes in none (section 6)."""
        header = first.split(b",", 1)[0].decode(errors="replace")
        named = header[2:] if header.startswith("p=") else None
        if mechanism.endswith("-PLUS") != (named is not None):
            raise Refused("a channel is bound by -PLUS, and by nothing else")
        name = named if named is not None else next(iter(self.bindings), None)
        if name is None:
            return
        if name not in self.bindings:
            raise Refused("this channel has no such binding")
        session.bind(name, self.bindings[name])


class Refused(Exception):
    """No log-in, with the reason for the client."""


def decoded(text: str) -> bytes:
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("that is no base64") from error
    if base64.b64encode(octets).decode() != text:
        raise Refused("that is no canonical base64")
    return octets


class Peer:
    """The server."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.library = cyrus.Library(options.directory)
        wanted = [name.removesuffix("-PLUS") for name in options.mechanisms if name != "EXTERNAL"]
        if missing := set(wanted) - set(self.library.mechanisms()):
            raise cyrus.Missing(f"libsasl2-modules is not installed: there is no {', '.join(sorted(missing))}")
        for user in options.user:
            name, _, password = user.partition(":")
            self.library.add_user(name.encode(errors="surrogateescape"), password.encode(errors="surrogateescape"))
        if options.tls != "off":
            self.context = tls.server_context(
                options.certificate, options.key, options.client_root, options.tls_min, options.tls_max
            )

    def run(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            print(f"port {listener.getsockname()[1]}", flush=True)
            number = 0
            while True:
                stream, _ = listener.accept()
                number += 1
                connection = Connection(self, stream, f"client {number}")
                threading.Thread(target=connection.serve, daemon=True).start()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", required=True, help="where the data base of users is made")
    parser.add_argument("--user", action="append", default=[], metavar="NAME:PASSWORD")
    parser.add_argument("--mechanisms", nargs="*", default=MECHANISMS, help="what is announced and taken")
    parser.add_argument("--tls", choices=["off", "stls", "implicit"], default="off")
    parser.add_argument("--tls-min", choices=tls.VERSIONS, default="1.2")
    parser.add_argument("--tls-max", choices=tls.VERSIONS, default="1.3")
    parser.add_argument("--certificate", help="PEM")
    parser.add_argument("--key", help="PEM")
    parser.add_argument("--client-root", help="PEM; who has a certificate of it may use EXTERNAL")
    parser.add_argument("--binding", nargs="*", default=["tls-exporter", "tls-server-end-point"])
    parser.add_argument("--wrong-binding", action="store_true", help="as if somebody were in the middle")
    parser.add_argument("--check", action="store_true", help="only say whether all is there")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    try:
        peer = Peer(options)
    except cyrus.Missing as missing:
        print(missing, file=sys.stderr)
        return 3
    if not options.check:
        peer.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
