//! A small company: who works there now, and what the directory says of them.

use serde_json::{Map, Value, json};

/// People are numbers; 0 (Sales) and 1 (Support) never change, so that nobody's leaving empties a scope or a field.
pub type Who = usize;
pub const FIRST: Who = 2;
pub const PEOPLE: Who = 9;

/// The two connections: which group is whose scope.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Team {
    Sales,
    Support,
}

pub const TEAMS: [Team; 2] = [Team::Sales, Team::Support];

impl Team {
    pub fn name(self) -> &'static str {
        ["sales", "support"][self as usize]
    }

    pub fn key(self) -> String {
        format!("default/support/{}", self.name())
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Teams {
    None,
    Only(Team),
    Both,
}

impl Teams {
    pub fn has(self, team: Team) -> bool {
        self == Self::Both || self == Self::Only(team)
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mail {
    /// That person's first address.
    Of(Who),
    /// Nobody's so far.
    New(u8),
    Absent,
    Broken,
    /// Outside `emailDomains`.
    Foreign,
}

impl Mail {
    /// The address where it is one that this directory may speak for.
    pub fn valid(self) -> Option<String> {
        match self {
            Self::Of(who) => Some(format!("a{who}@acme.example")),
            Self::New(n) => Some(format!("new{n}@acme.example")),
            Self::Absent | Self::Broken | Self::Foreign => None,
        }
    }

    fn written(self) -> Value {
        match self {
            Self::Of(_) | Self::New(_) => self.valid().into(),
            Self::Absent => Value::Null,
            Self::Broken => "nobody at acme".into(),
            Self::Foreign => "boss@other.example".into(),
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Portal {
    True,
    False,
    Absent,
    /// Text that is no truth value.
    Yes,
    /// A number that other programs take for true.
    One,
}

impl Portal {
    /// What it says; `Err` when it says nothing that may be acted on.
    pub fn says(self) -> Result<bool, ()> {
        match self {
            Self::True => Ok(true),
            Self::False | Self::Absent => Ok(false),
            Self::Yes | Self::One => Err(()),
        }
    }

    fn written(self) -> Value {
        match self {
            Self::True => true.into(),
            Self::False => false.into(),
            Self::Absent => Value::Null,
            Self::Yes => "yes".into(),
            Self::One => 1.into(),
        }
    }
}

/// One person as the directory has them.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// In the directory at all.
    pub here: bool,
    pub teams: Teams,
    pub disabled: bool,
    pub mail: Mail,
    pub title: Option<u8>,
    pub phone: Option<u8>,
    pub portal: Portal,
}

impl Person {
    pub fn first(who: Who) -> Self {
        Self {
            here: who < PEOPLE - 2,
            teams: Teams::Only(TEAMS[who % 2]),
            disabled: false,
            mail: Mail::Of(who),
            title: Some(0),
            phone: Some(1),
            portal: if who < FIRST { Portal::True } else { Portal::Absent },
        }
    }

    pub fn in_scope(&self, team: Team) -> bool {
        self.here && !self.disabled && self.teams.has(team)
    }
}

pub fn id(who: Who) -> String {
    format!("p{who}")
}

pub fn name(who: Who) -> String {
    format!("Åsa Öberg {who}")
}

pub fn title(n: u8) -> String {
    format!("Title {n}")
}

pub fn phone(n: u8) -> String {
    format!("+4670123456{n}")
}

/// The directory as JSON Lines, in the order given, without those whom it forgets.
pub fn file(people: &[Person], order: &[Who], forgotten: Option<Who>) -> String {
    let mut lines = String::new();
    for who in order.iter().copied().filter(|who| people[*who].here && Some(*who) != forgotten) {
        let person = &people[who];
        let groups: Vec<&str> = TEAMS.into_iter().filter(|t| person.teams.has(*t)).map(Team::name).collect();
        let fields = json!({
            "id": id(who), "name": name(who), "groups": groups, "mail": person.mail.written(),
            "title": person.title.map(title), "phone": person.phone.map(phone),
            "portal": person.portal.written(), "disabled": person.disabled.to_string(),
        });
        lines.push_str(&Value::Object(present(&fields)).to_string());
        lines.push('\n');
    }
    lines
}

fn present(fields: &Value) -> Map<String, Value> {
    let fields = fields.as_object().unwrap().clone();
    fields.into_iter().filter(|(_, value)| !value.is_null()).collect()
}
