//! Sessions: what AssumeRole carries, how often it is asked, whose credentials a call has.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harmonix::adapters::aws::AwsSessions;
use harmonix::domain::failure::FailureKind;
use harmonix::ports::CloudSessions as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::advance;

use super::wire::{
    Answer, OPERATIONS_ROLE, OWN_KEY, Sent, Wire, access, assumed, at, json_error, own, query_error,
};

const ASSUME: &str = "sts:AssumeRole";
const CLUSTERS: &str = "ecs:DescribeClusters";

fn cluster(_: &Sent) -> Answer {
    let body =
        r#"{"clusters":[{"clusterName":"acme-dev-cluster","status":"ACTIVE"}],"failures":[]}"#;
    (200, body.into())
}

#[tokio::test]
async fn an_assumed_role_is_told_everything_about_who_asks_and_for_what() {
    let wire = Wire::agreeing(cluster);
    wire.session().await;
    let sent = wire.only(ASSUME);
    assert_eq!(
        (sent.key.as_str(), sent.host.as_str()),
        (OWN_KEY, "sts.eu-central-1.amazonaws.com")
    );
    let told: Vec<_> = sent
        .form
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("Action", "AssumeRole"),
            ("DurationSeconds", "900"),
            ("ExternalId", "hx-1234"),
            ("RoleArn", OPERATIONS_ROLE),
            ("RoleSessionName", "shop@cart"),
            ("SourceIdentity", "shop@cart"),
            ("Tags.member.1.Key", "harmonix:application"),
            ("Tags.member.1.Value", "cart"),
            ("Tags.member.2.Key", "harmonix:namespace"),
            ("Tags.member.2.Value", "shop"),
            ("Version", "2011-06-15"),
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_who_ask_at_once_make_one_request() {
    let wire = Wire::of(|_| {
        std::thread::sleep(Duration::from_millis(50));
        assumed(1)
    });
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let aws = Arc::clone(&wire.aws);
            tokio::spawn(async move { aws.operations(&access()).await.map(drop) })
        })
        .collect();
    for one in asking {
        one.await.unwrap().unwrap();
    }
    assert_eq!(wire.count(ASSUME), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_who_ask_at_once_share_one_refusal_and_a_later_one_asks_again() {
    let wire = Wire::of(|_| {
        std::thread::sleep(Duration::from_millis(50));
        query_error(403, "AccessDenied", "no")
    });
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let aws = Arc::clone(&wire.aws);
            tokio::spawn(async move { aws.operations(&access()).await.err().unwrap() })
        })
        .collect();
    for one in asking {
        assert_eq!(one.await.unwrap().kind, FailureKind::Denied);
    }
    assert_eq!(wire.count(ASSUME), 1);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(wire.aws.operations(&access()).await.is_err());
    assert_eq!(wire.count(ASSUME), 2);
}

#[tokio::test]
async fn one_who_gives_up_waiting_holds_nobody_back() {
    let sts = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", sts.local_addr().unwrap());
    let answering = tokio::spawn(async move {
        // The first caller is never answered, the second is.
        let (_silent, _) = sts.accept().await.unwrap();
        let (mut stream, _) = sts.accept().await.unwrap();
        let mut request = [0; 16 * 1024];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        let (_, body) = assumed(1);
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).await.unwrap();
    });
    let aws = AwsSessions::over(&at(&endpoint, own()));
    let access = access();
    let giving_up = aws.operations(&access);
    let waited = tokio::time::timeout(Duration::from_millis(300), giving_up).await;
    assert!(waited.is_err());
    aws.operations(&access).await.unwrap();
    answering.await.unwrap();
}

#[tokio::test]
async fn accesses_that_differ_in_anything_never_share_a_session() {
    let wire = Wire::agreeing(cluster);
    let mut others = vec![access(); 7];
    others[1].provider_uid = "other".into();
    others[2]
        .tags
        .insert("harmonix:application".into(), "till".into());
    others[3].external_id = "hx-other".into();
    others[4].session_name = "shop@till".into();
    others[5].source_identity = "shop@till".into();
    others[6].region = "us-east-1".into();
    for _ in 0..2 {
        for other in &others {
            let session = wire.aws.operations(other).await.unwrap();
            session.cluster("c").await.unwrap();
        }
    }
    assert_eq!(wire.count(ASSUME), 7);
    let keys: BTreeSet<_> = wire
        .sent()
        .into_iter()
        .filter(|sent| sent.action == CLUSTERS)
        .map(|sent| sent.key)
        .collect();
    assert_eq!(keys.len(), 7, "{keys:?}");
}

