//! Listings of users: paged, filtered, counted, cast.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use url::Url;

use super::filter::{self, Filter};
use super::{Graph, Users, denied, error, not_found};
use crate::support::service::{Ask, Reply};

/// What is listed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Of {
    Users,
    Members { group: String, nested: bool, cast: bool },
    Unit { unit: String, cast: bool },
}

/// A place in a listing that a page token stands for.
#[derive(Clone)]
pub(super) struct Cursor {
    of: Of,
    select: Vec<String>,
    filter: Option<Filter>,
    top: usize,
    at: usize,
    advanced: bool,
}

/// Properties of a user in v1.0, besides directory extensions.
const KNOWN: &[&str] = &[
    "id",
    "accountEnabled",
    "ageGroup",
    "assignedLicenses",
    "assignedPlans",
    "businessPhones",
    "city",
    "companyName",
    "consentProvidedForMinor",
    "country",
    "createdDateTime",
    "creationType",
    "department",
    "displayName",
    "employeeHireDate",
    "employeeId",
    "employeeOrgData",
    "employeeType",
    "externalUserState",
    "externalUserStateChangeDateTime",
    "faxNumber",
    "givenName",
    "identities",
    "imAddresses",
    "isResourceAccount",
    "jobTitle",
    "lastPasswordChangeDateTime",
    "legalAgeGroupClassification",
    "licenseAssignmentStates",
    "mail",
    "mailNickname",
    "mobilePhone",
    "officeLocation",
    "onPremisesDistinguishedName",
    "onPremisesDomainName",
    "onPremisesExtensionAttributes",
    "onPremisesImmutableId",
    "onPremisesLastSyncDateTime",
    "onPremisesProvisioningErrors",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesSyncEnabled",
    "onPremisesUserPrincipalName",
    "otherMails",
    "passwordPolicies",
    "postalCode",
    "preferredDataLocation",
    "preferredLanguage",
    "provisionedPlans",
    "proxyAddresses",
    "securityIdentifier",
    "serviceProvisioningErrors",
    "showInAddressList",
    "signInSessionsValidFromDateTime",
    "state",
    "streetAddress",
    "surname",
    "usageLocation",
    "userPrincipalName",
    "userType",
];

/// Checks `$select`; Graph tells the first name that it does not know.
pub(super) fn select(ask: &Ask) -> Result<Vec<String>, Reply> {
    let names: Vec<String> = ask.param("$select").split(',').filter(|name| !name.is_empty()).map(Into::into).collect();
    match names.iter().find(|name| !KNOWN.contains(&name.as_str()) && !name.starts_with("extension_")) {
        Some(name) => Err(error(
            400,
            "BadRequest",
            &format!(
                "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type 'microsoft.graph.user'."
            ),
        )),
        None => Ok(names),
    }
}

/// A user with the properties asked for and no others; what somebody does not have is null.
pub(super) fn selected(user: &Map<String, Value>, select: &[String], readable: bool) -> Value {
    let value = |name: &String| match name.as_str() {
        "id" => user["id"].clone(),
        _ if readable => user.get(name).cloned().unwrap_or(Value::Null),
        _ => Value::Null,
    };
    Value::Object(select.iter().map(|name| (name.clone(), value(name))).collect())
}

impl Graph {
    pub(super) fn list(&mut self, base: &Url, ask: &Ask, of: Of) -> Reply {
        if let Err(reply) = self.check_list(&of) {
            return reply;
        }
        let eventual = ask.header("consistencylevel") == "eventual";
        let token = ask.param("$skiptoken");
        let (cursor, first) = if token.is_empty() {
            match begin(ask, of, eventual) {
                Ok(cursor) => (cursor, true),
                Err(reply) => return reply,
            }
        } else {
            match self.cursors.get(token) {
                // Without the header, the next page looks elsewhere, where the token means nothing.
                Some(cursor) if cursor.of == of && cursor.advanced == eventual => (cursor.clone(), false),
                _ => {
                    let message =
                        "The specified page token value has expired and can no longer be included in your request.";
                    return error(400, "Directory_ExpiredPageToken", message);
                }
            }
        };
        self.page(base, ask, cursor, first)
    }

    fn check_list(&self, of: &Of) -> Result<(), Reply> {
        let there = match of {
            Of::Users if !self.may("User.Read.All") => return Err(denied()),
            Of::Members { .. } if !self.may("GroupMember.Read.All") => return Err(denied()),
            Of::Unit { .. } if !self.may("AdministrativeUnit.Read.All") => return Err(denied()),
            Of::Users => return Ok(()),
            Of::Members { group, .. } => (self.groups.iter().any(|one| one.id == *group), group),
            Of::Unit { unit, .. } => (self.units.iter().any(|one| one.id == *unit), unit),
        };
        if there.0 { Ok(()) } else { Err(not_found(there.1)) }
    }

