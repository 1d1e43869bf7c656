//! The variables that every function reads, whatever it does. Those of one function are named in its own crate.

/// Where the runtime API listens. Set by Lambda and by nobody else.
pub const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";
/// The function's name. Set by Lambda.
pub const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";
/// Its memory in MB. Set by Lambda.
pub const MEMORY: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";
/// Its version. Set by Lambda.
pub const VERSION: &str = "AWS_LAMBDA_FUNCTION_VERSION";
/// The level that the function's logging configuration asks for. Set by Lambda.
pub const LAMBDA_LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";
/// The `service` of every log line; optional.
pub const SERVICE: &str = "POWERTOOLS_SERVICE_NAME";
/// The least severe level that is logged; optional, [`LAMBDA_LEVEL`] outranks it.
pub const LEVEL: &str = "POWERTOOLS_LOG_LEVEL";
/// What is logged, by target (`info,probe=debug`); optional, outranks every level.
pub const FILTER: &str = "RUST_LOG";

/// Without these nothing starts.
pub const SET_BY_LAMBDA: [&str; 4] = [RUNTIME_API, FUNCTION_NAME, MEMORY, VERSION];
/// What a deployment may set for any function.
pub const OPTIONAL: [&str; 3] = [SERVICE, LEVEL, FILTER];