#[tokio::test]
async fn the_controllers_own_credentials_never_reach_a_tenants_service() {
    let wire = Wire::agreeing(|_| json_error(400, "ResourceNotFoundException", "no"));
    let session = wire.session().await;
    let table = session.audit_table("acme-dev-audit");
    assert!(session.outputs("acme", "dev").await.is_err());
    assert!(session.cluster("c").await.is_err());
    assert!(session.service("c", "s").await.is_err());
    assert!(table.probe().await.is_err());
    let sent = wire.sent();
    assert_eq!(sent.len(), 5);
    for one in sent {
        let own = one.action.starts_with("sts:");
        assert_eq!(one.key == OWN_KEY, own, "{one:?}");
        assert_eq!(one.region == "eu-central-1", own, "{one:?}");
        if !own {
            assert_eq!(
                (one.key.as_str(), one.token.as_str(), one.region.as_str()),
                ("ASIASESSION1", "token1", "eu-west-1")
            );
            assert!(one.host.contains("eu-west-1"), "{one:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_is_refreshed_before_it_ends_and_those_who_hold_it_go_on() {
    let wire = Wire::agreeing(cluster);
    let session = wire.session().await;
    advance(Duration::from_secs(599)).await;
    session.cluster("c").await.unwrap();
    assert_eq!(wire.count(ASSUME), 1);
    advance(Duration::from_secs(2)).await;
    session.cluster("c").await.unwrap();
    assert_eq!(wire.count(ASSUME), 2);
    assert_eq!(wire.sent().last().unwrap().key, "ASIASESSION2");
}

#[tokio::test(start_paused = true)]
async fn while_a_refresh_fails_the_old_session_serves_until_its_last_minute() {
    let refusing = Arc::new(AtomicBool::new(false));
    let refuse = Arc::clone(&refusing);
    let wire = Wire::of(move |sent| match sent.action.as_str() {
        ASSUME if refuse.load(Ordering::SeqCst) => query_error(400, "Throttling", "slow down"),
        ASSUME => assumed(1),
        _ => cluster(sent),
    });
    let session = wire.session().await;
    refusing.store(true, Ordering::SeqCst);
    advance(Duration::from_secs(610)).await;
    for _ in 0..5 {
        session.cluster("c").await.unwrap();
    }
    // One refresh (which the SDK tried twice), then it is left alone for a while.
    assert_eq!(wire.count(ASSUME), 3);
    advance(Duration::from_secs(231)).await;
    let failure = session.cluster("c").await.unwrap_err();
    assert!(
        matches!(failure.kind, FailureKind::Throttled(_)),
        "{failure}"
    );
}

#[tokio::test]
async fn a_time_of_day_that_is_wrong_makes_no_session_older() {
    let wire = Wire::agreeing(cluster);
    let session = wire.session().await;
    for _ in 0..5 {
        session.cluster("c").await.unwrap();
    }
    assert_eq!(wire.count(ASSUME), 1);
}

#[tokio::test]
async fn a_session_that_aws_no_longer_takes_is_replaced_and_the_call_made_once_more() {
    for code in ["ExpiredTokenException", "UnrecognizedClientException"] {
        let wire = Wire::agreeing(move |sent| match sent.key.as_str() {
            "ASIASESSION1" => json_error(400, code, "The security token is no longer valid"),
            _ => cluster(sent),
        });
        let session = wire.session().await;
        let found = session.cluster("acme-dev-cluster").await.unwrap().unwrap();
        assert_eq!(found.status, "ACTIVE");
        assert_eq!((wire.count(ASSUME), wire.count(CLUSTERS)), (2, 2));
    }
}

#[tokio::test]
async fn a_session_that_never_is_taken_is_not_asked_for_without_end() {
    let wire = Wire::agreeing(|_| json_error(400, "ExpiredTokenException", "expired"));
    let failure = wire.session().await.cluster("c").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Retryable);
    assert_eq!((wire.count(ASSUME), wire.count(CLUSTERS)), (2, 2));
}
