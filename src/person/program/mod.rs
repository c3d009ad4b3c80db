//! Scope and mapping of one connection, compiled once per run.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::{ConflictPolicy, ContactSyncConnectionSpec};
use crate::contact::Field;
use crate::contact::form::domain_of;

use super::Person;
use super::compile::{Compiler, Found};
use super::error::CompileError;
use super::explain::{ExplainedField, Explanation};
use super::groups::GroupWanted;
use super::mapping::{self, Domains, Mapped, Plan};
use super::scope::{OutReason, Scope, ScopeDecision};

/// Scope and mapping of one connection: immutable, and the same for every person of a run.
pub struct Program {
    scope: Scope,
    plans: Vec<Plan>,
    fields: Vec<Field>,
    domains: Option<Domains>,
    groups: Vec<GroupWanted>,
    attributes: BTreeSet<String>,
    named: BTreeSet<String>,
}

impl Program {
    /// Compiles scope and mapping; tells all that is wrong at once. What the schema refuses at admission is refused here
    /// again, since a program may come from a file (L18).
    pub fn compile(spec: &ContactSyncConnectionSpec) -> Result<Self, Vec<CompileError>> {
        let mut found = Found::default();
        let mut compiler = Compiler { found: &mut found };
        let domains = domains(spec, &mut compiler);
        let scope = Scope::compile(&spec.scope, &mut compiler);
        let plans = mapping::plans(spec, domains.as_ref(), &mut compiler);
        let Found { groups, errors } = found;
        let Some(scope) = scope.filter(|_| errors.is_empty()) else { return Err(errors) };
        let mut named = BTreeSet::new();
        scope.attributes(&mut named);
        for plan in plans.iter().filter(|plan| plan.written) {
            plan.attributes(&mut named);
        }
        let mut attributes = named.clone();
        for plan in &plans {
            plan.attributes(&mut attributes);
        }
        let fields = plans.iter().map(|plan| plan.field.clone()).collect();
        Ok(Self { scope, plans, fields, domains, groups, attributes, named })
    }

    /// Every group that scope and mapping ask about, each once; a group's place is its bit in a person's
    /// [`super::GroupSet`].
    pub fn groups(&self) -> &[GroupWanted] {
        &self.groups
    }

    /// Every attribute that scope and mapping read.
    pub fn attributes(&self) -> &BTreeSet<String> {
        &self.attributes
    }

    /// Those of them that the manifest itself names. A preset lists alternatives, of which a directory need not have each.
    pub fn named_attributes(&self) -> &BTreeSet<String> {
        &self.named
    }

    /// Groups (places in [`Self::groups`]) of which a person must be in at least one to be in scope, where that alone
    /// bounds it: a list of groups without categories. Else empty.
    pub fn only_members_of(&self) -> Vec<usize> {
        self.scope.only_members_of()
    }

    /// The mapped fields, sorted.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Whether a person is in scope. `segment` and `filter` are the directory's to decide.
    pub fn decide(&self, person: &Person) -> ScopeDecision {
        self.scope.decide(person)
    }

    /// What the person's contact should be.
    pub fn map(&self, person: &Person) -> Mapped {
        mapping::map(&self.plans, self.domains.as_ref(), person)
    }

    /// Why a person is in or out, and what each mapped field would be and from where. The person was read again, so that
    /// [`Person::in_query`] tells the directory's own part of the scope.
    pub fn explain(&self, person: &Person) -> Explanation {
        let Mapped { wanted, problems } = self.map(person);
        let mut problems: BTreeMap<_, _> = problems.into_iter().map(|told| (told.field, told.problem)).collect();
        let fields = self.plans.iter().zip(wanted).map(|(plan, wanted)| ExplainedField {
            field: plan.field.clone(),
            origin: plan.origin(),
            wanted: problems.remove(&plan.field).map_or(Ok(wanted), Err),
        });
        let fields = fields.collect();
        Explanation { scope: self.decide_again(person), clauses: self.scope.clauses(person, &self.groups), fields }
    }

    /// Whether a person who was read again is in scope: the directory's own part counts (L3).
    pub fn decide_again(&self, person: &Person) -> ScopeDecision {
        match self.decide(person) {
            ScopeDecision::In if !person.in_query => ScopeDecision::Out(OutReason::NotInScope),
            decided @ (ScopeDecision::In | ScopeDecision::Out(_) | ScopeDecision::Undecided(_)) => decided,
        }
    }
}

/// `spec.emailDomains` in canonical form, and the rules that need them (L17).
fn domains(spec: &ContactSyncConnectionSpec, compiler: &mut Compiler<'_>) -> Option<Domains> {
    let Some(domains) = &spec.email_domains else {
        if spec.mapping.access.as_ref().is_some_and(|access| access.portal_access.is_some()) {
            compiler.error("emailDomains", "mapping portal access needs the domains this directory may speak for");
        }
        if spec.conflicts == Some(ConflictPolicy::Adopt) {
            compiler.error("emailDomains", "conflicts: Adopt needs the domains this directory may speak for");
        }
        return None;
    };
    compiler.not_empty("emailDomains", domains);
    Some(domains.iter().filter_map(|domain| domain_of(&format!("@{domain}"))).collect())
}

#[cfg(test)]
mod tests;
