//! Intents as the command writes them: confirmed, recorded and followed by `store::intent`, told as failures and progress.

pub(crate) mod actor;
pub(crate) mod confirm;
pub(crate) mod follow;
pub(crate) mod progress;
pub(crate) mod record;
#[cfg(test)]
mod tests;
