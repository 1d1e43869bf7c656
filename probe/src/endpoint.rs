//! The address of one API, parsed once: scheme, host, port and path prefix.
//!
//! Nothing is resolved here.

use std::net::IpAddr;

use decision::RegionName;
use http::Uri;
use rustls::pki_types::ServerName;

use crate::settings::SettingsError;

/// What an address may begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// `http` or `https`.
    Rest,
    /// `ws` or `wss`.
    WebSocket,
}

/// A host: a name to ask for, or an address already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    Name(String),
    Ip(IpAddr),
}

/// One API's address.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) host: Host,
    pub(crate) port: u16,
    /// The name to verify the certificate against; `None` = no TLS.
    pub(crate) tls: Option<ServerName<'static>>,
    /// What goes into `Host`.
    pub(crate) authority: String,
    /// `""`, or a stage as in `/prod`.
    pub(crate) prefix: String,
}

impl Endpoint {
    /// Parses an address.
    pub(crate) fn parse(region: &RegionName, url: &str, scheme: Scheme) -> Result<Self, SettingsError> {
        let bad = |why| SettingsError::Address { region: region.clone(), url: url.chars().take(100).collect(), why };
        let uri: Uri = url.parse().map_err(|_| bad("it is not a URL"))?;
        let tls = match (scheme, uri.scheme_str()) {
            (Scheme::Rest, Some("http")) | (Scheme::WebSocket, Some("ws")) => false,
            (Scheme::Rest, Some("https")) | (Scheme::WebSocket, Some("wss")) => true,
            (Scheme::Rest, _) => return Err(bad("it must begin with http:// or https://")),
            (Scheme::WebSocket, _) => return Err(bad("it must begin with ws:// or wss://")),
        };
        let authority = uri.authority().ok_or_else(|| bad("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(bad("it must not hold a user"));
        }
        if uri.query().is_some() {
            return Err(bad("it must not hold a query"));
        }
        let text = authority.host();
        let literal = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        let host = match literal.parse::<IpAddr>() {
            Ok(ip) => Host::Ip(ip),
            Err(_) if text.is_empty() || text.len() > 253 => return Err(bad("its host is empty or too long")),
            Err(_) => Host::Name(text.to_owned()),
        };
        let server_name = match &host {
            Host::Ip(ip) => ServerName::from(*ip),
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| bad("its host is not a name"))?,
        };
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self {
            host,
            port,
            tls: tls.then_some(server_name),
            authority: authority.as_str().to_owned(),
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str, scheme: Scheme) -> Result<Endpoint, String> {
        let region = RegionName::new("eu-west-2").unwrap();
        Endpoint::parse(&region, url, scheme).map_err(|error| error.to_string())
    }

    #[test]
    fn names_literals_ports_and_stages_are_taken() {
        let plain = parse("http://eu-west-2.api.chat.test:8080", Scheme::Rest).unwrap();
        assert_eq!((plain.host, plain.port, plain.prefix.as_str()), (Host::Name("eu-west-2.api.chat.test".into()), 8080, ""));
        assert!(plain.tls.is_none());
        let staged = parse("wss://abc.execute-api.eu-west-2.amazonaws.com/prod/", Scheme::WebSocket).unwrap();
        assert_eq!((staged.port, staged.prefix.as_str()), (443, "/prod"));
        assert!(staged.tls.is_some());
        let v6 = parse("http://[::1]:9000", Scheme::Rest).unwrap();
        assert_eq!((v6.host, v6.authority.as_str()), (Host::Ip("::1".parse().unwrap()), "[::1]:9000"));
    }

    #[test]
    fn anything_else_is_refused_with_the_reason() {
        for (url, scheme, why) in [
            ("ws://chat.test", Scheme::Rest, "http://"),
            ("https://chat.test", Scheme::WebSocket, "ws://"),
            ("chat.test", Scheme::Rest, "http://"),
            ("http://user@chat.test", Scheme::Rest, "user"),
            ("http://chat.test/?a=b", Scheme::Rest, "query"),
            ("http://a b", Scheme::Rest, "not a URL"),
            ("https://-bad-.test_/", Scheme::Rest, "not a name"),
        ] {
            let error = parse(url, scheme).unwrap_err();
            assert!(error.contains(why), "{url}: {error}");
        }
    }
}
