use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::contact::{EmailFault, same};
use crate::person::fixture::{ANYBODY, errors, person, program};

const DOMAINS: &str = "emailDomains: [acme.example, BÜCHER.example]";

/// What a mapping wants of one field for a person with these attributes, and its problem.
fn one(mapping: &str, field: &Field, attributes: serde_json::Value) -> (Wanted, Option<Problem>) {
    one_of(&program(ANYBODY, mapping, DOMAINS_FOR_ALL), field, &person("1", attributes))
}

const DOMAINS_FOR_ALL: &str = "emailDomains: [acme.example, xn--bcher-kva.example]";

fn one_of(program: &crate::person::Program, field: &Field, person: &Person) -> (Wanted, Option<Problem>) {
    let mapped = program.map(person);
    assert_eq!(mapped.wanted.len(), program.fields().len());
    let place =
        program.fields().iter().position(|mapped| mapped == field).unwrap_or_else(|| panic!("{field} is not mapped"));
    let problem = mapped.problems.into_iter().find(|problem| problem.field == *field).map(|problem| problem.problem);
    (mapped.wanted[place].clone(), problem)
}

fn set(text: &str) -> (Wanted, Option<Problem>) {
    (Wanted::Set(Value::Text(text.to_owned())), None)
}

fn kept(problem: Problem) -> (Wanted, Option<Problem>) {
    (Wanted::Keep, Some(problem))
}

fn work_phone() -> Field {
    Field::PhoneLabeled("work".into())
}

#[test]
fn text_comes_from_an_attribute_a_value_or_an_expression() {
    let person = json!({"dept": " Emea/Sales ", "n": 7, "flag": true, "obj": {"a": 1}});
    let division =
        |source: &str| one(&format!("{{identity: {{division: {{{source}}}}}}}"), &Field::Division, person.clone());
    assert_eq!(division("from: dept"), set("Emea/Sales"));
    assert_eq!(division("from: n"), set("7"));
    assert_eq!(division("value: ' Fixed '"), set("Fixed"));
    assert_eq!(division("expression: \"person.dept.split('/')[0]\""), set("Emea"));
    assert_eq!(division("expression: 'person.n + 1'"), set("8"));
    assert_eq!(division("expression: '1.5'"), set("1.5"));
    assert_eq!(division("from: flag"), kept(Problem::NotText));
    assert_eq!(division("from: obj"), kept(Problem::NotText));
    assert_eq!(division("expression: 'person.flag'"), kept(Problem::NotText));
    assert_eq!(division("expression: 'values.dept'"), kept(Problem::NotText));
    assert!(matches!(division("expression: 'person.dept + 1'"), (Wanted::Keep, Some(Problem::Expression(_)))));
}

#[test]
fn l15_absent_clears_unless_told_otherwise() {
    let division = |source: &str| {
        one(
            &format!("{{identity: {{division: {{{source}}}}}}}"),
            &Field::Division,
            json!({"blank": "  ", "null": null}),
        )
    };
    for source in [
        "from: none",
        "from: blank",
        "from: 'null'",
        "expression: person.none",
        "expression: \"''\"",
        "value: ''",
        "expression: 'null'",
    ] {
        assert_eq!(division(source), (Wanted::Clear, None), "{source}");
    }
    assert_eq!(division("from: none, whenAbsent: Keep"), (Wanted::Keep, None));
    assert_eq!(division("from: none, default: Other"), set("Other"));
    assert_eq!(division("expression: person.none, default: Other, whenAbsent: Keep"), set("Other"));
    assert_eq!(division("from: none, default: ' '"), (Wanted::Clear, None));
}

#[test]
fn l15_name_and_email_are_never_cleared() {
    assert_eq!(one("{}", &Field::Name, json!({})), kept(Problem::Missing));
    assert_eq!(one("{}", &Field::Email, json!({})), kept(Problem::Missing));
    let keep = "{identity: {email: {from: mail, whenAbsent: Keep}}}";
    assert_eq!(one(keep, &Field::Email, json!({})), (Wanted::Keep, None));
    let [error] = errors(ANYBODY, "{identity: {name: {value: ' '}}}", "").try_into().unwrap();
    assert_eq!(error.field, "mapping.identity.name.value");
}

