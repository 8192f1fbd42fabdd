//! Whole exchanges with SCRAM: those of the RFCs, and others from an independent implementation.

use pop3_proto::sasl::{
    Binding, ChannelBinding, ChannelBindingKind, Mechanism, MechanismError, MechanismKind, Nonce,
    Parameters, ScramSha1, ScramSha256, ScramSha512,
};

use crate::bound;
use crate::support::{response, take};

/// An exchange that succeeds.
struct Exchange {
    kind: MechanismKind,
    nonce: &'static str,
    user: &'static str,
    password: &'static str,
    authorization_id: &'static str,
    binding: Binding<'static>,
    client_first: &'static str,
    server_first: &'static str,
    client_final: &'static str,
    server_final: &'static str,
}

const EXPORTER: Binding<'_> = Binding::Bound(ChannelBinding {
    kind: ChannelBindingKind::TlsExporter,
    // bytes(range(32))
    data: &[
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
        25, 26, 27, 28, 29, 30, 31,
    ],
});

const END_POINT: Binding<'_> = Binding::Bound(ChannelBinding {
    kind: ChannelBindingKind::TlsServerEndPoint,
    // bytes(range(255, 223, -1))
    data: &[
        255, 254, 253, 252, 251, 250, 249, 248, 247, 246, 245, 244, 243, 242, 241, 240, 239, 238,
        237, 236, 235, 234, 233, 232, 231, 230, 229, 228, 227, 226, 225, 224,
    ],
});

