use kube_cel::cel::Value;
use serde_json::json;

use super::*;
use crate::person::fixture::person;

fn compile(source: &str) -> Result<Expression, String> {
    Expression::compile(source, &mut Groups::named_in(&mut Vec::new(), "mapping.identity.division.expression"))
}

fn evaluate(source: &str) -> Result<Value, Failure> {
    let attributes = json!({
        "department": "EMEA/Sales",
        "memberOf": ["staff", "admins", "staff2"],
        "many": (0..3000).map(|n| n.to_string()).collect::<Vec<_>>(),
        "org": {"name": "Acme", "units": [{"code": 7}]},
        "title": "Boss",
        "blank": " ",
        "long": "x".repeat(60_000),
    });
    let mut person = person("1", attributes);
    person.groups.insert(0);
    compile(source).unwrap_or_else(|error| panic!("{source}: {error}")).evaluate(&person)
}

#[expect(clippy::unnecessary_wraps, reason = "as evaluate() gives it")]
fn text(text: &str) -> Result<Value, Failure> {
    Ok(Value::String(text.to_owned().into()))
}

fn missing(name: &str) -> Result<Value, Failure> {
    Err(Failure::Missing(name.to_owned()))
}

#[test]
fn evaluates_what_kubernetes_does() {
    for (source, value) in [
        ("person.department.split('/')[0]", text("EMEA")),
        ("person['department'].lowerAscii()", text("emea/sales")),
        ("person.memberOf", text("admins")),
        ("values.memberOf[0]", text("staff")),
        ("values.memberOf.filter(m, m.startsWith('staff')).size() == 2", Ok(Value::Bool(true))),
        ("values.memberOf.exists(m, m == 'admins')", Ok(Value::Bool(true))),
        ("person.org.name", text("Acme")),
        ("person.org.units[0].code", Ok(Value::Int(7))),
        ("has(person.org.name) && !has(person.org.city) && !has(person.none)", Ok(Value::Bool(true))),
        ("'title' in person", Ok(Value::Bool(true))),
        ("has(person.blank)", Ok(Value::Bool(false))),
        ("inGroup('Staff') && !inGroupID('7')", Ok(Value::Bool(true))),
        ("has(person.none) ? person.none : 'none'", text("none")),
        ("person.title.matches('^B.*s$')", Ok(Value::Bool(true))),
        ("person.title.replace('s', 'z', 1)", text("Bozs")),
        ("sets.contains(['a', 'b'], ['a'])", Ok(Value::Bool(true))),
        ("'%s, %s'.format([person.title, person.org.name])", text("Boss, Acme")),
        ("[person.title, person.org.name].join(' at ')", text("Boss at Acme")),
        ("true || person.none == 'x'", Ok(Value::Bool(true))),
        ("person.none == 'x' || true", Ok(Value::Bool(true))),
    ] {
        assert_eq!(evaluate(source), value, "{source}");
    }
}

#[test]
fn l15_a_missing_attribute_is_told_apart_from_an_error() {
    assert_eq!(evaluate("person.none"), missing("none"));
    assert_eq!(evaluate("person.none.startsWith('a')"), missing("none"));
    assert_eq!(evaluate("'a' + person.none"), missing("none"));
    assert_eq!(evaluate("'a'.contains(person.none)"), missing("none"));
    assert_eq!(evaluate("[person.none].join(',')"), missing("none"));
    assert_eq!(evaluate("values.none.exists(v, v == 'x')"), missing("none"));
    assert_eq!(evaluate("person.org.city"), missing("org.city"));
    assert_eq!(evaluate("person.blank"), missing("blank"));
    assert!(matches!(evaluate("{'a': 1}['b']"), Err(Failure::Failed(_))));
}

#[test]
fn l17_a_member_of_a_text_is_no_false() {
    // Else "not a contractor" would be true of everybody.
    assert!(matches!(evaluate("!person.title.contractor"), Err(Failure::Missing(_))));
    assert!(matches!(evaluate("!values.memberOf.map(m, m.contractor)[0]"), Err(Failure::Failed(_))));
}

#[test]
fn l20_errors_hold_no_values() {
    for source in [
        "int(person.title)",
        "person.title + 1",
        "person.title[9]",
        "timestamp(person.title)",
        "-person.title",
        "person.title > 1",
        "[1, 2][9]",
        "{person.title: 1}['x']",
        "1 / 0",
        "person.title.substring(1, 99)",
        "person.title.nope()",
    ] {
        let Ok(expression) = compile(source) else { continue };
        let person = person("1", json!({"title": "Secret"}));
        match expression.evaluate(&person) {
            Err(Failure::Failed(message)) => assert!(!message.contains("Secret"), "{message}"),
            other => panic!("{source}: {other:?}"),
        }
    }
}

