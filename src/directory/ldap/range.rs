//! Active Directory gives the values of a long attribute in ranges (MS-ADTS 3.1.1.3.1.3.3): `member;range=0-1499`, and so on
//! until a range that ends in `*`. Only then is the attribute read whole (L2).
//!
//! No I/O: says what to ask for, and takes what came.

use super::entry::Attribute;

/// Reads one attribute of one entry to its end.
#[derive(Debug)]
pub(super) struct Ranged<'a> {
    attribute: &'a str,
    next: u64,
    done: bool,
}

/// The server's ranges do not add up.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct BrokenRange;

impl<'a> Ranged<'a> {
    pub(super) fn new(attribute: &'a str) -> Self {
        Self { attribute, next: 0, done: false }
    }

    /// What to ask the entry for next; `None` when every value was seen.
    pub(super) fn request(&self) -> Option<String> {
        match (self.done, self.next) {
            (true, _) => None,
            (false, 0) => Some(self.attribute.to_owned()),
            (false, next) => Some(format!("{};range={next}-*", self.attribute)),
        }
    }

    /// Takes the answer to [`Self::request`], whatever else it holds, and gives the values in it.
    pub(super) fn accept(&mut self, attributes: &mut Vec<Attribute>) -> Result<Vec<Vec<u8>>, BrokenRange> {
        let ours = |name: &str| parse(name).is_some_and(|range| range.attribute.eq_ignore_ascii_case(self.attribute));
        if let Some(at) = attributes.iter().position(|attribute| ours(&attribute.name)) {
            let answer = attributes.swap_remove(at);
            let range = parse(&answer.name).ok_or(BrokenRange)?;
            if range.first != self.next {
                return Err(BrokenRange);
            }
            match range.last {
                None => self.done = true,
                Some(last) => {
                    let next = last.checked_add(1).ok_or(BrokenRange)?;
                    // An empty or short range would go on for ever, or leave a hole.
                    if next.checked_sub(range.first) != u64::try_from(answer.values.len()).ok() || next == range.first {
                        return Err(BrokenRange);
                    }
                    self.next = next;
                }
            }
            return Ok(answer.values);
        }
        if self.next != 0 {
            return Err(BrokenRange);
        }
        self.done = true;
        let plain = attributes.iter().position(|attribute| attribute.name.eq_ignore_ascii_case(self.attribute));
        Ok(plain.map(|at| attributes.swap_remove(at).values).unwrap_or_default())
    }
}

struct Range<'a> {
    attribute: &'a str,
    first: u64,
    last: Option<u64>,
}

/// Whether an attribute came in ranges.
pub(super) fn is_ranged(name: &str) -> bool {
    name.as_bytes().contains(&b';') && parse(name).is_some()
}

fn parse(name: &str) -> Option<Range<'_>> {
    let (attribute, option) = name.split_once(';')?;
    let (key, range) = option.split_once('=')?;
    let (first, last) = range.split_once('-')?;
    let last = if last == "*" { None } else { Some(last.parse().ok()?) };
    key.eq_ignore_ascii_case("range").then_some(Range { attribute, first: first.parse().ok()?, last })
}

#[cfg(test)]
mod tests {
    use super::{Attribute, BrokenRange, Ranged};

    /// A server that gives at most `limit` values at once, as Active Directory's `MaxValRange` says.
    fn serve(request: &str, values: &[String], limit: usize) -> Vec<Attribute> {
        let first = request.split_once("range=").map_or(0, |(_, range)| range.trim_end_matches("-*").parse().unwrap());
        let part: Vec<_> = values.iter().skip(first).take(limit).map(|value| value.clone().into_bytes()).collect();
        if first == 0 && values.len() <= limit {
            return vec![Attribute { name: "Member".into(), values: part }];
        }
        let last = if first + part.len() >= values.len() { "*".into() } else { (first + part.len() - 1).to_string() };
        // The plain attribute is there as well, empty.
        let ranged = Attribute { name: format!("member;range={first}-{last}"), values: part };
        vec![Attribute { name: "member".into(), values: vec![] }, ranged]
    }

    fn read(count: usize, limit: usize) -> (usize, usize) {
        let values: Vec<_> = (0..count).map(|n| format!("cn={n}")).collect();
        let (mut ranged, mut seen, mut requests) = (Ranged::new("member"), vec![], 0);
        while let Some(request) = ranged.request() {
            requests += 1;
            seen.extend(ranged.accept(&mut serve(&request, &values, limit)).unwrap());
        }
        assert!(seen.iter().zip(&values).all(|(seen, value)| seen == value.as_bytes()));
        (seen.len(), requests)
    }

    #[test]
    fn l02_ranged_members_are_read_to_the_star() {
        assert_eq!(read(0, 1500), (0, 1));
        assert_eq!(read(1500, 1500), (1500, 1));
        assert_eq!(read(1501, 1500), (1501, 2));
        assert_eq!(read(4999, 1500), (4999, 4));
    }

    #[test]
    fn l02_ranges_with_a_hole_are_refused() {
        let answer =
            |name: &str, values: usize| vec![Attribute { name: name.into(), values: vec![b"cn=a".to_vec(); values] }];
        assert_eq!(Ranged::new("member").accept(&mut answer("member;range=1-*", 1)), Err(BrokenRange));
        assert_eq!(Ranged::new("member").accept(&mut answer("member;range=0-4", 3)), Err(BrokenRange));
        // A range that no list can have: its end plus one is 0 again, and the read would begin anew without end.
        assert_eq!(
            Ranged::new("member").accept(&mut answer("member;range=0-18446744073709551615", 0)),
            Err(BrokenRange)
        );
        let mut second = Ranged::new("member");
        assert!(second.accept(&mut answer("member;range=0-2", 3)).is_ok());
        assert_eq!(second.request().as_deref(), Some("member;range=3-*"));
        // The rest is not there any more.
        assert_eq!(second.accept(&mut vec![]), Err(BrokenRange));
    }
}
