//! What the answers of each service mean.

use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use harmonix::adapters::aws::AwsSessions;
use harmonix::domain::failure::{Failure, FailureKind};
use harmonix::domain::runtime::OperationsAccess;
use harmonix::ports::CloudSessions as _;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

use super::wire::{OPERATIONS_ROLE, RETRY_AFTER, Wire, access, at, json_error, own, query_error};

const THROTTLED: FailureKind = FailureKind::Throttled(Duration::from_secs(5));

async fn of_ecs(status: u16, code: &'static str) -> Failure {
    let wire = Wire::agreeing(move |_| json_error(status, code, "because"));
    wire.session().await.cluster("c").await.unwrap_err()
}

async fn of_sts(status: u16, code: &'static str) -> Failure {
    let wire = Wire::of(move |_| query_error(status, code, "because"));
    wire.aws.operations(&access()).await.err().unwrap()
}

#[tokio::test]
async fn json_services_are_understood() {
    for (status, code, kind) in [
        (400, "ThrottlingException", THROTTLED),
        (400, "AccessDeniedException", FailureKind::Denied),
        (400, "ClusterNotFoundException", FailureKind::Missing),
        (400, "InvalidParameterException", FailureKind::Invalid),
        (400, "ValidationException", FailureKind::Invalid),
        (500, "ServerException", FailureKind::Retryable),
        (503, "", FailureKind::Retryable),
    ] {
        let failure = of_ecs(status, code).await;
        assert_eq!(failure.kind, kind, "{code}: {failure}");
        let about = "ecs:DescribeClusters on cluster c (account 222222222222, region eu-west-1)";
        assert!(failure.message.starts_with(about), "{failure}");
    }
}

#[tokio::test]
async fn sts_is_understood() {
    for (status, code, kind) in [
        (400, "Throttling", THROTTLED),
        (403, "InvalidClientTokenId", FailureKind::Denied),
        (403, "RegionDisabledException", FailureKind::Denied),
        (403, "ExpiredToken", FailureKind::Retryable),
        (400, "PackedPolicyTooLarge", FailureKind::Invalid),
        (503, "ServiceUnavailable", FailureKind::Retryable),
    ] {
        let failure = of_sts(status, code).await;
        assert_eq!(failure.kind, kind, "{code}: {failure}");
        assert!(failure.message.contains(OPERATIONS_ROLE), "{failure}");
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_named() {
    let failure = of_sts(403, "RequestTimeTooSkewed").await;
    assert_eq!(failure.kind, FailureKind::Denied);
    assert!(
        failure.message.contains("synchronize the clock"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_refused_call_names_the_role_whose_policies_would_allow_it() {
    let failure = of_ecs(400, "AccessDeniedException").await;
    assert_eq!(
        failure.message,
        format!(
            "ecs:DescribeClusters on cluster c (account 222222222222, region eu-west-1) was denied: \
             AccessDeniedException: because; let the policies of {OPERATIONS_ROLE} allow it"
        )
    );
}

#[tokio::test]
async fn a_refused_role_is_diagnosed_and_we_ask_who_we_are_once() {
    let wire = Wire::of(|sent| match sent.action.as_str() {
        "sts:GetCallerIdentity" => (
            200,
            "<GetCallerIdentityResponse><GetCallerIdentityResult>\
             <Arn>arn:aws:sts::111111111111:assumed-role/harmonix-controller/pod</Arn>\
             </GetCallerIdentityResult></GetCallerIdentityResponse>"
                .into(),
        ),
        _ => query_error(403, "AccessDenied", "not authorized"),
    });
    for uid in ["1", "2"] {
        let mut access = access();
        access.provider_uid = uid.into();
        let failure = wire.aws.operations(&access).await.err().unwrap();
        assert_eq!(failure.kind, FailureKind::Denied);
        for part in [
            "arn:aws:iam::111111111111:role/harmonix-controller may not assume",
            OPERATIONS_ROLE,
            "hx-1234",
            "the role does not exist",
            "\"sts:TagSession\",\"sts:SetSourceIdentity\"",
            "AccessDenied: not authorized",
        ] {
            assert!(failure.message.contains(part), "{part}: {failure}");
        }
    }
    assert_eq!(wire.count("sts:GetCallerIdentity"), 1);
}

#[tokio::test]
async fn a_request_that_does_not_get_through_is_tried_twice_and_then_told() {
    let wire = Wire::agreeing(|_| json_error(500, "ServerException", "again"));
    let session = wire.session().await;
    assert!(session.cluster("c").await.is_err());
    assert_eq!(wire.count("ecs:DescribeClusters"), 2);
}

#[tokio::test]
async fn nobody_at_the_other_end_is_told_as_such() {
    // Port 9 is discard, which nobody serves on loopback.
    let base = at("http://127.0.0.1:9", own());
    let aws = AwsSessions::over(&base);
    let failure = aws.operations(&access()).await.err().unwrap();
    assert_eq!(failure.kind, FailureKind::Retryable);
    assert!(failure.message.contains("got no answer"), "{failure}");
    assert!(failure.message.contains("refused"), "{failure}");
}

#[tokio::test]
async fn a_connection_that_breaks_is_no_matter_of_identity() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let breaking = tokio::spawn(async move {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
        }
    });
    let aws = AwsSessions::over(&at(&endpoint, own()));
    let failure = aws.operations(&access()).await.err().unwrap();
    assert_eq!(failure.kind, FailureKind::Retryable);
    assert!(failure.message.contains("got no answer"), "{failure}");
    breaking.await.unwrap();
}

#[tokio::test]
async fn a_controller_without_an_identity_says_how_it_gets_one() {
    #[derive(Debug)]
    struct Nobody;
    impl ProvideCredentials for Nobody {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("no provider")))
        }
    }
    let mut base = at("http://127.0.0.1:9", own()).to_builder();
    base.set_credentials_provider(Some(SharedCredentialsProvider::new(Nobody)));
    let aws = AwsSessions::over(&base.build());
    let failure = aws.operations(&access()).await.err().unwrap();
    assert_eq!(failure.kind, FailureKind::Retryable);
    for part in [
        "has no AWS identity of its own",
        "no provider",
        "IRSA or EKS Pod Identity",
    ] {
        assert!(failure.message.contains(part), "{failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_asks_for_a_pause_is_left_alone_on_behalf_of_everybody() {
    let wire = Wire::agreeing(|sent| match sent.action.as_str() {
        "ecs:DescribeClusters" => json_error(429, "ThrottlingException", "slow down"),
        _ => json_error(400, "ResourceNotFoundException", "no such table"),
    });
    let other = OperationsAccess {
        session_name: "shop@till".into(),
        ..access()
    };
    let first = wire.session().await.cluster("c").await.unwrap_err();
    let second = wire.aws.operations(&other).await.unwrap();
    let second = second.cluster("c").await.unwrap_err();
    for failure in [first, second] {
        let FailureKind::Throttled(after) = failure.kind else {
            panic!("{failure}");
        };
        assert!(after <= RETRY_AFTER && after > RETRY_AFTER / 2, "{after:?}");
    }
    // Not by the other object, and not by the SDK's own repeat either.
    assert_eq!(wire.count("ecs:DescribeClusters"), 1);
    // Another service asked for nothing.
    let table = wire.session().await.audit_table("audit");
    table.links("Application/shop/cart").await.unwrap_err();
    assert_eq!(wire.count("dynamodb:Query"), 1);
    tokio::time::advance(RETRY_AFTER).await;
    wire.session().await.cluster("c").await.unwrap_err();
    assert_eq!(wire.count("ecs:DescribeClusters"), 2);
}
