//! Tokens of service accounts, asked of a real API server with the rights that the chart gives.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contactsync::keys::{ClusterKeys, KeyError, Keys as _};
use contactsync::net::Secret;
use serde_json::{Value, json};

use super::office::Office;

const AUDIENCE: &str = "api://AzureADTokenExchange";

/// A namespace in which the controller may ask for tokens of `directory`; other accounts are there too.
async fn office() -> Office {
    let office = Office::open("tokens").await;
    for name in ["directory", "other"] {
        office.apply(&json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}})).await;
    }
    let right = json!({
        "apiGroups": [""], "resources": ["serviceaccounts/token"], "resourceNames": ["directory", "absent"], "verbs": ["create"],
    });
    let role = format!("{}-tokens", office.namespace);
    office.apply(&json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": role}, "rules": [right]})).await;
    office.bind("RoleBinding", &role).await;
    office
}

fn claims(token: &Secret) -> Value {
    let payload = token.reveal().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn a_token_is_made_out_to_the_account_and_the_audience() {
    let office = office().await;
    let keys = ClusterKeys::of_controller(office.cluster.client_as("controller").await);
    let token = keys.identity_token(&office.namespace, "directory", AUDIENCE).await.unwrap();
    let claims = claims(&token);
    assert_eq!(claims["sub"], format!("system:serviceaccount:{}:directory", office.namespace));
    assert_eq!(claims["aud"], json!([AUDIENCE]));
    assert_eq!(claims["iss"], "https://kubernetes.default.svc");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 7200);
}

#[tokio::test]
async fn an_account_that_is_not_listed_reads_as_one_that_is_not_there() {
    let office = office().await;
    let keys = ClusterKeys::of_controller(office.cluster.client_as("controller").await);
    let mut said = Vec::new();
    for account in ["other", "nobody", "absent"] {
        let error = keys.identity_token(&office.namespace, account, AUDIENCE).await.unwrap_err();
        assert!(matches!(error, KeyError::NotFound { .. }), "{error}");
        assert!(error.to_string().contains("workloadIdentity.serviceAccountNames"), "{error}");
        said.push(error.to_string().replace(account, "ACCOUNT"));
    }
    assert!(said.iter().all(|text| *text == said[0]), "{said:?}");
    let elsewhere = office.cluster.namespace("tokens").await;
    office
        .apply_in(&elsewhere, &json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "directory"}}))
        .await;
    let error = keys.identity_token(&elsewhere, "directory", AUDIENCE).await.unwrap_err();
    assert!(matches!(error, KeyError::NotFound { .. }), "a name counts where the right was given: {error}");
}
