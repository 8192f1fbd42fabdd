"""The client's side of SCRAM (RFC 5802), from the RFC, for what GNU SASL lacks: any hash, any channel binding."""

import base64
import hashlib
import hmac
import secrets
from typing import Optional


class Failed(Exception):
    """The server does not know the password, or does not keep to the RFC."""


class Client:
    """One exchange. User and password are taken as they are, without SASLprep."""

    def __init__(
        self, mechanism: str, user: str, password: str, binding: Optional[tuple[str, bytes]], flag: str
    ) -> None:
        self.hash = mechanism.removeprefix("SCRAM-").removesuffix("-PLUS").replace("-", "").lower()
        self.password = password.encode()
        name, self.data = binding if binding is not None else ("", b"")
        self.header = f"p={name},," if name else f"{flag},,"
        self.nonce = secrets.token_urlsafe(18)
        self.bare = f"n={user.replace('=', '=3D').replace(',', '=2C')},r={self.nonce}"
        self.signature: Optional[bytes] = None
        self.done = False

    def step(self, challenge: bytes) -> bytes:
        """The response to a challenge, or to nothing at first."""
        if not challenge:
            return (self.header + self.bare).encode()
        if self.signature is None:
            return self._prove(challenge.decode())
        if challenge != b"v=" + base64.b64encode(self.signature):
            raise Failed("the server does not know the password")
        self.done = True
        return b""

    def _prove(self, server_first: str) -> bytes:
        fields = dict(field.split("=", 1) for field in server_first.split(","))
        if not fields["r"].startswith(self.nonce) or fields["r"] == self.nonce:
            raise Failed("the server's nonce does not go on from the client's")
        salted = hashlib.pbkdf2_hmac(self.hash, self.password, base64.b64decode(fields["s"]), int(fields["i"]))
        bound = base64.b64encode(self.header.encode() + self.data).decode()
        without_proof = f"c={bound},r={fields['r']}"
        message = f"{self.bare},{server_first},{without_proof}".encode()
        client_key = self._hmac(salted, b"Client Key")
        client_signature = self._hmac(hashlib.new(self.hash, client_key).digest(), message)
        proof = bytes(a ^ b for a, b in zip(client_key, client_signature))
        self.signature = self._hmac(self._hmac(salted, b"Server Key"), message)
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()

    def _hmac(self, key: bytes, message: bytes) -> bytes:
        return hmac.new(key, message, self.hash).digest()
