//! The tags of a resource, for conditions on `aws:ResourceTag`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use crate::aws::Gate;
use crate::aws::call::tags_in;
use crate::aws::moto::Place;
use crate::aws::policy::Context;
use crate::aws::resource::last;

/// A key and the next value after it, as EC2 and load balancing write them.
static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?s)<[kK]ey>([^<]*)</[kK]ey>.*?<[vV]alue>([^<]*)</[vV]alue>").ok()
});

impl Gate {
    /// Sets the condition keys of a resource's tags. A resource that does not exist yet, or whose tags cannot be read,
    /// has none.
    pub(super) async fn describe_tags(&self, arn: &str, context: &mut Context) {
        let fields: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, _, service, region, account, resource] = fields[..] else {
            return;
        };
        if resource.contains('*') {
            return;
        }
        let region = if region.is_empty() {
            "us-east-1"
        } else {
            region
        };
        let place = Place {
            account: account.to_owned(),
            region: region.to_owned(),
        };
        for (key, value) in self
            .tags_of(&place, service, arn, resource)
            .await
            .unwrap_or_default()
        {
            context.set(&format!("{service}:ResourceTag/{key}"), value.clone());
            context.set(&format!("aws:ResourceTag/{key}"), value);
        }
    }

    async fn tags_of(
        &self,
        place: &Place,
        service: &str,
        arn: &str,
        resource: &str,
    ) -> Option<BTreeMap<String, String>> {
        let id = last(resource);
        let (target, asked, name) = match service {
            "ec2" => {
                let fields = [
                    ("Action", "DescribeTags"),
                    ("Version", "2016-11-15"),
                    ("Filter.1.Name", "resource-id"),
                    ("Filter.1.Value.1", id),
                ];
                return self.xml_tags(place, service, &fields).await;
            }
            "elasticloadbalancing" => {
                let fields = [
                    ("Action", "DescribeTags"),
                    ("Version", crate::aws::loadbalancer::VERSION),
                    ("ResourceArns.member.1", arn),
                ];
                return self.xml_tags(place, service, &fields).await;
            }
            "iam" => {
                let fields = [("Action", "ListRoleTags"), ("RoleName", id)];
                let found = self.moto.form(place, service, &fields).await.ok()?;
                return Some(tags_in(&found["Tags"]));
            }
            "kms" => (
                "TrentService.ListResourceTags",
                json!({ "KeyId": id }),
                "Tags",
            ),
            "ecs" => (
                "AmazonEC2ContainerServiceV20141113.ListTagsForResource",
                json!({ "resourceArn": arn }),
                "tags",
            ),
            "ecr" => (
                "AmazonEC2ContainerRegistry_V20150921.ListTagsForResource",
                json!({ "resourceArn": arn }),
                "tags",
            ),
            "dynamodb" => (
                "DynamoDB_20120810.ListTagsOfResource",
                json!({ "ResourceArn": arn }),
                "Tags",
            ),
            "logs" => (
                "Logs_20140328.ListTagsForResource",
                json!({ "resourceArn": arn.trim_end_matches(":*") }),
                "tags",
            ),
            "secretsmanager" => (
                "secretsmanager.DescribeSecret",
                json!({ "SecretId": arn }),
                "Tags",
            ),
            "ssm" => {
                let name = resource.strip_prefix("parameter")?;
                let asked = json!({ "ResourceType": "Parameter", "ResourceId": name });
                ("AmazonSSM.ListTagsForResource", asked, "TagList")
            }
            _ => return None,
        };
        let found: Value = self.moto.json(place, service, target, &asked).await.ok()?;
        Some(tags_in(&found[name]))
    }

    async fn xml_tags(
        &self,
        place: &Place,
        service: &str,
        fields: &[(&str, &str)],
    ) -> Option<BTreeMap<String, String>> {
        let text = self.moto.form_text(place, service, fields).await.ok()?;
        let tags = TAG.as_ref()?.captures_iter(&text);
        Some(
            tags.map(|tag| (tag[1].to_owned(), tag[2].to_owned()))
                .collect(),
        )
    }
}
