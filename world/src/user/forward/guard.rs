//! Who may ask, and what the browser may do with the reply: host and origin lists, and the headers on everything.
//!
//! Before everything else: nothing is looked up, read or forwarded for a request that fails here.

use std::net::SocketAddr;

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Request, Uri};

/// The page runs its own script and style, talks to its own server, and can be framed by nobody.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// The names under which this server is known, and no others: a page of another site whose name is made to lead here is refused.
#[derive(Debug)]
pub(super) struct Guard {
    hosts: [String; 2],
}

/// A request from where none may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("this server answers only to its own address")]
    Host,
    #[error("this server answers only to its own pages")]
    Origin,
}

impl Guard {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { hosts: [address.to_string(), format!("localhost:{}", address.port())] }
    }

    /// Browsers always send `Host`, and `Origin` with every WebSocket and every request from another site; a command line need not.
    pub(super) fn check<B>(&self, request: &Request<B>) -> Result<(), Refusal> {
        let known = |host: &str| self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host));
        let mut hosts = request.headers().get_all(HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok());
        // A second host, or one in the request line, could mean another one to whoever reads it next.
        if !host.is_some_and(known) || hosts.next().is_some() || request.uri().authority().is_some() {
            return Err(Refusal::Host);
        }
        for origin in request.headers().get_all(ORIGIN) {
            let origin = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok());
            let own = |origin: &Uri| origin.scheme_str() == Some("http") && origin.authority().is_some_and(|host| known(host.as_str()));
            if !origin.as_ref().is_some_and(own) {
                return Err(Refusal::Origin);
            }
        }
        Ok(())
    }
}

/// Headers on every reply.
pub(super) fn harden(headers: &mut HeaderMap) {
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, headers: &[(HeaderName, &str)]) -> Result<(), Refusal> {
        let guard = Guard::new("127.0.0.1:4100".parse().unwrap());
        let mut request = Request::get(uri);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        guard.check(&request.body(()).unwrap())
    }

    #[test]
    fn only_its_own_names_are_answered() {
        for host in ["127.0.0.1:4100", "localhost:4100", "LOCALHOST:4100"] {
            assert_eq!(check("/", &[(HOST, host)]), Ok(()), "{host}");
        }
        for host in ["", "127.0.0.1", "evil.example", "evil.example:4100", "127.0.0.1:4101", "localhost:4100.evil.example"] {
            assert_eq!(check("/", &[(HOST, host)]), Err(Refusal::Host), "{host:?}");
        }
        assert_eq!(check("/", &[]), Err(Refusal::Host));
        assert_eq!(check("/", &[(HOST, "127.0.0.1:4100"), (HOST, "evil.example")]), Err(Refusal::Host));
        assert_eq!(check("http://evil.example/", &[(HOST, "127.0.0.1:4100")]), Err(Refusal::Host));
    }

    #[test]
    fn only_its_own_pages_are_answered() {
        let host = (HOST, "127.0.0.1:4100");
        assert_eq!(check("/", &[host.clone(), (ORIGIN, "http://localhost:4100")]), Ok(()));
        for origin in
            ["null", "http://evil.example", "https://127.0.0.1:4100", "http://127.0.0.1", "http://127.0.0.1:4100@evil.example", ""]
        {
            assert_eq!(check("/", &[host.clone(), (ORIGIN, origin)]), Err(Refusal::Origin), "{origin:?}");
        }
    }
}
