//! Who gets an address, and in which order addresses move (L9, L11).
//!
//! Addresses are numbers here (hashes). A claim is a person who is in scope and whose contact does not have the wanted
//! address yet. What is decided depends on the set of claims, not on their order.

use std::collections::HashMap;

/// A candidate who wants an address that their contact does not have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claim {
    /// Which candidate.
    pub candidate: usize,
    /// The address.
    pub email: u64,
}

/// Who holds an address on the desk now, among the owned contacts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Holder {
    /// Nobody.
    Nobody,
    /// A contact whose person keeps it.
    Stays,
    /// The contact of this candidate, who claims another address and gives this one up when that is granted.
    MayMove(usize),
    /// The contact of somebody who left: their address is never bound to another person silently.
    Leaver,
}

/// What becomes of a claim.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Granted; written in this round, the first being 0. Everybody it waits for is written in an earlier one.
    Granted {
        /// The round.
        round: u32,
        /// The contact first moves, in round 0, to an address of its own that nobody can reach: it breaks a cycle.
        park: bool,
    },
    /// Another person has the address, or a smaller id claims it too.
    Duplicate,
    /// It belonged to somebody who left.
    Reused,
}

/// All claims of a run, decided.
#[derive(Debug, Default)]
pub struct Claims {
    verdicts: HashMap<usize, Verdict>,
}

impl Claims {
    /// Decides. `holder` tells who has an address now; `person` gives a candidate's id, which breaks ties. Claims to an
    /// address that nobody has and nobody else claims may be left out: they are granted in round 0.
    pub fn decide<'a>(claims: &[Claim], holder: impl Fn(u64) -> Holder, person: impl Fn(usize) -> &'a str) -> Self {
        let mut by_email: HashMap<u64, Vec<&Claim>> = HashMap::new();
        for claim in claims {
            by_email.entry(claim.email).or_default().push(claim);
        }
        let mut rivalries: Vec<Rivalry> = by_email
            .into_iter()
            .map(|(email, mut rivals)| {
                rivals.sort_by(|a, b| person(a.candidate).cmp(person(b.candidate)));
                let (lost, after) = match holder(email) {
                    Holder::Nobody => (None, None),
                    Holder::Stays => (Some(Verdict::Duplicate), None),
                    Holder::Leaver => (Some(Verdict::Reused), None),
                    Holder::MayMove(mover) => (None, Some(mover)),
                };
                Rivalry {
                    rivals: rivals.into_iter().map(|rival| rival.candidate).collect(),
                    lost,
                    after,
                    passed_over: 0,
                }
            })
            .collect();
        for _ in 0..TRIES {
            let verdicts = attempt(&rivalries);
            let in_vain = rivalries.iter_mut().filter(|rivalry| rivalry.is_in_vain(&verdicts));
            match in_vain.min_by_key(|rivalry| rivalry.first().map(&person)) {
                Some(rivalry) => rivalry.passed_over += 1,
                None => return Self { verdicts },
            }
        }
        Self { verdicts: attempt(&rivalries) }
    }

    /// What becomes of a candidate's claim; a candidate without one is written in round 0.
    pub fn verdict(&self, candidate: usize) -> Verdict {
        self.verdicts.get(&candidate).copied().unwrap_or(Verdict::Granted { round: 0, park: false })
    }

    /// How many rounds there are.
    pub fn rounds(&self) -> u32 {
        self.verdicts
            .values()
            .map(|verdict| match verdict {
                Verdict::Granted { round, .. } => round + 1,
                Verdict::Duplicate | Verdict::Reused => 1,
            })
            .max()
            .unwrap_or(1)
    }
}

/// How often the next in line is tried. What is not found by then waits, as it did before.
const TRIES: usize = 64;

