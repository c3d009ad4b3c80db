//! Brings what was gathered into the form in which addresses are decided.

use std::collections::{HashMap, HashSet};

use super::Error;
use super::decide::{Claim, Claims, Holder, Reading};
use super::owned::OwnedIndex;
use super::read::Gathered;
use super::write::HeldBack;

/// Decides who gets which address, and when.
pub(super) fn decide(gathered: &Gathered, index: &OwnedIndex, held: &HeldBack) -> Result<Claims, Error> {
    let mut claims = gathered.claims(|place| held.keys.contains(&place));
    // Owned contacts that give their address up, and the candidates that they belong to.
    let owned = |claim: &Claim| gathered.heads.get(claim.candidate)?.owned;
    let moving: HashMap<u32, usize> =
        claims.iter().filter_map(|claim| Some((owned(claim)?, claim.candidate))).collect();
    let holder = |email: u64| match index.holder(email) {
        None => Holder::Nobody,
        Some(place) => match u32::try_from(place).ok().and_then(|place| moving.get(&place)) {
            Some(mover) => Holder::MayMove(*mover),
            None => match index.get(place).map(|owned| owned.reading) {
                Some(Reading::Unread | Reading::Out(_)) => Holder::Leaver,
                Some(Reading::Seen | Reading::Undecided) | None => Holder::Stays,
            },
        },
    };
    keep_contested(&mut claims, |email| index.holder(email).is_some());
    // Ids break ties, so only those who claim what is contested need theirs unpacked.
    let rivals: HashSet<usize> = claims.iter().map(|claim| claim.candidate).collect();
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

/// Leaves out claims to an address that nobody has and nobody else claims: on a first run that is nearly all of them.
fn keep_contested(claims: &mut Vec<Claim>, has_holder: impl Fn(u64) -> bool) {
    claims.sort_unstable_by_key(|claim| (claim.email, claim.candidate));
    let mut last = None;
    let mut contested: HashSet<u64> = HashSet::new();
    for claim in claims.iter() {
        if last.replace(claim.email) == Some(claim.email) || has_holder(claim.email) {
            contested.insert(claim.email);
        }
    }
    claims.retain(|claim| contested.contains(&claim.email));
    claims.shrink_to_fit();
}
