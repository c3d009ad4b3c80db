//! What a check found: told line by line, and kept for scripts.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::directory::ResolvedGroup;
use crate::net::api::Throttling;
use crate::person::GroupWanted;

/// What a check found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Checked {
    /// `<namespace>/<name>` of the connection.
    pub connection: String,
    /// Whether nothing failed.
    pub passed: bool,
    /// Every finding, in order.
    pub findings: Vec<Finding>,
    /// The groups that were found.
    pub groups: Vec<GroupReport>,
    /// How many people; absent where the directory was not read whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counted>,
    /// How often the directory asked to be asked less.
    pub throttled: u64,
    /// Who was asked for, with personal data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<PersonReport>,
}

/// One thing that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What it is about.
    pub subject: Subject,
    /// How it stands.
    pub mark: Mark,
    /// In words; no person's data.
    pub message: String,
}

/// What is checked, in this order.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub enum Subject {
    /// Scope and mapping.
    Manifest,
    /// Whether the directory lets the reader in.
    Credentials,
    /// The groups that the manifest names.
    Groups,
    /// The whole read.
    Read,
    /// Who is in scope.
    Scope,
    /// Whether those in scope can be mapped.
    Mapping,
    /// Whether the attributes that the manifest names exist.
    Attributes,
    /// Somebody who was asked for.
    Person,
    /// How often the directory asked to be asked less.
    Throttling,
}

/// How something stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub enum Mark {
    /// It is good.
    Ok,
    /// It works, and deserves a look.
    Warning,
    /// It does not work.
    Failed,
    /// It was not looked at.
    Skipped,
}

/// A group that was found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupReport {
    /// The field below `spec` that names it first.
    pub field: String,
    /// What it is called there.
    pub named: String,
    /// The directory's immutable id of it.
    pub id: String,
}

/// How many people.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counted {
    /// Read from the directory.
    pub read: u64,
    /// Of them in scope.
    pub in_scope: u64,
    /// Out, because neither list nor pattern takes them in.
    pub not_in_scope: u64,
    /// Out, because they are excluded.
    pub excluded: u64,
    /// Out, because the account is disabled.
    pub disabled: u64,
    /// Whose scope cannot be decided.
    pub undecided: u64,
    /// In scope, and at least one field cannot be mapped.
    pub not_mappable: u64,
    /// Of them, how often each problem stands in each field.
    pub problems: Vec<ProblemCount>,
    /// Attributes that the manifest names and nobody has.
    pub attributes_of_nobody: Vec<String>,
}

/// A problem of a field.
#[derive(Clone, Debug, Serialize)]
pub struct ProblemCount {
    /// The field.
    pub field: String,
    /// What is wrong, in words.
    pub problem: String,
    /// How many people have it.
    pub people: u64,
}

/// Somebody, as the directory has them and as their contact would be.
#[derive(Clone, Debug, Serialize)]
pub struct PersonReport {
    /// The directory's id.
    pub id: String,
    /// Whether the account is disabled.
    pub disabled: bool,
    /// Where in the directory they lie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Every attribute that the reader may see, by the directory's names.
    pub attributes: Map<String, Value>,
    /// Whether they are in scope; absent where that cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeReport>,
    /// What each mapped field would be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldReport>,
}

/// Whether somebody is in scope.
#[derive(Clone, Debug, Serialize)]
pub struct ScopeReport {
    /// In one word.
    pub decision: ScopeWord,
    /// Why they are out, or why it cannot be decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What each part of the scope says.
    pub clauses: Vec<ClauseReport>,
}

/// A decision of scope.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub enum ScopeWord {
    /// In.
    In,
    /// Out.
    Out,
    /// It cannot be decided.
    Undecided,
}

/// One part of a scope.
#[derive(Clone, Debug, Serialize)]
pub struct ClauseReport {
    /// The field below `spec`.
    pub field: &'static str,
    /// What it asks.
    pub asks: String,
    /// Whether it is so; null where that cannot be decided.
    pub holds: Option<bool>,
}

/// One field of the contact that somebody would have.
#[derive(Clone, Debug, Serialize)]
pub struct FieldReport {
    /// The field.
    pub field: String,
    /// Where its value comes from, in words.
    pub from: String,
    /// What becomes of it.
    pub outcome: FieldOutcome,
    /// The value, or several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// Why it cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What becomes of a field.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub enum FieldOutcome {
    /// It is set to the value.
    Set,
    /// It is set to one of the values: the one that the contact has, else the first.
    OneOf,
    /// It is emptied.
    Clear,
    /// It stays as it is.
    Keep,
    /// It stays as it is, because the value cannot be told.
    Problem,
}

/// Takes findings in and tells them.
pub(super) struct Report<'a> {
    pub(super) checked: Checked,
    tell: &'a mut (dyn FnMut(&Finding) + Send),
}

impl<'a> Report<'a> {
    pub(super) fn new(connection: String, tell: &'a mut (dyn FnMut(&Finding) + Send)) -> Self {
        let checked = Checked {
            connection,
            passed: true,
            findings: Vec::new(),
            groups: Vec::new(),
            counts: None,
            throttled: 0,
            people: Vec::new(),
        };
        Self { checked, tell }
    }

    pub(super) fn ok(&mut self, subject: Subject, message: impl Into<String>) {
        self.tell(subject, Mark::Ok, message.into());
    }

    pub(super) fn warning(&mut self, subject: Subject, message: impl Into<String>) {
        self.tell(subject, Mark::Warning, message.into());
    }

    pub(super) fn failed(&mut self, subject: Subject, message: impl Into<String>) {
        self.checked.passed = false;
        self.tell(subject, Mark::Failed, message.into());
    }

    pub(super) fn skipped(&mut self, subject: Subject, message: &str) {
        self.tell(subject, Mark::Skipped, message.to_owned());
    }

    fn tell(&mut self, subject: Subject, mark: Mark, message: String) {
        let finding = Finding { subject, mark, message };
        (self.tell)(&finding);
        self.checked.findings.push(finding);
    }

    pub(super) fn group(&mut self, wanted: &GroupWanted, found: &ResolvedGroup) {
        let named = wanted.group.name.clone().or_else(|| wanted.group.id.clone()).unwrap_or_default();
        let id = if found.id == named { String::new() } else { format!(": {}", found.id) };
        self.ok(Subject::Groups, format!("{}: {named:?} is there{id}", wanted.field));
        self.checked.groups.push(GroupReport { field: wanted.field.clone(), named, id: found.id.clone() });
    }

    pub(super) fn throttling(&mut self, Throttling { times, waited }: Throttling) {
        self.checked.throttled = times;
        if times > 0 {
            let seconds = waited.as_secs_f64();
            let message = format!("the directory asked {times} times to be asked less; {seconds:.1} s were waited");
            self.warning(Subject::Throttling, message);
        }
    }

    pub(super) fn close(self) -> Checked {
        self.checked
    }
}
