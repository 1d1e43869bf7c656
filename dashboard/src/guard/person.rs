//! Who asks, as handlers see it. A handler that takes no [`Person`] shows nothing, one that takes no [`Operator`] writes nothing.
//!
//! How a person is told from another is for `session` and `proxy`.

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::refusal::Refusal;

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Look.
    Viewer,
    /// Drain, resume, extend and hold too. Never pass a safety rule: that is for the CLI.
    Operator,
}

impl Role {
    /// The word on the page and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
        }
    }
}

/// A person who is signed in. Every handler that shows something takes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name that stands in intents and in the log; fits there.
    pub actor: String,
    /// What they may do.
    pub role: Role,
    /// What their forms carry in a field `csrf`, and their scripts in a header `x-csrf-token`, so that no other site can send one.
    pub csrf: String,
}

/// A person who may write. Every handler that writes takes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator(pub Person);

impl<S: Send + Sync> FromRequestParts<S> for Person {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Person>().cloned().ok_or(Refusal::NotSignedIn)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Operator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let person = Person::from_request_parts(parts, state).await?;
        if person.role == Role::Operator { Ok(Self(person)) } else { Err(Refusal::NotOperator) }
    }
}
