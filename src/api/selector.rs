//! The schema of a label selector, with the bounds and the rules that Kubernetes' own type leaves to code.

use schemars::{Schema, SchemaGenerator, json_schema};

/// The longest key of a label: a prefix of 253 characters, a slash and a name of 63.
const KEY: usize = 317;
/// The longest value of a label.
const VALUE: usize = 63;

/// Schema of `allowedNamespaces.selector`.
pub fn selector_schema(_generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "description": "Labels of the namespaces. An empty selector matches every namespace.",
        "properties": {
            "matchLabels": {
                "type": "object",
                "maxProperties": 16,
                "additionalProperties": { "type": "string", "maxLength": VALUE },
                "description": "Labels with the value each must have.",
            },
            "matchExpressions": {
                "type": "array",
                "maxItems": 16,
                "x-kubernetes-list-type": "atomic",
                "description": "Conditions on labels; all of them must hold.",
                "items": {
                    "type": "object",
                    "required": ["key", "operator"],
                    "properties": {
                        "key": {
                            "type": "string",
                            "minLength": 1,
                            "maxLength": KEY,
                            "description": "The label's key.",
                        },
                        "operator": {
                            "type": "string",
                            "enum": ["In", "NotIn", "Exists", "DoesNotExist"],
                            "description": "How the label's value relates to `values`.",
                        },
                        "values": {
                            "type": "array",
                            "maxItems": 64,
                            "x-kubernetes-list-type": "atomic",
                            "items": { "type": "string", "maxLength": VALUE },
                            "description": "The values; they go with `In` and `NotIn`, and only with them.",
                        },
                    },
                    "x-kubernetes-validations": [{
                        "rule": "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
                        "message": "values goes with the operators In and NotIn, and only with them: add values, or use Exists or DoesNotExist",
                    }],
                },
            },
        },
    })
}
