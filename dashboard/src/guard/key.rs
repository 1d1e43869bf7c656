//! Public keys: as a key set (JWKS) or a load balancer (PEM) publishes them. Checks signatures; knows no token.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;

/// Keys that are kept of one set.
pub(crate) const KEYS_MAX: usize = 32;
/// The shortest and longest RSA modulus, in bytes: 2048 to 4096 bits.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=512;
/// A point on P-256, uncompressed: a 4 and two numbers.
const POINT: usize = 65;
/// What stands before the point where a P-256 key is written as PEM: always the same 26 bytes of DER (RFC 5480).
const P256_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
    0x07, 0x03, 0x42, 0x00,
];

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Es256,
}

impl Algorithm {
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Algorithm::Rs256),
            "ES256" => Some(Algorithm::Es256),
            _ => None,
        }
    }
}

/// A key that can tell who signed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    P256 { point: Vec<u8> },
}

/// One key of a set, as published. Of other kinds than ours only the kind is read.
#[derive(Deserialize)]
struct Published {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    n: Option<String>,
    e: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

impl PublicKey {
    pub(crate) fn algorithm(&self) -> Algorithm {
        match self {
            PublicKey::Rsa { .. } => Algorithm::Rs256,
            PublicKey::P256 { .. } => Algorithm::Es256,
        }
    }

    /// Whether the holder of the private half signed `message`.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            PublicKey::Rsa { modulus, exponent } => {
                let key = RsaPublicKeyComponents { n: modulus, e: exponent };
                key.verify(&signature::RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
            PublicKey::P256 { point } => {
                UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
        }
    }

    /// The key of a PEM text, if it is one on P-256: load balancers have no others.
    pub(crate) fn from_pem(text: &str) -> Option<Self> {
        let body = text.trim().strip_prefix("-----BEGIN PUBLIC KEY-----")?.strip_suffix("-----END PUBLIC KEY-----")?;
        let body: String = body.split_ascii_whitespace().collect();
        let point = STANDARD.decode(body).ok()?.strip_prefix(&P256_HEAD)?.to_vec();
        Self::on_p256(point)
    }

    fn on_p256(point: Vec<u8>) -> Option<Self> {
        (point.len() == POINT && point.first() == Some(&4)).then_some(PublicKey::P256 { point })
    }
}

/// The keys of a set that are for signatures we can check, by key id. A key without an id cannot be asked for; of two with one id the first stands.
pub(crate) fn of_set(json: &[u8]) -> Option<Vec<(String, PublicKey)>> {
    let set: Set = serde_json::from_slice(json).ok()?;
    let mut keys: Vec<(String, PublicKey)> = Vec::new();
    for key in set.keys {
        let Some((kid, key)) = serde_json::from_value(key).ok().and_then(of_published) else { continue };
        if keys.len() < KEYS_MAX && !keys.iter().any(|(known, _)| *known == kid) {
            keys.push((kid, key));
        }
    }
    Some(keys)
}

fn of_published(key: Published) -> Option<(String, PublicKey)> {
    let number = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
    if key.purpose.is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    let public = match key.kty.as_str() {
        "RSA" => {
            let mut modulus = number(key.n)?;
            let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
            modulus.drain(..zeros);
            MODULUS.contains(&modulus.len()).then_some(PublicKey::Rsa { modulus, exponent: number(key.e)? })?
        }
        "EC" if key.crv.as_deref() == Some("P-256") => PublicKey::on_p256([vec![4], number(key.x)?, number(key.y)?].concat())?,
        _ => return None,
    };
    let stated = key.alg.as_deref().is_none_or(|alg| Algorithm::named(alg) == Some(public.algorithm()));
    let kid = key.kid.filter(|kid| (1..=super::token::KID_MAX).contains(&kid.len()))?;
    stated.then_some((kid, public))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7515, appendix A.2.
    const MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b\
         32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhy\
         xXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    const SIGNED: &str =
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAyn\
         RFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9\
         QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    fn set(keys: &str) -> Vec<(String, PublicKey)> {
        of_set(format!("{{\"keys\":[{keys}]}}").as_bytes()).unwrap()
    }

    fn rsa(also: &str) -> String {
        format!("{{\"kty\":\"RSA\",\"kid\":\"a\",\"n\":\"{MODULUS}\",\"e\":\"AQAB\"{also}}}")
    }

    #[test]
    fn the_example_of_the_standard_is_verified() {
        let keys = set(&rsa(""));
        let signature = URL_SAFE_NO_PAD.decode(SIGNATURE).unwrap();
        assert!(keys[0].1.has_signed(SIGNED.as_bytes(), &signature));
        assert!(!keys[0].1.has_signed(&SIGNED.as_bytes()[1..], &signature));
    }

    #[test]
    fn keys_for_something_else_are_left_out() {
        assert_eq!(set(&rsa(",\"use\":\"sig\",\"alg\":\"RS256\",\"x5c\":[]")).len(), 1);
        for also in [",\"use\":\"enc\"", ",\"alg\":\"RS512\"", ",\"alg\":\"HS256\""] {
            assert_eq!(set(&rsa(also)), [], "{also}");
        }
        for other in
            ["{}", "7", "{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"AAAA\"}", "{\"kty\":\"RSA\",\"kid\":\"a\",\"n\":\"AQAB\",\"e\":\"AQAB\"}"]
        {
            assert_eq!(set(other), [], "{other}");
        }
        assert_eq!(of_set(b"[]"), None);
    }

    #[test]
    fn a_set_is_bounded_and_has_one_key_per_id() {
        let many: Vec<String> = (0..100).map(|n| rsa("").replace("\"a\"", &format!("\"{}\"", n % 50))).collect();
        assert_eq!(set(&many.join(",")).len(), KEYS_MAX);
        assert_eq!(set(&[rsa(""), rsa("")].join(",")).len(), 1);
    }
}
