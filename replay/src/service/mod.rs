//! What an incident means at one moment: for a connection, a message, a store, a user.
//!
//! [`Truth`] turns the lines of a file into what one fresh attempt meets, [`Users`] feel it, [`Score`] counts it, and [`scaled`] asks how much
//! hangs on the estimates. Nothing here observes, decides, or moves an answer.

mod caches;
mod felt;
mod lag;
mod levels;
mod load;
mod met;
mod paths;
mod scaling;
mod score;
mod sockets;
mod timeline;
mod truth;
mod users;

pub use load::capacities;
pub use met::{Met, StoreState, Vantage};
pub use scaling::scaled;
pub use score::Score;
pub use truth::Truth;
pub use users::Users;
