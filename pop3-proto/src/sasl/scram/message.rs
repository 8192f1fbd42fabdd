//! The server's two messages (RFC 5802 section 7).

use crate::sasl::MechanismError;
use crate::wire::number::decimal_u32;

/// `r=nonce,s=salt,i=iteration-count`
pub(super) struct ServerFirst<'m> {
    /// The client's nonce and the server's, in one.
    pub(super) nonce: &'m [u8],
    /// In base64.
    pub(super) salt: &'m [u8],
    pub(super) iterations: u32,
}

impl<'m> ServerFirst<'m> {
    pub(super) fn parse(message: &'m [u8]) -> Result<Self, MechanismError> {
        let mut attributes = Attributes::of(message)?;
        // An extension that the client must understand, `m=`, would stand before the nonce.
        let nonce = attributes.value_of(b'r')?;
        let salt = attributes.value_of(b's')?;
        let iterations = match attributes.value_of(b'i')? {
            [b'0', ..] => None,
            digits => decimal_u32(digits),
        };
        attributes.are_extensions()?;
        Ok(Self {
            nonce,
            salt,
            iterations: iterations.ok_or(MechanismError::Malformed)?,
        })
    }
}

/// `v=verifier`: the server's signature, in base64.
pub(super) fn verifier(message: &[u8]) -> Result<&[u8], MechanismError> {
    let mut attributes = Attributes::of(message)?;
    let verifier = attributes.value_of(b'v')?;
    attributes.are_extensions()?;
    Ok(verifier)
}

/// What is left of a message: what stands between its commas.
struct Attributes<'m>(core::slice::Split<'m, u8, fn(&u8) -> bool>);

impl<'m> Attributes<'m> {
    fn of(message: &'m [u8]) -> Result<Self, MechanismError> {
        if message.starts_with(b"e=") {
            Err(MechanismError::ServerError)
        } else {
            Ok(Self(message.split(|octet| *octet == b',')))
        }
    }

    /// The next one's name and value. The value is not empty and has no NUL in it.
    fn next(&mut self) -> Result<Option<(u8, &'m [u8])>, MechanismError> {
        match self.0.next() {
            None => Ok(None),
            Some([name, b'=', value @ ..]) if !value.is_empty() && !value.contains(&0) => {
                Ok(Some((*name, value)))
            }
            Some(_) => Err(MechanismError::Malformed),
        }
    }

    /// The value of the next one, which has this name.
    fn value_of(&mut self, name: u8) -> Result<&'m [u8], MechanismError> {
        match self.next()? {
            Some((found, value)) if found == name => Ok(value),
            _ => Err(MechanismError::Malformed),
        }
    }

    /// The rest are extensions, which are ignored: their names are letters that RFC 5802 section 5.1 does not use itself.
    fn are_extensions(mut self) -> Result<(), MechanismError> {
        while let Some((name, _)) = self.next()? {
            if !name.is_ascii_alphabetic() || b"anmrcsipve".contains(&name) {
                return Err(MechanismError::Malformed);
            }
        }
        Ok(())
    }
}
