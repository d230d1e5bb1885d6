//! Values that cannot work are refused before anything is made, in sentences, all at once.

use super::helm::Helm;

/// What Helm says where it refuses these values.
fn refused(helm: &Helm, settings: &[&str]) -> String {
    let arguments: Vec<&str> = settings
        .iter()
        .flat_map(|setting| ["--set", setting])
        .collect();
    match helm.template(&arguments) {
        Ok(_) => panic!("{settings:?} was taken"),
        Err(told) => told,
    }
}

#[test]
fn each_value_that_cannot_work_is_refused_in_a_sentence() {
    let helm = Helm::offline();
    let mut wrong = Vec::new();
    for (settings, sentence) in TABLE {
        let told = refused(&helm, settings);
        if !told.contains(sentence) {
            wrong.push(format!("{settings:?}: {sentence:?} is not in: {told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let helm = Helm::offline();
    let chart = super::helm::text(&super::helm::chart());
    let told = helm.run(&["template", "harmonix", &chart]).unwrap_err();
    let missing: Vec<&str> = told
        .lines()
        .filter_map(|line| line.strip_prefix("- "))
        .collect();
    let named: Vec<&str> = missing
        .iter()
        .map(|line| line.split_once(" is missing: ").unwrap().0)
        .collect();
    assert_eq!(
        named,
        [
            "gitlab.url",
            "gitlab.token.existingSecret",
            "aws.roleArn",
            "jobs.buildImage",
            "jobs.nodeImage",
            "jobs.terraformImage",
            "image.repository",
        ],
        "{told}"
    );
}

#[test]
fn a_token_that_stands_in_a_url_is_not_repeated() {
    let told = refused(
        &Helm::offline(),
        &[
            "gitlab.url=https://me:secret@gitlab.example.com",
            "proxy.https=http://me:secret@proxy",
        ],
    );
    assert!(
        told.contains("gitlab.url is not a URL") && told.contains("proxy.https is not a URL"),
        "{told}"
    );
    assert!(!told.contains("secret"), "{told}");
}

type Row = (&'static [&'static str], &'static str);

const TABLE: &[Row] = &[
    // What no value is called.
    (
        &["gitlb.url=https://x"],
        "additional properties 'gitlb' not allowed",
    ),
    (
        &["gitlab.uri=https://x"],
        "at '/gitlab': additional properties 'uri' not allowed",
    ),
    (
        &["aws.podIdentity=true"],
        "at '/aws': additional properties 'podIdentity' not allowed",
    ),
    // What is of another type, or of no closed set.
    (
        &["replicas=many"],
        "at '/replicas': got string, want integer",
    ),
    (&["replicas=-1"], "at '/replicas': minimum: got -1, want 0"),
    (
        &["aws.identity=irsa"],
        "value must be one of 'PodIdentity', 'IRSA', 'None'",
    ),
    (&["log.format=xml"], "value must be one of 'json', 'text'"),
    (
        &["image.pullPolicy=Sometimes"],
        "value must be one of 'IfNotPresent', 'Always', 'Never'",
    ),
    (
        &["controller.concurrency=257"],
        "maximum: got 257, want 256",
    ),
    (&["listen.port=0"], "minimum: got 0, want 1"),
    (&["pod.runAsUser=0"], "minimum: got 0, want 1"),
    (
        &["crds.install=perhaps"],
        "at '/crds/install': got string, want boolean",
    ),
    // GitLab.
    (&["gitlab.url="], "gitlab.url is missing: give the base URL"),
    (
        &["gitlab.url=gitlab.example.com"],
        "gitlab.url is not a URL such as https://gitlab.example.com",
    ),
    (
        &["gitlab.token.existingSecret="],
        "gitlab.token.existingSecret is missing: name a Secret",
    ),
    (&["gitlab.token.file=/run/token"], "the token has one place"),
    (
        &["gitlab.token.existingSecret=", "gitlab.token.file=token"],
        "gitlab.token.file is \"token\", which is no absolute path",
    ),
    (
        &[
            "gitlab.token.existingSecret=",
            "gitlab.token.file=/run/token",
        ],
        "names a file that nothing mounts",
    ),
    (
        &[
            "gitlab.ca.existingSecret=a",
            "gitlab.ca.existingConfigMap=b",
        ],
        "the certificates have one place",
    ),
    (
        &["gitlab.ca.pem=hello"],
        "gitlab.ca.pem holds no certificate in PEM",
    ),
    (
        &["gitlab.ca.pem=-----BEGIN PRIVATE KEY-----"],
        "gitlab.ca.pem holds a private key",
    ),
    (
        &["gitlab.applicationsGroup=a b"],
        "gitlab.applicationsGroup is \"a b\", which is not the full path of a GitLab group",
    ),
    (
        &["gitlab.applicationsGroup=x", "gitlab.providersGroup=X/y"],
        "must be two groups, neither inside the other",
    ),
    (
        &["gitlab.applicationsGroup=x/y", "gitlab.providersGroup=x"],
        "must be two groups, neither inside the other",
    ),
    (
        &["gitlab.url=http://gitlab.example.com"],
        "gitlab.oidc.issuer is missing, and gitlab.url in its place does not begin with https://",
    ),
    (
        &["gitlab.oidc.issuer=http://gitlab.example.com"],
        "gitlab.oidc.issuer does not begin with https://",
    ),
    (
        &["gitlab.timeout=30"],
        "at '/gitlab/timeout': got number, want string",
    ),
    (
        &["gitlab.timeout=30 s"],
        "gitlab.timeout is \"30 s\", which is not a time such as 500ms",
    ),
    (
        &["gitlab.token.key=a/b"],
        "gitlab.token.key is \"a/b\", which is no key of a Secret",
    ),
    // The key, AWS and the pods.
    (
        &["rbac.create=false"],
        "the Job that makes the installation key would have no rights",
    ),
    (&["aws.roleArn="], "aws.roleArn is missing: give the ARN"),
    (
        &["aws.roleArn=harmonix"],
        "aws.roleArn is \"harmonix\", which is not the ARN of an IAM role",
    ),
    (
        &["aws.roleArn=arn:aws:sts::111111111111:assumed-role/harmonix/x"],
        "which is not the ARN of an IAM role",
    ),
    (
        &["aws.region=europe"],
        "aws.region is \"europe\", which is not an AWS region",
    ),
    (
        &[
            r"serviceAccount.annotations.eks\.amazonaws\.com/role-arn=arn:aws:iam::111111111111:role/harmonix",
        ],
        "names a role for IRSA, but aws.identity is PodIdentity: a pod gets its role in one way",
    ),
    (
        &[
            "aws.identity=IRSA",
            r"serviceAccount.annotations.eks\.amazonaws\.com/role-arn=arn:aws:iam::111111111111:role/other",
        ],
        "and aws.roleArn another one",
    ),
    (
        &["aws.identity=IRSA", "serviceAccount.create=false"],
        "name the service account that you annotated",
    ),
    (
        &["leaderElection.enabled=false"],
        "replicas is 2 and leaderElection.enabled is false",
    ),
    (
        &["leaderElection.leaseDuration=2s"],
        "leaderElection.leaseDuration is \"2s\": it is whole seconds, from 3s to 300s",
    ),
    (
        &["leaderElection.leaseDuration=1h"],
        "it is whole seconds, from 3s to 300s",
    ),
    // Images.
    (
        &["image.repository="],
        "image.repository is missing: name the image that you pushed",
    ),
    (
        &["image.repository=registry.example.com/harmonix:1"],
        "with a tag or a digest in it",
    ),
    (
        &["image.digest=sha256:12"],
        "which is not sha256: and 64 digits",
    ),
    (
        &["jobs.terraformImage="],
        "jobs.terraformImage is missing: name an image by digest",
    ),
    (
        &["jobs.nodeImage=registry.example.com/node:22"],
        "jobs.nodeImage is \"registry.example.com/node:22\", which does not name an image by digest",
    ),
    (
        &["jobs.variables.A-B=x"],
        "jobs.variables has \"A-B\": a name holds letters, digits and '_' only",
    ),
    (
        &[r"jobs.variables.A=1\,2"],
        "jobs.variables.A holds a comma",
    ),
    (
        &[r"jobs.runnerTags={a\,b}"],
        "jobs.runnerTags has \"a,b\": a tag is not empty and holds no comma",
    ),
    // The network.
    (
        &["networkPolicy.https.cidrs={10.0.0.0}"],
        "networkPolicy.https.cidrs has \"10.0.0.0\", which is no range",
    ),
    (
        &["networkPolicy.https.cidrs={10.0.0.256/8}"],
        "which is no range",
    ),
    (
        &["networkPolicy.https.cidrs={10.0.0.0/33}"],
        "which is no range",
    ),
    (
        &["networkPolicy.https.cidrs={169.254.169.254/32}"],
        "or belongs to the instance's metadata",
    ),
    (
        &["networkPolicy.apiServer.cidrs={fd00:ec2::/32}"],
        "or belongs to the instance's metadata",
    ),
    (
        &["networkPolicy.apiServer.cidrs={f000::/4}"],
        "or belongs to the instance's metadata",
    ),
    (
        &["networkPolicy.extraEgress[0].ports[0].port=80"],
        "has a rule without 'to'",
    ),
    (
        &["networkPolicy.extraEgress[0].to[0].ipBlock.cidr=169.254.0.0/16"],
        "which holds the instance's metadata: add except: [169.254.169.254/32]",
    ),
    (
        &["networkPolicy.dns.to[0].ipBlock.cidr=0.0.0.0/0"],
        "networkPolicy.dns.to has \"0.0.0.0/0\", which holds the instance's metadata",
    ),
    // The rest.
    (
        &["telemetry.otlpEndpoint=collector:4318"],
        "telemetry.otlpEndpoint is not a URL",
    ),
    (
        &["extraEnv[0].name=HARMONIX_POLL_INTERVAL"],
        "options of the controller have values of their own",
    ),
    (
        &[
            "metrics.serviceMonitor.enabled=true",
            "metrics.service.enabled=false",
        ],
        "needs metrics.service.enabled",
    ),
    (
        &["serviceAccount.name=Harmonix"],
        "serviceAccount.name is \"Harmonix\", which is no name of an object",
    ),
];
