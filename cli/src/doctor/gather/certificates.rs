//! Certificates as ACM has them.

use aws_sdk_acm::types::{CertificateDetail, Filters, KeyAlgorithm};
use decision::RegionName;
use jiff::Timestamp;

use super::{Asking, aws_region};
use crate::doctor::expected::Expected;
use crate::doctor::facts::{Fact, StoredCertificate, Unread};

/// The most pages of a listing, and the most certificates that are looked at closer.
const PAGES_MAX: usize = 5;
const LOOKED_AT_MAX: usize = 20;

/// The one that a stack names.
pub(super) async fn deployed(asking: &Asking<'_>, region: &RegionName, arn: &str) -> Fact<Vec<StoredCertificate>> {
    let client = client(asking, region);
    Ok(vec![describe(asking, &client, arn, true).await?])
}

/// Every one that has to do with the domain.
pub(super) async fn all(asking: &Asking<'_>, region: &RegionName) -> Fact<Vec<StoredCertificate>> {
    let wanted = Expected::of(asking.config).wildcards();
    let client = client(asking, region);
    // Without a filter, ACM lists RSA keys of up to 2048 bits alone.
    let keys = [KeyAlgorithm::Rsa2048, KeyAlgorithm::Rsa3072, KeyAlgorithm::Rsa4096, KeyAlgorithm::EcPrime256v1, KeyAlgorithm::EcSecp384r1];
    let mut arns = Vec::new();
    let mut token = None;
    for _ in 0..PAGES_MAX {
        let filters = Filters::builder().set_key_types(Some(keys.to_vec())).build();
        let page = asking.caller.ask(client.list_certificates().includes(filters).set_next_token(token.take()).send()).await?;
        for summary in page.certificate_summary_list.unwrap_or_default() {
            let names = summary.domain_name.iter().chain(summary.subject_alternative_name_summaries.iter().flatten());
            if names.into_iter().any(|name| wanted.iter().any(|wanted| wanted == name || wanted.ends_with(&format!(".{name}")))) {
                arns.extend(summary.certificate_arn);
            }
        }
        token = page.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    let mut found = Vec::new();
    for arn in arns.iter().take(LOOKED_AT_MAX) {
        found.push(describe(asking, &client, arn, false).await?);
    }
    Ok(found)
}

fn client(asking: &Asking<'_>, region: &RegionName) -> aws_sdk_acm::Client {
    aws_sdk_acm::Client::from_conf(aws_sdk_acm::config::Builder::from(&asking.caller.aws).region(aws_region(region)).build())
}

async fn describe(asking: &Asking<'_>, client: &aws_sdk_acm::Client, arn: &str, deployed: bool) -> Fact<StoredCertificate> {
    let found = asking.caller.ask(client.describe_certificate().certificate_arn(arn).send()).await?.certificate;
    let CertificateDetail { domain_name, subject_alternative_names, status, not_after, .. } =
        found.ok_or_else(|| Unread::no_answer("an answer without a certificate"))?;
    let days = |end: i64| (end - Timestamp::now().as_second()).div_euclid(86_400);
    Ok(StoredCertificate {
        arn: arn.to_owned(),
        status: status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        names: domain_name.into_iter().chain(subject_alternative_names.unwrap_or_default()).collect(),
        days_left: not_after.map(|end| days(end.secs())),
        deployed,
    })
}
