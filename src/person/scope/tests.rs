use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::person::Person;
use crate::person::fixture::{errors, person, program};

const MAPPING: &str = "{}";

fn decide(scope: &str, person: &Person) -> ScopeDecision {
    program(scope, MAPPING, "").decide(person)
}

fn is_in(scope: &str, attributes: serde_json::Value) -> bool {
    match decide(scope, &person("1", attributes)) {
        ScopeDecision::In => true,
        ScopeDecision::Out(OutReason::NotInScope) => false,
        other @ (ScopeDecision::Out(_) | ScopeDecision::Undecided(_)) => panic!("{scope}: {other:?}"),
    }
}

fn in_groups(groups: &[usize]) -> Person {
    let mut person = person("1", json!({}));
    for group in groups {
        person.groups.insert(*group);
    }
    person
}

#[test]
fn a_list_takes_members_of_any_group_and_people_of_any_category() {
    let scope =
        "{mode: List, list: {groups: [{name: Sales}, {id: g-2}], categories: [Employee], categoryAttribute: type}}";
    let program = program(scope, MAPPING, "");
    assert_eq!(program.groups().len(), 2);
    assert!(program.only_members_of().is_empty());
    assert_eq!(program.decide(&in_groups(&[1])), ScopeDecision::In);
    assert_eq!(program.decide(&in_groups(&[])), ScopeDecision::Out(OutReason::NotInScope));
    assert!(is_in(scope, json!({"type": ["x", " EMPLOYEE "]})));
    assert!(!is_in(scope, json!({"type": "Employees"})));
}

#[test]
fn a_list_of_groups_alone_bounds_the_read() {
    let scope = "{mode: List, list: {groups: [{name: Sales}, {name: Support}], membership: Direct}, exclude: {groups: [{name: Sales}]}}";
    let program = program(scope, MAPPING, "");
    assert_eq!(program.only_members_of(), [0, 1]);
    let asked: Vec<_> =
        program.groups().iter().map(|group| (group.group.name.as_deref().unwrap(), group.membership)).collect();
    // The same group, asked in two ways, is two questions: exclusion is always nested.
    assert_eq!(asked.len(), 3);
    assert!(asked.contains(&("Sales", Membership::Nested)) && asked.contains(&("Sales", Membership::Direct)));
    let nested = asked.iter().position(|group| *group == ("Sales", Membership::Nested)).unwrap();
    assert_eq!(program.decide(&in_groups(&[0, nested])), ScopeDecision::Out(OutReason::Excluded));
}

#[test]
fn exclusion_and_disabled_come_first() {
    let scope =
        "{mode: Pattern, pattern: {expression: 'person.none == 1'}, exclude: {ids: ['7'], groups: [{name: Out}]}}";
    assert_eq!(decide(scope, &person("7", json!({}))), ScopeDecision::Out(OutReason::Excluded));
    assert_eq!(decide(scope, &in_groups(&[0])).clone(), {
        let place =
            program(scope, MAPPING, "").groups().iter().position(|group| group.group.name.as_deref() == Some("Out"));
        assert_eq!(place, Some(0));
        ScopeDecision::Out(OutReason::Excluded)
    });
    let mut disabled = person("8", json!({}));
    disabled.disabled = true;
    assert_eq!(decide(scope, &disabled), ScopeDecision::Out(OutReason::Disabled));
    let included = "{mode: Pattern, pattern: {expression: 'true'}, disabledAccounts: Include}";
    assert_eq!(decide(included, &disabled), ScopeDecision::In);
}

