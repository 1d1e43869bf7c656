//! What the decision core promises, told as stories and held by proofs.

mod documents;
mod fixture;
mod sentences;
mod stories;
