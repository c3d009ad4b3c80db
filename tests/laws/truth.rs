//! What the desk must come to once nothing goes wrong any more: written naively, from the directory alone.

use std::collections::BTreeSet;

use super::company::{self, PEOPLE, TEAMS, Team, Who};
use super::desk::{User, lower};
use super::witness::{active, as_mapped, number, staff};
use super::world::{Owner, Verdict, World, owner};

/// Compares the desk, at rest, with the directory.
pub fn ends_in(world: &World) -> Verdict {
    let desk = world.desk.lock();
    let users = &desk.users;
    owned_once(users)?;
    for who in 0..PEOPLE {
        let person = &world.people[who];
        let theirs: Vec<(&User, Owner)> = users
            .iter()
            .filter_map(|user| Some((user, owner(user)?)))
            .filter(|(user, owner)| owner.person == company::id(who) && !staff(user))
            .collect();
        for (user, owner) in &theirs {
            if active(user) && !person.in_scope(owner.team) {
                return Err(format!("{} is active at {:?}, and not in its scope", owner.person, owner.team));
            }
        }
        let current: Vec<&(&User, Owner)> = theirs.iter().filter(|(_, owner)| person.in_scope(owner.team)).collect();
        for (user, owner) in &current {
            let off = world.off_by_hand.contains(user["id"].as_str().unwrap());
            if owner.left || owner.deactivated || active(user) == off {
                return Err(format!("{} is in scope, off by hand is {off}, and the contact is {user:?}", owner.person));
            }
            let email = person.mail.valid().is_some() && !blocked(world, users, who, owner.team, false);
            as_mapped(person, who, user, email)?;
        }
        let promoted =
            users.iter().any(|user| staff(user) && owner(user).is_some_and(|o| o.person == company::id(who)));
        for team in TEAMS.into_iter().filter(|team| person.in_scope(*team)) {
            let has = current.iter().any(|(_, owner)| owner.team == team);
            if !has && !promoted && person.mail.valid().is_some() && !blocked(world, users, who, team, true) {
                return Err(format!("{} is in the scope of {team:?}, and has no contact", company::id(who)));
            }
        }
    }
    Ok(())
}

/// No connection has two contacts of one person; no address is left parked.
fn owned_once(users: &[User]) -> Verdict {
    let mut seen = BTreeSet::new();
    for user in users {
        if lower(&user["userName"]).ends_with(".invalid") && !staff(user) {
            return Err(format!("an address is left parked: {user:?}"));
        }
        if let Some(owner) = owner(user)
            && !seen.insert((owner.team, owner.person.clone()))
        {
            return Err(format!("{} has two contacts of {:?}", owner.person, owner.team));
        }
    }
    Ok(())
}

/// Whether somebody has the wanted address who may keep it: a contact of nobody, an agent, somebody who left, another
/// person who wants it too, or who waits in vain for yet another address. A newcomer may be given a contact that is there
/// (adopted, or claimed from the other connection); who has one keeps it, and a new address never adopts (L11).
fn blocked(world: &World, users: &[User], who: Who, team: Team, newcomer: bool) -> bool {
    let mut at = (who, team);
    let mut seen = Vec::new();
    loop {
        if seen.contains(&at) {
            // A ring is broken by whoever owns all of it.
            return seen.iter().any(|(_, other)| *other != team);
        }
        seen.push(at);
        let newcomer = newcomer && at == (who, team);
        let Some(wanted) = world.people[at.0].mail.valid() else { return true };
        let Some(holder) = users.iter().find(|user| lower(&user["userName"]) == wanted) else { return false };
        let Some(owner) = owner(holder).filter(|_| !staff(holder)) else {
            return staff(holder) || !world.rules.adopt || !newcomer;
        };
        let Some(other) = number(&owner.person) else { return true };
        if (other, owner.team) == at {
            return false;
        }
        if other == at.0 && (owner.left || owner.deactivated) {
            return !newcomer;
        }
        let person = &world.people[other];
        if !person.in_scope(owner.team) || person.mail.valid().is_none_or(|theirs| theirs == wanted) {
            return true;
        }
        at = (other, owner.team);
    }
}
