//! What the decision core promises, told as stories and held by proofs.

mod competing_drains;
mod disagreement;
mod documents;
mod fixture;
mod properties;
mod sentences;
mod stories;
mod twin;
