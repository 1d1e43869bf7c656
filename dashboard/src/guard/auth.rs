//! How people sign in, as settings: read, checked, and held against the address that is to be listened on.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::HeaderName;
use serde::Deserialize;

use super::fetch::{Address, Fetcher};
use super::keys::{Keys, Source};
use super::person::Role;
use super::token::{Rules, is_actor};

/// Names in a list of groups.
const GROUPS_MAX: usize = 64;
/// The longest text of a setting, in bytes.
const TEXT_MAX: usize = 512;
/// The shortest secret, in bytes.
const SECRET_MIN: usize = 32;

/// How people sign in.
#[derive(Debug, Clone)]
pub enum Auth {
    /// On this machine only, by links that work once.
    Loopback(Loopback),
    /// Behind a proxy that signs in people and says so in a signed token.
    Proxy(Box<Proxy>),
}

/// Everybody who has a link is the person who started the dashboard.
#[derive(Debug, Clone)]
pub struct Loopback {
    pub(crate) actor: String,
    pub(crate) role: Role,
}

/// Whose tokens are taken, and what the people in them may do. Made of [`ProxySettings`].
#[derive(Debug, Clone)]
pub struct Proxy {
    pub(crate) rules: Rules,
    pub(crate) keys: Arc<Keys>,
    pub(crate) header: HeaderName,
    pub(crate) actor_claim: String,
    pub(crate) groups_claim: String,
    pub(crate) operators: Vec<String>,
    pub(crate) viewers: Option<Vec<String>>,
    pub(crate) form_secret: Option<Secret>,
}

/// A text that no log shows.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// A sign-in proxy as people describe it, in a file or in the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProxySettings {
    /// Who issues the tokens: `iss`.
    pub issuer: String,
    /// For whom they are: `aud`, which is the client id for most; a load balancer's `client`.
    pub audience: String,
    /// Where the issuer publishes its keys: the `jwks_uri` of its configuration. With `signer`, where load balancers publish theirs; known for most regions.
    pub keys: Option<String>,
    /// Certificates (PEM) of authorities to be trusted beside the public ones where keys are fetched.
    pub extra_roots: Option<String>,
    /// The ARN of the Application Load Balancer that signs people in, if one does.
    pub signer: Option<String>,
    /// The header with the token: `authorization` (`Bearer …`) by default, `x-amzn-oidc-data` with `signer`.
    pub header: Option<String>,
    /// The claim that names a person in intents and in the log: `email` by default.
    pub actor_claim: Option<String>,
    /// The claim with the groups: `groups` by default.
    pub groups_claim: Option<String>,
    /// Who may write, by group. Nobody may where it is empty.
    pub operators: Vec<String>,
    /// Who may look, by group, beside the operators. Everybody whom the proxy lets through where it is not given; nobody where it is empty.
    pub viewers: Option<Vec<String>>,
    /// Where several processes answer (a Lambda): what they share to know one another's forms, at least 32 bytes.
    pub form_secret: Option<Secret>,
}

/// What is wrong with how people are to sign in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The name of who started it cannot stand in an intent.
    #[error("the actor is one line of 1 to {} characters", decision::ACTOR_MAX)]
    Actor,
    /// Something is missing or too long.
    #[error("a sign-in proxy needs {0}, of 1 to {TEXT_MAX} printable characters")]
    Text(&'static str),
    /// Not an address for keys.
    #[error("the keys' address is an https URL, or http on this machine")]
    Keys,
    /// Not certificates.
    #[error("the extra roots are certificates of authorities, as PEM")]
    Roots,
    /// Not an ARN of a load balancer of which it is known where it publishes keys.
    #[error(
        "the signer is the ARN of an Application Load Balancer; outside of the regions aws and aws-us-gov, `keys` says where its keys are"
    )]
    Signer,
    /// Not a name of a header.
    #[error("that is no name of a header that can carry a token")]
    Header,
    /// A list of groups that does not mean what it seems to.
    #[error("{0} are at most {GROUPS_MAX} names of groups; there is no name for everybody")]
    Groups(&'static str),
    /// The shared secret can be guessed.
    #[error("the form secret has at least {SECRET_MIN} bytes")]
    Secret,
    /// To be listened on beyond this machine, with nobody to sign people in.
    #[error("{0} can be reached from other machines, and nothing there would say who asks; listen on 127.0.0.1, or name a sign-in proxy")]
    Beyond(SocketAddr),
}

