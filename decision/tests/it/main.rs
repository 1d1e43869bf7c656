//! What the decision core promises, told as stories and held by proofs.

mod announcing;
mod automatic;
mod competing_drains;
mod documents;
mod fixture;
mod model;
mod model_answers;
mod model_walk;
mod monotone;
mod people;
mod properties;
mod sentences;
mod twin;
