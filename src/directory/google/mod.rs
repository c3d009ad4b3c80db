//! People from Google Workspace or Cloud Identity, over the Admin SDK Directory API
//! (developers.google.com/workspace/admin/directory/reference/rest).
//!
//! Groups are walked first ([`members`]), then everybody is listed ([`pages`]) and handed on. A scope of groups does not
//! make the list shorter: the API gives no request for several people by id, a list costs one request for 500 of them,
//! and members from elsewhere cannot be told from people whom the reader may not see.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::delivery::Delivery;
use super::web::Web;
use super::{Directory, Error, Member, ReadQuery, ResolvedGroup, Shown, Who, WholeRead, Wiring};
use crate::api::{GoogleAuthType, GoogleSource, GroupRef};
use crate::net::api::Throttling;
use crate::net::{Secret, Watch};
use crate::person::{Person, PersonId};

mod again;
mod auth;
mod fault;
mod groups;
mod members;
mod pages;
mod people;
mod query;
mod workload;

use auth::SignIn;
use fault::{Api, Part, pace};
use members::Members;
use pages::Listing;
use people::Reader;
use query::Narrowing;

const API: &str = "https://admin.googleapis.com";
/// The customer of the account that reads.
const MY_CUSTOMER: &str = "my_customer";
/// People a page: the most that users.list gives.
const PAGE: u16 = 500;

/// A directory as its manifest describes it, with what the manifest only points at.
#[derive(Clone, Debug)]
pub struct GoogleSettings {
    /// `spec.source.google`.
    pub source: GoogleSource,
    /// How to sign in.
    pub credential: GoogleCredential,
    /// The operator's part.
    pub wiring: Wiring,
}

/// How the service account signs in, its secrets read.
#[derive(Clone, Debug)]
pub enum GoogleCredential {
    /// The JSON key file.
    Key(Secret),
    /// A token that the workload identity pool trusts.
    Token(Secret),
}

/// Google Workspace.
#[derive(Debug)]
pub struct GoogleDirectory(Google);

/// The API under each of its scopes, and whose people are read.
#[derive(Debug)]
struct Google {
    people: Api,
    groups: Api,
    customer: String,
    domain: Option<String>,
    page_size: u16,
}

/// Opens it as its manifest says, its secrets read.
pub async fn from_manifest(source: GoogleSource, member: Member<'_>, watch: Watch) -> Result<GoogleDirectory, Error> {
    let auth = &source.auth;
    let credential = match auth.type_ {
        GoogleAuthType::ServiceAccountKey => {
            GoogleCredential::Key(member.secret("auth.serviceAccountKey", auth.service_account_key.as_ref()).await?)
        }
        GoogleAuthType::WorkloadIdentity => {
            let identity = member.given("auth.workloadIdentity", auth.workload_identity.as_ref())?;
            let (account, audience) = (&identity.service_account_ref, format!("https:{}", identity.provider));
            GoogleCredential::Token(member.token("auth.workloadIdentity.serviceAccountRef", account, &audience).await?)
        }
    };
    let wiring = member.wiring(source.tls.as_ref(), watch).await?;
    open(GoogleSettings { source, credential, wiring })
}

/// Checks the settings; asks nothing yet.
///
/// # Errors
/// [`Error::Settings`] names the field that cannot be.
pub fn open(settings: GoogleSettings) -> Result<GoogleDirectory, Error> {
    let GoogleSettings { source, credential, wiring } = settings;
    let client = wiring.client("source.google")?;
    let sign_in = Arc::new(SignIn::new(&source, credential, &wiring, &client)?);
    let directory = source.endpoints.as_ref().and_then(|endpoints| endpoints.directory.as_deref());
    let base = wiring.url("source.google.endpoints.directory", directory.unwrap_or(API))?;
    let api = |part: Part| {
        let scope = match part {
            Part::People => auth::USERS,
            Part::Groups => auth::GROUPS,
        };
        let web = Web::new(client.clone(), base.clone(), SignIn::auth(&sign_in, scope), &wiring).paced(pace);
        Api { web, part, delegated: source.subject.is_some() }
    };
    let page_size = source.page_size.and_then(|size| u16::try_from(size).ok()).unwrap_or(PAGE).clamp(1, PAGE);
    let customer = source.customer.unwrap_or_else(|| MY_CUSTOMER.to_owned());
    let (people, groups) = (api(Part::People), api(Part::Groups));
    Ok(GoogleDirectory(Google { people, groups, customer, domain: source.domain, page_size }))
}

#[async_trait]
impl Directory for GoogleDirectory {
    async fn resolve_groups(&self, groups: &[GroupRef]) -> Result<Vec<ResolvedGroup>, Error> {
        if groups.is_empty() {
            self.0.prove().await?;
        }
        let mut resolved = Vec::with_capacity(groups.len());
        for group in groups {
            resolved.push(groups::resolve(&self.0.groups, &self.0.customer, group).await?);
        }
        Ok(resolved)
    }

    async fn read(&self, query: &ReadQuery, pages: mpsc::Sender<Vec<Person>>) -> Result<WholeRead, Error> {
        self.0.read(query, pages).await
    }

    async fn read_again(&self, query: &ReadQuery, ids: &[PersonId]) -> Result<Vec<Person>, Error> {
        self.0.read_by_id(query, ids).await
    }

    async fn show(&self, who: &Who) -> Result<Vec<Shown>, Error> {
        self.0.shown(who).await
    }

    fn throttling(&self) -> Throttling {
        let (people, groups) = (self.0.people.web.throttling(), self.0.groups.web.throttling());
        Throttling { times: people.times + groups.times, waited: people.waited + groups.waited }
    }
}

impl Google {
    async fn read(&self, query: &ReadQuery, pages: mpsc::Sender<Vec<Person>>) -> Result<WholeRead, Error> {
        let narrowing = Narrowing::of(query)?;
        let members = Members::read(&self.groups, self.page_size, &query.groups).await?;
        let reader = Reader::new(query, &members, &narrowing)?;
        let mut parameters = reader.projection();
        parameters.extend(narrowing.query(None).map(|query| ("query", query)));
        let mut listing = self.users(Some(query), &reader.fields(&[]), parameters);
        let mut delivery = Delivery::new(query, pages);
        while let Some(page) = listing.next().await? {
            let people = page.iter().map(|record| reader.person(&self.people, record));
            let people = people.filter(|person| person.as_ref().map_or(true, |person| person.in_query));
            let again = delivery.page(people.collect::<Result<Vec<_>, _>>()?).await?;
            if again > 0 && !listing.began_anew() {
                return Err(self.people.web.incomplete("somebody came twice: the directory changed under the read"));
            }
        }
        Ok(delivery.whole())
    }

    /// The list of users of the customer or domain.
    fn users<'a>(
        &'a self,
        query: Option<&'a ReadQuery>,
        fields: &str,
        more: Vec<(&'static str, String)>,
    ) -> Listing<'a> {
        let whose = match &self.domain {
            Some(domain) => ("domain", domain.clone()),
            None => ("customer", self.customer.clone()),
        };
        let fields = ("fields", format!("kind,nextPageToken,users({fields})"));
        let parameters = [whose, fields].into_iter().chain(more).collect();
        let kind = ("admin#directory#users", "users");
        let listing = Listing::new(&self.people, &["users"], kind, self.page_size, parameters);
        match query {
            Some(query) => listing.of(query),
            None => listing,
        }
    }

    /// Asks for one page, to see that the credentials are good.
    async fn prove(&self) -> Result<(), Error> {
        self.users(None, "id", Vec::new()).next().await.map(|_page| ())
    }
}
