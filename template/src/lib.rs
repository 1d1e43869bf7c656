//! CloudFormation templates as data: read, resolved for given parameters, and turned into Route 53's model.
//!
//! What is tested on loopback is thereby what ships. Pure: text and parameters come in as arguments, and nothing here does I/O, reads a
//! clock or asks AWS. What only CloudFormation can know stays a named [`Attribute`] for the caller to fill in.

mod conditions;
mod deployment;
mod error;
mod node;
mod parameters;
mod resolve;
mod stack;
mod sub;
mod tree;
mod value;
mod yaml;

pub use deployment::{Deployment, DeploymentError, Shape};
pub use error::{DEPTH_MAX, Fault, NODES_MAX, Near, Place, TEXT_MAX, TemplateError, What};
pub use node::Function;
pub use stack::{Given, Resource, Stack, Template};
pub use tree::{Gateway, ModelError, ModelFault, Polled, Reached, Wiring};
pub use value::{Attribute, Part, REF, Text, Value};
