//! From the stacks of a deployment to Route 53's model: every check and record that they make, and nothing that they do not.
//!
//! What a check is for is told from what it polls and listens for, not from what it is called. How names are reached is the caller's.

mod checks;
mod error;
mod fields;
mod records;

use route53::{Address, AwsRegion, Check, CheckId, DomainName, Purpose, Record, Service, Tree};

use error::At;
pub use error::{ModelError, ModelFault};

use crate::deployment::Deployment;
use crate::stack::{Resource, Stack};
use crate::value::Text;

const CHECK: &str = "AWS::Route53::HealthCheck";
const RECORD: &str = "AWS::Route53::RecordSet";
const GATEWAY: &str = "AWS::ApiGatewayV2::DomainName";
const OF_ROUTE53: &str = "AWS::Route53::";

/// An endpoint as a stack names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Polled {
    /// What the check is for.
    pub purpose: Purpose,
    /// The name that is polled.
    pub host: Text,
    /// On which port.
    pub port: u16,
    /// Whether over TLS.
    pub secure: bool,
}

/// How an endpoint is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Where.
    pub address: Address,
    /// On which port.
    pub port: u16,
    /// Whether over TLS.
    pub secure: bool,
}

/// An API Gateway domain that an alias leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// The region of the stack that makes it.
    pub region: AwsRegion,
    /// The custom domain: `api.chat.example.com`.
    pub domain: DomainName,
}

/// What the stacks leave open: how what they name is reached. On AWS by these names; in a world on loopback by addresses of its own.
pub struct Wiring<'a> {
    /// The zone.
    pub origin: DomainName,
    /// How an endpoint is reached; `None` for one that is unknown, which is an error.
    pub endpoint: &'a dyn Fn(&Polled) -> Option<Reached>,
    /// What an API Gateway domain is; `None` for one that is unknown, which is an error.
    pub gateway: &'a dyn Fn(&Gateway) -> Option<Service>,
}

impl std::fmt::Debug for Wiring<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wiring").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Deployment {
    /// The checks and records of all stacks.
    ///
    /// # Errors
    /// [`ModelError`] names the first resource of Route 53 that cannot be modelled as it stands, whatever it may do on AWS.
    pub fn tree(&self, wiring: &Wiring<'_>) -> Result<Tree, ModelError> {
        for stack in self.stacks() {
            let stranger = stack
                .resources
                .iter()
                .find(|(_, resource)| resource.kind.starts_with(OF_ROUTE53) && ![CHECK, RECORD].contains(&resource.kind.as_str()));
            if let Some((name, resource)) = stranger {
                return Err(At::new(stack, name, resource).fault(ModelFault::NotModelled(resource.kind.clone())));
            }
        }
        let (checks, ids) = checks::of(self, wiring)?;
        let records = records::of(self, wiring, &ids)?;
        Ok(Tree::new(wiring.origin.clone(), checks, public_names(&records), records)?)
    }

    /// The stack in which a name has a record, and whether it is the only one.
    fn home_of(&self, name: &DomainName) -> Option<&Stack> {
        let mut homes = self.stacks().filter(|stack| {
            stack.of_kind(RECORD).any(|(_, record)| {
                let literal = record.properties.get("Name").and_then(|value| value.literal());
                literal.and_then(|text| DomainName::new(text).ok()).is_some_and(|found| found == *name)
            })
        });
        homes.next().filter(|_| homes.next().is_none())
    }
}

/// The names that users ask for: those that are answered by latency, in the order in which the template has them.
fn public_names(records: &[Record]) -> Vec<DomainName> {
    let mut names = Vec::new();
    for record in records {
        if matches!(record.routing, route53::Routing::Latency(_)) && !names.contains(&record.name) {
            names.push(record.name.clone());
        }
    }
    names
}

/// The resources of a type in the order in which the template has them.
fn in_order<'a>(stack: &'a Stack, kind: &'a str) -> Vec<(&'a str, &'a Resource)> {
    let mut all: Vec<_> = stack.of_kind(kind).collect();
    all.sort_by_key(|(name, resource)| (resource.line, *name));
    all
}

type Checks = Vec<(Purpose, Check)>;
/// The model's check of each health check, by its stand-in for a physical name.
type Ids = std::collections::BTreeMap<String, CheckId>;
