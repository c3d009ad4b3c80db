//! Watches every change that a run makes, and what the run says of itself. Knows the laws, and nothing of the engine.

use contactsync::api::RunResult;
use contactsync::runlog::{HeldChange, HeldKind};
use contactsync::scim;
use jiff::SignedDuration;
use serde_json::Value;

use super::company::{self, PEOPLE, Team, Who};
use super::desk::{Change, Trouble as DeskTrouble, User, lower};
use super::directory::Trouble as DirectoryTrouble;
use super::history::Fault;
use super::world::{Owner, Played, Verdict, World, owner};

pub fn portal(user: &User) -> bool {
    user.get(scim::KDESK_CONTACT).is_some_and(|extension| extension["portalAccess"] == true)
}

pub fn active(user: &User) -> bool {
    user["active"] == true
}

pub fn staff(user: &User) -> bool {
    user.get("userType").is_some_and(|kind| kind == "Agent")
}

/// Moved out of the way for a moment (L11).
fn parked(user: &User) -> bool {
    user["userName"].as_str().unwrap_or_default().ends_with(".invalid")
}

/// The number of a person by their id.
pub fn number(person: &str) -> Option<Who> {
    (0..PEOPLE).find(|who| company::id(*who) == person)
}

/// Judges a run by every law that can be judged from outside.
pub fn judge(world: &mut World, played: &Played) -> Verdict {
    for change in &played.changes {
        let Some(before) = &change.before else {
            made(world, played.team, change)?;
            continue;
        };
        let who = owner(before).map(|owner| owner.person).unwrap_or_default();
        let what =
            |law: &str| format!("{law}: {:?} and {who}: {}", played.team, difference(before, change.after.as_ref()));
        not_foreign(world, played.team, before, change.after.as_ref()).map_err(|law| what(&law))?;
        if let Some(after) = &change.after {
            by_hand_stays(before, after).map_err(|law| what(&law))?;
            binds_nobody_elses(world, before, after).map_err(|law| what(&law))?;
            let gone = active(before) && !active(after) || marked_left(before, after) || revoked(before, after);
            if gone {
                not_in_scope(world, played.team, before, revoked(before, after)).map_err(|law| what(&law))?;
            }
            if portal(after) && !portal(before) {
                granted(world, after).map_err(|law| what(&law))?;
            }
        } else {
            not_in_scope(world, played.team, before, false).map_err(|law| what(&law))?;
        }
    }
    net_access(world, played)?;
    window(world, played)?;
    whole_or_nothing(played)?;
    said(world, played)
}

/// What changed, attribute by attribute.
pub fn difference(before: &User, after: Option<&User>) -> String {
    let Some(after) = after else { return "deleted".into() };
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let changed = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    let show = |user: &User, name: &str| user.get(name).map_or_else(|| "nothing".to_owned(), ToString::to_string);
    let told = changed.map(|name| format!("{name} from {} to {}", show(before, name), show(after, name)));
    told.collect::<Vec<_>>().join(", ")
}

fn made(world: &World, team: Team, change: &Change) -> Verdict {
    let after = change.after.as_ref().unwrap();
    let owner = owner(after).ok_or_else(|| format!("L7: {team:?} made a contact of nobody: {after:?}"))?;
    let person = number(&owner.person).map(|who| world.people[who]);
    if owner.team != team || !person.is_some_and(|person| person.in_scope(team)) {
        return Err(format!("L7: {team:?} made a contact that is not its own: {after:?}"));
    }
    if portal(after) { granted(world, after) } else { Ok(()) }
}

/// L6, L7, L8, L9: its own, or let go of by the other, or nobody's and asked for.
fn not_foreign(world: &World, team: Team, before: &User, after: Option<&User>) -> Verdict {
    if staff(before) {
        return Err("L6: an agent was changed".into());
    }
    match owner(before) {
        Some(owner) if owner.team == team && !(owner.adopted && after.is_none()) => Ok(()),
        Some(owner) if owner.team == team => Err("L6: an adopted contact was deleted".into()),
        Some(owner) if (owner.left || owner.deactivated) && after.is_some() => Ok(()),
        Some(_) => Err("L8: a living owner's contact was changed".into()),
        None if world.rules.adopt && after.is_some() => Ok(()),
        None => Err("L9: a contact of nobody was changed without being asked for".into()),
    }
}

