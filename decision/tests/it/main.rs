//! What the decision core promises, told as stories and held by proofs.

mod automatic;
mod competing_drains;
mod disagreement;
mod documents;
mod fixture;
mod people;
mod properties;
mod sentences;
mod twin;
