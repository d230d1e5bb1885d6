//! One provider's audit table in DynamoDB: inserts only.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use crate::domain::audit::{AuditRecord, ChainLink};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::runtime::AuditInsert;
use crate::ports::AuditTable;

use super::failure;
use super::session::Session;

/// Attributes that are keys of the table's indexes. DynamoDB takes no empty string there, so an
/// empty one is left out: the record then stands in the table, and not in that index.
const INDEXED: [&str; 3] = ["day", "initiatedBy", "objectRef"];

/// The index that finds the records of an object.
const BY_OBJECT: &str = "byObject";

type Item = HashMap<String, AttributeValue>;

/// A table, as one session may write it.
pub(super) struct Table {
    session: Session,
    name: String,
}

impl Table {
    /// The table of this name.
    pub(super) fn new(session: Session, name: &str) -> Self {
        Self {
            session,
            name: name.to_owned(),
        }
    }

    async fn put(
        &self,
        request: PutItemFluentBuilder,
    ) -> Result<Result<(), SdkError<PutItemError>>, Failure> {
        let put = self.session.call(|credentials| {
            let request = request.clone().customize();
            request.config_override(credentials.for_dynamodb()).send()
        });
        Ok(put.await?.map(|_| ()))
    }

    fn request(&self, item: Item) -> PutItemFluentBuilder {
        let client = &self.session.shared.ground.dynamodb;
        client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
    }

    /// The record that stands under the same keys, by a look that sees the latest write.
    async fn standing(&self, record: &AuditRecord) -> Result<Option<Item>, Failure> {
        let asked = self
            .session
            .asking("dynamodb:Query", format!("table {}", self.name));
        let request = self.session.shared.ground.dynamodb.query();
        let request = request
            .table_name(&self.name)
            .key_condition_expression("id = :id AND createdAt = :createdAt")
            .expression_attribute_values(":id", text(&record.id))
            .expression_attribute_values(":createdAt", text(&record.created_at))
            .consistent_read(true);
        let answer = self
            .session
            .look(&asked, |credentials| {
                let request = request.clone().customize();
                request.config_override(credentials.for_dynamodb()).send()
            })
            .await?;
        Ok(answer.items().first().cloned())
    }

    /// What an insert means that met a record under its own keys. Without that record's hash
    /// nothing may be concluded: the chain would go on from a guess.
    async fn already_there(
        &self,
        record: &AuditRecord,
        returned: Option<Item>,
    ) -> Result<AuditInsert, Failure> {
        let found = match returned.filter(|item| !item.is_empty()) {
            Some(item) => Some(item),
            None => self.standing(record).await?,
        };
        let asked = self.session.asking(
            "dynamodb:PutItem",
            format!("record {} in table {}", record.id, self.name),
        );
        let Some(found) = found else {
            return Err(asked.failure(
                FailureKind::Retryable,
                "was refused because the record is there, yet it cannot be found; it is tried again",
            ));
        };
        let text = |name: &str| found.get(name).and_then(|value| value.as_s().ok()).cloned();
        match text("hash") {
            Some(hash) => Ok(AuditInsert::AlreadyThere {
                hash,
                previous: text("previousHash").unwrap_or_default(),
            }),
            None => Err(asked.failure(
                FailureKind::Conflict,
                "met a record of the same keys without a hash, so it is not ours; find out who wrote it",
            )),
        }
    }
}

#[async_trait]
impl AuditTable for Table {
    async fn probe(&self) -> Result<(), Failure> {
        let asked = self
            .session
            .asking("dynamodb:PutItem", format!("table {}", self.name));
        let request = self
            .request(keys("probe", "probe"))
            .condition_expression("attribute_exists(id) AND attribute_not_exists(id)");
        match self.put(request).await? {
            Err(error) if is_refused_by_condition(&error) => Ok(()),
            Err(error) => Err(failure::classify(&asked, &error)),
            Ok(()) => Err(asked.failure(
                FailureKind::Invalid,
                "was done although its condition can never hold; whatever answers there is not DynamoDB",
            )),
        }
    }

    async fn links(&self, object: &str) -> Result<Vec<ChainLink>, Failure> {
        let thing = format!("index {BY_OBJECT} of table {}", self.name);
        let asked = self.session.asking("dynamodb:Query", thing);
        let mut links = Vec::new();
        let mut after = None;
        loop {
            let request = self.session.shared.ground.dynamodb.query();
            let request = request
                .table_name(&self.name)
                .index_name(BY_OBJECT)
                .key_condition_expression("objectRef = :object")
                .expression_attribute_values(":object", text(object))
                // Reserved words, or not unlikely to become some.
                .expression_attribute_names("#hash", "hash")
                .expression_attribute_names("#uid", "uid")
                .expression_attribute_names("#status", "status")
                .projection_expression(
                    "id, createdAt, previousHash, #hash, #uid, actionType, #status",
                )
                .set_exclusive_start_key(after);
            let answer = self
                .session
                .look(&asked, |credentials| {
                    let request = request.clone().customize();
                    request.config_override(credentials.for_dynamodb()).send()
                })
                .await?;
            links.extend(answer.items().iter().map(link));
            after = answer.last_evaluated_key;
            if after.as_ref().is_none_or(Item::is_empty) {
                return Ok(links);
            }
        }
    }

    async fn insert(&self, record: &AuditRecord) -> Result<AuditInsert, Failure> {
        let request = self
            .request(item(record))
            .condition_expression("attribute_not_exists(id)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match self.put(request).await? {
            Ok(()) => Ok(AuditInsert::Inserted),
            Err(SdkError::ServiceError(refused))
                if refused.err().is_conditional_check_failed_exception() =>
            {
                let returned = match refused.into_err() {
                    PutItemError::ConditionalCheckFailedException(failed) => failed.item,
                    _ => None,
                };
                self.already_there(record, returned).await
            }
            Err(error) => {
                let thing = format!("record {} in table {}", record.id, self.name);
                let asked = self.session.asking("dynamodb:PutItem", thing);
                Err(failure::classify(&asked, &error))
            }
        }
    }
}

fn is_refused_by_condition(error: &SdkError<PutItemError>) -> bool {
    error
        .as_service_error()
        .is_some_and(PutItemError::is_conditional_check_failed_exception)
}

fn item(record: &AuditRecord) -> Item {
    let mut item = keys(&record.id, &record.created_at);
    for (name, value) in &record.attributes {
        if !(value.is_empty() && INDEXED.contains(name)) {
            item.insert((*name).to_owned(), text(value));
        }
    }
    item
}

fn link(item: &Item) -> ChainLink {
    let text = |name: &str| {
        let value = item.get(name).and_then(|value| value.as_s().ok());
        value.cloned().unwrap_or_default()
    };
    ChainLink {
        id: text("id"),
        created_at: text("createdAt"),
        previous: text("previousHash"),
        hash: text("hash"),
        uid: text("uid"),
        done: (text("status") == "SUCCESS").then(|| text("actionType")),
    }
}

fn keys(id: &str, created_at: &str) -> Item {
    Item::from([
        ("id".to_owned(), text(id)),
        ("createdAt".to_owned(), text(created_at)),
    ])
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
