//! What keeps a stack's checks and records from being modelled, with the resource that it is about.

use route53::{InvalidAwsRegion, InvalidCheck, InvalidDomainName, TreeError};

use crate::error::Near;
use crate::stack::{Resource, Stack};

/// A resource that cannot be modelled, or a tree that does not hold together.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ModelError {
    /// A resource of a stack.
    #[error("{resource} (line {line}) of the stack of {region}: {fault}")]
    Resource {
        /// The stack's region.
        region: String,
        /// The logical name.
        resource: String,
        /// The line in the template.
        line: usize,
        /// What is wrong with it.
        fault: ModelFault,
    },
    /// Everything together.
    #[error("the stacks' checks and records do not make a tree")]
    Tree(#[from] TreeError),
}

/// What is wrong with a resource.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say what the fields are")]
pub enum ModelFault {
    #[error("{0} is not modelled: only health checks and record sets are")]
    NotModelled(String),
    #[error("the model has no property {path}{near}")]
    UnknownProperty { path: String, near: Near },
    #[error("{path} is missing")]
    Missing { path: String },
    #[error("{path} is to be {wanted}, not {found}")]
    Kind { path: String, wanted: &'static str, found: String },
    #[error("health checks of type {0} are not modelled")]
    CheckType(String),
    #[error(
        "it is none of the tree's checks: not `eject SERVICE REGION` at /vote/REGION, inverted, nor `alive SERVICE` at /alive, nor /health, nor a count of such"
    )]
    NoPurpose,
    #[error("it polls {0}, which no stack, or more than one, has a record for")]
    NoHome(String),
    #[error("it polls {0}, whose record leads to another domain's API, which would refuse that name")]
    WrongDomain(String),
    #[error("there is no health check {0}")]
    NoCheck(String),
    #[error("nothing is known about how {0} is reached")]
    Unreached(String),
    #[error("it is an alias to {0}, which is neither a record of the zone nor an API Gateway domain of its stack")]
    Target(String),
    #[error("record sets of type {0} are not modelled")]
    RecordType(String),
    #[error("it has both Weight and Region")]
    TwoPolicies,
    #[error(transparent)]
    Name(#[from] InvalidDomainName),
    #[error(transparent)]
    Region(#[from] InvalidAwsRegion),
    #[error(transparent)]
    Check(#[from] InvalidCheck),
}

/// The resource at hand.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) stack: &'a Stack,
    pub(super) name: &'a str,
    pub(super) resource: &'a Resource,
}

impl<'a> At<'a> {
    pub(super) fn new(stack: &'a Stack, name: &'a str, resource: &'a Resource) -> Self {
        Self { stack, name, resource }
    }

    pub(super) fn fault(&self, fault: impl Into<ModelFault>) -> ModelError {
        ModelError::Resource {
            region: self.stack.region.clone(),
            resource: self.name.to_owned(),
            line: self.resource.line,
            fault: fault.into(),
        }
    }
}
