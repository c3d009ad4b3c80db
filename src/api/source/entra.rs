//! Microsoft Entra ID, read over Microsoft Graph v1.0.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::reference::{ENDPOINT, ENDPOINT_MESSAGE};
use crate::api::{SecretSource, ServiceAccountRef, Tls};

/// Microsoft Entra ID, read over Microsoft Graph v1.0 by an application with the permissions User.Read.All and, for groups,
/// GroupMember.Read.All.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntraSource {
    /// The tenant (directory) id, as the Entra admin center shows it.
    #[serde(rename = "tenantID")]
    #[schemars(length(min = 36, max = 36), regex(pattern = r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"))]
    pub tenant_id: String,
    /// The application (client) id.
    #[serde(rename = "clientID")]
    #[schemars(length(min = 36, max = 36), regex(pattern = r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"))]
    pub client_id: String,
    /// Which national cloud the tenant is in; absent: Global.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "EntraCloud")]
    pub cloud: Option<EntraCloud>,
    /// How the application signs in.
    pub auth: EntraAuth,
    /// Whether guests (userType Guest) are read; absent: Exclude.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "EntraGuests")]
    pub guests: Option<EntraGuests>,
    /// People per page; absent: 999, which is the most that Graph gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 999))]
    pub page_size: Option<i32>,
    /// Where to sign in and read, for a cloud that is not listed or a gateway in between; absent: those of the cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<EntraEndpoints>,
    /// How the servers' certificates are checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
}

/// The national clouds of Microsoft (learn.microsoft.com/graph/deployments).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum EntraCloud {
    /// login.microsoftonline.com and graph.microsoft.com.
    #[default]
    Global,
    /// US Government L4 (GCC High): login.microsoftonline.us and graph.microsoft.us.
    USGovernment,
    /// US Government L5 (DoD): login.microsoftonline.us and dod-graph.microsoft.us.
    USGovernmentDoD,
    /// China, operated by 21Vianet: login.partner.microsoftonline.cn and microsoftgraph.chinacloudapi.cn.
    China,
}

/// Whether guests are people of the directory.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum EntraGuests {
    /// They are out of scope: they are people of other organizations.
    #[default]
    Exclude,
    /// They are read like members.
    Include,
}

/// Where to sign in and read.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntraEndpoints {
    /// Where tokens are issued, without the tenant, such as https://login.microsoftonline.com.
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new(ENDPOINT).message(ENDPOINT_MESSAGE))]
    pub login: String,
    /// Where Graph is, without the version, such as https://graph.microsoft.com.
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new(ENDPOINT).message(ENDPOINT_MESSAGE))]
    pub graph: String,
}

/// How the application signs in: `type`, and the one member that it names.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
#[x_kube(validation = Rule::new("(self.type == 'ClientSecret') == has(self.clientSecret) && (self.type == 'Certificate') == has(self.certificate) && (self.type == 'WorkloadIdentity') == has(self.serviceAccountRef)")
    .message(Message::Expression("'auth.type is ' + self.type + ', so set auth.' + {'ClientSecret': 'clientSecret', 'Certificate': 'certificate', 'WorkloadIdentity': 'serviceAccountRef'}[self.type] + ' and no other'".into())))]
pub struct EntraAuth {
    /// ClientSecret, Certificate or WorkloadIdentity.
    #[serde(rename = "type")]
    pub type_: EntraAuthType,
    /// The application's client secret (its value, not its id), with type ClientSecret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretSource>,
    /// A certificate that is uploaded to the application, with type Certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<EntraCertificate>,
    /// The service account that the application's federated credential trusts, with type WorkloadIdentity: its token, made
    /// out to api://AzureADTokenExchange unless audience says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_ref: Option<ServiceAccountRef>,
}

/// The ways to sign in to Entra.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum EntraAuthType {
    /// With a client secret.
    ClientSecret,
    /// With an assertion that a certificate's key signs.
    Certificate,
    /// With the token of a service account: no secret to keep.
    WorkloadIdentity,
}

/// A certificate and its key, such as cert-manager keeps them under tls.crt and tls.key; both may be one PEM.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntraCertificate {
    /// The certificate, in PEM.
    pub certificate: SecretSource,
    /// Its private key, in PEM: RSA.
    pub private_key: SecretSource,
}

impl EntraSource {
    /// Every credential that it names, by its field below this one.
    pub(super) fn credentials(&self) -> Vec<(&'static str, &SecretSource)> {
        let secret = self.auth.client_secret.as_ref().map(|secret| ("auth.clientSecret", secret));
        let pair = self.auth.certificate.as_ref().map(|pair| {
            [("auth.certificate.certificate", &pair.certificate), ("auth.certificate.privateKey", &pair.private_key)]
        });
        secret.into_iter().chain(pair.into_iter().flatten()).collect()
    }
}