impl Auth {
    /// By link, as `actor`; who only wants to look is a [`Role::Viewer`].
    ///
    /// # Errors
    /// A name that cannot stand in an intent.
    pub fn loopback(actor: &str, role: Role) -> Result<Self, AuthError> {
        if is_actor(actor) { Ok(Auth::Loopback(Loopback { actor: actor.to_owned(), role })) } else { Err(AuthError::Actor) }
    }

    /// Behind a proxy.
    ///
    /// # Errors
    /// The first setting that cannot be meant.
    pub fn proxy(settings: ProxySettings) -> Result<Self, AuthError> {
        Proxy::new(settings).map(|proxy| Auth::Proxy(Box::new(proxy)))
    }

    /// Whether `address` may be listened on: beyond this machine only behind a proxy.
    ///
    /// # Errors
    /// [`AuthError::Beyond`].
    pub fn may_listen(&self, address: SocketAddr) -> Result<(), AuthError> {
        let is_here = address.ip().to_canonical().is_loopback();
        if is_here || matches!(self, Auth::Proxy(_)) { Ok(()) } else { Err(AuthError::Beyond(address)) }
    }

    /// Whether people reach the dashboard by TLS: behind a proxy they do.
    pub(crate) fn is_behind_tls(&self) -> bool {
        matches!(self, Auth::Proxy(_))
    }
}

impl Proxy {
    fn new(settings: ProxySettings) -> Result<Self, AuthError> {
        let issuer = text(settings.issuer, "an issuer")?;
        let audience = text(settings.audience, "an audience")?;
        let actor_claim = text(settings.actor_claim.unwrap_or_else(|| "email".to_owned()), "a claim for the actor")?;
        let groups_claim = text(settings.groups_claim.unwrap_or_else(|| "groups".to_owned()), "a claim for the groups")?;
        let given = settings.keys.as_deref().map(|url| Address::parse(url).ok_or(AuthError::Keys)).transpose()?;
        let (source, usual) = match &settings.signer {
            Some(arn) => (Source::Each(keys_of_balancer(arn, given)?), "x-amzn-oidc-data"),
            None => (Source::Set(given.ok_or(AuthError::Keys)?), "authorization"),
        };
        let header: HeaderName = settings.header.as_deref().unwrap_or(usual).parse().map_err(|_| AuthError::Header)?;
        // Browsers set these themselves, and forms of other sites could make them.
        if matches!(header.as_str(), "cookie" | "host" | "origin" | "referer" | "user-agent" | "accept" | "content-type") {
            return Err(AuthError::Header);
        }
        if settings.form_secret.as_ref().is_some_and(|secret| secret.0.len() < SECRET_MIN) {
            return Err(AuthError::Secret);
        }
        Ok(Self {
            rules: Rules { issuer, audience, signer: settings.signer },
            keys: Keys::new(source, Fetcher::new(settings.extra_roots.as_deref()).ok_or(AuthError::Roots)?),
            header,
            actor_claim,
            groups_claim,
            operators: groups(settings.operators, "operators")?,
            viewers: settings.viewers.map(|viewers| groups(viewers, "viewers")).transpose()?,
            form_secret: settings.form_secret,
        })
    }
}

fn text(text: String, what: &'static str) -> Result<String, AuthError> {
    let plain = (1..=TEXT_MAX).contains(&text.len()) && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    if plain { Ok(text) } else { Err(AuthError::Text(what)) }
}

/// `*` is refused because it means everybody elsewhere; here it would be a group of that name.
fn groups(names: Vec<String>, which: &'static str) -> Result<Vec<String>, AuthError> {
    let meant =
        |name: &String| (1..=TEXT_MAX).contains(&name.len()) && name.trim() == name && name != "*" && !name.chars().any(char::is_control);
    if names.len() <= GROUPS_MAX && names.iter().all(meant) { Ok(names) } else { Err(AuthError::Groups(which)) }
}

