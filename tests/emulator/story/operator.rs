//! Somebody on call: an IAM user with the operators' policy of each stack and nothing else, and `failover.toml` as `init` writes it.

use super::deployment::{DOMAIN, Deployment, REGIONS};
use crate::programs::Seat;

/// The name of the user.
pub(super) const NAME: &str = "ada";

/// Makes the user, and lets `failover init` write the configuration into the folder.
pub(super) async fn comes(deployment: &Deployment) -> Seat {
    let owner = &deployment.owner;
    owner.aws("us-east-1", &["iam", "create-user", "--user-name", NAME]).await;
    for region in REGIONS {
        let policy = deployment.outputs(region, "chat").await["OperatorPolicyArn"].clone();
        owner.aws("us-east-1", &["iam", "attach-user-policy", "--user-name", NAME, "--policy-arn", &policy]).await;
    }
    let key = owner.aws("us-east-1", &["iam", "create-access-key", "--user-name", NAME]).await["AccessKey"].clone();
    let seat = owner.as_somebody(key["AccessKeyId"].as_str().unwrap(), key["SecretAccessKey"].as_str().unwrap());
    seat.failover(&["init", "--from-stack", "chat", "--regions", REGIONS[0]]).await.passed();
    seat
}

/// Names lead nowhere on this machine: gates and regions get the addresses at which the emulator serves the same domains.
pub(super) fn resolves_names(deployment: &Deployment, seat: &Seat) {
    let path = seat.folder().join("failover.toml");
    let mut text = std::fs::read_to_string(&path).unwrap();
    for observer in REGIONS {
        let gate = format!("gate-{observer}.{DOMAIN}");
        assert!(text.contains(&format!("gate = \"https://{gate}\"")), "init pins {gate}:\n{text}");
        text = text.replace(&format!("https://{gate}"), &deployment.address(&gate));
        let rest = deployment.address(&format!("{observer}.api.{DOMAIN}"));
        let websocket = deployment.address(&format!("{observer}.api-ws.{DOMAIN}")).replacen("http", "ws", 1);
        text.push_str(&format!("\n[region.{observer}]\nrest = \"{rest}\"\nwebsocket = \"{websocket}\"\n"));
    }
    std::fs::write(path, text).unwrap();
}

/// Takes the pinned SSM endpoints out. What goes over plain `http` to a pinned one is signed with placeholders, and that is the whole account here: only
/// without them do the operator's own rights count.
pub(super) fn is_asked_for_credentials(seat: &Seat) {
    let path = seat.folder().join("failover.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let kept: Vec<_> = text.lines().filter(|line| !line.starts_with("ssm = ")).collect();
    std::fs::write(path, kept.join("\n") + "\n").unwrap();
}
