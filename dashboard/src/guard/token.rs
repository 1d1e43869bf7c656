//! Signed tokens (JWT) of a sign-in proxy: read, verified, judged. Pure; the keys come from `keys`.
//!
//! Two algorithms, told by the *key*, never by the token: RS256 and ES256. There is no code here for `none` or for shared secrets, so no header can choose
//! them. Written on `ring` because load balancers pad their base64, which the JWT libraries refuse, and because it is in the tree already.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::key::{Algorithm, PublicKey};

/// The longest token that is read.
const TOKEN_MAX: usize = 16 * 1024;
/// The longest key id.
pub(crate) const KID_MAX: usize = 128;
/// How far two clocks may be apart.
const LEEWAY: SignedDuration = SignedDuration::from_secs(60);
/// No token is good for longer, whatever it says of itself.
const LIFE_MAX: SignedDuration = SignedDuration::from_hours(24);

const BASE64: GeneralPurpose =
    GeneralPurpose::new(&URL_SAFE, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// Why a token proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFault {
    /// There is none.
    #[error("there is none")]
    Missing,
    /// The header is there twice.
    #[error("there are two")]
    Twice,
    /// It is not three parts of base64 with JSON in the first two, or it is too long.
    #[error("it is not a signed JWT of at most 16 KiB")]
    Malformed,
    /// It asks for an algorithm that is not taken, or one that its key is not for.
    #[error("it is signed by an algorithm that is not taken here")]
    Algorithm,
    /// It demands an extension that is not known here.
    #[error("it has a critical extension")]
    Critical,
    /// No key is known by its key id.
    #[error("its key is not known")]
    UnknownKey,
    /// The keys could not be fetched.
    #[error("the keys of its issuer cannot be had")]
    NoKeys,
    /// The signature is wrong.
    #[error("its signature is wrong")]
    Signature,
    /// Another issuer's.
    #[error("it is of another issuer")]
    Issuer,
    /// For another audience.
    #[error("it is for another audience")]
    Audience,
    /// Signed by another load balancer.
    #[error("it was signed by another load balancer")]
    Signer,
    /// It has no end, or one too far away.
    #[error("it has no end within a day")]
    NoEnd,
    /// Expired.
    #[error("it has expired")]
    Expired,
    /// Not valid yet.
    #[error("it is not valid yet")]
    NotYet,
    /// It names nobody in a way that can stand in the log.
    #[error("it names nobody who could stand in the log")]
    Nobody,
    /// The issuer itself says that the address is not proven.
    #[error("its issuer has not verified the e-mail address")]
    Unverified,
}

/// What a token says of itself.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// What it demands to be understood: nothing is.
    crit: Option<Value>,
    // A load balancer says these here.
    signer: Option<String>,
    client: Option<String>,
    iss: Option<String>,
    exp: Option<f64>,
}

/// What a token has to say to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    /// The ARN of the load balancer that signs. `None`: an identity provider does.
    pub(crate) signer: Option<String>,
}

/// A token of which nothing is proven.
pub(crate) struct Unproven<'a> {
    header: Header,
    algorithm: Algorithm,
    kid: String,
    signed: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
}

/// What its issuer says of a person.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Claims(Map<String, Value>);