#[test]
fn globs_match_whole_values_without_regard_to_case() {
    let scope = |glob: &str| format!("{{mode: Pattern, pattern: {{match: {{attribute: d, glob: '{glob}'}}}}}}");
    for (glob, yes, no) in [
        ("EMEA/*", "emea/Sales/North", "x EMEA/Sales"),
        ("{Sales,Support}", "support", "Sales "),
        ("S?les", "Såles", "Sles"),
        ("ÖST*", "östra", "ostra"),
        ("[a-c]x", "BX", "dx"),
        ("[!a-c]x", "dx", "ax"),
        ("a.c", "A.C", "abc"),
        (r"a\*", "a*", "ab"),
        ("{a,{b,c}d}", "CD", "c"),
        ("[&&a~]", "&", "b"),
        ("(?i)*", "(?I)x", "x"),
    ] {
        assert!(is_in(&scope(glob), json!({"d": yes})), "{glob} {yes}");
        assert!(!is_in(&scope(glob), json!({"d": no})), "{glob} {no}");
        assert!(is_in(&scope(glob), json!({"d": [no, yes]})), "{glob}: any value counts");
        assert!(!is_in(&scope(glob), json!({})), "{glob}");
    }
}

#[test]
fn regexes_match_whole_values_with_regard_to_case() {
    let scope = |regex: &str| format!("{{mode: Pattern, pattern: {{match: {{attribute: d, regex: '{regex}'}}}}}}");
    assert!(is_in(&scope("a|ab"), json!({"d": "ab"})));
    assert!(!is_in(&scope("a|b"), json!({"d": "ab"})));
    assert!(!is_in(&scope("sales"), json!({"d": "Sales"})));
    assert!(is_in(&scope("(?i)sales"), json!({"d": "Sales"})));
    assert!(!is_in(&scope("^sales$"), json!({"d": "sales\nx"})));
    assert!(is_in(&scope("[0-9]+"), json!({"d": 42})));
}

#[test]
fn all_of_a_pattern_must_hold() {
    let scope = "{mode: Pattern, pattern: {match: {attribute: d, glob: 'a*'}, expression: 'person.n == 1', filter: '(x=1)', segment: 'ou=x'}}";
    assert!(is_in(scope, json!({"d": "ab", "n": 1})));
    assert!(!is_in(scope, json!({"d": "ab", "n": 2})));
    assert!(!is_in(scope, json!({"d": "b", "n": 1})));
    assert!(!is_in(scope, json!({"d": "b"})), "what is surely out needs no deciding");
    assert!(is_in("{mode: Pattern, pattern: {segment: 'ou=x'}}", json!({})), "the directory decides");
}

#[test]
fn l01_what_cannot_be_decided_is_undecided() {
    let undecided = |expression: &str| {
        let scope = format!("{{mode: Pattern, pattern: {{expression: \"{expression}\"}}}}");
        match decide(&scope, &person("1", json!({"a": "x"}))) {
            ScopeDecision::Undecided(reason) => reason,
            other @ (ScopeDecision::In | ScopeDecision::Out(_)) => panic!("{expression}: {other:?}"),
        }
    };
    assert_eq!(undecided("person.department == 'Sales'"), UndecidedReason::MissingAttribute("department".into()));
    assert_eq!(undecided("!(person.department == 'Sales')"), UndecidedReason::MissingAttribute("department".into()));
    assert_eq!(undecided("person.a"), UndecidedReason::NotBool);
    assert_eq!(undecided("'true'"), UndecidedReason::NotBool);
    assert!(matches!(undecided("int(person.a) > 1"), UndecidedReason::Expression(_)));
    assert!(is_in("{mode: Pattern, pattern: {expression: \"has(person.a) && person.a == 'x'\"}}", json!({"a": "x"})));
    assert!(!is_in("{mode: Pattern, pattern: {expression: \"has(person.b) && person.b == 'x'\"}}", json!({"a": "x"})));
}

#[test]
fn l17_in_group_is_asked_of_the_directory_before_the_run() {
    let program = program("{mode: Pattern, pattern: {expression: \"inGroup('Portal Users')\"}}", MAPPING, "");
    let [group] = program.groups() else { panic!("one group") };
    assert_eq!(group.group.name.as_deref(), Some("Portal Users"));
    assert_eq!(group.membership, Membership::Nested);
    assert_eq!(group.field, "scope.pattern.expression");
    assert_eq!(program.decide(&in_groups(&[0])), ScopeDecision::In);
    assert_eq!(program.decide(&in_groups(&[])), ScopeDecision::Out(OutReason::NotInScope));
}

