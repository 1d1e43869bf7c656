//! What every handler shares: the settings, the watch, the guard.

use std::ops::Deref;
use std::sync::Arc;

use crate::guard::{Guard, Limits};
use crate::settings::{Clock, Settings};
use crate::state::{Past, Watch};
use crate::write::{Attempts, Keys};

/// The state of the router. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

/// What there is one of in a dashboard.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) guard: Guard,
    /// What the observers remember.
    pub(crate) past: Past,
    /// What was tried through this dashboard.
    pub(crate) attempts: Attempts,
    /// Which forms were sent.
    pub(crate) keys: Keys,
    watch: Watch,
}

impl App {
    pub(crate) fn new(settings: Settings) -> Self {
        let guard = Guard::new(settings.auth.clone(), &settings.hosts, Limits::default(), Clock::system());
        let (watch, past) = (Watch::new(&settings), Past::new(&settings));
        Self(Arc::new(Shared { settings, guard, past, attempts: Attempts::default(), keys: Keys::default(), watch }))
    }
}

impl Shared {
    /// What is known, and who keeps it up to date.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }
}

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
