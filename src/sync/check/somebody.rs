//! Shows somebody: every attribute, whether they are in scope and why, and what each field of their contact would be.

use serde_json::Value as Json;

use super::report::{ClauseReport, FieldOutcome, FieldReport, PersonReport, Report, ScopeReport, ScopeWord, Subject};
use crate::contact::{Value, Wanted};
use crate::directory::{self, Directory, MOST_SHOWN, ReadQuery, Shown, Who};
use crate::person::{Clause, ExplainedField, Explanation, OutReason, Program, ScopeDecision};

/// Where somebody is looked for.
pub(super) struct Somebody<'a> {
    pub(super) directory: &'a dyn Directory,
    /// The program, and what it reads; `None` where it does not compile, or names what is not there.
    pub(super) program: Option<(&'a Program, &'a ReadQuery)>,
}

impl Somebody<'_> {
    /// Shows those with this id or address.
    pub(super) async fn show(&self, text: &str, report: &mut Report<'_>) {
        let found = match self.find(text).await {
            Ok(found) => found,
            Err(error) => return report.failed(Subject::Person, error.to_string()),
        };
        match found.len() {
            0 => report.failed(Subject::Person, "nobody has this id or address, as far as the reader may see"),
            1 => report.ok(Subject::Person, "found"),
            MOST_SHOWN => report.ok(Subject::Person, format!("the first {MOST_SHOWN} with this address are shown")),
            several => report.warning(Subject::Person, format!("{several} people have this address")),
        }
        for shown in found {
            let explained = match self.explain(&shown).await {
                Ok(explained) => explained,
                Err(error) => {
                    report.failed(Subject::Person, error.to_string());
                    None
                }
            };
            report.checked.people.push(reported(shown, explained));
        }
    }

    /// What looks like an address is looked for as one first; ids of some directories look so, too.
    async fn find(&self, text: &str) -> Result<Vec<Shown>, directory::Error> {
        if text.contains('@') {
            let found = self.directory.show(&Who::Email(text.to_owned())).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        self.directory.show(&Who::Id(text.to_owned())).await
    }

    /// Reads the person again as a run would, and explains.
    async fn explain(&self, shown: &Shown) -> Result<Option<Explanation>, directory::Error> {
        let Some((program, query)) = self.program else { return Ok(None) };
        let read = self.directory.read_again(query, std::slice::from_ref(&shown.id)).await?;
        Ok(read.iter().find(|person| person.id == shown.id).map(|person| program.explain(person)))
    }
}

fn reported(shown: Shown, explained: Option<Explanation>) -> PersonReport {
    let Shown { id, disabled, location, attributes } = shown;
    let (scope, fields) = match explained {
        None => (None, Vec::new()),
        Some(Explanation { scope, clauses, fields }) => {
            (Some(decided(&scope, clauses)), fields.into_iter().map(field).collect())
        }
    };
    PersonReport { id: id.to_string(), disabled, location, attributes, scope, fields }
}

fn decided(scope: &ScopeDecision, clauses: Vec<Clause>) -> ScopeReport {
    let (decision, reason) = match scope {
        ScopeDecision::In => (ScopeWord::In, None),
        ScopeDecision::Out(OutReason::NotInScope) => {
            (ScopeWord::Out, Some("the scope does not take them in".to_owned()))
        }
        ScopeDecision::Out(OutReason::Excluded) => (ScopeWord::Out, Some("excluded".to_owned())),
        ScopeDecision::Out(OutReason::Disabled) => (ScopeWord::Out, Some("the account is disabled".to_owned())),
        ScopeDecision::Undecided(reason) => (ScopeWord::Undecided, Some(reason.to_string())),
    };
    let clauses = clauses.into_iter().map(|Clause { field, asks, holds }| ClauseReport { field, asks, holds });
    ScopeReport { decision, reason, clauses: clauses.collect() }
}

fn field(ExplainedField { field, origin, wanted }: ExplainedField) -> FieldReport {
    let (outcome, value, problem) = match wanted {
        Ok(Wanted::Set(Value::Text(text))) => (FieldOutcome::Set, Some(Json::from(text)), None),
        Ok(Wanted::Set(Value::Texts(texts))) => (FieldOutcome::Set, Some(Json::from(texts)), None),
        Ok(Wanted::Set(Value::Flag(flag))) => (FieldOutcome::Set, Some(Json::from(flag)), None),
        Ok(Wanted::OneOf(texts)) => (FieldOutcome::OneOf, Some(Json::from(texts)), None),
        Ok(Wanted::Clear) => (FieldOutcome::Clear, None, None),
        Ok(Wanted::Keep) => (FieldOutcome::Keep, None, None),
        Err(problem) => (FieldOutcome::Problem, None, Some(problem.to_string())),
    };
    FieldReport { field: field.to_string(), from: origin, outcome, value, problem }
}