/// The first two are from RFC 5802 section 5 and RFC 7677 section 3. The others were made with Python's `hashlib` and `hmac`:
///
/// ```python
/// def exchange(hash, user, password, gs2_header, binding, rounds):  # user: as it is sent
///     nonce, salt = b64encode(bytes(range(18))), bytes(range(100, 116))
///     first = b"n=" + user + b",r=" + nonce
///     nonce += b"3rfcNHYJY1ZVvWVs7j"
///     server_first = b"r=" + nonce + b",s=" + b64encode(salt) + b",i=%d" % rounds
///     final = b"c=" + b64encode(gs2_header + binding) + b",r=" + nonce
///     message = first + b"," + server_first + b"," + final
///     mac = lambda key, text: hmac.new(key, text, hash).digest()
///     salted = hashlib.pbkdf2_hmac(hash, password, salt, rounds)
///     key = mac(salted, b"Client Key")
///     signature = mac(hashlib.new(hash, key).digest(), message)
///     proof = bytes(a ^ b for a, b in zip(key, signature))
///     verifier = mac(mac(salted, b"Server Key"), message)
///     return (gs2_header + first, server_first, final + b",p=" + b64encode(proof), b"v=" + b64encode(verifier))
/// ```
const EXCHANGES: &[Exchange] = &[
    Exchange {
        kind: MechanismKind::ScramSha1,
        nonce: "fyko+d2lbbFgONRv9qkxdawL",
        user: "user",
        password: "pencil",
        authorization_id: "",
        binding: Binding::Unsupported,
        client_first: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
        server_first: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
        client_final: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        server_final: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    },
    Exchange {
        kind: MechanismKind::ScramSha256,
        nonce: "rOprNGfwEbeRWgbNEkqO",
        user: "user",
        password: "pencil",
        authorization_id: "",
        binding: Binding::Unsupported,
        client_first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        server_first: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        client_final: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        server_final: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    },
    Exchange {
        kind: MechanismKind::ScramSha1,
        nonce: "AAECAwQFBgcICQoLDA0ODxAR",
        user: "user",
        password: "pencil",
        authorization_id: "",
        binding: Binding::NotOffered,
        client_first: "y,,n=user,r=AAECAwQFBgcICQoLDA0ODxAR",
        server_first: "r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,s=ZGVmZ2hpamtsbW5vcHFycw==,i=4096",
        client_final: "c=eSws,r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,p=L98Tx/y5PMPysxNFX/yxRIkvg7c=",
        server_final: "v=dLligAiT2Wrdv4MXd3qJgjTNoew=",
    },
    Exchange {
        kind: MechanismKind::ScramSha1Plus,
        nonce: "AAECAwQFBgcICQoLDA0ODxAR",
        user: "user",
        password: "pencil",
        authorization_id: "",
        binding: EXPORTER,
        client_first: "p=tls-exporter,,n=user,r=AAECAwQFBgcICQoLDA0ODxAR",
        server_first: "r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,s=ZGVmZ2hpamtsbW5vcHFycw==,i=4096",
        client_final: "c=cD10bHMtZXhwb3J0ZXIsLAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f,r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,p=oXJz5cfS9nWaK5J8ozB3bp5jtso=",
        server_final: "v=fcIr8SoIaX+stbVdz2tnhpQR83w=",
    },
    Exchange {
        kind: MechanismKind::ScramSha1Plus,
        nonce: "AAECAwQFBgcICQoLDA0ODxAR",
        user: "us,er=",
        password: "p,=l",
        authorization_id: "ad=m,in",
        binding: END_POINT,
        client_first: "p=tls-server-end-point,a=ad=3Dm=2Cin,n=us=2Cer=3D,r=AAECAwQFBgcICQoLDA0ODxAR",
        server_first: "r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,s=ZGVmZ2hpamtsbW5vcHFycw==,i=4096",
        client_final: "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCxhPWFkPTNEbT0yQ2luLP/+/fz7+vn49/b19PPy8fDv7u3s6+rp6Ofm5eTj4uHg,r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,p=vPRN0WiHI6iRqdi13jnE1kCxffQ=",
        server_final: "v=q3idl7o4d6+QxLccDQRJ8wUT7Vg=",
    },
    Exchange {
        kind: MechanismKind::ScramSha256,
        nonce: "AAECAwQFBgcICQoLDA0ODxAR",
        user: "user",
        password: "pencil",
        authorization_id: "",
        binding: Binding::NotOffered,
        client_first: "y,,n=user,r=AAECAwQFBgcICQoLDA0ODxAR",
        server_first: "r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,s=ZGVmZ2hpamtsbW5vcHFycw==,i=4096",
        client_final: "c=eSws,r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,p=nXsq56qkBOjZ/yJZqp9wtMx6sz1UBwu20YlE7+KBzEY=",
        server_final: "v=vL+VkmtHXvuSD3vSqC34jcNlg3C5sQpNg6zvR5aLv9c=",
    },
    Exchange {
        kind: MechanismKind::ScramSha256Plus,
        nonce: "AAECAwQFBgcICQoLDA0ODxAR",
        user: "user",
        password: "pencil",
        authorization_id: "",
        binding: EXPORTER,
        client_first: "p=tls-exporter,,n=user,r=AAECAwQFBgcICQoLDA0ODxAR",
        server_first: "r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,s=ZGVmZ2hpamtsbW5vcHFycw==,i=4096",
        client_final: "c=cD10bHMtZXhwb3J0ZXIsLAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f,r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,p=H0gWfHbBHTN/R6IkvM3CCnf7f5Hg9rCp+jyveJqx3B4=",
        server_final: "v=59da3qNKLc89G50lFZzNsxCekLg8i5UEQ0/F1MPiHGw=",
    },
    Exchange {
        kind: MechanismKind::ScramSha256Plus,
        nonce: "AAECAwQFBgcICQoLDA0ODxAR",
        user: "us,er=",
        password: "p,=l",
        authorization_id: "ad=m,in",
        binding: END_POINT,
        client_first: "p=tls-server-end-point,a=ad=3Dm=2Cin,n=us=2Cer=3D,r=AAECAwQFBgcICQoLDA0ODxAR",
        server_first: "r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,s=ZGVmZ2hpamtsbW5vcHFycw==,i=4096",
        client_final: "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCxhPWFkPTNEbT0yQ2luLP/+/fz7+vn49/b19PPy8fDv7u3s6+rp6Ofm5eTj4uHg,r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,p=OKyNY6e7/WIkGWRzeAm7HqdT5N12IGIRutF8bCca8YY=",
        server_final: "v=cbUjLcUSlxNlP2gmBH1DAdwXabKlmbxXUUvrnUe7fHs=",
    },
    Exchange {
        kind: MechanismKind::ScramSha512,
        nonce: "AAECAwQFBgcICQoLDA0ODxAR",
        user: "user",
        password: "pencil",
        authorization_id: "",
        binding: Binding::NotOffered,
        client_first: "y,,n=user,r=AAECAwQFBgcICQoLDA0ODxAR",
        server_first: "r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,s=ZGVmZ2hpamtsbW5vcHFycw==,i=4096",
        client_final: "c=eSws,r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,p=ob+sy9320oUsr/WJt369pdhSF2SmJuS/Pc/TbNI8jnn9xO/VMk0aiwkFx7VTrGPt7Z3rqwfIKOG6b9IkrvyLhg==",
        server_final: "v=s3N5eW/DgPiVCLL7V1WPwxlnxqYDTNvLpb+VTsFAof/A25awuDYdSpeMKIYDTaUPAa4FWRXTe2c8W8DOBaa5RQ==",
    },
    Exchange {
        kind: MechanismKind::ScramSha512Plus,
        nonce: "AAECAwQFBgcICQoLDA0ODxAR",
        user: "user",
        password: "pencil",
        authorization_id: "",
        binding: EXPORTER,
        client_first: "p=tls-exporter,,n=user,r=AAECAwQFBgcICQoLDA0ODxAR",
        server_first: "r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,s=ZGVmZ2hpamtsbW5vcHFycw==,i=4096",
        client_final: "c=cD10bHMtZXhwb3J0ZXIsLAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f,r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,p=cbwsrKJJk6bH9rEa2AtZ//8j3sDwyfnsUqCKQSzPRL8+DKUQhWGXw91/AYrSZhpl7P3E8ilVl6W1c57bFDw/xg==",
        server_final: "v=3Zo2clrxbGcx3vI9yQUt2Jz+IIiQM3sUKIon6+zlcipEGMuVgITTBtaK/s75xCQ01OHB6tapOx0FLcl+tXkQ2g==",
    },
    Exchange {
        kind: MechanismKind::ScramSha512Plus,
        nonce: "AAECAwQFBgcICQoLDA0ODxAR",
        user: "us,er=",
        password: "p,=l",
        authorization_id: "ad=m,in",
        binding: END_POINT,
        client_first: "p=tls-server-end-point,a=ad=3Dm=2Cin,n=us=2Cer=3D,r=AAECAwQFBgcICQoLDA0ODxAR",
        server_first: "r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,s=ZGVmZ2hpamtsbW5vcHFycw==,i=4096",
        client_final: "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCxhPWFkPTNEbT0yQ2luLP/+/fz7+vn49/b19PPy8fDv7u3s6+rp6Ofm5eTj4uHg,r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,p=xdAaaidga26ncgTY6Tc2fKofAmSwugIK7PtqYeH680WmadaWdAaBqjrXQ1YoanI1bzqNELvh+tiH77c8xnvpEQ==",
        server_final: "v=dGDiEoy8dYf+bM7YAjuttXM97PU0/8P9It7vlbC+RrUqQ2OtaCh4CM6l1kY4jWEYitUNw7h+nYWWyb04ZOrSDA==",
    },
    Exchange {
        kind: MechanismKind::ScramSha512,
        nonce: "AAECAwQFBgcICQoLDA0ODxAR",
        user: "Jürgen",
        password: "ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé",
        authorization_id: "",
        binding: Binding::Unsupported,
        client_first: "n,,n=Jürgen,r=AAECAwQFBgcICQoLDA0ODxAR",
        server_first: "r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,s=ZGVmZ2hpamtsbW5vcHFycw==,i=5000",
        client_final: "c=biws,r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,p=lHblLIReWql9FzFGloZwJXiUlRAReFBJDvEEi6erPgT0RDn8UB1ZSb7lnarmf5i64wnUFcF6mGn3/n48AtCPqw==",
        server_final: "v=kGeRRkvNT/gc79iCLc8neLhBmZ7Ddib0BIFLakaOaSXYrA4xNwAU1sy3fIXOcgTM9IEL6O9uLNWmijT21t3Rjw==",
    },
    Exchange {
        kind: MechanismKind::ScramSha256,
        nonce: "AAECAwQFBgcICQoLDA0ODxAR",
        user: "user",
        password: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        authorization_id: "",
        binding: Binding::Unsupported,
        client_first: "n,,n=user,r=AAECAwQFBgcICQoLDA0ODxAR",
        server_first: "r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,s=ZGVmZ2hpamtsbW5vcHFycw==,i=4096",
        client_final: "c=biws,r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,p=cac2mAslw3Nw5ut6W6j49anBY4BFCeUie2CWNoPH4JQ=",
        server_final: "v=eJ03/01up/H5L9XRUQP5fBh6P7ZEzoy9B7+0B/G6Xq4=",
    },
    Exchange {
        kind: MechanismKind::ScramSha1,
        nonce: "AAECAwQFBgcICQoLDA0ODxAR",
        user: "user",
        password: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefx",
        authorization_id: "",
        binding: Binding::Unsupported,
        client_first: "n,,n=user,r=AAECAwQFBgcICQoLDA0ODxAR",
        server_first: "r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,s=ZGVmZ2hpamtsbW5vcHFycw==,i=4096",
        client_final: "c=biws,r=AAECAwQFBgcICQoLDA0ODxAR3rfcNHYJY1ZVvWVs7j,p=GwlYfj+dyYp7tepvkKES3XWlC5Y=",
        server_final: "v=s+kD1QZLyl0RSfEYb/v3WsLOaEA=",
    },
];

