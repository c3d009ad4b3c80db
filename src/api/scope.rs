//! Which of a directory's people become contacts: KDesk's two scope modes, List and Pattern.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which of the directory's people become contacts.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
#[x_kube(validation = Rule::new("(self.mode == 'List') == has(self.list) && (self.mode == 'Pattern') == has(self.pattern)")
    .message(kube::core::cel::Message::Expression("'scope.mode is ' + self.mode + ', so set scope.' + self.mode.lowerAscii() + ' and not scope.' + (self.mode == 'List' ? 'pattern' : 'list')".into())))]
pub struct Scope {
    /// List: groups and categories by name. Pattern: what a person's record says.
    pub mode: ScopeMode,
    /// The groups and categories, with mode List.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<ListScope>,
    /// The pattern, with mode Pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<PatternScope>,
    /// Who stays out although list or pattern would take them in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude: Option<Exclude>,
    /// Whether accounts that the directory marks as disabled are in scope; absent: Exclude.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DisabledAccounts")]
    pub disabled_accounts: Option<DisabledAccounts>,
}

/// The two ways to say who is in scope.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum ScopeMode {
    /// Members of the groups, and people of the categories.
    List,
    /// People whose record matches.
    Pattern,
}

/// A person is in scope who is in one of the groups or has one of the categories.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = ("has(self.groups) || has(self.categories)", "an empty list would include nobody: name at least one group or category"),
    validation = ("has(self.categories) == has(self.categoryAttribute)", "categories and categoryAttribute go together"),
    validation = Rule::new("!has(self.membership) || has(self.groups)").message("membership says how groups are read, so it needs groups").field_path(".membership")
)]
pub struct ListScope {
    /// Groups whose members are in scope. A name must resolve to exactly one group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub groups: Option<Vec<GroupRef>>,
    /// Direct: members of the groups themselves. Nested (the default): also members of the groups in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Membership")]
    pub membership: Option<Membership>,
    /// Values of categoryAttribute that are in scope; compared without regard to case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), inner(length(min = 1, max = 256)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub categories: Option<Vec<String>>,
    /// The directory's attribute that holds a person's category, such as employeeType.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub category_attribute: Option<String>,
}

/// Whether groups inside groups count.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum Membership {
    /// Members of the groups themselves.
    Direct,
    /// Also members of the groups in them, at any depth.
    #[default]
    Nested,
}

/// A group of the directory, by exactly one of name and id.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.name) != has(self.id)", "name a group by exactly one of name and id"))]
pub struct GroupRef {
    /// Its name, which must resolve to exactly one group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub name: Option<String>,
    /// The directory's id of it (LDAP: its DN, entryUUID or objectGUID).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub id: Option<String>,
}

/// A person is in scope for whom everything given here holds.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.segment) || has(self.match) || has(self.expression) || has(self.filter)", "an empty pattern would include everybody: give segment, match, expression or filter"))]
pub struct PatternScope {
    /// The part of the directory a person must lie in (LDAP: a DN; files: a path prefix of the segment field).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub segment: Option<String>,
    /// One attribute that must match a glob or a regex.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "match")]
    pub match_: Option<Match>,
    /// A CEL expression over person, values and inGroup() that must be true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub expression: Option<String>,
    /// A filter in the directory's own language (LDAP: RFC 4515), evaluated by the directory. Files have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub filter: Option<String>,
}

/// Matches an attribute: true when any of its values matches the whole pattern.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.glob) != has(self.regex)", "match an attribute with exactly one of glob and regex"))]
pub struct Match {
    /// The directory's attribute.
    #[schemars(length(min = 1, max = 128))]
    pub attribute: String,
    /// A glob over the whole value, without regard to case: * any characters, ? one, [a-z] a class, {a,b} a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub glob: Option<String>,
    /// A regular expression (RE2 syntax) over the whole value, with regard to case unless it begins with (?i).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub regex: Option<String>,
}

/// Who stays out although list or pattern would take them in.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.groups) || has(self.ids)", "an empty exclude would exclude nobody: give groups or ids, or leave exclude out"))]
pub struct Exclude {
    /// Groups whose members, also nested ones, stay out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub groups: Option<Vec<GroupRef>>,
    /// Person ids that stay out for good, such as people who asked to be erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1000), inner(length(min = 1, max = 256)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub ids: Option<Vec<String>>,
}

/// Whether accounts that the directory marks as disabled are in scope.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum DisabledAccounts {
    /// They are not: disabling the account removes the contact as a leaver's.
    #[default]
    Exclude,
    /// They are treated like any other.
    Include,
}
