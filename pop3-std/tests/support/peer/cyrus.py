"""The server's side of SASL, done by the C library Cyrus SASL (libsasl2)."""

import ctypes
import os
import sys
import threading
from dataclasses import dataclass
from typing import Optional

# <sasl/sasl.h>
OK = 0
CONTINUE = 1
_CB_LIST_END = 0
_CB_GETOPT = 1
_CB_LOG = 2
_SET_CREATE = 1
_CHANNEL_BINDING = 21
_AUTH_EXTERNAL = 102
_USERNAME = 0


class _Callback(ctypes.Structure):
    _fields_ = [("id", ctypes.c_ulong), ("function", ctypes.c_void_p), ("context", ctypes.c_void_p)]


class _ChannelBinding(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("critical", ctypes.c_int),
        ("len", ctypes.c_ulong),
        ("data", ctypes.c_char_p),
    ]


_GetOption = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.POINTER(ctypes.c_char_p),
    ctypes.POINTER(ctypes.c_uint),
)
_Log = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p)


class Missing(Exception):
    """The library, or a part of it, is not installed."""


@dataclass
class Step:
    """What came of a step: a challenge, or the end, with success or with a reason against it."""

    challenge: Optional[bytes] = None
    user: Optional[str] = None
    refusal: Optional[str] = None


class Library:
    """libsasl2 with a data base of users of its own, in a directory that it is given."""

    def __init__(self, directory: str) -> None:
        try:
            self.c = ctypes.CDLL("libsasl2.so.2")
        except OSError as error:
            raise Missing(f"libsasl2-2 is not installed: {error}") from error
        for function in "sasl_server_new", "sasl_setprop", "sasl_getprop", "sasl_listmech":
            getattr(self.c, function).restype = ctypes.c_int
        self.c.sasl_errdetail.restype = ctypes.c_char_p
        # The library promises little about threads.
        self.lock = threading.Lock()
        self._options = {
            b"auxprop_plugin": b"sasldb",
            b"sasldb_path": os.fsencode(os.path.join(directory, "users.db")),
        }
        # C keeps pointers to all of these.
        self._get_option = _GetOption(self._option)
        self._log = _Log(self._write_log)
        self._callbacks = (_Callback * 3)(
            _Callback(_CB_GETOPT, ctypes.cast(self._get_option, ctypes.c_void_p), None),
            _Callback(_CB_LOG, ctypes.cast(self._log, ctypes.c_void_p), None),
            _Callback(_CB_LIST_END, None, None),
        )
        if self.c.sasl_server_init(self._callbacks, b"pop3-test-peer") != OK:
            raise Missing("libsasl2 does not start")

    def _option(self, _context, _plugin, option, result, length) -> int:  # type: ignore[no-untyped-def]
        value = self._options.get(option)
        if value is not None:
            result[0] = value
            if length:
                length[0] = len(value)
        return OK

    @staticmethod
    def _write_log(_context, _level, message) -> int:  # type: ignore[no-untyped-def]
        print("SASL:", message.decode(errors="replace"), file=sys.stderr, flush=True)
        return OK

    def add_user(self, name: bytes, password: bytes) -> None:
        """Stores a password as it is. For SCRAM it has to be in the form that SASLprep makes of it."""
        with Session(self) as session:
            with self.lock:
                code = self.c.sasl_setpass(
                    session.connection, name, password, len(password), None, 0, _SET_CREATE
                )
            if code != OK:
                raise Missing(f"libsasl2-modules-db is not installed: {session.detail()}")

    def mechanisms(self) -> list[str]:
        """What this installation of the library can do."""
        with Session(self) as session:
            return session.mechanisms()


class Session:
    """SASL on one connection."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.connection = ctypes.c_void_p()
        self._kept: list[object] = []
        with library.lock:
            code = library.c.sasl_server_new(
                b"pop", b"localhost", None, None, None, None, 0, ctypes.byref(self.connection)
            )
        if code != OK:
            raise Missing(f"libsasl2 refuses a connection with {code}; is libsasl2-modules installed?")

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        with self.library.lock:
            self.library.c.sasl_dispose(ctypes.byref(self.connection))

    def detail(self) -> str:
        """What went wrong last."""
        detail: bytes = self.library.c.sasl_errdetail(self.connection)
        return detail.decode(errors="replace")

    def mechanisms(self) -> list[str]:
        names = ctypes.c_char_p()
        with self.library.lock:
            self.library.c.sasl_listmech(
                self.connection, None, b"", b" ", b"", ctypes.byref(names), None, None
            )
        return (names.value or b"").decode().split()

    def bind(self, name: str, data: bytes) -> None:
        """The channel below is bound to SASL if the client wants it."""
        binding = _ChannelBinding(name.encode(), 0, len(data), data)
        self._set(_CHANNEL_BINDING, ctypes.byref(binding), binding)

    def authenticated_outside(self, name: str) -> None:
        """Whom EXTERNAL logs in."""
        self._set(_AUTH_EXTERNAL, name.encode(), None)

    def _set(self, what: int, value: object, kept: object) -> None:
        self._kept.append(kept)
        with self.library.lock:
            code = self.library.c.sasl_setprop(self.connection, what, value)
        if code != OK:
            raise Missing(f"sasl_setprop({what}): {self.detail()}")

    def start(self, mechanism: str, initial: Optional[bytes]) -> Step:
        length = len(initial or b"")
        return self._call("sasl_server_start", mechanism.encode(), initial, length)

    def step(self, response: bytes) -> Step:
        return self._call("sasl_server_step", response, len(response))

    def _call(self, function: str, *arguments: object) -> Step:
        challenge, length = ctypes.c_char_p(), ctypes.c_uint()
        with self.library.lock:
            code = getattr(self.library.c, function)(
                self.connection, *arguments, ctypes.byref(challenge), ctypes.byref(length)
            )
            octets = ctypes.string_at(challenge, length.value) if length.value else b""
        if code == CONTINUE:
            return Step(challenge=octets)
        if code != OK:
            return Step(refusal=self.detail())
        return Step(user=self._user())

    def _user(self) -> str:
        name = ctypes.c_char_p()
        with self.library.lock:
            self.library.c.sasl_getprop(self.connection, _USERNAME, ctypes.byref(name))
        return (name.value or b"").decode(errors="replace")
