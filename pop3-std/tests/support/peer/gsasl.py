"""The client's side of SASL, done by the C library GNU SASL (libgsasl)."""

import base64
import ctypes
from typing import Optional

# <gsasl.h>
_OK = 0
_NEEDS_MORE = 1
_AUTHENTICATION_ID = 1
_PASSWORD = 3
_ANONYMOUS_TOKEN = 4
_SERVICE = 5
_HOST = 6
_TLS_EXPORTER = 25


class Missing(Exception):
    """The library is not installed."""


class Failed(Exception):
    """The library has given up, for example because the server does not know the password."""


def load() -> ctypes.CDLL:
    try:
        return ctypes.CDLL("libgsasl.so.18")
    except OSError as error:
        raise Missing(f"libgsasl18 is not installed (apt-get install libgsasl18): {error}") from error


class Client:
    """One exchange. It can do no SHA-512, and of channel bindings only tls-exporter."""

    def __init__(self, mechanism: str, user: str, password: str, binding: Optional[tuple[str, bytes]]) -> None:
        self.c = load()
        self.c.gsasl_strerror.restype = ctypes.c_char_p
        context = ctypes.c_void_p()
        self._session = ctypes.c_void_p()
        self._check(self.c.gsasl_init(ctypes.byref(context)))
        self._check(self.c.gsasl_client_start(context, mechanism.encode(), ctypes.byref(self._session)))
        properties = {
            _AUTHENTICATION_ID: user.encode(),
            _PASSWORD: password.encode(),
            _ANONYMOUS_TOKEN: user.encode(),
            _SERVICE: b"pop",
            _HOST: b"localhost",
        }
        if mechanism == "EXTERNAL":
            properties = {}
        if binding is not None:
            name, data = binding
            if name != "tls-exporter":
                raise Failed(f"GNU SASL has no {name}")
            properties[_TLS_EXPORTER] = base64.b64encode(data)
        for which, value in properties.items():
            self._check(self.c.gsasl_property_set(self._session, which, value))
        self.done = False

    def step(self, challenge: bytes) -> bytes:
        """The response to a challenge, or to nothing for the mechanisms in which the client begins."""
        response = ctypes.c_char_p()
        encoded = base64.b64encode(challenge)
        code = self.c.gsasl_step64(self._session, encoded, ctypes.byref(response))
        self.done = code == _OK
        if code != _NEEDS_MORE:
            self._check(code)
        return base64.b64decode(response.value or b"")

    def _check(self, code: int) -> None:
        if code != _OK:
            raise Failed(f"GNU SASL: {self.c.gsasl_strerror(code).decode()}")
