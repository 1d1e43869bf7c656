//! `failover status`: what users get now, and why. With `--watch`, as it changes.

pub(super) mod text;
mod watch;

use decision::{Answers, RegionName, ServiceView};
use serde::Serialize;

use crate::args::{Global, StatusArgs};
use crate::failure::Failure;
use crate::out::Out;
use crate::service::{Reading, Service};

/// What is printed as JSON.
#[derive(Serialize)]
struct Status<'a> {
    command: &'static str,
    api: &'a str,
    websocket: &'a str,
    /// Regions shown that serve, of how many.
    all_serving: bool,
    #[serde(flatten)]
    view: &'a ServiceView,
}

/// Shows the service once, or follows it.
pub(crate) async fn run(args: &StatusArgs, global: &Global, out: &Out) -> Result<u8, Failure> {
    let service = Service::connect(global, out).await?;
    if let Some(region) = &args.region {
        service.config.check_region(region)?;
    }
    if args.watch {
        return watch::run(&service, args.region.as_ref(), out).await;
    }
    let reading = service.read().await;
    anyone(&reading)?;
    let view = only(reading.view(service.policy()), args.region.as_ref());
    show(&service, &view, out)?;
    if !out.is_json() {
        next(&view, out);
    }
    Ok(u8::from(args.check && !all_serving(&view)))
}

/// Fails when nobody could be read at all: then there is nothing to show, and one reason for it.
fn anyone(reading: &Reading) -> Result<(), Failure> {
    if reading.votes.values().any(Result::is_ok) {
        return Ok(());
    }
    let errors = reading.votes.values().filter_map(|read| read.as_ref().err());
    Err(match store::denied(errors) {
        Some((observer, what)) => Failure::Credentials { observer, what },
        None => Failure::Unreadable { answered: 0, of: reading.votes.len(), needed: 1, failures: crate::service::failures(&reading.votes) },
    })
}

/// The view of one region only, with the warnings of all.
fn only(mut view: ServiceView, region: Option<&RegionName>) -> ServiceView {
    if let Some(region) = region {
        view.regions.retain(|shown| shown.region == *region);
    }
    view
}

fn all_serving(view: &ServiceView) -> bool {
    view.regions.iter().all(|region| region.answers == Answers::Serving)
}

fn show(service: &Service, view: &ServiceView, out: &Out) -> Result<(), Failure> {
    let names = &service.config.file.names;
    if out.is_json() {
        let status = Status { command: "status", api: &names.api, websocket: &names.websocket, all_serving: all_serving(view), view };
        return out.json(&status);
    }
    out.data(&text::status(&names.api, view, out.look))
}

/// Where to look next, when something is not as it should be.
fn next(view: &ServiceView, out: &Out) {
    let worst = view.regions.iter().find(|region| text::mark(region) == crate::out::Mark::Bad);
    if let Some(region) = worst {
        out.note(&format!("next: failover explain {}", region.region));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{policy, region, serving, trouble};

    #[test]
    fn the_object_for_scripts() {
        let view = only(trouble().view(&policy()), Some(&region("eu-west-2")));
        let status = Status {
            command: "status",
            api: "api.chat.example.com",
            websocket: "api-ws.chat.example.com",
            all_serving: all_serving(&view),
            view: &view,
        };
        let json: serde_json::Value = serde_json::from_str(&crate::out::document(&status).unwrap()).unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(&json).unwrap(), @r#"
        {
          "all_serving": false,
          "api": "api.chat.example.com",
          "at": "2026-11-23T03:22:07Z",
          "command": "status",
          "observers": [
            {
              "decided_at": "2026-11-23T03:22:05Z",
              "generation": 7,
              "heard": "fresh",
              "observer": "eu-west-1"
            },
            {
              "decided_at": "2026-11-23T03:22:05Z",
              "generation": 7,
              "heard": "fresh",
              "observer": "eu-west-2"
            },
            {
              "decided_at": null,
              "generation": null,
              "heard": "unreachable",
              "observer": "us-east-1"
            }
          ],
          "regions": [
            {
              "answers": "drained",
              "decided_by": {
                "actor": "ana",
                "by": "person",
                "kind": "drain",
                "until": "2026-11-23T05:10:07Z"
              },
              "drain_refused_by": null,
              "intent": {
                "actor": "ana",
                "ends_at": "2026-11-23T05:10:07Z",
                "generation": 118,
                "id": "d1",
                "kind": "drain",
                "reason": "p99 over 3 s after deploy 4471",
                "recorded_at": "2026-11-23T03:21:05Z",
                "region": "eu-west-2",
                "schema": "failover/v1",
                "service": "chat",
                "state": "in-force",
                "stored_at": [
                  "eu-west-1",
                  "eu-west-2"
                ],
                "ticket": "OPS-918"
              },
              "observers": [
                {
                  "heard": "fresh",
                  "observer": "eu-west-1",
                  "reason": "drained by ana until Mon 05:10 UTC, generation 118",
                  "since": "2026-11-23T03:21:07Z",
                  "verdict": "healthy",
                  "vote": "eject"
                },
                {
                  "heard": "fresh",
                  "observer": "eu-west-2",
                  "reason": "drained by ana until Mon 05:10 UTC, generation 118",
                  "since": "2026-11-23T03:21:07Z",
                  "verdict": "healthy",
                  "vote": "eject"
                },
                {
                  "heard": "unreachable",
                  "observer": "us-east-1",
                  "reason": null,
                  "since": null,
                  "verdict": "unknown",
                  "vote": null
                }
              ],
              "reason": "drained by ana until Mon 05:10 UTC, generation 118",
              "region": "eu-west-2",
              "says": 2,
              "since": "2026-11-23T03:21:07Z",
              "verdict": "healthy",
              "votes": {
                "eject": 2,
                "serve": 0,
                "unknown": 1
              }
            }
          ],
          "schema": "failover/v1",
          "service": "chat",
          "serving": 1,
          "warnings": [
            {
              "kind": "one-loss-from-everywhere",
              "text": "eu-west-1 is the only region serving: one more loss makes Route 53 answer with every region (fail-open)"
            },
            {
              "kind": "silent-observer",
              "text": "observer us-east-1 does not answer; its votes count as unknown"
            }
          ],
          "websocket": "api-ws.chat.example.com"
        }
        "#);
    }

    #[test]
    fn check_judges_the_regions_that_are_shown() {
        assert!(all_serving(&serving()));
        let trouble = trouble().view(&policy());
        assert!(!all_serving(&trouble));
        assert!(all_serving(&only(trouble, Some(&region("eu-west-1")))));
    }
}
