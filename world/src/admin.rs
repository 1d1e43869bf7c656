//! The world's own switchboard: what is broken, break this, heal that. HTTP on loopback.
//!
//! Only for the world: nothing that is deployed has or knows such an address.

use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use decision::RegionName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::event::{Event, Events};
use crate::fault::{Component, Faults};

/// A body larger than this is refused: every order here is a line.
const BODY_BYTES_MAX: usize = 4096;

/// What the switchboard acts on.
#[derive(Debug, Clone)]
pub struct Admin {
    /// The regions and witnesses of this world.
    pub regions: Vec<RegionName>,
    /// The faults.
    pub faults: Faults,
    /// Where switching is told.
    pub events: Events,
    /// What `GET /` says besides the faults.
    pub about: serde_json::Value,
}

/// `POST /faults`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Where.
    pub region: String,
    /// What, by its word.
    pub component: String,
    /// On or off.
    pub on: bool,
}

/// `POST /heal`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heal {
    /// Where; everywhere when absent.
    #[serde(default)]
    pub region: Option<String>,
}

impl Admin {
    /// The routes.
    pub fn router(self) -> Router {
        Router::new()
            .route("/", get(about))
            .route("/faults", get(faults).post(switch))
            .route("/heal", post(heal))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .layer(middleware::from_fn(only_loopback_hosts))
            .with_state(self)
    }

    fn region(&self, raw: &str) -> Result<RegionName, Refused> {
        self.regions.iter().find(|region| region.as_str() == raw).cloned().ok_or_else(|| {
            let known: Vec<&str> = self.regions.iter().map(RegionName::as_str).collect();
            Refused(format!("{raw:?} is not in this world; its regions are {}", known.join(", ")))
        })
    }
}

/// A page elsewhere whose name was pointed at loopback must not switch faults here.
async fn only_loopback_hosts(request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if matches!(name, "127.0.0.1" | "localhost" | "[::1]") {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, Json(json!({ "error": "this address answers to 127.0.0.1 and localhost only" }))).into_response()
    }
}

async fn about(State(admin): State<Admin>) -> Json<serde_json::Value> {
    let mut about = admin.about.clone();
    about["faults"] = on(&admin.faults);
    Json(about)
}

async fn faults(State(admin): State<Admin>) -> Json<serde_json::Value> {
    Json(on(&admin.faults))
}

async fn switch(State(admin): State<Admin>, Json(order): Json<Switch>) -> Result<Json<serde_json::Value>, Refused> {
    let region = admin.region(&order.region)?;
    let component: Component = order.component.parse().map_err(|_| {
        let words: Vec<&str> = Component::ALL.iter().map(|(_, word, _)| *word).collect();
        Refused(format!("{:?} is not a component; the components are {}", order.component, words.join(", ")))
    })?;
    let changed = admin.faults.set(&region, component, order.on);
    if changed {
        admin.events.tell(Timestamp::now(), Event::fault(&region, component, order.on));
    }
    Ok(Json(json!({ "changed": changed, "faults": on(&admin.faults) })))
}

async fn heal(State(admin): State<Admin>, Json(order): Json<Heal>) -> Result<Json<serde_json::Value>, Refused> {
    let region = order.region.as_deref().map(|raw| admin.region(raw)).transpose()?;
    let before = admin.faults.all();
    let healed = admin.faults.heal(region.as_ref());
    let after = admin.faults.all();
    for (region, component) in before.difference(&after) {
        admin.events.tell(Timestamp::now(), Event::fault(region, *component, false));
    }
    Ok(Json(json!({ "healed": healed, "faults": on(&admin.faults) })))
}

fn on(faults: &Faults) -> serde_json::Value {
    faults.all().iter().map(|(region, component)| json!({ "region": region, "component": component.as_str() })).collect()
}

/// An order that cannot be carried out, with what could.
#[derive(Debug)]
struct Refused(String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": self.0 }))).into_response()
    }
}
