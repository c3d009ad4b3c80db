//! People from Microsoft Entra ID, over Microsoft Graph v1.0.
//!
//! People are read in pages ([`pages`]) from whichever listing holds the fewest of them ([`read`]): everybody, the members
//! of a group, or those of an administrative unit. Who else is in which group is read before, as ids only ([`members`]).
//! Leavers are asked for by id in batches ([`again`]), past the index that listings come from.

use async_trait::async_trait;
use tokio::sync::mpsc;
use url::Url;

use super::web::Web;
use super::{Directory, Error, Member, ReadQuery, ResolvedGroup, Shown, Who, WholeRead, Wiring};
use crate::api::{EntraAuthType, EntraCloud, EntraEndpoints, EntraGuests, EntraSource, GroupRef};
use crate::net::api::{Auth, Throttling};
use crate::net::{RetryPolicy, Secret, Watch};
use crate::person::{Person, PersonId};

mod again;
mod batch;
mod fault;
mod filter;
mod groups;
mod members;
mod pages;
mod people;
mod read;
mod show;
mod sign_in;
mod units;

/// Where attributes are named; the scope names some too.
const MAPPING: &str = "mapping";
const SEGMENT: &str = "scope.pattern.segment";
const FILTER: &str = "scope.pattern.filter";

/// The most that Graph gives in one page (learn.microsoft.com/graph/api/user-list).
const MOST_PER_PAGE: u32 = 999;

/// A directory as its manifest describes it, with what the manifest only points at.
#[derive(Clone, Debug)]
pub struct EntraSettings {
    /// `spec.source.entra`.
    pub source: EntraSource,
    /// How to sign in.
    pub credential: EntraCredential,
    /// The operator's part.
    pub wiring: Wiring,
}

/// How the application signs in, its secrets read.
#[derive(Clone, Debug)]
pub enum EntraCredential {
    /// A client secret.
    ClientSecret(Secret),
    /// A certificate and its private key, in PEM.
    Certificate {
        /// The certificate.
        certificate: Secret,
        /// Its key.
        private_key: Secret,
    },
    /// A token that the application's federated credential trusts.
    Token(Secret),
}

/// Microsoft Entra ID.
#[derive(Debug)]
pub struct EntraDirectory {
    graph: Graph,
}

/// The API, and what the manifest says of reading it.
#[derive(Debug)]
struct Graph {
    web: Web,
    page_size: String,
    guests: EntraGuests,
    retry: RetryPolicy,
}

/// Who Entra takes a token of a service account for, unless the manifest says otherwise.
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// Opens it as its manifest says, its secrets read.
pub async fn from_manifest(source: EntraSource, member: Member<'_>, watch: Watch) -> Result<EntraDirectory, Error> {
    let auth = &source.auth;
    let credential = match auth.type_ {
        EntraAuthType::ClientSecret => {
            EntraCredential::ClientSecret(member.secret("auth.clientSecret", auth.client_secret.as_ref()).await?)
        }
        EntraAuthType::Certificate => {
            let pair = member.given("auth.certificate", auth.certificate.as_ref())?;
            EntraCredential::Certificate {
                certificate: member.secret("auth.certificate.certificate", Some(&pair.certificate)).await?,
                private_key: member.secret("auth.certificate.privateKey", Some(&pair.private_key)).await?,
            }
        }
        EntraAuthType::WorkloadIdentity => {
            let field = "auth.serviceAccountRef";
            let account = member.given(field, auth.service_account_ref.as_ref())?;
            EntraCredential::Token(member.token(field, account, AUDIENCE).await?)
        }
    };
    let wiring = member.wiring(source.tls.as_ref(), watch).await?;
    open(EntraSettings { source, credential, wiring })
}

/// Checks the settings; asks nothing yet.
///
/// # Errors
/// [`Error::Settings`] names the field that cannot be.
pub fn open(settings: EntraSettings) -> Result<EntraDirectory, Error> {
    let EntraSettings { source, credential, wiring } = settings;
    let EntraEndpoints { login, graph } = endpoints(&source);
    let client = wiring.client("source.entra")?;
    let login = wiring.url("source.entra.endpoints.login", &login)?;
    let graph = wiring.url("source.entra.endpoints.graph", &graph)?;
    let tokens = sign_in::tokens(&client, &source, credential, &login, &graph)?;
    let web = Web::new(client, below(&graph, &["v1.0"]), Auth::OAuth2(tokens), &wiring);
    let page_size = source.page_size.and_then(|size| u32::try_from(size).ok()).unwrap_or(MOST_PER_PAGE);
    let page_size = page_size.clamp(1, MOST_PER_PAGE).to_string();
    let guests = source.guests.unwrap_or_default();
    Ok(EntraDirectory { graph: Graph { web, page_size, guests, retry: wiring.retry } })
}

/// Where the tenant's cloud is (learn.microsoft.com/graph/deployments), or where the manifest says.
fn endpoints(source: &EntraSource) -> EntraEndpoints {
    let (login, graph) = match source.cloud.unwrap_or_default() {
        EntraCloud::Global => ("https://login.microsoftonline.com", "https://graph.microsoft.com"),
        EntraCloud::USGovernment => ("https://login.microsoftonline.us", "https://graph.microsoft.us"),
        EntraCloud::USGovernmentDoD => ("https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
        EntraCloud::China => ("https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn"),
    };
    let of_cloud = || EntraEndpoints { login: login.to_owned(), graph: graph.to_owned() };
    source.endpoints.clone().unwrap_or_else(of_cloud)
}

/// A URL below another.
fn below(url: &Url, steps: &[&str]) -> Url {
    let mut url = url.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(steps);
    }
    url
}

#[async_trait]
impl Directory for EntraDirectory {
    async fn resolve_groups(&self, groups: &[GroupRef]) -> Result<Vec<ResolvedGroup>, Error> {
        if groups.is_empty() {
            self.graph.web.sign_in().await?;
        }
        let mut resolved = Vec::with_capacity(groups.len());
        for group in groups {
            resolved.push(groups::resolve(&self.graph, group).await?);
        }
        Ok(resolved)
    }

    async fn read(&self, query: &ReadQuery, pages: mpsc::Sender<Vec<Person>>) -> Result<WholeRead, Error> {
        self.graph.read(query, pages).await
    }

    async fn read_again(&self, query: &ReadQuery, ids: &[PersonId]) -> Result<Vec<Person>, Error> {
        self.graph.read_by_id(query, ids).await
    }

    async fn show(&self, who: &Who) -> Result<Vec<Shown>, Error> {
        self.graph.show(who).await
    }

    fn throttling(&self) -> Throttling {
        self.graph.web.throttling()
    }
}