/// L10: what was turned off by hand stays off; what is not mapped stays.
fn by_hand_stays(before: &User, after: &User) -> Verdict {
    let turned_off_by_us = owner(before).is_some_and(|owner| owner.deactivated);
    if active(after) && !active(before) && !turned_off_by_us {
        return Err("L10: turned on what was turned off by hand".into());
    }
    for unmapped in ["nickName", "userType"] {
        if before.get(unmapped) != after.get(unmapped) {
            return Err(format!("L10: {unmapped} is not mapped"));
        }
    }
    Ok(())
}

/// L9: no other address of a contact is one that somebody else signs in with.
fn binds_nobody_elses(world: &World, before: &User, after: &User) -> Verdict {
    let all = |user: &User| -> Vec<String> {
        let emails = user.get("emails").and_then(Value::as_array).into_iter().flatten();
        emails.map(|entry| lower(&entry["value"])).collect()
    };
    let old = all(before);
    let users = world.desk.lock().users.clone();
    match all(after)
        .into_iter()
        .filter(|email| !old.contains(email))
        .find(|email| users.iter().any(|other| other["id"] != after["id"] && lower(&other["userName"]) == *email))
    {
        Some(_) => Err("L9: got the address that somebody else signs in with".into()),
        None => Ok(()),
    }
}

fn marked_left(before: &User, after: &User) -> bool {
    let left = |user| owner(user).is_some_and(|owner| owner.left);
    left(after) && !left(before)
}

fn revoked(before: &User, after: &User) -> bool {
    portal(before) && !portal(after) && !parked(after)
}

/// L1, L2, L3: whatever the directory seemed to say, the person is not in it as somebody in scope.
fn not_in_scope(world: &World, team: Team, before: &User, access: bool) -> Verdict {
    let person = owner(before).and_then(|owner| number(&owner.person)).map(|who| world.people[who]);
    match person {
        Some(person) if access && person.portal.says() == Ok(false) => Ok(()),
        Some(person) if person.in_scope(team) => Err("L1-L3: somebody in scope was removed".into()),
        Some(_) | None => Ok(()),
    }
}

/// L1, L11, L17: who is parked for a moment has the access afterwards that they had before.
fn net_access(world: &World, played: &Played) -> Verdict {
    for first in &played.changes {
        let Some(before) = first.before.as_ref().filter(|user| portal(user)) else { continue };
        let same = |change: &&Change| change.after.as_ref().is_some_and(|after| after["id"] == before["id"]);
        let Some(after) = played.changes.iter().rfind(same).and_then(|last| last.after.as_ref()) else { continue };
        if revoked(before, after) {
            let what = || format!("{:?} in the end: {}", played.team, difference(before, Some(after)));
            not_in_scope(world, played.team, before, true).map_err(|law| format!("{law}: {}", what()))?;
        }
    }
    Ok(())
}

/// L17: the directory says so, literally.
fn granted(world: &World, after: &User) -> Verdict {
    let person = owner(after).and_then(|owner| number(&owner.person)).map(|who| world.people[who]);
    if person.is_some_and(|person| person.portal.says() == Ok(true)) {
        Ok(())
    } else {
        Err(format!("L17: portal access for nobody whom the directory lets in: {after:?}"))
    }
}

