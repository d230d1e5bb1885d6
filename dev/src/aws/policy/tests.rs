use super::*;

const TABLE: &str = "arn:aws:dynamodb:eu-west-1:222222222222:table/demo-audit";

fn exactly(arn: &str) -> Resource {
    Resource::Arn(arn.into())
}

fn policy(statements: &str) -> Policy {
    Policy::parse(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#
    ))
}

#[test]
fn an_action_is_allowed_by_wildcards_and_a_deny_wins() {
    let policy = policy(
        r#"{"Effect":"Allow","Action":["dynamodb:*Item"],"Resource":"arn:aws:dynamodb:*:*:table/demo-*"},
           {"Effect":"Deny","Action":"DynamoDB:deleteitem","Resource":"*"}"#,
    );
    let says = |action, arn| policy.says(action, &exactly(arn), &Context::default());
    assert_eq!(says("dynamodb:PutItem", TABLE), Says::Allow);
    assert_eq!(says("dynamodb:DeleteItem", TABLE), Says::Deny);
    assert_eq!(says("dynamodb:Query", TABLE), Says::Nothing);
    assert_eq!(
        says(
            "dynamodb:PutItem",
            "arn:aws:dynamodb:eu-west-1:222222222222:table/x"
        ),
        Says::Nothing
    );
}

#[test]
fn a_condition_holds_only_for_the_values_it_names() {
    for (conditions, external_id, expected) in [
        (
            r#"{"StringEquals":{"sts:ExternalId":"a"}}"#,
            Some("a"),
            true,
        ),
        (
            r#"{"StringEquals":{"sts:ExternalId":["b","a"]}}"#,
            Some("a"),
            true,
        ),
        (
            r#"{"StringEquals":{"sts:ExternalId":"a"}}"#,
            Some("b"),
            false,
        ),
        (r#"{"StringEquals":{"sts:ExternalId":"a"}}"#, None, false),
        (
            r#"{"StringEqualsIfExists":{"sts:ExternalId":"a"}}"#,
            None,
            true,
        ),
        (r#"{"StringNotEquals":{"sts:ExternalId":"a"}}"#, None, true),
        (
            r#"{"StringLike":{"STS:externalid":"a*"}}"#,
            Some("abc"),
            true,
        ),
        (r#"{"Null":{"sts:ExternalId":"true"}}"#, None, true),
        (r#"{"Null":{"sts:ExternalId":"false"}}"#, None, false),
        (
            r#"{"ForAnyValue:StringLike":{"sts:ExternalId":"a*"}}"#,
            None,
            false,
        ),
        (
            r#"{"ForAllValues:StringLike":{"sts:ExternalId":"a*"}}"#,
            None,
            true,
        ),
        (
            r#"{"StringSounds":{"sts:ExternalId":"a"}}"#,
            Some("a"),
            false,
        ),
        (
            r#"{"StringEquals":{"vendor:Unknown":"a"}}"#,
            Some("a"),
            false,
        ),
    ] {
        let mut context = Context::default();
        if let Some(id) = external_id {
            context.set("sts:ExternalId", id);
        }
        let conditions = serde_json::from_str(conditions).unwrap();
        assert_eq!(
            condition::holds(&conditions, &context),
            expected,
            "{conditions}"
        );
    }
}

#[test]
fn a_resource_policy_names_a_caller_by_arn_account_or_not_at_all() {
    let caller = Caller::Aws {
        arns: vec!["arn:aws:iam::111111111111:role/controller".into()],
        account: "111111111111".into(),
    };
    for (principal, expected) in [
        (
            r#"{"AWS":"arn:aws:iam::111111111111:role/controller"}"#,
            Some(Named::Itself),
        ),
        (
            r#"{"AWS":"arn:aws:iam::111111111111:root"}"#,
            Some(Named::ByAccount),
        ),
        (r#"{"AWS":"111111111111"}"#, Some(Named::ByAccount)),
        (
            r#"{"AWS":["arn:aws:iam::999999999999:root","*"]}"#,
            Some(Named::Itself),
        ),
        (r#"{"AWS":"arn:aws:iam::999999999999:root"}"#, None),
        (r#"{"AWS":"arn:aws:iam::111111111111:role/contr*"}"#, None),
        (
            r#"{"Federated":"arn:aws:iam::111111111111:role/controller"}"#,
            None,
        ),
    ] {
        let policy = policy(&format!(
            r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}"#
        ));
        let (says, named) = policy.says_of(
            &caller,
            "sts:AssumeRole",
            &exactly("arn:aws:iam::222222222222:role/operations"),
            &Context::default(),
        );
        assert_eq!(named, expected, "{principal}");
        assert_eq!(says == Says::Allow, expected.is_some(), "{principal}");
    }
}

#[test]
fn variables_stand_for_the_values_of_the_request() {
    let mut context = Context::default();
    context.set("aws:PrincipalTag/team", "shop");
    assert_eq!(
        condition::with_variables("table/${aws:PrincipalTag/team}-*/${none}", &context),
        "table/shop-*/${none}"
    );
}

#[test]
fn an_underived_resource_may_be_allowed_by_its_service_and_is_denied_only_by_everything() {
    let resource = Resource::Somewhere("arn:aws:ec2:eu-west-1:222222222222:".into());
    let allow = |pattern: &str| {
        policy(&format!(
            r#"{{"Effect":"Allow","Action":"*","Resource":"{pattern}"}}"#
        ))
        .says("ec2:CreateVpc", &resource, &Context::default())
    };
    assert_eq!(
        allow("arn:aws:ec2:eu-west-1:222222222222:vpc/*"),
        Says::Allow
    );
    assert_eq!(allow("arn:aws:ec2:*:*:vpc/*"), Says::Allow);
    assert_eq!(
        allow("arn:aws:ec2:eu-west-1:333333333333:vpc/*"),
        Says::Nothing
    );
    assert_eq!(allow("arn:aws:s3:::*"), Says::Nothing);
    let deny = policy(r#"{"Effect":"Deny","Action":"*","Resource":"arn:aws:ec2:*:*:vpc/*"}"#);
    assert_eq!(
        deny.says("ec2:CreateVpc", &resource, &Context::default()),
        Says::Nothing
    );
}
