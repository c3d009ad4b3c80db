//! Counts people without keeping any.

use std::collections::{BTreeMap, BTreeSet};

use super::report::{Counted, ProblemCount, Report, Subject};
use crate::contact::Field;
use crate::person::{OutReason, Person, Problem, Program, ScopeDecision};

/// Problems that are told apart; expressions could fail in more ways than anybody reads.
const MOST_PROBLEMS: usize = 100;

/// What was counted so far.
pub(super) struct Census {
    counted: Counted,
    /// Names that nobody had yet.
    unmet: BTreeSet<String>,
    problems: BTreeMap<(Field, Problem), u64>,
    /// Why scope cannot be decided, in words.
    undecided: BTreeMap<String, u64>,
}

impl Census {
    pub(super) fn of(program: &Program) -> Self {
        Self {
            counted: Counted::default(),
            unmet: program.named_attributes().clone(),
            problems: BTreeMap::new(),
            undecided: BTreeMap::new(),
        }
    }

    /// How many people were taken.
    pub(super) fn read(&self) -> u64 {
        self.counted.read
    }

    pub(super) fn take(&mut self, program: &Program, person: &Person) {
        self.counted.read += 1;
        self.unmet.retain(|name| !person.attributes.contains_key(name.as_str()));
        match program.decide(person) {
            ScopeDecision::In => {
                self.counted.in_scope += 1;
                self.map(program, person);
            }
            ScopeDecision::Out(OutReason::NotInScope) => self.counted.not_in_scope += 1,
            ScopeDecision::Out(OutReason::Excluded) => self.counted.excluded += 1,
            ScopeDecision::Out(OutReason::Disabled) => self.counted.disabled += 1,
            ScopeDecision::Undecided(reason) => {
                self.counted.undecided += 1;
                count(&mut self.undecided, reason.to_string());
            }
        }
    }

    fn map(&mut self, program: &Program, person: &Person) {
        let problems = program.map(person).problems;
        self.counted.not_mappable += u64::from(!problems.is_empty());
        for told in problems {
            count(&mut self.problems, (told.field, told.problem));
        }
    }

    /// Tells the counts of a whole read. `bounded`: only members of groups were read.
    pub(super) fn tell(self, bounded: bool, report: &mut Report<'_>) {
        let Self { mut counted, unmet, problems, undecided } = self;
        let whom = if bounded { "; others than members of the groups in scope need not be read" } else { "" };
        report.ok(Subject::Read, format!("the directory was read whole: {}{whom}", people(counted.read)));
        scope(&counted, &undecided, report);
        counted.problems = problems
            .into_iter()
            .map(|((field, problem), people)| ProblemCount {
                field: field.to_string(),
                problem: problem.to_string(),
                people,
            })
            .collect();
        mapping(&counted, report);
        // Where nobody was read nothing is known of attributes.
        if counted.read > 0 {
            counted.attributes_of_nobody = unmet.into_iter().collect();
            attributes(&counted.attributes_of_nobody, report);
        }
        report.checked.counts = Some(counted);
    }
}

fn count<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K) {
    if counts.len() < MOST_PROBLEMS || counts.contains_key(&key) {
        *counts.entry(key).or_default() += 1;
    }
}

fn people(count: u64) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

fn scope(counted: &Counted, undecided: &BTreeMap<String, u64>, report: &mut Report<'_>) {
    let Counted { in_scope, not_in_scope, excluded, disabled, undecided: left, .. } = counted;
    let mut told = vec![format!("{} in scope", people(*in_scope))];
    for (count, why) in
        [(not_in_scope, "not taken in"), (excluded, "excluded"), (disabled, "disabled"), (left, "undecided")]
    {
        if *count > 0 {
            told.push(format!("{count} {why}"));
        }
    }
    let told = told.join(", ");
    if *in_scope == 0 {
        report.failed(Subject::Scope, format!("{told}: a run would have nobody to write"));
    } else {
        report.ok(Subject::Scope, told);
    }
    for (reason, count) in undecided {
        report.warning(Subject::Scope, format!("{} undecided: {reason}", people(*count)));
    }
}

fn mapping(counted: &Counted, report: &mut Report<'_>) {
    let Counted { in_scope, not_mappable, problems, .. } = counted;
    if *in_scope == 0 {
        return report.skipped(Subject::Mapping, "nobody is in scope");
    }
    let whole = in_scope - not_mappable;
    let told = format!("{whole} of {in_scope} in scope can be mapped in every field");
    match (whole, not_mappable) {
        (_, 0) => report.ok(Subject::Mapping, told),
        (0, _) => report.failed(Subject::Mapping, told),
        (_, _) => report.warning(Subject::Mapping, told),
    }
    for ProblemCount { field, problem, people: count } in problems {
        report.warning(Subject::Mapping, format!("{field} ({}): {problem}", people(*count)));
    }
}

fn attributes(unmet: &[String], report: &mut Report<'_>) {
    if unmet.is_empty() {
        report.ok(Subject::Attributes, "each that the manifest names is there");
    } else {
        let names = unmet.join(", ");
        report.warning(
            Subject::Attributes,
            format!("nobody has {names}: check the spelling (--person shows how the directory spells them), and what the reader may see"),
        );
    }
}