#[test]
fn one_of_several_is_left_to_what_the_contact_has() {
    let mapping = "{identity: {jobTitle: {from: title}}}";
    let want = Wanted::OneOf(vec!["Boss".into(), "Clerk".into()]);
    assert_eq!(one(mapping, &Field::JobTitle, json!({"title": ["Clerk", " Boss", "", "Boss"]})), (want, None));
    assert_eq!(one(mapping, &Field::JobTitle, json!({"title": ["Boss", "Boss "]})), set("Boss"));
    let emails = json!({"mail": ["eva@acme.example", "Eva@Acme.example", "eva@gmail.example"]});
    assert_eq!(one("{}", &Field::Email, emails), set("Eva@Acme.example"), "what is refused cannot be chosen");
}

#[test]
fn each_writes_all_or_nothing() {
    let mapping = "{communication: {emails: [{label: alias, from: alias, each: true}], phones: [{label: desk, expression: values.desk, each: true}]}}";
    let alias = Field::EmailLabeled("alias".into());
    let texts =
        |texts: &[&str]| (Wanted::Set(Value::Texts(texts.iter().map(|text| (*text).to_owned()).collect())), None);
    assert_eq!(
        one(mapping, &alias, json!({"alias": ["b@x.example", "a@x.example", "B@x.example"]})),
        texts(&["B@x.example", "a@x.example"])
    );
    assert_eq!(one(mapping, &alias, json!({"alias": "a@x.example"})), texts(&["a@x.example"]));
    assert_eq!(
        one(mapping, &alias, json!({"alias": ["a@x.example", "nonsense"]})),
        kept(Problem::Email(EmailFault::Malformed))
    );
    assert_eq!(one(mapping, &alias, json!({})), (Wanted::Clear, None));
    assert_eq!(
        one(mapping, &Field::PhoneLabeled("desk".into()), json!({"desk": ["+46 8 1234567", "0046 8 1234567"]})),
        texts(&["+4681234567"])
    );
}

#[test]
fn l17_the_sign_in_key_lies_in_the_domains_of_the_directory() {
    let email = |mail: &str| one("{}", &Field::Email, json!({"mail": mail}));
    assert_eq!(email(" Eva@ACME.example "), set("Eva@ACME.example"));
    assert_eq!(email("eva@bücher.example"), set("eva@bücher.example"));
    assert_eq!(email("eva@gmail.example"), kept(Problem::ForeignDomain));
    assert_eq!(email("eva@sub.acme.example"), kept(Problem::ForeignDomain));
    assert_eq!(email("eva@acme.example.evil.example"), kept(Problem::ForeignDomain));
    assert_eq!(email("eva@evil.example@acme.example"), kept(Problem::Email(EmailFault::Malformed)));
    assert_eq!(email("eva@x.invalid"), kept(Problem::Email(EmailFault::Reserved)));
    assert_eq!(
        one("{}", &Field::EmailLabeled("work".into()), json!({"mail": "eva@gmail.example"})),
        set("eva@gmail.example")
    );
    let cyrillic = "eva@\u{430}cme.example";
    assert_eq!(email(cyrillic), kept(Problem::ForeignDomain));
}

#[test]
fn l17_only_a_literal_true_grants() {
    let access = |source: &str, attributes| {
        one(&format!("{{access: {{portalAccess: {{{source}}}}}}}"), &Field::PortalAccess, attributes)
    };
    let flag = |flag| (Wanted::Set(Value::Flag(flag)), None);
    for value in [json!("TRUE"), json!("true"), json!(true), json!(["true", true])] {
        assert_eq!(access("from: portal", json!({"portal": value})), flag(true));
    }
    for value in [json!("FALSE"), json!(false)] {
        assert_eq!(access("from: portal", json!({"portal": value})), flag(false));
    }
    for value in [json!("yes"), json!(1), json!("1"), json!({}), json!(["true", "x"])] {
        assert_eq!(access("from: portal", json!({"portal": value})), kept(Problem::NotFlag));
    }
    assert_eq!(access("from: portal", json!({"portal": ["true", "false"]})), kept(Problem::Contradiction));
    assert_eq!(access("expression: \"person.a == 'x'\"", json!({"a": "x"})), flag(true));
    for text in ["\"'true'\"", "'1'", "'[true]'"] {
        assert_eq!(access(&format!("expression: {text}"), json!({})), kept(Problem::NotFlag), "{text}");
    }
    assert!(matches!(
        access("expression: 'int(person.a) > 0'", json!({"a": "x"})),
        (Wanted::Keep, Some(Problem::Expression(_)))
    ));
}

