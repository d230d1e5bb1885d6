//! The instance's signing key: id tokens of jobs, and the key set that verifies them.

use std::io;
use std::path::Path;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// The key.
#[derive(Debug)]
pub struct SigningKey {
    pair: RsaKeyPair,
    id: String,
}

fn broken(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the signing key {what}"),
    )
}

impl SigningKey {
    /// Opens the key of this state folder, or makes it: tokens stay good across a restart.
    pub fn open(path: &Path) -> io::Result<Self> {
        let der = match std::fs::read(path) {
            Ok(der) => der,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048)
                    .map_err(|_| broken("could not be made"))?;
                let der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair)
                    .map_err(|_| broken("could not be written down"))?;
                std::fs::write(path, der.as_ref())?;
                der.as_ref().to_vec()
            }
            Err(error) => return Err(error),
        };
        let pair =
            RsaKeyPair::from_pkcs8(&der).map_err(|_| broken("file is damaged; remove it"))?;
        let id = URL_SAFE_NO_PAD.encode(Sha256::digest(pair.public_key().as_ref()));
        Ok(Self { pair, id })
    }

    /// Answers the key set as `/oauth/discovery/keys` serves it.
    pub fn key_set(&self) -> Value {
        let key = self.pair.public_key();
        json!({ "keys": [{
            "kty": "RSA",
            "kid": self.id,
            "e": URL_SAFE_NO_PAD.encode(key.exponent().big_endian_without_leading_zero()),
            "n": URL_SAFE_NO_PAD.encode(key.modulus().big_endian_without_leading_zero()),
            "use": "sig",
            "alg": "RS256",
        }] })
    }

    /// Signs claims.
    pub fn sign(&self, claims: &Map<String, Value>) -> io::Result<String> {
        let head = json!({ "kid": self.id, "typ": "JWT", "alg": "RS256" });
        let text = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(head.to_string()),
            URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims)?)
        );
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                text.as_bytes(),
                &mut signature,
            )
            .map_err(|_| broken("could not sign"))?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// Makes a secret with GitLab's prefix for its kind.
pub fn secret(prefix: &str) -> String {
    let bytes: [u8; 18] = rand::random();
    format!(
        "{prefix}{}",
        URL_SAFE_NO_PAD.encode(bytes).replace(['-', '_'], "x")
    )
}