/// Everybody who wants one address, the smallest id first.
struct Rivalry {
    rivals: Vec<usize>,
    /// What becomes of all of them, whoever they are.
    lost: Option<Verdict>,
    /// Who has the address, and wants another.
    after: Option<usize>,
    /// Those in front for whom it would not be given up.
    passed_over: usize,
}

impl Rivalry {
    fn first(&self) -> Option<usize> {
        self.rivals.get(self.passed_over).copied()
    }

    /// The first in line does not get it, because who has it cannot move; that may be because of what the next in line
    /// has, who would swap.
    fn is_in_vain(&self, verdicts: &HashMap<usize, Verdict>) -> bool {
        let refused = self.first().is_some_and(|first| verdicts.get(&first) == Some(&Verdict::Duplicate));
        self.after.is_some() && refused && self.passed_over + 1 < self.rivals.len()
    }
}

fn attempt(rivalries: &[Rivalry]) -> HashMap<usize, Verdict> {
    let mut graph = Graph::default();
    for rivalry in rivalries {
        let first = rivalry.first();
        for rival in &rivalry.rivals {
            match rivalry.lost {
                Some(verdict) => graph.settle(*rival, verdict),
                None if Some(*rival) != first => graph.settle(*rival, Verdict::Duplicate),
                None => graph.want(*rival, rivalry.after),
            }
        }
    }
    graph.resolve()
}

/// Each candidate waits for at most one other.
#[derive(Default)]
struct Graph {
    after: HashMap<usize, Option<usize>>,
    verdicts: HashMap<usize, Verdict>,
}

impl Graph {
    fn settle(&mut self, candidate: usize, verdict: Verdict) {
        self.verdicts.insert(candidate, verdict);
    }

    fn want(&mut self, candidate: usize, after: Option<usize>) {
        self.after.insert(candidate, after);
    }

    fn resolve(mut self) -> HashMap<usize, Verdict> {
        let mut all: Vec<usize> = self.after.keys().copied().collect();
        all.sort_unstable();
        for start in all {
            let mut path = Vec::new();
            let mut at = start;
            // Follow whom each waits for, to somebody decided, to somebody who waits for nobody, or around.
            let base = loop {
                if let Some(verdict) = self.verdicts.get(&at) {
                    break Some(*verdict);
                }
                if let Some(begin) = path.iter().position(|seen| *seen == at) {
                    self.close_cycle(path.split_off(begin));
                    break self.verdicts.get(&at).copied();
                }
                path.push(at);
                match self.after.get(&at).copied().flatten() {
                    Some(next) => at = next,
                    None => break None,
                }
            };
            self.unwind(path, base);
        }
        self.verdicts
    }

    /// Decides a path from its far end: whoever waits for somebody who does not move gets nothing.
    fn unwind(&mut self, path: Vec<usize>, base: Option<Verdict>) {
        let mut before = base;
        for candidate in path.into_iter().rev() {
            let verdict = match before {
                None => Verdict::Granted { round: 0, park: false },
                Some(Verdict::Granted { round, .. }) => Verdict::Granted { round: round + 1, park: false },
                Some(Verdict::Duplicate | Verdict::Reused) => Verdict::Duplicate,
            };
            self.verdicts.insert(candidate, verdict);
            before = Some(verdict);
        }
    }