#[test]
fn l18_rejects_what_it_cannot_bound_or_does_not_know() {
    for (source, word) in [
        ("", "empty"),
        ("person", "name the attribute"),
        ("size(person) > 0", "name the attribute"),
        ("person[person.title]", "name the attribute"),
        ("values['a' + 'b']", "name the attribute"),
        ("person['']", "empty"),
        ("Person.title", "Person is not known"),
        ("user.title", "user is not known"),
        ("person.title.shout()", "no function shout()"),
        ("inGroup(person.title)", "written out"),
        ("inGroup('a', 'b')", "written out"),
        ("inGroup(' ')", "not empty"),
        ("person.title.matches('(')", "no regular expression"),
        ("person.title.matches('((a{1000}){1000}){1000}')", "too large"),
        ("person.title +", "no CEL expression"),
        ("Foo{a: 1}", "messages"),
        ("values.a.map(a, values.b.map(b, values.c.map(c, c)))", "nested 2 deep"),
        ("values.a.map(person, person)", "call it something else"),
        ("has(person)", "no CEL expression"),
    ] {
        let error = compile(source).err().unwrap_or_else(|| panic!("{source} is accepted"));
        assert!(error.contains(word), "{source}: {error}");
    }
}

#[test]
fn deep_nesting_is_refused_before_the_stack_ends() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("!", ""),
        ("-", ""),
        ("! ", ""),
        ("true ? 1 : ", ""),
        ("1+", ""),
        ("1 < ", ""),
        ("true || ", ""),
        ("{'a':", "}"),
        ("size(", ")"),
        ("'' in ", ""),
    ] {
        let times = 2000 / (open.len() + close.len());
        let source = format!("{}1{}", open.repeat(times), close.repeat(times));
        drop(compile(&source));
    }
    drop(compile(&format!("person{}", ".a".repeat(1000))));
    drop(compile(&format!("person{}", "['a']".repeat(400))));
    drop(compile(&format!("person.a{}", ".trim()".repeat(280))));
    assert!(compile(&format!("{}1{}", "(".repeat(60), ")".repeat(60))).is_err());
}

#[test]
fn growth_is_bounded() {
    for source in [
        "['x'].map(a, a+a).map(a, a+a).map(a, a+a).map(a, a+a).map(a, a+a).map(a, a+a).map(a, a+a).map(a, a+a).map(a, a+a).map(a, a+a).map(a, a+a).map(a, a+a).map(a, a+a).map(a, a+a).map(a, a+a).map(a, [a+a+a+a+a+a].join(''))[0]",
        "person.long + person.long",
        "person.long.replace('', 'xxxxxxxxxxx')",
        "'%s%s'.format([person.long, person.long])",
        "[person.long, person.long].join('')",
        "lists.range(100000000000).size()",
        "'%.999999999f'.format([1.0])",
        "values.many.map(a, person.long).size()",
        "values.many.exists(a, person.long == a) || true",
        "values.many.exists(a, values.many.exists(b, a + b == 'never'))",
    ] {
        assert!(matches!(evaluate(source), Err(Failure::Failed(_))), "{source}");
    }
}

#[test]
fn finds_attributes_and_groups() {
    let mut all = Vec::new();
    let mut groups = Groups::named_in(&mut all, "scope.pattern.expression");
    let source = "has(person.a) && person['b'].c == 'd' && values.e.exists(v, v == person.f) && inGroup('G') && inGroup('G') && inGroupID('g-1')";
    let expression = Expression::compile(source, &mut groups).unwrap();
    assert_eq!(expression.attributes().iter().map(String::as_str).collect::<Vec<_>>(), ["a", "b", "e", "f"]);
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].group.name.as_deref(), Some("G"));
    assert_eq!(all[1].group.id.as_deref(), Some("g-1"));
    assert_eq!(all[0].field, "scope.pattern.expression");
}

#[test]
fn l01_a_panicking_evaluator_hurts_one_record_only() {
    for source in [
        "'%.999999999f'.format([1.0])",
        "{1: 2}[1.5] == 1",
        "quantity('1e30') == quantity('1e-30')",
        "timestamp('9999-12-31T23:59:59Z') + duration('9999999h') == 1",
    ] {
        if let Ok(expression) = compile(source) {
            // No panic reaches us; what comes out is a value or a failure in words.
            drop(expression.evaluate(&person("1", json!({}))));
        }
    }
}
