"""TLS by OpenSSL (pyOpenSSL), and the names by which SASL knows a channel of it."""

import hashlib
import socket
from typing import Optional, Union

from OpenSSL import SSL, crypto

Stream = Union[socket.socket, SSL.Connection]

VERSIONS = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}


def server_context(certificate: str, key: str, client_root: Optional[str], least: str, most: str) -> SSL.Context:
    """For files in PEM. With a client root, clients may show a certificate, but none of another root."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(VERSIONS[least])
    context.set_max_proto_version(VERSIONS[most])
    context.use_certificate_chain_file(certificate)
    context.use_privatekey_file(key)
    if client_root is not None:
        context.load_verify_locations(client_root)
        context.set_verify(SSL.VERIFY_PEER, None)
        context.set_session_id(b"pop3-test-peer")
    return context


def client_context(root: str) -> SSL.Context:
    """Trusts one root, from a file in PEM."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.load_verify_locations(root)
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, None)
    return context


def handshake(context: SSL.Context, stream: socket.socket, server: bool) -> SSL.Connection:
    connection = SSL.Connection(context, stream)
    if server:
        connection.set_accept_state()
    else:
        connection.set_connect_state()
    connection.do_handshake()
    return connection


def bindings(connection: SSL.Connection, server_certificate: crypto.X509) -> dict[str, bytes]:
    """The data of each channel binding that this connection has, the best one first."""
    found = {}
    if connection.get_protocol_version_name() == "TLSv1.3":
        # RFC 9266 section 2. Under TLS 1.2 it would need an extended master secret, of which pyOpenSSL says nothing.
        found["tls-exporter"] = connection.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")
    end_point = _end_point(server_certificate)
    if end_point is not None:
        found["tls-server-end-point"] = end_point
    return found


def _end_point(certificate: crypto.X509) -> Optional[bytes]:
    """RFC 5929 section 4.1: the hash of the signature's algorithm, SHA-256 for weaker ones, undefined without one."""
    algorithm = certificate.to_cryptography().signature_hash_algorithm
    if algorithm is None:
        return None
    name = "sha256" if algorithm.name in ("md5", "sha1") else algorithm.name
    return hashlib.new(name, crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)).digest()


def common_name(connection: SSL.Connection) -> Optional[str]:
    """Whom the client's certificate names, if it has shown one."""
    certificate = connection.get_peer_certificate()
    return certificate.get_subject().CN if certificate is not None else None
