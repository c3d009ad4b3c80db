//! Google Workspace or Cloud Identity, read over the Admin SDK Directory API.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::reference::{ENDPOINT, ENDPOINT_MESSAGE};
use crate::api::{SecretSource, ServiceAccountRef, Tls};

/// Google Workspace or Cloud Identity, read over the Admin SDK Directory API with the scopes admin.directory.user.readonly
/// and, where groups are named, admin.directory.group.readonly.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("!(has(self.customer) && has(self.domain))", "read a whole customer or one domain: set customer or domain, not both"))]
pub struct GoogleSource {
    /// The customer whose people are read, such as C03az79cb; absent, and without domain: my_customer, that of the account
    /// that reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9_]+$"))]
    pub customer: Option<String>,
    /// One domain of several, in place of the whole customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub domain: Option<String>,
    /// The administrator that the service account acts as (domain-wide delegation); absent: it reads in its own name, with an
    /// administrator role that is assigned to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 254), regex(pattern = r"^[^@\s]+@[^@\s]+$"))]
    pub subject: Option<String>,
    /// How the service account signs in.
    pub auth: GoogleAuth,
    /// People per page; absent: 500, which is the most that Google gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 500))]
    pub page_size: Option<i32>,
    /// Where to sign in and read, for a gateway in between; absent: Google's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<GoogleEndpoints>,
    /// How the servers' certificates are checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
}

/// Where to sign in and read.
#[derive(Clone, Debug, Default, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GoogleEndpoints {
    /// Where tokens are issued; absent: https://oauth2.googleapis.com/token.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "tokenURL")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new(ENDPOINT).message(ENDPOINT_MESSAGE))]
    pub token_url: Option<String>,
    /// Where the Directory API is; absent: https://admin.googleapis.com.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new(ENDPOINT).message(ENDPOINT_MESSAGE))]
    pub directory: Option<String>,
    /// Where tokens of other issuers are exchanged (WorkloadIdentity); absent: https://sts.googleapis.com.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new(ENDPOINT).message(ENDPOINT_MESSAGE))]
    pub sts: Option<String>,
    /// Where service accounts sign (WorkloadIdentity); absent: https://iamcredentials.googleapis.com.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new(ENDPOINT).message(ENDPOINT_MESSAGE))]
    pub iam_credentials: Option<String>,
}

/// How the service account signs in: `type`, and the one member that it names.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
#[x_kube(validation = Rule::new("(self.type == 'ServiceAccountKey') == has(self.serviceAccountKey) && (self.type == 'WorkloadIdentity') == has(self.workloadIdentity)")
    .message(Message::Expression("'auth.type is ' + self.type + ', so set auth.' + (self.type == 'WorkloadIdentity' ? 'workloadIdentity' : 'serviceAccountKey') + ' and no other'".into())))]
pub struct GoogleAuth {
    /// ServiceAccountKey or WorkloadIdentity.
    #[serde(rename = "type")]
    pub type_: GoogleAuthType,
    /// The JSON key file of a service account, with type ServiceAccountKey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_key: Option<SecretSource>,
    /// A service account that a workload identity pool lets this cluster act as, with type WorkloadIdentity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload_identity: Option<GoogleWorkloadIdentity>,
}

/// The ways to sign in to Google.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum GoogleAuthType {
    /// With the key of a service account.
    ServiceAccountKey,
    /// With the token of a Kubernetes service account: no secret to keep.
    WorkloadIdentity,
}

/// Workload identity federation (cloud.google.com/iam/docs/workload-identity-federation-with-kubernetes).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GoogleWorkloadIdentity {
    /// The Kubernetes service account whose token is exchanged. Its audience is, unless given, https: and the provider.
    pub service_account_ref: ServiceAccountRef,
    /// The provider of the pool: //iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER.
    #[schemars(
        length(min = 1, max = 512),
        regex(
            pattern = r"^//iam\.googleapis\.com/projects/[0-9]+/locations/[a-z0-9-]+/workloadIdentityPools/[a-z0-9-]+/providers/[a-z0-9-]+$"
        )
    )]
    pub provider: String,
    /// The Google service account that the directory knows, such as contactsync@acme.iam.gserviceaccount.com.
    #[schemars(length(min = 3, max = 254), regex(pattern = r"^[a-z0-9.-]+@[a-z0-9.-]+$"))]
    pub service_account: String,
}

impl GoogleSource {
    /// Every credential that it names, by its field below this one.
    pub(super) fn credentials(&self) -> Vec<(&'static str, &SecretSource)> {
        self.auth.service_account_key.iter().map(|key| ("auth.serviceAccountKey", key)).collect()
    }
}
