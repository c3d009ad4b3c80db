//! What can go wrong with one request, and with which.

use std::time::{Duration, Instant};

/// How a request is answered instead.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This status with these headers and this body, nothing else.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// 429 or 503 that asks for a pause of so many seconds. Whoever asks again sooner is hasty.
    Throttled(u16, u64),
    /// The connection ends before the answer.
    Cut,
    /// Half of the answer comes, then the connection ends.
    CutInside,
    /// The answer ends in the middle, as if that were all.
    HalfJson,
    /// The answer comes so much later.
    Late(Duration),
    /// The answer comes, said to be a web page.
    WrongType,
    /// A web page in the place of the answer.
    WebPage(u16),
    /// JSON of another shape.
    OtherJson,
    /// The answer, its list of people or groups emptied and every link to more of it left in place.
    EmptyPage,
    /// The answer without its link to the next page.
    LostLink,
    /// The answer without the second half of its list of people or groups.
    ShortPage,
    /// It names another host.
    Redirect,
}

impl Fault {
    /// A status alone.
    pub fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), String::new())
    }
}

struct Rule {
    path: &'static str,
    skip: usize,
    times: usize,
    fault: Fault,
}

struct Lot {
    state: u64,
    percent: u32,
    faults: Vec<Fault>,
}

/// Which requests meet which fault.
#[derive(Default)]
pub(super) struct Faults {
    rules: Vec<Rule>,
    lot: Option<Lot>,
    met: usize,
    pub(super) pause: Option<Instant>,
}

impl Faults {
    pub(super) fn rule(&mut self, path: &'static str, skip: usize, times: usize, fault: Fault) {
        self.rules.push(Rule { path, skip, times, fault });
    }

    pub(super) fn at_random(&mut self, seed: u64, percent: u32, faults: Vec<Fault>) {
        self.lot = Some(Lot { state: seed | 1, percent, faults });
    }

    pub(super) fn clear(&mut self) -> usize {
        self.rules.clear();
        self.lot = None;
        self.pause = None;
        std::mem::take(&mut self.met)
    }

    /// The fault that a request meets.
    pub(super) fn meet(&mut self, path: &str) -> Option<Fault> {
        let rule = self.rules.iter_mut().find(|rule| rule.times > 0 && path.contains(rule.path));
        let fault = match rule {
            Some(rule) if rule.skip > 0 => {
                rule.skip -= 1;
                None
            }
            Some(rule) => {
                rule.times -= 1;
                Some(rule.fault.clone())
            }
            None => self.lot.as_mut().and_then(Lot::draw),
        };
        self.met += usize::from(fault.is_some());
        fault
    }
}

impl Lot {
    /// xorshift64.
    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn draw(&mut self) -> Option<Fault> {
        let hit = self.next() % 100 < u64::from(self.percent);
        let which = usize::try_from(self.next() % self.faults.len() as u64).unwrap();
        hit.then(|| self.faults[which].clone())
    }
}
