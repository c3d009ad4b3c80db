//! What each contact field is filled with: KDesk's four field groups.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What each contact field is filled with. A field that is not mapped is never touched.
#[derive(Clone, Debug, Default, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.preset) || self.preset != 'None' || (has(self.identity) && has(self.identity.email))")
    .message("with preset None, map identity.email: it is the portal sign-in key and no contact can be written without it")
    .field_path(".identity"))]
pub struct Mapping {
    /// Standard (the default) fills what the source's usual attributes give; None maps only what is written here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Preset")]
    pub preset: Option<Preset>,
    /// Who the person is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// How to reach them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub communication: Option<Communication>,
    /// Where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// What they may see and be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
}

/// A set of mappings that need not be written out.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum Preset {
    /// The source's usual attributes for name, email, company, job title, division, phones and address. Never notes, home
    /// phones, aliases, portal access or notifications.
    #[default]
    Standard,
    /// Nothing.
    None,
}

/// Who the person is.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The name that KDesk shows. Never cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<TextField>,
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_name: Option<TextField>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family_name: Option<TextField>,
    /// The primary email, which is the portal sign-in key. Never cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<TextField>,
    /// Company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<TextField>,
    /// Job title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_title: Option<TextField>,
    /// Division or department.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<TextField>,
    /// Notes that agents see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<TextField>,
}

/// How to reach the person.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Communication {
    /// Email addresses by label. They receive, they don't sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["label"]))]
    pub emails: Option<Vec<LabeledField>>,
    /// Phone numbers by label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["label"]))]
    pub phones: Option<Vec<LabeledField>>,
}

/// The person's address at work.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Street and number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street: Option<TextField>,
    /// City.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<TextField>,
    /// Region, state or county.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<TextField>,
    /// Postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<TextField>,
    /// Country: an ISO 3166-1 code or an English name, written to the desk as the two-letter code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<TextField>,
}

/// What the person may see and be told.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    /// Whether the person may sign in to the customer portal. Only a literal true lets anybody in; an error lets nobody in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal_access: Option<FlagField>,
    /// Which notifications the person is sent, by type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub email_notifications: Option<Vec<NotificationField>>,
}

/// A text field: exactly one of from, value and expression.
#[derive(Clone, Debug, Default, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
#[x_kube(
    validation = ("[has(self.from), has(self.value), has(self.expression)].filter(x, x).size() == 1", "fill a field with exactly one of from (an attribute), value (fixed) and expression (CEL)"),
    validation = ("!(has(self.value) && has(self.default))", "a fixed value needs no default")
)]
pub struct TextField {
    /// The directory's attribute to copy. One that is missing is absent, not an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub from: Option<String>,
    /// A fixed value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 0, max = 2048))]
    pub value: Option<String>,
    /// A CEL expression over person, values and inGroup() that gives text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub expression: Option<String>,
    /// What to write when the person has no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 0, max = 2048))]
    pub default: Option<String>,
    /// Clear (the default) empties the contact's field when the person has no value; Keep leaves what is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "WhenAbsent")]
    pub when_absent: Option<WhenAbsent>,
}

/// What a missing value does to the contact's field.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum WhenAbsent {
    /// Empties it.
    #[default]
    Clear,
    /// Leaves what is there.
    Keep,
}

/// An email or a phone under a label: exactly one of from, value and expression.
#[derive(Clone, Debug, Default, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = ("[has(self.from), has(self.value), has(self.expression)].filter(x, x).size() == 1", "fill a field with exactly one of from (an attribute), value (fixed) and expression (CEL)"),
    validation = ("!(has(self.value) && has(self.default))", "a fixed value needs no default")
)]
pub struct LabeledField {
    /// The label, such as work or mobile; the SCIM type of the value.
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z][a-z0-9-]*$"))]
    pub label: String,
    /// The directory's attribute to copy. One that is missing is absent, not an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub from: Option<String>,
    /// A fixed value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 0, max = 2048))]
    pub value: Option<String>,
    /// A CEL expression over person, values and inGroup() that gives text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub expression: Option<String>,
    /// What to write when the person has no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 0, max = 2048))]
    pub default: Option<String>,
    /// true writes every value of the attribute under this label; otherwise one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<bool>,
    /// Clear (the default) empties the contact's field when the person has no value; Keep leaves what is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "WhenAbsent")]
    pub when_absent: Option<WhenAbsent>,
}

/// A yes or no: exactly one of from, value and expression.
#[derive(Clone, Debug, Default, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
#[x_kube(
    validation = ("[has(self.from), has(self.value), has(self.expression)].filter(x, x).size() == 1", "fill a field with exactly one of from (an attribute), value (fixed) and expression (CEL)"),
    validation = ("!(has(self.value) && has(self.default))", "a fixed value needs no default")
)]
pub struct FlagField {
    /// The directory's attribute to copy: true and false, in any case. Anything else is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub from: Option<String>,
    /// A fixed yes or no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<bool>,
    /// A CEL expression over person, values and inGroup() that gives true or false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub expression: Option<String>,
    /// What to write when the person has no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<bool>,
    /// Clear (the default) empties the contact's field when the person has no value; Keep leaves what is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "WhenAbsent")]
    pub when_absent: Option<WhenAbsent>,
}

/// Whether the person is sent one type of notification: exactly one of from, value and expression.
#[derive(Clone, Debug, Default, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = ("[has(self.from), has(self.value), has(self.expression)].filter(x, x).size() == 1", "fill a field with exactly one of from (an attribute), value (fixed) and expression (CEL)"),
    validation = ("!(has(self.value) && has(self.default))", "a fixed value needs no default")
)]
pub struct NotificationField {
    /// The notification, such as TicketUpdates.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Z][A-Za-z0-9]*$"))]
    pub type_: String,
    /// The directory's attribute to copy: true and false, in any case. Anything else is an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub from: Option<String>,
    /// A fixed yes or no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<bool>,
    /// A CEL expression over person, values and inGroup() that gives true or false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub expression: Option<String>,
    /// What to write when the person has no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<bool>,
    /// Clear (the default) empties the contact's field when the person has no value; Keep leaves what is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "WhenAbsent")]
    pub when_absent: Option<WhenAbsent>,
}
