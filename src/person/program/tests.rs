use serde_json::json;

use crate::contact::{Field, Value, Wanted};
use crate::person::fixture::{ANYBODY, person, program, spec};
use crate::person::preset::{self, Fill};
use crate::person::{Problem, Program};

fn names(fields: &[Field]) -> Vec<String> {
    fields.iter().map(ToString::to_string).collect()
}

#[test]
fn a_program_is_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&program(ANYBODY, "{}", ""));
}

#[test]
fn attributes_are_those_of_scope_and_mapping() {
    let mapping = "{preset: None, identity: {email: {from: mail}, division: {expression: \"has(person.dept) ? person.dept : values['x y'][0]\"}}}";
    let scope =
        "{mode: Pattern, pattern: {match: {attribute: kind, glob: 'a'}, expression: \"person['ou'].size() > 0\"}}";
    let program = program(scope, mapping, "");
    assert_eq!(
        program.attributes().iter().map(String::as_str).collect::<Vec<_>>(),
        ["dept", "kind", "mail", "ou", "x y"]
    );
    assert_eq!(names(program.fields()), ["identity.email", "identity.division"]);
    assert_eq!(program.named_attributes(), program.attributes());
}

#[test]
fn alternatives_of_a_preset_are_not_named_by_the_manifest() {
    let program = program(ANYBODY, "{preset: Standard, identity: {company: {from: firm}}}", "");
    assert_eq!(program.named_attributes().iter().map(String::as_str).collect::<Vec<_>>(), ["firm", "id"]);
    assert!(program.attributes().contains("displayName"));
}

#[test]
fn every_field_is_explained_in_the_order_of_fields() {
    let mapping = "{preset: None, identity: {email: {from: mail}, name: {value: Ann}, notes: {expression: 'person.x'}, jobTitle: {from: title, whenAbsent: Keep}}}";
    let program = program(ANYBODY, mapping, "");
    let explained = program.explain(&person("1", json!({"id": "1", "mail": "nobody"})));
    let fields: Vec<_> = explained.fields.iter().map(|field| field.field.clone()).collect();
    assert_eq!(fields, program.fields());
    let told = |name: &str| explained.fields.iter().find(|field| field.field.to_string() == name).unwrap().clone();
    assert_eq!(told("identity.name").wanted, Ok(Wanted::Set(Value::Text("Ann".to_owned()))));
    assert_eq!(told("identity.name").origin, "a fixed value");
    assert!(matches!(told("identity.email").wanted, Err(Problem::Email(_))), "a problem stays with its field");
    assert_eq!(told("identity.email").origin, "mail");
    assert_eq!(told("identity.notes").wanted, Ok(Wanted::Clear));
    assert_eq!(told("identity.jobTitle").wanted, Ok(Wanted::Keep));
}

#[test]
fn what_is_written_out_replaces_the_presets() {
    let mapping = "{identity: {division: {from: unit}}, communication: {phones: [{label: mobile, from: cell}, {label: home, from: home}]}}";
    let program = program(ANYBODY, mapping, "");
    assert!(!program.attributes().contains("department") && !program.attributes().contains("mobilePhone"));
    assert!(program.attributes().contains("cell") && program.attributes().contains("workPhone"));
    assert_eq!(
        names(program.fields()),
        [
            "identity.name",
            "identity.givenName",
            "identity.familyName",
            "identity.email",
            "identity.company",
            "identity.jobTitle",
            "identity.division",
            "communication.emails[work]",
            "communication.phones[home]",
            "communication.phones[mobile]",
            "communication.phones[work]",
            "address.street",
            "address.city",
            "address.region",
            "address.postalCode",
            "address.country"
        ]
    );
}

#[test]
fn groups_are_asked_about_once_and_name_their_field() {
    let mapping = "{access: {portalAccess: {expression: \"inGroup('Portal') || inGroupID('g')\"}, emailNotifications: [{type: A, expression: \"inGroup('Portal')\"}]}}";
    let program = program("{mode: List, list: {groups: [{name: Portal}]}}", mapping, "emailDomains: [acme.example]");
    let groups: Vec<_> = program.groups().iter().map(|group| group.field.as_str()).collect();
    assert_eq!(groups, ["scope.list.groups[0]", "mapping.access.portalAccess.expression"]);
}

#[test]
fn the_preset_never_maps_what_somebody_must_mean() {
    let mut spec = spec(ANYBODY, "{}", "");
    let ldap = |flavor: &str| {
        let yaml = format!("{{type: LDAP, ldap: {{url: 'ldaps://x', baseDN: 'dc=x', flavor: {flavor}}}}}");
        serde_yaml::from_str(&yaml).unwrap()
    };
    let of_type = |type_: &str| serde_yaml::from_str(&format!("{{type: {type_}}}")).unwrap();
    let clouds = ["Entra", "Google", "SCIM", "Okta"].map(of_type);
    for source in [spec.source.clone(), ldap("OpenLDAP"), ldap("ActiveDirectory")].into_iter().chain(clouds) {
        for (field, fill) in preset::table(&source) {
            assert!(!matches!(field, Field::Notes | Field::PortalAccess | Field::Notification(_)), "{field}");
            let never = ["info", "description", "homePhone", "proxyAddresses", "notes", "userPrincipalName", "login"];
            match fill {
                Fill::First(attributes) => assert!(!attributes.iter().any(|name| never.contains(name)), "{field}"),
                Fill::Expression(text) => assert!(!never.iter().any(|name| text.contains(name)), "{field}"),
            }
        }
        spec.source = source;
        assert_eq!(Program::compile(&spec).unwrap().fields().len(), 15);
    }
}

/// How long mapping takes: `cargo test --lib -- --ignored --nocapture maps_100_000_people`.
#[test]
#[ignore = "measures, proves nothing"]
fn maps_100_000_people() {
    let mapping = "{identity: {division: {expression: \"person.department.split('/')[0]\"}}, access: {portalAccess: {expression: \"inGroup('Portal')\"}}}";
    let scope = "{mode: Pattern, pattern: {match: {attribute: department, glob: 'EMEA/*'}, expression: \"has(person.type) && person.type == 'Employee'\"}}";
    let program = program(scope, mapping, "emailDomains: [acme.example]");
    let people: Vec<_> = (0..100_000)
        .map(|n| {
            person(
                &n.to_string(),
                json!({"displayName": format!("Person {n}"), "givenName": "Person", "sn": format!("{n}"), "mail": format!("p{n}@acme.example"),
                    "company": "Acme AB", "title": "Engineer", "department": "EMEA/Sales", "type": "Employee", "telephoneNumber": format!("+46 8 {:07}", n),
                    "mobile": format!("070-{:07}", n), "streetAddress": "Storgatan 1", "l": "Malmö", "postalCode": "211 34", "c": "SE"}),
            )
        })
        .collect();
    let start = std::time::Instant::now();
    let inside = people.iter().filter(|person| program.decide(person) == crate::person::ScopeDecision::In).count();
    let decided = start.elapsed();
    let start = std::time::Instant::now();
    let problems: usize = people.iter().map(|person| program.map(person).problems.len()).sum();
    println!("decided {inside} in {decided:?}, mapped in {:?}, {problems} problems", start.elapsed());
}
