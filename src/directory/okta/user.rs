//! Makes people of Okta's users: which attributes to ask for, and what they are called.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::client::Okta;
use crate::directory::attribute::AttributePath;
use crate::directory::segment::Segment;
use crate::directory::{Error, ReadQuery, Shown, web};
use crate::person::{Attributes, GroupSet, Person, PersonId};

/// A user as Okta sends one.
pub(super) type User = Map<String, Value>;

const PROFILE: &str = "profile";
const SEGMENT: &str = "scope.pattern.segment";

/// Properties of the user itself (developer.okta.com/docs/api/openapi/okta-management, `User`); any other name is one of
/// the profile, where an attribute that is called like these is named `profile.status`.
const OWN: [&str; 12] = [
    "id",
    "status",
    "created",
    "activated",
    "statusChanged",
    "lastLogin",
    "lastUpdated",
    "passwordChanged",
    "transitioningToStatus",
    "type",
    "realmId",
    PROFILE,
];
/// Never shown: links, and what people sign in with.
const HIDDEN: [&str; 3] = ["_links", "_embedded", "credentials"];

/// An attribute's name, and where it lies.
struct Name {
    path: AttributePath,
    own: bool,
}

impl Name {
    fn new(name: &str) -> Self {
        let path = AttributePath::new(name);
        let own = OWN.contains(&path.first());
        Self { path, own }
    }

    fn values(&self, user: &User) -> Vec<Value> {
        if self.own {
            return self.path.values(user);
        }
        user.get(PROFILE).and_then(Value::as_object).map(|profile| self.path.values(profile)).unwrap_or_default()
    }

    /// What to ask for, and whether it is one of the profile; `None` where that cannot be said.
    fn field(&self) -> Option<(&str, bool)> {
        let (field, profile) = match self.path.first() {
            PROFILE => (self.path.name().strip_prefix("profile.")?.split(['.', '[']).next()?, true),
            first => (first, !self.own),
        };
        let is_plain = !field.is_empty() && field.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        is_plain.then_some((field, profile))
    }
}

/// What a user's status says (developer.okta.com/docs/concepts/user-lifecycle, help.okta.com "About user account status").
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// Not activated yet: out of the base scope.
    Staged,
    Enabled,
    Disabled,
}

/// What of every user becomes part of the person.
pub(super) struct Reader<'a> {
    okta: &'a Okta,
    names: Vec<Name>,
    location: Option<Name>,
    segment: Option<Segment>,
}

impl<'a> Reader<'a> {
    /// Checks what of the query concerns users.
    pub(super) fn new(okta: &'a Okta, segment_attribute: Option<&str>, query: &ReadQuery) -> Result<Self, Error> {
        let segment = match (&query.segment, segment_attribute) {
            (None, _) => None,
            (Some(segment), Some(_)) => Some(Segment::new(segment, false)?),
            (Some(_), None) => {
                let reason = "Okta has no segments of its own: name the attribute that holds a person's place in \
                              source.okta.segmentAttribute";
                return Err(web::wrong(SEGMENT, reason));
            }
        };
        let names = query.attributes.iter().map(|name| Name::new(name)).collect();
        Ok(Self { okta, names, location: segment_attribute.map(Name::new), segment })
    }

    /// The `fields` to ask for; `None`: all of them, because a name is none that can be asked for.
    pub(super) fn fields(&self) -> Option<String> {
        let (mut own, mut profile) = (vec!["id", "status"], Vec::new());
        for name in self.names.iter().chain(&self.location) {
            let (field, in_profile) = name.field()?;
            let fields = if in_profile { &mut profile } else { &mut own };
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        let profile = (!profile.is_empty()).then(|| format!("{PROFILE}:({})", profile.join(",")));
        Some(own.into_iter().map(str::to_owned).chain(profile).collect::<Vec<_>>().join(","))
    }

    /// A person, and whether they are in the base scope and the segment.
    pub(super) fn person(&self, user: &User, groups: GroupSet) -> Result<Person, Error> {
        let standing = standing(self.okta, user)?;
        let named = self.names.iter().map(|name| (Arc::clone(name.path.name()), name.values(user)));
        let attributes: Attributes = named.filter(|(_, values)| !values.is_empty()).collect();
        let places: Vec<String> =
            self.location.iter().flat_map(|name| name.values(user)).filter_map(|place| text(&place)).collect();
        let in_segment = self.lies_within(&places)?;
        Ok(Person {
            id: id(self.okta, user)?,
            attributes,
            groups,
            location: places.into_iter().next(),
            disabled: standing == Standing::Disabled,
            in_query: standing != Standing::Staged && in_segment,
        })
    }

    fn lies_within(&self, places: &[String]) -> Result<bool, Error> {
        let Some(segment) = &self.segment else { return Ok(true) };
        for place in places {
            let contains = segment.contains(place).map_err(|_quotes| {
                web::wrong(
                    "source.okta.segmentAttribute",
                    "somebody's value is no distinguished name, as the scope's segment is: name another attribute",
                )
            })?;
            if contains {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A user's immutable id.
pub(super) fn id(okta: &Okta, user: &User) -> Result<PersonId, Error> {
    let id = user.get("id").and_then(Value::as_str).and_then(PersonId::new);
    id.ok_or_else(|| okta.web.incomplete("a user came without an id"))
}

fn standing(okta: &Okta, user: &User) -> Result<Standing, Error> {
    match user.get("status").and_then(Value::as_str) {
        Some("STAGED") => Ok(Standing::Staged),
        Some("PROVISIONED" | "ACTIVE" | "RECOVERY" | "PASSWORD_EXPIRED" | "LOCKED_OUT") => Ok(Standing::Enabled),
        Some("SUSPENDED" | "DEPROVISIONED") => Ok(Standing::Disabled),
        // Neither whom to let in nor whom to remove could be told.
        Some(_) => Err(okta.web.incomplete("a user has a status that this version does not know")),
        None => Err(okta.web.incomplete("a user came without a status")),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Everything of a user, the profile's attributes by their bare names.
pub(super) fn shown(okta: &Okta, segment_attribute: Option<&str>, user: User) -> Result<Shown, Error> {
    let location = segment_attribute.and_then(|name| Name::new(name).values(&user).iter().find_map(text));
    let (id, disabled) = (id(okta, &user)?, standing(okta, &user)? == Standing::Disabled);
    let mut attributes = Map::new();
    for (name, value) in user {
        match value {
            _ if HIDDEN.contains(&name.as_str()) => {}
            Value::Object(profile) if name == PROFILE => {
                attributes.extend(profile.into_iter().map(|(name, value)| {
                    let name = if OWN.contains(&name.as_str()) { format!("{PROFILE}.{name}") } else { name };
                    (name, value)
                }));
            }
            value => drop(attributes.insert(name, value)),
        }
    }
    Ok(Shown { id, disabled, location, attributes })
}
