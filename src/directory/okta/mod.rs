//! People from Okta, over its Users and Groups APIs.
//!
//! Whom a read gives: without `scope.pattern.filter` everybody ([`expression::EVERYBODY`]), or the members of the groups that
//! bound the scope; with it whom the search finds. Okta says how many there are in no list, so a list that ends too soon
//! looks whole: whoever is missing from it is looked up by id ([`again`]) before anything is done.

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::mpsc;
use url::Url;

use super::delivery::Delivery;
use super::web::{Web, wrong};
use super::{Directory, Error, MOST_SHOWN, Member, ReadQuery, ResolvedGroup, Shown, Who, WholeRead, Wiring};
use crate::api::{GroupRef, OktaAuthType, OktaSource};
use crate::net::api::Throttling;
use crate::net::{Secret, Watch};
use crate::person::{GroupSet, Person, PersonId};

mod again;
mod auth;
mod client;
mod expression;
mod fault;
mod groups;
mod link;
mod members;
mod pace;
mod user;

use client::{Listing, Okta};
use fault::What;
use members::Members;
use user::{Reader, User};

const FIELD: &str = "source.okta";
const URL: &str = "source.okta.orgURL";
const FILTER: &str = "scope.pattern.filter";
/// The folder of the manifest that names groups.
const SCOPE: &str = "scope";
/// The most people that Okta gives in a page.
const PAGE: i32 = 200;

/// A directory as its manifest describes it, with what the manifest only points at.
#[derive(Clone, Debug)]
pub struct OktaSettings {
    /// `spec.source.okta`.
    pub source: OktaSource,
    /// How to sign in.
    pub credential: OktaCredential,
    /// The operator's part.
    pub wiring: Wiring,
}

/// How to sign in, its secret read.
#[derive(Clone, Debug)]
pub enum OktaCredential {
    /// An API token.
    ApiToken(Secret),
    /// The private key of the application, in PEM.
    PrivateKey(Secret),
}

/// Okta.
#[derive(Debug)]
pub struct OktaDirectory {
    okta: Okta,
    source: OktaSource,
}

/// Opens it as its manifest says, its secrets read.
pub async fn from_manifest(source: OktaSource, member: Member<'_>, watch: Watch) -> Result<OktaDirectory, Error> {
    let auth = &source.auth;
    let credential = match auth.type_ {
        OktaAuthType::ApiToken => {
            OktaCredential::ApiToken(member.secret("auth.apiToken", auth.api_token.as_ref()).await?)
        }
        OktaAuthType::PrivateKeyJwt => {
            let application = member.given("auth.privateKeyJWT", auth.private_key_jwt.as_ref())?;
            let key = member.secret("auth.privateKeyJWT.privateKey", Some(&application.private_key)).await?;
            OktaCredential::PrivateKey(key)
        }
    };
    let wiring = member.wiring(source.tls.as_ref(), watch).await?;
    open(OktaSettings { source, credential, wiring })
}

/// Checks the settings; asks nothing yet.
///
/// # Errors
/// [`Error::Settings`] names the field that cannot be.
pub fn open(settings: OktaSettings) -> Result<OktaDirectory, Error> {
    let org = org(&settings)?;
    let client = settings.wiring.client(FIELD)?;
    let (auth, sign_in) = auth::auth(&settings, &client, &org)?;
    let web = Web::new(client, org, auth, &settings.wiring).paced(pace::of);
    let page_size = settings.source.page_size.unwrap_or(PAGE).clamp(1, PAGE);
    Ok(OktaDirectory { okta: Okta { web, sign_in, page_size }, source: settings.source })
}

/// The organization's URL, whose host is the one that answers.
fn org(settings: &OktaSettings) -> Result<Url, Error> {
    let url = settings.wiring.url(URL, &settings.source.org_url)?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong(URL, "it must end after the host: give https://acme.okta.com, without a path"));
    }
    let (name, domain) = url.host_str().and_then(|host| host.split_once('.')).unwrap_or_default();
    if let Some(name) = name.strip_suffix("-admin").filter(|_| domain.starts_with("okta")) {
        let reason = format!("it is the address of the Admin Console: leave -admin out, https://{name}.{domain}");
        return Err(wrong(URL, reason));
    }
    Ok(url)
}

#[async_trait]
impl Directory for OktaDirectory {
    async fn resolve_groups(&self, groups: &[GroupRef]) -> Result<Vec<ResolvedGroup>, Error> {
        if groups.is_empty() {
            // Nothing else would show whether the credentials are good.
            let query = [("limit", "1"), ("fields", "id")];
            let mut listing: Listing<'_, User> = self.okta.short_list(What::Users, &["users"], &query);
            listing.page().await?;
        }
        let mut resolved = Vec::with_capacity(groups.len());
        for group in groups {
            resolved.push(groups::resolve(&self.okta, group).await?);
        }
        Ok(resolved)
    }