#[test]
fn l18_what_is_empty_is_refused() {
    for (scope, field) in [
        ("{mode: List}", "scope"),
        ("{mode: List, pattern: {segment: x}}", "scope"),
        ("{mode: Pattern, list: {groups: [{name: x}]}}", "scope"),
        ("{mode: List, list: {}}", "scope.list"),
        ("{mode: List, list: {groups: []}}", "scope.list.groups"),
        ("{mode: List, list: {groups: [{}]}}", "scope.list.groups[0]"),
        ("{mode: List, list: {groups: [{name: x}, {name: ' '}]}}", "scope.list.groups[1]"),
        ("{mode: List, list: {groups: [{name: x, id: y}]}}", "scope.list.groups[0]"),
        ("{mode: List, list: {categories: [], categoryAttribute: a}}", "scope.list.categories"),
        ("{mode: List, list: {categories: [''], categoryAttribute: a}}", "scope.list.categories"),
        ("{mode: List, list: {categories: [x]}}", "scope.list"),
        ("{mode: List, list: {categories: [x], categoryAttribute: ' '}}", "scope.list.categoryAttribute"),
        ("{mode: Pattern, pattern: {}}", "scope.pattern"),
        ("{mode: Pattern, pattern: {segment: ' '}}", "scope.pattern.segment"),
        ("{mode: Pattern, pattern: {filter: ''}}", "scope.pattern.filter"),
        ("{mode: Pattern, pattern: {expression: ' '}}", "scope.pattern.expression"),
        ("{mode: Pattern, pattern: {match: {attribute: a}}}", "scope.pattern.match"),
        ("{mode: Pattern, pattern: {match: {attribute: a, glob: ''}}}", "scope.pattern.match"),
        ("{mode: Pattern, pattern: {match: {attribute: a, glob: '*', regex: x}}}", "scope.pattern.match"),
        ("{mode: Pattern, pattern: {match: {attribute: '', glob: '*'}}}", "scope.pattern.match.attribute"),
        ("{mode: Pattern, pattern: {match: {attribute: a, glob: '[a'}}}", "scope.pattern.match.glob"),
        ("{mode: Pattern, pattern: {match: {attribute: a, glob: '{a'}}}", "scope.pattern.match.glob"),
        ("{mode: Pattern, pattern: {match: {attribute: a, regex: 'a)|(b'}}}", "scope.pattern.match.regex"),
        ("{mode: Pattern, pattern: {match: {attribute: a, regex: '(a{900}){900}'}}}", "scope.pattern.match.regex"),
        ("{mode: Pattern, pattern: {expression: 'true'}, exclude: {}}", "scope.exclude"),
        ("{mode: Pattern, pattern: {expression: 'true'}, exclude: {ids: []}}", "scope.exclude.ids"),
        ("{mode: Pattern, pattern: {expression: 'true'}, exclude: {groups: []}}", "scope.exclude.groups"),
    ] {
        let errors = errors(scope, MAPPING, "");
        assert_eq!(errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), [field], "{scope}: {errors:?}");
    }
}

#[test]
fn all_errors_are_told_at_once() {
    let scope = "{mode: Pattern, pattern: {match: {attribute: a, glob: '['}, expression: 'nobody'}}";
    let mapping = "{identity: {name: {from: a, value: b}, division: {expression: 'person[1]'}}}";
    let fields: Vec<_> = errors(scope, mapping, "").into_iter().map(|error| error.field).collect();
    assert_eq!(
        fields,
        [
            "scope.pattern.match.glob",
            "scope.pattern.expression",
            "mapping.identity.name",
            "mapping.identity.division.expression"
        ]
    );
}

#[test]
fn a_range_of_a_glob_runs_forwards() {
    let regex = |glob: &str| crate::person::scope::glob::to_regex(glob);
    for glob in ["[a-*]", "[z-a]", "[\\]-\\[]"] {
        assert!(regex(glob).unwrap_err().contains("runs backwards"), "{glob}");
    }
    for glob in ["[a-z-]", "[*-a]", "[a-b-c]", "[-a]", "[]-a]", "[!\\[-\\]]"] {
        assert!(regex::Regex::new(&regex(glob).unwrap()).is_ok(), "{glob}");
    }
}