impl Exchange {
    fn parameters(&self) -> Parameters<'static> {
        let parameters = Parameters::new(self.user.as_bytes(), self.password.into())
            .authorization_id(self.authorization_id.as_bytes())
            .nonce(Nonce::from_text(self.nonce.as_bytes()).unwrap())
            .binding(self.binding);
        if self.user.is_ascii() {
            parameters
        } else {
            parameters.prepared()
        }
    }

    fn begin(&self) -> pop3_proto::sasl::Exchange<'static> {
        pop3_proto::sasl::Exchange::new(self.kind, &self.parameters()).unwrap()
    }

    fn goes_well_with(&self, mechanism: &mut dyn Mechanism) {
        assert_eq!(
            (mechanism.name(), mechanism.speaks_first()),
            (self.kind.name(), true)
        );
        assert_eq!(mechanism.check(), Ok(()));
        let said = |mechanism: &dyn Mechanism| String::from_utf8(response(mechanism)).unwrap();
        assert_eq!(said(mechanism), self.client_first);
        assert_eq!(mechanism.check_success(), Err(MechanismError::NotProved));
        assert_eq!(take(mechanism, self.server_first.as_bytes()), Ok(()));
        assert_eq!(said(mechanism), self.client_final);
        assert_eq!(mechanism.check_success(), Err(MechanismError::NotProved));
        assert_eq!(take(mechanism, self.server_final.as_bytes()), Ok(()));
        assert_eq!(said(mechanism), "");
        assert_eq!(mechanism.check_success(), Ok(()));
    }
}

