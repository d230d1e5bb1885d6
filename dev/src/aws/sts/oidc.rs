//! Identity tokens: read, and their signature checked against the issuer's published keys.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer};

/// What a token claims.
#[derive(Debug, Clone, Deserialize)]
pub struct Claims {
    /// The issuer.
    pub iss: String,
    /// The subject.
    pub sub: String,
    /// The audiences.
    #[serde(deserialize_with = "one_or_many")]
    pub aud: Vec<String>,
    /// When it expires, in seconds.
    pub exp: i64,
    /// From when on it holds, in seconds.
    #[serde(default)]
    pub nbf: Option<i64>,
    /// Session tags that the issuer vouches for.
    #[serde(default, rename = "https://aws.amazon.com/tags")]
    pub tags: Tags,
    /// What a Kubernetes cluster says of the pod whose token it is.
    #[serde(default, rename = "kubernetes.io")]
    pub kubernetes: Kubernetes,
}

/// A pod, in its token.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Kubernetes {
    /// Its namespace.
    pub namespace: String,
    /// The pod.
    pub pod: Named,
    /// Its service account.
    pub serviceaccount: Named,
}

/// Something with a name, in a token.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The uid.
    pub uid: String,
}

/// Session tags in a token.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Tags {
    /// Each tag with its one value in a list.
    #[serde(default)]
    pub principal_tags: BTreeMap<String, Vec<String>>,
}

/// A token that was read and not yet believed.
#[derive(Debug, Clone)]
pub struct Token {
    /// What it claims.
    pub claims: Claims,
    algorithm: String,
    key_id: Option<String>,
    signed: String,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
}

impl Token {
    /// Takes a JWT apart; answers nothing where it is not one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        Some(Self {
            claims: serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?,
            algorithm: header.alg,
            key_id: header.kid,
            signed: signed.to_owned(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }
}

fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(from)? {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    })
}

#[derive(Debug, Clone, Deserialize)]
struct Keys {
    keys: Vec<Key>,
}

#[derive(Debug, Clone, Deserialize)]
struct Key {
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
}

/// The issuers whose keys the gate knows how to fetch.
#[derive(Debug, Default)]
pub struct Issuers {
    addresses: Mutex<BTreeMap<String, String>>,
    kept: Mutex<BTreeMap<String, Keys>>,
    client: reqwest::Client,
}

impl Issuers {
    /// Knows where each issuer publishes its keys.
    #[must_use]
    pub fn new(addresses: BTreeMap<String, String>) -> Self {
        Self {
            addresses: Mutex::new(addresses),
            kept: Mutex::default(),
            client: reqwest::Client::new(),
        }
    }

    /// Learns where an issuer publishes its keys: a cluster is made, with an issuer of its own, while the gate runs.
    pub fn learn(&self, issuer: String, keys: String) {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(issuer, keys);
    }

    /// Checks a token's signature, or says what is wrong with it.
    pub async fn verify(&self, token: &Token) -> Result<(), String> {
        if token.algorithm != "RS256" {
            return Err(format!(
                "Token is signed with {}, which is not supported: RS256 is",
                token.algorithm
            ));
        }
        let issuer = &token.claims.iss;
        let address = self
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(issuer)
            .cloned();
        let Some(address) = address else {
            return Err(format!(
                "Couldn't retrieve verification key from your identity provider {issuer}"
            ));
        };
        let kept = self
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(issuer)
            .cloned();
        if kept.is_some_and(|keys| keys.sign(token)) {
            return Ok(());
        }
        // The keys may have been rotated since they were read: ask once more before saying no.
        let keys = self.fetch(&address).await.map_err(|error| {
            tracing::warn!(%issuer, %address, %error, "the issuer's keys cannot be read");
            format!(
                "Couldn't retrieve verification key from your identity provider {issuer}: {error}"
            )
        })?;
        let valid = keys.sign(token);
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(issuer.clone(), keys);
        if valid {
            Ok(())
        } else {
            Err("Token signature invalid".to_owned())
        }
    }

    async fn fetch(&self, address: &str) -> reqwest::Result<Keys> {
        self.client
            .get(address)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await
    }
}

impl Keys {
    fn sign(&self, token: &Token) -> bool {
        self.keys
            .iter()
            .filter(|key| token.key_id.is_none() || key.kid == token.key_id)
            .any(|key| key.signed(token).unwrap_or(false))
    }
}

impl Key {
    fn signed(&self, token: &Token) -> Option<bool> {
        let n = URL_SAFE_NO_PAD.decode(&self.n).ok()?;
        let e = URL_SAFE_NO_PAD.decode(&self.e).ok()?;
        let key = RsaPublicKeyComponents { n: &n, e: &e };
        let checked = key.verify(
            &RSA_PKCS1_2048_8192_SHA256,
            token.signed.as_bytes(),
            &token.signature,
        );
        Some(checked.is_ok())
    }
}
