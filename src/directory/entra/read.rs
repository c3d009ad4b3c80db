//! The whole read.

use tokio::sync::mpsc;

use super::fault::About;
use super::members::{self, Members};
use super::pages::{Item, Pages, Step};
use super::people::Reader;
use super::units::Unit;
use super::{Graph, filter, groups};
use crate::directory::delivery::Delivery;
use crate::directory::{Error, ReadQuery, WholeRead};
use crate::person::Person;

/// A listing of people, and what being on it says of somebody.
struct Listing<'a> {
    pages: Pages<'a>,
    /// The group, by its place, whose people are listed.
    group: Option<usize>,
    location: Option<&'a str>,
}

impl Graph {
    /// Reads from the unit where the scope has a segment, else from the groups that bound it, else everybody. Who is in one
    /// of several such groups is known before people are read, but for the first, whose listing tells it.
    pub(super) async fn read(&self, query: &ReadQuery, pages: mpsc::Sender<Vec<Person>>) -> Result<WholeRead, Error> {
        let reader = Reader::new(self, query)?;
        let filter = filter::of(query)?;
        let unit = Unit::of(self, query).await?;
        let bounds: &[usize] = if unit.is_some() { &[] } else { &query.only_members_of };
        let members = Members::read(self, &query.groups, bounds.first().copied()).await?;
        let question = |about| reader.question(about, filter.is_some());
        let mut delivery = Delivery::new(query, pages);
        if let Some(unit) = &unit {
            let pages = Pages::new(self, question(About::Unit), &unit.people(), reader.select(), filter);
            let listing = Listing { pages, group: None, location: Some(&unit.name) };
            deliver(&reader, &members, listing, &mut delivery).await?;
        } else if bounds.is_empty() {
            let pages = Pages::new(self, question(About::People), &["users"], reader.select(), filter);
            deliver(&reader, &members, Listing { pages, group: None, location: None }, &mut delivery).await?;
        }
        for place in bounds {
            let group = query.groups.get(*place).ok_or_else(|| self.web.incomplete("a bound names no group"))?;
            groups::check(self, &group.group).await?;
            let steps = members::people(group);
            let pages = Pages::new(self, question(About::Group), &steps, reader.select(), filter);
            let listing = Listing { pages, group: Some(*place), location: None };
            deliver(&reader, &members, listing, &mut delivery).await?;
        }
        Ok(delivery.whole())
    }
}

async fn deliver(
    reader: &Reader<'_>,
    members: &Members,
    mut listing: Listing<'_>,
    delivery: &mut Delivery<'_>,
) -> Result<(), Error> {
    while let Some(step) = listing.pages.next().await? {
        // Who comes again when a listing begins anew is not sent again.
        let Step::Page(items) = step else { continue };
        let mut people = Vec::with_capacity(items.len());
        for Item { key, id, record } in items {
            let mut groups = members.of(&key);
            if let Some(group) = listing.group {
                groups.insert(group);
            }
            people.push(reader.person(id, &record, groups, listing.location.map(ToOwned::to_owned))?);
        }
        people.retain(|person| person.in_query);
        delivery.page(people).await?;
    }
    Ok(())
}