#[test]
fn every_exchange_goes_well() {
    for exchange in EXCHANGES {
        exchange.goes_well_with(&mut exchange.begin());
    }
}

#[test]
fn each_hash_has_a_type_of_its_own() {
    for exchange in EXCHANGES {
        let parameters = exchange.parameters();
        let (user, password) = (parameters.user, parameters.secret);
        let nonce = parameters.nonce.unwrap();
        macro_rules! scram {
            ($mechanism:ident) => {
                exchange.goes_well_with(
                    &mut $mechanism::new(user, password, nonce)
                        .authorization_id(parameters.authorization_id)
                        .binding(parameters.binding)
                        .min_iterations(4096)
                        .max_iterations(5000)
                        .prepared(),
                )
            };
        }
        match exchange.kind {
            MechanismKind::ScramSha1 | MechanismKind::ScramSha1Plus => scram!(ScramSha1),
            MechanismKind::ScramSha256 | MechanismKind::ScramSha256Plus => scram!(ScramSha256),
            _ => scram!(ScramSha512),
        }
    }
}

/// Each bit of the signature: none is accepted, and there is no second try.
#[test]
fn a_wrong_signature_is_not_accepted() {
    for exchange in EXCHANGES {
        let signature = crate::support::decode(&exchange.server_final.as_bytes()[2..]).unwrap();
        // Hashing is what takes time here.
        for bit in (0..signature.len() * 8).step_by(bound(1, 211)) {
            let mut wrong = signature.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            let mut mechanism = exchange.begin();
            take(&mut mechanism, exchange.server_first.as_bytes()).unwrap();
            let wrong = format!("v={}", crate::support::encode(&wrong));
            let error = MechanismError::WrongServerSignature;
            assert_eq!(take(&mut mechanism, wrong.as_bytes()), Err(error));
            assert_eq!(mechanism.check_success(), Err(MechanismError::NotProved));
            let error = MechanismError::Malformed;
            assert_eq!(
                take(&mut mechanism, exchange.server_final.as_bytes()),
                Err(error)
            );
            assert_eq!(mechanism.check_success(), Err(MechanismError::NotProved));
        }
    }
}