proptest! {
    #[test]
    fn any_glob_is_read_without_panic_and_means_one_regex(glob in "\\PC{0,12}|[\\[\\]{}*?!,a\\\\^&~-]{0,12}", value in "\\PC{0,12}") {
        let scope = crate::api::Match { attribute: "a".into(), glob: Some(glob.clone()), regex: None };
        let mut spec = crate::person::fixture::spec("{mode: Pattern, pattern: {segment: x}}", MAPPING, "");
        spec.scope.pattern.as_mut().unwrap().match_ = Some(scope);
        if let Err(errors) = crate::person::Program::compile(&spec).map(|program| program.decide(&person("1", json!({"a": value})))) {
            for error in errors {
                prop_assert!(error.message.contains("glob") && !error.message.contains("RE2"), "{}: {}", glob, error);
            }
        }
    }

    #[test]
    fn the_order_of_values_does_not_matter(mut values in prop::collection::vec("[a-c]{0,2}", 0..5), seed: u64) {
        let scope = "{mode: Pattern, pattern: {match: {attribute: d, glob: 'a*'}, expression: \"person.d != 'ab' || values.d.exists(v, v == 'c')\"}}";
        let program = program(scope, MAPPING, "");
        let one = program.decide(&person("1", json!({"d": values})));
        let turn = usize::try_from(seed % 5).unwrap().min(values.len());
        values.rotate_left(turn);
        values.reverse();
        prop_assert_eq!(one, program.decide(&person("1", json!({"d": values}))));
    }
}

fn clauses(scope: &str, person: &Person) -> Vec<(&'static str, Option<bool>)> {
    let explained = program(scope, MAPPING, "").explain(person);
    explained.clauses.into_iter().map(|clause| (clause.field, clause.holds)).collect()
}

#[test]
fn each_part_of_a_scope_is_explained() {
    let list = "{mode: List, list: {groups: [{name: A}, {name: B}], membership: Direct, categories: [Employee], categoryAttribute: type}, exclude: {groups: [{name: C}], ids: ['1']}}";
    let told = program(list, MAPPING, "").explain(&in_groups(&[1]));
    assert_eq!(told.scope, ScopeDecision::Out(OutReason::Excluded));
    // Groups are numbered in the order that they are named: those of the list come first.
    let told: Vec<_> = told.clauses.into_iter().map(|clause| (clause.field, clause.asks, clause.holds)).collect();
    assert_eq!(told[0], ("scope.exclude.ids", "is excluded by id".to_owned(), Some(true)));
    assert_eq!(told[1].2, Some(false), "{told:?}");
    assert_eq!(told[2].1, r#"is in group "A""#);
    assert_eq!((told[2].2, told[3].2, told[4].2), (Some(false), Some(true), Some(false)), "{told:?}");
    let pattern = "{mode: Pattern, pattern: {segment: 'ou=a', match: {attribute: type, glob: 'E*'}, expression: 'person.level > 3'}}";
    let mut ann = person("1", json!({"type": "Engineer"}));
    let (segment, matching, expression) = ("scope.pattern.segment", "scope.pattern.match", "scope.pattern.expression");
    assert_eq!(clauses(pattern, &ann), [(segment, Some(true)), (matching, Some(true)), (expression, None)]);
    ann.disabled = true;
    assert_eq!(clauses(pattern, &ann)[0], ("scope.disabledAccounts", Some(true)));
}

#[test]
fn l03_the_directorys_own_part_counts_when_somebody_was_read_again() {
    let program = program("{mode: Pattern, pattern: {segment: 'ou=a'}}", MAPPING, "");
    let elsewhere = Person { in_query: false, ..in_groups(&[]) };
    assert_eq!(program.decide_again(&in_groups(&[])), ScopeDecision::In);
    assert_eq!(program.decide_again(&elsewhere), ScopeDecision::Out(OutReason::NotInScope));
    assert_eq!(program.explain(&elsewhere).scope, ScopeDecision::Out(OutReason::NotInScope));
    assert_eq!(program.explain(&elsewhere).clauses[0].holds, Some(false));
}
