//! Writing intents: drafted, confirmed, recorded at a majority of observers, followed until it takes effect.

pub(crate) mod actor;
pub(crate) mod confirm;
pub(crate) mod draft;
pub(crate) mod follow;
pub(crate) mod progress;
pub(crate) mod record;
pub(crate) mod turned;