    async fn read(&self, query: &ReadQuery, pages: mpsc::Sender<Vec<Person>>) -> Result<WholeRead, Error> {
        let reader = Reader::new(&self.okta, self.segment_attribute(), query)?;
        let mut delivery = Delivery::new(query, pages);
        match (&query.filter, bounds(query).as_slice()) {
            (None, [only]) => {
                let members = Members::read(&self.okta, &query.groups, Some(&only.id)).await?;
                let places = members::places(&query.groups, &only.id);
                let read = Read { reader: &reader, members: &members, places, once: true };
                read.list(members::listing(&self.okta, only), &mut delivery).await?;
            }
            (None, [_, ..]) => {
                let members = Members::read(&self.okta, &query.groups, None).await?;
                for group in bounds(query) {
                    let read = Read { reader: &reader, members: &members, places: GroupSet::default(), once: false };
                    read.list(members::listing(&self.okta, group), &mut delivery).await?;
                }
            }
            (filter, _) => {
                let search = filter.as_deref().map(expression::checked).transpose()?.map(expression::narrowed);
                let members = Members::read(&self.okta, &query.groups, None).await?;
                let read = Read { reader: &reader, members: &members, places: GroupSet::default(), once: true };
                read.list(self.users(search.as_deref(), &reader), &mut delivery).await?;
            }
        }
        Ok(delivery.whole())
    }

    async fn read_again(&self, query: &ReadQuery, ids: &[PersonId]) -> Result<Vec<Person>, Error> {
        self.read_by_id(query, ids).await
    }

    async fn show(&self, who: &Who) -> Result<Vec<Shown>, Error> {
        let found: Vec<User> = match who {
            Who::Id(id) => self.okta.one(What::Users, &["users", id], &[]).await?.into_iter().collect(),
            Who::Email(address) => {
                let address = expression::quoted(address);
                let search = format!("profile.email eq {address} or profile.login eq {address}");
                let mut listing = self.okta.list(What::Users, &["users"], &[("search", &search)]);
                listing.page().await?.unwrap_or_default()
            }
        };
        let shown = found.into_iter().take(MOST_SHOWN);
        shown.map(|user| user::shown(&self.okta, self.segment_attribute(), user)).collect()
    }

    fn throttling(&self) -> Throttling {
        self.okta.web.throttling()
    }
}

impl OktaDirectory {
    fn segment_attribute(&self) -> Option<&str> {
        self.source.segment_attribute.as_deref()
    }

    /// All users of the base scope: those whom a search finds, or else everybody.
    fn users(&self, search: Option<&str>, reader: &Reader<'_>) -> Listing<'_, User> {
        let (what, asked) = match search {
            Some(search) => (What::Search, ("search", search)),
            None => (What::Users, ("filter", expression::EVERYBODY)),
        };
        let fields = reader.fields();
        let fields = fields.as_deref().map(|fields| ("fields", fields));
        let query: Vec<(&str, &str)> = [asked].into_iter().chain(fields).collect();
        self.okta.list(what, &["users"], &query)
    }
}

/// The groups that bound the scope, each once.
fn bounds(query: &ReadQuery) -> Vec<&ResolvedGroup> {
    let mut bounds: Vec<&ResolvedGroup> = Vec::new();
    for group in query.only_members_of.iter().filter_map(|place| query.groups.get(*place)) {
        if bounds.iter().all(|known| known.id != group.group.id) {
            bounds.push(&group.group);
        }
    }
    bounds
}

/// How the users of one list become people.
struct Read<'a> {
    reader: &'a Reader<'a>,
    members: &'a Members,
    /// Groups that everybody of the list is in.
    places: GroupSet,
    /// Whether nobody may come twice.
    once: bool,
}

impl Read<'_> {
    async fn list(&self, mut listing: Listing<'_, User>, delivery: &mut Delivery<'_>) -> Result<(), Error> {
        while let Some(page) = listing.page().await? {
            let mut people = Vec::with_capacity(page.len());
            for user in page {
                let mut groups = self.places.clone();
                if let Some(id) = user.get("id").and_then(Value::as_str) {
                    groups.union(&self.members.of(id));
                }
                let person = self.reader.person(&user, groups)?;
                if person.in_query {
                    people.push(person);
                }
            }
            if delivery.page(people).await? > 0 && self.once {
                return Err(listing.broken("somebody came twice: the list changed while it was read"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{OktaAuth, OktaAuthType};
    use crate::net::{Reach, Watch};

    fn opened(org_url: &str) -> Result<OktaDirectory, Error> {
        let auth = OktaAuth { type_: OktaAuthType::ApiToken, api_token: None, private_key_jwt: None };
        let source =
            OktaSource { org_url: org_url.to_owned(), auth, segment_attribute: None, page_size: None, tls: None };
        let credential = OktaCredential::ApiToken(Secret::new("hunter2".to_owned()));
        let wiring = Wiring::new(None, Reach::default(), Watch::default());
        open(OktaSettings { source, credential, wiring })
    }

    #[test]
    fn an_organization_is_a_host_and_not_the_admin_consoles() {
        for good in ["https://acme.okta.com", "https://acme.okta-emea.com/", "https://id-admin.acme.example"] {
            opened(good).unwrap();
        }
        for (bad, mend) in [
            ("https://acme-admin.okta.com", "https://acme.okta.com"),
            ("https://acme-admin.oktapreview.com/", "https://acme.oktapreview.com"),
            ("https://acme.okta.com/api/v1", "without a path"),
            ("https://acme.okta.com/?x=1", "without a path"),
            ("http://acme.okta.com", "https"),
        ] {
            let error = opened(bad).unwrap_err();
            assert!(matches!(&error, Error::Settings { field, .. } if field == URL), "{error}");
            assert!(error.to_string().contains(mend), "{error}");
        }
    }
}
