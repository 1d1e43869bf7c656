//! What the decision core promises, told as stories and held by proofs.

mod announcing;
mod automatic;
mod competing_drains;
mod documents;
mod fixture;
mod people;
mod properties;
mod sentences;
mod twin;
