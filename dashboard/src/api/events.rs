//! What is told to pages that stay open: that something changed, and once a look that nothing did.
//!
//! Events carry no news themselves: a page that hears one asks for its part anew, as whoever it is signed in as.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::StatusCode;
use serde::Serialize;
use tokio::sync::watch::Receiver;

use crate::app::App;
use crate::guard::Person;
use crate::model::{self, LiveState};
use crate::settings::Clock;
use crate::state::Snapshot;

/// Something changed that pages show.
#[derive(Serialize)]
struct Changed<'a> {
    version: u64,
    changes: u64,
    /// Whose view changed.
    regions: Vec<&'a str>,
}

/// Nothing did.
#[derive(Serialize)]
struct Tick {
    version: u64,
    live: LiveState,
    text: String,
}

struct Listening {
    news: Receiver<Arc<Snapshot>>,
    /// What was told last.
    told: Arc<Snapshot>,
    clock: Clock,
    first: bool,
}

pub(super) async fn get(State(app): State<App>, _: Person) -> Response {
    // Where nothing looks between two requests there is nothing to hear: a browser then asks now and then.
    if !app.watch().is_running() {
        return StatusCode::NO_CONTENT.into_response();
    }
    let news = app.watch().listen();
    let told = app.watch().current().await;
    let listening = Listening { news, told, clock: app.settings.clock.clone(), first: true };
    Sse::new(stream::unfold(listening, |mut listening| async move { Some((Ok::<_, Infallible>(listening.next().await?), listening)) }))
        .into_response()
}

impl Listening {
    /// The next event; none when there will be no more.
    async fn next(&mut self) -> Option<Event> {
        let snapshot = if self.first {
            // A page may have been made some time before: whoever listens hears at once how things are.
            self.first = false;
            Arc::clone(&self.told)
        } else {
            self.news.changed().await.ok()?;
            self.news.borrow_and_update().clone()
        };
        let event = if snapshot.changes == self.told.changes {
            let live = model::live(&snapshot, self.clock.now().max(snapshot.at));
            let tick = Tick { version: snapshot.version, live: live.state, text: live.text };
            Event::default().event("tick").json_data(&tick)
        } else {
            let old = |region: &decision::RegionView| self.told.view.region(&region.region).is_some_and(|old| is_alike(old, region));
            let regions = snapshot.view.regions.iter().filter(|region| !old(region)).map(|region| region.region.as_str());
            let changed = Changed { version: snapshot.version, changes: snapshot.changes, regions: regions.collect() };
            Event::default().event("changed").json_data(&changed)
        };
        self.told = snapshot;
        event.ok()
    }
}

/// Whether a page would show both alike, but for ages.
fn is_alike(old: &decision::RegionView, new: &decision::RegionView) -> bool {
    let told =
        |view: &decision::RegionView| (view.answers, view.votes, view.verdict, view.agreeing, view.reason.clone(), view.intent.clone());
    told(old) == told(new)
}
