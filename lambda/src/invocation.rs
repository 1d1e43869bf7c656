//! Which invocation runs: what every log line says of it, also those of tasks that outlive their invocation.
//!
//! One process runs one invocation at a time, so that this is a fact of the process and no argument of anybody.

use std::sync::{OnceLock, PoisonError, RwLock};

use lambda_runtime::Context;

/// What a function knows of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) service: String,
    pub(crate) name: String,
    pub(crate) memory_mb: u32,
}

/// What is known of the invocation that runs, or ran last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Invocation {
    /// Counted from 1; 0 before the first.
    pub(crate) number: u64,
    pub(crate) request_id: String,
    pub(crate) function_arn: String,
    pub(crate) trace_id: Option<String>,
}

static FUNCTION: OnceLock<Function> = OnceLock::new();
static INVOCATION: RwLock<Option<Invocation>> = RwLock::new(None);

/// Remembers for good what the function is. Later calls change nothing.
pub(crate) fn is_of(function: Function) {
    FUNCTION.get_or_init(|| function);
}

/// An invocation begins.
pub(crate) fn begin(context: &Context) {
    let mut current = INVOCATION.write().unwrap_or_else(PoisonError::into_inner);
    let number = current.as_ref().map_or(0, |last| last.number) + 1;
    *current = Some(Invocation {
        number,
        request_id: context.request_id.clone(),
        function_arn: context.invoked_function_arn.clone(),
        trace_id: context.xray_trace_id.as_deref().map(root),
    });
}

/// The function and the invocation, as far as there are any.
pub(crate) fn now() -> (Function, Invocation) {
    let invocation = INVOCATION.read().unwrap_or_else(PoisonError::into_inner).clone();
    (FUNCTION.get().cloned().unwrap_or_default(), invocation.unwrap_or_default())
}

/// `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=…;Sampled=1`: what people search for is the root alone.
fn root(header: &str) -> String {
    let root = header.split(';').find_map(|part| part.trim().strip_prefix("Root="));
    root.unwrap_or(header).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_known_by_its_root() {
        assert_eq!(root("Root=1-5759e988-bd862e;Parent=53995c3f42cd8ad8;Sampled=1"), "1-5759e988-bd862e");
        assert_eq!(root("Self=1-a;Root=1-b"), "1-b");
        assert_eq!(root("anything"), "anything");
    }
}
