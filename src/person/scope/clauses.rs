//! What each part of a scope says of one person: [`Scope::decide`] taken apart.

use super::pattern::Pattern;
use super::{Body, Categories, Scope};
use crate::api::{DisabledAccounts, GroupRef, Membership};
use crate::person::{Clause, GroupWanted, Person};

impl Scope {
    /// Every part, in the order that they count. Of what keeps people out only that which does so is told, but for groups,
    /// whose members nobody knows by heart.
    pub(in crate::person) fn clauses(&self, person: &Person, wanted: &[GroupWanted]) -> Vec<Clause> {
        let mut clauses = Vec::new();
        let groups = |field, places: &[usize]| {
            let named = places.iter().filter_map(|place| Some((*place, wanted.get(*place)?)));
            named.map(|(place, wanted)| in_group(field, wanted, person.groups.contains(place))).collect::<Vec<_>>()
        };
        if self.excluded_ids.contains(person.id.as_str()) {
            clauses.push(clause("scope.exclude.ids", "is excluded by id", Some(true)));
        }
        clauses.extend(groups("scope.exclude.groups", &self.excluded_groups));
        if person.disabled {
            let asks = match self.disabled {
                DisabledAccounts::Exclude => "the account is disabled, and such are left out",
                DisabledAccounts::Include => "the account is disabled, and such are taken in",
            };
            clauses.push(clause("scope.disabledAccounts", asks, Some(true)));
        }
        match &self.body {
            Body::List { groups: places, categories } => {
                clauses.extend(groups("scope.list.groups", places));
                clauses.extend(categories.iter().map(|categories| categories.clause(person)));
            }
            Body::Pattern(pattern) => pattern.clauses(person, &mut clauses),
        }
        clauses
    }
}

impl Categories {
    fn clause(&self, person: &Person) -> Clause {
        let asks = format!("{} is one of the categories", self.attribute);
        clause("scope.list.categories", asks, Some(self.hold(person)))
    }
}

impl Pattern {
    fn clauses(&self, person: &Person, clauses: &mut Vec<Clause>) {
        for field in self.asked_of_the_directory() {
            let asks = "the directory finds the person there, as far as it was asked";
            clauses.push(clause(field, asks, Some(person.in_query)));
        }
        if let Some((attribute, holds)) = self.matches(person) {
            clauses.push(clause("scope.pattern.match", format!("{attribute} matches"), Some(holds)));
        }
        if let Some(decided) = self.evaluates(person) {
            let asks = decided.as_ref().err().map_or("is true".to_owned(), ToString::to_string);
            clauses.push(clause("scope.pattern.expression", asks, decided.ok()));
        }
    }
}

fn clause(field: &'static str, asks: impl Into<String>, holds: Option<bool>) -> Clause {
    Clause { field, asks: asks.into(), holds }
}

fn in_group(field: &'static str, wanted: &GroupWanted, holds: bool) -> Clause {
    let GroupRef { name, id } = &wanted.group;
    let group = name.as_ref().or(id.as_ref()).map(String::as_str).unwrap_or_default();
    let within = match wanted.membership {
        Membership::Direct => "",
        Membership::Nested => ", or in one within it",
    };
    clause(field, format!("is in group {group:?}{within}"), Some(holds))
}
