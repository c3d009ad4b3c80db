//! A company made of a seed: people and groups as a directory has them, awkward names included. The same seed gives the
//! same company, ids and all.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub const SUFFIX: &str = "dc=acme,dc=example";
/// The group with the first 5,000 people.
pub const ALL_HANDS: &str = "All Hands";

const GIVEN: [&str; 14] = [
    "Åsa",
    "René",
    "Zoë",
    "Łukasz",
    "Ann",
    "Bo",
    "Chloé",
    "Dmitri",
    "Nguyễn",
    "美咲",
    "Mary-Jane",
    "Óscar",
    "Per",
    "Ute",
];
const FAMILY: [&str; 12] = [
    "Öberg",
    "O'Neill",
    "Lee",
    "de la Cruz",
    "Müller",
    "Švec",
    "Þórsson",
    "佐藤",
    "Smith",
    "van \"Dutch\" Dyk",
    "Ng",
    "Berg",
];
const UNITS: [&str; 6] =
    ["Sales, EMEA", "Sales, APAC", "Engineering", "People & Culture", "Finance", "Support \"24/7\""];
const TITLES: [&str; 5] = ["Engineer", "Account Manager", "Director", "Analyst", "Technician"];

pub struct Company {
    pub people: Vec<Employee>,
    pub groups: Vec<Group>,
}

pub struct Employee {
    pub id: String,
    pub uid: String,
    pub dn: String,
    pub unit: &'static str,
    pub mail: Option<String>,
    /// Everything but objectClass and entryUUID.
    pub attributes: Vec<(&'static str, String)>,
}

pub struct Group {
    pub id: String,
    pub name: String,
    pub dn: String,
    /// DNs of people and of groups.
    pub members: Vec<String>,
}

/// A company of `people` people: 2% have no mail, one in 1,000 has another's, every 40th has a comma and quotes in the
/// DN; groups: All Hands (5,000), one per unit, and `Ring A` -> `Ring B` -> `Ring C` -> `Ring A`, each with its own people.
pub fn company(seed: u64, people: usize) -> Company {
    let mut dice = Dice(seed);
    let mut made: Vec<Employee> = Vec::with_capacity(people);
    for n in 0..people {
        let employee = employee(&mut dice, n, &made);
        made.push(employee);
    }
    let groups = groups(&mut dice, &made);
    Company { people: made, groups }
}

fn employee(dice: &mut Dice, n: usize, before: &[Employee]) -> Employee {
    let (given, family) = (dice.pick(&GIVEN), dice.pick(&FAMILY));
    let (unit, title) = (dice.pick(&UNITS), dice.pick(&TITLES));
    let (uid, cn) = (format!("u{n:06}"), format!("{family}, {given} ({n})"));
    let rdn = if n % 40 == 7 { format!("cn={}", escape(&cn)) } else { format!("uid={uid}") };
    let mail = match dice.below(1000) {
        0..20 => None,
        20 => before.iter().rev().find_map(|other| other.mail.clone()),
        _ => Some(format!("{uid}@acme.example")),
    };
    let mut attributes = vec![
        ("cn", cn),
        ("sn", (*family).to_owned()),
        ("givenName", (*given).to_owned()),
        ("displayName", format!("{given} {family}")),
        ("uid", uid.clone()),
        ("ou", (*unit).to_owned()),
        ("departmentNumber", format!("{}", 100 + dice.below(40))),
        ("title", (*title).to_owned()),
        ("employeeNumber", format!("{}", 100_000 + n)),
        ("employeeType", if dice.below(10) == 0 { "Contractor" } else { "Employee" }.to_owned()),
        ("telephoneNumber", format!("+46 8 {:03} {:03} {:02}", dice.below(1000), dice.below(1000), dice.below(100))),
        ("mobile", format!("+46 70 {:03} {:02} {:02}", dice.below(1000), dice.below(100), dice.below(100))),
        ("street", format!("Storgatan {}", 1 + dice.below(200))),
        ("l", "Malmö".to_owned()),
        ("postalCode", format!("{} {:02}", 100 + dice.below(800), dice.below(100))),
    ];
    attributes.extend(mail.clone().map(|mail| ("mail", mail)));
    Employee {
        id: dice.uuid(),
        uid,
        dn: format!("{rdn},ou={},ou=People,{SUFFIX}", escape(unit)),
        unit,
        mail,
        attributes,
    }
}

fn groups(dice: &mut Dice, people: &[Employee]) -> Vec<Group> {
    let dns = |people: &mut dyn Iterator<Item = &Employee>| people.map(|one| one.dn.clone()).collect::<Vec<_>>();
    let mut groups = vec![group(dice, ALL_HANDS, dns(&mut people.iter().take(5000)))];
    for unit in UNITS {
        let members = dns(&mut people.iter().filter(|one| one.unit == unit));
        groups.push(group(dice, unit, members));
    }
    for (n, (name, next)) in [("Ring A", "Ring B"), ("Ring B", "Ring C"), ("Ring C", "Ring A")].into_iter().enumerate()
    {
        let mut members = dns(&mut people.iter().skip(n * 10).take(10));
        members.push(group_dn(next));
        groups.push(group(dice, name, members));
    }
    groups.retain(|group| !group.members.is_empty());
    groups
}

fn group(dice: &mut Dice, name: &str, members: Vec<String>) -> Group {
    Group { id: dice.uuid(), name: name.to_owned(), dn: group_dn(name), members }
}

/// Where a group of this name lies.
pub fn group_dn(name: &str) -> String {
    format!("cn={},ou=Groups,{SUFFIX}", escape(name))
}

impl Company {
    /// Who is in a group directly.
    pub fn group(&self, name: &str) -> &Group {
        self.groups.iter().find(|group| group.name == name).unwrap_or_else(|| panic!("no group {name}"))
    }

