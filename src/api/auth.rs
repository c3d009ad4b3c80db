//! How to sign in to a service that speaks SCIM: a desk, or a directory.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SecretSource;
use super::reference::{ENDPOINT, ENDPOINT_MESSAGE};

/// How to sign in: `type`, and the one member that it names.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
#[x_kube(validation = Rule::new("(self.type == 'BearerToken') == has(self.bearerToken) && (self.type == 'OAuth2') == has(self.oauth2)")
    .message(Message::Expression("'auth.type is ' + self.type + ', so set auth.' + (self.type == 'OAuth2' ? 'oauth2' : 'bearerToken') + ' and no other'".into())))]
pub struct Auth {
    /// BearerToken or OAuth2.
    #[serde(rename = "type")]
    pub type_: AuthType,
    /// A token sent as is (RFC 6750), with type BearerToken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer_token: Option<SecretSource>,
    /// Client credentials (RFC 6749 section 4.4), with type OAuth2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth2: Option<OAuth2>,
}

/// The ways to sign in.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum AuthType {
    /// A token sent as is.
    BearerToken,
    /// Client credentials.
    OAuth2,
}

/// Client credentials (RFC 6749 section 4.4).
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OAuth2 {
    /// Where tokens are issued.
    #[serde(rename = "tokenURL")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new(ENDPOINT).message(ENDPOINT_MESSAGE))]
    pub token_url: String,
    /// Client id.
    #[serde(rename = "clientID")]
    #[schemars(length(min = 1, max = 256))]
    pub client_id: String,
    /// Client secret.
    pub client_secret: SecretSource,
    /// Scopes to ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 256)))]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub scopes: Option<Vec<String>>,
}