/// L4: no more of a kind in 24 hours than the hold lets pass, but what was approved.
fn window(world: &mut World, played: &Played) -> Verdict {
    for change in &played.changes {
        let Some(before) = &change.before else { continue };
        let Some(Owner { team, person, .. }) = owner(before).filter(|owner| owner.team == played.team) else {
            continue;
        };
        let approved = |kind| played.approved.contains(&HeldChange { kind, person: person.clone() });
        let mut spend = |name, kind| {
            if !approved(kind) {
                world.spent.push((team, name, change.at));
            }
        };
        match &change.after {
            None => spend("removal", HeldKind::Remove),
            Some(after) => {
                if active(before) && !active(after) {
                    spend("removal", HeldKind::Remove);
                }
                if revoked(before, after) {
                    spend("removal", HeldKind::RevokeAccess);
                }
                if portal(after) && !portal(before) && !parked(before) {
                    spend("grant", HeldKind::GrantAccess);
                }
                if before["userName"] != after["userName"] && !parked(after) {
                    spend("key", HeldKind::ChangeKey);
                }
            }
        }
    }
    let limit = if world.rules.tight { 2 } else { 5 };
    let begin = world.now.checked_sub(SignedDuration::from_hours(24)).unwrap();
    for kind in ["removal", "grant", "key"] {
        let within = |(team, name, at): &&(Team, &str, _)| *team == played.team && *name == kind && *at > begin;
        let spent = world.spent.iter().filter(within).count();
        if spent > limit {
            return Err(format!("L4: {spent} times {kind} by {:?} in 24 hours", played.team));
        }
    }
    Ok(())
}

/// L2, L16: what was not read or listed whole changes nothing, and is no success.
fn whole_or_nothing(played: &Played) -> Verdict {
    use DirectoryTrouble::{Away, BreaksOff, GroupGone};
    let broken = matches!(played.fault, Fault::Directory(Away | GroupGone | BreaksOff(_)));
    let listed_short = played.fault == Fault::Desk(DeskTrouble::ShortList)
        && played.summary.as_ref().is_some_and(|s| s.result == RunResult::Failed);
    if (broken || listed_short) && !played.changes.is_empty() {
        return Err("L2: a run that could not read everything changed something".into());
    }
    if broken && played.summary.as_ref().is_some_and(|summary| summary.result != RunResult::Failed) {
        return Err("L2: a run that could not read everything did not fail".into());
    }
    Ok(())
}

/// L19: who says Succeeded has everybody in scope on the desk, as mapped.
fn said(world: &World, played: &Played) -> Verdict {
    let Some(summary) = &played.summary else { return Ok(()) };
    let lied_to = matches!(played.fault, Fault::Directory(DirectoryTrouble::Forgets(_)));
    if summary.result != RunResult::Succeeded || lied_to {
        return Ok(());
    }
    let desk = world.desk.lock();
    for who in (0..PEOPLE).filter(|who| world.people[*who].in_scope(played.team)) {
        let theirs = |user: &&User| {
            owner(user)
                .is_some_and(|o| o.team == played.team && o.person == company::id(who) && !o.left && !o.deactivated)
        };
        let contact = desk.users.iter().find(theirs);
        let contact = contact.ok_or_else(|| format!("L19: Succeeded, and {} has no contact", company::id(who)))?;
        as_mapped(&world.people[who], who, contact, true).map_err(|what| format!("L19: Succeeded, and {what}"))?;
    }
    Ok(())
}

/// Whether a contact holds what the directory says of the person.
pub fn as_mapped(person: &company::Person, who: Who, contact: &User, email: bool) -> Verdict {
    let phone = |contact: &User| {
        let phones = contact.get("phoneNumbers").and_then(Value::as_array);
        phones.into_iter().flatten().find(|phone| phone["type"] == "work").map(|phone| phone["value"].clone())
    };
    let is = |field: &str, found: Option<Value>, wanted: Option<String>| {
        if found == wanted.clone().map(Value::from) {
            Ok(())
        } else {
            Err(format!("{} has {field} {found:?} and not {wanted:?}", company::id(who)))
        }
    };
    is("name", contact.get("displayName").cloned(), Some(company::name(who)))?;
    is("title", contact.get("title").cloned(), person.title.map(company::title))?;
    is("phone", phone(contact), person.phone.map(company::phone))?;
    if let Ok(says) = person.portal.says()
        && portal(contact) != says
    {
        return Err(format!("{} has portal access {}", company::id(who), !says));
    }
    if email {
        is("address", contact.get("userName").cloned(), person.mail.valid())?;
    }
    Ok(())
}
