"""A connection, line by line, which may be put into TLS."""

import socket
import sys
from typing import Optional

from OpenSSL import SSL

from tls import Stream

# What nobody sends but an attacker. RFC 5034 section 4 wants 12,288 octets at least for what SASL says.
LONGEST_LINE = 65_536


class Lines:
    """Lines end with CRLF. Both ways they are written to standard error, secrets and all."""

    def __init__(self, stream: Stream, name: str) -> None:
        self.stream = stream
        self.name = name
        self.waiting = b""

    def read(self) -> Optional[bytes]:
        """The next line without its end, or None at the end of the connection."""
        while b"\n" not in self.waiting:
            if len(self.waiting) > LONGEST_LINE:
                self._ended("a line without an end")
                return None
            try:
                octets = self.stream.recv(4096)
            except (SSL.Error, OSError):
                octets = b""
            if not octets:
                self._ended("the end")
                return None
            self.waiting += octets
        line, self.waiting = self.waiting.split(b"\n", 1)
        if not line.endswith(b"\r"):
            self._ended("a line that ends with a bare LF")
            return None
        self._log("<", line[:-1])
        return line[:-1]

    def write(self, *lines: str) -> None:
        for line in lines:
            self._log(">", line.encode())
        self.stream.sendall("".join(line + "\r\n" for line in lines).encode())

    def close(self) -> None:
        try:
            if isinstance(self.stream, SSL.Connection):
                self.stream.shutdown()
            self.stream.close()
        except (SSL.Error, OSError):
            pass

    def _ended(self, reason: str) -> None:
        self._log("<", f"[{reason}]".encode())

    def _log(self, direction: str, line: bytes) -> None:
        print(self.name, direction, line.decode(errors="backslashreplace"), file=sys.stderr, flush=True)
