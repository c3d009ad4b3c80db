//! Everything about one person, for who writes a mapping.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::fault::{About, Question, Refusal, refused};
use super::pages::{get, guid};
use super::people::disabled;
use super::{Graph, filter};
use crate::directory::{Error, MOST_SHOWN, Shown, Who};
use crate::net::api::Request;

/// The properties of a user that a listing gives to an application with User.Read.All
/// (learn.microsoft.com/graph/api/resources/user). Extensions are not among them: nobody can ask for all.
const PROPERTIES: &str = "id,accountEnabled,ageGroup,assignedLicenses,assignedPlans,businessPhones,city,companyName,\
consentProvidedForMinor,country,createdDateTime,creationType,department,displayName,employeeHireDate,employeeId,\
employeeOrgData,employeeType,externalUserState,externalUserStateChangeDateTime,faxNumber,givenName,identities,imAddresses,\
isResourceAccount,jobTitle,lastPasswordChangeDateTime,legalAgeGroupClassification,licenseAssignmentStates,mail,mailNickname,\
mobilePhone,officeLocation,onPremisesDistinguishedName,onPremisesDomainName,onPremisesExtensionAttributes,\
onPremisesImmutableId,onPremisesLastSyncDateTime,onPremisesProvisioningErrors,onPremisesSamAccountName,\
onPremisesSecurityIdentifier,onPremisesSyncEnabled,onPremisesUserPrincipalName,otherMails,passwordPolicies,postalCode,\
preferredDataLocation,preferredLanguage,provisionedPlans,proxyAddresses,securityIdentifier,serviceProvisioningErrors,\
showInAddressList,signInSessionsValidFromDateTime,state,streetAddress,surname,usageLocation,userPrincipalName,userType";

#[derive(Deserialize)]
struct Page {
    value: Vec<Map<String, Value>>,
}

impl Graph {
    /// By id, or by mail, otherMails or proxyAddresses: never by user principal name, which is no address.
    pub(super) async fn show(&self, who: &Who) -> Result<Vec<Shown>, Error> {
        let users = match who {
            Who::Id(id) => self.user(id).await?.into_iter().collect(),
            Who::Email(email) => self.users_of(email).await?,
        };
        users.into_iter().take(MOST_SHOWN).map(|user| self.shown(user)).collect()
    }

    async fn user(&self, id: &str) -> Result<Option<Map<String, Value>>, Error> {
        // Graph would take a user principal name here.
        let Some((id, _)) = guid(id) else { return Ok(None) };
        let url = self.web.url(&["users", id.as_str()], &[("$select", PROPERTIES)]);
        let answer = self.web.ask(&Request::get(url)).await?;
        match answer.status {
            200 => self.web.parse(&answer).map(Some),
            404 if Refusal::of(&answer.body).is("Request_ResourceNotFound") => Ok(None),
            status => Err(self.refused(status, &answer.body)),
        }
    }

    async fn users_of(&self, email: &str) -> Result<Vec<Map<String, Value>>, Error> {
        let (plain, smtp) = (filter::text(email), filter::text(&format!("smtp:{email}")));
        let filter = format!("mail eq {plain} or otherMails/any(o:o eq {plain}) or proxyAddresses/any(p:p eq {smtp})");
        let most = MOST_SHOWN.to_string();
        let query = [("$filter", &*filter), ("$select", PROPERTIES), ("$top", &most), ("$count", "true")];
        let answer = self.web.ask(&get(self.web.url(&["users"], &query))).await?;
        match answer.status {
            200 => self.web.parse::<Page>(&answer).map(|page| page.value),
            status => Err(self.refused(status, &answer.body)),
        }
    }

    fn refused(&self, status: u16, body: &[u8]) -> Error {
        refused(&self.web, Question::about(About::People), status, &Refusal::of(body)).into()
    }

    fn shown(&self, mut user: Map<String, Value>) -> Result<Shown, Error> {
        let id = user.get("id").and_then(Value::as_str).and_then(guid);
        let (id, _) = id.ok_or_else(|| self.web.incomplete("a user has no id that is a GUID"))?;
        let disabled = disabled(&user).unwrap_or_default();
        user.retain(|name, value| !name.starts_with('@') && !value.is_null());
        Ok(Shown { id, disabled, location: None, attributes: user })
    }
}
