//! What is refused, and that the sentence says where, what and what was meant.

use crate::{property, stack};

fn refused(text: &str, parameters: &[(&str, &str)]) -> String {
    stack(text, parameters).map_or_else(|error| error.to_string(), |_| format!("passed: {text}"))
}

#[test]
fn expressions_that_cannot_be_resolved() {
    let table = [
        "!Ref Nmae",
        "!Ref Conut",
        "!GetAtt Topc.Arn",
        "!GetAtt Topic",
        "!Sub '${Nmae}'",
        "!Sub '${Name'",
        "!Sub '${Regions}'",
        "!Sub [a]",
        "!If [Tree, a, b]",
        "!If [Three, a]",
        "!Equals [a, b]",
        "!Condition Three",
        "!Join [',', !Ref Name]",
        "!Join [',', !GetAtt Topic.Names]",
        "!Join [',', [!Ref Regions]]",
        "!Select [2, !Ref Regions]",
        "!Select [-1, !Ref Regions]",
        "!Select [x, !Ref Regions]",
        "!Split ['/', !GetAtt Topic.TopicArn]",
        "!Split ['', a]",
        "!FindInMap [Majorty, '3', All]",
        "!FindInMap [Majority, '4', All]",
        "!FindInMap [Majority, '5', Al]",
        "!Suub x",
        "{Fn::Subb: x}",
        "{Fn::Sub: x, And: z}",
        "{Fn::ForEach::R: x}",
        "!!str x",
        "yes",
        "0123",
        "0x10",
        "12:30",
        "~",
        "&a x",
        "{<<: x}",
        "{a: 1, a: 2}",
        "{[a]: 1}",
        "!Join [',', [!Ref AWS::NoValue, !Sub ['${A}', {A: !Ref AWS::NoValue}]]]",
    ];
    let said = table.map(|expression| format!("{expression}\n    {}", property(expression))).join("\n");
    insta::assert_snapshot!(said, @r#"
    !Ref Nmae
        line 20, Resources.It.Properties.P: there is no parameter or resource Nmae; did you mean Name?
    !Ref Conut
        line 20, Resources.It.Properties.P: there is no parameter or resource Conut; did you mean Count?
    !GetAtt Topc.Arn
        line 20, Resources.It.Properties.P: there is no parameter or resource Topc; did you mean Topic?
    !GetAtt Topic
        line 20, Resources.It.Properties.P: !GetAtt takes a resource and an attribute
    !Sub '${Nmae}'
        line 20, Resources.It.Properties.P: there is no parameter or resource Nmae; did you mean Name?
    !Sub '${Name'
        line 20, Resources.It.Properties.P: "${Name" opens a ${ that is never closed, or holds no name
    !Sub '${Regions}'
        line 20, Resources.It.Properties.P: text is wanted here, not a list
    !Sub [a]
        line 20, Resources.It.Properties.P: !Sub takes a text, or a text and a mapping of names
    !If [Tree, a, b]
        line 20, Resources.It.Properties.P: there is no condition Tree; did you mean Three?
    !If [Three, a]
        line 20, Resources.It.Properties.P: !If takes the name of a condition, a value and another
    !Equals [a, b]
        line 20, Resources.It.Properties.P: !Equals gives a condition and cannot stand here
    !Condition Three
        line 20, Resources.It.Properties.P: !Condition gives a condition and cannot stand here
    !Join [',', !Ref Name]
        line 20, Resources.It.Properties.P[1]: !Join takes a list, not text
    !Join [',', !GetAtt Topic.Names]
        line 20, Resources.It.Properties.P[1]: ${Topic.Names} is known only once the stack exists
    !Join [',', [!Ref Regions]]
        line 20, Resources.It.Properties.P[0]: text is wanted here, not a list
    !Select [2, !Ref Regions]
        line 20, Resources.It.Properties.P: a list of 2 has no item 2
    !Select [-1, !Ref Regions]
        line 20, Resources.It.Properties.P: a list of 2 has no item -1
    !Select [x, !Ref Regions]
        line 20, Resources.It.Properties.P: !Select takes a number from 0 and a list
    !Split ['/', !GetAtt Topic.TopicArn]
        line 20, Resources.It.Properties.P[1]: ${Topic.TopicArn} is known only once the stack exists
    !Split ['', a]
        line 20, Resources.It.Properties.P: !Split takes what to split at, as text, and a text
    !FindInMap [Majorty, '3', All]
        line 20, Resources.It.Properties.P: there is no mapping Majorty; did you mean Majority?
    !FindInMap [Majority, '4', All]
        line 20, Resources.It.Properties.P: there is no key 4
    !FindInMap [Majority, '5', Al]
        line 20, Resources.It.Properties.P: there is no key Al; did you mean All?
    !Suub x
        line 20: there is no function Suub; did you mean Sub?
    {Fn::Subb: x}
        line 20: there is no function Subb; did you mean Sub?
    {Fn::Sub: x, And: z}
        line 20: Fn::Sub has to stand alone in its mapping
    {Fn::ForEach::R: x}
        line 20: there is no function ForEach::R
    !!str x
        line 20: there is no function tag:yaml.org,2002:str
    yes
        line 20: yes is read differently by different readers of YAML; put it between quotes
    0123
        line 20: 0123 is read differently by different readers of YAML; put it between quotes
    0x10
        line 20: 0x10 is read differently by different readers of YAML; put it between quotes
    12:30
        line 20: 12:30 is read differently by different readers of YAML; put it between quotes
    ~
        line 20: nothing stands here; CloudFormation takes no empty value
    &a x
        line 20: CloudFormation knows no anchors, aliases and merges
    {<<: x}
        line 20: CloudFormation knows no anchors, aliases and merges
    {a: 1, a: 2}
        line 20: there are two keys a
    {[a]: 1}
        line 20: a key is not text
    !Join [',', [!Ref AWS::NoValue, !Sub ['${A}', {A: !Ref AWS::NoValue}]]]
        line 20, Resources.It.Properties.P[1][1].A: AWS::NoValue cannot stand here: something has to be given
    "#);
}

#[test]
fn templates_that_are_none() {
    let table = [
        refused("", &[]),
        refused("a: [", &[]),
        refused("---\nResources: {}\n---\nResources: {}\n", &[]),
        refused("[]", &[]),
        refused("Resource: {}", &[]),
        refused("Resources: []", &[]),
        refused("Resources: {A: {Properties: {}}}", &[]),
        refused("Resources: {A: {Type: T, Propertys: {}}}", &[]),
        refused("Resources: {A: {Type: T, Condition: Nope}}", &[]),
        refused("Resources: {A: {Type: T, DependsOn: [B]}}", &[]),
        refused("Outputs: {A: {Valeu: x}}", &[]),
        refused(&format!("Description: {}", "x".repeat(template::TEXT_MAX)), &[]),
        refused(&format!("Metadata: {}", "[".repeat(100)), &[]),
        refused(&format!("Metadata: [{}]", "1,".repeat(template::NODES_MAX)), &[]),
    ];
    insta::assert_snapshot!(table.join("\n"), @r"
    the template: there is no template, or more than one document
    line 2: not YAML: while parsing a node, did not find expected node content
    line 3: there is no template, or more than one document
    the template: a mapping is wanted here, not a list
    line 1, Resource: there is no section Resource; did you mean Resources?
    line 1, Resources: a mapping is wanted here, not a list
    line 1, Resources.A: Type is missing
    line 1, Resources.A.Propertys: there is no key Propertys; did you mean Properties?
    line 1, Resources.A.Condition: there is no condition Nope
    line 1, Resources.A.DependsOn: there is no resource B
    line 1, Outputs.A.Valeu: there is no key Valeu; did you mean Value?
    the template: 1048589 bytes; 1048576 is the most
    line 1: nested deeper than 60
    line 1: more than 100000 nodes
    ");
}

#[test]
fn conditions_that_do_not_hold_together() {
    let table = [
        "{A: !Not [!Condition B], B: !Not [!Condition C], C: !Not [!Condition A]}",
        "{A: !Not [!Condition Bb], Bbb: !Equals [a, b]}",
        "{A: !Equals [!Ref R, a]}",
        "{A: !Equals [a]}",
        "{A: !And [!Equals [a, a]]}",
        "{A: !Ref R}",
        "{A: 'true'}",
        "{A: !Equals [!If [A, a, b], a]}",
    ];
    let said = table.map(|conditions| refused(&format!("Resources: {{R: {{Type: T}}}}\nConditions: {conditions}"), &[]));
    insta::assert_snapshot!(said.join("\n"), @r"
    line 2, Conditions.C[0]: the condition needs itself: A → B → C → A
    line 2, Conditions.A[0]: there is no condition Bb; did you mean Bbb?
    line 2, Conditions.A[0]: there is no parameter or resource R
    line 2, Conditions.A: !Equals takes a list of two values
    line 2, Conditions.A: !And takes two to ten conditions
    line 2, Conditions.A: !Ref gives a value and cannot stand here
    line 2, Conditions.A: a condition is wanted here, not text
    line 2, Conditions.A[0]: there is no condition A
    ");
}

#[test]
fn parameters_that_break_a_rule() {
    let text = r#"
Parameters:
  Serves: {Type: String}
  Regions: {Type: CommaDelimitedList}
  Observers: {Type: CommaDelimitedList}
Rules:
  Serving:
    RuleCondition: !Equals [!Ref Serves, "true"]
    Assertions:
      - Assert: !Contains [!Ref Regions, !Ref AWS::Region]
        AssertDescription: this region is not among the regions
  Watched:
    Assertions:
      - {Assert: !EachMemberIn [!Ref Regions, !Ref Observers], AssertDescription: a region is not watched}
      - {Assert: !Not [!EachMemberEquals [!Ref Observers, eu-west-2]]}
"#;
    let said = |serves, regions, observers| refused(text, &[("Serves", serves), ("Regions", regions), ("Observers", observers)]);
    let table = [
        said("true", "us-east-1", "us-east-1"),
        said("false", "us-east-1", "eu-west-1"),
        said("false", "eu-west-2", "eu-west-2"),
        refused("Rules: {A: {Assertions: [{Assert: !Condition B}]}}", &[]),
        refused("Rules: {A: {Assert: []}}", &[]),
        refused("Conditions: {A: !Contains [[a], a]}", &[]),
    ];
    assert!(said("true", "eu-west-2", "eu-west-2,us-east-1").starts_with("passed"));
    insta::assert_snapshot!(table.join("\n"), @r"
    line 10, Rules.Serving.Assertions[0]: this region is not among the regions
    line 14, Rules.Watched.Assertions[0]: a region is not watched
    line 15, Rules.Watched.Assertions[1]: the parameters break this rule
    line 1, Rules.A.Assertions[0].Assert: there is no condition B
    line 1, Rules.A.Assert: there is no key Assert; did you mean Assertions?
    line 1, Conditions.A: !Contains gives a condition for rules alone and cannot stand here
    ");
}

#[test]
fn parameters_that_are_refused() {
    let with = |parameter: &str, given: &[(&str, &str)]| refused(&format!("Parameters: {{P: {parameter}}}"), given);
    let table = [
        with("{Type: String}", &[]),
        with("{Type: String}", &[("P", "x"), ("Q", "y")]),
        with("{Type: Sting}", &[("P", "x")]),
        with("{Type: 'AWS::SSM::Parameter::Value<String>'}", &[("P", "x")]),
        with("{Type: String, Defalt: x}", &[]),
        with("{Type: Number}", &[("P", "x")]),
        with("{Type: Number, MinValue: 3, MaxValue: 7}", &[("P", "9")]),
        with("{Type: String, AllowedValues: [a, b]}", &[("P", "c")]),
        with("{Type: CommaDelimitedList, AllowedValues: [a, b]}", &[("P", "a, c")]),
        with("{Type: String, NoEcho: true, MinLength: 16}", &[("P", "sesame")]),
        with("{Type: String, MaxLength: 2}", &[("P", "sesame")]),
    ];
    insta::assert_snapshot!(table.join("\n"), @r#"
    line 1, Parameters.P: a value is needed and none is given
    Parameters: there is no parameter Q
    line 1, Parameters.P.Type: there is no type of parameter Sting; did you mean String?
    line 1, Parameters.P.Type: there is no type of parameter AWS::SSM::Parameter::Value<String>
    line 1, Parameters.P.Defalt: there is no property Defalt; did you mean Default?
    line 1, Parameters.P: "x" is refused: it is not a number
    line 1, Parameters.P: "9" is refused: it is out of range
    line 1, Parameters.P: "c" is refused: allowed is a, b
    line 1, Parameters.P: "c" is refused: allowed is a, b
    line 1, Parameters.P: "(hidden)" is refused: 16 characters is the least
    line 1, Parameters.P: "sesame" is refused: 2 characters is the most
    "#);
}
