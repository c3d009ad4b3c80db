//! The token that a pipeline has in place of those of service accounts.

use std::sync::Arc;

use contactsync::keys::{KeyError, Keys as _};
use contactsync::manifest::{ManifestKeys, Manifests};

fn keys(file: Option<&std::path::Path>) -> ManifestKeys {
    ManifestKeys::new(Arc::new(Manifests::default()), None).with_identity_token(file.map(Into::into))
}

async fn ask(keys: &ManifestKeys) -> Result<String, KeyError> {
    let token = keys.identity_token("support", "directory", "api://AzureADTokenExchange").await;
    token.map(|token| token.reveal().to_owned())
}

#[tokio::test]
async fn it_is_read_anew_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let keys = keys(Some(&file));
    std::fs::write(&file, "first\n").unwrap();
    assert_eq!(ask(&keys).await.unwrap(), "first");
    std::fs::write(&file, "second").unwrap();
    assert_eq!(ask(&keys).await.unwrap(), "second");
    std::fs::write(&file, " \n").unwrap();
    assert!(matches!(ask(&keys).await, Err(KeyError::Empty { .. })));
    std::fs::write(&file, [0xff]).unwrap();
    assert!(matches!(ask(&keys).await, Err(KeyError::NotText { .. })));
}

#[tokio::test]
async fn without_one_the_flag_is_named() {
    let error = ask(&keys(None)).await.unwrap_err().to_string();
    assert!(error.contains("ServiceAccount support/directory") && error.contains("--identity-token"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let error = ask(&keys(Some(&folder.path().join("absent")))).await.unwrap_err();
    assert!(matches!(error, KeyError::NotFound { .. }) && error.to_string().contains("absent"), "{error}");
    let error = ask(&keys(Some(folder.path()))).await.unwrap_err();
    assert!(matches!(error, KeyError::Unreadable { .. }), "{error}");
}
