//! A whole deployment: the owner's stack and one stack per region and witness, each with the parameters that `scripts/deploy` gives it.

use std::collections::BTreeMap;

use crate::error::TemplateError;
use crate::stack::{Given, Stack, Template};

/// What is deployed where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The account, twelve digits.
    pub account: String,
    /// The service: `chat`.
    pub service: String,
    /// The domain below which all names are: `chat.example.com`.
    pub domain: String,
    /// The hosted zone of the domain, by its id.
    pub hosted_zone: String,
    /// The regions that serve; the first has the owner's stack.
    pub regions: Vec<String>,
    /// The regions that watch, in the order that every stack has.
    pub observers: Vec<String>,
    /// Every other parameter, for the templates that ask for it. It goes before what the owner's stack would give.
    pub others: BTreeMap<String, String>,
}

impl Shape {
    /// A deployment that is only looked at: what has to be given and has no bearing on checks and records is made up.
    #[must_use]
    pub fn looked_at(service: &str, domain: &str, regions: &[&str], observers: &[&str]) -> Self {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let made_up = [
            ("CertificateArn", "arn:aws:acm:us-east-1:123456789012:certificate/looked-at"),
            ("MessagesStreamArn", "arn:aws:dynamodb:us-east-1:123456789012:table/looked-at/stream/2026-01-01T00:00:00.000"),
            ("ProbeSecrets", "a secret that nobody has to guess"),
        ];
        Self {
            account: "123456789012".to_owned(),
            service: service.to_owned(),
            domain: domain.to_owned(),
            hosted_zone: "Z00000000LOOKEDAT".to_owned(),
            regions: list(regions),
            observers: list(observers),
            others: made_up.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        }
    }
}

/// The stacks of a deployment, resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployment {
    /// What exists once per service.
    pub owner: Stack,
    /// One stack per region: those that serve in the order given, then the witnesses.
    pub regional: Vec<Stack>,
}

/// A deployment that cannot be resolved.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the stack of {region}")]
pub struct DeploymentError {
    /// Where: a region, or `the owner`.
    pub region: String,
    /// Why.
    #[source]
    pub source: TemplateError,
}

impl Deployment {
    /// Resolves the owner's template, then the regional one in every region, with the owner's outputs where it asks for them.
    ///
    /// # Errors
    /// [`DeploymentError`] says which stack, and what is wrong with it.
    pub fn resolve(owner: &Template, regional: &Template, shape: &Shape) -> Result<Self, DeploymentError> {
        let failed = |region: &str| {
            let region = region.to_owned();
            move |source| DeploymentError { region, source }
        };
        let mut parameters = shape.others.clone();
        let own = [
            ("Service", shape.service.clone()),
            ("DomainName", shape.domain.clone()),
            ("HostedZoneId", shape.hosted_zone.clone()),
            ("Regions", shape.regions.join(",")),
            ("RegionCount", shape.regions.len().to_string()),
            ("Observers", shape.observers.join(",")),
            ("ObserverCount", shape.observers.len().to_string()),
        ];
        parameters.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let given = |template: &Template, name: String, region: &str, parameters: &BTreeMap<String, String>| Given {
            name,
            region: region.to_owned(),
            account: shape.account.clone(),
            parameters: template.parameters().filter_map(|name| Some((name.to_owned(), parameters.get(name)?.clone()))).collect(),
        };
        let home = shape.regions.first().map_or("", String::as_str);
        let owner = owner.stack(&given(owner, format!("{}-owner", shape.service), home, &parameters)).map_err(failed("the owner"))?;
        for (name, value) in &owner.outputs {
            if let Some(value) = owner.named(value).literal() {
                parameters.entry(name.clone()).or_insert_with(|| value.to_owned());
            }
        }
        let mut stacks = Vec::new();
        let witnesses = shape.observers.iter().filter(|observer| !shape.regions.contains(observer));
        for region in shape.regions.iter().chain(witnesses) {
            parameters.insert("Serves".to_owned(), shape.regions.contains(region).to_string());
            let given = given(regional, shape.service.clone(), region, &parameters);
            stacks.push(regional.stack(&given).map_err(failed(region))?);
        }
        Ok(Self { owner, regional: stacks })
    }

    /// Every stack, the owner's first.
    pub fn stacks(&self) -> impl Iterator<Item = &Stack> {
        std::iter::once(&self.owner).chain(&self.regional)
    }
}
