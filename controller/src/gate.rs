//! The gate: what Route 53's health checkers poll. It shows recorded votes, and does no thinking.
//!
//! Three rules make it safe to believe:
//! * Route 53 matches the whole line `eject chat eu-west-2`, and no other answer here ever contains it: no error page, no
//!   other region's line, nothing that echoes a request.
//! * A vote stands until another one is recorded, however old it gets, and also while SSM is out of reach. A person's drain
//!   has to outlive the controllers that carry it out, and a region that was ejected must not return because the last
//!   controller died. That the votes are old is said by `/alive` alone; Route 53 then goes by the region's own `/health` *as
//!   well*, which a standing `eject` still overrules.
//! * A gate that has never read any votes says nothing: 503 on everything.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use decision::{Policy, RegionName, Votes};
use jiff::Timestamp;
use store::Store;

use crate::known::Known;

/// How long one read of the votes is good for.
const CACHED_FOR: Duration = Duration::from_secs(1);
/// The longest read. Route 53 wants its answer within two seconds of connecting ([AWS-DOC] endpoint health checks), and a
/// late answer is a failed one.
const READ_WITHIN: Duration = Duration::from_secs(1);

/// The gate of one observer.
pub struct Gate {
    policy: Policy,
    known: Known,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Gate {
    /// The gate of the observer whose store this is. `clock` is only asked how old the votes are.
    pub fn new(policy: Policy, store: Store, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { policy, known: Known::new(store.with_deadline(READ_WITHIN), CACHED_FOR), clock: Box::new(clock) }
    }

    /// The same with votes read again after `cached_for`, where the default is a second: for a clock that runs faster.
    #[must_use]
    pub fn cached_for(self, cached_for: Duration) -> Self {
        Self { known: self.known.cached_for(cached_for), ..self }
    }

    /// `/vote/{region}`, `/alive` and `/v1/votes`. GET and HEAD; anything else is refused.
    pub fn router(self) -> Router {
        Router::new()
            .route("/vote/{region}", get(vote))
            .route("/alive", get(alive))
            .route("/v1/votes", get(votes))
            .fallback(async || text(StatusCode::NOT_FOUND, "not found".to_owned()))
            .method_not_allowed_fallback(async || text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD".to_owned()))
            .with_state(Arc::new(self))
    }

    /// Fresh: decided less than `votes_fresh` ago by this clock. Or ahead of it, for a little skew between two clocks.
    fn is_fresh(&self, votes: &Votes) -> bool {
        let age = (self.clock)().duration_since(votes.decided_at);
        age.abs() < self.policy.thresholds().votes_fresh()
    }
}

async fn vote(State(gate): State<Arc<Gate>>, path: Result<Path<String>, PathRejection>) -> Response {
    let region = path.ok().and_then(|Path(region)| RegionName::new(&region).ok());
    let region = region.filter(|region| gate.policy.regions().contains(region));
    let Some(region) = region else { return text(StatusCode::NOT_FOUND, "no such region".to_owned()) };
    let Some(votes) = gate.known.votes().await else { return silent() };
    match votes.regions.get(&region) {
        Some(entry) => text(StatusCode::OK, format!("{} {} {region}", entry.vote, gate.policy.service())),
        None => silent(),
    }
}

async fn alive(State(gate): State<Arc<Gate>>) -> Response {
    let Some(votes) = gate.known.votes().await else { return silent() };
    if gate.is_fresh(&votes) {
        text(StatusCode::OK, format!("alive {}", gate.policy.service()))
    } else {
        text(StatusCode::SERVICE_UNAVAILABLE, format!("votes of {} are old", votes.decided_at))
    }
}

async fn votes(State(gate): State<Arc<Gate>>) -> Response {
    let Some(votes) = gate.known.votes().await else { return silent() };
    (UNCACHED, axum::Json(&*votes)).into_response()
}

const UNCACHED: [(header::HeaderName, HeaderValue); 1] = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];

/// Nothing is known: never read, or a region that is new in the policy.
fn silent() -> Response {
    text(StatusCode::SERVICE_UNAVAILABLE, "no votes yet".to_owned())
}

fn text(status: StatusCode, mut line: String) -> Response {
    line.push('\n');
    (status, UNCACHED, line).into_response()
}
