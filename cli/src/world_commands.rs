//! `failover fault` and `failover heal`: break and mend parts of a running demo, through its switchboard.
//!
//! They act on a demo only; nothing that is deployed has a switchboard.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::args::{FaultArgs, HealArgs, Switch};
use crate::config::Config;
use crate::failure::Failure;
use crate::out::Out;

/// The switchboard answers at once, or the demo is gone.
const DEADLINE: Duration = Duration::from_secs(5);
/// An answer is a few lines.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Breaks or mends one component.
pub(crate) async fn fault(args: &FaultArgs, config: &Config, out: &Out) -> Result<(), Failure> {
    let on = matches!(args.switch, Switch::On);
    let order = json!({ "region": args.region, "component": args.component.as_str(), "on": on });
    let answer = post(config, "/faults", &order).await?;
    let changed = answer["changed"].as_bool().unwrap_or_default();
    if out.is_json() {
        return out.json(&answer);
    }
    let (region, component) = (&args.region, args.component);
    out.data(&match (on, changed) {
        (true, true) => format!("{component} is broken in {region}"),
        (true, false) => format!("{component} was broken in {region} already"),
        (false, true) => format!("{component} works again in {region}"),
        (false, false) => format!("{component} was not broken in {region}"),
    })?;
    if on && changed {
        out.hint("watch it with failover status --watch; mend it with failover heal");
    }
    Ok(())
}

/// Mends everything, everywhere or in one region.
pub(crate) async fn heal(args: &HealArgs, config: &Config, out: &Out) -> Result<(), Failure> {
    let answer = post(config, "/heal", &json!({ "region": args.region })).await?;
    if out.is_json() {
        return out.json(&answer);
    }
    let place = args.region.as_ref().map_or_else(String::new, |region| format!(" in {region}"));
    out.data(&match answer["healed"].as_u64().unwrap_or_default() {
        0 => format!("nothing was broken{place}"),
        1 => format!("1 fault mended{place}"),
        healed => format!("{healed} faults mended{place}"),
    })
}

/// Sends an order to the switchboard of the demo that this configuration belongs to.
async fn post(config: &Config, path: &str, order: &Value) -> Result<Value, Failure> {
    let Some(world) = config.world() else {
        return Err(Failure::Usage {
            message: format!("{} is not the configuration of a demo; faults exist only there", config.path.display()),
            hint: Some("start one with failover demo and run this in the same folder".to_owned()),
        });
    };
    let address = world.admin.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let gone = |why: String| Failure::Failed {
        message: format!("the demo at {address} does not answer: {why}"),
        hint: Some("start it again with failover demo".to_owned()),
    };
    let (status, answer) = timeout(DEADLINE, exchange(&address, path, order))
        .await
        .map_err(|_| gone(format!("nothing within {} s", DEADLINE.as_secs())))?
        .map_err(|error| gone(error.to_string()))?;
    let answer: Value = serde_json::from_slice(&answer).map_err(|error| gone(error.to_string()))?;
    if status.is_success() {
        Ok(answer)
    } else {
        Err(Failure::usage(answer["error"].as_str().unwrap_or("the demo refused without a reason").to_owned()))
    }
}

async fn exchange(address: &str, path: &str, order: &Value) -> Result<(http::StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = http::Request::post(path)
        .header(http::header::HOST, address)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(order.to_string())))?;
    let answering = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await?;
        Ok((status, body.to_bytes()))
    };
    tokio::select! {
        answer = answering => answer,
        // The connection only ends first when it breaks.
        broken = connection => Err(broken.err().map_or_else(|| "the connection ended".into(), Into::into)),
    }
}
