//! Who a sign-in proxy says is asking: the token is found, proven, and turned into a name and a role.

use http::{HeaderMap, header};
use jiff::Timestamp;

use super::auth::Proxy;
use super::origin::{Found, only};
use super::person::Role;
use super::refusal::Refusal;
use super::token::{Claims, TokenFault, Unproven};

/// A person whom the proxy has signed in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SignedIn {
    pub(crate) actor: String,
    pub(crate) role: Role,
}

impl Proxy {
    /// Who asks.
    pub(crate) async fn who(&self, headers: &HeaderMap, now: Timestamp) -> Result<SignedIn, Refusal> {
        let claims = self.claims(headers, now).await.map_err(Refusal::Token)?;
        let actor = claims.actor(&self.actor_claim).map_err(Refusal::Token)?.to_owned();
        let role = self.role(&claims.groups(&self.groups_claim)).ok_or(Refusal::NotViewer)?;
        Ok(SignedIn { actor, role })
    }

    async fn claims(&self, headers: &HeaderMap, now: Timestamp) -> Result<Claims, TokenFault> {
        let value = match only(headers, &self.header) {
            Found::One(value) => value,
            Found::None => return Err(TokenFault::Missing),
            Found::Unclear => return Err(TokenFault::Twice),
        };
        let token = match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token,
            _ if self.header == header::AUTHORIZATION => return Err(TokenFault::Missing),
            _ => value,
        };
        let token = Unproven::read(token.trim())?;
        let key = self.keys.key(token.kid()).await?;
        token.proven(&key, &self.rules, now)
    }

    /// What members of these groups may do. An empty list of operators makes nobody one.
    pub(crate) fn role(&self, groups: &[&str]) -> Option<Role> {
        let is_in = |list: &[String]| list.iter().any(|name| groups.contains(&name.as_str()));
        if is_in(&self.operators) { Some(Role::Operator) } else { self.viewers.as_deref().is_none_or(is_in).then_some(Role::Viewer) }
    }
}
