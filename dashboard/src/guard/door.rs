//! The one way in: every request passes here, in this order: name, site, size, person, role, form. Then the handler, and what every answer carries.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use tokio_util::sync::CancellationToken;

use super::auth::Auth;
use super::cookie::{Cookie, SameSite};
use super::person::{Person, Role};
use super::refusal::{Form, Refusal};
use super::secret::token;
use super::{Guard, HEALTH, METRICS, SIGN_IN, SIGN_OUT, STATIC, form, headers, origin, stream};

/// Who was found to ask.
struct Known {
    person: Person,
    /// Fires when they are signed out.
    ended: CancellationToken,
    /// What of them and their browser the forms' token is made of.
    sealed: Vec<String>,
    /// A cookie to be set with the answer.
    cookie: Option<HeaderValue>,
}

/// Lets `request` in, or answers why not.
pub(super) async fn pass(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (method, path, told) = (parts.method.clone(), parts.uri.path().to_owned(), Form::asked(&parts));
    let mut response = guard.admit(parts, body, next).await.unwrap_or_else(|refusal| {
        if is_look(&method) {
            tracing::debug!(%refusal, path, "a request was refused");
        } else {
            tracing::warn!(%refusal, path, %method, "a write was refused");
        }
        refusal.answer(told)
    });
    headers::set(response.headers_mut(), &method, &path);
    response
}

fn is_look(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

impl Guard {
    async fn admit(&self, parts: Parts, body: Body, next: Next) -> Result<Response, Refusal> {
        let (path, looks) = (parts.uri.path(), is_look(&parts.method));
        // Asked by load balancers, under an address of their own; says nothing but that somebody answers.
        if looks && path == HEALTH {
            return Ok("ok\n".into_response());
        }
        let host = self.0.names.asked(&parts)?;
        self.0.names.check_site(host, &parts)?;
        if !looks && parts.method != Method::POST {
            return Err(Refusal::Method);
        }
        if parts.uri.path_and_query().map_or(0, |target| target.as_str().len()) > self.0.limits.target_bytes {
            return Err(Refusal::Target);
        }
        if looks && path.starts_with(STATIC) {
            return self.run(Request::from_parts(parts, Body::empty()), next).await;
        }
        let cookie = Cookie::new(host, self.0.auth.is_behind_tls());
        if path == SIGN_IN && matches!(self.0.auth, Auth::Loopback(_)) {
            return self.sign_in(&parts, &cookie);
        }
        let known = self.who(&parts, &cookie).await?;
        if looks {
            return self.handle(parts, Body::empty(), known, next).await;
        }
        if known.person.role < Role::Operator && path != SIGN_OUT {
            tracing::warn!(actor = known.person.actor, path, "a viewer tried to write");
            return Err(Refusal::NotOperator);
        }
        form::check_kind(&parts.headers)?;
        let body = form::read(&parts.headers, body, self.0.limits.body_bytes, self.0.limits.body_within).await?;
        let sealed: Vec<&str> = known.sealed.iter().map(String::as_str).collect();
        if !form::token(&parts, &body).is_some_and(|token| self.0.seal.is_of(&token, &sealed)) {
            return Err(Refusal::Form);
        }
        if path == SIGN_OUT && matches!(self.0.auth, Auth::Loopback(_)) {
            return Ok(self.sign_out(&parts, &cookie));
        }
        self.handle(parts, Body::from(body), known, next).await
    }

    /// The handler's answer to a person.
    async fn handle(&self, mut parts: Parts, body: Body, known: Known, next: Next) -> Result<Response, Refusal> {
        parts.extensions.insert(known.person);
        let response = self.run(Request::from_parts(parts, body), next).await?;
        let mut response = stream::bounded(response, &self.0.streams, known.ended, self.0.limits.stream_life)?;
        if let Some(cookie) = known.cookie {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        Ok(response)
    }

    async fn run(&self, request: Request, next: Next) -> Result<Response, Refusal> {
        tokio::time::timeout(self.0.limits.answer_within, next.run(request)).await.map_err(|_| Refusal::Late)
    }

    /// The person who asks.
    async fn who(&self, parts: &Parts, cookie: &Cookie) -> Result<Known, Refusal> {
        let now = self.0.clock.now();
        let carried = cookie.read(&parts.headers);
        let (actor, role, ended, sealed, cookie) = match &self.0.auth {
            Auth::Loopback(_) if carried.is_none() && parts.uri.path() == METRICS && is_look(&parts.method) => {
                // Programs of this machine cannot open links. No other site can read along, and nothing in it is a person's.
                ("metrics".to_owned(), Role::Viewer, self.0.closing.clone(), vec!["metrics".to_owned()], None)
            }
            Auth::Loopback(by) => {
                let session = carried.ok_or(Refusal::NotSignedIn)?;
                let ended = self.sessions().find(session, now).ok_or(Refusal::NotSignedIn)?;
                (by.actor.clone(), by.role, ended, vec!["session".to_owned(), session.to_owned()], None)
            }
            Auth::Proxy(proxy) => {
                let by = proxy.who(&parts.headers, now).await?;
                // Opens nothing by itself: it makes a form's token one of this browser, beside the person.
                let (browser, set) = match carried {
                    Some(browser) => (browser.to_owned(), None),
                    None => {
                        let browser = token();
                        (browser.clone(), cookie.set(&browser, SameSite::Lax))
                    }
                };
                let sealed = vec!["browser".to_owned(), proxy.rules.issuer.clone(), by.actor.clone(), browser];
                (by.actor, by.role, self.0.closing.clone(), sealed, set)
            }
        };
        let csrf = self.0.seal.of(&sealed.iter().map(String::as_str).collect::<Vec<_>>());
        Ok(Known { person: Person { actor, role, csrf }, ended, sealed, cookie })
    }

    /// A session for whom a link was given to. The page then leads on by itself: a redirect would still be on behalf of where the link was, and a browser
    /// sends no strict cookie along if that was another site (a terminal in a tab).
    fn sign_in(&self, parts: &Parts, cookie: &Cookie) -> Result<Response, Refusal> {
        if parts.method != Method::GET {
            return Err(Refusal::Method);
        }
        if !origin::may_open_link(&parts.headers) {
            return Err(Refusal::LinkInAdvance);
        }
        let mut given = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).filter(|(name, _)| name == "link");
        let now = self.0.clock.now();
        if !given.next().is_some_and(|(_, link)| self.links().take(&link, now)) {
            return Err(Refusal::Link);
        }
        let session = self.sessions().start(cookie.read(&parts.headers), now);
        let page = "<!doctype html><html lang=en><meta charset=utf-8><meta http-equiv=refresh content=\"0;url=/\"><title>Signed in</title>\
                    <link rel=stylesheet href=/static/style.css><main><h1>Signed in</h1><p><a href=/>Go on to the overview</a></p></main></html>\n";
        Ok(with_cookie(Html(page).into_response(), cookie.set(&session, SameSite::Strict)))
    }

    fn sign_out(&self, parts: &Parts, cookie: &Cookie) -> Response {
        if let Some(session) = cookie.read(&parts.headers) {
            self.sessions().end(session);
        }
        let page = "<!doctype html><html lang=en><meta charset=utf-8><title>Signed out</title><link rel=stylesheet href=/static/style.css>\
                    <main><h1>Signed out</h1><p>To come back, press Enter where <code>failover dashboard</code> runs: it prints a new link.</p></main></html>\n";
        with_cookie((StatusCode::OK, Html(page)).into_response(), cookie.forget())
    }
}

fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
