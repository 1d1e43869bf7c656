//! The reading calls: by name, by path, history, metadata.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::name::{Selector, is_under};
use super::parameters::Version;
use super::{Ssm, page, request};
use crate::aws::error::AwsError;

/// The most names of one `GetParameters` [SSM].
const NAMES_MAX: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameter {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameters {
    names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParametersByPath {
    path: String,
    #[serde(default)]
    recursive: bool,
    max_results: Option<u32>,
    next_token: Option<String>,
    #[serde(default)]
    parameter_filters: Vec<Filter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameterHistory {
    name: String,
    max_results: Option<u32>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeParameters {
    max_results: Option<u32>,
    next_token: Option<String>,
    #[serde(default)]
    parameter_filters: Vec<Filter>,
    #[serde(default)]
    filters: Vec<Filter>,
}

/// A filter by `Name` (`Equals`, `BeginsWith`, `Contains`), `Type` or `Path` (`OneLevel`, `Recursive`).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    key: String,
    option: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

impl Filter {
    fn matches(&self, version: &Version) -> Result<bool, AwsError> {
        let any = |test: &dyn Fn(&str) -> bool| self.values.iter().any(|value| test(value));
        let name = version.name.as_str();
        match (self.key.as_str(), self.option.as_deref()) {
            ("Name", None | Some("Equals")) => Ok(any(&|value| name == value)),
            ("Name", Some("BeginsWith")) => Ok(any(&|value| name.starts_with(value))),
            ("Name", Some("Contains")) => Ok(any(&|value| name.contains(value))),
            ("Type", None | Some("Equals")) => Ok(any(&|value| version.kind.as_str() == value)),
            ("Path", None | Some("OneLevel")) => Ok(any(&|value| is_under(name, value, false))),
            ("Path", Some("Recursive")) => Ok(any(&|value| is_under(name, value, true))),
            (key @ ("Name" | "Type" | "Path"), Some(option)) => {
                Err(AwsError::new("InvalidFilterOption", format!("The filter {key} is not offered with the option {option}.")))
            }
            (key, _) => Err(AwsError::new("InvalidFilterKey", format!("The filter {key} is not offered."))),
        }
    }

    fn all_match(filters: &[Self], version: &Version) -> Result<bool, AwsError> {
        for filter in filters {
            if !filter.matches(version)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Ssm {
    /// What a selector picks, as a `Parameter`.
    fn select(&self, raw: &str) -> Result<Value, AwsError> {
        let selector = Selector::parse(raw)?;
        let parameters = self.read();
        let parameter = parameters.get(selector.name).ok_or_else(|| AwsError::new("ParameterNotFound", ""))?;
        let Some(number) = selector.version else {
            let latest = parameter.latest().ok_or_else(|| AwsError::new("ParameterNotFound", ""))?;
            return Ok(self.parameter(latest, None));
        };
        let version = parameter.version(number).ok_or_else(|| {
            AwsError::new(
                "ParameterVersionNotFound",
                format!("Systems Manager could not find version {number} of {}. Verify the version and try again.", selector.name),
            )
        })?;
        Ok(self.parameter(version, Some(number)))
    }

    pub(super) fn get_parameter(&self, body: &Bytes) -> Result<Value, AwsError> {
        let request: GetParameter = request(body)?;
        Ok(json!({ "Parameter": self.select(&request.name)? }))
    }

    pub(super) fn get_parameters(&self, body: &Bytes) -> Result<Value, AwsError> {
        let request: GetParameters = request(body)?;
        let distinct: BTreeSet<&String> = request.names.iter().collect();
        if request.names.is_empty() || request.names.len() > NAMES_MAX || distinct.len() != request.names.len() {
            return Err(AwsError::validation(format!("Names must hold 1 to {NAMES_MAX} different names.")));
        }
        let (mut found, mut invalid) = (Vec::new(), Vec::new());
        for name in &request.names {
            match self.select(name) {
                Ok(parameter) => found.push(parameter),
                Err(_) => invalid.push(name),
            }
        }
        Ok(json!({ "Parameters": found, "InvalidParameters": invalid }))
    }

    pub(super) fn get_parameters_by_path(&self, body: &Bytes) -> Result<Value, AwsError> {
        let request: GetParametersByPath = request(body)?;
        if !request.path.starts_with('/') {
            return Err(AwsError::validation(
                "The parameter path must start with a slash (/), and can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).",
            ));
        }
        let size = page::size(request.max_results, 10)?;
        let (found, next) = self.page(size, request.next_token.as_deref(), |version| {
            Ok(is_under(&version.name, &request.path, request.recursive) && Filter::all_match(&request.parameter_filters, version)?)
        })?;
        let parameters: Vec<Value> = found.iter().map(|version| self.parameter(version, None)).collect();
        Ok(with_next(json!({ "Parameters": parameters }), next))
    }

    pub(super) fn describe_parameters(&self, body: &Bytes) -> Result<Value, AwsError> {
        let request: DescribeParameters = request(body)?;
        let size = page::size(request.max_results, 50)?;
        let (found, next) = self.page(size, request.next_token.as_deref(), |version| {
            Ok(Filter::all_match(&request.filters, version)? && Filter::all_match(&request.parameter_filters, version)?)
        })?;
        let parameters: Vec<Value> = found
            .iter()
            .map(|version| {
                let mut metadata = self.metadata(version);
                metadata["ARN"] = json!(self.arn(&version.name));
                metadata
            })
            .collect();
        Ok(with_next(json!({ "Parameters": parameters }), next))
    }

    pub(super) fn get_parameter_history(&self, body: &Bytes) -> Result<Value, AwsError> {
        let request: GetParameterHistory = request(body)?;
        let size = page::size(request.max_results, 50)?;
        let after = match page::after(request.next_token.as_deref())? {
            Some(token) => token.parse().map_err(|_| AwsError::new("InvalidNextToken", "The specified token isn't valid."))?,
            None => 0_u64,
        };
        let parameters = self.read();
        let parameter = parameters.get(&request.name).ok_or_else(|| AwsError::new("ParameterNotFound", ""))?;
        let mut versions = parameter.versions().filter(|version| version.version > after).peekable();
        let mut history = Vec::new();
        let mut last = after;
        for version in versions.by_ref().take(size) {
            let mut entry = self.metadata(version);
            entry["Value"] = json!(version.value);
            entry["Labels"] = json!([]);
            history.push(entry);
            last = version.version;
        }
        let next = versions.peek().is_some().then(|| last.to_string());
        Ok(with_next(json!({ "Parameters": history }), next))
    }

    /// One page of the latest versions that `wanted` picks, and the name after which the next page begins.
    fn page(
        &self,
        size: usize,
        token: Option<&str>,
        wanted: impl Fn(&Version) -> Result<bool, AwsError>,
    ) -> Result<(Vec<Version>, Option<String>), AwsError> {
        let after = page::after(token)?;
        let parameters = self.read();
        let mut found: Vec<Version> = Vec::new();
        for version in parameters.after(after.as_deref()) {
            if !wanted(version)? {
                continue;
            }
            if found.len() == size {
                let last = found.last().map(|version| version.name.clone());
                return Ok((found, last));
            }
            found.push(version.clone());
        }
        Ok((found, None))
    }
}

fn with_next(mut answer: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer["NextToken"] = json!(page::token(&next));
    }
    answer
}
