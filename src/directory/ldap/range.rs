//! Active Directory gives the values of a long attribute in ranges (MS-ADTS 3.1.1.3.1.3.3): `member;range=0-1499`, and so on
//! until a range that ends in `*`. Only then is the attribute read whole (L2).
//!
//! No I/O: says what to ask for, and takes what came.

use super::entry::{Attribute, Values};

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
    pub(super) fn accept<'b>(
        &mut self,
        attributes: &[Attribute<'b>],
    ) -> Result<impl Iterator<Item = &'b [u8]> + use<'b>, BrokenRange> {
        let ours = |name: &str| parse(name).is_some_and(|range| range.attribute.eq_ignore_ascii_case(self.attribute));
        if let Some(answer) = attributes.iter().find(|attribute| ours(attribute.name)) {
            let range = parse(answer.name).ok_or(BrokenRange)?;
            if range.first != self.next {
                return Err(BrokenRange);
            }
            match range.last {
                None => self.done = true,
                Some(last) => {
                    let next = last.checked_add(1).ok_or(BrokenRange)?;
                    let values = u64::try_from(answer.values.iter().count()).ok();
                    // An empty or short range would go on for ever, or leave a hole.
                    if next.checked_sub(range.first) != values || next == range.first {
                        return Err(BrokenRange);
                    }
                    self.next = next;
                }
            }
            return Ok(Some(answer.values).into_iter().flat_map(Values::iter));
        }
        if self.next != 0 {
            return Err(BrokenRange);
        }
        self.done = true;
        let plain = attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(self.attribute));
        Ok(plain.map(|attribute| attribute.values).into_iter().flat_map(Values::iter))
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

/// A name without its options.
pub(super) fn base(name: &str) -> &str {
    name.split_once(';').map_or(name, |(base, _)| base)
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
    use super::super::entry::Entry;
    use super::super::wire::ber::{OCTET_STRING, SEQUENCE, SET, Writer};
    use super::{BrokenRange, Ranged};

    /// An entry in BER.
    fn entry(attributes: &[(String, &[String])]) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.put(OCTET_STRING, b"cn=sales");
        writer.nest(SEQUENCE, |list| {
            for (name, values) in attributes {
                list.nest(SEQUENCE, |attribute| {
                    attribute.put(OCTET_STRING, name.as_bytes());
                    attribute.nest(SET, |set| values.iter().for_each(|value| set.put(OCTET_STRING, value.as_bytes())));
                });
            }
        });
        writer.into_bytes()
    }

    /// A server that gives at most `limit` values at once, as Active Directory's `MaxValRange` says.
    fn serve(request: &str, values: &[String], limit: usize) -> Vec<u8> {
        let first = request.split_once("range=").map_or(0, |(_, range)| range.trim_end_matches("-*").parse().unwrap());
        let part = &values[first..values.len().min(first + limit)];
        if first == 0 && values.len() <= limit {
            return entry(&[("Member".into(), part)]);
        }
        let last = if first + part.len() >= values.len() { "*".into() } else { (first + part.len() - 1).to_string() };
        // The plain attribute is there as well, empty.
        entry(&[("member".into(), &[]), (format!("member;range={first}-{last}"), part)])
    }

    fn accept(ranged: &mut Ranged<'_>, answer: &[u8]) -> Result<Vec<Vec<u8>>, BrokenRange> {
        let entry = Entry::read(answer).unwrap();
        ranged.accept(&entry.attributes).map(|values| values.map(<[u8]>::to_vec).collect())
    }

    fn read(count: usize, limit: usize) -> (usize, usize) {
        let values: Vec<_> = (0..count).map(|n| format!("cn={n}")).collect();
        let (mut ranged, mut seen, mut requests) = (Ranged::new("member"), vec![], 0);
        while let Some(request) = ranged.request() {
            requests += 1;
            seen.extend(accept(&mut ranged, &serve(&request, &values, limit)).unwrap());
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
        let answer = |name: &str, values: usize| entry(&[(name.into(), &vec!["cn=a".to_owned(); values])]);
        assert_eq!(accept(&mut Ranged::new("member"), &answer("member;range=1-*", 1)), Err(BrokenRange));
        assert_eq!(accept(&mut Ranged::new("member"), &answer("member;range=0-4", 3)), Err(BrokenRange));
        // A range that no list can have: its end plus one is 0 again, and the read would begin anew without end.
        let endless = answer("member;range=0-18446744073709551615", 0);
        assert_eq!(accept(&mut Ranged::new("member"), &endless), Err(BrokenRange));
        let mut second = Ranged::new("member");
        assert!(accept(&mut second, &answer("member;range=0-2", 3)).is_ok());
        assert_eq!(second.request().as_deref(), Some("member;range=3-*"));
        // The rest is not there any more.
        assert_eq!(accept(&mut second, &entry(&[])), Err(BrokenRange));
    }
}
