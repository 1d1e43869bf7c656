//! Every function, in its short form and its long one, and what it comes to.

use crate::{given, property, shown, stack};
use template::{Attribute, Template};

#[test]
fn each_function_comes_to_what_cloudformation_makes_of_it() {
    let table = [
        "!Ref Name",
        "{Ref: Count}",
        "!Ref Regions",
        "!Ref Topic",
        "!GetAtt Topic.TopicArn",
        "{Fn::GetAtt: [Topic, TopicArn]}",
        "!Ref AWS::Region",
        "!Sub '${AWS::Partition}:${AWS::AccountId}:${AWS::URLSuffix}'",
        "!Sub '${Name}-${Topic}-${Topic.TopicArn}-${!kept}'",
        "!Sub ['${Who}.${Name}', {Who: !Select [0, !Ref Regions]}]",
        "{Fn::Sub: 'a ${Count}'}",
        "!Join ['-', [a, !Ref Name, 3, !If [Five, x, !Ref AWS::NoValue]]]",
        "!Join [',', !Ref Regions]",
        "!Select [1, !Split ['.', 'a.b.c']]",
        "!Select ['0', !Ref Regions]",
        "!FindInMap [Majority, !Ref Count, All]",
        "!FindInMap [Majority, '3', Names]",
        "!If [Three, three, !Ref Nonsense]",
        "!If [Both, both, !If [Either, either, none]]",
        "!If [NotThree, x, !Ref AWS::NoValue]",
        "[1, '1', 1.5, true, 'true', 2012-10-17, arn:aws:iam::aws:policy/X, 5 minutes]",
        "{A: {B: !If [Five, x, !Ref AWS::NoValue], C: !Ref Name}}",
        "!Ref AWS::StackId",
    ];
    let said = table.map(|expression| format!("{expression}\n    {}", property(expression))).join("\n");
    insta::assert_snapshot!(said, @r#"
    !Ref Name
        "chat"
    {Ref: Count}
        "3"
    !Ref Regions
        ["eu-west-1", "us-east-1"]
    !Ref Topic
        "${Topic}"
    !GetAtt Topic.TopicArn
        "${Topic.TopicArn}"
    {Fn::GetAtt: [Topic, TopicArn]}
        "${Topic.TopicArn}"
    !Ref AWS::Region
        "eu-west-2"
    !Sub '${AWS::Partition}:${AWS::AccountId}:${AWS::URLSuffix}'
        "aws:123456789012:amazonaws.com"
    !Sub '${Name}-${Topic}-${Topic.TopicArn}-${!kept}'
        "chat-${Topic}-${Topic.TopicArn}-${kept}"
    !Sub ['${Who}.${Name}', {Who: !Select [0, !Ref Regions]}]
        "eu-west-1.chat"
    {Fn::Sub: 'a ${Count}'}
        "a 3"
    !Join ['-', [a, !Ref Name, 3, !If [Five, x, !Ref AWS::NoValue]]]
        "a-chat-3"
    !Join [',', !Ref Regions]
        "eu-west-1,us-east-1"
    !Select [1, !Split ['.', 'a.b.c']]
        "b"
    !Select ['0', !Ref Regions]
        "eu-west-1"
    !FindInMap [Majority, !Ref Count, All]
        2
    !FindInMap [Majority, '3', Names]
        ["a", "b"]
    !If [Three, three, !Ref Nonsense]
        "three"
    !If [Both, both, !If [Either, either, none]]
        "either"
    !If [NotThree, x, !Ref AWS::NoValue]
        (nothing)
    [1, '1', 1.5, true, 'true', 2012-10-17, arn:aws:iam::aws:policy/X, 5 minutes]
        [1, "1", 1.5, true, "true", "2012-10-17", "arn:aws:iam::aws:policy/X", "5 minutes"]
    {A: {B: !If [Five, x, !Ref AWS::NoValue], C: !Ref Name}}
        {A: {C: "chat"}}
    !Ref AWS::StackId
        "arn:aws:cloudformation:eu-west-2:123456789012:stack/s/00000000-0000-4000-8000-000000000000"
    "#);
}

#[test]
fn what_a_condition_leaves_out_is_not_there_and_cannot_be_referred_to() {
    let text = format!("{}Outputs:\n  Spare: {{Condition: Five, Value: !Ref Spare}}\n  Topic: {{Value: !Ref Topic}}\n", crate::PREAMBLE);
    let three = stack(&text, &[]).unwrap();
    assert_eq!(three.resources.keys().collect::<Vec<_>>(), ["Topic"]);
    assert_eq!(three.outputs.keys().collect::<Vec<_>>(), ["Topic"]);
    let five = stack(&text, &[("Count", "5")]).unwrap();
    assert_eq!(five.resources.keys().collect::<Vec<_>>(), ["Spare", "Topic"]);
    insta::assert_snapshot!(property("!Ref Spare"), @"line 20, Resources.It.Properties.P: Spare is not made under these parameters, its condition being false");
}

#[test]
fn a_callers_knowledge_takes_the_place_of_attributes() {
    let text = format!("{}Outputs:\n  It: {{Value: !Sub 'https://${{Topic.Host}}/${{Topic}}'}}\n", crate::PREAMBLE);
    let stack = stack(&text, &[]).unwrap();
    let it = stack.output("It").unwrap();
    assert_eq!(shown(&stack.named(it)), r#""https://${Topic.Host}/eu-west-2/s/Topic""#);
    let host = |asked: &Attribute| (asked.name == "Host").then(|| "h.test".to_owned());
    assert_eq!(stack.named(it).known(&host).literal(), Some("https://h.test/eu-west-2/s/Topic"));
}

#[test]
fn json_is_yaml_too_and_a_transform_makes_resources_of_its_own() {
    let text = r#"{"Transform": "AWS::Serverless-2016-10-31",
        "Resources": {"Probe": {"Type": "AWS::Serverless::Function", "DependsOn": "Role", "Properties": {"Role": {"Fn::GetAtt": ["Role", "Arn"]}}},
                      "Role": {"Type": "AWS::IAM::Role", "DeletionPolicy": "Retain"}},
        "Outputs": {"Rule": {"Value": {"Ref": "ProbeEveryMinute"}}}}"#;
    let template = Template::read(text).unwrap();
    let stack = template.stack(&given(&[])).unwrap();
    assert_eq!(shown(&stack.outputs["Rule"]), r#""${ProbeEveryMinute}""#);
    assert!(stack.resources["Probe"].depends_on.contains("Role"));
    assert_eq!(stack.resources["Role"].deletion_policy.as_deref(), Some("Retain"));
    let without = text.replace("\"Transform\": \"AWS::Serverless-2016-10-31\",", "");
    insta::assert_snapshot!(Template::read(&without).unwrap().stack(&given(&[])).unwrap_err(), @"line 4, Outputs.Rule.Value: there is no parameter or resource ProbeEveryMinute; did you mean Probe?");
}
