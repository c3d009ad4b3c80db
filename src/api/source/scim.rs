//! An identity provider that serves Users and Groups over SCIM 2.0.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::api::reference::{ENDPOINT, ENDPOINT_MESSAGE};
use crate::api::{Auth, SecretSource, Tls};

/// An identity provider that serves Users and Groups over SCIM 2.0 (RFC 7643, RFC 7644).
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScimSource {
    /// Its SCIM 2.0 base URL, such as https://idp.acme.example/scim/v2.
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new(ENDPOINT).message(ENDPOINT_MESSAGE))]
    pub endpoint: String,
    /// How to sign in there.
    pub auth: Auth,
    /// How the server's certificate is checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// The attribute that a scope's segment is compared with, as a path such as EMEA/Sales; absent: there are no segments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub segment_attribute: Option<String>,
    /// People per page; absent: 200, or fewer where the server says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000))]
    pub page_size: Option<i32>,
}

impl ScimSource {
    /// Every credential that it names, by its field below this one.
    pub(super) fn credentials(&self) -> Vec<(&'static str, &SecretSource)> {
        let token = self.auth.bearer_token.as_ref().map(|token| ("auth.bearerToken", token));
        let oauth2 = self.auth.oauth2.as_ref();
        token.into_iter().chain(oauth2.map(|oauth2| ("auth.oauth2.clientSecret", &oauth2.client_secret))).collect()
    }
}
