//! What `init` and `doctor` ask besides: who one is, stacks, certificates, quotas, the zone. The world serves none of it but STS; quotas and Route 53
//! of ministack are not its own (`front/`), and are asked of moto alone.

use aws_sdk_route53::types::AccountLimitType;

use super::table::Asked;
use super::{Peer, REGION, came};

pub(super) async fn asked(peer: &Peer) -> Vec<Asked> {
    let shared = peer.shared(REGION).await;
    let sts = aws_sdk_sts::Client::new(&shared);
    let mut asked = vec![("sts GetCallerIdentity", "an ARN", {
        came(sts.get_caller_identity().send().await, |who| {
            who.arn.map_or("nobody", |arn| if arn.starts_with("arn:aws:") { "an ARN" } else { "no ARN" }).to_owned()
        })
    })];
    if peer.name == "world" {
        return asked;
    }
    let stacks = aws_sdk_cloudformation::Client::new(&shared);
    let certificates = aws_sdk_acm::Client::new(&shared);
    let nothing = format!("arn:aws:acm:{REGION}:{}:certificate/00000000-0000-0000-0000-000000000000", crate::emulators::ACCOUNT);
    asked.extend([
        ("cloudformation DescribeStacks of nothing", "ValidationError", {
            came(stacks.describe_stacks().stack_name("nothing").send().await, |found| format!("{} stacks", found.stacks().len()))
        }),
        ("cloudformation GetTemplate of nothing", "ValidationError", {
            came(stacks.get_template().stack_name("nothing").send().await, |_| "a template".to_owned())
        }),
        ("acm ListCertificates, none", "0", {
            came(certificates.list_certificates().send().await, |found| found.certificate_summary_list().len().to_string())
        }),
        ("acm DescribeCertificate of nothing", "ResourceNotFoundException", {
            came(certificates.describe_certificate().certificate_arn(nothing).send().await, |_| "a certificate".to_owned())
        }),
    ]);
    if peer.name != "moto" {
        return asked;
    }
    let quotas = aws_sdk_servicequotas::Client::new(&shared);
    let zones = aws_sdk_route53::Client::new(&shared);
    asked.extend([
        ("servicequotas GetServiceQuota, concurrent executions", "1000", {
            let call = quotas.get_service_quota().service_code("lambda").quota_code("L-B99A9384");
            came(call.send().await, |found| {
                found.quota.and_then(|quota| quota.value).map_or("nothing".to_owned(), |value| value.to_string())
            })
        }),
        ("servicequotas GetServiceQuota of nothing", "NoSuchResourceException", {
            let call = quotas.get_service_quota().service_code("lambda").quota_code("L-00000000");
            came(call.send().await, |_| "a quota".to_owned())
        }),
        (
            "route53 ListHostedZones, none",
            "0",
            came(zones.list_hosted_zones().send().await, |found| found.hosted_zones().len().to_string()),
        ),
        (
            "route53 ListHealthChecks, none",
            "0",
            came(zones.list_health_checks().send().await, |found| found.health_checks().len().to_string()),
        ),
        (
            "route53 GetHostedZone of nothing",
            "NoSuchHostedZone",
            came(zones.get_hosted_zone().id("ZNOTHING").send().await, |_| "a zone".to_owned()),
        ),
        ("route53 ListResourceRecordSets of nothing", "NoSuchHostedZone", {
            came(zones.list_resource_record_sets().hosted_zone_id("ZNOTHING").send().await, |_| "records".to_owned())
        }),
        ("route53 GetAccountLimit, health checks", "200", {
            let call = zones.get_account_limit().r#type(AccountLimitType::MaxHealthChecksByOwner);
            came(call.send().await, |found| found.limit.map_or("nothing".to_owned(), |limit| limit.value.to_string()))
        }),
    ]);
    asked
}