#[test]
fn l15_a_grant_goes_with_the_attribute_that_gave_it() {
    let access =
        |source: &str| one(&format!("{{access: {{portalAccess: {{{source}}}}}}}"), &Field::PortalAccess, json!({}));
    assert_eq!(access("from: portal"), (Wanted::Set(Value::Flag(false)), None));
    assert_eq!(access("expression: \"person.a == 'x'\""), (Wanted::Set(Value::Flag(false)), None));
    assert_eq!(access("from: portal, whenAbsent: Keep"), (Wanted::Keep, None));
    assert_eq!(access("from: portal, default: true"), (Wanted::Set(Value::Flag(true)), None));
}

#[test]
fn national_numbers_are_dialled_by_the_persons_country() {
    let phone = |attributes| one("{}", &work_phone(), attributes).0;
    let want = |text: &str| Wanted::Set(Value::Text(text.into()));
    assert_eq!(phone(json!({"phone": "08-123 456 78", "c": "Sverige"})), want("+46812345678"));
    assert_eq!(phone(json!({"phone": "08-123 456 78"})), want("08-123 456 78"));
    assert_eq!(phone(json!({"phone": "08-123 456 78", "c": ["SE", "DE"]})), want("08-123 456 78"), "ambiguous");
    assert_eq!(phone(json!({"phone": "08-123 456 78", "c": "Atlantis"})), want("08-123 456 78"));
}

#[test]
fn what_cannot_be_written_is_told_and_keeps_what_is_there() {
    let long = "x".repeat(1025);
    assert_eq!(one("{}", &Field::Name, json!({"name": long})), kept(Problem::TooLong { limit: 1024 }));
    assert_eq!(one("{}", &Field::Name, json!({"name": "a\u{0}b"})), kept(Problem::ControlCharacter));
    assert_eq!(one("{}", &Field::Name, json!({"name": "a\nb"})), kept(Problem::ControlCharacter));
    assert_eq!(one("{}", &Field::Street, json!({"street": "Gata 1\r\nBox 2"})), set("Gata 1\nBox 2"));
    assert_eq!(one("{}", &Field::Country, json!({"c": "Atlantis"})), kept(Problem::UnknownCountry));
    assert_eq!(one("{}", &Field::Country, json!({"country": "Germany"})), set("DE"));
    let notes = "{identity: {notes: {from: n}}}";
    assert_eq!(one(notes, &Field::Notes, json!({"n": "x".repeat(65_537)})), kept(Problem::TooLong { limit: 65_536 }));
    assert!(matches!(one(notes, &Field::Notes, json!({"n": "x".repeat(65_536)})), (Wanted::Set(_), None)));
}

#[test]
fn l01_one_bad_field_hurts_no_other() {
    let program = program(ANYBODY, "{}", "");
    let mapped = program.map(&person("1", json!({"name": "Eva", "mail": "nonsense", "title": "Boss"})));
    let fields: Vec<_> = mapped.problems.iter().map(|problem| problem.field.clone()).collect();
    assert_eq!(fields, [Field::Email, Field::EmailLabeled("work".into())]);
    assert!(mapped.wanted.contains(&Wanted::Set(Value::Text("Boss".into()))));
}

