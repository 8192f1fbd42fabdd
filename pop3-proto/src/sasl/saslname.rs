//! Names within GS2 headers and SCRAM messages (RFC 5801 section 4, RFC 5802 section 5.1).

/// Writes a name, with `,` and `=` escaped.
pub(super) fn put(name: &[u8], to: &mut dyn FnMut(&[u8])) {
    for octet in name {
        match octet {
            b',' => to(b"=2C"),
            b'=' => to(b"=3D"),
            octet => to(core::slice::from_ref(octet)),
        }
    }
}

/// Writes the authorization identity of a GS2 header: nothing if it is empty.
pub(super) fn put_authorization_id(id: &[u8], to: &mut dyn FnMut(&[u8])) {
    if !id.is_empty() {
        to(b"a=");
        put(id, to);
    }
}
