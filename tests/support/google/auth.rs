//! Tokens: for a JWT of the service account, or for a cluster's token first.

use contactsync::clock;
use contactsync::net::jwt::SigningKey;
use serde_json::{Value, json};
use url::Url;

use super::{ACCOUNT, ADMIN, CLUSTER_TOKEN, Google, KEY_ID, PROVIDER, refusal};
use crate::support::service::{Ask, Reply, SIGNING_KEY, claims_of};

const CLOUD: &str = "https://www.googleapis.com/auth/cloud-platform";

fn refuse(status: u16, error: &str, description: &str) -> Reply {
    Reply::json(status, &json!({"error": error, "error_description": description}))
}

impl Google {
    pub(super) fn token(&mut self, base: &Url, ask: &Ask) -> Reply {
        let form = ask.form();
        if form.get("grant_type").map(String::as_str) != Some("urn:ietf:params:oauth:grant-type:jwt-bearer") {
            return refuse(400, "unsupported_grant_type", "Invalid grant_type");
        }
        let (header, claims) = claims_of(&form["assertion"]);
        let now = clock::system()().as_second();
        let (iat, exp) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
        let is_good = header["alg"] == "RS256"
            && header["kid"] == KEY_ID
            && claims["iss"] == ACCOUNT
            && claims["aud"] == base.join("token").unwrap().as_str()
            && (now - 60..=now + 60).contains(&iat)
            && (1..=3600).contains(&(exp - iat));
        if !is_good || self.revoked {
            return refuse(400, "invalid_grant", "Invalid JWT Signature.");
        }
        match claims.get("sub") {
            Some(subject) if subject != ADMIN => return refuse(400, "invalid_grant", "Invalid email or User ID"),
            None if !self.acts_alone => return self.issue("none"),
            _ => {}
        }
        let scope = claims["scope"].as_str().unwrap();
        if !scope.split(' ').all(|scope| self.granted.contains(scope)) {
            let description = "Client is unauthorized to retrieve access tokens using this method, or client not \
                               authorized for any of the scopes requested.";
            return refuse(401, "unauthorized_client", description);
        }
        self.issue(scope)
    }

    fn issue(&mut self, scope: &str) -> Reply {
        let reply = self.tokens.issue();
        self.scopes.insert(format!("Bearer token-{}", self.tokens.count), scope.to_owned());
        reply
    }

    pub(super) fn exchange(&mut self, ask: &Ask) -> Reply {
        let form = ask.form();
        let wanted = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("audience", PROVIDER),
            ("scope", CLOUD),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            ("subject_token", CLUSTER_TOKEN),
        ];
        if let Some((name, _)) = wanted.iter().find(|(name, value)| form.get(*name).map(String::as_str) != Some(value))
        {
            return refuse(400, "invalid_grant", &format!("{name} is not what the pool takes"));
        }
        self.issue(CLOUD)
    }

    pub(super) fn sign(&mut self, name: &str, ask: &Ask) -> Reply {
        if let Err(reply) = self.admit(ask, CLOUD) {
            return reply;
        }
        if name != format!("{ACCOUNT}:signJwt") {
            return refusal(403, "forbidden", "Permission 'iam.serviceAccounts.signJwt' denied on resource");
        }
        let claims: Value = serde_json::from_str(ask.json()["payload"].as_str().unwrap()).unwrap();
        let key = SigningKey::from_pem(SIGNING_KEY.as_bytes()).unwrap();
        let signed = key.sign(&[("kid", KEY_ID)], &claims).unwrap();
        Reply::json(200, &json!({"keyId": KEY_ID, "signedJwt": signed.reveal()}))
    }

    /// Whether a request bears a token of this scope.
    pub(super) fn admit(&self, ask: &Ask, scope: &str) -> Result<(), Reply> {
        if !self.tokens.admit(ask) {
            return Err(refusal(401, "authError", "Request had invalid authentication credentials."));
        }
        match self.scopes.get(ask.header("authorization")).map(String::as_str) {
            Some(have) if have == scope => Ok(()),
            Some("none") => Err(super::forbidden()),
            _ => Err(refusal(403, "insufficientPermissions", "Request had insufficient authentication scopes.")),
        }
    }
}
