//! Requests are deleted soon after they expired, whoever forgot to. A listing a minute, without a watch: there are few, and
//! nothing depends on it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::api::{DeleteParams, ListParams, Preconditions};
use kube::{Api, Client, ResourceExt as _};

use super::super::error::brief;
use super::ticket::{LIFETIME, age};
use crate::api::ContactSyncLogRequest;
use crate::clock::Clock;

/// How often they are looked for.
const EVERY: Duration = Duration::from_mins(1);
/// Objects that one answer holds.
const PAGE: u32 = 100;
/// By how much the API server's clock may be behind ours.
const SKEW: SignedDuration = SignedDuration::from_mins(1);

/// Deletes, for as long as it is polled, requests in these namespaces (none: all) that nothing opens any more.
pub async fn expire(client: Client, namespaces: Vec<String>, clock: Clock) {
    let apis: Vec<Api<ContactSyncLogRequest>> = if namespaces.is_empty() {
        vec![Api::all(client.clone())]
    } else {
        namespaces.iter().map(|namespace| Api::namespaced(client.clone(), namespace)).collect()
    };
    let mut told = false;
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        for api in &apis {
            match once(&client, api, clock()).await {
                Ok(()) => told = false,
                Err(error) if !told => {
                    told = true;
                    let error = brief(&error);
                    tracing::warn!(%error, "log requests that expired cannot be deleted: check crds/ and the rights");
                }
                Err(_told_already) => {}
            }
        }
    }
}

async fn once(client: &Client, api: &Api<ContactSyncLogRequest>, now: Timestamp) -> kube::Result<()> {
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let list = api.list(&page).await?;
        let expired = |request: &&ContactSyncLogRequest| age(request, now).is_some_and(|age| age > LIFETIME + SKEW);
        for request in list.items.iter().filter(expired) {
            let there: Api<ContactSyncLogRequest> =
                Api::namespaced(client.clone(), request.namespace().as_deref().unwrap_or_default());
            let only = Preconditions { uid: request.uid(), resource_version: None };
            match there.delete(&request.name_any(), &DeleteParams::default().preconditions(only)).await {
                Ok(_) => {}
                Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {}
                Err(error) => return Err(error),
            }
        }
        match list.metadata.continue_.filter(|more| !more.is_empty()) {
            Some(more) => page = page.continue_token(&more),
            None => return Ok(()),
        }
    }
}
