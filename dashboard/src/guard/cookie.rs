//! The one cookie: its name, how it is read, how it is set. What its value opens is for `session` and `proxy`.

use http::{HeaderMap, HeaderValue, header};

/// Behind TLS the browser itself then promises that no other host, and nobody without TLS, has set it.
const BEHIND_TLS: &str = "__Host-failover";
/// The longest value that is looked at.
const VALUE_MAX: usize = 64;

/// A cookie of this dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cookie {
    name: String,
    secure: bool,
}

impl Cookie {
    /// The cookie of whom `host` names. `__Host-` needs TLS, which loopback has not; there browsers give one cookie to every port of a machine, so that the
    /// port is in the name: two dashboards on one machine do not sign each other out.
    pub(crate) fn new(host: &str, https: bool) -> Self {
        let port = host.rsplit_once(':').map(|(_, port)| port).filter(|port| port.bytes().all(|c| c.is_ascii_digit()));
        let name = if https { BEHIND_TLS.to_owned() } else { format!("failover-{}", port.unwrap_or("80")) };
        Self { name, secure: https }
    }

    /// Its value. Two different ones are none: somebody else set one of them.
    pub(crate) fn read<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
        let mut values =
            pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(name, _)| *name == self.name).map(|(_, value)| value);
        let value = values.next()?;
        let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
        (values.all(|other| other == value) && (1..=VALUE_MAX).contains(&value.len()) && value.bytes().all(plain)).then_some(value)
    }

    /// The header that sets it until the browser closes. Lax where it opens nothing by itself and links may lead here; strict where it does.
    pub(crate) fn set(&self, value: &str, site: SameSite) -> Option<HeaderValue> {
        let (name, secure) = (&self.name, if self.secure { "; Secure" } else { "" });
        HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite={}{secure}", site.as_str())).ok()
    }

    /// The header that removes it.
    pub(crate) fn forget(&self) -> Option<HeaderValue> {
        let (name, secure) = (&self.name, if self.secure { "; Secure" } else { "" });
        HeaderValue::from_str(&format!("{name}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0{secure}")).ok()
    }
}

/// When a browser sends a cookie along with what another site leads to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SameSite {
    Strict,
    Lax,
}

impl SameSite {
    fn as_str(self) -> &'static str {
        match self {
            SameSite::Strict => "Strict",
            SameSite::Lax => "Lax",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_str(line).unwrap());
        }
        Cookie::new("127.0.0.1:4000", false).read(&headers).map(str::to_owned)
    }

    #[test]
    fn it_is_found_among_others() {
        assert_eq!(read(&["a=b; failover-4000=x_-9;c"]), Some("x_-9".to_owned()));
        assert_eq!(read(&["failover-4001=x", "failover-4000=y; failover-4000=y"]), Some("y".to_owned()));
    }

    #[test]
    fn what_is_not_one_plain_value_is_none() {
        for lines in [
            &["failover-4000=x; failover-4000=y"][..],
            &["failover-4000="],
            &["failover-4000"],
            &["failover-4000=a b"],
            &["xfailover-4000=a"],
            &[],
        ] {
            assert_eq!(read(lines), None, "{lines:?}");
        }
        assert_eq!(read(&[&format!("failover-4000={}", "a".repeat(65))]), None);
    }

    #[test]
    fn behind_tls_it_bears_the_prefix_and_its_conditions() {
        let cookie = Cookie::new("failover.example.com", true);
        assert_eq!(cookie.set("v", SameSite::Lax).unwrap(), "__Host-failover=v; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(
            Cookie::new("[::1]:4000", false).set("v", SameSite::Strict).unwrap(),
            "failover-4000=v; Path=/; HttpOnly; SameSite=Strict"
        );
    }
}
