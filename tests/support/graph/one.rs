//! Single things, checks of memberships, and batches.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::Method;
use serde_json::{Value, json};
use url::Url;

use super::list::{select, selected};
use super::{Graph, denied, error, not_found};
use crate::support::service::{Ask, Reply};

impl Graph {
    pub(super) fn user(&self, ask: &Ask, id: &str) -> Reply {
        if !self.may("User.Read.All") {
            return denied();
        }
        let names = match select(ask) {
            Ok(names) => names,
            Err(reply) => return reply,
        };
        match self.find(id) {
            Some(user) => Reply::json(200, &selected(&user, &names, true)),
            None => not_found(id),
        }
    }

    pub(super) fn check_member_objects(&self, ask: &Ask, id: &str) -> Reply {
        if !self.may("User.Read.All") {
            return denied();
        }
        if self.find(id).is_none() {
            return not_found(id);
        }
        let body = ask.json();
        let ids: Vec<&str> = body["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        if ids.len() > 20 {
            return error(400, "Request_BadRequest", "The number of ids must be at most 20.");
        }
        let is_in = |checked: &&str| {
            let hidden = |visibility: Option<&str>| visibility.is_some() && !self.may("Member.Read.Hidden");
            let group = self.groups.iter().any(|group| group.id == **checked && !hidden(group.visibility));
            let unit = self.units.iter().find(|unit| unit.id == **checked && !hidden(unit.visibility));
            (group && self.members(checked, true).contains(id))
                || unit.is_some_and(|unit| unit.users.iter().any(|user| user == id))
        };
        let within: Vec<&str> = ids.into_iter().filter(is_in).collect();
        Reply::json(200, &json!({"@odata.context": "…#Collection(Edm.String)", "value": within}))
    }

    fn all_named(&self, groups: bool) -> Vec<Value> {
        let named = |id: &str, name: &str, visibility: Option<&str>| json!({"id": id, "displayName": name, "visibility": visibility});
        if groups {
            self.groups.iter().map(|group| named(&group.id, &group.name, group.visibility)).collect()
        } else {
            self.units.iter().map(|unit| named(&unit.id, &unit.name, unit.visibility)).collect()
        }
    }

    fn may_name(&self, groups: bool) -> bool {
        self.may(if groups { "GroupMember.Read.All" } else { "AdministrativeUnit.Read.All" })
    }

    pub(super) fn named(&self, ask: &Ask, groups: bool) -> Reply {
        if !self.may_name(groups) {
            return denied();
        }
        let (filter, _) = match super::filter::parse(ask.param("$filter")) {
            Ok(filter) => filter,
            Err(message) => return error(400, "BadRequest", &message),
        };
        let found = self.all_named(groups).into_iter().filter(|one| filter.matches(one.as_object().unwrap()));
        Reply::json(200, &json!({"value": found.collect::<Vec<_>>()}))
    }

    pub(super) fn one_named(&self, id: &str, groups: bool) -> Reply {
        if !self.may_name(groups) {
            return denied();
        }
        let found = self.all_named(groups).into_iter().find(|one| one["id"] == id);
        found.map_or_else(|| not_found(id), |one| Reply::json(200, &one))
    }

    pub(super) fn batch(&mut self, base: &Url, ask: &Ask) -> Reply {
        let body = ask.json();
        let Some(requests) = body["requests"].as_array().filter(|_| ask.method == Method::POST) else {
            return error(400, "BadRequest", "Invalid batch payload format.");
        };
        if requests.len() > 20 {
            return error(400, "BadRequest", "Number of batch request steps exceeds the max value of 20.");
        }
        // The order of the answers is the server's.
        let responses: Vec<Value> = requests.iter().rev().map(|request| self.part(base, ask, request)).collect();
        Reply::json(200, &json!({"responses": responses}))
    }

    fn part(&mut self, base: &Url, ask: &Ask, request: &Value) -> Value {
        let url = base.join("/v1.0/").unwrap().join(request["url"].as_str().unwrap().trim_start_matches('/')).unwrap();
        let mut headers = ask.headers.clone();
        headers.remove("consistencylevel");
        let inner = Ask {
            method: request["method"].as_str().unwrap().parse().unwrap(),
            path: url.path().to_owned(),
            query: url.query_pairs().into_owned().collect::<BTreeMap<_, _>>(),
            headers,
            body: Bytes::from(request["body"].to_string()),
        };
        if inner.method == Method::POST && request["headers"]["Content-Type"] != "application/json" {
            return json!({"id": request["id"], "status": 400, "headers": {}, "body": {"error": {"code": "BadRequest"}}});
        }
        if let Some((status, pause)) = self.within_batches.pop_front().filter(|(status, _)| *status != 200) {
            let headers = pause.map_or(json!({}), |pause| json!({"Retry-After": pause.to_string()}));
            let body =
                json!({"error": {"code": "TooManyRequests", "message": "Too many requests of ann@acme.example"}});
            return json!({"id": request["id"], "status": status, "headers": headers, "body": body});
        }
        let reply = self.route(base, &inner);
        let body: Value = serde_json::from_str(&reply.body).unwrap();
        json!({"id": request["id"], "status": reply.status, "headers": {"Content-Type": "application/json"}, "body": body})
    }
}
