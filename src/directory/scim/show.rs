//! Everything about one person, for `contactsync check`.

use super::ScimDirectory;
use super::listing::{Asked, Listing, filtered};
use super::people::Reader;
use super::server::{Kind, id_of};
use crate::directory::{Error, MOST_SHOWN, ReadQuery, Shown, Who};
use crate::person::PersonId;
use crate::scim::json::{self, Object};

impl ScimDirectory {
    pub(super) async fn find(&self, who: &Who) -> Result<Vec<Shown>, Error> {
        let server = &self.server;
        let ids = match who {
            Who::Id(id) => vec![id.clone()],
            Who::Email(email) => self.ids_of(email).await?,
        };
        let reader = Reader::new(server, self.segment_attribute.as_deref(), &ReadQuery::default())?;
        let mut shown = Vec::new();
        for id in ids.iter().take(MOST_SHOWN) {
            // Without a word about attributes: the server's own idea of a whole record.
            let Some(record) = server.resource(Kind::Users, id, None).await? else { continue };
            let Some(id) = PersonId::new(id) else { continue };
            let (disabled, (location, _)) = (reader.is_disabled(&record)?, reader.location(&record)?);
            shown.push(Shown { id, disabled, location, attributes: record });
        }
        Ok(shown)
    }

    /// Who has this address, as any of `emails` or to sign in with. Where no filter finds anybody, all are looked at (L16).
    async fn ids_of(&self, email: &str) -> Result<Vec<String>, Error> {
        let asked = Asked {
            parameter: "id,userName,emails".to_owned(),
            keys: vec!["userName".to_owned(), "emails".to_owned()],
        };
        let has = |record: &Object| {
            let is = |text: Option<&str>| text.is_some_and(|text| text.to_lowercase() == email.to_lowercase());
            is(json::text(record, "userName"))
                || json::entries(record, "emails").any(|entry| is(json::text(entry, "value")))
        };
        let mut found: Vec<String> = Vec::new();
        let note = |found: &mut Vec<String>, records: &[Object]| {
            for id in records.iter().filter(|record| has(record)).filter_map(id_of) {
                if !found.contains(&id) {
                    found.push(id);
                }
            }
        };
        for attribute in ["userName", "emails.value"] {
            let filter = format!("{attribute} eq {}", json::quoted(email));
            let records = filtered(&self.server, Kind::Users, filter, Some(&asked)).await?;
            note(&mut found, &records.unwrap_or_default());
        }
        if found.is_empty() {
            let mut listing = Listing::of(&self.server, Kind::Users, Some(&asked));
            while let Some(page) = listing.next().await? {
                note(&mut found, &page);
            }
        }
        Ok(found)
    }
}
