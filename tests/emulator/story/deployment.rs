//! A service deployed to three regions of the emulator, as docs/deploy.md says: an account with a zone and certificates, samconfig.toml with one's own
//! names, `scripts/deploy`.
//!
//! What people then do with it is told elsewhere.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::{Value, json};

use crate::emulators::{Emulators, OPERATOR, root};
use crate::programs::{SECRET, Seat};

/// The regions of samconfig.toml, all of which serve and watch.
pub(super) const REGIONS: [&str; 3] = ["eu-west-1", "eu-west-2", "us-east-1"];
/// The domain below which everything is.
pub(super) const DOMAIN: &str = "chat.example.net";
/// The zone that it is in.
const ZONE: &str = "example.net";
/// Thresholds with which a region returns soon.
const THRESHOLDS: &str = r#"{"hold_down_seconds":5,"hold_down_share":0,"up_after":2}"#;
/// How long four stacks may take, the first decision of each controller included.
const DEPLOYED_WITHIN: Duration = Duration::from_secs(420);

/// What was deployed.
pub(super) struct Deployment {
    pub(super) emulators: Emulators,
    /// Where the account's owner sits.
    pub(super) owner: Seat,
    pub(super) zone: String,
    /// By region, the ARN of its certificate.
    pub(super) certificates: BTreeMap<&'static str, String>,
}

impl Deployment {
    /// Deploys. What `scripts/deploy` printed comes along.
    pub(super) async fn start() -> (Self, String) {
        let emulators = Emulators::start(|gateway| json!({ "FAILOVER_TARGETS": targets(gateway).to_string() })).await;
        let owner = Seat::new(emulators.ministack(), OPERATOR, OPERATOR, emulators.folder());
        let made = owner.aws("us-east-1", &["route53", "create-hosted-zone", "--name", ZONE, "--caller-reference", "once"]).await;
        let zone = made["HostedZone"]["Id"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let mut deployment = Self { emulators, owner, zone, certificates: BTreeMap::new() };
        for region in REGIONS {
            let arn = deployment.import(region, None, 2126).await;
            deployment.certificates.insert(region, arn);
        }
        deployment.is_ready().await;
        let config = deployment.configuration();
        let secret = [("FAILOVER_PROBE_SECRETS", SECRET)];
        let arguments = ["--no-build", "--config", config.to_str().unwrap()];
        deployment.owner.script("deploy", &[&arguments[..], &["--dry-run"]].concat(), &secret, DEPLOYED_WITHIN).await.passed();
        let ran = deployment.owner.script("deploy", &arguments, &secret, DEPLOYED_WITHIN).await.passed();
        (deployment, ran.stdout)
    }

    /// What `failover doctor --pre` says, with a configuration that only names things.
    async fn is_ready(&self) {
        let list = REGIONS.map(|region| format!("\"{region}\"")).join(", ");
        let text = format!("service = \"chat\"\nregions = [{list}]\n\n[names]\napi = \"api.{DOMAIN}\"\nwebsocket = \"api-ws.{DOMAIN}\"\n");
        std::fs::write(self.owner.folder().join("before.toml"), text).unwrap();
        self.owner.failover(&["--config", "before.toml", "doctor", "--pre"]).await.passed();
    }

    /// Imports a certificate for all names that ends with that year, over `arn` if there is one.
    pub(super) async fn import(&self, region: &str, arn: Option<&str>, ends: i32) -> String {
        let names = [format!("*.{DOMAIN}"), format!("*.api.{DOMAIN}"), format!("*.api-ws.{DOMAIN}")];
        let key = KeyPair::generate().unwrap();
        let mut certificate = CertificateParams::new(names).unwrap();
        (certificate.not_before, certificate.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(ends, 12, 31));
        let folder = self.owner.folder();
        let (body, private) = (folder.join("certificate.pem"), folder.join("key.pem"));
        std::fs::write(&body, pem("CERTIFICATE", certificate.self_signed(&key).unwrap().der())).unwrap();
        std::fs::write(&private, pem("PRIVATE KEY", key.serialized_der())).unwrap();
        let (body, private) = (format!("fileb://{}", body.display()), format!("fileb://{}", private.display()));
        let mut arguments = vec!["acm", "import-certificate", "--certificate", &body, "--private-key", &private];
        if let Some(arn) = arn {
            arguments.extend(["--certificate-arn", arn]);
        }
        self.owner.aws(region, &arguments).await["CertificateArn"].as_str().unwrap().to_owned()
    }

    /// samconfig.toml of the repository, with one's own names in place of the examples, and patience for a test: while the first region is alone, its probe
    /// sees the others missing and ejects them, and by default they would stay away for minutes.
    fn configuration(&self) -> PathBuf {
        let mut text = std::fs::read_to_string(root().join("samconfig.toml")).unwrap();
        text = text.replace("chat.example.com", DOMAIN).replace("Z0000000000000000000", &self.zone);
        for (region, arn) in &self.certificates {
            text = text.replace(&format!("arn:aws:acm:{region}:000000000000:certificate/00000000-0000-0000-0000-000000000000"), arn);
        }
        let capacity = "\nCapacity = ";
        assert_eq!(text.matches(capacity).count(), REGIONS.len(), "every region says its capacity");
        text = text.replace(capacity, &format!("\nThresholds = '{THRESHOLDS}'{capacity}"));
        let path = self.emulators.folder().join("samconfig.toml");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Where `https://NAME` answers here: see front/names.py.
    pub(super) fn address(&self, name: &str) -> String {
        format!("{}/_names/{name}", self.emulators.ministack())
    }

    /// Outputs of a stack.
    pub(super) async fn outputs(&self, region: &str, stack: &str) -> BTreeMap<String, String> {
        let described = self.owner.aws(region, &["cloudformation", "describe-stacks", "--stack-name", stack]).await;
        let outputs = described["Stacks"][0]["Outputs"].as_array().cloned().unwrap_or_default();
        let text = |output: &Value, key: &str| output[key].as_str().unwrap_or_default().to_owned();
        outputs.iter().map(|output| (text(output, "OutputKey"), text(output, "OutputValue"))).collect()
    }
}

/// Where the regional names answer, which the probe otherwise makes of the public ones.
fn targets(gateway: &str) -> Value {
    let target = |region: &&str| {
        let at = |name: &str| format!("{gateway}/_names/{region}.{name}.{DOMAIN}");
        json!({ "region": region, "rest": at("api"), "websocket": at("api-ws").replacen("http", "ws", 1) })
    };
    REGIONS.iter().map(target).collect()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
