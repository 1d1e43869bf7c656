//! Settings: what is read from the environment of a Lambda, and what people are told when it is wrong.

use controller::config::Settings;
use store::in_one_line;

const POLICY: &str = r#"{"service":"chat","regions":["eu-west-2","us-west-2"],"observers":["eu-west-2","us-west-2","eu-central-1"]}"#;

fn read(with: &[(&str, &str)]) -> Result<Settings, String> {
    let standard = [("FAILOVER_SERVICE", "chat"), ("FAILOVER_POLICY", POLICY), ("AWS_REGION", "eu-west-2")];
    let lookup = |name: &str| {
        let found = with.iter().chain(&standard).find(|(set, _)| *set == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    Settings::read(lookup).map_err(|error| in_one_line(&error))
}

#[test]
fn the_region_of_the_lambda_is_the_observer_unless_one_is_named() {
    let settings = read(&[]).unwrap();
    assert_eq!((settings.observer.as_str(), settings.policy.majority()), ("eu-west-2", 2));
    assert_eq!(read(&[("FAILOVER_OBSERVER", "eu-central-1")]).unwrap().observer.as_str(), "eu-central-1");
}

#[test]
fn endpoints_take_the_place_of_aws_for_some_observers_or_all() {
    let settings = read(&[("FAILOVER_ENDPOINTS", " eu-west-2=http://127.0.0.1:4566, us-west-2=https://ssm.test ,")]).unwrap();
    let endpoints: Vec<_> = settings.endpoints.iter().map(|(observer, url)| format!("{observer} {url}")).collect();
    assert_eq!(endpoints, ["eu-west-2 http://127.0.0.1:4566", "us-west-2 https://ssm.test"]);
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let cases = [
        &[("FAILOVER_POLICY", "")][..],
        &[("FAILOVER_POLICY", r#"{"service":"chat","regoins":[]}"#)],
        &[("FAILOVER_POLICY", r#"{"service":"chat","regions":["eu-west-2","us-west-2"],"observers":["eu-west-2","us-west-2"]}"#)],
        &[("FAILOVER_SERVICE", "shop")],
        &[("AWS_REGION", " ")],
        &[("AWS_REGION", "London")],
        &[("FAILOVER_OBSERVER", "ap-south-1")],
        &[("FAILOVER_ENDPOINTS", "eu-west-2")],
        &[("FAILOVER_ENDPOINTS", "eu-west-2=ftp://x")],
        &[("FAILOVER_ENDPOINTS", "ap-south-1=http://x")],
        &[("FAILOVER_ENDPOINTS", "eu-west-2=http://x,eu-west-2=http://y")],
    ];
    let said: Vec<String> = cases.iter().map(|with| read(with).unwrap_err()).collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    FAILOVER_POLICY is not set
    FAILOVER_POLICY cannot be parsed: unknown field `regoins`, expected one of `service`, `regions`, `observers`, `thresholds`, `failback`, `capacity` at line 1 column 27
    FAILOVER_POLICY is refused: observers are odd in number, 3 to 7; these are 2 (a two-region service adds a witness)
    FAILOVER_SERVICE is shop, and the policy is that of chat
    FAILOVER_OBSERVER is not set
    AWS_REGION is not a valid name: "London" is not a region name; one looks like eu-west-2
    ap-south-1 is not an observer of the policy
    FAILOVER_ENDPOINTS: "eu-west-2" is not observer=http(s)://host, or not an observer of the policy, or there twice
    FAILOVER_ENDPOINTS: "eu-west-2=ftp://x" is not observer=http(s)://host, or not an observer of the policy, or there twice
    FAILOVER_ENDPOINTS: "ap-south-1=http://x" is not observer=http(s)://host, or not an observer of the policy, or there twice
    FAILOVER_ENDPOINTS: "eu-west-2=http://y" is not observer=http(s)://host, or not an observer of the policy, or there twice
    "#);
}