    /// `cycle[n]` waits for `cycle[n + 1]`, the last for the first. The smallest is parked, which lets whoever waits for
    /// it go first; it is written last.
    fn close_cycle(&mut self, mut cycle: Vec<usize>) {
        let smallest = cycle.iter().enumerate().min_by_key(|(_, candidate)| **candidate).map_or(0, |(place, _)| place);
        cycle.rotate_left(smallest);
        let parked = cycle.first().copied();
        for (round, candidate) in (1..).zip(cycle.into_iter().rev()) {
            self.verdicts.insert(candidate, Verdict::Granted { round, park: Some(candidate) == parked });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// People 0..n, each holding address n; `wants[n]` is what they want now.
    fn decide(wants: &[u64]) -> Claims {
        let ids: Vec<String> = (0..wants.len()).map(|n| format!("{n:04}")).collect();
        let claims: Vec<Claim> = wants
            .iter()
            .enumerate()
            .filter(|(n, email)| **email != *n as u64)
            .map(|(n, email)| Claim { candidate: n, email: *email })
            .collect();
        let holder = |email: u64| match usize::try_from(email).unwrap() {
            n if n >= wants.len() => Holder::Nobody,
            n if wants[n] == email => Holder::Stays,
            n => Holder::MayMove(n),
        };
        Claims::decide(&claims, holder, |candidate| &ids[candidate])
    }

    #[test]
    fn l11_a_chain_moves_releaser_first() {
        // 0 -> 1 -> 2 -> 9: 2 must move first.
        let claims = decide(&[1, 2, 9]);
        assert_eq!(claims.verdict(2), Verdict::Granted { round: 0, park: false });
        assert_eq!(claims.verdict(1), Verdict::Granted { round: 1, park: false });
        assert_eq!(claims.verdict(0), Verdict::Granted { round: 2, park: false });
        assert_eq!(claims.rounds(), 3);
    }

    #[test]
    fn l11_a_swap_parks_one() {
        let claims = decide(&[1, 0]);
        assert_eq!(claims.verdict(1), Verdict::Granted { round: 1, park: false });
        assert_eq!(claims.verdict(0), Verdict::Granted { round: 2, park: true });
    }

    #[test]
    fn l11_who_waits_for_somebody_who_stays_gets_nothing() {
        // 0 wants 1's, 1 wants 2's, 2 stays.
        let claims = decide(&[1, 2, 2]);
        assert_eq!(claims.verdict(1), Verdict::Duplicate);
        assert_eq!(claims.verdict(0), Verdict::Duplicate);
    }

    #[test]
    fn l11_who_comes_first_in_line_in_vain_does_not_stop_a_swap() {
        // 0 wants 1's, and comes before 2, with whom 1 would swap.
        let claims = decide(&[1, 2, 1]);
        assert_eq!(claims.verdict(0), Verdict::Duplicate);
        assert_eq!(claims.verdict(1), Verdict::Granted { round: 2, park: true });
        assert_eq!(claims.verdict(2), Verdict::Granted { round: 1, park: false });
    }

    #[test]
    fn l09_a_leavers_address_is_bound_to_nobody() {
        let claim = Claim { candidate: 0, email: 7 };
        let claims = Claims::decide(&[claim], |_| Holder::Leaver, |_| "0");
        assert_eq!(claims.verdict(0), Verdict::Reused);
    }

    proptest! {
        /// Carrying out the rounds never writes an address that somebody still holds, and ends as granted.
        #[test]
        fn l11_no_round_collides(wants in proptest::collection::vec(0_u64..12, 1..12)) {
            let claims = decide(&wants);
            let mut holds: BTreeMap<usize, u64> = (0..wants.len()).map(|n| (n, n as u64)).collect();
            for (n, want) in wants.iter().enumerate() {
                if matches!(claims.verdict(n), Verdict::Granted { park: true, .. }) && *want != n as u64 {
                    holds.insert(n, 1000 + n as u64);
                }
            }
            for round in 0..claims.rounds() {
                let due: Vec<usize> = (0..wants.len())
                    .filter(|n| wants[*n] != *n as u64)
                    .filter(|n| matches!(claims.verdict(*n), Verdict::Granted { round: r, .. } if r == round))
                    .collect();
                for n in due {
                    prop_assert!(!holds.values().any(|held| *held == wants[n]), "{wants:?}: {n} in round {round}");
                    holds.insert(n, wants[n]);
                }
            }
            for (n, want) in wants.iter().enumerate() {
                if matches!(claims.verdict(n), Verdict::Granted { .. }) {
                    prop_assert_eq!(holds[&n], *want);
                }
            }
        }
    }
}