    /// The whole company as LDIF (RFC 2849), parents first, ids as entryUUID.
    pub fn to_ldif(&self) -> String {
        let mut ldif = String::with_capacity(self.people.len() * 700);
        record(&mut ldif, SUFFIX, &["organization", "dcObject"], None, &[("dc", "acme"), ("o", "Acme")]);
        for unit in ["People", "Groups"] {
            record(&mut ldif, &format!("ou={unit},{SUFFIX}"), &["organizationalUnit"], None, &[("ou", unit)]);
        }
        for unit in UNITS {
            let dn = format!("ou={},ou=People,{SUFFIX}", escape(unit));
            record(&mut ldif, &dn, &["organizationalUnit"], None, &[("ou", unit)]);
        }
        for one in &self.people {
            let attributes: Vec<_> = one.attributes.iter().map(|(name, value)| (*name, value.as_str())).collect();
            record(&mut ldif, &one.dn, &["inetOrgPerson"], Some(&one.id), &attributes);
        }
        for group in &self.groups {
            let mut attributes = vec![("cn", group.name.as_str())];
            attributes.extend(group.members.iter().map(|member| ("member", member.as_str())));
            record(&mut ldif, &group.dn, &["groupOfNames"], Some(&group.id), &attributes);
        }
        ldif
    }
}

fn record(ldif: &mut String, dn: &str, classes: &[&str], id: Option<&str>, attributes: &[(&str, &str)]) {
    line(ldif, "dn", dn);
    for class in classes {
        line(ldif, "objectClass", class);
    }
    if let Some(id) = id {
        line(ldif, "entryUUID", id);
    }
    for (name, value) in attributes {
        line(ldif, name, value);
    }
    ldif.push('\n');
}

/// One line of LDIF, in base64 where RFC 2849 wants it.
pub fn line(ldif: &mut String, name: &str, value: &str) {
    let plain = value.is_ascii()
        && !value.contains(['\0', '\r', '\n'])
        && !value.starts_with([' ', ':', '<'])
        && !value.ends_with(' ');
    if plain {
        writeln!(ldif, "{name}: {value}").unwrap();
    } else {
        writeln!(ldif, "{name}:: {}", STANDARD.encode(value)).unwrap();
    }
}

/// A value inside a DN (RFC 4514 section 2.4).
pub fn escape(value: &str) -> String {
    let mut escaped = String::new();
    for c in value.chars() {
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// `SplitMix64`: small, and the same everywhere.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    fn uuid(&mut self) -> String {
        let bits = u128::from(self.next()) << 64 | u128::from(self.next());
        uuid::Builder::from_u128(bits).with_version(uuid::Version::Random).into_uuid().to_string()
    }
}
