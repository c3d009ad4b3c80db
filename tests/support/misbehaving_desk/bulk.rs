//! Bulk requests, and what goes wrong inside them.

use axum::http::Method;
use contactsync::scim;
use serde_json::{Value, json};

use super::fault::Fault;
use super::users::{Ask, Desk, Failed};

impl Desk {
    pub(super) fn bulk(&mut self, body: &Value, fault: Option<&Fault>) -> Result<(u16, Value), Failed> {
        let (most, payload) = self.profile.bulk.ok_or(Failed(404, ""))?;
        let operations = body["Operations"].as_array().unwrap();
        assert!(body.get("failOnErrors").is_none(), "L12: no failOnErrors");
        if operations.len() > most || body.to_string().len() > payload {
            return Err(Failed(413, ""));
        }
        let mut results = Vec::new();
        for (index, operation) in operations.iter().enumerate() {
            let result = self.operation(index, operation, fault);
            if !matches!(fault, Some(Fault::MissingResult(at)) if *at == index) {
                results.push(result);
            }
        }
        if matches!(fault, Some(Fault::Reordered)) {
            results.reverse();
        }
        Ok((200, json!({"schemas": [scim::BULK_RESPONSE], "Operations": results})))
    }

    fn operation(&mut self, index: usize, operation: &Value, fault: Option<&Fault>) -> Value {
        let method: Method = operation["method"].as_str().unwrap().parse().unwrap();
        let path = operation["path"].as_str().unwrap();
        let refused = match fault {
            Some(Fault::FailedOperation(at, status)) if *at == index => Some(*status),
            Some(Fault::EveryOperation(status)) => Some(*status),
            _ => None,
        };
        let body = operation["data"].clone();
        let ask = Ask { method: &method, path, query: "", body, if_match: operation["version"].as_str() };
        let done = match refused {
            Some(status) => Err(Failed(status, "")),
            None => self.act(ask, None),
        };
        let done = match fault {
            Some(Fault::DoneButSaid(status)) => Err(Failed(*status, "")),
            _ => done,
        };
        let mut result = json!({"method": operation["method"], "bulkId": operation["bulkId"]});
        match done {
            Ok((status, user)) => {
                let id = user["id"].as_str().map_or_else(|| path.to_owned(), |id| format!("/Users/{id}"));
                result["location"] = format!("https://desk.example/scim/v2{id}").into();
                result["status"] = status.to_string().into();
            }
            Err(Failed(status, kind)) => {
                result["status"] = json!({"code": status.to_string()});
                result["response"] = json!({"scimType": kind, "status": status});
            }
        }
        if matches!(fault, Some(Fault::Reordered)) && method != Method::POST {
            result.as_object_mut().unwrap().remove("bulkId");
        }
        result
    }
}