impl<'a> Unproven<'a> {
    pub(crate) fn read(token: &'a str) -> Result<Self, TokenFault> {
        if token.len() > TOKEN_MAX {
            return Err(TokenFault::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
        let (header, payload) = signed.split_once('.').filter(|(_, payload)| !payload.contains('.')).ok_or(TokenFault::Malformed)?;
        let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| TokenFault::Malformed)?;
        let algorithm = Algorithm::named(&header.alg).ok_or(TokenFault::Algorithm)?;
        if header.crit.is_some() {
            return Err(TokenFault::Critical);
        }
        let kid = header.kid.clone().filter(|kid| (1..=KID_MAX).contains(&kid.len())).ok_or(TokenFault::UnknownKey)?;
        Ok(Self { algorithm, kid, signed, payload, signature: decoded(signature)?, header })
    }

    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// What it says, once it is proven that the holder of `key` said it, to us, and for now.
    pub(crate) fn proven(self, key: &PublicKey, rules: &Rules, now: Timestamp) -> Result<Claims, TokenFault> {
        if key.algorithm() != self.algorithm {
            return Err(TokenFault::Algorithm);
        }
        if !key.has_signed(self.signed.as_bytes(), &self.signature) {
            return Err(TokenFault::Signature);
        }
        let Ok(Value::Object(claims)) = serde_json::from_slice(&decoded(self.payload)?) else { return Err(TokenFault::Malformed) };
        match &rules.signer {
            Some(signer) => judge_balancer(&self.header, &claims, rules, signer, now)?,
            None => judge_provider(&claims, rules, now)?,
        }
        Ok(Claims(claims))
    }
}

/// The rules for tokens of an identity provider: all is in the claims.
fn judge_provider(claims: &Map<String, Value>, rules: &Rules, now: Timestamp) -> Result<(), TokenFault> {
    if claims.get("iss").and_then(Value::as_str) != Some(&rules.issuer) {
        return Err(TokenFault::Issuer);
    }
    let is_for_us = match claims.get("aud") {
        Some(Value::String(one)) => *one == rules.audience,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(&rules.audience)),
        _ => false,
    };
    if !is_for_us {
        return Err(TokenFault::Audience);
    }
    judge_times(number(claims, "exp")?.ok_or(TokenFault::NoEnd)?, claims, now)
}

/// The rules for tokens of a load balancer: it says in the *header* who it is, for whom and until when; both are signed.
fn judge_balancer(header: &Header, claims: &Map<String, Value>, rules: &Rules, signer: &str, now: Timestamp) -> Result<(), TokenFault> {
    if header.signer.as_deref() != Some(signer) {
        return Err(TokenFault::Signer);
    }
    if header.iss.as_deref() != Some(rules.issuer.as_str()) {
        return Err(TokenFault::Issuer);
    }
    if header.client.as_deref() != Some(rules.audience.as_str()) {
        return Err(TokenFault::Audience);
    }
    let end = header.exp.ok_or(TokenFault::NoEnd)?;
    judge_times(number(claims, "exp")?.map_or(end, |other| end.min(other)), claims, now)
}

fn judge_times(end: f64, claims: &Map<String, Value>, now: Timestamp) -> Result<(), TokenFault> {
    let (now, leeway) = (now.as_millisecond() as f64 / 1e3, LEEWAY.as_secs_f64());
    if end + leeway <= now {
        return Err(TokenFault::Expired);
    }
    if end - now > LIFE_MAX.as_secs_f64() {
        return Err(TokenFault::NoEnd);
    }
    for start in ["nbf", "iat"] {
        if number(claims, start)?.is_some_and(|start| start > now + leeway) {
            return Err(TokenFault::NotYet);
        }
    }
    Ok(())
}

/// A moment in seconds since 1970, whole or not. A text in its place is no moment.
fn number(claims: &Map<String, Value>, name: &str) -> Result<Option<f64>, TokenFault> {
    claims.get(name).map(|value| value.as_f64().ok_or(TokenFault::Malformed)).transpose()
}

fn decoded(part: &str) -> Result<Vec<u8>, TokenFault> {
    BASE64.decode(part).map_err(|_| TokenFault::Malformed)
}

impl Claims {
    /// The name under `claim`. An e-mail address that the issuer itself calls unverified is nobody's: anybody may have typed it.
    pub(crate) fn actor(&self, claim: &str) -> Result<&str, TokenFault> {
        let unverified = |value: &Value| matches!(value, Value::Bool(false)) || value.as_str() == Some("false");
        if claim == "email" && self.0.get("email_verified").is_some_and(unverified) {
            return Err(TokenFault::Unverified);
        }
        let actor = self.0.get(claim).and_then(Value::as_str).map(str::trim).ok_or(TokenFault::Nobody)?;
        if is_actor(actor) { Ok(actor) } else { Err(TokenFault::Nobody) }
    }

    /// The groups under `claim`: a list of names, or one name. Never a text that is taken apart: a group's name may hold any sign.
    pub(crate) fn groups(&self, claim: &str) -> Vec<&str> {
        match self.0.get(claim) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// Whether `actor` may stand in an intent: one line, not empty, not too long, and nothing in it that turns the line around or hides.
pub(crate) fn is_actor(actor: &str) -> bool {
    let misleads =
        |c: char| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    !actor.trim().is_empty() && actor.chars().count() <= decision::ACTOR_MAX && !actor.chars().any(misleads)
}
