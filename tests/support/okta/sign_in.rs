//! Who may ask: administrators' API tokens, and applications with a key.

use std::collections::{BTreeSet, HashSet};

use contactsync::clock;
use serde_json::json;
use url::Url;

use super::super::service::{Ask, Reply, Tokens, claims_of};
use super::error;

/// The API token that is good.
pub const API_TOKEN: &str = "00hunter2-token";
/// The application.
pub const CLIENT_ID: &str = "0oaApplication";
/// The id of its key.
pub const KEY_ID: &str = "key-1";

/// What is granted to whom.
pub struct Rights {
    pub tokens: Tokens,
    /// Whether the API token and the application are good.
    pub active: bool,
    /// Scopes that the application was granted.
    pub scopes: BTreeSet<&'static str>,
    /// What the role of administrator or application may see.
    pub sees: BTreeSet<&'static str>,
    pub asks_for_dpop: bool,
    used: HashSet<String>,
    asked: Vec<BTreeSet<String>>,
}

impl Default for Rights {
    fn default() -> Self {
        Self {
            tokens: Tokens::default(),
            active: true,
            scopes: BTreeSet::from(["okta.users.read", "okta.groups.read"]),
            sees: BTreeSet::from(["users", "groups"]),
            asks_for_dpop: false,
            used: HashSet::new(),
            asked: Vec::new(),
        }
    }
}

impl Rights {
    /// The token endpoint.
    pub(super) fn issue(&mut self, base: &Url, ask: &Ask) -> Reply {
        let refuse = |error: &str| {
            let description = "The application ann@acme.example is not allowed this.";
            Reply::json(400, &json!({"error": error, "error_description": description}))
        };
        let form = ask.form();
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        let is_form = ask.header("content-type") == "application/x-www-form-urlencoded";
        if ask.method != "POST" || !is_form || field("grant_type") != "client_credentials" {
            return refuse("invalid_request");
        }
        let assertion_type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        if field("client_assertion_type") != assertion_type || form.contains_key("client_secret") {
            return refuse("invalid_client");
        }
        let (header, claims) = claims_of(field("client_assertion"));
        let now = u64::try_from(clock::system()().as_second()).unwrap();
        let expires = claims["exp"].as_u64().unwrap();
        let is_client = header["alg"] == "RS256"
            && header["kid"] == KEY_ID
            && claims["iss"] == CLIENT_ID
            && claims["sub"] == CLIENT_ID
            && claims["aud"] == base.join("/oauth2/v1/token").unwrap().as_str()
            && (now..=now + 3600).contains(&expires)
            && self.used.insert(claims["jti"].as_str().unwrap().to_owned());
        if !is_client || !self.active {
            return refuse("invalid_client");
        }
        if self.asks_for_dpop && ask.header("dpop").is_empty() {
            return refuse("invalid_dpop_proof");
        }
        let wanted: BTreeSet<String> = field("scope").split(' ').map(str::to_owned).collect();
        if !wanted.iter().all(|scope| self.scopes.contains(scope.as_str())) {
            return refuse("invalid_scope");
        }
        self.asked.push(wanted);
        self.tokens.issue()
    }

    /// Whether a request may read `users` or `groups`.
    pub(super) fn check(&self, ask: &Ask, what: &'static str) -> Result<(), Reply> {
        let authorization = ask.header("authorization");
        let invalid = || error(401, "E0000011", "Invalid token provided");
        let forbidden = || error(403, "E0000006", "You do not have permission to perform the requested action");
        if authorization.starts_with("SSWS ") {
            if !self.active || authorization != format!("SSWS {API_TOKEN}") {
                return Err(invalid());
            }
        } else if !self.tokens.admit(ask) {
            return Err(invalid());
        } else {
            let scope = format!("okta.{what}.read");
            if !self.asked.last().is_some_and(|scopes| scopes.contains(&scope)) {
                let challenge = format!(
                    "Bearer realm=\"http://acme.okta.com\", scope=\"{scope}\", error=\"insufficient_scope\", \
                     error_description=\"The access token provided does not contain the required scopes.\""
                );
                return Err(forbidden().with("www-authenticate", challenge));
            }
        }
        if self.sees.contains(what) { Ok(()) } else { Err(forbidden()) }
    }
}
