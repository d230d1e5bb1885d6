//! AWS as a job sees it: a role assumed with the job's id token.

use reqwest::{Client, Response};
use serde_json::Value;

use super::job::Job;
use crate::failure::{Doing, Failure};

/// A session of the job's role. Requests carry its key; nothing here checks signatures.
pub struct Session {
    /// What others are asked with.
    pub http: Client,
    endpoint: String,
    /// The region that is called.
    pub region: String,
    key: String,
    token: String,
}

impl Session {
    /// Assumes a role with the job's id token, to call a region.
    pub async fn assume(job: &Job, role: &str, region: &str) -> Result<Self, Failure> {
        let endpoint = job.variable("AWS_ENDPOINT_URL")?.to_owned();
        let http = job.http.clone();
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", role),
            ("RoleSessionName", "scripted-job"),
            ("WebIdentityToken", job.variable("HARMONIX_ID_TOKEN")?),
        ];
        let what = || format!("assume the role {role}");
        let answer = http.post(&endpoint).form(&form).send().await.doing(what)?;
        let text = text(answer, &what()).await?;
        Ok(Self {
            key: element(&text, "AccessKeyId")?,
            token: element(&text, "SessionToken")?,
            http,
            endpoint,
            region: region.to_owned(),
        })
    }

    /// Calls an operation of a JSON service, such as `ssm` with `AmazonSSM.PutParameter`.
    pub async fn json(&self, service: &str, target: &str, body: Value) -> Result<Value, Failure> {
        let request = self
            .http
            .post(&self.endpoint)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target);
        let answer = self
            .signed(request, service)
            .body(body.to_string())
            .send()
            .await;
        let answer = answer.doing(|| format!("call {target}"))?;
        let text = text(answer, &format!("call {target}")).await?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).doing(|| format!("read the answer to {target}"))
    }

    /// Calls an operation of IAM.
    pub async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Result<String, Failure> {
        let mut form = vec![("Action", action), ("Version", "2010-05-08")];
        form.extend_from_slice(parameters);
        let request = self.signed(self.http.post(&self.endpoint).form(&form), "iam");
        let what = format!("call iam:{action}");
        let answer = request.send().await.doing(|| what.clone())?;
        text(answer, &what).await
    }

    fn signed(&self, request: reqwest::RequestBuilder, service: &str) -> reqwest::RequestBuilder {
        let scope = format!(
            "{}/20260101/{}/{service}/aws4_request",
            self.key, self.region
        );
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00");
        request
            .header("authorization", authorization)
            .header("x-amz-date", "20260101T000000Z")
            .header("x-amz-security-token", &self.token)
    }
}

async fn text(answer: Response, what: &str) -> Result<String, Failure> {
    let status = answer.status();
    let text = answer.text().await.doing(|| what.to_owned())?;
    if status.is_success() {
        return Ok(text);
    }
    Err(Failure::new(format!("cannot {what}: {status} {text}")))
}

fn element(xml: &str, name: &str) -> Result<String, Failure> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split_once(&open)
        .and_then(|(_, rest)| rest.split_once(&close))
        .map(|(value, _)| value.to_owned())
        .ok_or_else(|| Failure::new(format!("the answer of STS has no {name}")))
}
