//! Users, as their machines and browsers behave: a resolver that honours TTLs, a forwarding server for a browser, and a person who chats.
//!
//! Nothing here knows a fault, a vote or a check: users see addresses, sockets and messages.

pub mod backoff;
pub mod cache;
pub mod conversation;
mod dial;
pub mod event;
pub mod forward;
pub mod host;
pub mod lookup;
pub mod outbox;
pub mod pace;
pub mod person;
pub mod place;
pub mod reach;
pub mod resolver;
pub mod seen;
pub mod wire;

pub use event::{Counts, Ledger, Link, Standing, UserEvent};
pub use forward::Forwarder;
pub use host::HostName;
pub use pace::Pace;
pub use person::{Talk, User};
pub use place::{Place, Subnet};
pub use resolver::Resolver;
