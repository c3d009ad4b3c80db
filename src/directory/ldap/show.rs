//! Shows everything that the reader may see of a few people, so that a mapping can be written without guessing.

use serde_json::{Map, Value};

use super::connect::{Connection, connect};
use super::entry::Entry;
use super::members::{Members, whole_attribute};
use super::people::{Form, Reader};
use super::range;
use super::search::{Search, read_entry};
use super::server::{DisabledRule, Server};
use super::wire::Scope;
use super::{LdapDirectory, filter};
use crate::directory::shown::{is_secret, one_or_all};
use crate::directory::{Error, MOST_SHOWN, ReadQuery, Shown, Who};

const BASE: &str = "source.ldap.baseDN";
/// All user attributes (RFC 4511 section 4.5.1.8). Operational ones must be named.
const ALL: &str = "*";
/// Operational in OpenLDAP (slapo-memberof), and what groups are guessed from first.
const MEMBER_OF: &str = "memberOf";

impl LdapDirectory {
    /// The people below the base with this id or address.
    pub(super) async fn show_people(&self, who: &Who) -> Result<Vec<Shown>, Error> {
        let server = &self.server;
        // An id that this directory cannot have is nobody's.
        let Some(wanted) = filter_of(server, who) else { return Ok(Vec::new()) };
        let filter = filter::and(&server.person_filter, &wanted);
        let mut connection = connect(server).await?;
        let (members, query) = (Members::default(), ReadQuery::default());
        let reader = Reader::new(server, &members, &query);
        let search = Search {
            base: &server.base_dn,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: attributes(server),
            page_size: Some(server.page_size),
        };
        let mut pages = connection.search(search).await.map_err(|fault| fault.blame(BASE))?;
        let mut shown = Vec::new();
        while shown.len() < MOST_SHOWN
            && let Some(page) = pages.next().await.map_err(|fault| fault.blame(BASE))?
        {
            for raw in page.iter().take(MOST_SHOWN - shown.len()) {
                let entry = read_entry(server, raw)?;
                let connection = pages.connection().await.map_err(|fault| fault.blame(BASE))?;
                shown.push(Shown {
                    id: reader.id(&entry)?,
                    disabled: reader.disabled(&entry)?,
                    location: Some(entry.dn.to_owned()),
                    attributes: everything(connection, &entry).await?,
                });
            }
        }
        Ok(shown)
    }
}

/// Active Directory keeps every address of a person in proxyAddresses, the one in mail among them, behind smtp: or SMTP:
/// (MS-ADA3 2.140); it compares both without regard to case, as mail's own syntax has it (RFC 4524 section 2.16).
fn filter_of(server: &Server, who: &Who) -> Option<String> {
    match who {
        Who::Id(id) => server.id.filter(id),
        Who::Email(address) if server.is_active_directory() => Some(filter::or([
            filter::equals("mail", address),
            filter::equals("proxyAddresses", &format!("smtp:{address}")),
        ])),
        Who::Email(address) => Some(filter::equals("mail", address)),
    }
}

/// Everything, and what a server gives only by name: the id, what marks accounts as disabled, groups.
fn attributes(server: &Server) -> Vec<String> {
    let rule = match &server.disabled {
        DisabledRule::Values(rule) => Some(rule.attribute.as_str()),
        DisabledRule::Never | DisabledRule::AccountControl => None,
    };
    let mut names: Vec<String> = Vec::new();
    for name in [ALL, &server.id.name, MEMBER_OF].into_iter().chain(rule) {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The attributes of an entry, each read to its end.
async fn everything(connection: &mut Connection<'_>, entry: &Entry<'_>) -> Result<Map<String, Value>, Error> {
    let mut all = Map::new();
    for attribute in entry.attributes.iter().filter(|attribute| !is_secret(attribute.name)) {
        let ranged = range::is_ranged(attribute.name);
        let name = if ranged { range::base(attribute.name) } else { attribute.name };
        let form = Form::of(name);
        let values: Vec<Value> = if ranged {
            whole_attribute(connection, entry.dn, name).await?.iter().map(|value| form.text(value)).collect()
        } else {
            attribute.values.iter().map(|value| form.text(value)).collect()
        };
        // The plain name of one that came in ranges comes too, without values.
        if !values.is_empty() {
            all.insert(name.to_owned(), one_or_all(values));
        }
    }
    Ok(all)
}