/// Where the load balancers of a region publish their keys ([AWS-DOC] Application Load Balancer, user claims and signatures).
fn keys_of_balancer(arn: &str, given: Option<Address>) -> Result<Address, AuthError> {
    let mut parts = arn.splitn(6, ':');
    let mut next = || parts.next().unwrap_or_default();
    let (prefix, partition, service, region, account, resource) = (next(), next(), next(), next(), next(), next());
    let plain = |text: &str| {
        !text.is_empty() && text.len() <= 32 && text.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
    };
    let is_one = prefix == "arn"
        && service == "elasticloadbalancing"
        && plain(region)
        && plain(account)
        && resource.starts_with("loadbalancer/app/");
    if !is_one {
        return Err(AuthError::Signer);
    }
    let usual = match partition {
        "aws" => Address::parse(&format!("https://public-keys.auth.elb.{region}.amazonaws.com")),
        "aws-us-gov" => Address::parse(&format!("https://s3-{region}.amazonaws.com/aws-elb-public-keys-prod-{region}")),
        _ => None,
    };
    given.or(usual).ok_or(AuthError::Signer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/ops/50dc6c495c0c9188";

    fn oidc() -> ProxySettings {
        ProxySettings {
            issuer: "https://idp.example".to_owned(),
            audience: "failover".to_owned(),
            keys: Some("https://idp.example/keys".to_owned()),
            ..ProxySettings::default()
        }
    }

    fn fault(change: impl FnOnce(&mut ProxySettings)) -> Option<AuthError> {
        let mut settings = oidc();
        change(&mut settings);
        Auth::proxy(settings).err()
    }

    #[test]
    fn only_a_proxy_lets_the_dashboard_be_reached_from_elsewhere() {
        let (link, proxy) = (Auth::loopback("ana", Role::Operator).unwrap(), Auth::proxy(oidc()).unwrap());
        for here in ["127.0.0.1:0", "127.9.9.9:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
            assert_eq!((link.may_listen(here.parse().unwrap()), proxy.may_listen(here.parse().unwrap())), (Ok(()), Ok(())), "{here}");
        }
        for beyond in ["0.0.0.0:80", "[::]:80", "10.0.0.1:80", "[fe80::1]:80", "[::ffff:10.0.0.1]:80"] {
            let beyond: SocketAddr = beyond.parse().unwrap();
            assert_eq!((link.may_listen(beyond), proxy.may_listen(beyond)), (Err(AuthError::Beyond(beyond)), Ok(())));
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        assert_eq!(fault(|_| ()), None);
        assert_eq!(fault(|of| of.issuer.clear()), Some(AuthError::Text("an issuer")));
        assert_eq!(fault(|of| of.audience = "a\nb".to_owned()), Some(AuthError::Text("an audience")));
        assert_eq!(fault(|of| of.keys = None), Some(AuthError::Keys));
        assert_eq!(fault(|of| of.keys = Some("http://idp.example/keys".to_owned())), Some(AuthError::Keys));
        assert_eq!(fault(|of| of.extra_roots = Some("-----BEGIN CERTIFICATE-----".to_owned())), Some(AuthError::Roots));
        assert_eq!(fault(|of| of.header = Some("cookie".to_owned())), Some(AuthError::Header));
        assert_eq!(fault(|of| of.header = Some("a b".to_owned())), Some(AuthError::Header));
        for everybody in ["*", "", " ops"] {
            assert_eq!(fault(|of| of.operators = vec![everybody.to_owned()]), Some(AuthError::Groups("operators")));
            assert_eq!(fault(|of| of.viewers = Some(vec![everybody.to_owned()])), Some(AuthError::Groups("viewers")));
        }
        assert_eq!(fault(|of| of.form_secret = Some("short".to_owned().into())), Some(AuthError::Secret));
        assert_eq!(Auth::loopback(" ", Role::Viewer).err(), Some(AuthError::Actor));
        assert_eq!(Auth::loopback("ana\u{202e}", Role::Viewer).err(), Some(AuthError::Actor));
    }

    #[test]
    fn a_load_balancers_keys_are_where_its_region_has_them() {
        let known = keys_of_balancer(ARN, None).unwrap();
        assert_eq!(Some(known), Address::parse("https://public-keys.auth.elb.eu-west-1.amazonaws.com"));
        for arn in
            ["", "arn:aws", &ARN.replace("app", "net"), &ARN.replace("eu-west-1", "evil.example/"), &ARN.replace("arn:aws:", "arn:aws-cn:")]
        {
            assert_eq!(keys_of_balancer(arn, None), Err(AuthError::Signer), "{arn}");
        }
        assert!(keys_of_balancer(&ARN.replace("arn:aws:", "arn:aws-cn:"), Address::parse("https://keys.example")).is_ok());
    }

    #[test]
    fn a_secret_is_not_shown() {
        let shown = format!("{:?}", Secret("hush".to_owned()));
        assert!(!shown.contains("hush"));
    }
}
