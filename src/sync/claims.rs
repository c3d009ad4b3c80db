//! Brings what was gathered into the form in which addresses are decided.

use std::collections::{HashMap, HashSet};

use super::Error;
use super::decide::{Claims, Holder, Reading};
use super::owned::OwnedIndex;
use super::read::Gathered;
use super::write::HeldBack;

/// Decides who gets which address, and when.
pub(super) fn decide(gathered: &Gathered, index: &OwnedIndex, held: &HeldBack) -> Result<Claims, Error> {
    let claims = gathered.claims(|place| held.keys.contains(&place));
    let moving: HashSet<usize> = claims.iter().filter_map(|claim| claim.owned).collect();
    let holder = |email: u64| match index.holder(email) {
        None => Holder::Nobody,
        Some(owned) if moving.contains(&owned) => Holder::MayMove(owned),
        Some(owned) => match index.get(owned).map(|owned| owned.reading) {
            Some(Reading::Unread | Reading::Out(_)) => Holder::Leaver,
            Some(Reading::Seen | Reading::Undecided) | None => Holder::Stays,
        },
    };
    // Ids break ties, so only rivals need theirs unpacked.
    let mut count: HashMap<u64, u32> = HashMap::with_capacity(claims.len());
    for claim in &claims {
        *count.entry(claim.email).or_default() += 1;
    }
    let rivals: HashSet<usize> =
        claims.iter().filter(|claim| count.get(&claim.email) > Some(&1)).map(|claim| claim.candidate).collect();
    drop(count);
    let mut ids: HashMap<usize, String> = HashMap::with_capacity(rivals.len());
    if !rivals.is_empty() {
        for item in gathered.candidates.iter() {
            let (place, candidate) = item?;
            if rivals.contains(&place) {
                ids.insert(place, candidate.person);
            }
        }
    }
    Ok(Claims::decide(&claims, holder, |candidate| ids.get(&candidate).map_or("", String::as_str)))
}
