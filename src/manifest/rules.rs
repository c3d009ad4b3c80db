//! The CEL rules of a kind, evaluated offline by the evaluator that speaks as the API server does. Rules over the object
//! as it was before (`oldSelf`) have nothing to compare with and are left to the API server.

use kube_cel::{CompiledSchema, ErrorKind, RootContext, Validator, compile_schema};
use serde_json::Value;

use super::node::Node;
use super::schema::Finding;

/// The rules of one kind, compiled.
pub(super) struct Rules {
    schema: CompiledSchema,
    validator: Validator,
    root: RootContext,
}

impl Rules {
    /// Compiles the rules of a schema.
    pub(super) fn new(kind: &str, schema: &Value) -> Self {
        Self {
            schema: compile_schema(schema),
            validator: Validator::new(),
            root: RootContext {
                api_version: crate::api::API_VERSION.into(),
                api_group: crate::api::GROUP.into(),
                kind: kind.into(),
            },
        }
    }

    /// The rules that an object breaks. `known` is what the schema found already: a rule is not heard on a field that is
    /// wrong itself, or has a field in it that is wrong, because it would only say the same again.
    pub(super) fn check(&self, node: &Node, known: &[Finding]) -> Vec<Finding> {
        let object = node.to_json();
        let Err(errors) = self.validator.validate_compiled_with_context(&self.schema, &object, None, Some(&self.root))
        else {
            return Vec::new();
        };
        errors
            .into_vec()
            .into_iter()
            .filter(|error| error.kind == ErrorKind::ValidationFailure || known.is_empty())
            .filter(|error| !known.iter().any(|finding| same_place(&finding.field, &error.field_path)))
            .map(|error| Finding {
                line: node.line_of(&error.field_path),
                field: error.field_path,
                problem: error.message,
                mend: String::new(),
            })
            .collect()
    }
}

/// Whether a finding lies at a rule's field, above it, or directly in it (the member of a union, the union's type).
fn same_place(finding: &str, rule: &str) -> bool {
    let within = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let parent = finding.rfind(['.', '[']).and_then(|end| finding.get(..end)).unwrap_or_default();
    within(finding, rule) || (parent == rule && !rule.is_empty())
}
