//! `scope.pattern.segment`: an administrative unit, by id or by a name that only one has. Units are not nested.

use super::fault::About;
use super::groups::{by_id, by_name, check_hidden};
use super::pages::guid;
use super::{Graph, SEGMENT};
use crate::directory::web::wrong;
use crate::directory::{Error, ReadQuery};

const UNITS: [&str; 2] = ["directory", "administrativeUnits"];

/// An administrative unit that exists, exactly once.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) id: String,
    /// Its name: where its members lie.
    pub(super) name: String,
}

impl Unit {
    /// The unit that a query is about.
    pub(super) async fn of(graph: &Graph, query: &ReadQuery) -> Result<Option<Self>, Error> {
        let Some(segment) = query.segment.as_deref() else { return Ok(None) };
        if segment.trim().is_empty() {
            return Err(wrong(SEGMENT, "name an administrative unit, or leave segment out"));
        }
        let mut found: Vec<_> = if guid(segment).is_some() {
            by_id(graph, About::Unit, &UNITS, segment).await?.into_iter().collect()
        } else {
            by_name(graph, About::Unit, &UNITS, segment).await?
        };
        match (found.pop(), found.len()) {
            (Some(unit), 0) => {
                let id = unit.id(graph)?;
                if unit.is_hidden() {
                    check_hidden(graph, About::Unit, &[UNITS[0], UNITS[1], &id, "members"]).await?;
                }
                let name = unit.display_name.unwrap_or_else(|| segment.to_owned());
                Ok(Some(Self { id, name }))
            }
            (None, _) => Err(wrong(
                SEGMENT,
                "there is no such administrative unit: check the spelling; the application needs the permission AdministrativeUnit.Read.All",
            )),
            (Some(_), more) => {
                Err(wrong(SEGMENT, format!("{} administrative units have that name: give the id of one", more + 1)))
            }
        }
    }

    /// Where its people are listed.
    pub(super) fn people(&self) -> [&str; 5] {
        [UNITS[0], UNITS[1], &self.id, "members", "microsoft.graph.user"]
    }
}
