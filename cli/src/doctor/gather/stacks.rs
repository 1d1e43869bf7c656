//! Stacks, as CloudFormation has them.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::TemplateStage;
use decision::RegionName;

use super::{Caller, aws_region};
use crate::doctor::facts::{Fact, Stack, Unread, Why};

/// The stack of that name in a region, with its template when that is wanted. `None`: there is none.
pub(crate) async fn stack_of(caller: &Caller, name: &str, region: &RegionName, with_template: bool) -> Fact<Option<Stack>> {
    let config = aws_sdk_cloudformation::config::Builder::from(&caller.aws).region(aws_region(region)).build();
    let client = aws_sdk_cloudformation::Client::from_conf(config);
    let found = match caller.ask(client.describe_stacks().stack_name(name).send()).await {
        Ok(found) => found.stacks.unwrap_or_default().into_iter().next(),
        // CloudFormation has no error of its own for it.
        Err(why) if why.why == Why::Refused && why.what.contains("does not exist") => None,
        Err(why) => return Err(why),
    };
    let Some(found) = found else { return Ok(None) };
    let template = if with_template {
        let call = client.get_template().stack_name(name).template_stage(TemplateStage::Original).send();
        caller.ask(call).await.and_then(|answer| answer.template_body.ok_or_else(|| Unread::no_answer("an answer without a template")))
    } else {
        Err(Unread::refused("it was not asked for"))
    };
    let parameters: BTreeMap<String, String> = found
        .parameters
        .unwrap_or_default()
        .into_iter()
        .filter_map(|parameter| Some((parameter.parameter_key?, parameter.parameter_value?)))
        .collect();
    let outputs =
        found.outputs.unwrap_or_default().into_iter().filter_map(|output| Some((output.output_key?, output.output_value?))).collect();
    let status = found.stack_status.map(|status| status.as_str().to_owned()).unwrap_or_default();
    Ok(Some(Stack { name: name.to_owned(), status, parameters, outputs, template }))
}
