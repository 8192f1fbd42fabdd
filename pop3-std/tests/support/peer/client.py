#!/usr/bin/python3
"""A POP3 client that only logs in, to know the peer itself to be right before the client under test meets it.

It ends with 0 if it was logged in, with 4 if the server refused, with 5 if the server is wrong, and with 3 if it
cannot run because something is not installed.
"""

import argparse
import base64
import socket
import struct
import sys
from typing import Union

import gsasl
import scram

try:
    from OpenSSL import SSL

    import tls
    from lines import Lines
except ImportError as error:
    print(f"python3-openssl is not installed (apt-get install python3-openssl): {error}", file=sys.stderr)
    sys.exit(3)

SECONDS = 20


class Wrong(Exception):
    """The server does not say what it should."""


def connected(port: int) -> Lines:
    stream = socket.create_connection(("127.0.0.1", port))
    # Not settimeout, with which pyOpenSSL does not wait.
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", SECONDS, 0))
    return Lines(stream, "test client")


def status(lines: Lines) -> str:
    line = lines.read()
    if line is None:
        raise Wrong("the server has left")
    return line.decode()


def ask(lines: Lines, command: str) -> str:
    lines.write(command)
    return status(lines)


def expect(answer: str, start: str) -> None:
    if not answer.startswith(start):
        raise Wrong(f"{start} was expected, not {answer}")


def log_in(options: argparse.Namespace) -> bool:
    lines = connected(options.port)
    if options.tls == "implicit":
        lines.stream = tls.handshake(tls.client_context(options.root), lines.stream, server=False)
    expect(status(lines), "+OK")
    if options.tls == "stls":
        expect(ask(lines, "STLS"), "+OK")
        lines.stream = tls.handshake(tls.client_context(options.root), lines.stream, server=False)
    binding = None
    if isinstance(lines.stream, SSL.Connection) and options.binding is not None:
        data = tls.bindings(lines.stream, lines.stream.get_peer_certificate())[options.binding]
        binding = options.binding, bytes(32) if options.wrong_binding else data
    client: Union[gsasl.Client, scram.Client]
    if options.by == "gsasl":
        client = gsasl.Client(options.mechanism, options.user, options.password, binding)
    else:
        client = scram.Client(options.mechanism, options.user, options.password, binding, options.flag)
    answer = ask(lines, f"AUTH {options.mechanism}")
    while answer.startswith("+ "):
        response = client.step(base64.b64decode(answer[2:], validate=True))
        answer = ask(lines, base64.b64encode(response).decode())
    if answer.startswith("-ERR"):
        return False
    expect(answer, "+OK")
    if not client.done:
        raise Wrong("it says +OK before it has proved who it is")
    expect(ask(lines, "STAT"), "+OK 1 5")
    expect(ask(lines, "QUIT"), "+OK")
    return True


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether all is there")
    parser.add_argument("--port", type=int)
    parser.add_argument("--by", choices=["gsasl", "scram"], default="gsasl")
    parser.add_argument("--mechanism")
    parser.add_argument("--user")
    parser.add_argument("--password")
    parser.add_argument("--tls", choices=["off", "stls", "implicit"], default="off")
    parser.add_argument("--root", help="PEM")
    parser.add_argument("--binding", help="for the -PLUS mechanisms")
    parser.add_argument("--wrong-binding", action="store_true")
    parser.add_argument("--flag", choices=["n", "y"], default="n", help="what SCRAM says without --binding")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    try:
        if options.check:
            gsasl.load()
            return 0
        return 0 if log_in(options) else 4
    except gsasl.Missing as error:
        print(error, file=sys.stderr)
        return 3
    except (gsasl.Failed, scram.Failed, Wrong) as error:
        print(error, file=sys.stderr)
        return 5


if __name__ == "__main__":
    sys.exit(main())
