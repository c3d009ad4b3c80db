//! Okta, read over its Users and Groups APIs.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::reference::{ENDPOINT, ENDPOINT_MESSAGE};
use crate::api::{SecretSource, Tls};

/// An Okta organization, read over its Users and Groups APIs with the scopes okta.users.read and okta.groups.read.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OktaSource {
    /// The organization's URL, such as https://acme.okta.com: no path, and not the administrators' https://acme-admin.okta.com.
    #[serde(rename = "orgURL")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new(ENDPOINT).message(ENDPOINT_MESSAGE))]
    pub org_url: String,
    /// How to sign in there.
    pub auth: OktaAuth,
    /// The attribute that a scope's segment is compared with, as a path such as EMEA/Sales; absent: there are no segments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub segment_attribute: Option<String>,
    /// People per page; absent: 200, which is the most that Okta gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 200))]
    pub page_size: Option<i32>,
    /// How the server's certificate is checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
}

/// How to sign in: `type`, and the one member that it names.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
#[x_kube(validation = Rule::new("(self.type == 'APIToken') == has(self.apiToken) && (self.type == 'PrivateKeyJWT') == has(self.privateKeyJWT)")
    .message(Message::Expression("'auth.type is ' + self.type + ', so set auth.' + (self.type == 'APIToken' ? 'apiToken' : 'privateKeyJWT') + ' and no other'".into())))]
pub struct OktaAuth {
    /// APIToken or PrivateKeyJWT.
    #[serde(rename = "type")]
    pub type_: OktaAuthType,
    /// An API token of a read-only administrator, with type APIToken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_token: Option<SecretSource>,
    /// An API services application, with type PrivateKeyJWT.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "privateKeyJWT")]
    pub private_key_jwt: Option<OktaPrivateKeyJwt>,
}

/// The ways to sign in to Okta.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum OktaAuthType {
    /// With an API token (SSWS).
    #[serde(rename = "APIToken")]
    ApiToken,
    /// With an assertion that a key signs (OAuth 2.0, private_key_jwt).
    #[serde(rename = "PrivateKeyJWT")]
    PrivateKeyJwt,
}

/// An API services application that signs in with a key.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OktaPrivateKeyJwt {
    /// The application's client id.
    #[serde(rename = "clientID")]
    #[schemars(length(min = 1, max = 256))]
    pub client_id: String,
    /// The id of the key (kid) as the application knows it; absent: the application has one key.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "keyID")]
    #[schemars(length(min = 1, max = 256))]
    pub key_id: Option<String>,
    /// The private key, in PEM: RSA, or EC on P-256.
    pub private_key: SecretSource,
}

impl OktaSource {
    /// Every credential that it names, by its field below this one.
    pub(super) fn credentials(&self) -> Vec<(&'static str, &SecretSource)> {
        let token = self.auth.api_token.as_ref().map(|token| ("auth.apiToken", token));
        let jwt = self.auth.private_key_jwt.as_ref();
        token.into_iter().chain(jwt.map(|jwt| ("auth.privateKeyJWT.privateKey", &jwt.private_key))).collect()
    }
}