    fn page(&mut self, base: &Url, ask: &Ask, mut cursor: Cursor, first: bool) -> Reply {
        let (users, total) = self.slice(&cursor);
        let of_people = cursor.of == Of::Users;
        let readable = self.may("User.Read.All");
        let value: Vec<Value> = users.iter().map(|user| selected(user, &cursor.select, readable)).collect();
        let mut body = json!({"@odata.context": format!("{base}v1.0/$metadata#users"), "value": value});
        if first && cursor.advanced && ask.param("$count") == "true" {
            body["@odata.count"] = json!(i64::try_from(total).unwrap() + if of_people { self.miscounted } else { 0 });
        }
        cursor.at += cursor.top;
        if cursor.at < total {
            self.issued += 1;
            let token = format!("RFNwdAo{}", self.issued * 7919);
            self.cursors.insert(token.clone(), cursor);
            let mut next = base.join(&ask.path).unwrap();
            for (name, value) in ask.query.iter().filter(|(name, _)| *name != "$skiptoken") {
                next.query_pairs_mut().append_pair(name, value);
            }
            next.query_pairs_mut().append_pair("$skiptoken", &token);
            body["@odata.nextLink"] = json!(next.as_str());
        }
        Reply::json(200, &body)
    }

    /// The users of a page, and how many there are on all.
    fn slice(&self, cursor: &Cursor) -> (Vec<Map<String, Value>>, usize) {
        if let (Users::Generated(count), Of::Users, None) = (&self.users, &cursor.of, &cursor.filter) {
            let page = cursor.at..(cursor.at + cursor.top).min(*count);
            return (page.map(|place| self.at(place)).collect(), *count);
        }
        let ids = match &cursor.of {
            Of::Users => None,
            Of::Members { group, nested, .. } => Some(self.members_seen(group, *nested)),
            Of::Unit { unit, .. } => Some(self.unit_seen(unit)),
        };
        let listed = |user: &Map<String, Value>| {
            let id = user["id"].as_str().unwrap();
            ids.as_ref().is_none_or(|ids| ids.contains(id))
                && !(cursor.advanced && self.unindexed.contains(id))
                && cursor.filter.as_ref().is_none_or(|filter| filter.matches(user))
        };
        let all: Vec<_> = (0..self.count()).map(|place| self.at(place)).filter(listed).collect();
        let total = all.len();
        (all.into_iter().skip(cursor.at).take(cursor.top).collect(), total)
    }

    /// The members that the application sees: none of a hidden membership without the permission.
    fn members_seen(&self, id: &str, nested: bool) -> BTreeSet<String> {
        let group = self.groups.iter().find(|group| group.id == id).unwrap();
        if group.visibility.is_some() && !self.may("Member.Read.Hidden") {
            return BTreeSet::new();
        }
        self.members(id, nested)
    }

    fn unit_seen(&self, id: &str) -> BTreeSet<String> {
        let unit = self.units.iter().find(|unit| unit.id == id).unwrap();
        if unit.visibility.is_some() && !self.may("Member.Read.Hidden") {
            return BTreeSet::new();
        }
        unit.users.iter().cloned().collect()
    }

    /// The ids of the users in a group.
    pub(super) fn members(&self, id: &str, nested: bool) -> BTreeSet<String> {
        let (mut users, mut seen, mut waiting) = (BTreeSet::new(), BTreeSet::new(), vec![id.to_owned()]);
        while let Some(id) = waiting.pop() {
            let Some(group) = self.groups.iter().find(|group| group.id == id) else { continue };
            if !seen.insert(id) {
                continue;
            }
            users.extend(group.users.iter().cloned());
            if nested {
                let inner = self.groups.iter().filter(|one| group.groups.contains(&one.key));
                waiting.extend(inner.map(|one| one.id.clone()));
            }
        }
        users
    }
}

fn begin(ask: &Ask, of: Of, eventual: bool) -> Result<Cursor, Reply> {
    let select = select(ask)?;
    let top = match ask.param("$top") {
        "" => 100,
        top => top.parse().unwrap(),
    };
    if !(1..=999).contains(&top) {
        let message = format!("Invalid page size specified: '{top}'. Must be between 1 and 999 inclusive.");
        return Err(error(400, "Request_BadRequest", &message));
    }
    let advanced = eventual && ask.param("$count") == "true";
    let unsupported = || Err(error(400, "Request_UnsupportedQuery", "Unsupported Query."));
    if matches!(of, Of::Members { cast: true, .. } | Of::Unit { cast: true, .. }) && !advanced {
        return unsupported();
    }
    let filter = match ask.param("$filter") {
        "" => None,
        text => match filter::parse(text) {
            Ok((_, true)) if !advanced => return unsupported(),
            Ok((_, _)) if of != Of::Users && !advanced => return unsupported(),
            Ok((filter, _)) => Some(filter),
            Err(message) => return Err(error(400, "BadRequest", &message)),
        },
    };
    let unknown = filter.as_ref().and_then(|filter| {
        filter
            .properties()
            .into_iter()
            .find(|name| !KNOWN.contains(name) && !name.starts_with("extension_"))
            .map(str::to_owned)
    });
    if let Some(name) = unknown {
        let message = format!("Could not find a property named '{name}' on type 'microsoft.graph.user'.");
        return Err(error(400, "BadRequest", &message));
    }
    Ok(Cursor { of, select, filter, top, at: 0, advanced })
}
