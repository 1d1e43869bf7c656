//! Whether a request comes from where it may: our own name (DNS rebinding), our own pages (other sites). Pure: headers in, an answer out.
//!
//! Who asks, and whether the form is theirs, is judged after this.

use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, header};

use super::refusal::Refusal;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const PURPOSES: [HeaderName; 3] =
    [HeaderName::from_static("sec-purpose"), HeaderName::from_static("purpose"), HeaderName::from_static("x-moz")];

/// The names under which this dashboard answers, and how browsers reach them.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    hosts: Vec<String>,
    scheme: &'static str,
}

impl Names {
    /// `hosts` as in `Host`, with the port where there is one; an empty list answers nobody.
    pub(crate) fn new(hosts: &[String], https: bool) -> Self {
        Self { hosts: hosts.iter().map(|host| host.to_ascii_lowercase()).collect(), scheme: if https { "https://" } else { "http://" } }
    }

    /// The name that was asked, one of ours. A site that lets its own name point here (DNS rebinding) is not asked under one of ours.
    pub(crate) fn asked(&self, parts: &Parts) -> Result<&str, Refusal> {
        let in_target = parts.uri.authority().map(http::uri::Authority::as_str);
        let named = match (only(&parts.headers, &header::HOST), in_target) {
            (Found::One(host), None) => host,
            (Found::One(host), Some(target)) if host.eq_ignore_ascii_case(target) => host,
            _ => return Err(Refusal::Host),
        };
        self.hosts.iter().find(|host| host.eq_ignore_ascii_case(named)).map(String::as_str).ok_or(Refusal::Host)
    }

    /// Whether the browser, if it is one, was made to ask by our own page, or by the person. `host` is that of [`Names::asked`].
    ///
    /// Another site may lead people here (a link in a chat), and nothing else: not even load a picture. Another port of this machine is another site.
    pub(crate) fn check_site(&self, host: &str, parts: &Parts) -> Result<(), Refusal> {
        let looks = matches!(parts.method, Method::GET | Method::HEAD);
        let by_us = match only(&parts.headers, &FETCH_SITE) {
            Found::None | Found::One("same-origin" | "none") => true,
            Found::One(_) => looks && is_opened(&parts.headers),
            Found::Unclear => false,
        };
        let from_us = match only(&parts.headers, &header::ORIGIN) {
            Found::None => true,
            Found::One(origin) => {
                let ours = origin.get(..self.scheme.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(self.scheme));
                ours && origin[self.scheme.len()..].eq_ignore_ascii_case(host)
            }
            Found::Unclear => false,
        };
        if by_us && from_us { Ok(()) } else { Err(Refusal::CrossSite) }
    }
}

/// Whether a person opens this in a tab, as far as the browser says: not as a picture, script, frame or fetch of some page.
fn is_opened(headers: &HeaderMap) -> bool {
    matches!(only(headers, &FETCH_MODE), Found::One("navigate")) && matches!(only(headers, &FETCH_DEST), Found::One("document"))
}

/// Whether this may be a person opening a link: a browser that says more says that it is opened, and not in advance.
pub(crate) fn may_open_link(headers: &HeaderMap) -> bool {
    let is_silent = !headers.contains_key(&FETCH_MODE) && !headers.contains_key(&FETCH_DEST);
    (is_silent || is_opened(headers)) && !PURPOSES.iter().any(|purpose| headers.contains_key(purpose))
}

/// A header that may be there once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    None,
    One(&'a str),
    /// There twice, or not text.
    Unclear,
}

/// The one value of `name`.
pub(crate) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Found<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Found::None,
        (Some(value), None) => value.to_str().map_or(Found::Unclear, Found::One),
        (Some(_), Some(_)) => Found::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const HOST: &str = "127.0.0.1:4000";

    fn site(method: Method, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let request =
            headers.iter().fold(Request::builder().method(method).uri("/"), |request, (name, value)| request.header(*name, *value));
        Names::new(&[HOST.to_owned()], false).check_site(HOST, &request.body(()).unwrap().into_parts().0)
    }

    fn asked(target: &str, hosts: &[&str]) -> Result<String, Refusal> {
        let request = hosts.iter().fold(Request::builder().uri(target), |request, host| request.header("host", *host));
        let names = Names::new(&["127.0.0.1:4000".to_owned(), "Localhost:4000".to_owned()], false);
        names.asked(&request.body(()).unwrap().into_parts().0).map(str::to_owned)
    }

    #[test]
    fn only_our_own_names_are_answered() {
        assert_eq!(asked("/", &["LOCALHOST:4000"]), Ok("localhost:4000".to_owned()));
        assert_eq!(asked("http://127.0.0.1:4000/", &["127.0.0.1:4000"]), Ok(HOST.to_owned()));
        for hosts in
            [&["evil.example:4000"][..], &[], &["127.0.0.1"], &["127.0.0.1:4001"], &[HOST, HOST], &["127.0.0.1:4000."], &["", HOST]]
        {
            assert_eq!(asked("/", hosts), Err(Refusal::Host), "{hosts:?}");
        }
        assert_eq!(asked("http://evil.example/", &[HOST]), Err(Refusal::Host));
    }

    #[test]
    fn our_own_pages_may_write() {
        assert_eq!(site(Method::POST, &[("origin", "http://127.0.0.1:4000"), ("sec-fetch-site", "same-origin")]), Ok(()));
        assert_eq!(site(Method::POST, &[]), Ok(()), "no browser: the token decides");
    }

    #[test]
    fn other_sites_may_not_write() {
        for origin in [
            "https://127.0.0.1:4000",
            "http://127.0.0.1:4001",
            "http://evil.example",
            "null",
            "",
            "http://127.0.0.1:4000.evil.example",
            "é",
        ] {
            assert_eq!(site(Method::POST, &[("origin", origin)]), Err(Refusal::CrossSite), "{origin}");
        }
        for claimed in ["cross-site", "same-site", "SAME-ORIGIN", "", "x"] {
            assert_eq!(site(Method::POST, &[("sec-fetch-site", claimed)]), Err(Refusal::CrossSite), "{claimed}");
            let opened = [("sec-fetch-site", claimed), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
            assert_eq!(site(Method::POST, &opened), Err(Refusal::CrossSite), "{claimed}");
        }
    }

    #[test]
    fn other_sites_may_lead_here_and_load_nothing() {
        let from_chat =
            |mode, dest| site(Method::GET, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)]);
        assert_eq!(from_chat("navigate", "document"), Ok(()));
        for (mode, dest) in [("no-cors", "image"), ("cors", "empty"), ("navigate", "iframe"), ("navigate", "object")] {
            assert_eq!(from_chat(mode, dest), Err(Refusal::CrossSite), "{mode} {dest}");
        }
    }
}