#[test]
fn l18_mappings_that_mean_nothing_are_refused() {
    for (mapping, more, field) in [
        ("{preset: None}", "", "mapping.identity.email"),
        ("{identity: {name: {}}}", "", "mapping.identity.name"),
        ("{identity: {name: {from: a, value: b}}}", "", "mapping.identity.name"),
        ("{identity: {name: {from: ' '}}}", "", "mapping.identity.name.from"),
        ("{identity: {company: {value: a, default: b}}}", "", "mapping.identity.company"),
        ("{address: {country: {value: Atlantis}}}", "", "mapping.address.country.value"),
        ("{address: {country: {from: c, default: Atlantis}}}", "", "mapping.address.country.default"),
        ("{communication: {emails: [{label: a, value: x}]}}", "", "mapping.communication.emails[a].value"),
        (
            "{communication: {phones: [{label: a, from: x}, {label: a, from: y}]}}",
            "",
            "mapping.communication.phones[a]",
        ),
        ("{identity: {email: {value: a@x.example}}}", DOMAINS, "mapping.identity.email.value"),
        ("{access: {portalAccess: {value: true}}}", "", "emailDomains"),
        (
            "{access: {emailNotifications: [{type: A, expression: 'x'}]}}",
            "",
            "mapping.access.emailNotifications[A].expression",
        ),
        ("{}", "conflicts: Adopt", "emailDomains"),
        ("{}", "emailDomains: []", "emailDomains"),
    ] {
        let fields: Vec<_> = errors(ANYBODY, mapping, more).into_iter().map(|error| error.field).collect();
        assert_eq!(fields, [field], "{mapping} {more}");
    }
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        3 => any::<String>().prop_map(serde_json::Value::from),
        3 => "[+0]?[0-9 ()/x.;=-]{0,14}|[A-Za-z]{0,3}|[a-z]{1,4}@(acme|x)\\.example|tel:\\+[0-9]{8};ext=[0-9]{2}".prop_map(serde_json::Value::from),
        1 => any::<i64>().prop_map(serde_json::Value::from),
        1 => any::<bool>().prop_map(serde_json::Value::from),
        1 => Just(serde_json::Value::Null),
        1 => Just(json!({"a": [{"b": null}]})),
        1 => Just(serde_json::Value::from("a".repeat(10_000) + "@acme.example")),
    ]
}

const NAMES: [&str; 9] = ["name", "mail", "phone", "mobile", "street", "city", "c", "title", "portal"];

fn attributes() -> impl Strategy<Value = Vec<(usize, Vec<serde_json::Value>)>> {
    prop::collection::vec((0..NAMES.len(), prop::collection::vec(value(), 0..4)), 0..9)
}

fn of(attributes: &[(usize, Vec<serde_json::Value>)]) -> Person {
    person(
        "1",
        attributes
            .iter()
            .map(|(name, values)| (NAMES[*name].to_owned(), json!(values)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    )
}

const EVERYTHING: &str = "{identity: {division: {expression: \"person.title + ' ' + values.mail.map(m, m).join(',')\"}, notes: {from: street}},
  communication: {emails: [{label: all, from: mail, each: true}], phones: [{label: all, from: phone, each: true}]},
  access: {portalAccess: {from: portal}, emailNotifications: [{type: A, expression: 'person.portal'}]}}";

proptest! {
    #[test]
    fn any_person_is_mapped_without_panic_and_the_order_of_values_does_not_matter(attributes in attributes()) {
        let program = program(ANYBODY, EVERYTHING, DOMAINS_FOR_ALL);
        let mut turned = attributes.clone();
        for (_, values) in &mut turned {
            values.reverse();
        }
        let joined = |mapped: Mapped| {
            // An expression sees values in the directory's order, if it asks for all of them.
            let place = program.fields().iter().position(|field| *field == Field::Division).unwrap();
            let wanted: Vec<_> = mapped.wanted.into_iter().enumerate().filter(|(at, _)| *at != place).collect();
            let problems: Vec<_> = mapped.problems.into_iter().filter(|problem| problem.field != Field::Division).collect();
            (wanted, problems)
        };
        prop_assert_eq!(joined(program.map(&of(&attributes))), joined(program.map(&of(&turned))));
    }

    #[test]
    fn l14_mapping_a_contacts_own_values_changes_nothing(attributes in attributes()) {
        let program = program(ANYBODY, EVERYTHING, DOMAINS_FOR_ALL);
        for (field, wanted) in program.fields().iter().zip(program.map(&of(&attributes)).wanted) {
            let values: Vec<String> = match &wanted {
                Wanted::Set(Value::Text(text)) => vec![text.clone()],
                Wanted::Set(Value::Texts(texts)) | Wanted::OneOf(texts) => texts.clone(),
                Wanted::Set(Value::Flag(_)) | Wanted::Clear | Wanted::Keep => continue,
            };
            let domains = None;
            let form = Form { country: None, domains };
            for text in values {
                let again = form.written(field, &text).unwrap().unwrap();
                let (text, again) = (Value::Text(text), Value::Text(again));
                prop_assert!(same(field, Some(&text), Some(&again)), "{} {:?} {:?}", field, text, again);
            }
        }
    }
}
